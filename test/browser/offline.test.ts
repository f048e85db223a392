/**
 * An hour without the box, in a real browser: a note and a phone number are written offline, a colleague changes the same number meanwhile;
 * a reload while entries wait; and what of it all lies readable in the iPad's storage: nothing.
 */
import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { Dossier } from '../../appliance/contract/index.js';
import { groupPhone } from '../../webui/src/format/phone.js';
import { addAssociate, addStaff, startBox, TestClock } from '../support/box.js';
import { findChromium, launchChromium } from './chromium.js';

const executable = findChromium();
const PIN = '246802';
const HOUR_MS = 3_600_000;
const NAME = '林知夏';
const NOTE = '喜欢细表带，下次看月相款';
const LAST_NOTE = '周六带太太来试戴';
const RING = '右手无名指十四号半';
const STRAP = { 'zh-CN': '表带', en: 'Strap' };
const DRAFT = '还没写完的一句';
const TICKET = '换电池';
const PHONES = { before: '13800138000', mine: '13900139000', theirs: '13700137000', last: '13600136000' };

const at = (page: Page, id: string) => page.getByTestId(id);
async function enterPin(page: Page): Promise<void> {
  for (const digit of PIN) await at(page, `pin-key-${digit}`).click();
}
/** Everything that the page keeps, byte for byte as letters, in both encodings a text might lie there in. */
const STORED = `(async () => {
  const db = await new Promise((resolve, reject) => { const asked = indexedDB.open('portico-outbox'); asked.onsuccess = () => resolve(asked.result); asked.onerror = () => reject(asked.error); });
  const rows = await new Promise((resolve, reject) => { const asked = db.transaction('sealed').objectStore('sealed').getAll(); asked.onsuccess = () => resolve(asked.result); asked.onerror = () => reject(asked.error); });
  db.close();
  const text = (part) => part instanceof ArrayBuffer || ArrayBuffer.isView(part)
    ? ['utf-8', 'utf-16le'].map((as) => new TextDecoder(as).decode(part)).join() : typeof part === 'object' && part !== null ? Object.entries(part).map(([key, value]) => key + ' ' + text(value)).join() : String(part);
  return { rows: rows.length, fields: [...new Set(rows.flatMap((row) => Object.keys(row)))].sort(), text: rows.map(text).join() + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }), databases: (await indexedDB.databases()).map(({ name }) => name) };
})()`;
interface Stored { rows: number; fields: string[]; text: string; databases: string[] }

/** The Wi-Fi between one iPad and the box: up or down. */
async function wifi(t: Pick<Test, 'teardown'>, boxPort: number): Promise<{ port: number; up(): Promise<void>; down(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(boxPort, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => { sockets.delete(one); other.destroy(); }).pipe(other);
    }
  });
  const up = (port: number) => new Promise<void>((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  const down = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(down);
  await up(0);
  const { port } = server.address() as AddressInfo;
  return { port, up: () => up(port), down };
}

t.test('an iPad that was offline for an hour', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 150_000 }, async (t) => {
  const clock = new TestClock(Date.now() - 3 * 24 * HOUR_MS); // the iPad's own clock is three days ahead of the box's
  const box = await startBox(t, { clock });
  const link = await wifi(t, Number(new URL(box.url).port));
  const { id } = await box.owner.createCustomer({ displayName: NAME, phone: PHONES.before });
  const { staff } = await addAssociate(box, '周宁', PIN);
  const { device: officer } = await addStaff(box, '方静', 'privacy_officer', '975310');
  const dossier = () => box.owner.call<Dossier>('GET', `/customers/${id}?why=edit`);
  const browser = await launchChromium(executable!, '', box.appliance.rootPem);
  t.teardown(() => browser.close());
  const [ring, strap] = [randomUUID(), randomUUID()];
  const name = { 'zh-CN': '指围', en: 'Ring size' };
  await box.owner.call('PUT', '/fields', { revision: 0, card: [], sections: [{ name, fields: [
    { id: ring, name, kind: 'text', required: true, visibleTo: 'everybody', options: [] }, { id: strap, name: STRAP, kind: 'text', required: false, visibleTo: 'everybody', options: [] },
  ] }] });
  const context = await browser.newContext({ viewport: { width: 1180, height: 820 }, locale: 'zh-CN', hasTouch: true, baseURL: `https://127.0.0.1:${link.port}` });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await page.clock.install(); // goes on by itself, and can be put forward
  const kept = (): Promise<Stored> => page.evaluate<Stored>(STORED);
  /** Lets the page's timers run until it is so: its own time, and enough of the true one for the box to answer on a busy machine. */
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await isSo()); tries++) {
      if (tries > 200) throw new Error(`it never came: ${what}`);
      await page.clock.runFor(250);
      await setTimeout(50);
    }
  };
  const entries = (kind: string) => page.locator(`[data-testid=waiting-entry][data-kind=${kind}]`);
  const writeNote = async (text: string): Promise<void> => {
    await at(page, 'note-text').fill(text);
    await at(page, 'note-save').click();
    await at(page, 'dossier').getByText(text).waitFor();
  };
  const changePhone = async (phone: string): Promise<void> => {
    await at(page, 'dossier-edit').click();
    await at(page, 'customer-phone').fill(phone);
    await at(page, 'customer-new-submit').click();
    await entries('customer').getByText(phone).waitFor();
  };

  await page.goto(`/pair#${(await box.owner.makePairingCode()).code}`);
  await at(page, 'pair-submit').click();
  await at(page, `staff-${staff.name}`).click();
  await enterPin(page);
  await at(page, 'board').waitFor();
  await page.goto(`/customers/${id}?why=visit&tab=notes`);
  await at(page, 'note-text').waitFor();
  await page.locator('[data-testid=connection][data-status=live]').waitFor();
  await at(page, 'tab-overview').click();
  await at(page, 'own-edit').waitFor();
  await at(page, 'tab-notes').click();

  await t.test('written without the box: shown at once as waiting, kept where nobody can read it', async (t) => {
    link.down();
    await writeNote(NOTE);
    await entries('note').getByText(NOTE).waitFor();
    await until('offline', async () => (await at(page, 'connection').getAttribute('data-status')) === 'offline');
    await changePhone(PHONES.mine);
    t.equal(await at(page, 'dossier-name').innerText(), NAME, 'the dossier stays readable');
    await at(page, 'dossier-stale').waitFor();
    await at(page, 'tab-overview').click();
    await at(page, 'own-edit').click();
    await page.locator(`#field-${ring}`).fill(RING);
    await at(page, 'fields-save').click();
    await entries('fields').getByText(RING).waitFor();
    await at(page, 'tab-notes').click();
    t.equal(await at(page, 'waiting-pill').getAttribute('data-waiting'), '3');
    await at(page, 'note-text').fill(DRAFT);
    await until('four kept', async () => (await kept()).rows === 4);
    const { text, fields, databases } = await kept();
    t.strictSame(fields, ['atMs', 'id', 'iv', 'owner', 'sealed']);
    t.strictSame(databases, ['portico-outbox']);
    for (const secret of [NAME, NOTE, '细表带', RING, DRAFT, PHONES.mine, PHONES.before, id]) t.notOk(text.includes(secret), secret);
    t.ok(text.includes(staff.id), 'it is really looked at');
  });

  await t.test('an hour later: the note is there once, as old as it is, and the person chooses between two numbers', async (t) => {
    const writtenMs = clock.now();
    clock.move(HOUR_MS);
    await page.clock.fastForward(HOUR_MS);
    await box.owner.call('PATCH', `/customers/${id}`, { phone: PHONES.theirs });
    await link.up();
    await until('the conflict', async () => (await at(page, 'conflict').count()) === 1);
    t.equal(await at(page, 'conflict-theirs').innerText(), PHONES.theirs);
    t.equal(await at(page, 'conflict-mine').innerText(), PHONES.mine);
    const { notes, phone } = await dossier();
    t.equal(phone, PHONES.theirs, 'nothing was written over it');
    t.strictSame(notes.map((note) => [note.text, note.author]), [[NOTE, staff.name]]);
    t.ok(Math.abs(Date.parse(notes[0]!.at) - writtenMs) < 120_000, `${notes[0]!.at} is when it was written`);
    await at(page, 'note').getByText(NOTE).waitFor();
    t.equal(await entries('note').count(), 0, 'nor does it wait any more');
    await until('my ring size', async () => (await dossier()).fields.some(({ value }) => 'text' in value && value.text === RING));
    await at(page, 'keep-mine').click();
    await at(page, 'conflict').waitFor({ state: 'detached' });
    await until('my number', async () => (await dossier()).phone === PHONES.mine);
    await at(page, 'dossier').getByText(groupPhone(PHONES.mine)).waitFor(); // read again
    await until('the page has heard', async () => (await at(page, 'waiting-pill').count()) === 0);
  });

  await t.test('locked and reloaded while entries wait: nothing is shown, and all is there after the PIN', async (t) => {
    link.down();
    await writeNote(LAST_NOTE);
    await changePhone(PHONES.last);
    await at(page, 'note-text').fill(DRAFT);
    await until('three kept', async () => (await kept()).rows === 3);
    await at(page, 'nav-lock').click();
    await at(page, 'lock-screen').waitFor();
    await link.up();
    await page.reload();
    await at(page, 'pin-pad').waitFor();
    for (const secret of [NAME, LAST_NOTE, DRAFT, PHONES.last]) t.notOk((await page.locator('body').innerText()).includes(secret), secret);
    t.equal((await kept()).rows, 3);
    // As if the box were too busy to take them yet.
    await page.route(/\/api\/v1\/customers\/[^?]*$/, (route) => (route.request().method() === 'GET' ? route.continue() : route.abort()));
    await enterPin(page);
    await until('both wait', async () => (await at(page, 'waiting-pill').count()) === 1 && (await at(page, 'waiting-pill').getAttribute('data-waiting')) === '2');
    await at(page, 'waiting-pill').click();
    t.match(await at(page, 'waiting-sheet').innerText(), new RegExp(`${NAME}[^]*${LAST_NOTE}[^]*${NAME}[^]*${PHONES.last}`));
    await page.unrouteAll();
    await until('all sent', async () => (await at(page, 'waiting-pill').count()) === 0);
    await at(page, 'sheet-close').click();
    const { notes, phone } = await dossier();
    t.strictSame(notes.map(({ text }) => text).sort(), [NOTE, LAST_NOTE].sort());
    t.equal(phone, PHONES.last);
    await page.goto(`/customers/${id}?why=visit&tab=notes`);
    await until('the draft', async () => (await at(page, 'note-text').inputValue()) === DRAFT);
  });

  await t.test('what the box refuses stays, with its reason, until the person decides', async (t) => {
    await officer.call('PUT', `/customers/${id}/restriction`, { restricted: true, reason: '顾客要求' });
    await at(page, 'note-save').click();
    await page.locator('[data-testid=waiting-entry][data-state=refused]').getByText(DRAFT).waitFor();
    t.match(await at(page, 'refused-why').innerText(), /限制/);
    t.equal(await at(page, 'waiting-pill').getAttribute('data-undecided'), '1');
    await at(page, 'waiting-discard').click();
    await at(page, 'waiting-pill').waitFor({ state: 'detached' });
    await at(page, 'toast-undo').click();
    await officer.call('PUT', `/customers/${id}/restriction`, { restricted: false, reason: '已解决' });
    await at(page, 'waiting-again').click();
    await at(page, 'note').getByText(DRAFT).waitFor();
    await until('nothing is kept', async () => (await kept()).rows === 0);
  });

  await t.test('what is made without the box comes later, once; what must not come late cannot be sent', async (t) => {
    await page.goto(`/customers/${id}?why=visit&tab=dealings`);
    await at(page, 'ticket-add').waitFor();
    link.down();
    await until('offline', async () => (await at(page, 'connection').getAttribute('data-status')) === 'offline');
    await at(page, 'ticket-add').click();
    await at(page, 'ticket-subject').fill(TICKET);
    await at(page, 'ticket-save').click();
    await entries('made').getByText(TICKET).waitFor();
    await at(page, 'appointment-add').click();
    await at(page, 'needs-box').waitFor();
    t.ok(await at(page, 'appointment-save').isDisabled());
    await link.up();
    await until('all sent', async () => (await at(page, 'waiting-pill').count()) === 0);
    t.strictSame((await dossier()).tickets.map(({ subject, by }) => [subject, by]), [[TICKET, staff.name]]);
    await at(page, 'needs-box').waitFor({ state: 'detached' });
    t.strictSame(problems, []);
  });

  await t.test('own fields: saved again while the first waits, and taken over from a merged dossier, without the box', async (t) => {
    const double = await box.owner.createCustomer({ displayName: '林小姐' });
    await box.owner.call('PUT', `/customers/${double.id}/fields`, { values: [{ fieldId: ring, value: { text: '九号' } }, { fieldId: strap, value: { text: '左手戴' } }] });
    await box.owner.call('POST', `/customers/${double.id}/merge`, { into: id });
    await page.goto(`/customers/${id}?why=visit`);
    await at(page, 'own-take-over').waitFor();
    link.down();
    await until('offline', async () => (await at(page, 'connection').getAttribute('data-status')) === 'offline');
    await at(page, 'own-take-over').click();
    await entries('fields').getByText('左手戴').waitFor();
    t.equal(await at(page, 'own-take-over').count(), 0);
    await at(page, 'own-edit').click();
    await page.locator(`#field-${ring}`).fill('十五号');
    await at(page, 'fields-save').click();
    await entries('fields').getByText('十五号').waitFor();
    await at(page, 'own-edit').click();
    await page.locator(`#field-${ring}`).fill('十六号');
    await link.up();
    await until('all sent', async () => (await at(page, 'waiting-pill').count()) === 0);
    await at(page, 'fields-save').click();
    await at(page, 'fields-form').waitFor({ state: 'detached' });
    const { fields } = await dossier();
    t.match(fields.map(({ value }) => value).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))), [{ text: '十六号' }, { text: '左手戴' }]);
    t.equal(await at(page, 'conflict').count(), 0);
  });

  await t.test('pages that were never opened do open without the box; one that did not come in time says so', async () => {
    await page.route(/\/assets\/LookUpPage-/, (route) => route.abort()); // this one does not come in time
    const loaded = page.waitForResponse(/\/assets\/SettingsPage-.*js/);
    await page.goto('/');
    await loaded;
    link.down();
    await until('offline', async () => (await at(page, 'connection').getAttribute('data-status')) === 'offline');
    await at(page, 'nav-settings').click();
    await at(page, 'settings').waitFor();
    await at(page, 'nav-lookup').click();
    await at(page, 'toast').getByText('还没有下载过').waitFor();
    await at(page, 'settings').waitFor();
  });
});
