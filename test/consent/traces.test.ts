/** What ends with a consent, or with one purpose of it, or by being replaced: nothing of it is left on the disk. */
import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import type { Purpose } from '../../appliance/contract/index.js';
import { REFRESH_EVERY_MS, REFRESH_PHOTOS_MAX } from '../../appliance/gallery/upkeep.js';
import { Embedding } from '../../appliance/kit/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { piecesOnDisk } from '../support/disk.js';
import { faceIn } from '../support/faces.js';
import { openRooms } from '../support/rooms.js';
import { TemplateMaker } from '../support/templates.js';

/** Of the 32 pieces of 64 bytes of a sealed embedding, or the 312 of a picture, page breaks cut at most every tenth. */
const mostPieces = (secret: Buffer) => secret.length / 64 * 0.8;

/** A customer with a picture kept and a sighting added, where the purposes allow that. */
async function enrolled(t: Test, purposes: Purpose[] = ['recognise', 'keep_photo', 'refresh']) {
  const dataDirectory = temporaryDirectory(t);
  const rooms = openRooms(t, { dataDirectory });
  const { consent, customers, gallery, grant, clock } = rooms;
  await gallery.start();
  t.teardown(() => gallery.stop());
  const maker = new TemplateMaker(7);
  const face = maker.template();
  const enrolment = new Embedding(face);
  const look = () => new Embedding(maker.mate(face, 0.85));
  const picture = randomBytes(20_000);
  const { id } = customers.create({ displayName: '顾客' });
  grant(id, purposes);
  const enrol = (photo: { embedding: Embedding; picture?: Buffer; takenAtMs?: number }, options = {}) =>
    consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, [{ pose: 'front', norm: 4, ...photo }], options));
  const refresh = (embedding: Embedding) =>
    consent.withProof(id, 'refresh', (proof) => gallery.refresh(proof, { embedding, pose: 'front', norm: 4, staffId: 's' }));
  enrol({ embedding: enrolment, picture });
  clock.move(REFRESH_EVERY_MS);
  refresh(look());
  const onDisk = (secret: Buffer) => piecesOnDisk(dataDirectory, secret);
  /** As they are on the disk, sealed; nothing of it is there in clear. */
  const stored = () => {
    rooms.db.truncateLog(); // else it still holds the mean before the refresh
    const { photos, pictures, clear } = faceIn(rooms.db, id);
    for (const secret of clear) t.equal(onDisk(secret), 0, 'never in clear');
    return { enrolment: photos[0]!, added: photos.at(-1)!, picture: pictures[0]! };
  };
  const narrowed: string[] = [];
  rooms.events.on('consentNarrowed', ({ customerId }) => narrowed.push(customerId));
  return { ...rooms, dataDirectory, id, enrol, refresh, look, enrolment, picture, onDisk, narrowed, stored };
}
const sources = (rooms: Awaited<ReturnType<typeof enrolled>>) => rooms.gallery.stateOf(rooms.id)!.photos.map((photo) => photo.source);

t.test('signing again without keeping photos deletes the photos alone', async (t) => {
  const rooms = await enrolled(t);
  const { id, gallery, grant, onDisk, narrowed } = rooms;
  const { picture, added } = rooms.stored();
  t.ok(onDisk(picture) > mostPieces(picture), 'before: the search through the disk finds it');
  grant(id, ['recognise', 'refresh', 'greet']);
  t.equal(gallery.keptPictures(id).length, 0);
  t.equal(onDisk(picture), 0, 'not one piece in any page or in the log');
  t.strictSame(sources(rooms), ['enrolment', 'refresh']);
  t.ok(onDisk(added) > 20);
  t.strictSame(narrowed, [id]);
});

t.test('signing again without refreshing takes out what refreshes added, alone', async (t) => {
  const rooms = await enrolled(t);
  const { id, gallery, grant, onDisk, enrolment, narrowed } = rooms;
  const { picture, added } = rooms.stored();
  t.ok(onDisk(added) > 25, 'before');
  grant(id, ['recognise', 'keep_photo']);
  t.strictSame(sources(rooms), ['enrolment']);
  t.equal(onDisk(added), 0);
  t.ok(Math.abs((await gallery.match(enrolment)).score! - 1) < 1e-5, 'the search compares with the enrolment again');
  t.ok(onDisk(picture) > mostPieces(picture), 'the picture stays');
  t.strictSame(narrowed, [id]);
});

t.test('signing again for the same or for more deletes nothing', async (t) => {
  const rooms = await enrolled(t);
  rooms.grant(rooms.id, ['recognise', 'greet', 'keep_photo', 'refresh']);
  t.strictSame(sources(rooms), ['enrolment', 'refresh']);
  t.equal(rooms.gallery.keptPictures(rooms.id).length, 1);
  t.strictSame(rooms.narrowed, []);
});

t.test('a consent that cannot be written takes nothing back', async (t) => {
  const rooms = await enrolled(t);
  const { db, erasure, id, grant, narrowed } = rooms;
  db.exec(`CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.consent_purpose BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  t.throws(() => grant(id, ['recognise']), /refused/);
  db.exec('DROP TRIGGER refuse');
  t.equal(rooms.gallery.keptPictures(id).length, 1, 'the pictures are there');
  t.ok(rooms.consent.covers(id, 'keep_photo'), 'and the former consent holds');
  t.strictSame(narrowed, []);
  t.strictSame(erasure.pending(), []);
});

t.test('C10: what cannot be deleted now is deleted later, and nothing new is made of the face meanwhile', async (t) => {
  const rooms = await enrolled(t);
  const { consent, db, enrol, erasure, gallery, id, grant, look, onDisk } = rooms;
  const secrets = Object.values(rooms.stored());
  db.exec(`CREATE TEMP TRIGGER refuse BEFORE DELETE ON main.template BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  const { deletion } = consent.withdraw(id);
  t.match(deletion, { completedAt: null, templatesDeleted: 1, scope: 'face', reason: 'withdrawn' });
  t.notOk(consent.covers(id, 'recognise'), 'the consent has ended');
  t.match(await gallery.match(look()), { customerId: null }, 'and nobody is found');
  t.strictSame(erasure.pending(), [deletion]);
  t.equal(erasure.resume(), 1);
  grant(id, ['recognise', 'keep_photo']);
  t.throws(() => enrol({ embedding: look() }), { code: 'storage_busy' }, 'it would be deleted with the rest');
  db.exec('DROP TRIGGER refuse');
  t.equal(erasure.resume(), 0);
  t.match(erasure.byId(deletion!.id), { completedAt: String, keyDestroyed: true });
  for (const secret of secrets) t.equal(onDisk(secret), 0);
  enrol({ embedding: look() });
  t.equal(erasure.resume(), 0);
  t.equal(gallery.photosOf(id), 1, 'what was agreed to since stays');
  t.throws(() => erasure.byId('nothing'), { code: 'deletion_not_found' });
});

t.test('a template of another pack loses its refreshes too, and stays out of the search', async (t) => {
  const rooms = await enrolled(t);
  const { id, onDisk, enrolment } = rooms;
  const { added } = rooms.stored();
  await rooms.gallery.stop();
  rooms.close();
  const next = openRooms(t, { modelId: 'another', dataDirectory: rooms.dataDirectory, clock: rooms.clock });
  await next.gallery.start();
  t.teardown(() => next.gallery.stop());
  t.ok(onDisk(added) > 25, 'before');
  next.grant(id, ['recognise', 'keep_photo']);
  t.equal(onDisk(added), 0);
  t.equal(next.gallery.stateOf(id)!.state, 'other_pack');
  t.match(await next.gallery.match(enrolment), { decision: 'unknown', customerId: null });
});

t.test('going back to the enrolment leaves nothing of what was taken out', async (t) => {
  const { id, gallery, onDisk, stored } = await enrolled(t);
  const { added } = stored();
  t.ok(onDisk(added) > 25, 'before');
  gallery.revert(id);
  t.equal(onDisk(added), 0);
});

t.test('nor does a refresh of the oldest one whose place it takes', async (t) => {
  const { clock, onDisk, stored, look, refresh } = await enrolled(t);
  const { added } = stored();
  for (let i = 1; i <= REFRESH_PHOTOS_MAX; i++) {
    t.ok(onDisk(added) > 25, 'before');
    clock.move(REFRESH_EVERY_MS);
    t.equal(refresh(look()), 'taken');
  }
  t.equal(onDisk(added), 0);
});

t.test('a new enrolment leaves nothing of the former one, and the pictures are its own or none', async (t) => {
  const { id, clock, enrol, gallery, look, onDisk, stored } = await enrolled(t);
  const first = stored();
  const other = randomBytes(20_000);
  enrol({ embedding: look(), picture: other });
  t.strictSame([onDisk(first.enrolment), onDisk(first.picture)], [0, 0]);
  const second = stored();
  t.ok(onDisk(second.picture) > mostPieces(second.picture));
  t.strictSame(gallery.keptPictures(id).map(({ jpeg, takenAtMs }) => [other.equals(jpeg), takenAtMs]), [[true, clock.now()]]);
  enrol({ embedding: look() });
  t.equal(gallery.keptPictures(id).length, 0, 'one without pictures');
  t.strictSame([onDisk(second.enrolment), onDisk(second.picture)], [0, 0]);
});

t.test('a template made of kept pictures leaves them and says when they were taken', async (t) => {
  const { id, clock, enrol, gallery, grant, look, picture } = await enrolled(t);
  const [kept] = gallery.keptPictures(id);
  t.equal(kept!.takenAtMs, clock.now() - REFRESH_EVERY_MS);
  enrol({ embedding: look(), takenAtMs: kept!.takenAtMs }, { pictures: 'leave' });
  t.strictSame(gallery.keptPictures(id), [kept]);
  t.ok(picture.equals(gallery.keptPictures(id)[0]!.jpeg));
  t.strictSame(gallery.stateOf(id)!.photos.map((photo) => photo.takenAtMs), [kept!.takenAtMs]);
  t.equal(grant(id, ['recognise']).purposes.length, 1);
  enrol({ embedding: look(), picture }, { pictures: 'leave' });
  t.equal(gallery.keptPictures(id).length, 0, 'never without consent');
});

t.test('the end of a consent deletes pictures and template: withdrawn, run out, merged', async (t) => {
  const ends: Record<string, (rooms: Awaited<ReturnType<typeof enrolled>>) => unknown> = {
    withdrawn: ({ consent, id }) => consent.withdraw(id),
    expired: ({ clock, consent }) => {
      clock.move(32 * 86_400_000);
      t.equal(consent.expireDue(), 1);
    },
    replaced: ({ consent, customers, id }) => {
      const into = customers.create({ displayName: '同一个人' }).id;
      consent.endForMerge(id, (end) => customers.merge(id, into, 's', end));
    },
  };
  for (const [reason, end] of Object.entries(ends)) {
    const rooms = await enrolled(t);
    const { consent, id, onDisk } = rooms;
    const secrets = Object.values(rooms.stored());
    for (const secret of secrets) t.ok(onDisk(secret) > mostPieces(secret), `${reason}: before`);
    end(rooms);
    t.equal(consent.records.history(id)[0]!.endReason, reason);
    for (const secret of secrets) t.equal(onDisk(secret), 0, `${reason}: after`);
  }
});
