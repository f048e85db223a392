/** Products, dealings and files over the network: forms, errors, what is written down, what a browser may do with a file, what goes with the dossier. */
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import t from 'tap';
import type { AuditPage, DayAppointment, Dossier, ErrorBody, Product, ProductImport, Purchase, StoredFile, Ticket, VisitCard, Wish } from '../../appliance/contract/index.js';
import { addAssociate, startBox } from '../support/box.js';
import { dumpTables } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';
import { emptyScene, portrait } from '../support/scene.js';

const box = await startBox(t);
const { device: associate } = await addAssociate(box, '小周');
const officer = (await addMember(box, '隐私官', 'privacy_officer')).device;
const send = <T = ErrorBody>(method: string, path: string, body?: unknown, type?: string, client = box.owner) =>
  client.send<T>(method, `/api/v1${path}`, body, type === undefined ? {} : { 'content-type': type });
const { id } = await box.owner.createCustomer({ displayName: '林女士', salutation: '林女士' });
const dossier = () => box.owner.call<Dossier>('GET', `/customers/${id}`);
const CSV = '货号,名称,品牌,价格,条码\nL-1,月相腕表,浪琴,12800,690\nL-2,表带,浪琴,九十九,691\nL-3,表盒,,,\n';

t.test('products: managers keep the list, everybody finds in it and says what came in', async (t) => {
  t.match(await send<ProductImport>('POST', '/products/import?dryRun=true', CSV, 'text/csv'), { status: 200, body: { added: 2, refusedLines: 1, sample: [{ line: 2, becomes: 'added' }, { line: 4 }] } });
  t.strictSame(await box.owner.call('GET', '/products'), [], 'nothing is written by a look at it');
  const imported = await send<ProductImport>('POST', '/products/import', CSV, 'text/csv; charset=utf-8');
  t.match(imported, { status: 200, body: { added: 2, changed: 0, unchanged: 0, refusedLines: 1, refused: [{ line: 3, code: 'price_invalid', column: '价格' }] } });
  for (const [body, type, expected] of [
    ['not a table', 'text/csv', '400 csv_invalid'], ['', 'text/csv', '400 csv_invalid'], [{}, 'application/json', '415 unsupported_media_type'], [`sku,name\n${'x'.repeat(1_000_000)}`, 'text/csv', '413 body_too_large'],
  ] as const) {
    const answer = await send('POST', '/products/import', body, type);
    t.equal(`${answer.status} ${answer.body.code}`, expected);
  }
  t.match(await send('POST', '/products/import', CSV, 'text/csv', associate), { status: 403, body: { code: 'not_allowed' } });
  t.equal(await refusal(associate.call('POST', '/products', { sku: 'x', name: 'x' })), '403 not_allowed');
  t.equal(await refusal(box.owner.call('POST', '/products', { sku: 'L-1', name: 'x' })), '409 product_sku_taken');
  t.equal(await refusal(box.owner.call('POST', '/products', { sku: 'L-4', name: 'x', barcode: '690' })), '409 product_barcode_taken');
  t.equal(await refusal(box.owner.call('PATCH', `/products/${randomUUID()}`, { name: 'x' })), '404 product_not_found');
  const [watch] = await associate.call<Product[]>('GET', `/products?query=${encodeURIComponent('月相')}`);
  t.match(watch, { sku: 'L-1', priceMinor: 1_280_000, arrivedAt: null });
  t.match(await associate.call('POST', `/products/${watch!.id}/arrived`), { inStock: true, arrivedAt: String });
  const extra = await box.owner.call<Product>('POST', '/products', { sku: 'L-9', name: '临时' });
  t.match(await box.owner.call('PATCH', `/products/${extra.id}`, { category: '配件' }), { category: '配件', brand: null });
  await box.owner.call('DELETE', `/products/${extra.id}`);
  t.strictSame(await box.owner.call('GET', '/products?query=L-9'), []);
});

t.test('dealings: from a wish to a purchase in the open visit, and back; each on the dossier', async (t) => {
  const [watch] = await associate.call<Product[]>('GET', '/products?query=L-1');
  const wish = await associate.call<Wish>('POST', `/customers/${id}/wishes`, { productId: watch!.id, id: randomUUID() });
  t.match((await dossier()).wishes, [{ id: wish.id, ended: null }]);
  const visit = await associate.call<VisitCard>('POST', '/visits', { customerId: id });
  const purchase = await associate.call<Purchase>('POST', `/customers/${id}/purchases`, { productId: watch!.id, id: randomUUID() });
  t.strictSame(await associate.call('POST', `/customers/${id}/purchases`, { productId: watch!.id, id: purchase.id }), purchase, 'sent again');
  t.match(purchase, { amountMinor: 1_280_000, visitId: visit.visitId, by: '小周' });
  const back = { quantity: 1, amountMinor: 1_000, id: randomUUID() };
  for (let sent = 1; sent <= 2; sent++) t.match(await associate.call('POST', `/purchases/${purchase.id}/return`, back), { returned: 1 });
  t.equal(await refusal(associate.call('POST', `/purchases/${purchase.id}/return`, { quantity: 1, amountMinor: 0 })), '409 return_invalid');
  t.equal(await refusal(associate.call('DELETE', `/purchases/${purchase.id}`)), '409 purchase_settled');
  const slip = await associate.call<Purchase>('POST', `/customers/${id}/purchases`, { text: '手滑', amountMinor: 1 });
  await associate.call('DELETE', `/purchases/${slip.id}`);
  const older = await associate.call<Purchase>('POST', `/customers/${id}/purchases`, { text: '记错了', amountMinor: 1 });
  await box.owner.call('DELETE', `/purchases/${older.id}`); // a manager puts right what somebody else wrote
  t.equal(await refusal(associate.call('POST', `/customers/${id}/purchases`, { text: '没有价钱' })), '400 purchase_incomplete');

  const ticket = await associate.call<Ticket>('POST', `/customers/${id}/tickets`, { subject: '换表带' });
  t.match(await associate.call('PATCH', `/tickets/${ticket.id}`, { state: 'ready' }), { state: 'ready' });
  const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
  const appointment = await associate.call<{ id: string }>('POST', `/customers/${id}/appointments`, { day: today, time: '23:59', subject: '取表' });
  t.match(await associate.call<DayAppointment[]>('GET', '/appointments'), [{ id: appointment.id, customerId: id, salutation: '林女士' }]);
  await associate.call('PATCH', `/appointments/${appointment.id}`, { state: 'kept' });
  t.match(await associate.call('POST', `/wishes/${wish.id}/end`, { outcome: 'dropped' }), { ended: { outcome: 'bought' } });
  t.match(await dossier(), { wishes: { length: 1 }, purchases: { length: 1 }, tickets: [{ state: 'ready' }], appointments: [{ state: 'kept' }] });
  for (const [method, path, body, expected] of [
    ['POST', `/customers/${id}/wishes`, {}, '400 bad_request'], ['POST', `/customers/${randomUUID()}/wishes`, { text: 'x' }, '404 customer_not_found'],
    ['POST', `/wishes/${randomUUID()}/end`, { outcome: 'dropped' }, '404 wish_not_found'], ['POST', `/purchases/${randomUUID()}/return`, { quantity: 1, amountMinor: 1 }, '404 purchase_not_found'],
    ['PATCH', `/tickets/${randomUUID()}`, { state: 'done' }, '404 ticket_not_found'], ['PATCH', `/appointments/${randomUUID()}`, { state: 'kept' }, '404 appointment_not_found'],
    ['POST', `/customers/${id}/appointments`, { day: '2026-02-30', time: '10:00', subject: 'x' }, '400 bad_request'],
    ['POST', `/customers/${id}/appointments`, { day: '2027-02-01', time: '24:00', subject: 'x' }, '400 bad_request'],
  ] as const) t.equal(await refusal(associate.call(method, path, body)), expected, path);
});

t.test('files: no faces, nothing that runs, opened once a session on the record', async (t) => {
  const add = (body: unknown, type: string, query = `name=${encodeURIComponent('保修卡')}`) => send<StoredFile & ErrorBody>('POST', `/customers/${id}/files?${query}`, body, type, associate);
  t.match(await add(await portrait('P01'), 'image/png'), { status: 422, body: { code: 'file_has_face' } });
  t.match(await add(Buffer.from('<svg/>'), 'image/svg+xml'), { status: 422, body: { code: 'file_kind_refused' } });
  t.match(await add('{}', 'application/json'), { status: 415 });
  t.match(await add(Buffer.alloc(4_000_001), 'image/jpeg'), { status: 413, body: { code: 'file_too_large' } });
  t.match(await add(await emptyScene(), 'image/jpeg', 'name='), { status: 400 });
  t.strictSame((await dossier()).files, [], 'nothing was kept of them');
  const fileId = randomUUID();
  const photo = await add(await sharp(await emptyScene()).png().toBuffer(), 'image/png', `name=watch&id=${fileId}`);
  t.match(photo, { status: 201, body: { id: fileId, name: 'watch', mime: 'image/jpeg' } });
  t.match(await add(await sharp(await emptyScene()).png().toBuffer(), 'image/png', `name=watch&id=${fileId}`), { status: 201, body: { id: fileId } });
  const paper = await add(Buffer.from('%PDF-1.7 warranty'), 'application/pdf');

  const read = await send<Buffer>('GET', `/files/${fileId}`, undefined, undefined, associate);
  t.match(read.headers, { 'content-type': 'image/jpeg', 'content-disposition': 'inline', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'content-security-policy': /sandbox/ });
  t.equal((await sharp(read.body).metadata()).format, 'jpeg');
  await send('GET', `/files/${fileId}`, undefined, undefined, associate);
  const pdf = await send<Buffer>('GET', `/files/${paper.body.id}`, undefined, undefined, officer);
  t.match(pdf.headers, { 'content-type': 'application/pdf', 'content-disposition': /^attachment/ });
  t.equal(pdf.body.toString(), '%PDF-1.7 warranty');
  t.match(await associate.send('GET', `/api/v1/files/${paper.body.id}`, undefined, { 'sec-fetch-mode': 'navigate' }), { status: 403, body: { code: 'not_a_page' } });

  const log = async (action: string) => (await officer.call<AuditPage>('GET', `/audit?action=${action}&limit=50`)).entries;
  t.strictSame((await log('file_opened')).map(({ detail }) => detail['fileId']), [paper.body.id, fileId], 'twice in one session is once');
  t.notMatch(JSON.stringify([await log('file_added'), await log('purchase_added')]), /保修卡|watch|月相|手滑|1280000/, 'ids and counts, no words');
  for (const [action, times] of [['purchase_taken_back', 2], ['purchase_added', 3], ['purchase_returned', 1], ['file_added', 2]] as const) {
    t.equal((await log(action)).length, times, `${action}: what was sent again is written down once`);
  }
  await associate.call('DELETE', `/files/${paper.body.id}`);
  t.equal(await refusal(associate.call('DELETE', `/files/${paper.body.id}`)), '404 file_not_found');
});

t.test('all of it is in the access copy, and goes with the dossier', async (t) => {
  const { status, body } = await officer.send<Buffer>('GET', `/api/v1/customers/${id}/access-copy.pdf`);
  t.equal(status, 200);
  t.ok(body.length > 1_000);
  t.match(await officer.call('GET', `/customers/${id}/access-copy.json`), {
    currency: 'CNY', dossier: { wishes: { length: 1 }, purchases: { length: 1 }, tickets: { length: 1 }, appointments: { length: 1 }, files: { length: 1 } },
  });
  await officer.call('DELETE', `/customers/${id}`);
  await box.stop();
  const tables = dumpTables(box.dataDirectory) as Record<string, unknown[]>;
  for (const table of ['wish', 'purchase', 'ticket', 'appointment', 'file']) t.strictSame(tables[table], [], table);
  t.ok(tables['product']!.length > 0);
});
