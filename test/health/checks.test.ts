/** What was measured, and what it means: the pure part. What has gone wrong comes first. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { BoxCheck } from '../../appliance/contract/index.js';
import { worstOf } from '../../appliance/health/checks/check.js';
import { checkBackup, checkDatabase, checkExport, checkSearch } from '../../appliance/health/checks/data.js';
import { checkClock, checkDisk, checkMemory, checkPower, checkTemperature, daysLeft } from '../../appliance/health/checks/machine.js';
import { checkCertificate, checkName, checkRootRun } from '../../appliance/health/checks/outside.js';
import { checkCameras, checkModels, sameNumbers } from '../../appliance/health/checks/recognition.js';
import { ClockWatch } from '../../appliance/health/clockWatch.js';
import { builtAtMs, measureTemperature, readRootRun } from '../../appliance/health/measure.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const NOW = Date.parse('2026-11-22T04:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GB = 1_073_741_824;
const MB = 1_048_576;
const said = ({ state, reason }: BoxCheck) => `${state} ${reason}`;

t.test('a disk that takes nothing any more is told from one that fills', async (t) => {
  const room = { pages: 1_000_000, waits: false };
  const disk = (freeBytes: number, readOnly = false) => ({ freeBytes, totalBytes: 64 * GB, readOnly });
  t.equal(said(checkDisk(null, room, [], NOW)), 'failed not_told');
  t.equal(said(checkDisk(disk(63 * MB), room, [], NOW)), 'failed full');
  t.equal(said(checkDisk(disk(30 * GB, true), room, [], NOW)), 'failed read_only');
  t.equal(said(checkDisk(disk(30 * GB), { pages: 15, waits: false }, [], NOW)), 'failed limit_reached');
  t.equal(said(checkDisk(disk(30 * GB), { pages: 99, waits: true }, [], NOW)), 'failed limit_reached');
  t.equal(said(checkDisk(disk(GB - 1), room, [], NOW)), 'warning low');
  t.equal(said(checkDisk(disk(30 * GB), room, [], NOW)), 'ok fine');
  // 34 GB used; a week ago it were 13: 3 GB a day, so ten days for 30.
  const sample = { atMs: NOW - 7 * DAY, usedBytes: 13 * GB };
  t.equal(daysLeft(disk(30 * GB), [sample], NOW), 10);
  t.equal(said(checkDisk(disk(30 * GB), room, [sample], NOW)), 'warning filling');
  t.equal(daysLeft(disk(30 * GB), [{ atMs: NOW - DAY, usedBytes: 13 * GB }], NOW), null, 'a day is no trend');
  t.equal(daysLeft(disk(30 * GB), [{ atMs: NOW - 7 * DAY, usedBytes: 40 * GB }], NOW), null, 'it shrinks');
});

t.test('memory: short, tight, or written to a disk', async (t) => {
  const memory = (availableBytes: number, swap: boolean | null = false) => ({ rssBytes: 300 * MB, limitBytes: 4 * GB, availableBytes, swap });
  t.equal(said(checkMemory(memory(0.04 * 4 * GB, true))), 'failed short');
  t.equal(said(checkMemory(memory(2 * GB, true))), 'warning swap_on');
  t.equal(said(checkMemory(memory(0.14 * 4 * GB))), 'warning tight');
  t.equal(said(checkMemory(memory(2 * GB, null))), 'ok fine');
  t.equal(said(checkMemory(null)), 'unknown not_told');
  t.strictSame(checkMemory(memory(2.06 * GB)).figures, { usedGb: 0.3, availableGb: 2.1, limitGb: 4 }, 'in a unit that people read');
});

t.test('temperature: by the machine\'s own limit where it names one', async (t) => {
  t.equal(said(checkTemperature(95, null)), 'failed too_hot');
  t.equal(said(checkTemperature(81, 85)), 'failed too_hot');
  t.equal(said(checkTemperature(80, null)), 'warning hot');
  t.equal(said(checkTemperature(71, 85)), 'warning hot');
  t.equal(said(checkTemperature(55, 105)), 'ok fine');
  t.equal(said(checkTemperature(null, 105)), 'unknown not_told');
  const folder = temporaryDirectory(t);
  t.strictSame(measureTemperature(join(folder, 'none')), { celsius: null, criticalCelsius: null });
  for (const [zone, temp] of [['thermal_zone0', '48000\n'], ['thermal_zone1', '61500\n'], ['thermal_zone2', 'N/A'], ['thermal_zone3', '-274000\n'], ['cooling_device0', '99000\n']] as const) {
    mkdirSync(join(folder, zone));
    writeFileSync(join(folder, zone, 'temp'), temp);
  }
  writeFileSync(join(folder, 'thermal_zone1', 'trip_point_1_type'), 'critical\n');
  writeFileSync(join(folder, 'thermal_zone1', 'trip_point_1_temp'), '100000\n');
  writeFileSync(join(folder, 'thermal_zone1', 'trip_point_0_type'), 'passive\n');
  writeFileSync(join(folder, 'thermal_zone1', 'trip_point_0_temp'), '70000\n');
  t.strictSame(measureTemperature(folder), { celsius: 61.5, criticalCelsius: 100 });
});

t.test('a clock that cannot be right is not trusted, however it got there', async (t) => {
  const facts = { nowMs: NOW, builtAtMs: NOW - 90 * DAY, seenMs: NOW - 60_000, synchronised: true, jumped: null };
  t.equal(said(checkClock({ ...facts, nowMs: NOW - 91 * DAY, seenMs: null })), 'failed behind_build');
  t.equal(said(checkClock({ ...facts, seenMs: NOW + 11 * 60_000 })), 'failed behind_seen');
  t.equal(said(checkClock({ ...facts, seenMs: NOW + 9 * 60_000 })), 'ok fine', 'a time server may put it back a little');
  t.equal(said(checkClock({ ...facts, jumped: { atMs: NOW - HOUR, byMs: 3 * HOUR } })), 'warning jumped');
  t.equal(said(checkClock({ ...facts, jumped: { atMs: NOW - 25 * HOUR, byMs: 3 * HOUR } })), 'ok fine');
  t.equal(said(checkClock({ ...facts, synchronised: false })), 'warning not_synchronised');
  t.equal(said(checkClock({ ...facts, synchronised: null })), 'unknown not_told');
  t.ok(builtAtMs(join(temporaryDirectory(t), 'none.json')) < NOW);
});

t.test('a clock that is set jumps against the one that only counts; one that goes does not', async (t) => {
  const clock = new TestClock(NOW);
  let counted = 0;
  const watch = new ClockWatch(clock, () => counted);
  const pass = (byMs: number, wallMs = byMs) => {
    counted += byMs;
    clock.move(wallMs);
    watch.look();
  };
  pass(10_000);
  pass(10_000, 10_900); // a time server pulls
  t.equal(watch.jumped, null);
  pass(10_000, -3 * 365 * DAY);
  t.equal(watch.jumped!.byMs, -3 * 365 * DAY - 10_000);
  const before = watch.jumped;
  pass(10_000);
  t.equal(watch.jumped, before, 'told once');
});

t.test('lost power and crashes count as long as they are fresh', async (t) => {
  const facts = { losses: 0, lastLossMs: null, crashes: 0, lastCrashMs: null };
  t.equal(said(checkPower({ ...facts, losses: 3, lastLossMs: NOW - DAY, crashes: 1, lastCrashMs: NOW }, NOW)), 'warning lost_power');
  t.equal(said(checkPower({ ...facts, crashes: 1, lastCrashMs: NOW - DAY }, NOW)), 'warning crashed');
  t.equal(said(checkPower({ ...facts, losses: 3, lastLossMs: NOW - 8 * DAY }, NOW)), 'ok fine');
});

t.test('database, search, backup and export', async (t) => {
  t.equal(said(checkDatabase(false, null, NOW)), 'failed busy');
  t.equal(said(checkDatabase(true, { atMs: NOW, outcome: 'damaged' }, NOW)), 'failed damaged');
  t.equal(said(checkDatabase(true, { atMs: NOW, outcome: 'failed' }, NOW)), 'warning check_failed');
  t.equal(said(checkDatabase(true, { atMs: NOW - 4 * DAY, outcome: 'whole' }, NOW)), 'warning not_checked_lately');
  t.equal(said(checkDatabase(true, null, NOW)), 'unknown not_checked');
  t.equal(said(checkDatabase(true, { atMs: NOW - DAY, outcome: 'whole' }, NOW)), 'ok fine');
  t.equal(said(checkSearch(true)), 'warning behind');
  t.equal(said(checkBackup(false, null, NOW, NOW)), 'warning not_set_up');
  t.equal(said(checkBackup(true, null, NOW - 2 * DAY, NOW)), 'failed never');
  t.equal(said(checkBackup(true, null, NOW - 2 * DAY, NOW, null, false)), 'off nobody_yet');
  t.equal(said(checkBackup(true, null, NOW - HOUR, NOW)), 'warning never');
  t.equal(said(checkBackup(true, { finishedAtMs: NOW - 37 * HOUR, failedSince: false }, 0, NOW)), 'warning old');
  t.equal(said(checkBackup(true, { finishedAtMs: NOW - 4 * DAY, failedSince: false }, 0, NOW)), 'failed old');
  t.equal(said(checkBackup(true, { finishedAtMs: NOW - HOUR, failedSince: true }, 0, NOW)), 'warning failed');
  t.equal(said(checkBackup(true, { finishedAtMs: NOW - HOUR, failedSince: false }, 0, NOW)), 'ok fine');
  t.equal(said(checkBackup(true, { finishedAtMs: NOW - HOUR, failedSince: false }, 0, NOW, NOW - HOUR)), 'warning held', 'the last good one is the old box\'s');
  t.equal(said(checkBackup(true, null, 0, NOW, NOW - 2 * DAY)), 'failed held');
  const facts = { setUp: true, deliveredAtMs: NOW - HOUR, waitingSinceMs: null, dead: 0, held: null };
  t.equal(said(checkExport(null, NOW)), 'off not_set_up');
  t.equal(said(checkExport({ ...facts, setUp: false }, NOW)), 'off not_set_up');
  t.equal(said(checkExport(facts, NOW)), 'ok fine');
  t.equal(said(checkExport({ ...facts, held: 'nobody_yet' }, NOW)), 'off nobody_yet');
  t.equal(said(checkExport({ ...facts, held: 'restored' }, NOW)), 'warning held');
  t.equal(said(checkExport({ ...facts, deliveredAtMs: null }, NOW)), 'ok first');
  t.equal(said(checkExport({ ...facts, dead: 2 }, NOW)), 'warning refused');
  t.equal(said(checkExport({ ...facts, deliveredAtMs: null, waitingSinceMs: NOW - 37 * HOUR }, NOW)), 'warning waiting');
  t.equal(said(checkExport({ ...facts, waitingSinceMs: NOW - 15 * DAY }, NOW)), 'failed waiting');
  t.equal(said(checkExport({ ...facts, deliveredAtMs: NOW - 2 * DAY }, NOW)), 'warning old');
  t.equal(said(checkExport({ ...facts, deliveredAtMs: NOW - 2 * DAY, waitingSinceMs: NOW - HOUR }, NOW)), 'ok fine', 'it is on its way');
});

t.test('models: other numbers are noticed, rounding is not', async (t) => {
  const expected = { embedder: [0.05, -0.1, 0.08], eyes: [30, -28] };
  t.notOk(sameNumbers(expected, { embedder: [0.05, -0.1, 0.08] }), 'one is missing');
  t.notOk(sameNumbers(expected, { ...expected, embedder: [0.05, 0.1, 0.08] }));
  t.notOk(sameNumbers(expected, { ...expected, eyes: [30, NaN] }));
  t.notOk(sameNumbers(expected, { ...expected, embedder: [0.05, -0.1] }));
  t.notOk(sameNumbers({}, {}), 'nothing proves nothing');
  t.ok(sameNumbers(expected, { embedder: [0.05001, -0.10002, 0.08], eyes: [30.01, -28] }));
  t.equal(said(checkModels(false, { atMs: NOW, outcome: 'expected' }, 'p')), 'failed unavailable');
  for (const [outcome, reason] of [['other', 'wrong_numbers'], ['changed', 'file_changed'], ['no_answer', 'no_answer']] as const) {
    t.equal(said(checkModels(true, { atMs: NOW, outcome }, 'p')), `failed ${reason}`);
  }
  t.equal(said(checkModels(true, null, 'p')), 'unknown not_tested');
});

t.test('a silent camera is missed while the store is open, and not at night', async (t) => {
  const facts = { recognises: true, open: true as boolean | null, agesMs: [200, 300], stationsMissing: 0, queueLength: 0 };
  t.equal(said(checkCameras({ ...facts, queueLength: 17 })), 'warning too_slow');
  t.equal(said(checkCameras({ ...facts, stationsMissing: 1 })), 'warning station_missing');
  t.equal(said(checkCameras({ ...facts, agesMs: [200, 61_000] })), 'warning silent');
  t.equal(said(checkCameras({ ...facts, open: null, agesMs: [200, 61_000], stationsMissing: 1 })), 'warning silent');
  t.equal(said(checkCameras({ ...facts, open: false, agesMs: [61_000], stationsMissing: 1 })), 'ok closed');
  t.equal(said(checkCameras({ ...facts, recognises: false, agesMs: [] })), 'off recognition_off');
  t.equal(said(checkCameras({ ...facts, agesMs: [] })), 'ok none');
  t.equal(said(checkCameras(facts)), 'ok fine');
});

t.test('certificate, name, and what root left of the last stick and update', async (t) => {
  t.equal(said(checkCertificate({ endsAtMs: NOW, missing: [] }, NOW)), 'failed ended');
  t.equal(said(checkCertificate({ endsAtMs: NOW + 19 * DAY, missing: [] }, NOW)), 'warning ending');
  t.equal(said(checkCertificate({ endsAtMs: NOW + 300 * DAY, missing: ['shop.example'] }, NOW)), 'warning names_missing');
  t.equal(said(checkName({ state: 'conflict', name: 'portico.local' })), 'warning conflict');
  const folder = temporaryDirectory(t);
  const left = (file: 'stick.json' | 'update.json', text: string) => {
    writeFileSync(join(folder, file), text);
    return said(checkRootRun(file === 'stick.json' ? 'stick' : 'update', readRootRun(folder, file), NOW));
  };
  t.equal(said(checkRootRun('stick', readRootRun(folder, 'stick.json'), NOW)), 'off none');
  t.equal(said(checkRootRun('stick', readRootRun(null, 'stick.json'), NOW)), 'off none');
  for (const damaged of ['', '{', '[]', '{"outcome":"applied"}', '{"outcome":"maybe","at":"2026-11-22T04:00:00.000Z"}', '\0\0\0']) t.equal(left('stick.json', damaged), 'warning unreadable', damaged);
  t.equal(left('stick.json', '{"outcome":"refused","at":"2026-11-22T04:00:00.000Z","errorCode":"stick_serial_old","more":1}'), 'warning refused');
  t.equal(left('update.json', '{"outcome":"rolled_back","at":"2026-11-22T04:00:00.000Z","what":"1.2.0"}'), 'warning rolled_back');
  for (const [days, said] of [[29, 'failed deletions_unread'], [30, 'ok applied']] as const) {
    const since = new Date(NOW - days * DAY).toISOString();
    t.equal(left('update.json', `{"outcome":"applied","at":"2026-11-22T04:00:00.000Z","what":"1.3.0","deletionsUnreadAt":"${since}"}`), said, 'whatever came after it');
  }
  for (const [what, said] of [['3', 'ok applied'], ['null', 'ok done']]) t.equal(left('stick.json', `{"outcome":"applied","at":"2026-11-22T04:00:00.000Z","what":${what}}`), said);
  for (const [file, said] of [['stick.json', 'ok brought'], ['update.json', 'ok waiting']] as const) t.equal(left(file, '{"outcome":"waiting","at":"2026-11-22T04:00:00.000Z","what":"1.2.0"}'), said);
  t.equal(left('update.json', '{"outcome":"under_way","at":"2026-11-22T04:00:00.000Z","what":"1.2.0"}'), 'ok under_way');
  t.equal(left('update.json', '{"outcome":"applied","at":"2026-11-22T04:00:00.000Z","what":"1.2.0"}'), 'ok applied');
});

t.test('the whole is as bad as its worst part, where what is not set up or not told is no part', async (t) => {
  const check = (state: BoxCheck['state']): BoxCheck => ({ id: 'disk', state, reason: 'fine', figures: {} });
  t.equal(worstOf([check('off'), check('unknown'), check('ok')]), 'ok');
  t.equal(worstOf([check('warning'), check('ok')]), 'warning');
  t.equal(worstOf([check('warning'), check('failed')]), 'failed');
});
