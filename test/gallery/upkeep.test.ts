/** Confirmed sightings in a template: only with consent for that, within bounds, reversible, and drift is seen. */
import t, { type Test } from 'tap';
import type { Purpose } from '../../appliance/contract/index.js';
import { Embedding, isPorticoError } from '../../appliance/kit/index.js';
import { REFRESH_EVERY_MS, REFRESH_PHOTOS_MAX } from '../../appliance/gallery/upkeep.js';
import { direction, openRooms } from '../support/rooms.js';

async function enrolled(t: Test, purposes: Purpose[] = ['recognise', 'refresh']) {
  const rooms = openRooms(t);
  const { consent, customers, gallery, grant } = rooms;
  await gallery.start();
  t.teardown(() => gallery.stop());
  const { id } = customers.create({ displayName: '顾客' });
  grant(id, purposes);
  const picture = new Uint8Array([1, 2, 3]);
  consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, [
    { embedding: direction(0, 0.95, 1), pose: 'front', norm: 4, picture },
    { embedding: direction(0, 0.95, 2), pose: 'left', norm: 4, picture },
    { embedding: direction(0, 0.95, 3), pose: 'right', norm: 4, picture },
  ]));
  const refresh = (embedding: Embedding) =>
    consent.withProof(id, 'recognise', (proof) => gallery.refresh(proof, { embedding, pose: 'front', norm: 4, staffId: 's' }));
  const scoreOf = async (embedding: Embedding) => (await gallery.match(embedding)).score!;
  return { ...rooms, id, refresh, scoreOf };
}

t.test('without consent for it nothing is added', async (t) => {
  const { id, gallery, refresh } = await enrolled(t, ['recognise', 'greet']);
  t.throws(() => refresh(direction(0, 0.8, 9)), { code: 'consent_required' });
  t.equal(gallery.stateOf(id)!.photos.length, 3);
});

t.test('a confirmed sighting makes the next one like it score higher, and says where it came from', async (t) => {
  const { id, clock, gallery, refresh, scoreOf } = await enrolled(t);
  const older = direction(0, 0.75, 9);
  const before = await scoreOf(older);
  clock.move(86_400_000);
  t.equal(refresh(older), 'taken');
  t.ok((await scoreOf(older)) > before + 0.03, `${before}`);
  const { photos, state } = gallery.stateOf(id)!;
  t.strictSame(photos.map((photo) => [photo.source, photo.confirmedBy]), [['enrolment', null], ['enrolment', null], ['enrolment', null], ['refresh', '店长']]);
  t.equal(photos[3]!.takenAtMs, clock.now());
  t.equal(state, 'ok');

  gallery.revert(id);
  t.ok(Math.abs((await scoreOf(older)) - before) < 1e-6, 'back to what it was, exactly');
  t.throws(() => gallery.revert(id), { code: 'template_not_refreshed' });
});

t.test('at most two are held, once a week, and only what looks like the enrolment', async (t) => {
  const { id, clock, gallery, refresh } = await enrolled(t);
  t.equal(refresh(direction(0, 0.4, 9)), 'too_different');
  t.equal(refresh(direction(0, 0.9, 9)), 'taken');
  t.equal(refresh(direction(0, 0.9, 10)), 'too_soon');
  const taken: number[] = [];
  for (let i = 0; i < 4; i++) {
    clock.move(REFRESH_EVERY_MS);
    t.equal(refresh(direction(0, 0.9, 20 + i)), 'taken');
    taken.push(clock.now());
    const { photos } = gallery.stateOf(id)!;
    t.equal(photos.filter((photo) => photo.source === 'enrolment').length, 3, 'the enrolment stays');
    t.ok(photos.filter((photo) => photo.source === 'refresh').length <= REFRESH_PHOTOS_MAX);
  }
  t.strictSame(gallery.stateOf(id)!.photos.slice(3).map((photo) => photo.takenAtMs), taken.slice(-2), 'the newest two');
});

t.test('a template that moves away from its enrolment is flagged', async (t) => {
  const { db, id, clock, gallery, refresh } = await enrolled(t);
  for (let i = 0; i < 2; i++) {
    t.equal(refresh(direction(0, 0.54, 9)), 'taken');
    clock.move(REFRESH_EVERY_MS);
  }
  t.equal(gallery.stateOf(id)!.state, 'drifting');
  t.equal(gallery.drifting(), 1);
  const vectors = db.all<{ position: number; embedding: Buffer }>('SELECT position, embedding FROM template_photo');
  db.run("UPDATE template_photo SET embedding = x'00'");
  t.equal(gallery.drifting(), 1, 'reads no vectors: with many refreshed templates that took a second');
  t.match(gallery.stateOf(id), { state: 'drifting', photos: { length: 5 } });
  t.equal(gallery.needsPhotos(id), false);
  for (const { position, embedding } of vectors) db.run('UPDATE template_photo SET embedding = ? WHERE position = ?', embedding, position);
  gallery.revert(id);
  t.equal(gallery.stateOf(id)!.state, 'ok');
  t.equal(gallery.drifting(), 0);
});

t.test('pictures are kept only with consent to that, and go with it', async (t) => {
  const without = await enrolled(t);
  t.equal(without.gallery.stateOf(without.id)!.photosKept, false);
  t.equal(without.db.get<{ n: number }>('SELECT count(*) AS n FROM kept_photo')!.n, 0);
  const { id, consent, db, gallery } = await enrolled(t, ['recognise', 'keep_photo']);
  t.equal(gallery.keptPictures(id).length, 3);
  consent.withdraw(id);
  t.equal(gallery.stateOf(id), null);
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM kept_photo')!.n, 0);
});

t.test('templates of two packs never meet', async (t) => {
  const first = await enrolled(t, ['recognise']);
  const { file } = first.db.get<{ file: string }>('SELECT file FROM pragma_database_list')!;
  await first.gallery.stop();
  first.close();
  const second = openRooms(t, { modelId: 'another', dataDirectory: file.replace(/\/[^/]*$/, ''), clock: first.clock });
  await second.gallery.start();
  t.teardown(() => second.gallery.stop());
  t.equal(second.gallery.size(), 0);
  t.match(await second.gallery.match(direction(0)), { decision: 'unknown', customerId: null, score: null });
  t.equal(second.gallery.stateOf(first.id)!.state, 'other_pack');
  t.strictSame(second.gallery.ofOtherPacks(), [first.id]);
  t.equal(second.gallery.needsPhotos(first.id), true);
  second.consent.withProof(first.id, 'recognise', (proof) => second.gallery.enrol(proof, [{ embedding: direction(5), pose: 'front', norm: 4 }]));
  t.strictSame(second.gallery.ofOtherPacks(), []);
  t.equal(second.gallery.needsPhotos(first.id), false);
  t.equal(second.gallery.needsPhotos('nobody'), false);
  t.equal((await second.gallery.match(direction(5))).customerId, first.id);
  t.equal(second.db.get<{ n: number }>('SELECT count(*) AS n FROM template')!.n, 1, 'the old one went');
});

t.test('after "not this person" the same face is no longer named, for a month, and the customer still is', async (t) => {
  const { id, clock, consent, customers, gallery, grant } = await enrolled(t);
  for (let i = 1; i < 12; i++) { // a gallery of a dozen, so that the threshold is off its floor
    const other = customers.create({ displayName: `顾客${i}` });
    grant(other.id, ['recognise']);
    consent.withProof(other.id, 'recognise', (proof) => gallery.enrol(proof, [{ embedding: direction(100 + 10 * i), pose: 'front', norm: 4 }]));
  }
  const { known, candidate } = gallery.thresholds();
  const cousin = direction(0, (known + 0.02) / (await gallery.match(direction(0))).score!, 50);
  t.equal((await gallery.match(cousin)).decision, 'known');
  const { score } = await gallery.match(cousin);
  gallery.rejected(id, score!, 'named');
  t.equal((await gallery.match(cousin)).decision, 'candidate', 'it asks instead');
  t.equal((await gallery.match(direction(0, 0.8, 60))).decision, 'known', 'the customer is named as before');
  t.type(gallery.stateOf(id)!.stricterUntil, 'string');
  gallery.rejected(id, (await gallery.match(cousin)).score!, 'asked');
  t.equal((await gallery.match(cousin)).decision === 'known', false);
  const sibling = direction(0, 0.62 / (await gallery.match(direction(0))).score!, 70);
  t.equal((await gallery.match(sibling)).decision, 'known', 'far above any threshold');
  gallery.rejected(id, (await gallery.match(sibling)).score!, 'named');
  t.equal((await gallery.match(sibling)).decision, 'candidate', 'asked about, never named again');
  t.equal((await gallery.match(direction(0, 0.8, 60))).decision, 'known', 'the customer is still named');
  for (let i = 0; i < 50; i++) gallery.rejected(id, 0.7, 'named');
  const raised = (await gallery.match(cousin)).thresholds.candidate - candidate;
  t.ok(raised <= 0.08 + 1e-9, `however often: ${raised}`);
  gallery.confirmed(id, 0.5);
  t.equal((await gallery.match(sibling)).decision, 'candidate', 'a "yes" to a fainter likeness changes nothing');
  gallery.confirmed(id, 0.7);
  t.equal((await gallery.match(sibling)).decision, 'known', 'a "yes" to a face like the rejected one takes it back: it was a slip');
  gallery.rejected(id, 0.62, 'named');
  clock.move(31 * 86_400_000);
  t.equal(gallery.stateOf(id)!.stricterUntil, null);
  t.ok(Math.abs((await gallery.match(cousin)).thresholds.candidate - candidate) < 1e-9, 'it ran out');
  gallery.rejected(id, 0.5, 'named');
  consent.withdraw(id);
  t.notOk(gallery.stateOf(id), 'a withdrawal takes it along');
});

t.test('the manager\'s choice holds at once and after a restart, and a senseless one is refused', async (t) => {
  const { db, gallery } = await enrolled(t);
  const before = gallery.thresholds();
  gallery.chooseFpir({ known: 0.0001, candidate: 0.0003 }, 's');
  t.ok(gallery.thresholds().known >= before.known);
  gallery.chooseFpir({ known: 0.001, candidate: 0.01 }, 's');
  t.strictSame(db.all('SELECT known, candidate, staff_id FROM fpir_choice'), [{ known: 0.001, candidate: 0.01, staff_id: 's' }]);
  try {
    gallery.chooseFpir({ known: 0.05, candidate: 0.01 }, 's');
    t.fail('accepted');
  } catch (error) {
    t.ok(isPorticoError(error, 'fpir_invalid'));
  }
  t.strictSame({ ...gallery.fpir() }, { known: 0.001, candidate: 0.01 });
});

t.test('whom staff passed over does not hide the next', async (t) => {
  const { id, consent, customers, gallery, grant } = await enrolled(t);
  const other = customers.create({ displayName: '另一位' });
  grant(other.id, ['recognise']);
  consent.withProof(other.id, 'recognise', (proof) => gallery.enrol(proof, [{ embedding: direction(200), pose: 'front', norm: 4 }]));
  const { known, candidate } = gallery.thresholds();
  const score = (await gallery.match(direction(0))).score!;
  // A face between the two, a little nearer to the first.
  const values = new Float32Array(512);
  values[0] = (candidate + 0.03) / score;
  values[200] = candidate + 0.01;
  values[300] = Math.sqrt(1 - values[0]! ** 2 - values[200]! ** 2);
  const face = new Embedding(values);
  t.match(await gallery.match(face), { decision: 'candidate', customerId: id });
  gallery.rejected(id, candidate + 0.03, 'asked');
  t.match(await gallery.match(face), { decision: 'candidate', customerId: other.id, nearest: { customerId: id } });
  t.ok(known > candidate);
});
