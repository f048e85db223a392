/** Head office's nightly release on a running box: who may see and send what, what is written down, and that no name, id or true figure is anywhere but in the officer's comparison. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { AuditPage, ExportComparison, ExportDay, ExportDetail, ExportState, KeySet, StaffTeams } from '../../appliance/contract/index.js';
import { openRelease } from '../../appliance/export/index.js';
import { Timetable } from '../../appliance/kit/index.js';
import type { Answer, PorticoClient } from '../../demo/client.js';
import { OWNER_PIN, startBox, temporaryDirectory, TestClock, type TestBox } from '../support/box.js';
import { query, reading } from '../support/disk.js';
import { DAY, fillDay, HOUR, MONDAY, releaseFile } from '../support/exporting.js';
import { refusal } from '../support/failures.js';
import { addMember, type Member } from '../support/office.js';

/** Of those who were there: nothing else on this box is that many. */
const PEOPLE = 157;
const [FIRST, SECOND, NEVER] = ['2026-06-15', '2026-06-16', '2026-06-14'];
const PIN = '246802';

const clock = new TestClock(MONDAY);
const dataDirectory = temporaryDirectory(t);
const folder = temporaryDirectory(t);
const settings = {
  PORTICO_DAY_ENDS_AT: '04:00', PORTICO_STORE_ID: 'SH-01', PORTICO_EXPORT_TO: folder, PORTICO_EXPORT_TIERS: '金卡', PORTICO_EXPORT_TEAMS: 'A,B', PORTICO_IDLE_LOCK_MINUTES: '960',
};
/** The box looks at its clock every ten seconds; here it is made to look. */
const timetables: Timetable[] = [];
const { start } = Timetable.prototype;
Timetable.prototype.start = function (this: Timetable) { timetables.push(this); start.call(this); };
t.teardown(() => { Timetable.prototype.start = start; });

let box: TestBox = await startBox(t, { dataDirectory, clock, settings });
const [desk, office, machine] = [await addMember(box, '小陈', 'associate'), await addMember(box, '方静', 'privacy_officer'), await addMember(box, '阿杰', 'it')];
const { owner, ownerId } = box;
const manager: Member = { device: owner, staff: { id: ownerId, name: '店长', role: 'manager' }, signIn: async () => { await owner.signIn(ownerId, OWNER_PIN); } };
// Somebody works here since this minute: days are released from this one on.
clock.move(60_000);
timetables.at(-1)!.look();
const everybody = [manager, desk, office, machine];

/** Every answer but the comparison's. */
const answers: string[] = [];
async function ask<T>(device: PorticoClient, method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const answer = await device.send<T>(method, `/api/v1${path}`, body);
  answers.push(answer.body instanceof Buffer ? answer.body.toString('latin1') : JSON.stringify(answer.body));
  return answer;
}
const call = async <T>(device: PorticoClient, method: string, path: string): Promise<T> => (await ask<T>(device, method, path)).body;
const stateOf = (device = manager.device) => call<ExportState>(device, 'GET', '/export');

/** The clock is moved, the box looks at it, and what is due is done. */
async function untilDay(moveMs: number, isDone: (state: ExportState) => boolean): Promise<ExportState> {
  clock.move(moveMs);
  for (const member of everybody) await member.signIn(); // the night has locked them
  timetables.at(-1)!.look();
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
    const state = await stateOf();
    if (isDone(state)) return state;
    await setTimeout(50);
  }
  throw new Error(`it was not done: ${JSON.stringify(await stateOf())}`);
}
const arrived = (day: string) => (state: ExportState) => state.days.some((each) => each.day === day && each.delivery.state === 'delivered');
const writtenDown = async (action: string) => (await office.device.call<AuditPage>('GET', `/audit?limit=500&action=${action}`)).entries.map(({ staff, detail }) => [staff?.name ?? '-', detail]);

t.test('who may not is refused, before there is anything and whatever the day', async (t) => {
  const routes = [
    ['GET', '/export'], ['GET', `/export/days/${FIRST}`], ['GET', `/export/days/${FIRST}/file`], ['POST', `/export/days/${FIRST}/send`], ['POST', `/export/days/${FIRST}/comparison`], ['POST', '/export/resume'],
  ] as const;
  const paired = box.stranger();
  await paired.pair((await box.owner.makePairingCode()).code, 'iPad 前台');
  const answersOf = async (device: PorticoClient) => Promise.all(routes.map(([method, path]) => refusal(device.call(method, path))));
  t.strictSame(await answersOf(box.stranger()), routes.map(() => '401 device_not_paired'));
  t.strictSame(await answersOf(paired), routes.map(() => '401 sign_in_required'));
  t.strictSame(await answersOf(desk.device), routes.map(() => '403 not_allowed'), 'associate');
  const seeing = ['accepted', ...Array.from({ length: 3 }, () => '404 export_day_not_found'), '403 not_allowed', '403 not_allowed'];
  t.strictSame(await answersOf(manager.device), seeing, 'manager: neither the true figures nor that it is the right box');
  t.strictSame(await answersOf(machine.device), seeing, 'IT');
  t.strictSame((await answersOf(office.device)).slice(0, 5), [...seeing.slice(0, 4), '409 export_day_not_over'], 'the officer');
  await paired.signIn(manager.staff.id, OWNER_PIN);
  await paired.call('POST', '/sessions/current/front-desk');
  t.strictSame(await answersOf(paired), routes.map(() => '403 not_allowed'), 'the manager\'s own session, at the front desk');
  for (const day of ['2026-6-15', '2026-02-30', 'x', `${FIRST}%2F..`]) t.match(await refusal(office.device.call('GET', `/export/days/${day}`)), /^400 /, day);
  t.match(await refusal(office.device.call('GET', '/export?before=yesterday')), /^400 /);
  t.strictSame([readdirSync(folder), await writtenDown('release_compared'), await writtenDown('release_opened')], [[], [], []]);
});

t.test('teams: of head office\'s list alone, by the manager, and of who works here', async (t) => {
  for (const { device, staff } of [desk, office, machine]) {
    t.equal(await refusal(device.call('GET', '/staff/teams')), '403 not_allowed', staff.role);
    t.equal(await refusal(device.call('PUT', `/staff/${desk.staff.id}/team`, { team: 'A' })), '403 not_allowed', staff.role);
  }
  const put = (staffId: string, team: unknown) => refusal(manager.device.call('PUT', `/staff/${staffId}/team`, { team }));
  t.equal(await put(desk.staff.id, '金牌组'), '409 staff_team_unknown');
  t.match(await put(desk.staff.id, ''), /^400 /);
  t.match(await put(desk.staff.id, 'x'.repeat(21)), /^400 /);
  t.equal(await put('0b6a8a1e-0000-4000-8000-000000000000', 'A'), '404 staff_not_found');
  const gone = await addMember(box, '小夜', 'associate');
  t.equal(await put(gone.staff.id, 'B'), 'accepted');
  await manager.device.call('DELETE', `/staff/${gone.staff.id}`);
  t.equal(await put(gone.staff.id, 'A'), '404 staff_not_found', 'who left');
  t.equal(await put(desk.staff.id, 'B'), 'accepted');
  t.equal(await put(desk.staff.id, null), 'accepted');
  t.equal(await put(desk.staff.id, 'A'), 'accepted');
  t.strictSame(await manager.device.call<StaffTeams>('GET', '/staff/teams'), { teams: ['A', 'B'], members: [{ staffId: desk.staff.id, team: 'A' }] });
  t.strictSame((await writtenDown('team_changed')).reverse(), [
    ['店长', { staffId: gone.staff.id, team: 'B' }], ['店长', { staffId: desk.staff.id, team: 'B' }], ['店长', { staffId: desk.staff.id, team: null }], ['店长', { staffId: desk.staff.id, team: 'A' }],
  ]);
});

t.test('a day is over: it is made, arrives, and can be had byte for byte', async (t) => {
  reading(dataDirectory, (db) => fillDay(db, MONDAY, PEOPLE, desk.staff.id), false);
  const state = await untilDay(19 * HOUR, arrived(FIRST));
  t.match(state, { setUp: true, target: 'folder', at: '04:40', held: null, waiting: 0, dead: 0, epsilonYear: { spent: 1 }, days: [{ day: FIRST, status: 'released', number: 1, delivery: { state: 'delivered', tries: 1 } }] });
  const [made] = state.days as [ExportDay];
  for (const { device, staff } of [manager, office, machine]) {
    const { status, headers, body } = await ask<Buffer>(device, 'GET', `/export/days/${FIRST}/file`);
    t.strictSame([status, headers['content-type'], headers['content-disposition']], [200, 'application/zip', `attachment; filename="portico-release-SH-01-${FIRST}.zip"`], staff.role);
    t.match(headers['cache-control'], /no-store/, 'kept by no browser');
    t.ok(body.equals(readFileSync(releaseFile(folder, FIRST))), 'exactly what head office has');
    t.strictSame([body.length, createHash('sha256').update(body).digest('hex')], [made.bytes, made.sha256]);
  }
  const keys = await box.stranger().call<KeySet>('GET', '/keys');
  const { document, manifest } = await openRelease(readFileSync(releaseFile(folder, FIRST)), keys);
  const detail = await call<ExportDetail>(machine.device, 'GET', `/export/days/${FIRST}`);
  t.strictSame([detail.released, detail.tables, detail.parameters, detail.storedPersons], [document.cells, manifest.tables, manifest.parameters, 0]);
  t.strictSame(manifest.tables.find(({ table }) => table === 'team')!.cells, ['A', 'B', 'none']);
  t.strictSame(await writtenDown('release_opened'), [machine, office, manager].map(({ staff }) => [staff.name, { day: FIRST, sha256: made.sha256 }]), 'who took it along');
  t.match(await writtenDown('release_made'), [['-', { day: FIRST, number: 1, sha256: made.sha256, epsilon: 1 }]]);
  t.match(await writtenDown('release_sent'), [['-', { day: FIRST, target: 'folder', sha256: made.sha256 }]]);
  t.match(await stateOf(office.device), { days: [{ day: FIRST }], more: false });
  t.match(await call<ExportState>(office.device, 'GET', `/export?before=${FIRST}`), { days: [] });
});

t.test('the true figures: for the officer, after the PIN, written down each time', async (t) => {
  const look = () => office.device.call<ExportComparison>('POST', `/export/days/${FIRST}/comparison`);
  clock.move(5 * 60_000 + 1);
  const before = (await writtenDown('release_compared')).length;
  t.equal(await refusal(look()), '401 pin_again');
  t.equal(await refusal(office.device.call('POST', '/sessions/current/proof', { pin: '000001' })), '403 pin_wrong');
  t.equal(await refusal(look()), '401 pin_again');
  t.equal((await writtenDown('release_compared')).length, before, 'nothing was shown so far');
  await office.device.call('POST', '/sessions/current/proof', { pin: PIN });
  const { people, specimen, cells, ...rest } = await look();
  t.strictSame([people, specimen, rest.day, rest.status], [PEOPLE, false, FIRST, 'released']);
  const { released } = await call<ExportDetail>(office.device, 'GET', `/export/days/${FIRST}`);
  t.strictSame(cells.map(({ count }) => count), released.map(({ count }) => count), 'beside what was released');
  const sumOf = (table: string) => cells.filter((cell) => cell.table === table).reduce((sum, { actual }) => sum + actual, 0);
  t.strictSame(['visitor', 'part', 'stay', 'stage', 'tier', 'team'].map(sumOf), Array.from({ length: 6 }, () => PEOPLE));
  t.strictSame(await writtenDown('release_compared'), [['方静', { day: FIRST, specimen: false }]]);
  for (const { device, staff } of [manager, machine]) {
    await device.call('POST', '/sessions/current/proof', { pin: staff.role === 'manager' ? OWNER_PIN : PIN });
    t.equal(await refusal(device.call('POST', `/export/days/${FIRST}/comparison`)), '403 not_allowed', `${staff.role}, with the PIN`);
  }
  t.equal(await refusal(office.device.call('POST', `/export/days/${SECOND}/comparison`)), '409 export_day_not_over');
});

t.test('sent again: not what is not there; what nobody took goes on', async (t) => {
  const send = (device: PorticoClient, day: string) => refusal(device.call('POST', `/export/days/${day}/send`));
  t.equal(await send(manager.device, NEVER), '404 export_day_not_found');
  // Somebody else's file has the name of the next one.
  writeFileSync(releaseFile(folder, SECOND), 'of another box');
  reading(dataDirectory, (db) => fillDay(db, MONDAY + DAY, PEOPLE, desk.staff.id), false);
  const state = await untilDay(DAY, ({ dead }) => dead > 0);
  t.match(state, { waiting: 0, dead: 1, days: [{ day: SECOND, number: 2, delivery: { state: 'dead', tries: 1, errorCode: 'export_conflict', nextTryAt: null } }, { day: FIRST }] });
  t.equal(readFileSync(releaseFile(folder, SECOND), 'utf8'), 'of another box', 'nothing is written over');
  renameSync(releaseFile(folder, SECOND), join(temporaryDirectory(t), 'aside'));
  const { status, body } = await ask<ExportDay>(machine.device, 'POST', `/export/days/${SECOND}/send`);
  t.equal(status, 202);
  t.match(body, { day: SECOND, delivery: { state: /waiting|sending/ } });
  await untilDay(0, arrived(SECOND));
  t.strictSame(await writtenDown('release_given_up'), [['-', { day: SECOND, code: 'export_conflict' }]]);
  t.strictSame(await writtenDown('release_sent_again'), [['阿杰', { day: SECOND }]], 'and not those that were refused');
});

t.test('a restart in between makes nothing twice and sends nothing twice', async (t) => {
  const files = () => readdirSync(folder).sort().map((name) => [name, createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')]);
  const ledger = () => query(dataDirectory, 'SELECT day, millionths FROM epsilon_ledger ORDER BY day');
  const before = [files(), ledger(), (await stateOf()).days];
  t.match(box.logged(), /the release of a day was made/, 'the control');
  checkLog(t, box.logged());
  await box.stop();
  box = await startBox(t, { dataDirectory, clock, settings: { ...settings, PORTICO_PORT: new URL(box.url).port }, fresh: true });
  clock.move(3 * 60_000);
  for (const member of everybody) await member.signIn();
  for (let n = 0; n < 3; n += 1) {
    timetables.at(-1)!.look();
    clock.move(60_000);
    await setTimeout(100);
  }
  t.strictSame([files(), ledger(), (await stateOf()).days], before, 'and the clock went on');
  const released = await untilDay(DAY, arrived('2026-06-17'));
  t.match(released.days[0], { day: '2026-06-17', status: 'skipped', reason: 'crowd', number: 3 });
  t.strictSame(readdirSync(folder).length, 3);
});

/** True figures and people, in a log or an answer. */
function checkLog(t: Test, text: string): void {
  const people = query<{ id: string; name: string }>(dataDirectory, 'SELECT id, display_name AS name FROM customer').concat(query(dataDirectory, 'SELECT id, name FROM staff'));
  t.ok(people.length > PEOPLE);
  t.strictSame(people.filter(({ id, name }) => text.includes(id) || text.includes(name)), [], 'no id and no name');
  for (const line of text.trim().split('\n')) t.notMatch(line.replaceAll(/"(?:time|pid)":\d+/g, ''), new RegExp(`(?<![0-9a-f.])${PEOPLE}(?![0-9a-f])|顾客`), 'no true figure');
}

t.test('no name, id or true figure is in the log, nor in any answer but the comparison', async (t) => {
  t.ok(answers.length > 12, `${answers.length} answers`);
  for (const text of [box.logged(), answers.join('\n')]) checkLog(t, text);
});
