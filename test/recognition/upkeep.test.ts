/** Which look may refresh which template: the one behind the very card that staff confirm. */
import t, { type Test } from 'tap';
import { createLogger } from '../../appliance/kit/index.js';
import { Upkeep } from '../../appliance/recognition/upkeep.js';
import type { FoundFace, Vision } from '../../appliance/vision/index.js';
import { loadManifest } from '../../models/manifest.js';
import { direction, openRooms } from '../support/rooms.js';

const { gates, calibration } = await loadManifest();
const quality = { norm: 4, visible: 1, sharpness: 30, brightness: 120, yawDegrees: 0, rollDegrees: 0, eyesClosed: null, eyeDistance: 60 };

async function roomsWithUpkeep(t: Test) {
  const rooms = openRooms(t);
  const { consent, customers, gallery, grant, clock } = rooms;
  await gallery.start();
  t.teardown(() => gallery.stop());
  const { id } = customers.create({ displayName: '顾客' });
  grant(id, ['recognise', 'refresh']);
  consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, [{ embedding: direction(0), pose: 'front', norm: 4 }]));
  const upkeep = new Upkeep({ vision: { pack: { gates, calibration } } as unknown as Vision, gallery, consent, clock, log: createLogger('silent') });
  const face = (similarity: number, change: Partial<typeof quality> = {}): FoundFace =>
    ({ box: { x: 0, y: 0, width: 90, height: 90 }, detectionScore: 1, glance: null, embedding: direction(0, similarity), quality: { ...quality, ...change } });
  const added = () => gallery.stateOf(id)!.photos.filter((photo) => photo.source === 'refresh').length;
  return { ...rooms, id, upkeep, face, added };
}

t.test('the look behind the card that staff confirm joins the template', async (t) => {
  const { id, upkeep, face, added } = await roomsWithUpkeep(t);
  upkeep.noticed('visit', id, face(0.8));
  upkeep.confirmed('another visit', 's');
  t.equal(added(), 0);
  upkeep.confirmed('visit', 's');
  t.equal(added(), 1);
  t.equal(upkeep.held, 0);
});

t.test('a look-alike that nobody confirmed never gets in, however sharp', async (t) => {
  const { id, upkeep, face, added, gallery } = await roomsWithUpkeep(t);
  upkeep.noticed('question', id, face(0.6, { norm: 6 }));
  upkeep.forget('question'); // it ran out
  t.equal(upkeep.held, 0);
  upkeep.noticed('question two', id, face(0.6, { norm: 6 }));
  upkeep.noticed('visit', id, face(0.9));
  upkeep.confirmed('visit', 's');
  t.equal(added(), 1);
  t.ok((await gallery.match(direction(0, 0.9))).score! > (await gallery.match(direction(0, 0.6))).score! + 0.2);
});

t.test('of several looks behind one card the best is held, and none that an enrolment would refuse', async (t) => {
  const { id, upkeep, face } = await roomsWithUpkeep(t);
  for (const change of [{ norm: 3.2 }, { yawDegrees: 40 }, { sharpness: 2 }, { visible: 0.5 }]) upkeep.noticed('visit', id, face(0.9, change));
  t.equal(upkeep.held, 0);
  upkeep.noticed('visit', id, face(0.9));
  upkeep.noticed('visit', id, face(0.9));
  t.equal(upkeep.held, 1);
});

t.test('nothing is held for who did not agree, after half an hour, or after a withdrawal', async (t) => {
  const { id, upkeep, face, added, clock, consent, grant } = await roomsWithUpkeep(t);
  upkeep.noticed('visit', id, face(0.9));
  clock.move(31 * 60_000);
  upkeep.confirmed('visit', 's');
  t.equal(added(), 0, 'too late');
  upkeep.noticed('visit', id, face(0.9));
  clock.move(31 * 60_000);
  upkeep.expire();
  t.equal(upkeep.held, 0);
  upkeep.noticed('visit', id, face(0.9));
  upkeep.forgetCustomer(id);
  t.equal(upkeep.held, 0);
  grant(id, ['recognise']);
  upkeep.noticed('visit', id, face(0.9));
  t.equal(upkeep.held, 0, 'no consent for it');
  grant(id, ['recognise', 'refresh']);
  upkeep.noticed('visit', id, face(0.9));
  consent.withdraw(id);
  t.doesNotThrow(() => upkeep.confirmed('visit', 's'), 'withdrawn in between');
});
