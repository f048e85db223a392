/** The privacy office through the front door: who may, the mode's gate, stations on real photos, assessments, counting, incidents. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Audit } from '../../appliance/audit/index.js';
import { Consent } from '../../appliance/consent/index.js';
import type {
  Assessment, Breach, CameraResult, Dossier, ModeState, PrivacyOverview, RetentionTable, RunnableStation, Station, StoredPersons, VisitCard, Zone,
} from '../../appliance/contract/index.js';
import { SIGNAGE_ITEMS, type AuditVerification, type Deletion, type KeySet } from '../../appliance/contract/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { createLogger } from '../../appliance/kit/index.js';
import { verifyPack } from '../../appliance/papers/index.js';
import { Database } from '../../appliance/storage/index.js';
import type { PorticoClient } from '../../demo/client.js';
import { OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { DATABASE, dumpTables, query, readKey, reading } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { addMember, assessmentFor } from '../support/office.js';
import { portrait, scene } from '../support/scene.js';
import { answerTo, closedSoon, look, type Camera } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const NOBODY = '0b6a8a1e-0000-4000-8000-000000000000';
const SUMMER_MS = Date.parse('2026-09-21T04:00:00Z');
const clock = new TestClock(SUMMER_MS);
const box = await startBox(t, { clock });
const members = [await addMember(box, '隐私官', 'privacy_officer'), await addMember(box, '小陈', 'associate'), await addMember(box, '运维', 'it')] as const;
const [{ device: office }, { device: associate }, { device: it }] = members;
const LEFT: Zone = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 1 }, { x: 0, y: 1 }];
const BREACH = {
  drill: true, happenedFrom: '2026-09-20T00:00:00.000Z', happenedTo: '2026-09-21T00:00:00.000Z', discoveredAt: '2026-09-21T01:00:00.000Z',
  kinds: ['contact'], cause: '演练', harm: '电话被他人知悉', measures: '已更换密钥', selfHelp: '留意陌生来电', contact: '0571-0000000',
};
const ROUTES: readonly [method: string, path: string, body?: unknown][] = [
  ['GET', '/privacy/overview'], ['GET', '/privacy/mode'], ['PUT', '/privacy/mode', { mode: 'off' }], ['GET', '/privacy/stations'],
  ['POST', '/privacy/stations', { name: '门口' }], ['PATCH', `/privacy/stations/${NOBODY}`, { name: '门口' }], ['DELETE', `/privacy/stations/${NOBODY}`],
  ['POST', `/privacy/stations/${NOBODY}/signage`, { items: SIGNAGE_ITEMS }], ['GET', '/privacy/assessments'], ['POST', '/privacy/assessments', assessmentFor('opt_in')],
  ['GET', '/privacy/retention'], ['PUT', '/privacy/retention', { kind: 'visits', days: 1 }], ['GET', '/privacy/persons'], ['PUT', '/privacy/persons', { elsewhere: 1 }],
  ['GET', '/privacy/breaches'], ['POST', '/privacy/breaches', BREACH], ['GET', `/privacy/breaches/${NOBODY}/affected.csv`],
  ['GET', '/privacy/requests'], ['POST', '/privacy/requests', { customerId: null, kind: 'access', receivedOn: '2026-09-21', note: '' }],
  ['POST', `/privacy/requests/${NOBODY}/close`, { outcome: 'done', reason: '' }], ['GET', `/customers/${NOBODY}/access-copy.json`],
  ['GET', `/customers/${NOBODY}/explanations`], ['GET', `/customers/${NOBODY}/restriction`],
  ['PUT', `/customers/${NOBODY}/restriction`, { restricted: true, reason: '争议' }], ['DELETE', `/customers/${NOBODY}`],
];

/** The refusal's code and details, or null. */
async function refused(client: PorticoClient, method: string, path: string, body?: unknown): Promise<{ code: string; details?: object } | null> {
  const answer = await client.send<{ code: string; details?: object }>(method, `/api/v1${path}`, body);
  return answer.status >= 400 ? { code: answer.body.code, ...(answer.body.details === undefined ? {} : { details: answer.body.details }) } : null;
}
const code = async (...args: Parameters<typeof refused>) => (await refused(...args))?.code ?? 'accepted';
const setMode = (mode: ModeState['mode']) => office.call<ModeState>('PUT', '/privacy/mode', { mode });
const assess = (...args: Parameters<typeof assessmentFor>) => office.call<Assessment>('POST', '/privacy/assessments', assessmentFor(...args));
const actions = () => query<{ action: string; detail: string }>(box.dataDirectory, 'SELECT action, detail FROM audit_entry ORDER BY seq');
const lastAction = () => actions().at(-1)!;
const tasks = async () => (await office.call<PrivacyOverview>('GET', '/privacy/overview')).tasks.map(({ task }) => task);

/** Sessions end within a day, so everybody signs in anew. */
async function passTime(ms: number): Promise<void> {
  clock.move(ms);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  for (const { signIn } of members) await signIn();
}

async function refusedCamera(t: Test, camera: Camera, expected: string): Promise<void> {
  t.match(await camera.next(), { type: 'error', code: expected });
  t.equal(await camera.closed, 4403);
}

t.test('the privacy office is the privacy officer\'s alone', async (t) => {
  for (const [method, path, body] of ROUTES) {
    t.equal(await refusal(box.stranger().call(method, path, body)), '401 device_not_paired', `${method} ${path}`);
    for (const [who, client] of [['associate', associate], ['manager', box.owner], ['it', it]] as const) {
      t.equal(await refusal(client.call(method, path, body)), '403 not_allowed', `${who}: ${method} ${path}`);
    }
  }
  t.equal((await box.owner.call<unknown[]>('GET', '/customers')).length, 0);
  t.strictSame([dumpTables(box.dataDirectory)['mode_change'], dumpTables(box.dataDirectory)['station'], dumpTables(box.dataDirectory)['breach']], [[], [], []]);
});

t.test('what names nothing is told so', async (t) => {
  const expected: Record<string, string> = { stations: 'station_not_found', breaches: 'breach_not_found', requests: 'request_not_found', customers: 'customer_not_found' };
  for (const [method, path, body] of ROUTES.filter(([, each]) => each.includes(NOBODY))) {
    const kind = Object.keys(expected).find((each) => path.includes(`/${each}/`))!;
    t.equal(await code(office, method, path, body), expected[kind], `${method} ${path}`);
  }
});

t.test('as delivered: opt-in, without a recorded assessment, which the overview asks for', async (t) => {
  const state = await office.call<ModeState>('GET', '/privacy/mode');
  t.strictSame(state, { mode: 'opt_in', since: null, by: null, obstacles: { off: [], opt_in: [], fixed_station: ['assessment_missing', 'station_missing'] } });
  const overview = await office.call<PrivacyOverview>('GET', '/privacy/overview');
  t.ok(overview.tasks.some(({ task }) => task === 'assessment_missing'));
  t.notOk(overview.tasks.some(({ task }) => task === 'retention_late'), 'the nightly job was made up for at the start');
  t.match(overview, { mode: 'opt_in', openRequests: 0, audit: { whole: true, checkedAt: new Date(SUMMER_MS).toISOString() } });
  const camera = box.owner.camera('front_desk');
  t.match(await camera.next(), { type: 'camera.ready' });
  camera.close();
});

t.test('C17: an assessment has all its contents or is not recorded, and is kept three years as it was', async (t) => {
  for (const field of ['purpose', 'impact', 'risks', 'measures', 'conclusion'] as const) {
    t.match(await refused(office, 'POST', '/privacy/assessments', assessmentFor('opt_in', { [field]: ' \n' })), { code: 'assessment_incomplete', details: { missing: field } });
  }
  t.strictSame(await office.call('GET', '/privacy/assessments'), []);
  const recorded = await assess('opt_in');
  t.match(recorded, { mode: 'opt_in', by: '隐私官', keepUntil: '2029-09-21', snapshot: { mode: 'opt_in', noticeVersion: 1, storedPersons: 0 } });
  t.match(recorded.hash, /^[0-9a-f]{64}$/);
  t.match(lastAction(), { action: 'assessment_recorded' });
  t.match(JSON.parse(lastAction().detail), { hash: recorded.hash }, 'the audit chain holds its hash');
  t.strictSame((await office.call<Assessment[]>('GET', '/privacy/assessments')), [recorded]);
  t.notOk((await tasks()).includes('assessment_missing'));
  t.notOk((await tasks()).includes('assessment_old'));
  await passTime(366 * 86_400_000);
  t.ok((await tasks()).includes('assessment_old'), 'after a year it is made anew');
  await passTime(-366 * 86_400_000);
});

t.test('C17: every change of mode but off is blocked until a new assessment for it', async (t) => {
  const blocked = async (mode: string) => refused(office, 'PUT', '/privacy/mode', { mode });
  t.match(await blocked('fixed_station'), { code: 'mode_blocked', details: { obstacles: 'assessment_missing,station_missing' } });
  t.match(await setMode('off'), { mode: 'off', by: '隐私官' }, 'off is always possible');
  t.match(lastAction(), { action: 'mode_changed', detail: '{"from":"opt_in","to":"off"}' });
  t.notOk((await tasks()).includes('assessment_missing'));
  t.match(await blocked('opt_in'), { code: 'mode_blocked', details: { obstacles: 'assessment_missing' } }, 'the one from before does not count');
  await assess('fixed_station');
  t.match(await blocked('opt_in'), { code: 'mode_blocked' }, 'nor does one for another mode');
  await assess('opt_in', { acceptable: false });
  t.match(await blocked('opt_in'), { code: 'mode_blocked' }, 'nor one that found it unacceptable');
  await assess('opt_in', { reason: 'mode_change' });
  t.match(await setMode('opt_in'), { mode: 'opt_in', obstacles: { fixed_station: ['assessment_missing', 'station_missing'] } });
  t.equal(await code(office, 'PUT', '/privacy/mode', { mode: 'opt_in' }), 'accepted', 'to stay is no change');
  t.equal(actions().filter(({ action }) => action === 'mode_changed').length, 2);
});

t.test('C7: with recognition off every task of the desk works, and no camera is read', async (t) => {
  const known = await enrolPerson(box, 'P03', { displayName: '林女士', phone: '13900000001' });
  const camera = await box.owner.camera('look_up').opened();
  await camera.nextOf('camera.ready');
  const enrolment = await associate.call<{ enrolmentId: string }>('POST', `/customers/${known}/enrolments`);
  const frame = await scene({ picture: await portrait('P03'), x: 640, y: 360, height: 420 });
  for (let i = 0; i < 2; i += 1) camera.socket.send(frame); // under way while it is switched off
  await setMode('off');
  t.equal(await closedSoon(camera), 4403, 'open cameras close at once');
  for (const mode of ['look_up', 'front_desk'] as const) await refusedCamera(t, box.owner.camera(mode), 'recognition_off');
  t.equal(await code(associate, 'POST', `/customers/${known}/enrolments`), 'recognition_off');
  t.equal(await code(associate, 'POST', `/customers/${known}/consents/ask`), 'recognition_off', 'nobody is asked to sign for it');
  t.equal(await code(associate, 'POST', `/enrolments/${enrolment.enrolmentId}/photos?pose=any`, await portrait('P03')), 'enrolment_not_found');
  t.strictSame((await box.owner.call<Dossier>('GET', `/customers/${known}`)).visits, [], 'the frames under way came to nothing');

  const desk = associate;
  const made = await desk.createCustomer({ displayName: '周先生', phone: '13900000002', tier: '金卡', facts: ['喝乌龙'] });
  const [found] = await desk.call<{ id: string }[]>('GET', '/customers?query=13900000002');
  t.equal(found!.id, made.id, 'by phone number');
  t.equal((await desk.call<{ id: string }[]>('GET', `/customers?query=${encodeURIComponent('周先')}`))[0]!.id, made.id, 'by name');
  await desk.call('PATCH', `/customers/${made.id}`, { doNot: ['不要打电话'] });
  await desk.call('POST', `/customers/${made.id}/notes`, { text: '喜欢靠窗' });
  const followUp = await desk.call<{ id: string }>('POST', `/customers/${made.id}/follow-ups`, { text: '回电', dueOn: '2026-10-01' });
  await desk.call('POST', `/follow-ups/${followUp.id}/done`);
  const live = await desk.live().opened();
  await live.nextOf('live.snapshot');
  const visit = await desk.call<VisitCard>('POST', '/visits', { customerId: made.id });
  t.match((await live.nextOf('visit.opened')).data.visit, { customerId: made.id, arrival: 'by_hand', facts: [{ value: { text: '喝乌龙' } }], doNot: ['不要打电话'] });
  await desk.call('POST', `/visits/${visit.visitId}/serve`);
  await desk.call('POST', `/visits/${visit.visitId}/close`);
  live.close();
  await desk.giveConsent(made.id, { validUntil: '2027-03-01' });
  await desk.call('POST', `/customers/${made.id}/consents/withdraw`);
  const twin = await desk.createCustomer({ displayName: '周' });
  const kept = await desk.call<Dossier>('POST', `/customers/${twin.id}/merge`, { into: made.id });
  await desk.call('POST', `/merges/${kept.merges[0]!.id}/undo`);
  const dossier = await desk.call<Dossier>('GET', `/customers/${made.id}`);
  t.match(dossier, { phone: '13900000002', tier: '金卡', notes: [{ text: '喜欢靠窗' }], followUps: [{ text: '回电' }], visits: [{ arrival: 'by_hand' }] });

  await assess('opt_in', { reason: 'mode_change' });
  await setMode('opt_in');
  const again = box.owner.camera('look_up');
  t.match(await again.next(), { type: 'camera.ready' }, 'on again, cameras may come back');
  again.close();
});

t.test('C15: a fixed station runs only with assessment, zone and signage, and looks only into its zone', async (t) => {
  const known = await enrolPerson(box, 'P20', { displayName: '顾客P20', salutation: '赵女士' });
  const frame = async (x: number) => scene({ picture: await portrait('P20'), x, y: 360, height: 420 });
  const [inside, outside] = [await frame(320), await frame(960)];
  const open = (id: string) => associate.open<never>(`/api/v1/camera?v=1&mode=fixed_station&range=near&station=${id}`) as unknown as Camera;
  const visitsOf = async (id: string) => (await box.owner.call<Dossier>('GET', `/customers/${id}`)).visits;
  const station = await office.call<Station>('POST', '/privacy/stations', { name: '门口' });
  t.match(station, { name: '门口', zone: null, signage: null, ready: false });

  const obstacles = async () => (await office.call<ModeState>('GET', '/privacy/mode')).obstacles.fixed_station;
  t.strictSame(await obstacles(), ['assessment_missing', 'zone_missing', 'signage_missing']);
  await refusedCamera(t, open(station.id), 'station_not_ready');
  await office.call('PATCH', `/privacy/stations/${station.id}`, { name: '门口', zone: LEFT });
  t.strictSame(await obstacles(), ['assessment_missing', 'signage_missing']);
  t.match(await refused(office, 'POST', `/privacy/stations/${station.id}/signage`, { items: SIGNAGE_ITEMS.slice(1) }),
    { code: 'signage_incomplete', details: { missing: 'sign_at_entrance' } });
  t.match(await office.call<Station>('POST', `/privacy/stations/${station.id}/signage`, { items: SIGNAGE_ITEMS }), { ready: true, signage: { by: '隐私官' } });
  t.match(lastAction(), { action: 'signage_signed' });
  t.strictSame(await obstacles(), ['assessment_missing']);
  await refusedCamera(t, open(station.id), 'station_not_ready');
  t.equal(await code(office, 'PUT', '/privacy/mode', { mode: 'fixed_station' }), 'mode_blocked');
  const runnable = () => associate.call<RunnableStation[]>('GET', '/stations');
  t.strictSame(await runnable(), [], 'not in this mode');
  await assess('fixed_station', { reason: 'mode_change' });
  t.match(await setMode('fixed_station'), { mode: 'fixed_station' });
  t.strictSame(await runnable(), [{ id: station.id, name: '门口', zone: LEFT }], 'what the iPad is offered');
  for (const id of [NOBODY, '', 'x']) await refusedCamera(t, open(id), 'station_not_ready');
  await refusedCamera(t, associate.open<never>('/api/v1/camera?v=1&mode=fixed_station') as unknown as Camera, 'station_not_ready');

  const camera = open(station.id);
  t.match(await camera.next(), { type: 'camera.ready', data: { mode: 'fixed_station' } });
  for (let i = 0; i < 3; i += 1) t.strictSame((await look(camera, outside)).faces, [], 'outside the zone there is nobody');
  t.strictSame(await visitsOf(known), []);
  let face: CameraResult['data']['faces'][number] | undefined;
  for (let i = 0; i < 3; i += 1) [face] = (await look(camera, inside)).faces;
  t.match(face, { decision: 'known', person: null, greeting: null, score: null, margin: null, sightingId: null }, 'inside: on the board, but no word to the camera');
  t.match(await visitsOf(known), [{ arrival: 'recognised', closedAt: null }]);
  const both = await scene(
    { picture: await portrait('P20'), x: 320, y: 360, height: 420 }, { picture: await portrait('P18'), x: 960, y: 360, height: 420 });
  t.equal((await look(camera, both)).faces.length, 1, 'of two people only the one inside');

  t.match(await office.call<Station>('PATCH', `/privacy/stations/${station.id}`, { name: '门口', zone: LEFT.map(({ x, y }) => ({ x: x + 0.5, y })) }),
    { signage: null, ready: false }, 'another zone takes the signature back');
  t.strictSame(await runnable(), []);
  t.equal(await closedSoon(camera), 4403, 'and closes the camera');
  await refusedCamera(t, open(station.id), 'station_not_ready');
  await office.call('POST', `/privacy/stations/${station.id}/signage`, { items: SIGNAGE_ITEMS });
  t.match(await office.call<Station>('PATCH', `/privacy/stations/${station.id}`, { name: '大门' }), { ready: true, name: '大门' }, 'a new name does not');

  const [second, desk] = [open(station.id), await box.owner.camera('look_up').opened()];
  for (const each of [second, desk]) t.match(await each.next(), { type: 'camera.ready' });
  await assess('opt_in', { reason: 'mode_change' });
  await setMode('opt_in');
  t.equal(await closedSoon(second), 4403, 'another mode closes stations');
  t.match(await answerTo(desk, inside), { type: 'camera.result' }, 'and leaves the desk alone');
  desk.close();
  await refusedCamera(t, open(station.id), 'station_not_ready');
  t.equal((await office.send('DELETE', `/api/v1/privacy/stations/${station.id}`)).status, 204);
  t.strictSame(await office.call('GET', '/privacy/stations'), []);
});

t.test('C18: stored persons, alarms at 80,000 and 100,000, the day for filing', async (t) => {
  const persons = () => office.call<StoredPersons>('GET', '/privacy/persons');
  const elsewhere = (number: number) => office.call<StoredPersons>('PUT', '/privacy/persons', { elsewhere: number });
  t.strictSame(await persons(), { stored: 2, elsewhere: 0, total: 2, level: 'none', reachedOn: null, dueOn: null, provisional: false, filedOn: null });
  t.match(await elsewhere(79_997), { total: 79_999, level: 'none' });
  t.match(await elsewhere(79_998), { total: 80_000, level: 'warning', reachedOn: null });
  t.ok((await tasks()).includes('filing_warning'));
  t.match(await elsewhere(99_997), { total: 99_999, level: 'warning', reachedOn: null });
  // The last one is stored here: no more asking head office.
  await enrolPerson(box, 'P13');
  t.strictSame(await persons(), {
    stored: 3, elsewhere: 99_997, total: 100_000, level: 'filing', reachedOn: '2026-09-21', dueOn: '2026-11-09', provisional: false, filedOn: null,
  });
  t.ok((await tasks()).includes('filing_due'));
  await passTime(24 * 3_600_000);
  t.match(await elsewhere(0), { level: 'none', reachedOn: '2026-09-21', dueOn: '2026-11-09' }, 'the day that it was reached stays');
  t.ok((await tasks()).includes('filing_due'));
  t.match(await office.call<StoredPersons>('PUT', '/privacy/persons', { filedOn: '2026-10-20' }), { filedOn: '2026-10-20', elsewhere: 0 });
  t.notOk((await tasks()).some((task) => task.startsWith('filing')));
  t.match(lastAction(), { action: 'setting_changed' });
});

t.test('C24: an incident tells whom it concerns and by when they are told, and a drill does the same', async (t) => {
  const record = (change: object) => refused(office, 'POST', '/privacy/breaches', { ...BREACH, ...change });
  for (const change of [
    { happenedFrom: '2026-09-21T00:00:01.000Z' }, { happenedTo: '2027-01-01T00:00:00.000Z' }, { discoveredAt: '2027-01-01T00:00:00.000Z' },
    { discoveredAt: '2026-09-19T00:00:00.000Z' },
  ]) t.match(await record(change), { code: 'breach_invalid' }, JSON.stringify(change));
  t.match(await record({ kinds: [] }), { code: 'bad_request' });
  t.match(await record({ cause: ' ' }), { code: 'bad_request' });

  const formula = await box.owner.createCustomer({ displayName: '=HYPERLINK("http://x","点我"),钱', phone: '+8613900000009' });
  const unknown = await box.owner.createCustomer({ displayName: '无电话' });
  const leaver = await box.owner.createCustomer({ displayName: '离开的人', phone: '13900000010' });
  await box.owner.giveConsent(leaver.id, { validUntil: '2027-03-01' });
  await box.owner.enrol(leaver.id, [await portrait('P21')]);
  await box.owner.call('POST', `/customers/${leaver.id}/consents/withdraw`);
  const [before, now] = [new Date(clock.now() - 60_000).toISOString(), new Date(clock.now()).toISOString()];
  const incident = { happenedFrom: before, happenedTo: now, discoveredAt: now };
  const templates = await office.call<Breach>('POST', '/privacy/breaches', { ...BREACH, ...incident, kinds: ['template'] });
  t.equal(templates.affected, 4, 'those enrolled, and the one who withdrew within that time');
  const contacts = await office.call<Breach>('POST', '/privacy/breaches', { ...BREACH, ...incident, drill: false, kinds: ['contact', 'signature'] });
  const customers = query<{ n: number; mute: number }>(box.dataDirectory,
    'SELECT count(*) AS n, sum(phone IS NULL) AS mute FROM customer WHERE merged_into_id IS NULL')[0]!;
  t.match(contacts, { affected: customers.n, unreachable: customers.mute, noticeDueAt: new Date(clock.now() + 72 * 3_600_000).toISOString(), by: '隐私官' });
  t.match(lastAction(), { action: 'breach_recorded' });
  const early = await office.call<Breach>('POST', '/privacy/breaches', { ...BREACH, kinds: ['notes', 'visits'] });
  t.equal(early.affected, 0, 'nobody had notes or visits before the first one came');

  const csv = await office.send<string>('GET', `/api/v1/privacy/breaches/${contacts.id}/affected.csv`);
  t.match(csv.headers, { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': /attachment/ });
  const lines = csv.body.replace('\uFEFF', '').trimEnd().split('\r\n');
  t.equal(lines[0], 'id,name,phone,kinds');
  t.equal(lines.length, 1 + customers.n);
  t.ok(lines.includes(`${formula.id},"'=HYPERLINK(""http://x"",""点我""),钱",'+8613900000009,contact`), 'no cell is a formula');
  t.ok(lines.includes(`${unknown.id},无电话,,contact`));
  t.ok(lines.includes(`${leaver.id},离开的人,13900000010,contact signature`));
  t.match(lastAction(), { action: 'breach_notices_made' });
  t.equal((await office.call<Breach[]>('GET', '/privacy/breaches')).length, 3);
  clock.move(1_000);
  await office.call('POST', '/privacy/breaches', { ...BREACH, drill: true });
  t.ok((await tasks()).includes('assessment_old'), 'after a real incident the assessment is made anew');
});

t.test('C12: terms are changed by the officer, within what is allowed', async (t) => {
  const change = (kind: string, days: number) => refused(office, 'PUT', '/privacy/retention', { kind, days });
  t.match(await change('assessments', 1_095), { code: 'retention_invalid', details: { minDays: 1_096 } });
  t.match(await change('consent_records', 30), { code: 'retention_invalid' });
  t.match(await change('audit_log', 183), { code: 'retention_invalid', details: { minDays: 184 } });
  t.match(await change('inactive_customers', 1_097), { code: 'retention_invalid', details: { maxDays: 1_096 } });
  const table = await office.call<RetentionTable>('PUT', '/privacy/retention', { kind: 'visits', days: 90 });
  t.match(table.rules.find(({ kind }) => kind === 'visits'), { days: 90, rows: 2, deletedLast: 0 });
  t.equal(table.rules.length, 16);
  t.match(lastAction(), { action: 'retention_changed', detail: '{"from":730,"kind":"visits","to":90}' });
  t.notOk((await tasks()).includes('clock_implausible'));
  reading(box.dataDirectory, (db) => db.run('UPDATE retention_run SET held = 1 WHERE at_ms > 0'), false);
  t.ok((await tasks()).includes('clock_implausible'), 'the officer is told of a night in which nothing was deleted');
});

// Last: what the office did is written down, and no word of it is about a person.
t.test('the audit log tells what the office did, without a name, a number or a text', async (t) => {
  const log = JSON.stringify(dumpTables(box.dataDirectory)['audit_entry']);
  for (const secret of ['林女士', '周先生', '离开的人', '13900000', '演练', '提供一致的服务', '隐私官']) t.notOk(log.includes(secret), secret);
  t.notOk(box.logged().includes('林女士'));
});

t.test('C25: a pack is of one moment, though the oldest entries go, a consent is signed and another narrowed while it is written', async (t) => {
  const { id: before } = await box.owner.createCustomer({ displayName: '先签的' });
  const { id: meanwhile } = await box.owner.createCustomer({ displayName: '后签的' });
  clock.move(185 * 86_400_000);
  await members[0].signIn();
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  const validUntil = new Date(clock.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  await box.owner.giveConsent(before, { purposes: ['recognise', 'greet'], validUntil });
  const { db, close, sabotage } = secondWriter(before, meanwhile, validUntil);
  const consents = query<{ n: number }>(box.dataDirectory, 'SELECT count(*) AS n FROM consent')[0]!.n;

  // As soon as the answer has begun: right after the short lists were read.
  const { all } = Database.prototype;
  let done: object | null = null;
  Database.prototype.all = function (this: Database, sql: string, ...values) {
    if (done === null && sql.startsWith('SELECT id FROM consent ORDER BY given_at_ms')) {
      done = {};
      setImmediate(() => { done = sabotage(); });
    }
    return all.call(this, sql, ...values) as never;
  };
  const { body: pack } = await office.send<Buffer>('GET', '/api/v1/privacy/audit-pack.zip');
  Database.prototype.all = all;
  t.match(done, { pruned: Number, meanwhile: String });
  t.ok(db.get<{ seq: number }>('SELECT seq FROM audit_start')!.seq > 0, 'entries went');
  const report = await verifyPack(pack, await office.call<KeySet>('GET', '/keys'));
  t.strictSame([report.manifest.accesses.start.seq, report.consents.checked], [0, consents]);
  t.match((await office.call<AuditVerification>('GET', '/audit/verification')), { whole: true, records: [{ kind: 'consents', checked: consents + 1 }, {}, {}, {}] });
  close();
});

t.test('C21: the overview counts what does not fit, and the page is told what', async (t) => {
  const { db, close } = secondWriter('', '', '');
  const [{ id }] = query<{ id: string }>(box.dataDirectory, 'SELECT id FROM assessment ORDER BY seq') as [{ id: string }];
  const ids = query<{ id: string }>(box.dataDirectory, 'SELECT id FROM consent WHERE ended_at_ms IS NOT NULL').map((row) => row.id);
  db.exec('DROP TRIGGER assessment_stays');
  db.run(`UPDATE assessment SET risks = '无' WHERE id = ?`, id);
  db.run('UPDATE consent SET ended_at_ms = ended_at_ms - 1 WHERE ended_at_ms IS NOT NULL');
  t.ok(ids.length > 0);
  const { whole, firstBroken, records } = await office.call<AuditVerification>('GET', '/audit/verification');
  t.match([whole, firstBroken, records], [false, null, [
    { kind: 'consents', broken: ids.length, ids }, { kind: 'notices', broken: 0, ids: [] }, { kind: 'assessments', broken: 1, ids: [id] }, { kind: 'deletions', broken: 0 },
  ]]);
  const overview = await office.call<PrivacyOverview>('GET', '/privacy/overview');
  t.match(overview, { audit: { whole: false } });
  t.equal(overview.tasks.find(({ task }) => task === 'audit_broken')?.count, ids.length + 1);
  close();
});

/** Writes into the file beside the running box. */
function secondWriter(before: string, meanwhile: string, validUntil: string) {
  const db = Database.open({ file: join(box.dataDirectory, DATABASE), key: readKey(box.dataDirectory) });
  const audit = new Audit({ db, clock });
  const consent = new Consent({ db, clock, audit, events: new EventBus(createLogger('silent')), timeZone: 'Asia/Shanghai' });
  const deletion: Deletion = {
    id: NOBODY, customerId: before, scope: 'purposes', purposes: [], reason: 'narrowed', requestedAt: '', completedAt: null, templatesDeleted: 0, keyDestroyed: false,
  };
  consent.deleteWith({ begin: () => NOBODY, byId: () => deletion, isDeleting: () => false });
  const by = db.get<{ staffId: string; deviceId: string }>('SELECT staff_id AS staffId, device_id AS deviceId FROM consent LIMIT 1')!;
  const sabotage = () => {
    const { seal } = consent.grant(meanwhile, {
      noticeId: consent.currentNotice().id, language: 'zh-CN', purposes: ['recognise'], ageConfirmed: true, validUntil,
      signature: { width: 600, height: 200, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 99, y: 99, t: 9 }]] },
    }, by);
    consent.withdraw(before, by, ['greet']);
    return { pruned: audit.prune(clock.now()), meanwhile: seal };
  };
  return { db, sabotage, close: () => db.close() };
}
