/** Photos of things: no face gets through, with the real models; what is kept, and for how long. */
import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import t from 'tap';
import { FILES_MAX, kindOf } from '../../appliance/files/index.js';
import { Things } from '../../appliance/recognition/index.js';
import { createVision } from '../../appliance/vision/index.js';
import { packageRoot } from '../../models/manifest.js';
import { SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';
import { failure } from '../support/failures.js';
import { openRooms } from '../support/rooms.js';
import { emptyScene } from '../support/scene.js';

const vision = createVision({ modelsDir: `${packageRoot()}/models/files`, workers: 1 });
await vision.start();
t.teardown(() => vision.stop());
const things = new Things({ vision });
const photos = Object.keys(SAMPLE_FACES);

/** A table of shapes and lines such as things have, no two alike: SVG is shut off, so it is put together from plain parts. */
async function thing(seed: number): Promise<Buffer> {
  const part = (i: number) => ({
    input: { create: { width: 30 + ((seed * 53 + i * 97) % 380), height: 24 + ((seed * 31 + i * 61) % 290), channels: 3 as const, background: { r: (i * 71 + seed * 13) % 256, g: (i * 37 + seed * 29) % 256, b: (i * 19 + seed * 7) % 256 } } },
    left: (seed * 131 + i * 211) % 850, top: (seed * 67 + i * 149) % 650,
  });
  return sharp({ create: { width: 1_280, height: 960, channels: 3, background: '#b9b0a2' } }).composite(Array.from({ length: 14 }, (_, i) => part(i)))
    .withExif({ IFD0: { Artist: 'somebody' } }).jpeg().toBuffer();
}

t.test('no photo of people is kept: upright, laid on its side, on its head, or small in a larger picture', async (t) => {
  for (const name of photos) {
    const photo = await samplePhoto(name);
    for (const turn of [0, 90, 180, 270]) {
      const turned = turn === 0 ? photo : await sharp(photo).rotate(turn).jpeg().toBuffer();
      t.equal((await failure(things.clean(turned))).code, 'file_has_face', `${name} by ${turn}`);
    }
  }
  // Faces of 40 to 60 pixels in a picture of 2048.
  const small = await sharp(await samplePhoto('sample1.jpg')).resize({ width: 500 }).toBuffer();
  const poster = await sharp({ create: { width: 2_048, height: 1_536, channels: 3, background: '#99958f' } }).composite([{ input: small, left: 900, top: 700 }]).jpeg().toBuffer();
  t.equal((await failure(things.clean(poster))).code, 'file_has_face');
});

t.test('photos of things pass, as plain JPEG of bounded size', async (t) => {
  for (const picture of [await emptyScene(), ...(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(thing)))]) {
    const kept = await things.clean(picture);
    const { format, exif, icc, width } = await sharp(kept).metadata();
    t.match({ format, exif, icc }, { format: 'jpeg', exif: undefined, icc: undefined });
    t.equal(width, 1_280);
  }
  const large = await sharp({ create: { width: 4_000, height: 3_000, channels: 4, background: { r: 9, g: 99, b: 9, alpha: 0.5 } } }).png().toBuffer();
  t.match(await sharp(await things.clean(large)).metadata(), { format: 'jpeg', width: 2_048, height: 1_536 });
  const lying = await sharp({ create: { width: 600, height: 400, channels: 3, background: '#777' } }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  t.match(await sharp(await things.clean(lying)).metadata(), { width: 400, height: 600, orientation: undefined }, 'upright for good');
});

t.test('nobody can look: nothing passes; nor what is no picture', async (t) => {
  t.equal((await failure(new Things({ vision: createVision({ modelsDir: 'nowhere' }) }).clean(await emptyScene()))).code, 'vision_unavailable');
  t.equal((await failure(things.clean(Buffer.from('\xff\xd8\xff but no more', 'latin1')))).code, 'image_truncated');
  t.equal(kindOf(Buffer.from('%PDF-1.7 …')), 'pdf');
  t.equal(kindOf(await emptyScene()), 'picture');
  for (const bytes of ['', '<svg>', 'GIF89a', '<html>%PDF-', 'MZ', 'RIFFxxxxWAVE']) t.throws(() => kindOf(Buffer.from(bytes)), { code: 'file_kind_refused' }, bytes);
  t.throws(() => kindOf(Buffer.alloc(4_000_001)), { code: 'file_too_large' });
});

t.test('a file belongs to one dossier, goes along with a merge, and stays where a field shows it', async (t) => {
  const { files, customers, restricted, clock, db } = openRooms(t);
  const [id, other] = [customers.create({ displayName: '甲' }).id, customers.create({ displayName: '乙' }).id];
  const paper = (name: string, fileId?: string) => ({ id: fileId, name, mime: 'application/pdf' as const, content: Buffer.from(`%PDF-${name}`) });
  const first = files.add(id, paper('保修卡', randomUUID()), 's');
  t.match(first, { name: '保修卡', bytes: 14, by: '店长' });
  t.equal(files.add(id, paper('保修卡', first.id), 's').id, first.id, 'twice is one');
  t.throws(() => files.add(id, paper('别的', first.id), 's'), { code: 'id_taken' });
  t.throws(() => files.add(other, paper('保修卡', first.id), 's'), { code: 'id_taken' });
  const shown = files.add(id, paper('在字段里'), 's');
  db.run(`INSERT INTO field_section (id, name_zh, name_en, position) VALUES ('sec', '节', 's', 1)`);
  db.run(`INSERT INTO field (id, section_id, name_zh, name_en, kind, required, visible_to, position) VALUES ('f', 'sec', '图', 'p', 'photo', 0, 'everybody', 1)`);
  db.run(`INSERT INTO field_value (customer_id, field_id, file_id, at_ms, staff_id) VALUES (?, 'f', ?, 1, 's')`, id, shown.id);
  t.throws(() => files.remove(shown.id), { code: 'file_in_use' });
  customers.merge(id, other, 's', () => undefined);
  t.strictSame([files.of(other).map((file) => file.id), files.of(id).map((file) => file.id)], [[first.id], [shown.id]]);
  customers.undoMerge(customers.merges(other)[0]!.id);
  clock.move(1_000);
  t.equal(files.retention.deleteBefore(clock.now(), [id]), 0, 'held');
  t.equal(files.retention.deleteBefore(clock.now(), []), 1);
  t.strictSame(files.of(id).map((file) => file.id), [shown.id], 'as long as the field shows it');
  t.ok(files.isOf(shown.id, id) && !files.isOf(shown.id, other));

  while (files.of(id).length < FILES_MAX) files.add(id, paper(`第 ${files.of(id).length} 份`), 's');
  t.throws(() => files.add(id, paper('多一份'), 's'), { code: 'files_too_many' });
  restricted.add(other);
  t.throws(() => files.add(other, paper('x'), 's'), { code: 'customer_restricted' });
  t.throws(() => files.open(first.id), { code: 'file_not_found' });
});
