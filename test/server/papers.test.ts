/** Papers through the front door: the copy of a consent, the public key, the page on which anybody checks a receipt. */
import { createPrivateKey } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import { CompactSign } from 'jose';
import t from 'tap';
import { Audit } from '../../appliance/audit/index.js';
import type { Dossier, KeySet } from '../../appliance/contract/index.js';
import { handleError } from '../../appliance/http/errors.js';
import { receiptRoutes } from '../../appliance/http/routes/papers.js';
import { PorticoError } from '../../appliance/kit/index.js';
import { findStatement, verifyStatement, type DeletionClaims } from '../../appliance/papers/index.js';
import type { Visitor } from '../../appliance/access/index.js';
import { findChromium, launchChromium } from '../browser/chromium.js';
import { startBox } from '../support/box.js';
import { query } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { deletion, openSigner, SEAL, STORE } from '../support/papers.js';
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

  const executable = findChromium();
  await t.test('anybody checks a receipt on a phone that is not paired', { skip: executable === null && 'no Chromium here' }, async (t) => {
    const [key] = query<{ kid: string; private_pem: string }>(box.dataDirectory, 'SELECT kid, private_pem FROM box_key');
    const { id, customerId, scope, reason, requestedAt, completedAt, templatesDeleted, keyDestroyed } = deletion();
    const claims: DeletionClaims = {
      iss: '和平路旗舰店', jti: id, sub: customerId, iat: 1772728223, scope, reason, requestedAt, completedAt: completedAt!, templatesDeleted, keyDestroyed, audit: { seq: 9, hash: SEAL },
    };
    const jws = await new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: 'ES256', kid: key!.kid, typ: 'portico-deletion+jwt' })
      .sign(createPrivateKey(key!.private_pem));
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
    for (const fact of ['顾客撤回同意', '1 份', customerId, id, key!.kid]) t.ok(said.includes(fact), fact);
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

t.test('the route of receipts signs what the deletion room says is done, for staff alone', async (t) => {
  const { signer, db, clock } = openSigner(t);
  const audit = new Audit({ db, clock });
  const known = new Map([deletion(), deletion({ id: '00000000-0000-4000-8000-000000000001', completedAt: null })].map((each) => [each.id, each]));
  const byId = (id: string) => {
    const found = known.get(id);
    if (found === undefined) throw new PorticoError('deletion_not_found');
    return found;
  };
  const staff = { device: { id: 'd' }, session: { scope: 'staff', staff: { id: 's' } } } as unknown as Visitor;
  let visitor: Visitor | null = staff;
  const app = fastify();
  t.teardown(() => app.close());
  app.setErrorHandler(handleError);
  app.decorateRequest('visitor', null);
  app.addHook('onRequest', async (request) => { request.visitor = visitor; });
  await app.register(receiptRoutes({ deletions: { byId }, audit, signer, box: STORE }));
  const get = (id: string) => app.inject({ url: `/deletions/${id}/receipt.pdf`, headers: { host: '192.168.1.20' } });

  visitor = null;
  t.equal((await get(deletion().id)).statusCode, 401);
  visitor = staff;
  t.equal((await get('00000000-0000-4000-8000-000000000002')).json<{ code: string }>().code, 'deletion_not_found');
  t.equal((await get('00000000-0000-4000-8000-000000000001')).json<{ code: string }>().code, 'deletion_pending', 'nothing is said to be gone before it is');
  const { rawPayload, statusCode } = await get(deletion().id);
  t.equal(statusCode, 200);
  const jws = findStatement(rawPayload);
  t.match((await verifyStatement(jws, signer.jwks())).claims, { jti: deletion().id, iss: STORE.storeName, audit: audit.head() });
  t.strictSame((await readPdf(rawPayload)).qrCodes, [`https://192.168.1.20/receipt#${jws}`]);
});
