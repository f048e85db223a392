/** A whole folder of releases: what is found in it, what is merged, and that nothing bad stops the rest. */
import { createPublicKey } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import t, { type Test } from 'tap';
import { FLEET_FAULTS, FLEET_TABLES, readFleetKeys, verifyFleet } from '../../fleet/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { CELLS_A_DAY, daysFrom, keep, StoreReleases, type MadeRelease } from '../support/storeReleases.js';

const stores = ['SH-01', 'SH-02', 'SH-NJR-1'].map((store, seed) => new StoreReleases(store, { seed }));
const [first, second] = stores as [StoreReleases, StoreReleases];
const days = daysFrom('2026-10-28', 12);
const made = new Map(stores.map((store) => [store.store, days.map((day, at) => store.next(day, { skipped: at === 3 ? 'crowd' : null }))]));
const of = (store: StoreReleases, number: number): MadeRelease => made.get(store.store)![number - 1]!;
const bound = readFleetKeys(JSON.stringify(Object.fromEntries(stores.map(({ store, keys }) => [store, [keys]]))));
const loose = readFleetKeys(JSON.stringify({ keys: stores.flatMap(({ keys }) => keys.keys) }));

function folderOf(t: Pick<Test, 'teardown'>): string {
  const folder = temporaryDirectory(t);
  for (const releases of made.values()) keep(folder, releases);
  return folder;
}
const pathOf = (folder: string, { manifest, name }: MadeRelease) => join(folder, manifest.store, name);
const csv = (folder: string, name: string) => parse(readFileSync(join(folder, name)), { columns: true }) as Record<string, string>[];
const rowsOf = async (folder: string, name: string) => parquetReadObjects({ file: await asyncBufferFromFile(join(folder, name)) });

t.test('all is well: every release is merged, in order, in both forms', async (t) => {
  const folder = folderOf(t);
  const out = join(temporaryDirectory(t), 'merged');
  const told: [number, number][] = [];
  const report = await verifyFleet({ folder, keys: bound, out, workers: 2, progress: (done, of) => told.push([done, of]) });
  t.match(report, { files: 36, verified: 36, copies: 0, merged: 36, tooNew: 0, faults: [], written: true, cells: 3 * 11 * CELLS_A_DAY });
  t.strictSame(report.stores[0], { store: 'SH-01', files: 12, verified: 12, copies: 0, merged: 12, released: 11, skipped: 1, cells: 11 * CELLS_A_DAY, from: days[0], to: days[11], chains: 1, daysWithout: 0 });
  t.strictSame(told.at(-1), [36, 36]);
  t.strictSame(readdirSync(out).sort(), [...FLEET_TABLES].sort(), 'and nothing else');

  const released = stores.flatMap(({ store }) => made.get(store)!);
  const cells = csv(out, 'cells.csv');
  t.strictSame(cells.map((row) => row['external_id']), released.flatMap(({ document: { store, day, cells: each } }) => each.map(({ table, cell }) => `${store}:${day}:${table}:${cell}`)));
  t.strictSame(cells.map((row) => row['count']), released.flatMap(({ document }) => document.cells.map(({ count }) => String(count ?? ''))));
  const text = (row: Record<string, unknown>) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString().slice(0, 10) : String(value ?? '')]));
  t.strictSame((await rowsOf(out, 'cells.parquet')).map(text), cells);
  const inDays = csv(out, 'days.csv');
  t.strictSame((await rowsOf(out, 'days.parquet')).map(text), inDays);
  t.match(inDays[3], { store: 'SH-01', day: days[3], status: 'skipped', reason: 'crowd', suppressed_share: '', chain_number: '4', sha256: of(first, 4).sha256, schema_version: '1', epsilon: '1' });
  t.equal(inDays.length, 36);

  const months = csv(out, 'months.csv');
  t.strictSame([...new Set(months.map((row) => `${row['store']} ${row['month']}`))], stores.flatMap(({ store }) => [`${store} 2026-10`, `${store} 2026-11`]));
  for (const row of months) {
    const same = released.flatMap(({ document }) => (document.store === row['store'] && document.day.startsWith(row['month']!) ? document.cells.filter(({ table, cell }) => table === row['table'] && cell === row['cell']) : []));
    const shown = same.filter(({ count }) => count !== null);
    const [estimate, error] = [shown.reduce((sum, each) => sum + each.estimate!, 0), Math.sqrt(shown.reduce((sum, { standardError }) => sum + standardError! ** 2, 0))].map((value) => (shown.length === 0 ? '' : String(Math.round(value * 10) / 10)));
    t.strictSame([row['estimate'], row['standard_error'], row['days'], row['days_withheld']], [estimate, error, String(shown.length), String(same.length - shown.length)], `${row['store']} ${row['month']} ${row['table']} ${row['cell']}`);
  }
  t.equal(months.find((row) => row['month'] === '2026-10')!['days_skipped'], '1');
});

t.test('without a folder for tables nothing is written; with one, what was there is replaced', async (t) => {
  const folder = folderOf(t);
  t.equal((await verifyFleet({ folder, keys: bound, out: null })).written, false);
  const out = temporaryDirectory(t);
  writeFileSync(join(out, 'days.csv'), 'of yesterday');
  writeFileSync(join(out, 'cells.parquet.part'), 'cut off');
  writeFileSync(join(out, 'ours.txt'), 'kept');
  await verifyFleet({ folder, keys: bound, out });
  t.equal(csv(out, 'days.csv').length, 36);
  t.strictSame(readdirSync(out).filter((name) => !(FLEET_TABLES as readonly string[]).includes(name)), ['ours.txt']);
});

t.test('every kind of fault is told with its file, and the rest of all stores is merged', async (t) => {
  const folder = temporaryDirectory(t);
  type Case = [what: string, change: (releases: MadeRelease[], store: string, maker: StoreReleases) => void, faults: string[], merged: number];
  const at = (release: MadeRelease) => pathOf(folder, release);
  const withByteChangedIn = (name: string, reason: RegExp): Case => [`a byte changed in ${name}`, ([, , , last]) => {
    const changed = Buffer.from(last!.archive);
    changed[last!.archive.indexOf(name) + name.length + 300]! ^= 1;
    writeFileSync(at(last!), changed);
  }, [`release_invalid 04 ${reason.source}`], 3];
  const cases: Case[] = [
    ['a broken archive', ([, , , last]) => writeFileSync(at(last!), last!.archive.subarray(0, 4_000)), ['release_invalid 04 '], 3],
    ['an empty file', ([, , , last]) => writeFileSync(at(last!), ''), ['release_invalid 04 '], 3],
    ['a file of any size', ([, , , last]) => writeFileSync(at(last!), Buffer.alloc(300_000)), ['release_invalid 04 it has more than'], 3],
    withByteChangedIn('manifest.jws', /the signature does not fit/), withByteChangedIn('release.json', /release.json is not as the manifest lists it/),
    withByteChangedIn('release.csv', /release.csv is not as the manifest lists it/), withByteChangedIn('release.parquet', /release.parquet is not as the manifest lists it/),
    ['a broken one in the middle', ([, second]) => writeFileSync(at(second!), 'x'), ['chain_gap 03 ', 'release_invalid 02 '], 3],
    ['a day that is missing', ([, second]) => rmSync(at(second!)), ['chain_gap 03 '], 3],
    ['days that are missing at the beginning', ([first, second]) => { rmSync(at(first!)); rmSync(at(second!)); }, ['chain_gap 03 '], 2],
    ['another name', ([first], store) => cpSync(at(first!), join(folder, `portico-release-${store}-2026-12-24.zip`)), ['release_misnamed 24 '], 4],
    ['one of another store', (_, store) => writeFileSync(join(folder, `portico-release-${store}-2026-12-24.zip`), of(first, 2).archive), ['release_misnamed 24 '], 4],
    ['a link', ([first], store) => symlinkSync(at(first!), join(folder, `portico-release-${store}-2026-12-24.zip`)), ['release_unreadable 24 it is no plain file'], 4],
    ['a copy elsewhere', ([first], store) => { mkdirSync(join(folder, 'a', store), { recursive: true }); cpSync(at(first!), join(folder, 'a', store, first!.name)); }, [], 4],
    ['what is on its way', ([first]) => writeFileSync(`${at(first!)}.part`, 'half'), [], 4],
    ['a fork: the same number after the same release, once more', ([, , , last], _, maker) => keep(folder, [maker.make('2026-11-05', last!.manifest.chain)]), ['chain_fork 04 ', 'chain_fork 05 '], 3],
    ['a day twice, elsewhere', ([, second], store, maker) => {
      mkdirSync(join(folder, 'b', store), { recursive: true });
      writeFileSync(join(folder, 'b', store, second!.name), maker.make('2026-11-02', second!.manifest.chain).archive);
    }, ['chain_fork 02 ', 'chain_fork 02 ', 'day_twice 02 ', 'day_twice 02 ', 'epsilon_understated 03 ', 'epsilon_understated 04 '], 3],
    ['a restored box: a chain of its own, later days', (_, __, maker) => { maker.newChain(); keep(folder, [maker.next('2026-11-07')]); }, [], 5],
    ['other things', (_, store) => { mkdirSync(join(folder, `portico-release-${store}-2026-12-24.zip`)); writeFileSync(join(folder, store, 'notes.zip'), 'x'); }, [], 4],
  ];
  const keys: Record<string, unknown[]> = { 'SH-01': [first.keys] };
  for (const [number, [, change]] of cases.entries()) {
    const store = new StoreReleases(`F-${String(number).padStart(2, '0')}`, { seed: number });
    keys[store.store] = [store.keys];
    const releases = daysFrom('2026-11-01', 4).map((day) => store.next(day));
    keep(folder, releases);
    change(releases, store.store, store);
  }
  writeFileSync(join(folder, 'portico-release-.zip'), '');
  const out = temporaryDirectory(t);
  const { faults, stores: reports, merged } = await verifyFleet({ folder, keys: readFleetKeys(JSON.stringify(keys)), out, workers: 1 });
  for (const [number, [what, , expected, itsMerged]] of cases.entries()) {
    const name = `F-${String(number).padStart(2, '0')}`;
    const told = faults.filter(({ file }) => file.includes(`portico-release-${name}-`)).map(({ code, file, details }) => `${code} ${file.slice(-6, -4)} ${String(details['reason'] ?? '')}`);
    t.strictSame(told.sort().map((text, which) => text.slice(0, expected[which]?.length)), expected, `${what}: ${told.join()}`);
    t.match(reports.find(({ store }) => store === name), { merged: itsMerged }, what);
    t.equal(csv(out, 'days.csv').filter((row) => row['store'] === name).length, itsMerged, what);
  }
  t.ok(faults.some(({ code, file }) => code === 'release_misnamed' && file === 'portico-release-.zip'));
  t.equal(merged, cases.reduce((sum, [, , , each]) => sum + each, 0));
  t.equal((await verifyFleet({ folder, keys: readFleetKeys(JSON.stringify(keys)), out: null, partial: true })).faults.filter(({ code }) => code === 'chain_gap').length, 2, 'where the folder begins later only what is missing within');
});

t.test('keys: unknown, of another store, of two stores', async (t) => {
  const folder = folderOf(t);
  const onlyFirst = readFleetKeys(JSON.stringify({ 'SH-01': [first.keys] }));
  const unknown = await verifyFleet({ folder, keys: onlyFirst, out: null });
  t.strictSame([unknown.verified, unknown.faults.length, new Set(unknown.faults.map(({ code }) => code))], [12, 24, new Set(['release_invalid'])]);
  // The box of one store makes a release of another, in a chain of its own.
  const impostor = new StoreReleases('SH-02', { key: first.key }).next('2026-11-09');
  keep(folder, [impostor]);
  const told = await verifyFleet({ folder, keys: bound, out: null });
  t.match(told.faults, [{ code: 'key_of_another_store', file: `SH-02/${impostor.name}`, details: { key: first.keys.keys[0]!.kid } }]);
  t.equal(told.merged, 36);
  // Without stores.json nothing says which of the two it is: nothing of that key is merged, wherever it comes in the order of stores.
  const out = temporaryDirectory(t);
  const without = await verifyFleet({ folder, keys: loose, out, workers: 2 });
  t.equal(without.faults.filter(({ code }) => code === 'key_of_two_stores').length, 13);
  t.strictSame(new Set(csv(out, 'days.csv').map((row) => row['store'])), new Set(['SH-02', 'SH-NJR-1']));
  t.equal(without.merged, 24);
  t.strictSame((await verifyFleet({ folder: folderOf(t), keys: loose, out: null })).faults, [], 'a key each: fine without stores.json too');
});

t.test('a newer form is named, passed by and not merged', async (t) => {
  const folder = folderOf(t);
  const newer = second.make('2026-11-09', { id: of(second, 12).manifest.chain.id, number: 13, previous: of(second, 12).sha256 }, null, 240, { manifest: (manifest) => Object.assign(manifest, { schemaVersion: 2 }) });
  keep(folder, [newer]);
  const report = await verifyFleet({ folder, keys: bound, out: temporaryDirectory(t) });
  t.match(report, { tooNew: 1, merged: 36, verified: 36, faults: [{ code: 'release_too_new', file: `SH-02/${newer.name}`, details: { schemaVersion: 2 } }] });
});

t.test('an empty folder, and one without a single good release, write nothing', async (t) => {
  const empty = temporaryDirectory(t);
  const out = join(temporaryDirectory(t), 'merged');
  t.match(await verifyFleet({ folder: empty, keys: bound, out }), { files: 0, faults: [], written: false, stores: [] });
  t.notOk(existsSync(out));
  writeFileSync(join(empty, of(first, 1).name), 'nothing');
  mkdirSync(out);
  writeFileSync(join(out, 'days.csv'), 'of yesterday');
  t.match(await verifyFleet({ folder: empty, keys: bound, out }), { files: 1, merged: 0, written: false });
  t.strictSame(readdirSync(out), ['days.csv']);
  t.equal(readFileSync(join(out, 'days.csv'), 'utf8'), 'of yesterday', 'what was there stays');
  await t.rejects(verifyFleet({ folder: join(empty, 'nowhere'), keys: bound, out: null }), { code: 'ENOENT' });
});

t.test('the file of keys: what it may be, and what it may not', async (t) => {
  const [jwk] = first.keys.keys;
  const pem = createPublicKey(first.key).export({ type: 'spki', format: 'pem' }) as string;
  for (const text of [JSON.stringify(first.keys), JSON.stringify(jwk), pem]) t.match(readFleetKeys(text), { all: { keys: [{ kid: jwk!.kid }] }, byStore: null });
  for (const entry of [jwk, first.keys, pem]) t.match(readFleetKeys(JSON.stringify({ 'SH-01': [entry] })), { all: { keys: [{ kid: jwk!.kid }] }, byStore: { 'SH-01': [jwk!.kid] } });
  t.match(readFleetKeys(JSON.stringify({ 'SH-01': [jwk, jwk, ...second.keys.keys] })).byStore, { 'SH-01': [jwk!.kid, jwk!.kid, second.keys.keys[0]!.kid] });
  for (const [text, reason] of [
    ['nothing', /neither PEM nor JWK/], [JSON.stringify({ 'SH-01': jwk }), /not a list/], [JSON.stringify({ '../x': [jwk] }), /no id of a store/],
    [JSON.stringify({ 'SH-01': [jwk], 'SH-02': [jwk] }), /stands for SH-01 and for SH-02/], [JSON.stringify({ 'SH-01': [{ kty: 'RSA' }] }), /neither PEM nor JWK/],
  ] as const) t.throws(() => readFleetKeys(text), { code: 'receipt_invalid', details: { reason } }, text.slice(0, 30));
});

t.test('every fault has its sentence', async (t) => {
  for (const [code, sentence] of Object.entries(FLEET_FAULTS)) t.ok(sentence.length > 20 && sentence.endsWith('.'), code);
});
