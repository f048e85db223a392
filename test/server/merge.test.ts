/** One person with two dossiers: found at enrolment, merged, and taken apart again. */
import t from 'tap';
import type { Dossier, EnrolmentProgress } from '../../appliance/contract/index.js';
import { RefusedError } from '../../demo/client.js';
import { startBox } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { portrait } from '../support/scene.js';
import { enrolPerson } from '../support/store.js';

const box = await startBox(t);
const { owner } = box;
const dossier = (id: string) => owner.call<Dossier>('GET', `/customers/${id}`);
const kept = await enrolPerson(box, 'P08', { displayName: '林知夏' });
const double = await owner.createCustomer({ displayName: '林小姐', phone: '13800138000' });
await owner.giveConsent(double.id);
await owner.call('POST', `/customers/${double.id}/notes`, { text: '喜欢银色表盘' });
await owner.call('POST', `/customers/${double.id}/follow-ups`, { text: '回电' });
await owner.call('POST', '/visits', { customerId: double.id });

t.test('the box says whom the new face resembles', async (t) => {
  const { enrolmentId } = await owner.call<EnrolmentProgress>('POST', `/customers/${double.id}/enrolments`);
  await owner.call('POST', `/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P08'));
  const error = await owner.call('POST', `/enrolments/${enrolmentId}/finish`, { acceptFewer: true }).catch((thrown: unknown) => thrown);
  t.ok(error instanceof RefusedError);
  t.match((error as RefusedError).body, { code: 'face_already_enrolled', details: { customerId: kept } });
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
