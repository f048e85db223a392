/** "Is this ...?": what happens when the box is not sure. Two customers who look alike make it unsure for certain. */
import t from 'tap';
import type { VisitCard } from '../../appliance/contract/index.js';
import { addAssociate, startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { dumpTables, query } from '../support/disk.js';
import { portrait, scene } from '../support/scene.js';
import { drain, lookAtOne, type Camera } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
let camera: Camera;
let frame: Buffer;
let twins: string[];

const answer = (sightingId: string, text: string) => box.owner.call('POST', `/sightings/${sightingId}/answer`, { answer: text });

/** The person steps up anew: a fresh track, two frames. */
async function stepUp() {
  clock.move(4_000);
  const first = await lookAtOne(camera, frame);
  t.match(first, { decision: 'undecided', person: null, sightingId: null }, 'one frame alone asks nothing');
  return lookAtOne(camera, frame);
}

t.before(async () => {
  const picture = await portrait('P18');
  twins = [await enrolPerson(box, 'P18', { displayName: '双胞胎甲' }), await enrolPerson(box, 'P18', { displayName: '双胞胎乙', despiteLikeness: true })];
  frame = await scene({ picture, x: 640, y: 360, height: 420 });
  camera = await box.owner.camera('look_up').opened();
});

t.test('asks every page, once, and tells them all when it is answered with yes', async (t) => {
  const { device, staff } = await addAssociate(box, '小林');
  const live = await device.live().opened();
  await live.nextOf('live.snapshot');

  const face = await stepUp();
  t.equal(face.decision, 'candidate');
  t.ok(twins.includes(face.person!.customerId));
  const { candidate } = (await live.nextOf('sighting.candidate')).data;
  t.equal(candidate.sightingId, face.sightingId);
  t.equal(candidate.customerId, face.person!.customerId);
  t.equal(Date.parse(candidate.expiresAt) - Date.parse(candidate.askedAt), 120_000);

  t.equal((await lookAtOne(camera, frame)).sightingId, face.sightingId, 'the same question');
  t.strictSame(await drain(live), [], 'asked once');
  const late = await box.owner.live().opened();
  t.strictSame((await late.nextOf('live.snapshot')).data.candidates, [candidate], 'a page that comes later sees it');
  late.close();

  await device.call('POST', `/sightings/${candidate.sightingId}/answer`, { answer: 'yes' });
  t.match((await live.nextOf('visit.opened')).data.visit, { customerId: candidate.customerId, arrival: 'confirmed', score: candidate.score } as Partial<VisitCard>);
  t.strictSame((await live.nextOf('sighting.resolved')).data, { sightingId: candidate.sightingId, answer: 'yes' });
  t.equal(await refusal(answer(candidate.sightingId, 'no')), '410 sighting_gone', 'answered twice');
  t.strictSame(query(box.dataDirectory, 'SELECT id, customer_id, answer, staff_id FROM sighting_answer'),
    [{ id: candidate.sightingId, customer_id: candidate.customerId, answer: 'yes', staff_id: staff.id }]);

  await stepUp();
  t.strictSame((await drain(live)).map((message) => message.type).filter((type) => type === 'sighting.candidate'), [], 'who is in the store is not asked about');
  live.close();
  const visit = (await box.owner.call<{ openVisitId: string }>('GET', `/customers/${candidate.customerId}`)).openVisitId;
  await box.owner.call('POST', `/visits/${visit}/close`);
});

for (const word of ['no', 'unsure'] as const) {
  t.test(`"${word}" opens no visit and is not asked again for ten minutes`, async (t) => {
    clock.move(11 * 60_000);
    const face = await stepUp();
    const sightingId = face.sightingId!;
    const visits = dumpTables(box.dataDirectory)['visit'];
    await answer(sightingId, word);
    t.strictSame(dumpTables(box.dataDirectory)['visit'], visits);
    t.equal((await lookAtOne(camera, frame)).sightingId, null);
    clock.move(9 * 60_000);
    t.equal((await stepUp()).sightingId, null, 'nine minutes later');
    clock.move(70_000);
    const again = (await stepUp()).sightingId;
    t.ok(again !== null && again !== sightingId, 'ten minutes later: a new question');
    await answer(again!, word);
  });
}

t.test('a question nobody answers runs out; then it is gone, and the person is asked about anew', async (t) => {
  clock.move(11 * 60_000);
  const live = await box.owner.live().opened();
  await live.nextOf('live.snapshot');
  const { sightingId } = await stepUp();
  clock.move(120_000);
  t.equal(await refusal(answer(sightingId!, 'yes')), '410 sighting_gone');
  const fresh = await stepUp();
  t.not(fresh.sightingId, sightingId, 'an expired question is not shown again');
  t.ok(fresh.sightingId !== null, 'the person is still there: a new question');
  t.equal(await refusal(answer(fresh.sightingId!, 'unsure')), 'accepted', 'what the camera shows can be answered');
  const resolved = await live.nextOf('sighting.resolved');
  t.strictSame(resolved.data, { sightingId, answer: 'expired' }, 'pages are told to take the card away');
  live.close();
});

t.test('unknown questions and answers are refused', async (t) => {
  t.equal(await refusal(answer('0b6a8a1e-0000-4000-8000-000000000000', 'yes')), '410 sighting_gone');
  t.equal(await refusal(answer('not-an-id', 'yes')), '400 bad_request');
  t.equal(await refusal(answer('0b6a8a1e-0000-4000-8000-000000000000', 'perhaps')), '400 bad_request');
});

t.test('a question about somebody who withdraws is taken away, and "yes" can no longer be said', async (t) => {
  clock.move(11 * 60_000);
  const face = await stepUp();
  const live = await box.owner.live().opened();
  t.equal((await live.nextOf('live.snapshot')).data.candidates.length, 1);
  const { customerId } = face.person!;
  await box.owner.call('POST', `/customers/${customerId}/consents/withdraw`);
  t.strictSame((await live.nextOf('sighting.resolved')).data, { sightingId: face.sightingId, answer: 'expired' });
  t.equal(await refusal(answer(face.sightingId!, 'yes')), '410 sighting_gone');
  t.equal(query<{ n: number }>(box.dataDirectory, `SELECT count(*) AS n FROM visit WHERE customer_id = '${customerId}' AND closed_at_ms IS NULL`)[0]!.n, 0);

  // The other of the two is alone now: no doubt is left.
  const other = await lookAtOne(camera, frame);
  t.not(other.person?.customerId, customerId);
  const next = await lookAtOne(camera, frame);
  t.match(next, { decision: 'known', person: { customerId: twins.find((id) => id !== customerId) } });
  live.close();
});
