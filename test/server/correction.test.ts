/**
 * An early frame names the wrong dossier, later frames the right one. For certain, and with real pictures: one person is
 * enrolled twice, each time from another photo, and the first frame shows the one, the rest the other.
 */
import t from 'tap';
import { startBox, TestClock } from '../support/box.js';
import { portrait, scene } from '../support/scene.js';
import { drain, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';
import type { Dossier } from '../../appliance/contract/index.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const photos = [await portrait('P03', 'sample1.jpg'), await portrait('P03', 'sample3.jpg')] as const;
const wrong = await enrolPerson(box, 'P03', { displayName: '认错的', photos: [photos[0]] });
const right = await enrolPerson(box, 'P03', { displayName: '认对的', photos: [photos[1]], despiteLikeness: true });
const frames = await Promise.all(photos.map((picture) => scene({ picture, x: 640, y: 360, height: 560 })));
const camera = box.owner.camera('look_up');
await camera.nextOf('camera.ready');
const live = box.owner.live();
await live.nextOf('live.snapshot');
const visits = async (id: string) => (await box.owner.call<Dossier>('GET', `/customers/${id}`)).visits;

t.test('the wrong card is taken back, the right one says what it corrects', async (t) => {
  t.match(await lookAtOne(camera, frames[0]!), { decision: 'known', person: { customerId: wrong } });
  const opened = (await live.nextOf('visit.opened')).data;
  t.match(opened, { visit: { customerId: wrong }, corrects: null });
  let face = await lookAtOne(camera, frames[1]!);
  for (let i = 0; i < 3 && face.decision !== 'known'; i++) face = await lookAtOne(camera, frames[1]!);
  t.match(face, { decision: 'known', person: { customerId: right } });
  const told = (await drain(live)).filter((message) => message.type === 'visit.closed' || message.type === 'visit.opened');
  t.match(told, [
    { type: 'visit.closed', data: { visitId: opened.visit.visitId, customerId: wrong, reason: 'corrected' } },
    { type: 'visit.opened', data: { visit: { customerId: right, lastVisitAt: null }, corrects: opened.visit.visitId } },
  ]);
  t.equal(told.length, 2);
  t.match(await visits(wrong), [{ endReason: 'corrected' }]);
});

t.test('after that the track asks rather than changing its mind again', async (t) => {
  t.match(await lookAtOne(camera, frames[1]!), { decision: 'known', person: { customerId: right } }, 'and keeps the name it was corrected to');
  for (let i = 0; i < 8; i++) {
    const { decision, person } = await lookAtOne(camera, frames[0]!);
    t.notOk(decision === 'known' && person!.customerId === wrong, 'another name for the same track');
  }
  t.equal((await visits(right))[0]!.closedAt, null, 'the corrected card stays');
  t.equal((await visits(wrong)).length, 1);
});

t.test('a card that somebody serves already is theirs to judge', async (t) => {
  await box.owner.call('POST', `/visits/${(await visits(right))[0]!.id}/close`);
  clock.move(130_000);
  await drain(live);
  t.match(await lookAtOne(camera, frames[0]!), { person: { customerId: wrong } });
  const { visit } = (await live.nextOf('visit.opened')).data;
  await box.owner.call('POST', `/visits/${visit.visitId}/serve`);
  for (let i = 0; i < 4; i++) await lookAtOne(camera, frames[1]!);
  t.equal((await visits(wrong))[0]!.closedAt, null);
});
