/** Releases on a real encrypted file: once a day, whatever the clock, a power cut or an older copy does; and never beyond the budget. */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { dueAtMs, dueDays } from '../../appliance/export/calendar.js';
import { MadeDays } from '../../appliance/export/madeDays.js';
import { forgetReleases, openRelease } from '../../appliance/export/index.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { Database, MIGRATIONS_DIRECTORY } from '../../appliance/storage/index.js';
import { DAY, exportingStore, fillDay, HOUR, keysOf, MONDAY, releaseFile, toFolder } from '../support/exporting.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { readKey } from '../support/disk.js';

const OFFICER = { staffId: 's', deviceId: 'd' };
const codeOf = (work: () => unknown): Promise<string> => Promise.resolve().then(work).then(() => 'accepted', (error: unknown) => (isPorticoError(error) ? error.code : String(error)));
/** Tuesday 05:00: Monday is over, and the time has passed. */
const NIGHT = 19 * HOUR;

t.test('nothing is set up, nobody works here, the clock cannot be trusted, the box is a copy: nothing is made', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  fillDay(db, MONDAY, 150, 's');
  const none = exportsWith(null);
  clock.move(NIGHT);
  await none.work();
  t.match(none.state(null), { setUp: false, days: [], held: null });
  t.equal(await codeOf(() => none.compare('2026-06-15', OFFICER)), 'export_not_set_up');

  for (const [held, more] of [['nobody_yet', { staffed: () => false }], ['clock', { trustsClock: () => false }]] as const) {
    const exports = exportsWith(toFolder(folder), more);
    await exports.work();
    clock.move(DAY);
    await exports.work();
    t.match(exports.state(null), { setUp: true, days: [], held });
  }
  t.strictSame(readdirSync(folder), []);
  t.notOk(existsSync(join(folder, '..', 'released-days')));
});

t.test('a day is released once, at its time, and stays as it was made', async (t) => {
  const { rooms, clock, folder, dataDirectory, exportsWith } = exportingStore(t);
  const { db } = rooms;
  const exports = exportsWith(toFolder(folder));
  fillDay(db, MONDAY, 150, 's');
  clock.move(NIGHT - HOUR); // 04:00: the day is over, it is not 04:40 yet
  await exports.work();
  t.strictSame(exports.state(null).days, []);
  clock.move(HOUR);
  await Promise.all([exports.work(), exports.work()]);
  const [day, ...others] = exports.state(null).days;
  t.strictSame(others, []);
  t.match(day, { day: '2026-06-15', status: 'released', number: 1, epsilon: 1, cells: 20, delivery: { state: 'delivered', tries: 1 } });

  const bytes = readFileSync(releaseFile(folder, '2026-06-15'));
  const { manifest, document, sha256 } = await openRelease(bytes, keysOf(db, clock));
  t.equal(sha256, day!.sha256);
  t.match(manifest, { store: 'SH-01', chain: { number: 1, previous: null }, epsilon: { spent: 1, dayMax: 1, yearSpent: 1 }, storedPersons: 1_234, parameters: { crowdMin: 20, cellMin: 10, cellsPerPerson: 4 } });
  t.equal(manifest.suppressedShare, Math.round((day!.suppressed / 20) * 10_000) / 10_000);

  // Late edits, and asking again and again.
  fillDay(db, MONDAY, 50, 's', { salt: 'late' });
  db.run('DELETE FROM visit_stage');
  const seen = new Set<string>();
  for (let i = 0; i < 300; i += 1) {
    await exports.work();
    seen.add(exports.file('2026-06-15', OFFICER).archive.toString('base64'));
  }
  t.strictSame([...seen], [bytes.toString('base64')], 'the average of three hundred requests is one release');
  await exportsWith(toFolder(folder)).work();
  t.strictSame(readdirSync(folder), ['portico-release-SH-01-2026-06-15.zip'], 'nor does a start make another');

  t.throws(() => db.run(`UPDATE release SET sha256 = 'x'`), /never changed/);
  t.throws(() => db.run('DELETE FROM release'), /never taken back/);
  t.throws(() => db.run(`INSERT INTO epsilon_ledger (day, millionths, schema_version, at_ms) VALUES ('2026-06-15', 1, 1, 0)`), /spent/);
  t.throws(() => db.run('UPDATE epsilon_ledger SET millionths = 0'), /stays spent/);
  t.throws(() => db.run('DELETE FROM epsilon_ledger'), /stays spent/);
  t.equal(readFileSync(join(dataDirectory, 'released-days'), 'utf8').trim(), `2026-06-15 ${sha256}`);

  const text = `${JSON.stringify(manifest)}${JSON.stringify(document)}${bytes.toString('latin1')}`;
  for (const { id, display_name } of db.all<{ id: string; display_name: string }>('SELECT id, display_name FROM customer')) {
    if (text.includes(id) || text.includes(display_name)) t.fail('an id or a name went out');
  }
  t.notMatch(JSON.stringify(document), /T\d\d:\d\d|\d{13}/, 'no time of the day, no instant');
});

t.test('days that the box was off for are caught up with in order; quiet days are skipped, and look like each other', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  const exports = exportsWith(toFolder(folder));
  fillDay(db, MONDAY, 150, 's');
  fillDay(db, MONDAY + 2 * DAY, 150, 's');
  fillDay(db, MONDAY + 3 * DAY, 1, 's');
  clock.move(4 * DAY + NIGHT);
  await exports.work();
  t.strictSame(exports.state(null).days, [], 'many at once wait for an hour: the clock may be ahead');
  clock.move(HOUR);
  await exports.work();
  t.strictSame(exports.state(null).days.map(({ day, status, reason, number }) => [day, status, reason, number]), [
    ['2026-06-19', 'skipped', 'crowd', 5], ['2026-06-18', 'skipped', 'crowd', 4], ['2026-06-17', 'released', null, 3], ['2026-06-16', 'skipped', 'crowd', 2], ['2026-06-15', 'released', null, 1],
  ]);
  const opened = await Promise.all(['2026-06-15', '2026-06-16', '2026-06-17', '2026-06-18'].map((day) => openRelease(readFileSync(releaseFile(folder, day)), keysOf(db, clock))));
  t.strictSame(opened.map(({ manifest }) => manifest.chain.previous), [null, ...opened.slice(0, 3).map(({ sha256 }) => sha256)]);
  const plain = (at: number) => ({ ...opened[at]!.document, day: '' });
  t.strictSame(plain(1), plain(3), 'nobody and one person');
  t.equal(opened[1]!.manifest.epsilon.spent, 1, 'that it is skipped rests on figures too');
  t.match(exports.state(null).epsilonYear, { spent: 5, max: 366 });
  t.match(exports.state('2026-06-17').days.map(({ day }) => day), ['2026-06-16', '2026-06-15']);

  clock.move(60 * DAY);
  await exports.work();
  clock.move(HOUR);
  await exports.work();
  const days = exports.state(null);
  t.equal(days.more, true);
  t.equal(days.days[0]!.day, '2026-08-18');
  t.strictSame(db.all('SELECT count(*) AS n FROM release'), [{ n: 5 + 31 }], 'no further back than a month');
});

t.test('what was not set up at the time is never released', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  fillDay(db, MONDAY - DAY, 150, 's');
  fillDay(db, MONDAY, 150, 's');
  await exportsWith(toFolder(folder)).work();
  clock.move(NIGHT);
  await exportsWith(null).work(); // somebody switched it off
  clock.move(2 * DAY);
  const again = exportsWith(toFolder(folder));
  await again.work();
  t.strictSame(again.state(null).days.map(({ day }) => day), ['2026-06-15'], 'Monday was due; of the days on which it was off none');
  clock.move(DAY);
  await again.work();
  clock.move(DAY);
  await again.work();
  t.strictSame(again.state(null).days.map(({ day }) => day), ['2026-06-19', '2026-06-15'], 'nor of the day on which it was switched on');
});

t.test('a clock that was set makes no second release and none of days to come', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  const exports = exportsWith(toFolder(folder));
  fillDay(db, MONDAY, 150, 's');
  clock.move(NIGHT);
  await exports.work();
  const first = readFileSync(releaseFile(folder, '2026-06-15'));
  clock.move(-3 * DAY);
  await exports.work();
  clock.move(3 * DAY);
  await exports.work();
  t.strictSame(readdirSync(folder), ['portico-release-SH-01-2026-06-15.zip']);
  t.ok(readFileSync(releaseFile(folder, '2026-06-15')).equals(first));

  // First set up while the clock stood in the future: it is put right, and goes on.
  const other = exportingStore(t);
  other.clock.move(900 * DAY);
  other.exportsWith(toFolder(other.folder));
  other.clock.move(-900 * DAY);
  const right = other.exportsWith(toFolder(other.folder));
  other.clock.move(NIGHT);
  await right.work();
  t.match(right.state(null).days, [{ day: '2026-06-15' }]);
});

t.test('when the year is spent, days are skipped and cost nothing', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  const exports = exportsWith(toFolder(folder, { epsilonYearMax: 1.5 }));
  fillDay(db, MONDAY, 150, 's');
  fillDay(db, MONDAY + DAY, 150, 's');
  clock.move(DAY + NIGHT);
  await exports.work();
  t.match(exports.state(null), { epsilonYear: { spent: 1, max: 1.5 }, days: [{ day: '2026-06-16', status: 'skipped', reason: 'budget', epsilon: 0 }, { status: 'released', epsilon: 1 }] });
  clock.move(364 * DAY); // the first is out of the year
  fillDay(db, MONDAY + 365 * DAY, 150, 's');
  await exports.work();
  clock.move(HOUR);
  await exports.work();
  t.match(exports.state(null).days[0], { day: '2027-06-15', status: 'released' });

  // The year's bound is lowered below what was spent before: head office takes the day that is skipped for it.
  const lower = exportsWith(toFolder(folder, { epsilonYearMax: 0.5 }));
  clock.move(DAY);
  await lower.work();
  t.match(lower.state(null).days[0], { day: '2027-06-16', status: 'skipped', reason: 'budget', epsilon: 0 });
  t.match((await openRelease(readFileSync(releaseFile(folder, '2027-06-16')), keysOf(db, clock))).manifest, { reason: 'budget', epsilon: { spent: 0, yearMax: 0.5 } });
});

t.test('an older file that is put back makes no day a second time, and begins a new chain', async (t) => {
  const store = exportingStore(t);
  const { clock, folder, dataDirectory } = store;
  const exports = store.exportsWith(toFolder(folder));
  fillDay(store.rooms.db, MONDAY, 150, 's');
  fillDay(store.rooms.db, MONDAY + DAY, 150, 's');
  clock.move(NIGHT);
  await exports.work();
  store.rooms.db.truncateLog();
  const copy = join(temporaryDirectory(t), 'portico.db');
  copyFileSync(join(dataDirectory, 'portico.db'), copy);
  clock.move(DAY);
  await exports.work();
  const second = readFileSync(releaseFile(folder, '2026-06-16'));
  store.rooms.close();

  // As an update that goes back does: the file alone, without a word.
  copyFileSync(copy, join(dataDirectory, 'portico.db'));
  const back = openRooms(t, { dataDirectory, clock, dayEndsAt: '04:00' });
  t.strictSame(back.db.all('SELECT day FROM release'), [{ day: '2026-06-15' }]);
  t.ok(new MadeDays(dataDirectory).has('2026-06-16'));
  back.close();
  const again = exportingStore(t, { dataDirectory });
  again.clock.move(clock.now() - again.clock.now());
  const exportsAgain = again.exportsWith(toFolder(folder));
  await exportsAgain.work();
  t.strictSame(exportsAgain.state(null).days.map(({ day }) => day), ['2026-06-15'], 'not made again');
  t.ok(readFileSync(releaseFile(folder, '2026-06-16')).equals(second));
  t.match(exportsAgain.state(null).epsilonYear, { spent: 2 }, 'and paid for');
  fillDay(again.rooms.db, MONDAY + 2 * DAY, 150, 's');
  again.clock.move(DAY);
  await exportsAgain.work();
  t.match(exportsAgain.state(null).days[0], { day: '2026-06-17', number: 1 }, 'head office sees a new chain, not two ends of one');

  // As a restore does: on another box there is no list of days.
  const { db } = again.rooms;
  const chain = () => db.get<{ chain_id: string }>('SELECT chain_id FROM export_state')!.chain_id;
  const before = chain();
  db.transaction(() => forgetReleases(db, again.clock.now(), false));
  t.not(chain(), before);
  const elsewhere = temporaryDirectory(t);
  const other = again.exportsWith(toFolder(folder), {
    config: { export: toFolder(folder), storeId: 'SH-01', version: '0.2.0', timeZone: 'Asia/Shanghai', dayEndsAt: '04:00', dataDirectory: elsewhere, credentialsDirectory: null },
  });
  again.clock.move(DAY);
  await other.work();
  t.match(other.state(null), { held: 'restored', restoredUpTo: '2026-06-17' });
  t.strictSame(readdirSync(folder).length, 3, 'a spare sends nothing');
  other.resume(OFFICER);
  await other.work();
  t.match(other.state(null), { held: null, restoredUpTo: '2026-06-18', epsilonYear: { spent: 4 }, days: [{ day: '2026-06-17' }, { day: '2026-06-15' }] }, 'what was over by then may have gone out, and counts as spent');
  again.clock.move(DAY);
  await other.work();
  t.match(other.state(null), { days: [{ day: '2026-06-19', number: 1 }, { day: '2026-06-17' }, { day: '2026-06-15' }] });
  t.equal((await openRelease(readFileSync(releaseFile(folder, '2026-06-19')), keysOf(db, clock))).manifest.chain.previous, null);
  t.ok((await again.rooms.audit.verify()).whole);
});

t.test('a file from before there were releases that is put back says so to the migration', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const clock = new TestClock(MONDAY);
  const rooms = openRooms(t, { dataDirectory, clock });
  rooms.close();
  const key = readKey(dataDirectory);
  const db = Database.open({ file: join(dataDirectory, 'portico.db'), key, vaultFile: join(dataDirectory, 'vault', 'vault.db') });
  for (const table of ['release_delivery', 'release', 'epsilon_ledger', 'export_state']) db.exec(`DROP TABLE ${table}`);
  db.exec(`DROP INDEX visit_by_opening; ALTER TABLE staff DROP COLUMN team; DELETE FROM migration WHERE rowid = (SELECT max(rowid) FROM migration)`);
  forgetReleases(db, MONDAY, false);
  db.close();
  t.ok(readdirSync(MIGRATIONS_DIRECTORY).includes('0013-export.sql'));
  const later = openRooms(t, { dataDirectory, clock });
  t.match(later.db.get('SELECT restored_at_ms, held_since_ms FROM export_state'), { restored_at_ms: MONDAY, held_since_ms: MONDAY });
});

t.test('the true figures beside the released ones: written down, not kept, and nothing is spent', async (t) => {
  const { rooms: { db, audit, restricted, customers }, clock, folder, exportsWith } = exportingStore(t);
  const exports = exportsWith(toFolder(folder));
  fillDay(db, MONDAY, 150, 's');
  const [first] = db.all<{ id: string }>(`SELECT customer_id AS id FROM visit WHERE opened_at_ms >= ? LIMIT 1`, MONDAY);
  restricted.add(first!.id);
  t.equal(await codeOf(() => exports.compare('2026-06-15', OFFICER)), 'export_day_not_over');
  t.equal(await codeOf(() => exports.compare('2026-06-31', OFFICER)), 'export_day_not_over', 'no such day');
  clock.move(18 * HOUR + 60_000);
  const look = await exports.compare('2026-06-15', OFFICER);
  t.match(look, { specimen: true, people: 149, crowdMin: 20, crowdWithNoise: 67 }, 'without who asked that their data rest');
  t.equal(look.cells.filter(({ table }) => table === 'visitor').reduce((sum, { actual }) => sum + actual, 0), 149);
  t.strictSame(db.all('SELECT * FROM epsilon_ledger'), []);
  const counts = new Set<string>();
  for (let i = 0; i < 5; i += 1) counts.add(JSON.stringify((await exports.compare('2026-06-15', OFFICER)).cells.map(({ count }) => count)));
  t.ok(counts.size > 1, 'each look has other noise');

  clock.move(HOUR);
  await exports.work();
  const beside = await exports.compare('2026-06-15', OFFICER);
  const detail = await exports.detail('2026-06-15');
  t.equal(beside.specimen, false);
  t.strictSame(beside.cells.map(({ count }) => count), detail.released.map(({ count }) => count), 'of a release: the one that went out');
  t.notOk(counts.has(JSON.stringify(beside.cells.map(({ count }) => count))), 'and not one that was looked at before');
  t.equal(audit.page({ limit: 50 }).entries.filter(({ action }) => action === 'release_compared').length, 7);
  const told = audit.page({ limit: 50 }).entries.map(({ action, detail }) => `${action} ${JSON.stringify(detail).replaceAll(/[0-9a-f]{64}/g, '')}`);
  t.notMatch(told.join(), /149/, 'the log holds none of the figures; a sum of a file may have those digits by chance');
  t.equal(customers.standing('nobody'), null);
});

t.test('a restore on a machine whose clock is behind: what is over when it is right counts as released', async (t) => {
  const { rooms: { db }, clock, folder, exportsWith } = exportingStore(t);
  exportsWith(toFolder(folder));
  fillDay(db, MONDAY, 150, 's');
  clock.move(NIGHT);
  db.transaction(() => forgetReleases(db, Date.parse('2026-01-01T00:00:00Z'), true));
  const exports = exportsWith(toFolder(folder));
  await exports.work();
  t.match(exports.state(null), { restoredUpTo: '2026-06-15', epsilonYear: { spent: 1 } });
  t.strictSame(exports.state(null).days, []);
});

t.test('time zone or end of the day is put right: a visit counts in one release', async (t) => {
  const store = exportingStore(t);
  const { rooms: { db }, clock, folder, dataDirectory } = store;
  const asked: [number, number][] = [];
  const between = (fromMs: number, toMs: number) => { asked.push([fromMs, toMs]); return []; };
  const config = { export: toFolder(folder), storeId: 'SH-01', version: '0.2.0', timeZone: 'UTC', dayEndsAt: '04:00', dataDirectory, credentialsDirectory: null };
  clock.move(3 * HOUR);
  const wrong = store.exportsWith(toFolder(folder), { config, visitsBetween: between });
  clock.move(24 * HOUR);
  await wrong.work();
  const right = store.exportsWith(toFolder(folder), { config: { ...config, timeZone: 'Asia/Shanghai' }, visitsBetween: between });
  clock.move(DAY);
  await right.work();
  t.equal(asked.length, 2);
  t.ok(asked[1]![0] >= asked[0]![1], `${new Date(asked[1]![0]).toISOString()} is not before ${new Date(asked[0]![1]).toISOString()}`);
  t.strictSame(db.all('SELECT day FROM release ORDER BY day'), [{ day: '2026-06-15' }, { day: '2026-06-16' }]);

  // And of another store it is another chain.
  const renamed = store.exportsWith(toFolder(folder), { config: { ...config, timeZone: 'Asia/Shanghai', storeId: 'SH-02' } });
  clock.move(DAY);
  await renamed.work();
  t.match(renamed.state(null).days[0], { day: '2026-06-17', number: 1, fileName: 'portico-release-SH-02-2026-06-17.zip' });
});

t.test('a day that cannot be made holds back neither other days nor what waits', async (t) => {
  const store = exportingStore(t);
  const { rooms: { db, visits }, clock, folder } = store;
  let broken = true;
  const exports = store.exportsWith(toFolder(folder), {
    visitsBetween: (fromMs) => { if (broken && fromMs < MONDAY) throw new Error('cannot be read'); return []; },
  });
  t.ok(visits);
  clock.move(DAY + NIGHT);
  await exports.work();
  t.strictSame(exports.state(null).days.map(({ day, delivery }) => [day, delivery.state]), [['2026-06-16', 'delivered']]);
  broken = false;
  await exports.work();
  t.strictSame(db.all('SELECT day FROM release ORDER BY day'), [{ day: '2026-06-15' }, { day: '2026-06-16' }]);
});

t.test('which days are due: by the store\'s clock, also where clocks are changed', async (t) => {
  const shanghai = { timeZone: 'Asia/Shanghai', dayEndsAt: '04:00', at: '04:40' };
  t.equal(new Date(dueAtMs('2026-06-15', shanghai)).toISOString(), '2026-06-15T20:40:00.000Z');
  t.equal(new Date(dueAtMs('2026-06-15', { ...shanghai, at: '02:00' })).toISOString(), '2026-06-16T18:00:00.000Z', 'before the day ends: the next night');
  const berlin = { timeZone: 'Europe/Berlin', dayEndsAt: '02:30', at: '02:45' };
  t.equal(new Date(dueAtMs('2026-03-28', berlin)).toISOString(), '2026-03-29T01:45:00.000Z', 'the hour that is skipped');
  t.equal(new Date(dueAtMs('2026-10-24', berlin)).toISOString(), '2026-10-25T00:45:00.000Z', 'the hour that comes twice');
  const due = (now: string, first: string, made: string[] = []) => dueDays(Date.parse(now), first, shanghai, (day) => made.includes(day));
  t.strictSame(due('2026-06-15T20:39:59Z', '2026-06-15'), []);
  t.strictSame(due('2026-06-15T20:40:00Z', '2026-06-15'), ['2026-06-15']);
  t.strictSame(due('2026-06-17T20:40:00Z', '2026-06-15', ['2026-06-16']), ['2026-06-15', '2026-06-17']);
  t.equal(due('2026-06-17T20:40:00Z', '2020-01-01').length, 31);
});
