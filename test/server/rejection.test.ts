/** What staff say against recognition holds: "not this person", a closed visit, a removed device, a face enrolled twice. */
import t from 'tap';
import type { Dossier } from '../../appliance/contract/index.js';
import { addAssociate, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const customerId = await enrolPerson(box, 'P08', { displayName: '林知夏' });
const frame = await scene({ picture: await portrait('P08'), x: 640, y: 360, height: 560 });
const camera = box.owner.camera('look_up');
await camera.nextOf('camera.ready');

const look = () => lookAtOne(camera, frame);
const openVisit = async () => (await box.owner.call<Dossier>('GET', `/customers/${customerId}`)).openVisitId;

t.test('a visit closed by hand stays closed while the customer is still in view', async (t) => {
  t.equal((await look()).decision, 'known');
  await box.owner.call('POST', `/visits/${await openVisit()}/close`);
  t.equal((await look()).decision, 'known', 'the name is still right');
  t.equal(await openVisit(), null);
  clock.move(121_000);
  await look();
  t.type(await openVisit(), 'string');
});

t.test('"not this person" ends the visit, is kept, and the card does not come back', async (t) => {
  const visitId = await openVisit();
  await box.owner.call('POST', `/customers/${customerId}/notes`, { text: '喜欢银色表盘' });
  t.strictSame(await box.owner.call('POST', `/visits/${visitId}/not-this-person`), { customerId, purchases: 0, notes: 1 }, 'that note is to be put right');
  t.equal(await refusal(box.owner.call('POST', `/visits/${visitId}/not-this-person`)), '409 visit_closed');
  for (let i = 0; i < 3; i += 1) {
    const face = await look();
    t.notOk(face.decision === 'known' || face.person !== null || face.sightingId !== null, 'no name and no question');
  }
  t.equal(await openVisit(), null);
  const { visits } = await box.owner.call<Dossier>('GET', `/customers/${customerId}`);
  t.equal(visits[0]!.endReason, 'not_this_person');
  clock.move(601_000);
  t.match(await look(), { decision: 'undecided', person: null }, 'nobody is named by a score that was rejected');
  const face = await look();
  t.match(face, { decision: 'candidate', person: { customerId } }, 'the box asks instead');
  await box.owner.call('POST', `/sightings/${face.sightingId}/answer`, { answer: 'yes' });
  t.type(await openVisit(), 'string');
  t.equal((await look()).decision, 'known', 'that "yes" says that the rejection was a slip');
});

t.test('frames of a removed device open nothing, whether it closes its socket or not', async (t) => {
  await box.owner.call('POST', `/visits/${await openVisit()}/close`);
  clock.move(121_000);
  await box.owner.prove(OWNER_PIN);
  const { device } = await addAssociate(box, '小丁');
  const gone = device.camera('front_desk');
  await gone.nextOf('camera.ready');
  const devices = await box.owner.call<{ id: string; name: string }[]>('GET', '/devices');
  gone.socket.removeAllListeners('close'); // a client that will not be told
  (gone.socket as unknown as { close(): void }).close = () => undefined;
  await box.owner.call('DELETE', `/devices/${devices.find((each) => each.name === 'iPad 小丁')!.id}`);
  for (let i = 0; i < 5; i += 1) if (gone.socket.readyState === gone.socket.OPEN) gone.socket.send(frame);
  await look(); // the box has worked off what came before
  t.equal((await box.owner.call<{ visits: unknown[] }>('GET', `/customers/${customerId}`)).visits.length, 4, 'only the owner\'s own frame opened a visit');
});

t.test('a face that is enrolled already is said to be, and enrolled again only knowingly', async (t) => {
  const twin = await box.owner.createCustomer({ displayName: '林知秋' });
  await box.owner.giveConsent(twin.id);
  const photo = await portrait('P08');
  t.equal(await refusal(box.owner.enrol(twin.id, [photo])), '409 face_already_enrolled');
  t.equal((await box.owner.call<Dossier>('GET', `/customers/${twin.id}`)).enrolled, false);
  t.equal(await refusal(box.owner.enrol(twin.id, [photo], true)), 'accepted');
  t.equal(await refusal(box.owner.enrol(customerId, [photo], true)), 'accepted', 'one\'s own face may be enrolled anew');
});
