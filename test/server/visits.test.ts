/** A day on the floor without recognition, through the front door: written in, served, handed on, noted, closed; two iPads look on. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import type { AuditPage, BoxHealth, Dossier, FollowUp, LiveMessage, Product, Purchase, Ticket, VisitCard, Wish } from '../../appliance/contract/index.js';
import { startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';
import { drain } from '../support/sockets.js';

const MINUTE_MS = 60_000;
const clock = new TestClock();
const box = await startBox(t, { clock });
const { owner } = box;
const officer = await addMember(box, '隐私官', 'privacy_officer');
const recognises = async () => (await owner.call<BoxHealth>('GET', '/health')).recognises;
const before = await recognises();
await officer.device.call('PUT', '/privacy/mode', { mode: 'off' });
const lu = await addMember(box, '陆遥', 'associate');
const zhou = await addMember(box, '周宁', 'associate');
const pages = [await lu.device.live().opened(), await zhou.device.live().opened()];
for (const page of pages) await page.nextOf('live.snapshot');
/** What each iPad was told by now. */
const told = (): Promise<LiveMessage[][]> => Promise.all(pages.map((page) => drain(page)));
/** The card as each iPad shows it after that. */
async function cards(): Promise<VisitCard[]> {
  return (await told()).map((messages) => messages.flatMap((message) => (message.type === 'visit.updated' || message.type === 'visit.opened' ? [message.data.visit] : [])).at(-1)!);
}
const customer = await lu.device.createCustomer({ displayName: '林知夏' });
const dossier = () => lu.device.call<Dossier>('GET', `/customers/${customer.id}`);
let visitId = '';
const visits = (path: string, body?: object, by = lu) => by.device.call<VisitCard>('POST', `/visits/${visitId}/${path}`, body);

t.test('written in by hand at two iPads at once it is one visit', async (t) => {
  const [one, other] = await Promise.all([lu, zhou].map(({ device }) => device.call<VisitCard>('POST', '/visits', { customerId: customer.id })));
  t.equal(one!.visitId, other!.visitId);
  visitId = one!.visitId;
  t.match(one, { arrival: 'by_hand', adviser: null, handedOver: null, looking: null, looks: 0, stages: [{ stage: 'register' }, { stage: 'arrive' }] });
  for (const card of await cards()) t.equal(card.visitId, visitId);
});

t.test('one serves, hands over with a note, and the other takes it up', async (t) => {
  t.equal(await refusal(visits('hand-over', { staffId: zhou.staff.id })), '409 hand_over_invalid', 'nobody serves yet');
  await visits('serve');
  clock.move(20 * MINUTE_MS);
  for (const staffId of [lu.staff.id, officer.staff.id, randomUUID()]) t.equal(await refusal(visits('hand-over', { staffId })), '409 hand_over_invalid');
  t.equal(await refusal(visits('hand-over', { staffId: zhou.staff.id }, zhou)), '409 hand_over_invalid', 'not from the one who serves');
  t.equal(await refusal(owner.call('POST', `/visits/${visitId}/hand-over`, { staffId: zhou.staff.id })), '409 hand_over_invalid', 'a manager neither');
  t.equal(await refusal(visits('hand-over', { staffId: zhou.staff.id, note: 'x'.repeat(301) })), '400 bad_request');
  await visits('hand-over', { staffId: zhou.staff.id, note: '在看腕表' });
  for (const card of await cards()) t.match(card, { adviser: null, handedOver: { by: { name: '陆遥' }, to: { id: zhou.staff.id }, note: '在看腕表' } });
  clock.move(5 * MINUTE_MS);
  await visits('serve', undefined, zhou);
  for (const card of await cards()) t.match(card, { adviser: { name: '周宁' }, handedOver: null });
  const [entry] = (await officer.device.call<AuditPage>('GET', '/audit?action=visit_handed_over')).entries;
  t.match(entry, { staff: { name: '陆遥' }, customer: { id: customer.id }, detail: { visitId, to: zhou.staff.id } });
  t.notOk(JSON.stringify(entry).includes('腕表'), 'no words of it');
});

t.test('a look at what is not on the list is refused; so is ending one that is not known', async (t) => {
  t.equal(await refusal(visits('looks', { productId: randomUUID() })), '404 product_not_found');
  for (const [method, path] of [['POST', 'looks/{}/end'], ['DELETE', 'looks/{}']] as const) {
    t.equal(await refusal(lu.device.call(method, `/${path.replace('{}', randomUUID())}`)), '404 look_not_found');
  }
});

t.test('stages by hand, both ways; a note marks the last by itself', async (t) => {
  await visits('stages', { stage: 'complete', reached: true }, zhou);
  t.match((await cards())[0]!.stages, [{ stage: 'register' }, { stage: 'arrive' }, { stage: 'complete', by: '周宁' }]);
  await visits('stages', { stage: 'complete', reached: false }, zhou);
  t.equal(await refusal(visits('stages', { stage: 'paid', reached: true })), '400 bad_request');
  await zhou.device.call('POST', `/customers/${customer.id}/notes`, { text: '下周再来' });
  t.match((await cards())[1]!.stages, [{ stage: 'register' }, { stage: 'arrive' }, { stage: 'reflect', by: null }]);
});

t.test('closed, it stands in the dossier: who, how long, with what words', async (t) => {
  clock.move(10 * MINUTE_MS);
  await zhou.device.call('POST', `/visits/${visitId}/close`);
  t.ok((await told()).every((messages) => messages.some((message) => message.type === 'visit.closed')));
  const [visit] = (await dossier()).visits;
  t.match(visit, { endReason: 'by_hand', adviser: '周宁', services: [{ by: { name: '陆遥' }, handedOver: { to: { name: '周宁' }, note: '在看腕表' } }, { by: { name: '周宁' }, handedOver: null }] });
  t.equal(Date.parse(visit!.lastSeenAt) - Date.parse(visit!.openedAt), 35 * MINUTE_MS);
  t.strictSame(visit!.services.map(({ from, to }) => Date.parse(to!) - Date.parse(from)), [20 * MINUTE_MS, 10 * MINUTE_MS]);
  for (const path of ['serve', 'hand-over', 'looks'] as const) {
    t.equal(await refusal(visits(path, path === 'serve' ? undefined : path === 'looks' ? { productId: randomUUID() } : { staffId: null })), '409 visit_closed', path);
  }
  const { id } = await lu.device.call<FollowUp>('POST', `/customers/${customer.id}/follow-ups`, { text: '回电' });
  await visits('stages', { stage: 'reflect', reached: false });
  await lu.device.call('POST', `/follow-ups/${id}/done`);
  t.ok((await dossier()).visits[0]!.stages.some(({ stage }) => stage === 'reflect'), 'looked back on after it');
  t.notOk((await told()).flat().some((message) => message.type === 'visit.updated'), 'its card does not come back');
});

t.test('the wrong card, scanned: undone in one request, and what was noted meanwhile is counted', async (t) => {
  clock.move(MINUTE_MS);
  const card = await lu.device.call<VisitCard>('POST', '/visits', { customerId: customer.id, by: 'scanned' });
  t.equal(card.arrival, 'scanned');
  await lu.device.call('POST', `/customers/${customer.id}/notes`, { text: '记错了人' });
  t.strictSame(await lu.device.call('POST', `/visits/${card.visitId}/not-this-person`), { customerId: customer.id, purchases: 0, notes: 1 });
  t.match((await dossier()).visits[0], { endReason: 'not_this_person', stages: [], looks: [] });
  t.match((await officer.device.call<AuditPage>('GET', '/audit?action=visit_rejected')).entries, [{ staff: { name: '陆遥' }, customer: { id: customer.id }, detail: { visitId: card.visitId, purchases: 0 } }]);
});

t.test('restricted at the customer\'s request: the visit goes on, words are not added', async (t) => {
  visitId = (await lu.device.call<VisitCard>('POST', '/visits', { customerId: customer.id })).visitId;
  await visits('serve');
  await officer.device.call('PUT', `/customers/${customer.id}/restriction`, { restricted: true, reason: '核实中' });
  t.equal(await refusal(visits('hand-over', { staffId: null, note: '在看腕表' })), '409 customer_restricted');
  await visits('hand-over', { staffId: null });
});

t.test('every board is told that recognition is off', async (t) => {
  t.strictSame([before, await recognises()], [true, false]);
});

t.test('what an iPad without a link kept is dated when it was done, and belongs to the visit of that time', async (t) => {
  const guest = (await owner.createCustomer({ displayName: '迟到的' })).id;
  const watch = await owner.call<Product>('POST', '/products', { sku: 'LATE-1', name: '迟到的表', priceMinor: 100, inStock: false });
  const madeMs = clock.now();
  clock.move(30 * MINUTE_MS);
  const { visitId } = await lu.device.call<VisitCard>('POST', '/visits', { customerId: guest });
  const openedMs = clock.now();
  const at = (ms: number) => new Date(ms).toISOString();
  clock.move(60 * MINUTE_MS);
  const wish = await lu.device.call<Wish>('POST', `/customers/${guest}/wishes`, { productId: watch.id, ageMs: 3_600_000 });
  t.equal(wish.at, at(openedMs));
  t.match(await lu.device.call('GET', '/products?query=LATE-1'), [{ waiting: 1 }], 'somebody waits for it');
  await lu.device.call('POST', `/products/${watch.id}/arrived`);
  t.match(await lu.device.call('GET', '/products?query=LATE-1'), [{ waiting: 0, arrivedAt: String }], 'and then nobody');
  await lu.device.call('POST', `/visits/${visitId}/close`);
  const late = await lu.device.call<Purchase>('POST', `/customers/${guest}/purchases`, { productId: watch.id, ageMs: 30 * MINUTE_MS });
  t.equal(late.at, at(openedMs + 30 * MINUTE_MS));
  t.equal(late.visitId, visitId, 'it was open then');
  clock.move(MINUTE_MS);
  const after = await lu.device.call<Purchase>('POST', `/customers/${guest}/purchases`, { text: '之后', amountMinor: 1 });
  t.equal(after.visitId, null, 'it was closed by hand before');
  t.equal((await lu.device.call<Ticket>('POST', `/customers/${guest}/tickets`, { subject: '换带', ageMs: 120 * MINUTE_MS })).at, at(madeMs), 'no dossier is older than it is');
  await lu.device.call('POST', `/visits/${visitId}/stages`, { stage: 'discover', reached: true, ageMs: 90 * MINUTE_MS });
  const { visits } = await lu.device.call<Dossier>('GET', `/customers/${guest}?why=edit`);
  t.match(visits[0]!.stages.find(({ stage }) => stage === 'discover'), { at: visits[0]!.openedAt }, 'not before the visit began');
  t.ok(visits[0]!.stages.some(({ stage }) => stage === 'complete'));
  for (const ageMs of [-1, 8 * 86_400_000]) t.equal(await refusal(lu.device.call('POST', `/customers/${guest}/wishes`, { text: 'x', ageMs })), '400 bad_request');
});
