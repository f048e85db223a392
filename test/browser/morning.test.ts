/**
 * A morning at the clienteling desk, in a real browser on three iPads: arrival at the front desk, the card, serving, notes, a look, hand-over,
 * purchase, close; a wrong card; the same with recognition off; two people at one dossier and at one form. Screenshots go to screenshots/.
 */
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import t from 'tap';
import type { Dossier, FieldValue, OwnForm, Product, RecognitionQuality, StaffMember } from '../../appliance/contract/index.js';
import { OWNER_PIN, startBox, temporaryDirectory } from '../support/box.js';
import { addMember } from '../support/office.js';
import { portrait } from '../support/scene.js';
import { enrolPerson } from '../support/store.js';
import { findChromium, launchChromium, writeCameraFile } from './chromium.js';
import { at, closeSheet, LANDSCAPE, newIpad, personFrames, PORTRAIT, readerTypes, shoot, signIn } from './pages.js';
import { memberCodeOf } from './tour.js';

const executable = findChromium();
const PIN = '246802';
const MINUTE = 60_000;
const WATCH = '月相自动机械腕表';
const STRAP = '鳄鱼皮表带 20 毫米';
const TAG = '04A2B3C4D5';
/** Counts how often a page asks for the camera; it gets it all the same. */
const COUNT_CAMERA = `{ const devices = navigator.mediaDevices; const ask = devices.getUserMedia.bind(devices); window.cameraAsked = 0; devices.getUserMedia = (wanted) => { window.cameraAsked += 1; return ask(wanted); }; }`;

t.test('a morning at the desk', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 290_000 }, async (t) => {
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  const box = await startBox(t, { settings: { PORTICO_STORE_NAME: '山茶手表店', PORTICO_VISION_WORKERS: '2' }, clock });
  const { owner } = box;
  const id = await enrolPerson(box, 'P08', {
    displayName: '林知夏', salutation: '林女士', phone: '13800001111', tier: '金卡', memberNo: 'M-1001', facts: ['喜欢细表带'], doNot: ['试戴时请勿催促'], allergies: ['对镍过敏'],
  });
  const watch = await owner.call<Product>('POST', '/products', { sku: 'L2-001', name: WATCH, category: '腕表', brand: '山茶', priceMinor: 1_280_000 });
  await owner.call('POST', '/products', { sku: 'B-017', name: STRAP, category: '配件', priceMinor: 128_050 });
  await owner.call('POST', `/customers/${id}/wishes`, { productId: watch.id });
  await owner.call('POST', `/products/${watch.id}/arrived`);
  await owner.call<StaffMember>('POST', '/staff', { name: '周宁', role: 'associate', pin: PIN });
  const officer = await addMember(box, '方静', 'privacy_officer');

  const cameraFile = join(temporaryDirectory(t), 'camera.mjpeg');
  writeCameraFile(cameraFile, await personFrames('P08'));
  const browser = await launchChromium(executable!, cameraFile, box.appliance.rootPem);
  t.teardown(() => browser.close());
  const problems: string[] = [];
  const ipads = await Promise.all([LANDSCAPE, PORTRAIT, LANDSCAPE].map((viewport) => newIpad(browser, box.url, viewport, problems)));
  const [desk, associate, manager] = ipads.map(({ page }) => page) as [Page, Page, Page];
  await Promise.all(ipads.map(({ context }) => context.addInitScript(COUNT_CAMERA)));
  await Promise.all([signIn(box, desk, '店长', OWNER_PIN), signIn(box, associate, '周宁', PIN), signIn(box, manager, '店长', OWNER_PIN)]);

  const dossier = () => owner.call<Dossier>('GET', `/customers/${id}?why=edit`);
  const cardOf = (page: Page, customerId = id) => page.locator(`[data-testid=visit-card][data-customer="${customerId}"]`);
  const open = async (page: Page, tab: string): Promise<void> => {
    await page.goto(`/customers/${id}?why=visit&tab=${tab}`);
    await at(page, 'dossier-name').waitFor();
  };
  const stepUp = async (): Promise<string> => {
    await at(desk, 'frontdesk-start').click();
    await desk.locator('[data-testid=frontdesk-greeting][data-step=greeted]').waitFor();
    return at(desk, 'frontdesk-greeting').innerText();
  };
  const lookAt = async (page: Page, customerId: string, name: string): Promise<void> => {
    await cardOf(page, customerId).getByTestId('card-look').click();
    await at(page, 'look-sheet').waitFor();
    await at(page, 'product-row').filter({ hasText: name }).first().click();
    await at(page, 'look-sheet').waitFor({ state: 'detached' });
    await cardOf(page, customerId).getByTestId('looking').getByText(name).waitFor();
  };
  const note = async (page: Page, text: string): Promise<void> => {
    await cardOf(page).getByTestId('card-note').click(); // one
    await at(page, 'card-note-text').fill(text);
    await at(page, 'card-note-save').click(); // two
    await at(page, 'note-sheet').waitFor({ state: 'detached' });
  };
  /** Through the dossier, as somebody does it who serves. */
  const buy = async (page: Page, name: string): Promise<void> => {
    await cardOf(page).getByTestId('open-dossier').click();
    await at(page, 'tab-dealings').click();
    await at(page, 'purchases').waitFor();
    const wish = at(page, 'wish').filter({ hasText: name });
    if (await wish.count() > 0) await wish.getByTestId('wish-buy').click();
    else {
      await at(page, 'purchase-add').click();
      await at(page, 'product-row').filter({ hasText: name }).first().click();
    }
    await at(page, 'purchase-form').waitFor();
    await page.locator('[data-testid=purchase-save]:enabled').waitFor(); // the price has come from the list
    await shoot(page, 'morning-purchase');
    await at(page, 'purchase-save').click();
    await at(page, 'purchase').filter({ hasText: name }).waitFor();
  };
  const close = async (page: Page): Promise<void> => {
    await at(page, 'nav-board').click();
    const closed = page.waitForRequest(/\/visits\/[^/]+\/close$/);
    await cardOf(page).getByTestId('close-visit').click();
    await closed; // nobody has undone it
  };

  await t.test('the manager puts a field of the store\'s own on the card, without a developer; her iPad speaks English', async (t) => {
    await at(manager, 'lang-switch').click();
    await manager.goto('/settings/fields');
    await at(manager, 'section-add').click();
    await at(manager, 'section-zh').fill('腕表喜好');
    await at(manager, 'section-en').fill('Watches');
    await at(manager, 'field-add').click();
    await at(manager, 'field-zh').fill('手腕周长');
    await at(manager, 'field-en').fill('Wrist');
    await at(manager, 'field-done').click();
    await at(manager, 'form-field').waitFor();
    await at(manager, 'place-1').selectOption({ label: 'Wrist' });
    await at(manager, 'place-2').selectOption('fact');
    await shoot(manager, 'morning-fields-en');
    await at(manager, 'fields-save').click();
    await at(manager, 'fields-state').getByText('All saved').or(at(manager, 'toast')).first().waitFor();
    const { sections, card } = await owner.call<OwnForm>('GET', '/fields');
    t.match(card, [{ fieldId: sections[0]!.fields[0]!.id }, { builtin: 'fact' }]);
    await owner.call('PUT', `/customers/${id}/fields`, { values: [{ fieldId: sections[0]!.fields[0]!.id, value: { text: '15.5 厘米' }, base: null }] });
    await at(manager, 'nav-board').click();
    await at(manager, 'board').waitFor();
  });

  await t.test('she steps up to the front desk and is greeted; her card comes on both iPads, each in its language', async (t) => {
    await desk.goto('/settings');
    await at(desk, 'frontdesk-enter').click();
    t.match(await stepUp(), '林女士');
    await shoot(desk, 'morning-greeted-zh');
    await Promise.all([cardOf(associate).waitFor(), cardOf(manager).waitFor()]);
    const zh = await cardOf(associate).innerText();
    for (const said of ['林知夏', '林女士', '金卡', '试戴时请勿催促', '对镍过敏', '手腕周长：15.5 厘米', '喜欢细表带']) t.match(zh, said, said);
    t.match(await cardOf(associate).getByTestId('suggestion').innerText(), /月相自动机械腕表到货了/);
    t.match(await cardOf(associate).getByTestId('suggestion-reason').innerText(), /记的心愿/);
    const en = await cardOf(manager).innerText();
    for (const said of ['Wrist: 15.5 厘米', '对镍过敏', '试戴时请勿催促']) t.match(en, said, said);
    t.match(await cardOf(manager).getByTestId('suggestion').innerText(), /has arrived/);
    t.match(await cardOf(manager).getByTestId('suggestion-reason').innerText(), /Wish noted on/);
    await cardOf(manager).getByTestId('suggestion-useful').click();
    await cardOf(manager).locator('[data-testid=suggestion-useful][aria-pressed=true]').waitFor();
    await shoot(associate, 'morning-card-zh-portrait');
    await shoot(manager, 'morning-card-en');
  });

  await t.test('"I\'ll serve" on one iPad is seen on the other', async (t) => {
    await cardOf(associate).getByTestId('serve').click();
    await cardOf(manager).getByText('周宁').first().waitFor();
    t.equal(await cardOf(associate).getByTestId('serve').count(), 0);
  });

  let chipSaid = '';
  await t.test('a note in two taps, and one by a chip', async () => {
    await note(associate, '先生下周生日，想挑一块表');
    await cardOf(associate).getByTestId('open-dossier').click();
    await at(associate, 'tab-notes').click();
    await at(associate, 'note').getByText('先生下周生日').waitFor();
    const chip = at(associate, 'quick-note').first();
    const said = (await chip.innerText()).trim();
    await chip.click(); // the only tap
    await at(associate, 'waiting-entry').getByText(said).waitFor();
    await shoot(associate, 'morning-notes-zh-portrait');
    chipSaid = said;
    await at(associate, 'nav-board').click(); // it can still be undone, and is written meanwhile
  });

  await t.test('what she looks at, and for how long', async (t) => {
    await lookAt(associate, id, WATCH);
    await cardOf(manager).getByTestId('looking').getByText(WATCH).waitFor();
    aheadMs += 6 * MINUTE;
    await cardOf(associate).getByTestId('looking').click();
    await at(associate, 'look-end').waitFor();
    await shoot(associate, 'morning-look-zh-portrait');
    await at(associate, 'look-end').click();
    await cardOf(manager).getByTestId('looking').waitFor({ state: 'detached' });
    const [look] = (await dossier()).visits[0]!.looks;
    t.ok(Date.parse(look!.endedAt!) - Date.parse(look!.beganAt) >= 6 * MINUTE);
  });

  await t.test('how far she got is read on the card; a tap only opens where it is marked, and is taken back there', async (t) => {
    const discovered = cardOf(manager).locator('[data-testid=stage-discover][data-reached=true]');
    await cardOf(associate).getByTestId('stage-discover').click();
    await at(associate, 'stages-sheet').waitFor();
    await shoot(associate, 'morning-stages-zh-portrait');
    t.equal(await discovered.count(), 0);
    await at(associate, 'mark-discover').click();
    await discovered.waitFor();
    await at(associate, 'mark-discover').click();
    await discovered.waitFor({ state: 'detached' });
    await closeSheet(associate);
  });

  await t.test('handed to the colleague with words, who sees them and serves', async (t) => {
    await cardOf(associate).getByTestId('hand-over').click();
    await at(associate, `hand-over-${box.ownerId}`).check();
    await at(associate, 'hand-over-note').fill('在看月相，喜欢玫瑰金');
    await shoot(associate, 'morning-hand-over-zh-portrait');
    await at(associate, 'hand-over-done').click();
    const handed = cardOf(manager).getByTestId('handed-over');
    await handed.getByText('在看月相，喜欢玫瑰金').waitFor();
    t.match(await handed.innerText(), /周宁/);
    await shoot(manager, 'morning-handed-over-en');
    await cardOf(manager).getByTestId('serve').click();
    await cardOf(associate).getByText('店长').first().waitFor();
    t.equal(await cardOf(manager).getByTestId('handed-over').count(), 0);
  });

  await t.test('she buys what she wished for: the wish ends, and the card says "complete"', async (t) => {
    await buy(manager, WATCH);
    await at(manager, 'wish').waitFor({ state: 'detached' });
    await shoot(manager, 'morning-dealings-en');
    await cardOf(associate).locator('[data-testid=stage-complete][data-reached=true]').waitFor();
    t.match((await dossier()).wishes, [{ ended: { outcome: 'bought' } }]);
    await close(manager);
    await cardOf(associate).waitFor({ state: 'detached' });
  });

  await t.test('the dossier tells all of it', async (t) => {
    await Promise.all([open(associate, 'visits'), open(manager, 'timeline')]);
    const visit = await at(associate, 'dossier-visit').innerText();
    for (const said of ['周宁 接待', '交接给店长', '在看月相，喜欢玫瑰金', '店长 接待', `${WATCH}，6 分钟`, '成交']) t.match(visit, said, said);
    t.notMatch(visit, '还在店内');
    t.strictSame((await dossier()).notes.map(({ text, author }) => `${author} ${text}`).sort(), [`周宁 ${chipSaid}`, '周宁 先生下周生日，想挑一块表'].sort());
    await shoot(associate, 'morning-visits-zh-portrait');
    const line = await at(manager, 'timeline').innerText();
    for (const said of ['先生下周生日', WATCH, '周宁', '店长', '12,800']) t.match(line, said, said);
    const events = await at(manager, 'timeline-entry').evaluateAll((all) => all.map((one) => (one as unknown as { dataset: Record<string, string> }).dataset['event']!));
    for (const event of ['purchase', 'visit', 'note', 'wish', 'wish_arrived', 'wish_bought']) t.ok(events.includes(event), event);
    await shoot(manager, 'morning-timeline-en');
    await Promise.all([associate, manager].map((page) => at(page, 'nav-board').click()));
  });

  await t.test('a wrong card goes in one tap, and the quality figures count it', async (t) => {
    const other = await enrolPerson(box, 'P18', { displayName: '王若兰', photos: [await portrait('P18')] });
    writeCameraFile(cameraFile, await personFrames('P18')); // read anew when the camera starts
    await at(desk, 'frontdesk-ok').or(at(desk, 'frontdesk-start')).first().waitFor();
    if (await at(desk, 'frontdesk-ok').count() > 0) await at(desk, 'frontdesk-ok').click();
    t.match(await stepUp(), '王若兰');
    await cardOf(associate, other).waitFor();
    t.equal(await cardOf(associate).count(), 0, 'nobody else came');
    const undone = associate.waitForResponse(/\/not-this-person$/);
    await cardOf(associate, other).getByTestId('wrong-person').click();
    t.equal(await cardOf(associate, other).count(), 0);
    await shoot(associate, 'morning-wrong-person-zh-portrait');
    t.equal((await undone).status(), 200);
    await cardOf(manager, other).waitFor({ state: 'detached' });
    t.match(await owner.call<RecognitionQuality>('GET', '/recognition'), { named: { right: 1, wrong: 1 } });
    await manager.goto('/settings');
    await at(manager, 'quality-named').scrollIntoViewIfNeeded();
    t.match(await at(manager, 'quality-named').innerText(), /\b2\b[^]*\b1\b/);
    await shoot(manager, 'morning-quality-en');
    t.strictSame((await owner.call<Dossier>('GET', `/customers/${other}?why=edit`)).visits.map(({ endReason }) => endReason), ['not_this_person']);
  });

  await t.test('with recognition off she is found by phone, pinyin, code and tag, and everything goes on', async (t) => {
    await officer.device.call('PUT', '/privacy/mode', { mode: 'off' });
    const asked = () => Promise.all([associate, manager].map((page) => page.evaluate<number>('window.cameraAsked')));
    await t.test('by the tail of her number, and by initials', async (t) => {
      await at(associate, 'find-customer').click();
      const rows = at(associate, 'customer-row');
      for (const [typed, found] of [['1111', 'found-in'], ['lzx', 'customer-row'], ['linzhixia', 'customer-row']] as const) {
        await at(associate, 'customer-search').fill('没有这个人');
        await rows.first().waitFor({ state: 'detached' });
        await at(associate, 'customer-search').fill(typed);
        await at(associate, found).first().waitFor();
        t.strictSame(await rows.evaluateAll((all) => all.map((one) => (one as unknown as { dataset: Record<string, string> }).dataset['customer'])), [id], typed);
      }
      await shoot(associate, 'morning-find-zh-portrait');
      await closeSheet(associate);
    });
    await t.test('by the code of her phone, by the tag on her key ring, and so she arrives', async (t) => {
      const own = await memberCodeOf(box, id);
      const code = own.prefix + TOTP.generate({ secret: Secret.fromBase32(own.secret), algorithm: own.algorithm, digits: own.digits, period: own.periodSeconds, timestamp: clock.now() });
      await readerTypes(associate, code);
      await associate.locator('[data-testid=scan-found][data-by=member_code]').waitFor();
      await closeSheet(associate);
      await owner.call('POST', `/customers/${id}/tags`, { tag: TAG });
      await readerTypes(associate, TAG);
      await associate.locator('[data-testid=scan-found][data-by=tag]').waitFor();
      await shoot(associate, 'morning-scan-zh-portrait');
      await at(associate, 'scan-arrive').click();
      await at(manager, 'nav-board').click();
      await Promise.all([cardOf(associate).waitFor(), cardOf(manager).waitFor()]);
      t.match((await dossier()).visits[0], { arrival: 'scanned', closedAt: null });
    });
    await t.test('served, noted, shown something, sold, closed', async (t) => {
      await cardOf(associate).getByTestId('serve').click();
      await cardOf(manager).getByText('周宁').first().waitFor();
      await note(associate, '想配一条备用表带');
      await lookAt(associate, id, STRAP);
      await buy(associate, STRAP);
      await cardOf(manager).locator('[data-testid=stage-complete][data-reached=true]').waitFor();
      await close(associate);
      await cardOf(manager).waitFor({ state: 'detached' });
      const { visits, notes, purchases } = await dossier();
      t.match(visits[0], { arrival: 'scanned', endReason: 'by_hand', adviser: '周宁', looks: [{ productName: STRAP }] });
      t.ok(notes.some(({ text }) => text === '想配一条备用表带'));
      t.strictSame(purchases.map(({ text }) => text).sort(), [WATCH, STRAP].sort());
      t.equal(purchases.find(({ text }) => text === STRAP)!.visitId, visits[0]!.id);
    });
    t.strictSame(await asked(), [0, 0], 'no camera was asked for');
    t.ok(await desk.evaluate<number>('window.cameraAsked') > 0, 'where one is asked for it is counted');
  });

  await t.test('the form changes while somebody fills it in: nothing typed is lost', async (t) => {
    const form = () => owner.call<OwnForm>('GET', '/fields');
    const fieldId = (await form()).sections[0]!.fields[0]!.id;
    const fillIn = async (text: string): Promise<void> => {
      await at(associate, 'own-edit').click();
      await at(associate, `field-${fieldId}`).fill(text);
    };
    await open(associate, 'overview');
    await fillIn('16 厘米');
    await manager.goto('/settings/fields');
    await at(manager, 'field-add').click();
    await at(manager, 'field-zh').fill('表盘颜色');
    await at(manager, 'field-done').click();
    await at(manager, 'fields-save').click();
    await at(manager, 'fields-save').and(manager.locator(':disabled')).waitFor();
    await at(associate, 'fields-save').click();
    await at(associate, 'fields-form').waitFor({ state: 'detached' });
    await at(associate, 'own-section').getByText('16 厘米').waitFor();
    await at(associate, 'own-section').getByText('表盘颜色').waitFor();

    await fillIn('16 厘米，左手更细');
    await at(manager, 'form-field').filter({ hasText: 'Wrist' }).click();
    await at(manager, 'field-remove').click();
    await at(manager, 'fields-save').click();
    await at(manager, 'fields-save').and(manager.locator(':disabled')).waitFor();
    t.strictSame((await form()).sections[0]!.fields.map(({ name }) => name['zh-CN']), ['表盘颜色']);
    await at(associate, 'fields-save').click();
    await at(associate, 'field-gone').getByText('16 厘米，左手更细').waitFor();
    await shoot(associate, 'morning-field-gone-zh-portrait');
    await at(associate, 'gone-note').click();
    await at(associate, 'fields-form').waitFor({ state: 'detached' });
    await t.resolveMatch(dossier().then(({ notes }) => notes[0]!.text), /手腕周长[^]*16 厘米，左手更细/);
    t.strictSame((await dossier()).fields.map(({ value }: FieldValue) => value), []);
  });

  await t.test('two iPads at one dossier: the second is shown both numbers and chooses', async (t) => {
    await Promise.all([open(associate, 'overview'), open(manager, 'overview')]);
    for (const [page, phone] of [[associate, '13900002222'], [manager, '13700003333']] as const) {
      await at(page, 'dossier-edit').click();
      await at(page, 'customer-phone').fill(phone);
    }
    await at(associate, 'customer-new-submit').click();
    await at(associate, 'customer-phone').waitFor({ state: 'detached' });
    await at(manager, 'customer-new-submit').click();
    await at(manager, 'conflict').waitFor();
    t.match(await manager.locator('[data-field=phone]').getByTestId('conflict-theirs').innerText(), /139 ?0000 ?2222/);
    t.equal((await dossier()).phone, '13900002222', 'nothing was written over it');
    await shoot(manager, 'morning-conflict-en');
    await manager.locator('[data-field=phone]').getByTestId('keep-mine').click();
    await at(manager, 'conflict-save').click();
    await at(manager, 'conflict').waitFor({ state: 'detached' });
    t.equal((await dossier()).phone, '13700003333');
  });

  t.strictSame(problems, [], 'no error on any page');
});
