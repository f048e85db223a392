/** `npm run release -- --out DIR [--version V] [--modules DIR]`: builds the release tree. */
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildRelease, sourceEpochSeconds } from './releaseTree.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: { out, version, modules } } = parseArgs({ options: { out: { type: 'string' }, version: { type: 'string' }, modules: { type: 'string' } } });
if (out === undefined) {
  console.error('Where to? npm run release -- --out DIR [--version V]');
  process.exit(2);
}
const startedAt = performance.now();
const release = await buildRelease({
  root, out: resolve(out), ...(version === undefined ? {} : { version }), ...(modules === undefined ? {} : { modules: resolve(modules) }), epochSeconds: sourceEpochSeconds(root, process.env['SOURCE_DATE_EPOCH']),
  npmExecPath: process.env['npm_execpath'], environment: process.env, say: console.log,
});
console.log(`Portico ${release.version} for ${release.platform} ${release.arch}, Node ${release.node}: ${Object.keys(release.files).length} files in ${out}, ${Math.round((performance.now() - startedAt) / 1000)} s`);
