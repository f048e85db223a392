/** `portico fleet verify` from outside. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { EXIT } from '../../cli/output.js';
import { FLEET_TABLES } from '../../fleet/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { daysFrom, keep, StoreReleases } from '../support/storeReleases.js';

const CLI = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));
const portico = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

const folder = temporaryDirectory(t);
const store = new StoreReleases('SH-01');
const releases = daysFrom('2026-11-01', 5).map((day) => store.next(day));
keep(folder, releases);
const keys = join(folder, 'stores.json');
writeFileSync(keys, JSON.stringify({ 'SH-01': [store.keys] }));
const out = join(folder, 'merged');

t.test('all is well: 0, in words and for programs', async (t) => {
  const { status, stdout } = portico('fleet', 'verify', folder, '--keys', keys, '--out', out);
  t.equal(status, EXIT.fine);
  t.match(stdout, /^releases +5 found, 5 as their boxes signed them\nstores +1, 2026-11-01 to 2026-11-05\nmerged +5 days, 105 cells, into .*\nfaults +none\n$/);
  t.strictSame(readdirSync(out).sort(), [...FLEET_TABLES].sort());
  const json = portico('--json', 'fleet', 'verify', folder, '--keys', keys);
  t.equal(json.status, EXIT.fine);
  t.match(JSON.parse(json.stdout), { files: 5, merged: 5, faults: [], keysBoundToStores: true, out: null, stores: [{ store: 'SH-01', from: '2026-11-01', to: '2026-11-05', chains: 1 }] });
});

t.test('something is amiss: 3, each fault with file, code and what it means; keys that are of nobody are spoken of', async (t) => {
  rmSync(join(folder, 'SH-01', releases[2]!.name));
  writeFileSync(join(folder, 'SH-01', releases[4]!.name), 'cut off');
  const loose = join(folder, 'keys.json');
  writeFileSync(loose, JSON.stringify(store.keys));
  const { status, stdout } = portico('fleet', 'verify', folder, '--keys', loose, '--workers', '1');
  t.equal(status, EXIT.warning);
  t.match(stdout, 'fault      SH-01/portico-release-SH-01-2026-11-04.zip\n           chain_gap: Releases that this box made are missing. (missing 1, numbers 3)\n');
  t.match(stdout, /portico-release-SH-01-2026-11-05\.zip\n +release_invalid: .* \(reason /);
  t.match(stdout, /faults +2, listed above\nnote +nothing said which key is of which store/);
  const json = portico('--json', 'fleet', 'verify', folder, '--keys', loose);
  t.equal(json.status, EXIT.warning);
  t.match(JSON.parse(json.stdout), { merged: 3, keysBoundToStores: false, faults: [{ code: 'chain_gap', file: 'SH-01/portico-release-SH-01-2026-11-04.zip', details: { missing: 1 } }, { code: 'release_invalid' }] });
});

t.test('a folder without releases is no success, and writes nothing', async (t) => {
  const empty = temporaryDirectory(t);
  const { status, stdout } = portico('fleet', 'verify', empty, '--keys', keys, '--out', join(empty, 'merged'));
  t.equal(status, EXIT.warning);
  t.match(stdout, /There is no release below this folder/);
  t.notOk(existsSync(join(empty, 'merged')));
});

t.test('a wrong line is 2, wrong keys are 1', async (t) => {
  const cases: [args: string[], status: number, says: RegExp][] = [
    [[folder], EXIT.usage, /--keys/], [[join(folder, 'nowhere'), '--keys', keys], EXIT.usage, /is not a folder/], [[folder, '--keys', join(folder, 'nowhere')], EXIT.usage, /cannot be read \(ENOENT\)/],
    [[folder, '--keys', keys, '--workers', '0'], EXIT.usage, /from 1 to 256/], [[folder, '--keys', join(folder, 'SH-01', releases[0]!.name)], EXIT.refused, /receipt_invalid/],
  ];
  for (const [args, status, says] of cases) t.match(portico('fleet', 'verify', ...args), { status, stderr: says }, args.join(' '));
});
