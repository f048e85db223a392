/** After a change of the model pack: new templates of kept pictures, a request for new photos from everybody else. */
import sharp from 'sharp';
import t from 'tap';
import type { Dossier, RecognitionQuality, VisitCard } from '../../appliance/contract/index.js';
import { CustomerKeys } from '../../appliance/gallery/index.js';
import { systemClock } from '../../appliance/kit/index.js';
import { OWNER_PIN, startBox } from '../support/box.js';
import { query, reading } from '../support/disk.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const before = await startBox(t);
const kept = await enrolPerson(before, 'P08', { displayName: '留照片的', purposes: ['recognise', 'keep_photo'] });
const notKept = await enrolPerson(before, 'P18', { displayName: '没留照片的' });

t.test('of a picture that is kept only the face is kept, without metadata', async (t) => {
  const rows = query<{ customer_id: string }>(before.dataDirectory, 'SELECT customer_id FROM kept_photo');
  t.strictSame(rows.map((row) => row.customer_id), [kept]);
  const { width, height, exif, format } = await sharp(openedPicture(before.dataDirectory, kept)).metadata();
  t.match({ format, exif }, { format: 'jpeg', exif: undefined });
  t.ok(Math.max(width, height) <= 640);
  const dossier = await before.owner.call<Dossier>('GET', `/customers/${kept}`);
  t.match(dossier.template, { state: 'ok', photosKept: true, stricterUntil: null });
  t.match((await before.owner.call<Dossier>('GET', `/customers/${notKept}`)).template, { photosKept: false });
});

t.test('with another pack the box enrols anew from kept pictures and asks the others', async (t) => {
  await before.stop();
  makeTemplatesOfAnotherPack(before.dataDirectory);
  const box = await startBox(t, { dataDirectory: before.dataDirectory });
  const { owner } = box;
  await owner.pair(box.appliance.makePairingCode().code, 'iPad 1');
  await owner.signIn((await owner.call<{ id: string }[]>('GET', '/staff'))[0]!.id, OWNER_PIN);
  let dossier = await owner.call<Dossier>('GET', `/customers/${kept}`);
  for (let waitedMs = 0; !dossier.enrolled && waitedMs < 20_000; waitedMs += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    dossier = await owner.call<Dossier>('GET', `/customers/${kept}`);
  }
  t.match(dossier, { enrolled: true, template: { state: 'ok', photosKept: true } });
  t.match(await owner.call<Dossier>('GET', `/customers/${notKept}`), { enrolled: false, template: { state: 'other_pack' } });
  t.match(await owner.call<RecognitionQuality>('GET', '/recognition'), { enrolled: 1, photosWanted: 1 });
  t.match(await owner.call<VisitCard>('POST', '/visits', { customerId: notKept }), { photosWanted: true });
  t.match(await owner.call<VisitCard>('POST', '/visits', { customerId: kept }), { photosWanted: false });

  const camera = owner.camera('look_up');
  await camera.nextOf('camera.ready');
  const frame = async (person: string) => scene({ picture: await portrait(person), x: 640, y: 360, height: 560 });
  t.match(await lookAtOne(camera, await frame('P08')), { decision: 'known', person: { customerId: kept } });
  t.match(await lookAtOne(camera, await frame('P18')), { person: null }, 'the old template is not compared');
  await owner.enrol(notKept, [await portrait('P18')]);
  t.match(await owner.call<RecognitionQuality>('GET', '/recognition'), { enrolled: 2, photosWanted: 0 });
});

/** The first kept picture, opened with the customer's key. */
function openedPicture(dataDirectory: string, customerId: string): Buffer {
  return reading(dataDirectory, (db) => {
    const { jpeg } = db.get<{ jpeg: Buffer }>('SELECT jpeg FROM kept_photo WHERE customer_id = ? AND position = 0', customerId)!;
    return new CustomerKeys({ db, clock: systemClock }).openPicture(customerId, 0, jpeg)!;
  });
}

/** As if a former version with other models had made them: vectors of no meaning to the present ones. */
function makeTemplatesOfAnotherPack(dataDirectory: string): void {
  reading(dataDirectory, (db) => db.transaction(() => {
    for (const { id } of db.all<{ id: number }>('SELECT id FROM template')) {
      const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * id));
      db.run('DELETE FROM template_vector WHERE template_id = ?', BigInt(id));
      db.run('INSERT INTO template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)', BigInt(id), 'another-pack', Buffer.from(values.buffer));
      db.run('UPDATE template SET model_id = ? WHERE id = ?', 'another-pack', id);
    }
  }), false);
}
