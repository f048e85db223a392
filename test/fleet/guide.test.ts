/** docs/head-office.md kept true: its schemas, its samples, what it tells people to type, and that nothing that can happen is missing in it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import t from 'tap';
import { RELEASE_TABLES } from '../../appliance/contract/index.js';
import { RELEASE_COLUMNS } from '../../appliance/export/archive.js';
import { FLEET_FAULTS, FLEET_TABLES, NOT_MERGED, readFleetKeys } from '../../fleet/index.js';
import { packageRoot } from '../../models/manifest.js';
import { RELEASE_SCHEMAS, schemaText } from '../../packaging/schema.js';
import { temporaryDirectory } from '../support/scratch.js';
import { StoreReleases } from '../support/storeReleases.js';
import { exampleOf, GUIDE } from './guide.js';
import { sampleRelease, samples, SAMPLES } from './samples.js';

t.test('the schemas are those of the contract', async (t) => {
  const folder = join(packageRoot(), 'docs/schema');
  t.strictSame(readdirSync(folder).sort(), Object.keys(RELEASE_SCHEMAS).sort());
  for (const [name, schema] of Object.entries(RELEASE_SCHEMAS)) {
    t.equal(readFileSync(join(folder, name), 'utf8'), schemaText(schema), 'make it anew: npm run build:schema');
    t.match(GUIDE, `(schema/${name})`);
  }
});

t.test('the samples are what its commands make of a release', async (t) => {
  for (const [name, text] of Object.entries(await samples())) {
    t.equal(existsSync(join(SAMPLES, name)) ? readFileSync(join(SAMPLES, name), 'utf8') : '', text, `make ${name} anew: node dist/test/fleet/samples.js`);
    t.match(GUIDE, `(samples/${name})`);
    t.match(text, /^[\w,]+\n/);
  }
  const { release: { document } } = sampleRelease();
  const lines = parse(readFileSync(join(SAMPLES, 'salesforce-cells.csv')), { from_line: 2 }) as string[][];
  t.strictSame(lines.map(([id]) => id), document.cells.map(({ table, cell }) => `SH-NJR-01:2026-11-22:${table}:${cell}`));
  t.strictSame(lines.map((line) => line[5]), document.cells.map(({ count }) => String(count ?? '#N/A')));
  const odoo = readFileSync(join(SAMPLES, 'odoo-cells.csv'), 'utf8').trimEnd().split('\n').slice(1);
  t.equal(odoo.length, document.cells.filter(({ count }) => count !== null).length, 'what is withheld would be 0 there');
  t.ok(odoo.every((line) => /^portico_cell_[0-9a-f]{32},SH-NJR-01,2026-11-22,/.test(line)));
});

t.test('every fault, file, column and field has its line', async (t) => {
  const faults = new Map([...GUIDE.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)].map(([, code, merged]) => [code!, merged!]));
  for (const code of Object.keys(FLEET_FAULTS)) {
    t.ok(faults.has(code), code);
    t.equal(/^(no|neither|none of that key)$/.test(faults.get(code) ?? ''), (NOT_MERGED as readonly string[]).includes(code), `${code}: whether it is merged`);
  }
  for (const name of FLEET_TABLES) t.match(GUIDE, `\`${name}\``);
  for (const { name } of RELEASE_COLUMNS) t.match(GUIDE, `\`${name}\``);
  for (const name of RELEASE_TABLES) t.match(GUIDE, new RegExp(`^\\| \`${name}\` \\|`, 'm'));
  const { release: { manifest, document } } = sampleRelease();
  for (const name of [...Object.keys(manifest), ...Object.keys(document), ...Object.keys(manifest.epsilon), ...Object.keys(document.cells[0]!)]) t.match(GUIDE, new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``), name);
});

const tools = ['unzip', 'jq', 'openssl', 'xxd', 'bash'].filter((tool) => spawnSync('which', [tool]).status !== 0);
t.test('a release is checked by hand as it says, and a changed one is not taken', { skip: tools.length === 0 ? false : `not on this machine: ${tools.join(', ')}` }, async (t) => {
  const { store, release } = sampleRelease();
  const check = (archive: Buffer, keys = store.keys) => {
    const folder = temporaryDirectory(t);
    writeFileSync(join(folder, release.name), archive);
    writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys));
    const { status, stdout, stderr } = spawnSync('bash', ['-c', exampleOf('openssl')], { cwd: folder, encoding: 'utf8' });
    return { status, stdout, stderr, folder };
  };
  const good = check(release.archive);
  t.equal(good.status, 0, good.stderr);
  for (const says of ['Verified OK', 'release.json: OK', 'release.csv: OK', 'release.parquet: OK', '"store": "SH-NJR-01"', release.sha256]) t.match(good.stdout, says);

  symlinkSync(join(packageRoot(), 'node_modules'), join(good.folder, 'node_modules'));
  const byJose = () => spawnSync(process.execPath, ['--input-type=module', '--eval', exampleOf('jose')], { cwd: good.folder, encoding: 'utf8' });
  t.match(byJose(), { status: 0, stdout: new RegExp(`id: '${release.manifest.chain.id}',\\s+number: 1,\\s+previous: null`) });
  writeFileSync(join(good.folder, 'opened/manifest.jws'), `${readFileSync(join(good.folder, 'opened/manifest.jws'), 'utf8').slice(0, -10)}AAAAAAAAAA`);
  t.match(byJose(), { status: 1, stderr: /signature verification failed/ });

  const changed = Buffer.from(release.archive);
  changed[changed.indexOf('release.csv') + 400]! ^= 1; // within the CSV, past its name
  t.notMatch(check(changed), { status: 0 });
  t.notMatch(check(release.archive, new StoreReleases('SH-NJR-01').keys), { status: 0 }, 'another box');
});

t.test('stores.json is put together as it says', { skip: tools.includes('jq') ? 'no jq on this machine' : false }, async (t) => {
  const folder = temporaryDirectory(t);
  mkdirSync(join(folder, 'keys'));
  const stores = ['SH-01', 'SH-NJR.2'].map((name) => new StoreReleases(name));
  for (const { store, keys } of stores) writeFileSync(join(folder, 'keys', `${store}.json`), JSON.stringify(keys));
  const { status, stderr } = spawnSync('bash', ['-c', exampleOf('stores')], { cwd: folder, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.strictSame(readFleetKeys(readFileSync(join(folder, 'stores.json'), 'utf8')).byStore, Object.fromEntries(stores.map(({ store, keys }) => [store, [keys.keys[0]!.kid]])));
});
