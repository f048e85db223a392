/**
 * `npm run models`: makes models/files hold what models/manifest.json names, and says so in one line.
 * With PORTICO_MODELS_DIR set it only checks that folder; with --quiet it speaks only of what is wrong. A build tool, not part of the running box: that is why
 * it may read these two variables itself.
 */
import { relative } from 'node:path';
import { isPorticoError } from '../appliance/kit/index.js';
import { ensureModels, npmCommand } from './install.js';
import { defaultModelsDir, loadManifest, manifestPathFor, packageRoot } from './manifest.js';
import { verifyModels } from './verify.js';

try {
  const ownFolder = process.env['PORTICO_MODELS_DIR'];
  if (ownFolder !== undefined && ownFolder !== '') {
    const manifest = await loadManifest(manifestPathFor(ownFolder));
    await verifyModels(ownFolder, manifest);
    console.log(`Models ${manifest.id}: ${manifest.models.length} files in ${ownFolder} are right.`);
  } else {
    const manifest = await loadManifest();
    const filesDir = defaultModelsDir();
    const outcome = await ensureModels({
      manifest,
      filesDir,
      npm: npmCommand(process.env['npm_execpath']),
      cwd: packageRoot(),
      warn: (line) => console.error(line),
    });
    const what = outcome === 'present' ? 'already there and right' : 'fetched and checked';
    if (!process.argv.includes('--quiet')) console.log(`Models ${manifest.id}: ${manifest.models.length} files ${what} in ${relative(process.cwd(), filesDir) || '.'}.`);
  }
} catch (error) {
  if (isPorticoError(error)) {
    const details = Object.entries(error.details ?? {}).map(([key, value]) => `\n  ${key}: ${value}`);
    console.error(`${error.code}: ${error.message}${details.join('')}`);
  } else {
    console.error(error);
  }
  process.exitCode = 1;
}
