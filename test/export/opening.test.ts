/** A release as head office opens it: what is refused, and for which reason. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { zipSync } from 'fflate';
import t from 'tap';
import { archiveOf, filesOf, parquetColumn, parquetOf, parquetSchemaOf, RELEASE_COLUMNS, rowsOf, type ReleaseRow } from '../../appliance/export/archive.js';
import { ARCHIVE_BYTES_MAX, openRelease } from '../../appliance/export/opening.js';
import { verifyStatement } from '../../appliance/papers/index.js';
import { failure } from '../support/failures.js';
import { sha256, StoreReleases, TABLES, type Changes } from '../support/storeReleases.js';

const DAY = '2026-11-22';
const store = new StoreReleases('SH-NJR-01');
const good = store.next(DAY);
const reasonOf = async (archive: Buffer, keys = store.keys) => {
  const { code, details } = await failure(openRelease(archive, keys));
  return `${code} ${String(details?.['reason'] ?? details?.['schemaVersion'])}`;
};
const made = (changes: Changes, skipped: 'crowd' | null = null) => store.make(DAY, { id: good.manifest.chain.id, number: 2, previous: good.sha256 }, skipped, 240, changes).archive;

t.test('a release and a day that was skipped are opened', async (t) => {
  const { manifest, document, sha256: sum, kid } = await openRelease(good.archive, store.keys);
  t.strictSame([manifest, document, sum, kid], [good.manifest, good.document, sha256(good.archive), store.keys.keys[0]!.kid]);
  const skipped = store.next('2026-11-23', { skipped: 'crowd' });
  t.match(await openRelease(skipped.archive, store.keys), { document: { status: 'skipped', reason: 'crowd', cells: [] }, manifest: { chain: { number: 2, previous: good.sha256 } } });
});

t.test('a changed byte anywhere is refused', async (t) => {
  const looked = new Map<string, number>();
  for (let at = 0; at < good.archive.length; at += 13) {
    const changed = Buffer.from(good.archive);
    changed[at]! ^= 1 << at % 8;
    const reason = await reasonOf(changed);
    if (!reason.startsWith('release_invalid')) t.fail(`byte ${at}: ${reason}`);
    looked.set(reason, (looked.get(reason) ?? 0) + 1);
  }
  for (const name of ['release.json', 'release.csv', 'release.parquet']) t.ok(looked.get(`release_invalid ${name} is not as the manifest lists it`)! > 100, name);
  t.ok(looked.get('release_invalid the signature does not fit')! > 100);
  // Dates, sums and attributes in the archive's own headers, which other programs unpack just the same.
  t.ok(looked.get('release_invalid the archive itself is not as the box wrote it')! > 5);
  t.equal([...looked.values()].reduce((sum, each) => sum + each), Math.ceil(good.archive.length / 13));
});

t.test('broken archives, others, and those with more or less in them', async (t) => {
  const files = filesOf(good.document, TABLES);
  const jws = good.archive.toString('latin1').match(/eyJ[\w-]+\.[\w-]+\.[\w-]{86}/)![0];
  t.ok(archiveOf({ manifestJws: jws, files }).equals(good.archive));
  const entries = { 'manifest.jws': Buffer.from(jws), ...Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])) };
  const cases: [what: string, archive: Buffer, reason: RegExp][] = [
    ['nothing', Buffer.alloc(0), /not a zip archive/],
    ['half of it', good.archive.subarray(0, good.archive.length / 2), /does not end with its directory|not a zip archive/],
    ['no archive', Buffer.from('%PDF-1.7 and so on, longer than the end of an archive'), /does not end with its directory/],
    ['another one of the same files', Buffer.from(zipSync(entries, { level: 6 })), /the archive itself is not as the box wrote it/],
    ['too large', Buffer.alloc(ARCHIVE_BYTES_MAX + 1), /more than 262144 bytes/],
    ['a small one that becomes large', Buffer.from(zipSync({ 'release.csv': Buffer.alloc(3_000_000) })), /unpacked it has more than 262144 bytes/],
    ['no manifest', archiveOf({ manifestJws: '', files }), /signature does not fit/],
    ['a file less', archiveOf({ manifestJws: jws, files: files.slice(1) }), /release\.json is missing/],
    ['a file more', archiveOf({ manifestJws: jws, files: [...files, { name: 'more.txt', bytes: Buffer.from('x') }] }), /more\.txt does not belong in it/],
    ['in another order', archiveOf({ manifestJws: jws, files: [...files].reverse() }), /the archive itself is not as the box wrote it/],
    ['without manifest.jws', Buffer.from(zipSync({ 'release.csv': Buffer.from('x') }, { level: 0 })), /manifest\.jws is missing/],
  ];
  for (const [what, archive, reason] of cases) t.match(await reasonOf(archive), reason, what);
});

t.test('who signed, and what', async (t) => {
  const other = new StoreReleases('SH-NJR-01');
  t.equal(await reasonOf(good.archive, other.keys), 'release_invalid signed with a key that is not among those given');
  t.equal(await reasonOf(good.archive, { keys: [] }), 'release_invalid signed with a key that is not among those given');
  t.equal(await reasonOf(made({ typ: 'portico-deletion+jwt' })), 'release_invalid what is signed is no manifest of a release');
  t.equal(await reasonOf(made({ typ: 'JWT' })), 'release_invalid it is not a statement of this product');
  const both = { keys: [...other.keys.keys, ...store.keys.keys] };
  t.equal((await openRelease(good.archive, both)).kid, store.keys.keys[0]!.kid);
  const jws = good.archive.toString('latin1').match(/eyJ[\w-]+\.[\w-]+\.[\w-]{86}/)![0];
  t.match(await verifyStatement(jws, store.keys), { type: 'release', claims: { store: 'SH-NJR-01' } }, 'portico receipt verify knows it as well');
});

t.test('a newer form is told apart from a broken one, and only if one of the keys signed it', async (t) => {
  const newer = made({ manifest: (manifest) => Object.assign(manifest, { schemaVersion: 2, somethingNew: true }) });
  t.equal(await reasonOf(newer), 'release_too_new 2');
  t.match(await reasonOf(newer, new StoreReleases('SH-NJR-01').keys), /^release_invalid signed with a key/);
  t.match(await reasonOf(made({ manifest: (manifest) => Object.assign(manifest, { schemaVersion: 0 }) })), /^release_invalid manifest\.jws is not of this schema: \/schemaVersion/);
  t.match(await reasonOf(made({ document: (document) => Object.assign(document, { schemaVersion: 2 }) })), /release\.json is not of this schema/);
});

t.test('what a box signed and should not have', async (t) => {
  const first = (document: Parameters<NonNullable<Changes['document']>>[0]) => document.cells.find(({ count }) => count !== null)!;
  const cases: [what: string, changes: Changes, reason: RegExp][] = [
    ['another store', { document: (d) => Object.assign(d, { store: 'SH-02' }) }, /do not agree in store/],
    ['another day', { manifest: (m) => Object.assign(m, { day: '2026-11-21' }) }, /do not agree in day/],
    ['another number of stored persons', { manifest: (m) => Object.assign(m, { storedPersons: 1 }) }, /do not agree in storedPersons/],
    ['skipped in one of both', { manifest: (m) => Object.assign(m, { status: 'skipped', reason: 'crowd' }) }, /do not agree in status/],
    ['released for a reason', { manifest: (m) => Object.assign(m, { reason: 'crowd' }), document: (d) => Object.assign(d, { reason: 'crowd' }) }, /do not go together/],
    ['no day', { manifest: (m) => Object.assign(m, { day: '2026-02-30' }) }, /manifest\.jws is not of this schema: \/day/],
    ['something more', { manifest: (m) => Object.assign(m, { customers: [] }) }, /manifest\.jws is not of this schema/],
    ['a text of somebody', { document: (d) => Object.assign(d, { note: 'x' }) }, /release\.json is not of this schema/],
    ['a cell less', { document: (d) => d.cells.pop() }, /cells are not those that the manifest names/],
    ['cells in another order', { document: (d) => d.cells.reverse() }, /cells are not those that the manifest names/],
    ['tables in another order', { manifest: (m) => m.tables.reverse() }, /do not follow from the parameters/],
    ['a cell of its own', { manifest: (m) => { m.tables[0]!.cells[0] = 'young'; } }, /do not follow from the parameters/],
    ...(['part', 'stay', 'tier', 'team'] as const).map((table): [string, Changes, RegExp] => [`a cell of ${table} that is in no list: a time of the day`, {
      manifest: (m) => { m.tables.find((spec) => spec.table === table)!.cells[0] = '2026-11-22T10:00:00Z'; }, document: (d) => { d.cells.find((cell) => cell.table === table)!.cell = '2026-11-22T10:00:00Z'; },
    }, /do not follow from the parameters/]),
    ['a cell that should be withheld', { document: (d) => Object.assign(first(d), { count: 9 }) }, /below cellMin/],
    ['withheld by half', { document: (d) => Object.assign(first(d), { estimate: null }) }, /withheld by half/],
    ['another estimate', { document: (d) => Object.assign(first(d), { estimate: first(d).estimate! + 0.2 }) }, /estimate of visitor \w+ does not follow/],
    ['another share withheld', { manifest: (m) => Object.assign(m, { suppressedShare: m.suppressedShare! + 0.04 }) }, /suppressedShare/],
    ['no share withheld', { manifest: (m) => Object.assign(m, { suppressedShare: null }) }, /suppressedShare/],
    ['more epsilon than of a day', { manifest: (m) => { m.epsilon.dayMax = 0.5; } }, /epsilon is above its bounds/],
    ['less noise than epsilon asks for', { manifest: (m) => { m.tables[0]!.noiseScale = { numerator: 1, denominator: 1_000 }; } }, /do not follow from the parameters/],
    ['a smaller crowd than delta asks for', { manifest: (m) => { m.parameters.crowdWithNoise = 20; } }, /crowdWithNoise does not follow/],
    ['everybody in every table', { manifest: (m) => { for (const spec of m.tables) spec.countedShare = { numerator: 1, denominator: 1 }; } }, /do not follow from the parameters/],
    ['a table left out', { manifest: (m) => { m.tables.pop(); } }, /do not follow from the parameters/],
    ['another epsilon in the parameters', { manifest: (m) => { m.parameters.epsilon = 0.5; } }, /do not follow from the parameters/],
    ['more epsilon than of a year', { manifest: (m) => { m.epsilon.yearSpent = 366.5; } }, /epsilon is above its bounds/],
    ['a looser guarantee than any', { manifest: (m) => { m.parameters.crowdMin = 5; } }, /\/parameters\/crowdMin/],
    ['the first of a chain with one before it', { manifest: (m) => { m.chain.number = 1; } }, /only the first release of a chain/],
    ['another CSV', { files: ([json, csv, parquet]) => [json!, { ...csv!, bytes: Buffer.from(csv!.bytes.toString('utf8').replace(',released,', ',skipped,')) }, parquet!] }, /release\.csv does not say what release\.json says/],
    ['JSON with a second word for the same', { files: ([json, csv, parquet]) => [{ ...json!, bytes: Buffer.from(json!.bytes.toString('utf8').replace('{', '{"store":"SH-02",')) }, csv!, parquet!] }, /release\.json does not say/],
    ['no JSON', { files: ([json, csv, parquet]) => [{ ...json!, bytes: Buffer.from('{') }, csv!, parquet!] }, /release\.json is not JSON/],
    ['no Parquet', { files: ([json, csv]) => [json!, csv!, { name: 'release.parquet', bytes: Buffer.from('PAR1 and nothing') }] }, /cannot be read/],
    ['the Parquet of another day', { files: ([json, csv]) => [json!, csv!, { name: 'release.parquet', bytes: parquetOf({ ...good.document, day: '2026-11-21' }, TABLES) }] }, /release\.parquet does not say/],
  ];
  for (const [what, changes, reason] of cases) t.match(await reasonOf(made(changes)), reason, what);
  t.match(await reasonOf(made({ document: (d) => Object.assign(d, { cells: good.document.cells }) }, 'crowd')), /a day that was skipped has figures/);
});

t.test('Parquet in other bytes is taken if it says the same, and only then', async (t) => {
  const otherwise = (change: (rows: ReleaseRow[]) => ReleaseRow[], columns = RELEASE_COLUMNS): Changes => {
    let parquet = Buffer.alloc(0);
    return {
      document: (document) => {
        const rows = change(rowsOf(document, TABLES));
        const columnData = columns.map((column) => ({ name: column.name, data: parquetColumn(column, rows) }));
        parquet = Buffer.from(parquetWriteBuffer({ schema: parquetSchemaOf(columns), columnData, codec: 'UNCOMPRESSED', createdBy: 'another writer' }));
      },
      files: ([json, csv]) => [json!, csv!, { name: 'release.parquet', bytes: parquet }],
    };
  };
  t.equal((await openRelease(made(otherwise((rows) => rows)), store.keys)).manifest.store, 'SH-NJR-01');
  for (const [what, change] of [
    ['a count', (rows) => rows.map((row, at) => (at === 2 ? { ...row, count: (row.count ?? 0) + 1 } : row))],
    ['a day', (rows) => rows.map((row, at) => (at === 2 ? { ...row, day: '2026-11-21' } : row))],
    ['a row less', (rows) => rows.slice(1)],
    ['a row more', (rows) => [...rows, rows[0]!]],
    ['a figure that is withheld', (rows) => rows.map((row) => (row.suppressed ? { ...row, count: 0 } : row))],
    ['another order', (rows) => [...rows].reverse()],
  ] satisfies [string, (rows: ReleaseRow[]) => ReleaseRow[]][]) t.match(await reasonOf(made(otherwise(change))), /release\.parquet does not say what release\.json says/, what);
  const looser = RELEASE_COLUMNS.map((column) => (column.name === 'store' ? { ...column, repetition_type: 'OPTIONAL' as const } : column));
  t.match(await reasonOf(made(otherwise((rows) => rows, looser))), /release\.parquet does not say/, 'another type');
});
