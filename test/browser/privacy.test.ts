/**
 * The privacy officer's morning and the customer's own phone, in a real browser against a real box: a request answered, a notice
 * published, the log checked and packed; a page that locks itself; a passkey; a withdrawal on the phone, with a deletion that waits.
 */
import { readFileSync } from 'node:fs';
import type { BrowserContext, Download, Page } from 'playwright-core';
import t from 'tap';
import type { AccessCopy, ConsentLink, Deletion, Dossier, KeySet, RightsRequest } from '../../appliance/contract/index.js';
import { verifyPack } from '../../appliance/papers/index.js';
import { OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { addMember } from '../support/office.js';
import { watchSteps } from '../support/steps.js';
import { enrolPerson } from '../support/store.js';
import { findChromium, launchChromium } from './chromium.js';

const executable = findChromium();
const STEP_MS = 15_000;
const PIN = '246802';
const IDLE_MINUTES = 10;

/** Goes on by itself, as the pages' clocks do, and can be put forward with them. */
class RunningClock extends TestClock {
  readonly #startedMs = performance.now();
  override now(): number {
    return super.now() + Math.round(performance.now() - this.#startedMs);
  }
}

const at = (page: Page, id: string) => page.getByTestId(id);
async function enterPin(page: Page): Promise<void> {
  for (const digit of PIN) await at(page, `pin-key-${digit}`).click();
}
async function saved(page: Page, id: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), at(page, id).click()]) as [Download, void];
  return readFileSync(await download.path());
}

t.test('the privacy office and the customer\'s phone', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 120_000 }, async (t) => {
  const clock = new RunningClock();
  const box = await startBox(t, { clock, settings: { PORTICO_IDLE_LOCK_MINUTES: String(IDLE_MINUTES) } });
  const customerId = await enrolPerson(box, 'P08', { displayName: '林知夏', purposes: ['recognise', 'greet', 'contact', 'preferences'] });
  const office = await addMember(box, '方静', 'privacy_officer');
  const { url } = await box.owner.call<ConsentLink>('POST', `/customers/${customerId}/consents/link`);
  const link = `${box.url}/mine${new URL(url).hash}`;
  const browser = await launchChromium(executable!, '', box.appliance.rootPem); // no camera is asked for
  t.teardown(() => browser.close());
  const problems: string[] = [];
  const newPage = async (viewport: { width: number; height: number }, timezoneId: string): Promise<{ context: BrowserContext; page: Page }> => {
    const context = await browser.newContext({ viewport, locale: 'zh-CN', timezoneId, hasTouch: true, baseURL: box.url });
    context.setDefaultTimeout(STEP_MS);
    context.on('page', (page) => page.on('pageerror', (error) => problems.push(error.message)));
    return { context, page: await context.newPage() };
  };

  const { context, page } = await newPage({ width: 1180, height: 820 }, 'America/Los_Angeles');
  const kept = new Set<string | undefined>();
  page.on('response', (response) => { if (response.url().includes('/assets/')) kept.add(response.headers()['cache-control']); });
  await page.clock.install(); // goes on by itself, and can be put forward
  const section = (name: string) => at(page, `office-privacy-${name}`).first().click();

  await t.test('her morning begins with what is to be done', async () => {
    await page.goto(`/pair#${(await box.owner.makePairingCode()).code}`);
    await at(page, 'pair-submit').click();
    await at(page, 'staff-方静').click();
    await enterPin(page);
    await at(page, 'office-overview').waitFor();
    await at(page, 'task-notice_unreviewed').waitFor();
  });

  await t.test('no label of the office is broken, in either language, either way up', async (t) => {
    const broken = () => page.$$eval('[data-testid^=office-privacy] .grow', (labels) => labels.filter((label) => {
      const range = label.ownerDocument.createRange();
      range.selectNodeContents(label);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
    }).map((label) => label.textContent));
    for (const viewport of [{ width: 820, height: 1180 }, { width: 1180, height: 820 }]) {
      await page.setViewportSize(viewport);
      for (let language = 0; language < 2; language++) {
        await at(page, 'lang-switch').first().click();
        t.strictSame(await broken(), [], `${viewport.width} ${await page.locator('html').getAttribute('lang')}`);
      }
    }
  });

  await t.test('a request is logged, answered with the access copy, and closed', async (t) => {
    await section('requests');
    await at(page, 'request-add').click();
    await at(page, 'pick-customer').click();
    await at(page, 'customer-row').getByText('林知夏').last().click();
    await at(page, 'request-kind-access').check({ force: true });
    await at(page, 'request-save').click();
    await at(page, 'request-page').waitFor();
    const copy = JSON.parse((await saved(page, 'paper-accessCopy-json')).toString('utf8')) as AccessCopy;
    t.match(JSON.stringify(copy), '林知夏');
    t.equal((await saved(page, 'paper-accessCopy-pdf')).subarray(0, 5).toString(), '%PDF-');
    t.match(await at(page, 'due-rule').innerText(), /15/);
    await at(page, 'request-answer-now').click(); // the copy is made: one tap answers
    await at(page, 'requests').waitFor();
    const [request] = await office.device.call<RightsRequest[]>('GET', '/privacy/requests');
    t.match(request, { customerId, closed: { outcome: 'done' } });
  });

  await t.test('a restriction stands in the dossier, and switching off says what coming back takes', async (t) => {
    const restrict = (restricted: boolean) => office.device.call('PUT', `/customers/${customerId}/restriction`, { restricted, reason: '有争议' });
    await restrict(true);
    await at(page, 'nav-customers').click();
    await at(page, 'customer-row').first().click();
    await at(page, 'dossier-restricted').waitFor();
    await restrict(false);
    // Some of it from the list too. The sheet is left without any of its buttons, and the page below lives.
    await at(page, 'row-withdraw').click();
    await at(page, 'withdraw-preferences').check();
    await at(page, 'withdraw-some').click();
    await at(page, 'receipt-close').waitFor();
    await page.keyboard.press('Escape');
    await at(page, 'receipt-close').waitFor({ state: 'detached' });
    await at(page, 'nav-privacy').click();
    await section('mode');
    await at(page, 'mode-choose-off').click();
    t.match(await at(page, 'mode-back').innerText(), '影响评估');
    await at(page, 'confirm-no').click();
  });

  await t.test('she completes the notice and publishes it', async (t) => {
    await section('notice');
    await at(page, 'notice-text-zh-CN-contact').fill('请联系方静，电话 021-5555 0000。');
    await at(page, 'notice-publish').click();
    t.equal(await at(page, 'notice-changed-contact').getAttribute('data-languages'), 'zh-CN');
    await at(page, 'notice-alone').waitFor();
    await at(page, 'notice-advice').waitFor();
    t.ok(await at(page, 'notice-publish-yes').isDisabled(), 'not before she says whether it is material');
    await at(page, 'confirm-no').click();
    await at(page, 'notice-publish-sheet').waitFor({ state: 'hidden' });
    await at(page, 'notice-text-en-contact').fill('Ask Fang Jing, telephone 021-5555 0000.');
    await at(page, 'notice-text-zh-CN-handler').fill('上海山茶钟表有限公司');
    await at(page, 'notice-text-en-handler').fill('Shanghai Camellia Watches Ltd');
    await at(page, 'notice-publish').click();
    await at(page, 'notice-changed-handler').waitFor();
    t.equal(await at(page, 'notice-alone').count(), 0);
    await at(page, 'notice-material-no').check();
    await at(page, 'notice-publish-yes').click();
    await at(page, 'notice-read').first().waitFor();
    t.match(await at(page, 'notice-versions').innerText(), /2/);
    await at(page, 'office-privacy').first().click();
    await at(page, 'office-overview').waitFor();
    await at(page, 'task-notice_unreviewed').waitFor({ state: 'detached' });
    await section('requests'); // the overview is read anew when it is opened again
  });

  const { page: phone } = await newPage({ width: 390, height: 844 }, 'Pacific/Kiritimati');
  const consent = async () => (await office.device.call<Dossier>('GET', `/customers/${customerId}`)).consents[0]!;
  await t.test('on the own phone one purpose goes, then all of it', async (t) => {
    await phone.goto(link);
    await at(phone, 'own-withdraw-contact').click();
    await at(phone, 'confirm-yes').click();
    await phone.locator('[data-testid=own-receipt] [data-state=done]').waitFor();
    t.strictSame((await consent()).purposes, ['recognise', 'greet']);
    // The last step fails, as on a full disk: the consent is over at once, the deletion waits.
    let full = true;
    const restore = watchSteps((step) => { if (full && step.startsWith('UPDATE deletion_pending')) throw new Error('sabotage'); });
    t.teardown(restore);
    await at(phone, 'own-withdraw-all').click();
    await at(phone, 'confirm-yes').click();
    await phone.locator('[data-testid=own-receipt] [data-state=open]').waitFor();
    t.equal((await consent()).endReason, 'withdrawn');
    t.equal(await at(phone, 'receipt-link').count(), 0);

    await at(page, 'nav-privacy').click();
    await at(page, 'task-deletions_pending').click();
    await at(page, 'deletion').filter({ hasText: customerId }).waitFor();
    // The two browsers are in other time zones than the store: both show its clock.
    const [{ requestedAt }] = await office.device.call<[Deletion]>('GET', '/deletions');
    const storeTime = new Date(Date.parse(requestedAt) + 8 * 3_600_000).toISOString().slice(11, 16);
    t.match(await at(page, 'deletion').innerText(), storeTime);
    t.match(await at(phone, 'own-receipt').innerText(), storeTime);
    full = false; // the box goes on by itself within seconds: looked at below
  });

  await t.test('the log verifies on the page, the pack verifies away from it', async (t) => {
    await section('audit');
    await at(page, 'audit-verify-now').click();
    await page.locator('[data-testid=audit-result][data-whole=true]').waitFor();
    await section('pack');
    const pack = await saved(page, 'pack-make');
    const { manifest } = await verifyPack(pack, await box.owner.call<KeySet>('GET', '/keys'));
    t.ok(manifest.accesses.entries > 10);
  });

  await t.test('whoever writes for longer than the limit is not locked out, on the page or on the box', async (t) => {
    await section('requests');
    await at(page, 'request-add').click();
    await at(page, 'request-note').fill('');
    for (let minute = 0; minute < IDLE_MINUTES + 6; minute += 4) {
      clock.move(4 * 60_000);
      await page.clock.fastForward(4 * 60_000);
      const heard = page.waitForResponse(/\/sessions\/current\/use$/);
      await page.keyboard.type('写');
      t.equal((await heard).status(), 204, `after ${minute + 4} minutes`);
    }
    t.equal(await at(page, 'lock-screen').count(), 0);
  });

  await t.test('left alone, the page hides everything until the PIN, and keeps what was typed', async (t) => {
    await at(page, 'request-note').fill('写到一半');
    await page.clock.fastForward((IDLE_MINUTES * 60 + 1) * 1000);
    await at(page, 'lock-screen').waitFor();
    t.notOk(await at(page, 'request-note').isVisible());
    t.notOk(await at(page, 'requests').isVisible());
    await enterPin(page);
    await at(page, 'lock-screen').waitFor({ state: 'detached' });
    t.equal(await at(page, 'request-note').inputValue(), '写到一半');
    await at(page, 'sheet-close').click();
  });

  await t.test('a passkey opens the lock', async () => {
    const debug = await context.newCDPSession(page);
    await debug.send('WebAuthn.enable');
    await debug.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    await at(page, 'nav-settings').click();
    await at(page, 'passkey-add').click();
    await at(page, 'passkey').waitFor();
    await at(page, 'toast').waitFor();
    await at(page, 'nav-lock').click();
    await at(page, 'toast').waitFor({ state: 'detached', timeout: 1_000 });
    await at(page, 'passkey-sign-in').click();
    await at(page, 'lock-screen').waitFor({ state: 'detached' });
    await at(page, 'passkey').waitFor();
  });

  await t.test('a lock of which the box has not heard outlives a reload, and the box hears of it', async (t) => {
    const asked = () => page.evaluate(`fetch('/api/v1/sessions/current').then((answer) => answer.json())`) as Promise<{ code?: string }>;
    const lost = /\/sessions\/current\/lock$/;
    await page.route(lost, (route) => route.abort());
    await at(page, 'nav-lock').click();
    await at(page, 'lock-screen').waitFor();
    await page.reload();
    await at(page, 'lock-screen').waitFor();
    t.notOk(await page.getByText('方静').and(at(page, 'nav-settings')).isVisible());
    t.equal(await at(page, 'settings').isVisible(), false);
    t.equal((await asked()).code, undefined, 'it has not heard');
    const heard = page.waitForResponse(lost);
    await page.unroute(lost);
    await page.clock.fastForward(4_001);
    t.equal((await heard).status(), 204);
    t.equal((await asked()).code, 'session_locked');
    await page.reload(); // nothing waits underneath now
    await at(page, 'staff-方静').or(at(page, 'pin-pad')).first().waitFor();
    if (await at(page, 'staff-方静').count() > 0) await at(page, 'staff-方静').click();
    await enterPin(page);
    await at(page, 'settings').waitFor();
    await page.reload();
    await at(page, 'settings').waitFor();
    t.equal(await at(page, 'lock-screen').count(), 0, 'signing in has ended it');
  });

  await t.test('the deletion that waited is done, and its receipt holds', async (t) => {
    await phone.locator('[data-testid=own-receipt] [data-state=done]').waitFor();
    t.equal((await saved(phone, 'receipt-pdf')).subarray(0, 5).toString(), '%PDF-');
    await at(phone, 'receipt-link').click();
    await phone.locator('[data-testid=receipt-outcome][data-outcome=valid]').waitFor();
    await at(page, 'nav-privacy').click();
    await at(page, 'tile-deletions').filter({ hasText: '0' }).waitFor();
    t.equal(await at(page, 'task-deletions_pending').count(), 0);
  });

  await t.test('whoever is shut out sees nothing any more, though nobody touches the page', async () => {
    await box.owner.signIn(box.ownerId, OWNER_PIN); // has locked itself meanwhile
    await box.owner.call('PUT', `/staff/${office.staff.id}/pin`, { pin: '271828' });
    await page.clock.fastForward(30_000);
    await at(page, 'office-overview').waitFor({ state: 'detached' });
    await at(page, 'staff-方静').or(at(page, 'pin-pad')).first().waitFor();
  });

  t.strictSame([...kept], ['public, max-age=31536000, immutable'], 'what never changes is asked for once');
  t.same(problems, [], 'no error on any page');
});
