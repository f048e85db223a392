/**
 * A day in the store, in a real browser: a fresh box is paired, a customer is enrolled with a drawn signature before a
 * fake camera and hands the iPad back, is recognised, seen on a second iPad, served, written about, and withdraws. Screenshots go to screenshots/.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import t from 'tap';
import { SIGNAGE_ITEMS, type PairingCode, type RecognitionMode, type StaffMember, type Station } from '../../appliance/contract/index.js';
import { OWNER_PIN, startBox, temporaryDirectory } from '../support/box.js';
import { assessmentFor } from '../support/office.js';
import { findChromium, launchChromium, writeCameraFile } from './chromium.js';
import { personFrames } from './pages.js';

const executable = findChromium();
const LANDSCAPE = { width: 1180, height: 820 };
const PORTRAIT = { width: 820, height: 1180 };
const STEP_MS = 20_000;
const ASSOCIATE_PIN = '246802';
const SHOTS = join(process.cwd(), 'screenshots');

const at = (page: Page, id: string) => page.getByTestId(id);

/** Two frames for them to begin; what turns for ever is not waited for, nor anything for longer than 350 ms. */
const TRANSITIONS_END = `new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame))).then(() => Promise.race([
  Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < 1000).map((one) => one.finished.catch(() => {}))),
  new Promise((late) => setTimeout(late, 350)),
]))`;

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(TRANSITIONS_END);
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

async function enterPin(page: Page, pin: string): Promise<void> {
  for (const digit of pin) await at(page, `pin-key-${digit}`).click();
}

async function newPage(browser: Browser, url: string, viewport: { width: number; height: number }): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', hasTouch: true, permissions: ['camera'], baseURL: url });
  context.setDefaultTimeout(STEP_MS);
  const page = await context.newPage();
  return { context, page };
}

async function drawSignature(page: Page): Promise<void> {
  const pad = at(page, 'signature-pad');
  await pad.scrollIntoViewIfNeeded();
  const box = (await pad.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.5);
  await page.mouse.down();
  for (let i = 1; i <= 24; i++) {
    await page.mouse.move(box.x + box.width * (0.2 + 0.025 * i), box.y + box.height * (0.5 + 0.25 * Math.sin(i / 2)));
  }
  await page.mouse.up();
}

t.test('a day in the store', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 240_000 }, async (t) => {
  mkdirSync(SHOTS, { recursive: true });
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  const box = await startBox(t, { fresh: true, settings: { PORTICO_STORE_NAME: '山茶手表店', PORTICO_VISION_WORKERS: '2' }, clock });
  const cameraFile = join(temporaryDirectory(t), 'camera.mjpeg');
  writeCameraFile(cameraFile, await personFrames('P08'));
  const browser = await launchChromium(executable!, cameraFile, box.appliance.rootPem);
  t.teardown(() => browser.close());

  const problems: string[] = [];
  const watch = (page: Page) => {
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text()); });
  };

  const one = await newPage(browser, box.url, LANDSCAPE);
  const first = one.page;
  watch(first);

  await t.test('a fresh box is paired and gets its owner', async (t) => {
    await first.goto(`${box.url}/pair#${box.appliance.ownerCode}`);
    t.equal(await at(first, 'pair-code').inputValue(), box.appliance.ownerCode);
    await shoot(first, 'pair-zh');
    await at(first, 'pair-submit').click();
    await at(first, 'owner-name').fill('沈店长');
    await at(first, 'owner-pin').fill(OWNER_PIN);
    await at(first, 'owner-pin-again').fill(OWNER_PIN);
    await shoot(first, 'owner-zh');
    await at(first, 'owner-submit').click();
    await at(first, 'board').waitFor();
    await shoot(first, 'board-empty-zh');
  });

  const two = await newPage(browser, box.url, PORTRAIT);
  const second = two.page;
  watch(second);
  await t.test('a second iPad is paired by a code from the first and signs in with a PIN', async (t) => {
    await at(first, 'nav-settings').click();
    await at(first, 'staff-add').click();
    await at(first, 'staff-name').fill('周宁');
    await at(first, 'staff-pin').fill(ASSOCIATE_PIN);
    await at(first, 'staff-save').click();
    await at(first, 'staff-member').getByText('周宁').waitFor();
    await at(first, 'pair-another').click();
    const code = await at(first, 'pairing-code').innerText();
    await shoot(first, 'settings-pair-zh');
    await at(first, 'sheet-close').click();
    await second.goto(`${box.url}/pair#${code}`);
    await at(second, 'pair-submit').click();
    await at(second, 'staff-周宁').click();
    await enterPin(second, '000000');
    await at(second, 'error').waitFor();
    await shoot(second, 'pin-wrong-zh');
    await enterPin(second, ASSOCIATE_PIN);
    await at(second, 'board').waitFor();
    t.equal(await at(second, 'visit-card').count(), 0);
  });

  let link = '';
  await t.test('a customer reads, signs and is enrolled', async (t) => {
    await at(first, 'nav-enrol').click();
    await at(first, 'enrol-new-name').fill('林知夏');
    await at(first, 'enrol-phone').fill('13800138000');
    await shoot(first, 'enrol-1-customer-zh');
    await at(first, 'enrol-new-submit').click();
    await at(first, 'notice').waitFor();
    await shoot(first, 'enrol-2-notice-zh');
    await at(first, 'notice-agree').click();
    for (const purpose of ['recognise', 'greet', 'preferences', 'contact', 'keep_photo', 'refresh']) {
      t.equal(await at(first, `purpose-${purpose}`).isChecked(), false, `${purpose} is not ticked beforehand`);
    }
    await at(first, 'purpose-recognise').check({ force: true });
    await at(first, 'purpose-greet').check({ force: true });
    for (const age of ['own', 'guardian']) t.equal(await at(first, `age-${age}`).isChecked(), false, `age-${age} is not chosen beforehand`);
    await at(first, 'age-own').check({ force: true });
    await drawSignature(first);
    await shoot(first, 'enrol-3-consent-zh');
    await at(first, 'consent-submit').click();
    await at(first, 'capture').waitFor();
    await first.locator('[data-testid=capture-progress][data-collected="1"]').waitFor();
    await shoot(first, 'enrol-4-capture-zh');
    await at(first, 'enrol-done').waitFor({ timeout: 60_000 });
    link = await at(first, 'customer-qr').getAttribute('data-url') ?? '';
    t.match(link, /^https:.*\/mine#.{20,}$/, 'a link for the customer\'s own phone');
    await shoot(first, 'enrol-5-done-zh');
  });

  await t.test('the iPad comes back to the staff, and nothing opens before the PIN', async (t) => {
    await at(first, 'enrol-open-dossier').click();
    await at(first, 'hand-back').waitFor();
    await at(first, 'pin-pad').waitFor(); // the name is chosen already
    await shoot(first, 'hand-back-zh');
    await first.setViewportSize(PORTRAIT);
    await shoot(first, 'hand-back-zh-portrait');
    await first.setViewportSize(LANDSCAPE);
    t.notMatch(await at(first, 'hand-back').innerText(), '林知夏');
    const address = first.url();
    // Nor behind the page: the box has narrowed the session.
    const fetched = (path: string) => first.evaluate(`fetch('/api/v1${path}').then((answer) => answer.status)`);
    for (const path of ['/customers', `/customers/${new URL(address).searchParams.get('next')!.split(/[/?]/)[2]}`, '/health', '/recognition']) t.equal(await fetched(path), 403, path);
    t.match(await (await first.goto(`${box.url}/api/v1/customers`))?.json(), { code: 'not_a_page' });
    for (const path of ['/', '/customers', '/look-up', '/enrol', '/settings']) {
      await first.goto(`${box.url}${path}`);
      await at(first, 'hand-back').waitFor();
    }
    await first.goto(address);
    await first.reload();
    await at(first, 'pin-pad').waitFor();
    await enterPin(first, OWNER_PIN);
    await at(first, 'dossier').waitFor(); // where the button meant
    t.equal(await at(first, 'dossier-name').innerText(), '林知夏');
  });

  await t.test('a customer who says no leaves through the same door, and is not asked again', async (t) => {
    await at(first, 'nav-enrol').click();
    await at(first, 'enrol-exit').click(); // the staff still hold it: no PIN
    await at(first, 'board').waitFor();
    await at(first, 'nav-enrol').click();
    await at(first, 'enrol-new-name').fill('顾清和');
    await at(first, 'enrol-new-submit').click();
    await at(first, 'notice').waitFor();
    await first.reload(); // a reload in the middle is a way out like any other
    await at(first, 'hand-back').waitFor();
    await enterPin(first, OWNER_PIN);
    await at(first, 'board').waitFor();
    await at(first, 'nav-enrol').click();
    await at(first, 'enrol-tab-find').click();
    await at(first, 'customer-row').getByText('顾清和').click();
    await at(first, 'notice-refuse').click();
    await at(first, 'hand-back').waitFor();
    await first.goBack();
    await at(first, 'hand-back').waitFor();
    t.equal(await at(first, 'dossier').count(), 0);
    await enterPin(first, OWNER_PIN);
    await at(first, 'hand-back').waitFor({ state: 'detached' });
    await at(first, 'nav-enrol').click();
    await at(first, 'enrol-tab-find').click();
    await at(first, 'customer-row').getByText('顾清和').click();
    await at(first, 'cool-off').waitFor();
    await shoot(first, 'enrol-cool-off-zh');
    t.equal(await at(first, 'notice').count(), 0);
    await at(first, 'cool-off-another').click(); // nobody held the iPad: no PIN
  });

  let mergedId = '';
  await t.test('the same face is not enrolled for a second customer without a word', async (t) => {
    const told: string[] = [];
    first.on('response', (answer) => { if (answer.url().endsWith('/finish')) void answer.text().then((text) => told.push(text), () => {}); });
    await at(first, 'enrol-new-name').fill('顾清平');
    await at(first, 'enrol-new-submit').click();
    await at(first, 'notice-agree').click();
    await at(first, 'purpose-recognise').check({ force: true });
    await at(first, 'age-own').check({ force: true });
    await drawSignature(first);
    await at(first, 'consent-submit').click();
    await at(first, 'capture-alike').waitFor({ timeout: 60_000 });
    await shoot(first, 'enrol-alike-zh');
    await first.setViewportSize(PORTRAIT);
    await shoot(first, 'enrol-alike-zh-portrait');
    await first.setViewportSize(LANDSCAPE);
    t.notMatch(await at(first, 'enrol').innerText(), '林知夏', 'whom the face resembles is nothing for the customer');
    await enterPin(first, OWNER_PIN);
    await at(first, 'alike-other').getByText('林知夏').waitFor();
    while (told.length < 2) await first.waitForTimeout(20); // the page may be faster with the answer than this is
    t.match(told, [/face_already_enrolled/, /face_already_enrolled.*customerId/], 'the box says it twice');
    t.notMatch(told[0], /customerId/, 'and whose it is only the second time');
    await shoot(first, 'enrol-alike-staff-zh');
    const merging = first.waitForRequest(/\/customers\/[^/]+\/merge$/);
    await at(first, 'alike-merge').click();
    mergedId = /customers\/([^/]+)\/merge$/.exec((await merging).url())![1]!;
    await at(first, 'dossier-name').filter({ hasText: '林知夏' }).waitFor(); // the dossier that stays
    await at(first, 'merge').getByText('顾清平').waitFor();
    await shoot(first, 'dossier-merged-zh');
  });

  await t.test('a merged dossier leads to the one that stayed, until the merge is taken back', async (t) => {
    const stayed = new URL(first.url()).pathname;
    await first.goto(`${box.url}/customers/${mergedId}`);
    await first.waitForURL(({ pathname }) => pathname === stayed);
    await at(first, 'dossier-name').filter({ hasText: '林知夏' }).waitFor();
    await at(first, 'merge-undo').click();
    await at(first, 'confirm-yes').click();
    await at(first, 'merges').waitFor({ state: 'detached' });
    t.equal(new URL(first.url()).pathname, stayed);
    await at(first, 'customer-row').getByText('顾清平').click();
    await at(first, 'dossier-name').filter({ hasText: '顾清平' }).waitFor();
    await at(first, 'customer-row').getByText('林知夏').click();
    await at(first, 'tab-consent').click();
    await first.locator('[data-testid=template][data-state=ok]').waitFor();
    await shoot(first, 'dossier-template-zh');
  });

  await t.test('a manager chooses how sure the box must be, and few cases give no percentage', async (t) => {
    await at(first, 'nav-settings').click();
    await first.locator('[data-testid=quality-chosen][data-level=standard]').waitFor();
    t.match(await at(first, 'quality-chosen').innerText(), '1000');
    t.notMatch(await at(first, 'quality-measured').innerText(), '%');
    await at(first, 'quality-cautious').check();
    await first.locator('[data-testid=quality-chosen][data-level=cautious]').waitFor();
    await at(first, 'quality').scrollIntoViewIfNeeded();
    await shoot(first, 'settings-quality-zh');
    await at(first, 'quality-standard').check();
    await first.locator('[data-testid=quality-chosen][data-level=standard]').waitFor();
  });

  await t.test('a manager gives a new PIN, and removes somebody but for an undo', async (t) => {
    await at(first, 'nav-settings').click();
    const row = at(first, 'staff-member').filter({ hasText: '周宁' });
    await row.getByTestId('staff-reset-pin').click();
    await at(first, 'staff-new-pin').fill('123456');
    aheadMs = 6 * 60_000; // the manager signed in some time ago
    await at(first, 'staff-new-pin-save').click();
    await at(first, 'pin-again').waitFor();
    await enterPin(first, '000000');
    await at(first, 'error').getByText('PIN 不对').waitFor();
    await shoot(first, 'settings-pin-again-zh');
    await enterPin(first, OWNER_PIN);
    await at(first, 'pin-again').waitFor({ state: 'detached' });
    await at(first, 'error').getByText('太好猜').waitFor(); // so it was asked for once more
    await shoot(first, 'settings-pin-too-simple-zh');
    await first.locator('ion-modal').filter({ has: at(first, 'staff-new-pin') }).getByTestId('sheet-close').click();
    t.equal(await at(first, 'staff-member').filter({ hasText: '沈店长' }).getByTestId('staff-remove').count(), 0, 'not oneself');
    await row.getByTestId('staff-remove').click();
    await row.waitFor({ state: 'detached' });
    await at(first, 'toast-undo').click();
    await row.waitFor();
    await shoot(first, 'settings-staff-zh');
  });

  await t.test('look-up by face knows the customer, and the second iPad gets the card', async (t) => {
    await at(first, 'nav-lookup').click();
    await first.locator('[data-testid=lookup-result][data-decision=known]').waitFor();
    t.equal(await at(first, 'lookup-name').innerText(), '林知夏');
    await shoot(first, 'lookup-known-zh');
    const card = at(second, 'visit-card');
    await card.waitFor();
    t.match(await card.innerText(), '林知夏');
    await shoot(second, 'board-card-zh-portrait');
    await card.getByTestId('serve').click();
    await at(first, 'nav-board').click();
    await at(first, 'visit-card').getByText('周宁').first().waitFor(); // who serves is seen on the other iPad
    await shoot(first, 'board-card-zh');
  });

  await t.test('a note is two taps away', async (t) => {
    await at(second, 'visit-card').getByTestId('open-dossier').click();
    await at(second, 'dossier').waitFor();
    await shoot(second, 'dossier-zh-portrait');
    await at(second, 'tab-notes').click();
    const field = at(second, 'note-text');
    if (await field.count() === 0) await at(second, 'note-add').click();
    await at(second, 'note-text').fill('喜欢细表带，下次看月相款');
    await at(second, 'note-save').click();
    await at(second, 'note').getByText('喜欢细表带').waitFor();
    t.match(await at(second, 'note').first().innerText(), '周宁');
    await shoot(second, 'dossier-notes-zh-portrait');
  });

  await t.test('the front desk greets by name, and only a PIN leads out', async (t) => {
    await at(first, 'nav-settings').click();
    await at(first, 'staff-add').click();
    await at(first, 'staff-name').fill('吴悦');
    await at(first, 'staff-pin').fill('314159');
    await at(first, 'staff-save').click();
    await at(first, 'toast').getByText('吴悦').waitFor();
    await at(first, 'frontdesk-enter').click();
    await at(first, 'frontdesk-start').waitFor();
    await at(first, 'toast').waitFor({ state: 'detached', timeout: 1_000 }); // not when its four seconds are over
    await shoot(first, 'frontdesk-rest-zh');
    await at(first, 'frontdesk-start').click();
    await at(first, 'frontdesk-greeting').waitFor();
    t.match(await at(first, 'frontdesk-greeting').innerText(), '林知夏');
    await shoot(first, 'frontdesk-greeting-zh');
    await first.goto(`${box.url}/customers`);
    await at(first, 'frontdesk').waitFor(); // a typed address does not open a dossier
    await at(first, 'frontdesk-leave').click();
    await at(first, 'staff-沈店长').click();
    await enterPin(first, OWNER_PIN);
    await at(first, 'board').waitFor();
  });

  await t.test('an iPad at a fixed station says that it recognises, over a reload, for as long as the mode lasts', async (t) => {
    const asManager = <T>(path: string, body: object = {}) => first.evaluate(async ([to, json]) => {
      const answer = await fetch(`/api/v1${to!}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: json! });
      return answer.json() as unknown;
    }, [path, JSON.stringify(body)]) as Promise<T>;
    const { id } = await asManager<StaffMember>('/staff', { name: '方静', role: 'privacy_officer', pin: '246802' });
    const office = box.stranger();
    await office.pair((await asManager<PairingCode>('/pairing-codes')).code, '隐私负责人的 iPad');
    await office.signIn(id, '246802');
    const change = async (mode: RecognitionMode) => {
      if (mode !== 'off') await office.call('POST', '/privacy/assessments', assessmentFor(mode, { reason: 'mode_change' }));
      await office.call('PUT', '/privacy/mode', { mode });
    };
    const whole = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }];
    const { id: stationId } = await office.call<Station>('POST', '/privacy/stations', { name: '正门', zone: whole });
    await office.call('POST', `/privacy/stations/${stationId}/signage`, { items: SIGNAGE_ITEMS });
    await at(first, 'nav-settings').click();
    await at(first, 'frontdesk-enter').waitFor();
    t.equal(await at(first, 'station-正门').count(), 0, 'not in this mode');
    await change('fixed_station');
    await at(first, 'nav-customers').click();
    await at(first, 'nav-settings').click();
    await at(first, 'station-正门').click();
    const running = first.locator('[data-testid=station][data-state=running]');
    await running.waitFor();
    await first.goto(`${box.url}/customers`);
    await running.waitFor();
    t.match(await at(first, 'station').innerText(), '此处使用人脸识别');
    await shoot(first, 'station-zh');
    await change('off');
    await first.locator('[data-testid=station][data-state=recognition_off]').waitFor();
    await change('opt_in');
    await at(first, 'frontdesk-leave').click();
    await at(first, 'staff-沈店长').click();
    await enterPin(first, OWNER_PIN);
    await at(first, 'board').waitFor();
  });

  await t.test('every page in English and in the other orientation', async () => {
    await first.setViewportSize(PORTRAIT);
    await at(first, 'nav-settings').click();
    await at(first, 'language-en').click({ force: true });
    await shoot(first, 'settings-en-portrait');
    await at(first, 'nav-board').click();
    await at(first, 'visit-card').waitFor();
    await shoot(first, 'board-card-en-portrait');
    await at(first, 'nav-lookup').click();
    await first.locator('[data-testid=lookup-result][data-decision=known]').waitFor();
    await shoot(first, 'lookup-known-en-portrait');
    await at(first, 'nav-enrol').click();
    await shoot(first, 'enrol-1-customer-en-portrait');
    await at(first, 'enrol-exit').click();
    await at(first, 'nav-customers').click();
    await at(first, 'customer-row').getByText('林知夏').click();
    await at(first, 'tab-consent').click();
    await at(first, 'consent-current').waitFor();
    await shoot(first, 'dossier-consent-en-portrait');
    await first.setViewportSize(LANDSCAPE);
    await shoot(first, 'dossier-consent-en');
  });

  await t.test('consent is withdrawn, a receipt is shown, and the face is unknown', async (t) => {
    await at(first, 'withdraw').click();
    await at(first, 'withdraw-confirm').click();
    await at(first, 'withdraw-receipt').waitFor();
    await shoot(first, 'withdraw-receipt-en');
    await at(first, 'receipt-close').click();
    await at(second, 'nav-board').click();
    await at(second, 'visit-card').waitFor({ state: 'detached' });
    await at(first, 'nav-lookup').click();
    await first.locator('[data-testid=lookup-result][data-decision=unknown]').waitFor();
    t.equal(await at(first, 'lookup-name').count(), 0);
    await shoot(first, 'lookup-unknown-en');
  });

  t.same(problems, [], 'no error on any page');

  await t.test('a box that is gone is said to be gone, and its pages come back with it', async (t) => {
    await box.stop();
    await second.locator('[data-testid=connection]:not([data-status=live])').waitFor();
    await second.locator('[data-testid=connection][data-status=offline]').waitFor();
    await shoot(second, 'connection-lost-zh-portrait');
    await startBox(t, { dataDirectory: box.dataDirectory, settings: { PORTICO_PORT: new URL(box.url).port }, clock });
    await second.locator('[data-testid=connection][data-status=live]').waitFor({ timeout: 60_000 });
  });
});
