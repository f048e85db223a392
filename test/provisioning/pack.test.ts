/** A model pack that comes on the stick: copied whole, or not taken. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { defaultModelsDir, loadManifest } from '../../models/manifest.js';
import { verifyModels } from '../../models/verify.js';
import { packFolder } from '../support/packs.js';
import { everything, newBox, put, settingsText } from '../support/stick.js';

const embedder = 'fr_feature.onnx';

/** The built-in files as a store's own pack, on the stick. @returns the hash that the settings are to name */
async function withPack(stick: string, change: Parameters<typeof packFolder>[1] = () => undefined): Promise<string> {
  const folder = await packFolder(join(stick, 'models/own-pack'), change);
  cpSync(join(defaultModelsDir(), 'as-fetched', embedder), join(folder, embedder));
  return createHash('sha256').update(readFileSync(join(folder, 'manifest.json'))).digest('hex');
}
const models = (sha256: string) => `models: { pack: own-pack, manifestSha256: ${sha256} }\n`;

t.test('a pack that was not signed, was altered, is incomplete or not measured is refused, and the box stays as it is', async (t) => {
  const box = await newBox(t);
  const before = everything(box.root, /portico-box\/(public|outbox)\//);
  const refused = async (text: string, code: string, file: string) => {
    put(box.stick, text);
    t.match(await box.apply(), { outcome: 'refused', code, problems: [{ file: `models/own-pack${file}` }] });
    t.strictSame([...everything(box.root, /portico-box\/(public|outbox)\//)], [...before]);
  };
  await refused(settingsText(1, models('f'.repeat(64))), 'stick_file_refused', '');
  const sha256 = await withPack(box.stick);
  await refused(settingsText(1, models('f'.repeat(64))), 'stick_signature_wrong', '/manifest.json');
  const file = join(box.stick, 'models/own-pack', embedder);
  const bytes = readFileSync(file);
  bytes[1000]! ^= 1;
  writeFileSync(file, bytes);
  await refused(settingsText(1, models(sha256)), 'model_corrupt', `/${embedder}`);
  await refused(settingsText(1, models(await withPack(box.stick, (manifest) => { manifest.calibration = null; }))), 'model_uncalibrated', '/manifest.json');
});

t.test('a good pack lies where the service reads it, and goes when a later stick does without', async (t) => {
  const box = await newBox(t);
  const sha256 = await withPack(box.stick);
  put(box.stick, settingsText(1, models(sha256)));
  t.match(await box.apply(), { outcome: 'applied', problems: [] });
  t.match(box.read('/etc/portico/box.env'), 'PORTICO_MODELS_DIR="/var/lib/portico-models/1"');
  const folder = join(box.root, 'var/lib/portico-models/1');
  await verifyModels(folder, await loadManifest(join(folder, 'manifest.json')));
  t.equal(statSync(folder).mode & 0o777, 0o755);
  t.equal(statSync(join(folder, embedder)).mode & 0o777, 0o644);
  for (const serial of [2, 3]) {
    put(box.stick, settingsText(serial));
    t.match(await box.apply(), { outcome: 'applied' });
  }
  t.notMatch(box.read('/etc/portico/box.env'), 'PORTICO_MODELS_DIR');
  t.strictSame([...everything(join(box.root, 'var/lib/portico-models')).keys()], [], 'kept while its generation was, and no longer');
});
