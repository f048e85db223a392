/** One person with two dossiers: found at enrolment, merged, and taken apart again. */
import t from 'tap';
import type { Dossier, EnrolmentProgress, ErrorBody, Session } from '../../appliance/contract/index.js';
import { RefusedError } from '../../demo/client.js';
import { addAssociate, startBox } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { direction, openRooms } from '../support/rooms.js';
import { portrait } from '../support/scene.js';
import { drain } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const box = await startBox(t);
const { owner } = box;
const dossier = (id: string) => owner.call<Dossier>('GET', `/customers/${id}`);
const kept = await enrolPerson(box, 'P08', { displayName: '林知夏', purposes: ['recognise', 'greet', 'contact'] });
const double = await owner.createCustomer({ displayName: '林小姐', phone: '13800138000' });
await owner.giveConsent(double.id, { purposes: ['recognise', 'contact'] });
await owner.call('POST', `/customers/${double.id}/notes`, { text: '喜欢银色表盘' });
await owner.call('POST', `/customers/${double.id}/follow-ups`, { text: '回电' });
const { visitId } = await owner.call<{ visitId: string }>('POST', '/visits', { customerId: double.id });
/** Two iPads that look on. */
const pages = [await owner.live().opened(), await (await addAssociate(box, '小王')).device.live().opened()];
for (const page of pages) await page.nextOf('live.snapshot');
/** Whose name the open visit shows on each of them, after all that was told by now. */
const forgotten = new Set<string | null>();
const namesShown = () => Promise.all(pages.map(async (page) => (await drain(page)).flatMap((message) => {
  if (message.type === 'customer.forgotten') forgotten.add(message.data.customerId);
  return message.type === 'visit.updated' && message.data.visit.visitId === visitId ? [message.data.visit.displayName] : [];
}).at(-1)));

t.test('the box says whom the new face resembles', async (t) => {
  const { enrolmentId } = await owner.call<EnrolmentProgress>('POST', `/customers/${double.id}/enrolments`);
  await owner.call('POST', `/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P08'));
  const error = await owner.call('POST', `/enrolments/${enrolmentId}/finish`, { acceptFewer: true }).catch((thrown: unknown) => thrown);
  t.ok(error instanceof RefusedError);
  t.match((error as RefusedError).body, { code: 'face_already_enrolled', details: { customerId: kept } });
});

t.test('to the customer who holds the iPad it does not say whom, nor take their word that it is somebody else', async (t) => {
  const { device, staff } = await addAssociate(box, '小李');
  t.match(await device.call<Session>('POST', '/sessions/current/hand-over', { customerId: double.id }), { scope: 'handed_over', handedTo: double.id });
  const { enrolmentId } = await device.call<EnrolmentProgress>('POST', `/customers/${double.id}/enrolments`);
  await device.call('POST', `/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P08'));
  const finish = (choices: object) => device.send<ErrorBody>('POST', `/api/v1/enrolments/${enrolmentId}/finish`, choices);
  const { status, body } = await finish({ acceptFewer: true });
  t.strictSame([status, body.code, body.details], [409, 'face_already_enrolled', {}]);
  t.equal((await finish({ acceptFewer: true, despiteLikeness: true })).body.code, 'not_allowed');
  const others = await owner.call<EnrolmentProgress>('POST', `/customers/${kept}/enrolments`);
  for (const [method, path] of [['POST', 'photos'], ['POST', 'finish'], ['DELETE', '']] as const) {
    t.equal(await refusal(device.call(method, `/enrolments/${others.enrolmentId}/${path}`.replace(/\/$/, ''))), '403 not_allowed', `${method} ${path} of somebody else`);
  }
  await device.signIn(staff.id, '246802'); // the iPad comes back
  t.match((await finish({ acceptFewer: true })).body, { code: 'face_already_enrolled', details: { customerId: kept } }, 'the photos have waited');
  t.equal((await device.send('DELETE', `/api/v1/enrolments/${enrolmentId}`)).status, 204);
});

t.test('a dossier cannot be merged with itself or with nobody', async (t) => {
  t.equal(await refusal(owner.call('POST', `/customers/${kept}/merge`, { into: kept })), '409 merge_invalid');
  t.equal(await refusal(owner.call('POST', `/customers/${kept}/merge`, { into: crypto.randomUUID() })), '404 customer_not_found');
  t.equal(await refusal(owner.call('POST', `/customers/${crypto.randomUUID()}/merge`, { into: kept })), '404 customer_not_found');
});

let mergeId = '';
t.test('merging moves what the new dossier had and hides it', async (t) => {
  const merged = await owner.call<Dossier>('POST', `/customers/${double.id}/merge`, { into: kept });
  t.match(merged, { id: kept, displayName: '林知夏', phone: '13800138000', enrolled: true });
  t.strictSame([merged.notes.length, merged.followUps.length, merged.visits.length], [1, 1, 1]);
  t.type(merged.openVisitId, 'string', 'the open visit goes on under the dossier that stays');
  t.match(merged.merges, [{ displayName: '林小姐', by: '店长' }]);
  mergeId = merged.merges[0]!.id;
  t.equal(merged.openVisitId, visitId);
  t.strictSame(await namesShown(), ['林知夏', '林知夏'], 'every iPad shows it under that name at once');
  t.strictSame([...forgotten].sort(), [kept, double.id].sort(), 'and nothing of a visit that ended under the other');
  const gone = await dossier(double.id).catch((thrown: unknown) => thrown);
  t.match((gone as RefusedError).body, { code: 'customer_merged', details: { into: kept } });
  t.equal((await owner.call<{ id: string }[]>('GET', '/customers?query=%E6%9E%97')).filter((line) => line.id === double.id).length, 0, 'not found by name');
  t.equal(await refusal(owner.call('POST', '/visits', { customerId: double.id })), '404 customer_not_found');
  t.equal(await refusal(owner.giveConsent(double.id)), '404 customer_not_found');
  t.equal(await refusal(owner.call('POST', `/customers/${double.id}/enrolments`)), '403 consent_required', 'its consent ended');
  t.equal(await refusal(owner.call('POST', `/customers/${double.id}/merge`, { into: kept })), '410 customer_merged');
});

t.test('and it can be undone, row by row', async (t) => {
  await owner.call('POST', `/customers/${kept}/notes`, { text: '合并之后写的' });
  const back = await owner.call<Dossier>('POST', `/merges/${mergeId}/undo`);
  t.match(back, { id: double.id, displayName: '林小姐', phone: '13800138000', enrolled: false });
  t.equal(back.openVisitId, visitId);
  t.strictSame(await namesShown(), ['林小姐', '林小姐'], 'and every iPad shows the name it had');
  t.strictSame(back.notes.map((note) => note.text), ['喜欢银色表盘']);
  t.strictSame([back.followUps.length, back.visits.length], [1, 1]);
  t.equal(back.consents[0]!.endReason, 'replaced', 'consent has to be asked for again');
  const rest = await dossier(kept);
  t.match(rest, { phone: null, enrolled: true, merges: [] });
  t.strictSame(rest.notes.map((note) => note.text), ['合并之后写的'], 'what was written since stays');
  t.equal(await refusal(owner.call('POST', `/merges/${mergeId}/undo`)), '404 merge_not_found');
});

t.test('of two open visits one stays', async (t) => {
  await owner.call('POST', '/visits', { customerId: kept });
  const merged = await owner.call<Dossier>('POST', `/customers/${double.id}/merge`, { into: kept });
  t.equal(merged.visits.filter((visit) => visit.closedAt === null).length, 1);
});

t.test('merges are undone in the reverse order, and each dossier gets back its own', async (t) => {
  const [first, second, third] = await Promise.all(['甲', '乙', '丙'].map((displayName) => owner.createCustomer({ displayName })));
  await owner.call('POST', `/customers/${first!.id}/notes`, { text: '甲的' });
  await owner.call('POST', `/customers/${second!.id}/notes`, { text: '乙的' });
  const merge = async (from: string, into: string) => (await owner.call<Dossier>('POST', `/customers/${from}/merge`, { into })).merges[0]!.id;
  const inner = await merge(first!.id, second!.id);
  const outer = await merge(second!.id, third!.id);
  const error = await owner.call('POST', `/merges/${inner}/undo`).catch((thrown: unknown) => thrown);
  t.match((error as RefusedError).body, { code: 'merge_undo_order', details: { into: third!.id } });
  await owner.call('POST', `/merges/${outer}/undo`);
  await owner.call('POST', `/merges/${inner}/undo`);
  const notes = await Promise.all([first!, second!, third!].map(async ({ id }) => (await dossier(id)).notes.map((note) => note.text)));
  t.strictSame(notes, [['甲的'], ['乙的'], []]);
});

t.test('a consent that ends with a merge takes along what rested on it', async (t) => {
  const { clock, consent, customers, db, events, gallery, grant, visits } = openRooms(t);
  await gallery.start();
  t.teardown(() => gallery.stop());
  const [from, into] = [customers.create({ displayName: '走的' }).id, customers.create({ displayName: '留的' }).id];
  grant(from, ['recognise']);
  const arrive = () => consent.withProof(from, 'recognise', (proof) => {
    gallery.enrol(proof, [{ embedding: direction(0), pose: 'front', norm: 4 }]);
    return visits.recogniseArrival(proof, 'recognised', 0.77) as { visitId: string };
  })!.visitId;
  const earlier = arrive();
  clock.move(120_000);
  const open = arrive();
  t.strictSame([visits.byId(earlier).score, visits.byId(open).score], [0.77, 0.77]);
  const told: string[] = [];
  events.on('visitClosed', ({ visitId, reason }) => told.push(`closed ${visitId} ${reason}`));
  events.on('consentEnded', ({ customerId }) => told.push(`ended ${customerId}`));
  events.on('customerChanged', ({ customerId }) => told.push(`changed ${customerId}`));
  consent.endForMerge(from, (end) => customers.merge(from, into, 's', end));
  t.equal(visits.openVisitOf(into), null, 'nobody is in the store by a face that nobody agreed to');
  t.strictSame(db.all('SELECT id, customer_id, score, end_reason FROM visit ORDER BY rowid').map((row) => Object.values(row)),
    [[earlier, into, null, 'left'], [open, into, null, 'consent_withdrawn']]);
  t.strictSame(told, [`closed ${open} consent_withdrawn`, `ended ${from}`, `changed ${from}`, `changed ${into}`]);
});

t.test('a row that went elsewhere since does not come back', async (t) => {
  const { customers, db } = openRooms(t);
  const [from, into, other] = ['走的', '留的', '别人'].map((displayName) => customers.create({ displayName }).id);
  const { id } = customers.addNote(from!, '一条', 's');
  customers.merge(from!, into!, 's', () => {});
  db.run('UPDATE note SET customer_id = ? WHERE id = ?', other!, id);
  customers.undoMerge(customers.merges(into!)[0]!.id);
  t.strictSame([from!, into!, other!].map((each) => customers.notes(each).length), [0, 0, 1]);
});
