/** The box's secret (C20): nothing in common between boxes, renewable without photos; and a box from before it had one. */
import { copyFileSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { rotationOf } from '../../appliance/gallery/index.js';
import { Embedding, RotatedEmbedding, systemClock } from '../../appliance/kit/index.js';
import { MIGRATIONS_DIRECTORY, openStorage } from '../../appliance/storage/index.js';
import { rekeyGallery } from '../../cli/vault.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { DATABASE, piecesOnDisk, query, VAULT } from '../support/disk.js';
import { faceOnDisk } from '../support/faces.js';
import { openRooms, type TestRooms } from '../support/rooms.js';
import { copyAsKilled, watchSteps } from '../support/steps.js';
import { TemplateMaker } from '../support/templates.js';

const PEOPLE = 12;
const clock = new TestClock();
const files = (dataDirectory: string) => ({ dataDirectory, credentialsDirectory: null });
const quiet = { line: () => undefined, progress: () => undefined };

/** A closed box; the same seed enrols the same faces. */
function usedBox(t: Test, seed: number) {
  const dataDirectory = temporaryDirectory(t);
  const rooms = openRooms(t, { dataDirectory, clock });
  const maker = new TemplateMaker(seed);
  const people = Array.from({ length: PEOPLE }, () => {
    const face = maker.template();
    const { id } = rooms.customers.create({ displayName: '顾客' });
    rooms.grant(id, ['recognise', 'keep_photo']);
    const photos = [0, 1].map(() => ({ embedding: new Embedding(maker.mate(face, 0.9)), pose: 'front' as const, norm: 4, picture: Buffer.alloc(2_000, 7) }));
    rooms.consent.withProof(id, 'recognise', (proof) => rooms.gallery.enrol(proof, photos));
    return { id, look: new Embedding(maker.mate(face, 0.8)) };
  });
  rooms.db.truncateLog();
  rooms.close();
  return { dataDirectory, people };
}
const means = (dataDirectory: string) => query<{ embedding: Buffer }>(dataDirectory, 'SELECT embedding FROM template_vector ORDER BY template_id')
  .map(({ embedding }) => new RotatedEmbedding(new Float32Array(Uint8Array.from(embedding).buffer)));
const decisions = async (rooms: TestRooms, people: { look: Embedding }[]) =>
  Promise.all(people.map(async ({ look }) => rooms.gallery.match(look).then(({ customerId, score, margin }) => ({ customerId, score: score!, margin: margin! }))));
async function ranking(t: Test, dataDirectory: string, people: { look: Embedding }[]) {
  const rooms = openRooms(t, { dataDirectory, clock });
  await rooms.gallery.start();
  const found = await decisions(rooms, people);
  const check = await rooms.gallery.checkSearch();
  await rooms.gallery.stop();
  rooms.close();
  return { found, differing: check.differing };
}

t.test('C20: the same faces on two boxes have nothing in common', async (t) => {
  const [one, other] = [usedBox(t, 5), usedBox(t, 5)];
  const cosines = means(one.dataDirectory).map((mean, i) => mean.similarity(means(other.dataDirectory)[i]!));
  t.equal(cosines.length, PEOPLE);
  t.ok(cosines.every((cosine) => Math.abs(cosine) < 0.22), cosines.map((cosine) => cosine.toFixed(2)).join());
});

t.test('C20: after rekeying the ranking is the same, and old vectors match nobody', async (t) => {
  const { dataDirectory, people } = usedBox(t, 6);
  const before = await ranking(t, dataDirectory, people);
  const oldMeans = means(dataDirectory);
  const old = faceOnDisk(dataDirectory, people[0]!.id);
  const seeds = () => query<{ seed: Buffer }>(dataDirectory, 'SELECT seed FROM rotation')[0]!.seed;
  const oldSeed = seeds();
  const told: string[] = [];
  rekeyGallery(files(dataDirectory), clock, { line: (text) => { told.push(text); }, progress: (_, done, of) => { told.push(`${done}/${of}`); } });
  t.match(told, [...Array.from({ length: PEOPLE }, (_, i) => `${i + 1}/${PEOPLE}`), /12 templates/]);
  const after = await ranking(t, dataDirectory, people);
  t.strictSame(after.found.map(({ customerId }) => customerId), people.map(({ id }) => id));
  t.strictSame(after.found.map(({ customerId }) => customerId), before.found.map(({ customerId }) => customerId));
  for (const [i, { score, margin }] of after.found.entries()) {
    t.ok(Math.abs(score - before.found[i]!.score) < 1e-5 && Math.abs(margin - before.found[i]!.margin) < 1e-5, `${score} as before`);
  }
  t.equal(after.differing, 0);
  const newMeans = means(dataDirectory);
  for (const mean of oldMeans) t.ok(newMeans.every((each) => Math.abs(mean.similarity(each)) < 0.25), 'an old vector is like nobody');
  for (const secret of [...old.photos, ...old.means, oldSeed]) t.equal(piecesOnDisk(dataDirectory, Buffer.concat([secret, Buffer.alloc(secret.length < 64 ? 64 : 0)])), 0);
  t.notOk(seeds().equals(oldSeed));
  t.match(query(dataDirectory, `SELECT detail FROM audit_entry WHERE action = 'gallery_rekeyed'`), [{ detail: `{"templates":${PEOPLE}}` }]);
});

t.test('C20: rekeying is all or nothing, wherever it is cut off', async (t) => {
  const { dataDirectory, people } = usedBox(t, 7);
  const rooms = openRooms(t, { dataDirectory, clock });
  t.throws(() => rekeyGallery(files(dataDirectory), clock, quiet), { code: 'db_in_use' }, 'not while the box runs');
  rooms.close();
  const scratch = temporaryDirectory(t);
  const before = join(scratch, 'before');
  cpSync(dataDirectory, before, { recursive: true });
  let steps = 0;
  const copies: string[] = [];
  const stop = watchSteps((step) => {
    steps += 1;
    if (steps !== 20 && !/^(after|before)/.test(step)) return;
    copies.push(join(scratch, `${steps} ${step}`));
    copyAsKilled(dataDirectory, copies.at(-1)!);
  });
  rekeyGallery(files(dataDirectory), clock, quiet);
  stop();
  t.ok(steps > 3 * PEOPLE && copies.length >= 4, `${steps} steps`);
  // Between the commits of the two files: portico.db is turned, the vault not yet.
  copies.push(join(scratch, 'between'));
  copyAsKilled(dataDirectory, copies.at(-1)!);
  copyFileSync(join(before, VAULT), join(copies.at(-1)!, VAULT));
  for (const copy of copies) {
    const { found, differing } = await ranking(t, copy, people);
    t.strictSame(found.map(({ customerId }) => customerId), people.map(({ id }) => id), copy.slice(scratch.length + 1));
    t.equal(differing, 0);
  }
});

t.test('a box from before: its templates and pictures are sealed and turned at the first start, cut off or not', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const old = temporaryDirectory(t);
  for (const name of readdirSync(MIGRATIONS_DIRECTORY).sort().slice(0, 4)) copyFileSync(join(MIGRATIONS_DIRECTORY, name), join(old, name));
  const maker = new TemplateMaker(8);
  const faces = Array.from({ length: 3 }, () => maker.template());
  const bytes = (values: Float32Array) => Buffer.from(values.buffer);
  const storage = openStorage({ ...files(dataDirectory), maxBytes: null, clock: systemClock, migrationsDirectory: old });
  const picture = Buffer.concat([Buffer.of(0xff, 0xd8), Buffer.from(Array.from({ length: 9_000 }, (_, i) => (i * 7 + (i >> 6) * 13) & 255))]);
  for (const [index, face] of faces.entries()) {
    const [customer, id] = [`c${index}`, index + 1];
    storage.db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, 1)', customer, customer);
    storage.db.run('INSERT INTO template (id, customer_id, model_id, made_at_ms) VALUES (?, ?, ?, 1)', id, customer, index === 2 ? 'other' : 'm');
    storage.db.run('INSERT INTO template_photo (template_id, position, pose, norm, embedding) VALUES (?, 0, ?, 4, ?)', id, 'front', bytes(face));
    storage.db.run('INSERT INTO main.template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)', BigInt(id), index === 2 ? 'other' : 'm', bytes(face));
    storage.db.run('INSERT INTO kept_photo VALUES (?, 0, ?, 1, ?)', customer, 'front', picture);
  }
  storage.close();
  t.ok(piecesOnDisk(dataDirectory, bytes(faces[0]!)) > 25, 'before: in clear within the encrypted file');

  const scratch = temporaryDirectory(t);
  const copies: string[] = [];
  const stop = watchSteps((step) => {
    if (step !== 'after a commit') return; // nothing else changes what a start finds
    copies.push(join(scratch, `${copies.length} ${step}`));
    copyAsKilled(dataDirectory, copies.at(-1)!);
  });
  openRooms(t, { dataDirectory, clock }).close();
  stop();
  const torn = join(scratch, 'between');
  const keysWritten = copies.find((copy) => query(copy, 'SELECT 1 FROM customer_key').length > 0)!;
  copyAsKilled(keysWritten, torn);
  rmSync(join(torn, `${DATABASE}-wal`));
  copyFileSync(join(dataDirectory, DATABASE), join(torn, DATABASE));
  for (const folder of [dataDirectory, torn, ...copies]) {
    const rooms = openRooms(t, { dataDirectory: folder, clock });
    await rooms.gallery.start();
    for (const [index, face] of faces.slice(0, 2).entries()) {
      const { customerId, score } = await rooms.gallery.match(new Embedding(face));
      t.strictSame([customerId, Math.abs(score! - 1) < 1e-5], [`c${index}`, true], folder);
    }
    t.equal(rooms.gallery.stateOf('c2')!.state, 'other_pack');
    t.ok(picture.equals(rooms.gallery.keptPictures('c0')[0]!.jpeg));
    const rotation = rotationOf(rooms.db, clock);
    t.ok(means(folder).some((mean) => mean.similarity(rotation.turn(new Embedding(faces[0]!))) > 0.999));
    await rooms.gallery.stop();
    rooms.close();
    for (const secret of [...faces.map(bytes), picture]) t.equal(piecesOnDisk(folder, secret), 0, 'nothing in clear any more, in any page');
  }
});
