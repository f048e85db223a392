/** Papers through the front door: the copy of a consent, the public key, the page on which anybody checks a receipt. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Dossier, KeySet, WithdrawalReceipt } from '../../appliance/contract/index.js';
import { findStatement, verifyStatement } from '../../appliance/papers/index.js';
import { packageRoot } from '../../models/manifest.js';
import { findChromium, launchChromium } from '../browser/chromium.js';
import { startBox, temporaryDirectory } from '../support/box.js';
import { query } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { readPdf } from '../support/pdf.js';

t.test('papers of a real box', async (t) => {
  const box = await startBox(t);
  const customer = await box.owner.createCustomer({ displayName: '王晓安' });
  await box.owner.giveConsent(customer.id, { purposes: ['recognise', 'contact'] });
  const [consent] = (await box.owner.call<Dossier>('GET', `/customers/${customer.id}`)).consents;
  const path = `/consents/${consent!.id}/copy.pdf`;

  await t.test('no copy for who is not signed in, and none of what is not there', async (t) => {
    t.equal(await refusal(box.stranger().call('GET', path)), '401 device_not_paired');
    t.equal(await refusal(box.owner.call('GET', '/consents/00000000-0000-4000-8000-000000000000/copy.pdf')), '404 consent_not_found');
    t.equal(await refusal(box.owner.call('GET', `${path}?language=fr`)), '400 bad_request');
  });

  await t.test('C5: the copy has what was signed, in the language it was read in or the one asked for, and is written down', async (t) => {
    const { body, headers } = await box.owner.send<Buffer>('GET', `/api/v1${path}`);
    t.equal(headers['content-type'], 'application/pdf');
    t.equal(headers['content-disposition'], `attachment; filename="consent-${consent!.id}.pdf"`);
    const { squeezed, strokes } = await readPdf(body);
    const keys = await box.stranger().call<KeySet>('GET', '/keys');
    for (const fact of ['王晓安', '店长', 'iPad1', consent!.id, keys.keys[0]!.kid, '人脸识别同意书（副本）', '个人信息处理者']) t.ok(squeezed.includes(fact), fact);
    t.ok(strokes[0]! > 8);
    const { body: english } = await box.owner.send<Buffer>('GET', `/api/v1${path}?language=en`);
    const read = await readPdf(english);
    t.ok(read.squeezed.includes('Consenttofacerecognition(copy)') && read.squeezed.includes('个人信息处理者'), 'the notice as it was read');
    const rows = query<{ customer_id: string; detail: string }>(box.dataDirectory, `SELECT customer_id, detail FROM audit_entry WHERE action = 'consent_copied' ORDER BY seq`);
    t.strictSame(rows.map(({ customer_id, detail }) => [customer_id, JSON.parse(detail)]),
      ['zh-CN', 'en'].map((language) => [customer.id, { consentId: consent!.id, language }]));
  });

  await t.test('the front desk gets none', async (t) => {
    const desk = box.stranger();
    await desk.pair((await box.owner.makePairingCode()).code, 'desk');
    await desk.signIn(box.ownerId, '135790');
    await desk.call('POST', '/sessions/current/front-desk');
    t.equal(await refusal(desk.call('GET', path)), '403 not_allowed');
  });

  let jws = '';
  let deletionId = '';
  await t.test('the receipt of a withdrawal: signed when all is gone, for staff alone', async (t) => {
    const receipt = await box.owner.call<WithdrawalReceipt>('POST', `/customers/${customer.id}/consents/withdraw`);
    jws = receipt.receipt!;
    deletionId = receipt.deletion!.id;
    const url = `/deletions/${deletionId}/receipt.pdf`;
    t.equal(await refusal(box.stranger().call('GET', url)), '401 device_not_paired');
    t.equal(await refusal(box.owner.call('GET', '/deletions/00000000-0000-4000-8000-000000000002/receipt.pdf')), '404 deletion_not_found');
    const { body } = await box.owner.send<Buffer>('GET', `/api/v1${url}`);
    const keys = await box.stranger().call<KeySet>('GET', '/keys');
    const signed = findStatement(body);
    t.match((await verifyStatement(signed, keys)).claims, { jti: deletionId, sub: customer.id, reason: 'withdrawn' });
    const [qrCode] = (await readPdf(body)).qrCodes;
    t.ok(qrCode!.endsWith(`/receipt#${signed}`), qrCode!);
    t.ok(receipt.receiptUrl!.endsWith(`/receipt#${jws}`));
    t.match(await box.owner.call('GET', `/deletions/${deletionId}`), { completedAt: String, receiptUrl: String });
  });

  await t.test('the commands of docs/receipts.md fetch the keys past the box\'s own certificate', async (t) => {
    const document = readFileSync(join(packageRoot(), 'docs/receipts.md'), 'utf8');
    const [, commands] = /```sh\nBOX=\S+\n([\s\S]*?)```/.exec(document)!;
    const directory = temporaryDirectory(t);
    // Not execFileSync: the box answers from this process.
    const { stdout } = await promisify(execFile)('/bin/sh', ['-ec', `BOX=${box.url}\n${commands!}`], { cwd: directory });
    const file = (name: string) => readFileSync(join(directory, name), 'utf8');
    t.strictSame(JSON.parse(file('keys.json')), await box.stranger().call<KeySet>('GET', '/keys'));
    t.equal(file('portico-root.crt'), box.appliance.rootPem);
    t.equal(/Fingerprint=(\S+)/.exec(stdout)![1]!.replaceAll(':', ''), box.appliance.rootFingerprint.replaceAll(/\s/g, ''), 'as the box prints it, but for spaces and colons');
    const strict = commands!.split('\n').find((line) => line.includes('--cacert'))!;
    await t.rejects(promisify(execFile)('/bin/sh', ['-ec', `BOX=${box.url}\n${strict.replace('--cacert portico-root.crt', '')}`], { cwd: directory }), { code: 60 }, 'without it curl refuses');
  });

  const executable = findChromium();
  await t.test('anybody checks a receipt on a phone that is not paired', { skip: executable === null && 'no Chromium here' }, async (t) => {
    const browser = await launchChromium(executable!, '/dev/null', box.appliance.rootPem);
    t.teardown(() => browser.close());
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', baseURL: box.url });
    const page = await context.newPage();
    const outcome = async (fragment: string, wanted: string) => {
      await page.goto(`/receipt#${fragment}`);
      await page.locator(`[data-testid=receipt-outcome][data-outcome=${wanted}]`).waitFor();
    };
    const shots = join(process.cwd(), 'screenshots');
    mkdirSync(shots, { recursive: true });
    await outcome(jws, 'valid');
    const said = await page.getByTestId('receipt-statement').innerText();
    const { keys: [key] } = await box.stranger().call<KeySet>('GET', '/keys');
    for (const fact of ['顾客撤回同意', '0 份', customer.id, deletionId, key!.kid]) t.ok(said.includes(fact), fact);
    await page.screenshot({ path: join(shots, 'receipt-valid.png'), fullPage: true });
    await outcome(jws.replace(/\.(.{30})./, '.$1~').replace('~', jws.split('.')[1]![30] === 'A' ? 'B' : 'A'), 'altered');
    t.equal(await page.getByTestId('receipt-statement').count(), 0, 'nothing of it is shown as if it were true');
    await page.screenshot({ path: join(shots, 'receipt-altered.png') });
    await outcome('', 'not_a_receipt');
    await outcome(jws, 'valid');
    await page.getByTestId('lang-switch').click();
    t.match(await page.getByTestId('receipt-outcome').innerText(), /This receipt is valid/);
    await page.setViewportSize({ width: 1180, height: 820 });
    await page.screenshot({ path: join(shots, 'receipt-valid-en.png') });
  });
});
