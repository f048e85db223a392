/** `npm run package -- --out DIR [--release TREE] [--version V] [--quick]`: the Debian package; without a tree, of one built for it. */
import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildDeb } from './debPackage.js';
import { buildRelease, sourceEpochSeconds } from './releaseTree.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string' }, release: { type: 'string' }, version: { type: 'string' }, quick: { type: 'boolean', default: false } } });
if (values.out === undefined) {
  console.error('Where to? npm run package -- --out DIR [--release TREE] [--version V] [--quick]');
  process.exit(2);
}
const out = resolve(values.out);
const epochSeconds = sourceEpochSeconds(root, process.env['SOURCE_DATE_EPOCH']);
const version = values.version === undefined ? {} : { version: values.version };
const startedAt = performance.now();
const own = join(out, '.release');
if (values.release === undefined) await buildRelease({ root, out: own, ...version, epochSeconds, npmExecPath: process.env['npm_execpath'], environment: process.env, say: console.log });
try {
  const deb = await buildDeb({ root, tree: values.release === undefined ? own : resolve(values.release), out, ...version, epochSeconds, compression: values.quick ? 'zstd' : 'xz', say: console.log });
  console.log(`${deb}: ${((await stat(deb)).size / 1_048_576).toFixed(1)} MiB, ${Math.round((performance.now() - startedAt) / 1000)} s`);
} finally {
  await rm(own, { recursive: true, force: true });
}
