/** How careful recognition is and how good: the choice in words, and staff's answers as figures. */
import t from 'tap';
import type { Dossier, RecognitionQuality } from '../../appliance/contract/index.js';
import { addAssociate, startBox, TestClock } from '../support/box.js';
import { query } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { emptyScene, portrait, scene } from '../support/scene.js';
import { look, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const { owner } = box;
const report = () => owner.call<RecognitionQuality>('GET', '/recognition');
const customerId = await enrolPerson(box, 'P08', { purposes: ['recognise', 'refresh'] });
const frame = async (person: string) => scene({ picture: await portrait(person), x: 640, y: 360, height: 560 });
const camera = owner.camera('look_up');
await camera.nextOf('camera.ready');
const openVisit = async () => (await owner.call<Dossier>('GET', `/customers/${customerId}`)).openVisitId!;

t.test('who may see it and who may change it', async (t) => {
  t.equal(await refusal(box.stranger().call('GET', '/recognition')), '401 device_not_paired');
  const { device } = await addAssociate(box, '小林');
  t.equal(await refusal(device.call('GET', '/recognition')), 'accepted');
  t.equal(await refusal(device.call('PUT', '/recognition/fpir', { known: 0.01, candidate: 0.05 })), '403 not_allowed');
});

t.test('a choice moves both thresholds at once', async (t) => {
  const before = await report();
  t.match(before, { enrolled: 1, photosWanted: 0, drifting: 0, chosen: { known: 0.003, candidate: 0.03 } });
  t.match(before, { named: { right: 0, wrong: 0, wrongShare: null }, asked: { yes: 0, no: 0, unsure: 0, yesShare: null }, strangers: { seen: 0, fpir: null } });
  const strict = await owner.call<RecognitionQuality>('PUT', '/recognition/fpir', { known: 0.0001, candidate: 0.0005 });
  t.ok(strict.thresholds.known > before.thresholds.known);
  t.equal(await refusal(owner.call('PUT', '/recognition/fpir', { known: 0.05, candidate: 0.01 })), '400 fpir_invalid');
  t.equal(await refusal(owner.call('PUT', '/recognition/fpir', { known: 0, candidate: 0.01 })), '400 bad_request');
  t.equal(await refusal(owner.call('PUT', '/recognition/fpir', { known: 0.003, candidate: 0.5 })), '400 bad_request');
  await owner.call('PUT', '/recognition/fpir', { known: 0.003, candidate: 0.03 });
});

t.test('serving a named card says that the name was right, and may refresh the template', async (t) => {
  t.equal((await lookAtOne(camera, await frame('P08'))).decision, 'known');
  const visitId = await openVisit();
  await owner.call('POST', `/visits/${visitId}/serve`);
  await owner.call('POST', `/visits/${visitId}/serve`);
  t.match((await report()).named, { right: 1, wrong: 0, wrongShare: { share: 0, low: 0, of: 1 } });
  const { template } = await owner.call<Dossier>('GET', `/customers/${customerId}`);
  t.strictSame(template!.photos.map((photo) => [photo.source, photo.confirmedBy]), [['enrolment', null], ['refresh', '店长']]);
  const reverted = await owner.call<Dossier>('POST', `/customers/${customerId}/template/revert`);
  t.equal(reverted.template!.photos.length, 1);
  t.equal(await refusal(owner.call('POST', `/customers/${customerId}/template/revert`)), '409 template_not_refreshed');
});

t.test('"not this person" after serving counts as wrong, and the customer is matched more strictly', async (t) => {
  await owner.call('POST', `/visits/${await openVisit()}/not-this-person`);
  const { named, strangers } = await report();
  t.match(named, { right: 0, wrong: 1, wrongShare: { share: 1, high: 1, of: 1 } });
  t.match(strangers, { named: 1 });
  t.type((await owner.call<Dossier>('GET', `/customers/${customerId}`)).template!.stricterUntil, 'string');
});

t.test('strangers are counted, and only counted', async (t) => {
  const { seen } = (await report()).strangers;
  const stranger = await frame('P18');
  for (let i = 0; i < 3; i++) t.equal((await lookAtOne(camera, stranger)).decision, 'unknown');
  clock.move(4_000);
  await look(camera, await emptyScene());
  t.equal((await report()).strangers.seen, seen + 1, 'three frames, one stranger');
  const rows = query(box.dataDirectory, 'SELECT decision, tracks FROM recognition_count WHERE decision = \'unknown\'');
  t.strictSame(rows, [{ decision: 'unknown', tracks: 1 }]);
});

t.test('answers older than the window no longer count', async (t) => {
  clock.move(91 * 86_400_000);
  await owner.signIn(box.ownerId, '135790');
  t.match(await report(), { named: { right: 0, wrong: 0 }, strangers: { seen: 0 } });
});
