/** Ways in without a face, in a real browser: the code of the customer's phone before the iPad's camera, a reader that types, duplicates. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { toBuffer } from 'qrcode';
import sharp from 'sharp';
import t from 'tap';
import { LINK_HEADER, type MemberCodeLink, type OwnMemberCode } from '../../appliance/contract/index.js';
import { startBox, temporaryDirectory, TestClock } from '../support/box.js';
import { findChromium, launchChromium, writeCameraFile } from './chromium.js';
import { readerTypes } from './pages.js';

const executable = findChromium();
const SHOTS = join(process.cwd(), 'screenshots');
const at = (page: Page, id: string) => page.getByTestId(id);

/** A phone with a QR code, held into the picture a little askew. */
async function showing(text: string): Promise<Buffer> {
  const phone = await sharp(await toBuffer(text, { width: 360, margin: 3 })).rotate(7, { background: '#8a8a86' }).png().toBuffer();
  return sharp({ create: { width: 1280, height: 720, channels: 3, background: '#8a8a86' } }).composite([{ input: phone, left: 430, top: 150 }]).jpeg({ quality: 80 }).toBuffer();
}

t.test('scanned by the camera, typed by a reader, told of as duplicates', { skip: executable === null ? 'no Chromium on this machine: apt install chromium' : false, timeout: 120_000 }, async (t) => {
  mkdirSync(SHOTS, { recursive: true });
  const clock = new TestClock(); // stands still: so does the code
  const box = await startBox(t, { clock });
  const { id } = await box.owner.createCustomer({ displayName: '王芳', salutation: '王女士', phone: '13812345678', tier: '金卡' });
  await box.owner.createCustomer({ displayName: '王芳', tier: '银卡' });
  await box.owner.call('POST', `/customers/${id}/notes`, { text: '周末常来，喜欢靠窗的座位，上次看中玫瑰金的表链' });
  for (const [name, barcode] of [['月相腕表', '6901234567892'], ['表带', '6901234567808']]) await box.owner.call('POST', '/products', { sku: barcode, name, barcode });
  const link = await box.owner.call<MemberCodeLink>('POST', `/customers/${id}/member-code`);
  const { body: own } = await box.owner.send<OwnMemberCode>('GET', '/api/v1/member', undefined, { [LINK_HEADER]: new URL(link.url).hash.slice(1) });
  const code = own.prefix + TOTP.generate({ secret: Secret.fromBase32(own.secret), algorithm: own.algorithm, digits: own.digits, period: own.periodSeconds, timestamp: clock.now() });
  const cameraFile = join(temporaryDirectory(t), 'camera.mjpeg');
  writeCameraFile(cameraFile, [await showing(code)]);
  const browser = await launchChromium(executable!, cameraFile, box.appliance.rootPem);
  t.teardown(() => browser.close());
  const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', permissions: ['camera'], baseURL: box.url, viewport: { width: 1180, height: 820 } });
  context.setDefaultTimeout(20_000);
  const wrong: string[] = [];
  await context.exposeFunction('tellViolation', (line: string) => wrong.push(line));
  await context.addInitScript(`document.addEventListener('securitypolicyviolation', (event) => tellViolation(event.effectiveDirective + ' ' + event.blockedURI))`);
  context.on('request', (request) => { if (/^https?:/.test(request.url()) && new URL(request.url()).host !== new URL(box.url).host) wrong.push(request.url()); });
  const page = await context.newPage();
  await page.goto(`/pair#${(await box.owner.makePairingCode()).code}`);
  await at(page, 'pair-submit').click();
  await at(page, 'staff-店长').click();
  for (const digit of '135790') await at(page, `pin-key-${digit}`).click();
  await at(page, 'board').waitFor();
  const shoot = async (name: string, on = page) => { await on.waitForTimeout(350); await on.screenshot({ path: join(SHOTS, `${name}.png`) }); };

  await t.test('three taps from the board to the card: find, scan, arrived', async (t) => {
    await at(page, 'find-customer').click();
    await at(page, 'scan').click();
    await at(page, 'scan-found').waitFor();
    t.equal(await at(page, 'scan-found').getAttribute('data-by'), 'member_code');
    t.equal(await page.locator('video').count(), 0, 'the camera is off again');
    await shoot('scan-found');
    await at(page, 'scan-arrive').click();
    await page.getByTestId('visit-card').first().waitFor();
    await at(page, 'sheet-close').waitFor({ state: 'detached' }); // its search field would take what a reader types
  });

  await t.test('a product from the reader: what it is, what my one customer looks at, what is picked in the open sheet', async (t) => {
    const looksAt = (name: string) => at(page, 'looking').getByText(name).waitFor();
    await readerTypes(page, '6901234567892');
    await at(page, 'toast').getByText('月相').waitFor();
    t.equal(await at(page, 'toast-act').count(), 0, 'I serve nobody');
    await at(page, 'serve').click();
    await at(page, 'hand-over').waitFor();
    await readerTypes(page, '6901234567892');
    await at(page, 'toast-act').click();
    await looksAt('月相');
    await at(page, 'card-look').click();
    await at(page, 'product-row').first().waitFor();
    await readerTypes(page, '6901234567808');
    await looksAt('表带');
    await at(page, 'look-sheet').waitFor({ state: 'detached' });
    await at(page, 'card-look').click();
    await at(page, 'product-scan').click();
    await at(page, 'look-sheet').getByText(code).waitFor(); // the camera still sees the customer's code: no product
    await shoot('look-not-a-product');
    await at(page, 'sheet-close').last().click();
  });

  await t.test('a reader that types opens the sheet; into a field it types as anybody', async (t) => {
    await page.goto('/customers');
    await at(page, 'customer-row').first().waitFor();
    await readerTypes(page, '13812345678');
    await at(page, 'scan-found').waitFor();
    t.equal(await at(page, 'scan-found').getAttribute('data-by'), 'phone');
    await at(page, 'sheet-close').last().click();
    await at(page, 'scan-found').waitFor({ state: 'detached' });
    await at(page, 'customer-search').click();
    await readerTypes(page, '13812345678');
    await at(page, 'customer-search').fill('靠窗');
    await at(page, 'found-in').waitFor();
    t.match(await at(page, 'found-in').innerText(), '靠窗的座位');
    t.equal(await at(page, 'scan-found').count(), 0);
    await shoot('search-note');
  });

  await t.test('duplicates stand beside each other; an undo lies above the sheet; dismissed, they are gone', async (t) => {
    await at(page, 'duplicates').click();
    await at(page, 'duplicate').waitFor();
    await shoot('duplicates');
    await at(page, 'duplicate-merge').first().click();
    await at(page, 'toast-undo').click(); // above the sheet, which stays
    await at(page, 'duplicate-dismiss').click();
    await at(page, 'duplicate').waitFor({ state: 'detached' });
    t.equal(await at(page, 'duplicates').count(), 0);
    await at(page, 'sheet-close').last().click();
  });

  await t.test('the dossier makes a new code for the customer\'s phone, and takes a card from the reader', async (t) => {
    await page.goto(`/customers/${id}`);
    await at(page, 'tag-add').click();
    await at(page, 'tag-hold').waitFor();
    await readerTypes(page, '04A2B3C4D5');
    await at(page, 'tag').waitFor();
    await at(page, 'member-code-make').click();
    const url = await at(page, 'member-qr').getAttribute('data-url');
    await shoot('member-link');
    const phone = await (await browser.newContext({ locale: 'zh-CN', baseURL: box.url, viewport: { width: 390, height: 844 }, hasTouch: true })).newPage();
    await phone.goto(url!);
    await phone.getByTestId('member-code').waitFor();
    const digits = (await phone.getByTestId('member-digits').innerText()).replace(/\s/g, '');
    t.match(await phone.getByTestId('member-code').getAttribute('data-value'), new RegExp(`^PM1-[A-Z2-7]{16}-${digits}$`));
    await phone.context().setOffline(true);
    await phone.waitForTimeout(700);
    t.ok(await phone.getByTestId('member-digits').isVisible(), 'without a network');
    await shoot('member-phone', phone);
    await phone.context().close();
  });
  t.strictSame(wrong, [], 'nothing broke the policy, and no other host was asked');
});
