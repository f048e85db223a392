/** `portico export` beside a box that runs and beside one that does not: the list, the officer's comparison, exit codes; who may not, and that nothing of people is printed. */
import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import type { AuditPage, ErrorBody, ExportComparison, ExportDay, ExportState } from '../../appliance/contract/index.js';
import { dayAfter, instantOf, Timetable } from '../../appliance/kit/index.js';
import { businessDay } from '../../appliance/export/calendar.js';
import { packageRoot } from '../../models/manifest.js';
import { OWNER_PIN, startBox, temporaryDirectory, TestClock } from '../support/box.js';
import { query, reading } from '../support/disk.js';
import { DAY, fillDay, HOUR, releaseFile } from '../support/exporting.js';
import { addMember } from '../support/office.js';

const PEOPLE = 157;
const ZONE = 'Asia/Shanghai';
const PIN = '246802';
/** Commands look at the clock of the machine; the box's own stands days behind it. */
const today = businessDay(Date.now(), { timeZone: ZONE, dayEndsAt: '04:00', at: '04:40' });
const [first, second, yesterday] = [dayAfter(today, -3), dayAfter(today, -2), dayAfter(today, -1)];
const tenOn = (day: string) => instantOf(day, '10:00', ZONE);

const clock = new TestClock(tenOn(first));
const [dataDirectory, folder, secrets] = [temporaryDirectory(t), temporaryDirectory(t), temporaryDirectory(t)];
const settings = { PORTICO_DAY_ENDS_AT: '04:00', PORTICO_STORE_ID: 'SH-01', PORTICO_EXPORT_TO: folder };
const timetables: Timetable[] = [];
const { start } = Timetable.prototype;
Timetable.prototype.start = function (this: Timetable) { timetables.push(this); start.call(this); };
t.teardown(() => { Timetable.prototype.start = start; });
const box = await startBox(t, { dataDirectory, clock, settings });
const officer = await addMember(box, '方静', 'privacy_officer');
clock.move(60_000);
timetables[0]!.look();

const file = (name: string, text: string) => { writeFileSync(join(secrets, name), text); return join(secrets, name); };
const [right, wrong, managers] = [file('right', `${PIN}\n`), file('wrong', '864209\n'), file('manager', `${OWNER_PIN}\n`)];

interface Ended { code: number; out: string; err: string }
/** All that was printed. */
let printed = '';
function portico(...line: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), 'export', ...line], { env: { PATH: process.env['PATH'], PORTICO_DATA_DIR: dataDirectory, ...settings } }, (_error, out, err) => {
      printed += out + err;
      resolve({ code: child.exitCode ?? -1, out, err });
    });
    child.stdin!.end();
  });
}
const look = (day: string, name: string, pinFile: string, ...more: string[]) => portico('--day', day, '--dry-run', '--officer', name, '--pin-file', pinFile, ...more);
const codeOf = ({ out }: Ended) => (JSON.parse(out) as { error: ErrorBody }).error.code;
/** Of what stands after the heading: the table and the rest. */
const inTable = (out: string) => out.split('\n').filter((line) => /^(visitor|part|stay|stage|tier|team) /.test(line)).map((line) => line.trim().split(/\s+/));

/** The box's clock is moved, and it does what is due. */
async function night(moveMs: number, day: string, state: ExportDay['delivery']['state']): Promise<void> {
  clock.move(moveMs);
  await officer.signIn();
  timetables[0]!.look();
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
    if ((await officer.device.call<ExportState>('GET', '/export')).days.some((each) => each.day === day && each.delivery.state === state)) return;
    await setTimeout(50);
  }
  throw new Error(`${day} is not ${state}`);
}
const compared = () => query<{ staff: string; device: string; detail: string }>(dataDirectory, `SELECT staff_id AS staff, device_id AS device, detail FROM audit_entry WHERE action = 'release_compared' ORDER BY seq`);

t.test('what does not make sense is said before anything is asked or opened', async (t) => {
  for (const [line, words] of [
    [['--day', first], /--day and --dry-run go together/], [['--dry-run'], /go together/], [['--day', '2026-02-30', '--dry-run', '--officer', '方静', '--pin-file', right], /is not a day such as/],
    [['--day', first, '--dry-run'], /--officer NAME, and --pin-file FILE/], [['--day', first, '--dry-run', '--officer', '方静'], /no terminal to ask at: --pin-file FILE/],
    [['--day', first, '--dry-run', '--officer', '方静', '--pin-file', join(secrets, 'none')], /none/], [['--send'], /unknown option/],
  ] as const) {
    const { code, out, err } = await portico(...line);
    t.strictSame([code, out], [2, ''], line.join(' '));
    t.match(err, words);
  }
  const nowhere = await new Promise<number>((resolve) => {
    const child = execFile(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), 'export'], { env: { PATH: process.env['PATH'], PORTICO_DATA_DIR: temporaryDirectory(t) } }, () => resolve(child.exitCode ?? -1));
  });
  t.equal(nowhere, 1, 'no box here');
});

t.test('beside a running box: the list, and what needs somebody', async (t) => {
  const empty = await portico();
  t.match(empty, { code: 0, out: /^To head office by folder, at 04:40\. Of this year's epsilon 0 of 366 is spent\.\nwaiting: 0, refused: 0\n$/, err: '' });
  for (const day of [first, second, yesterday]) reading(dataDirectory, (db) => fillDay(db, tenOn(day), PEOPLE, officer.staff.id, { salt: day }), false);
  await night(19 * HOUR, first, 'delivered');
  const fine = await portico();
  t.strictSame([fine.code, fine.err], [0, '']);
  t.match(fine.out, new RegExp(`^${first}  released, \\d+ of 14 cells withheld +  arrived 20\\d\\d-\\S+Z$`, 'm'));

  writeFileSync(releaseFile(folder, second), 'of another box');
  await night(DAY, second, 'dead');
  const { code, out } = await portico();
  t.equal(code, 3, 'something needs attention');
  t.match(out, new RegExp(`^${second}  released, \\d+ of 14 cells withheld +  dead after 1 tries: export_conflict\n${first}  .*\nwaiting: 0, refused: 1$`, 'm'), 'newest first');
  const json = await portico('--json');
  t.equal(json.code, 3);
  const told = JSON.parse(json.out) as ExportState;
  t.match(told, { setUp: true, target: 'folder', at: '04:40', waiting: 0, dead: 1, days: [{ day: second, delivery: { state: 'dead' } }, { day: first, number: 1 }] });
  t.strictSame(told.days, (await officer.device.call<ExportState>('GET', '/export')).days, 'as the box itself says');
});

t.test('the true figures: for the privacy officer of this box with the PIN, and written down', async (t) => {
  t.strictSame(codeOf(await look(first, '店长', managers, '--json')), 'not_allowed', 'a manager\'s PIN');
  t.strictSame(codeOf(await look(first, '店长', right, '--json')), 'not_allowed', 'a manager\'s name');
  t.strictSame(codeOf(await look(first, '谁也不是', right, '--json')), 'staff_not_found');
  t.strictSame(codeOf(await look(today, '方静', right, '--json')), 'export_day_not_over');
  t.match(await look(first, '方静', managers), { code: 1, out: '', err: /^pin_wrong: [^]*triesLeft: 4/ });
  t.strictSame(compared(), [], 'nobody saw anything so far');

  const { code, out, err } = await look(first, ' 方静 ', right);
  t.strictSame([code, err], [0, '']);
  t.match(out, new RegExp(`^${first}: released\\. ${PEOPLE} people were there; at least 20 are needed, and 67 with noise\\.\nAs it was released, beside`));
  t.match(out, /^table +cell +true released estimate +± error$/m);
  const lines = inTable(out);
  t.equal(lines.length, 14);
  for (const table of ['visitor', 'part', 'stay', 'stage']) {
    t.equal(lines.filter(([name]) => name === table).reduce((sum, [, , actual]) => sum + Number(actual), 0), PEOPLE, `${table}: everybody once`);
  }
  for (const [table, cell, actual, count, ...rest] of lines) t.ok(/^\d+$/.test(actual!) && (count === 'withheld' ? rest.length === 0 : /^\d+$/.test(count!) && rest.length === 2), `${table} ${cell}`);
  t.match(out, /kept nowhere and must not be passed on\. This look is in the audit log\.\n$/);
  const { entries } = await officer.device.call<AuditPage>('GET', '/audit?action=release_compared');
  t.match(entries, [{ staff: { name: '方静' }, device: { name: 'Console' }, detail: { day: first, specimen: false } }]);
  t.equal(entries.length, 1);

  // Over by the machine's clock, and not made yet.
  const twice = [await look(yesterday, '方静', right, '--json'), await look(yesterday, '方静', right, '--json')].map(({ out: text }) => JSON.parse(text) as ExportComparison);
  t.match(twice[0], { day: yesterday, specimen: true, people: PEOPLE, status: 'released' });
  t.notSame(twice[0]!.cells.map(({ count }) => count), twice[1]!.cells.map(({ count }) => count), 'noise for each look alone');
  t.match((await look(yesterday, '方静', right)).out, /Not released yet: noise drawn for this look alone/);
  t.match(compared().slice(1).map(({ detail }) => JSON.parse(detail) as object), Array.from({ length: 3 }, () => ({ day: yesterday, specimen: true })));
  t.strictSame(query(dataDirectory, 'SELECT day, millionths FROM epsilon_ledger ORDER BY day'), [first, second].map((day) => ({ day, millionths: 1_000_000 })), 'and nothing was made or spent');
});

t.test('beside a box that does not run it is the same; wrong PINs count and lock', async (t) => {
  renameSync(releaseFile(folder, second), join(secrets, 'aside'));
  await officer.device.call('POST', `/export/days/${second}/send`);
  await night(60_000, second, 'delivered');
  await box.stop();
  const { code, out } = await portico();
  t.strictSame([code, /\nwaiting: 0, refused: 0\n$/.test(out)], [0, true]);
  t.match(JSON.parse((await look(first, '方静', right, '--json')).out), { day: first, specimen: false, people: PEOPLE });
  const said: string[] = [];
  for (let n = 0; n < 5; n += 1) said.push((await look(first, '方静', wrong)).err.split(':')[0]!);
  t.strictSame(said, ['pin_wrong', 'pin_wrong', 'pin_wrong', 'pin_wrong', 'pin_locked']);
  t.match(await look(first, '方静', right), { code: 1, out: '', err: /^pin_locked/ }, 'the right one comes too late');
  t.equal(compared().length, 5);
  t.strictSame(query(dataDirectory, `SELECT action, count(*) AS n FROM audit_entry WHERE action IN ('sign_in_failed', 'pin_locked') GROUP BY action ORDER BY action`), [{ action: 'pin_locked', n: 1 }, { action: 'sign_in_failed', n: 6 }]);
  // Set up no more: the list of before can be read.
  const off = { ...settings };
  Object.assign(settings, { PORTICO_EXPORT_TO: '' });
  t.match(await portico(), { code: 0, out: /^Nothing says where releases go/ });
  Object.assign(settings, off);
});

t.test('nothing of people was printed: no PIN, no name, no id', async (t) => {
  const people = query<{ id: string; name: string }>(dataDirectory, 'SELECT id, display_name AS name FROM customer').concat(query(dataDirectory, 'SELECT id, name FROM staff'));
  t.ok(people.length > 3 * PEOPLE);
  t.match(printed, /visitor +known_recognised/, 'the control');
  t.strictSame(people.filter(({ id, name }) => printed.includes(id) || printed.includes(name)), []);
  for (const pinFile of [right, wrong, managers]) t.notOk(printed.includes(readFileSync(pinFile, 'utf8').trim()));
});
