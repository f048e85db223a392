/** A model file that is not the one it was: refused at the start by name; nothing changes while the box runs. */
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { BoxReport, Readiness } from '../../appliance/contract/index.js';
import { loadConfig } from '../../appliance/config/index.js';
import { startBox, temporaryDirectory } from '../support/box.js';
import { query } from '../support/disk.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** The models of the box in a folder of the test's own. */
function ownModels(t: Test): { folder: string; file(name: string): string; names: string[] } {
  const folder = join(temporaryDirectory(t), 'models');
  cpSync(loadConfig({}).modelsDirectory, folder, { recursive: true, dereference: true });
  const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
  return { folder, file: (name) => join(folder, name), names };
}

t.test('replaced while the box is off: it does not start, says which file, and starts again with the right one', { timeout: 180_000 }, async (t) => {
  const models = ownModels(t);
  const dataDirectory = temporaryDirectory(t);
  const options = { dataDirectory, settings: { PORTICO_MODELS_DIR: models.folder } };
  const first = await startBox(t, options);
  await enrolPerson(first, 'P18');
  await first.stop();
  t.ok(models.names.length >= 3);
  const [one, other] = models.names as [string, string];
  const faults: [string, string, (file: string) => void][] = [
    ['one bit flipped', 'model_corrupt', (file) => { const bytes = readFileSync(file); bytes[bytes.length >> 1]! ^= 1; writeFileSync(file, bytes); }],
    ['another model of the pack', 'model_corrupt', (file) => copyFileSync(models.file(other), file)],
    ['cut short', 'model_corrupt', (file) => truncateSync(file, 10_000)],
    ['empty', 'model_corrupt', (file) => truncateSync(file, 0)],
    ['gone', 'model_missing', (file) => rmSync(file)],
  ];
  const right = readFileSync(models.file(one));
  for (const [what, code, harm] of faults) {
    harm(models.file(one));
    await t.rejects(startBox(t, options), { code, details: { file: new RegExp(one) } }, what);
    writeFileSync(models.file(one), right);
  }
  for (const name of models.names) {
    const bytes = readFileSync(models.file(name));
    const changed = Buffer.from(bytes);
    changed[changed.length - 1]! ^= 0xff;
    writeFileSync(models.file(name), changed);
    await t.rejects(startBox(t, options), { code: 'model_corrupt', details: { file: new RegExp(name) } }, `${name}: its last byte`);
    writeFileSync(models.file(name), bytes);
  }
  await (await startBox(t, options)).stop();
  t.strictSame(query(dataDirectory, 'SELECT count(*) AS n FROM template'), [{ n: 1 }], 'nobody was forgotten over it');
});

t.test('replaced while the box runs: it goes on with what it has, and its self-test names the file to IT', { timeout: 120_000 }, async (t) => {
  const models = ownModels(t);
  const box = await startBox(t, { settings: { PORTICO_MODELS_DIR: models.folder } });
  const id = await enrolPerson(box, 'P18');
  const camera = await box.owner.camera('look_up').opened();
  const frame = await scene({ picture: await portrait('P18'), x: 640, y: 360, height: 420 });
  const before = await lookAtOne(camera, frame);
  for (const name of models.names) truncateSync(models.file(name), 1_000);
  const after = await lookAtOne(camera, frame);
  t.match(after, { decision: 'known', person: { customerId: id } });
  t.equal(after.score, before.score, 'with the same numbers');
  await box.owner.call('POST', '/box/checks');
  t.match((await box.owner.call<BoxReport>('GET', '/box/report')).checks.find((check) => check.id === 'models'), { state: 'failed', reason: 'file_changed' });
  t.match(box.logged(), /did not pass their self-test/);
  t.match(await box.stranger().send<Readiness>('GET', '/readyz'), { status: 503, body: { codes: ['models_not_tested'] } }, 'an update or a stick that asks is not told that all is well');
  t.match(await lookAtOne(camera, frame), { decision: 'known' }, 'and still on it goes');
});
