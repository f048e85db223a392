/** C21: who did what to whom is written down, can be read by whom it is for, and shows every change; portico audit from outside. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { AuditEntry, AuditPage, Dossier, Note, PairingCode, StaffMember } from '../../appliance/contract/index.js';
import { exportAudit, parseHead, verifyAudit } from '../../cli/audit.js';
import { Database } from '../../appliance/storage/index.js';
import { packageRoot } from '../../models/manifest.js';
import { addStaff, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { query, readKey } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { portrait } from '../support/scene.js';
import { closedSoon } from '../support/sockets.js';

const clock = new TestClock();
const box = await startBox(t, { clock, settings: { PORTICO_IDLE_LOCK_MINUTES: '10' }, patience: 0.1 });
const { device: desk, staff: associate } = await addStaff(box, '小陈', 'associate');
const { device: office, staff: officer } = await addStaff(box, '隐私', 'privacy_officer');
const { device: left } = await addStaff(box, '小夜', 'associate');
/** Left alone from here on; looked at again below. */
const board = await left.live().opened();
clock.move(10 * 60_000 + 1);
await box.owner.signIn(box.ownerId, OWNER_PIN);
await desk.signIn(associate.id, '246802');
await office.signIn(officer.id, '246802');

const log = async (query = ''): Promise<AuditEntry[]> => (await office.call<AuditPage>('GET', `/audit?limit=500${query}`)).entries;
/** What was written since, oldest first, as lines. */
async function since(seq: number): Promise<string[]> {
  return (await log()).filter((entry) => entry.seq > seq).reverse().map(({ action, staff, customer, detail }) =>
    [action, staff?.name ?? '-', customer === null ? '' : `of ${customer.displayName}`, JSON.stringify(detail)].filter((part) => part !== '' && part !== '{}').join(' '));
}
const now = async (): Promise<number> => (await log())[0]!.seq;

t.test('a board left open without a touch was found by the heartbeat', async (t) => {
  t.equal(await closedSoon(board), 4401);
  t.match((await log('&action=session_locked')).find((entry) => entry.staff?.name === '小夜'), { detail: { why: 'idle' } });
});

interface Ended { code: number | null; out: string; err: string }
function portico(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), ...args], {
      env: { PATH: process.env['PATH'], PORTICO_DATA_DIR: box.dataDirectory }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended: Ended = { code: null, out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ended, code }));
  });
}

t.test('C21: who gets in, and who does not', async (t) => {
  const from = await now();
  const { code } = await box.owner.call<PairingCode>('POST', '/pairing-codes');
  const other = box.stranger();
  await other.pair(code, 'iPad 2');
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name: '小新', role: 'it', pin: '271828' });
  for (let i = 0; i < 5; i += 1) await refusal(other.signIn(staff.id, '000000'));
  await refusal(other.signIn(staff.id, '271828')); // locked: nothing new to tell
  await box.owner.call('PUT', `/staff/${staff.id}/pin`, { pin: '314159' });
  await other.signIn(staff.id, '314159');
  await other.call('POST', '/sessions/current/lock');
  await other.signIn(staff.id, '314159');
  await other.call('DELETE', '/sessions/current');
  await desk.call('POST', '/sessions/current/front-desk');
  await desk.signIn(associate.id, '246802');
  const devices = await box.owner.call<{ id: string; name: string }[]>('GET', '/devices');
  const deviceId = devices.find((each) => each.name === 'iPad 2')!.id;
  await box.owner.call('DELETE', `/devices/${deviceId}`);
  await box.owner.call('DELETE', `/staff/${staff.id}`);
  t.strictSame(await since(from), [
    'pairing_code_made 店长 {"for":"device"}', 'device_paired -', `staff_added 店长 {"role":"it","staffId":"${staff.id}"}`,
    ...Array<string>(5).fill(`sign_in_failed - {"how":"pin","staffId":"${staff.id}"}`).toSpliced(4, 0, `pin_locked - {"lock":"here","staffId":"${staff.id}"}`),
    `pin_set 店长 {"staffId":"${staff.id}"}`, 'signed_in 小新 {"how":"pin"}', 'session_locked 小新 {"why":"asked"}', 'signed_in 小新 {"how":"pin"}', 'signed_out 小新',
    'front_desk_started 小陈', 'signed_in 小陈 {"how":"pin"}', `device_removed 店长 {"deviceId":"${deviceId}"}`, `staff_removed 店长 {"staffId":"${staff.id}"}`,
  ]);
});

t.test('C21: who opened which dossier when and why, and what was done to it', async (t) => {
  const from = await now();
  const { id } = await desk.createCustomer({ displayName: '王女士', phone: '13800001234' });
  const second = await desk.createCustomer({ displayName: '王小姐' });
  t.equal(await refusal(desk.call('GET', `/customers/${id}?why=curiosity`)), '400 bad_request');
  await desk.call('GET', `/customers/${id}?why=visit`);
  await desk.call('GET', `/customers/${id}?why=visit`); // the page reads it again: the same opening
  await desk.call('GET', `/customers/${id}?why=search`);
  await office.call('GET', `/customers/${id}?why=rights`);
  clock.move(60_000);
  await desk.call('GET', `/customers/${id}?why=visit`);
  await desk.call('GET', `/customers/${id}`);
  await desk.call('PATCH', `/customers/${id}`, { displayName: '王女士', tier: '金卡', phone: '13900004321' });
  const { id: noteId } = await desk.call<Note>('POST', `/customers/${id}/notes`, { text: '对镍过敏' });
  await desk.giveConsent(id);
  const begun = await now();
  await desk.enrol(id, [await portrait('P18')]);
  t.equal(await refusal(desk.call('POST', `/customers/${id}/template/revert`)), '409 template_not_refreshed');
  const { merges } = await desk.call<Dossier>('POST', `/customers/${second.id}/merge`, { into: id });
  await desk.call('POST', `/merges/${merges[0]!.id}/undo`);
  await box.owner.call('PUT', '/recognition/fpir', { known: 0.002, candidate: 0.02 });
  const lines = (await since(from)).filter((line) => !/^consent_|^notice_/.test(line));
  t.strictSame(lines, [
    'customer_created 小陈 of 王女士', 'customer_created 小陈 of 王小姐', 'dossier_opened 小陈 of 王女士 {"why":"visit"}', 'dossier_opened 小陈 of 王女士 {"why":"search"}',
    'dossier_opened 隐私 of 王女士 {"why":"rights"}', 'dossier_opened 小陈 of 王女士 {"why":"visit"}', 'dossier_opened 小陈 of 王女士 {"why":null}',
    'customer_changed 小陈 of 王女士 {"fields":"phone,tier"}', `note_added 小陈 of 王女士 {"noteId":"${noteId}"}`, 'template_enrolled 小陈 of 王女士 {"photos":1}',
    `customers_merged 小陈 of 王女士 {"from":"${second.id}"}`, `merge_undone 小陈 of 王小姐 {"mergeId":"${merges[0]!.id}"}`,
    'setting_changed 店长 {"candidate":0.02,"known":0.002,"setting":"fpir"}',
  ]);
  t.ok((await log(`&customerId=${id}&action=dossier_opened&staffId=${officer.id}`)).every((entry) => entry.detail['why'] === 'rights'));
  t.equal((await office.call<AuditPage>('GET', `/audit?limit=1&before=${begun + 1}`)).entries[0]!.seq, begun);
  const raw = JSON.stringify((await log()).map(({ detail }) => detail));
  for (const secret of ['王女士', '13800001234', '13900004321', '金卡', '对镍过敏', '246802']) t.notOk(raw.includes(secret), `no ${secret} in the log itself`);
});

// Before the exports are compared: it writes an entry when it comes.
t.test('a board left open without a touch was found by the heartbeat', async (t) => {
  t.equal(await closedSoon(board, 20_000), 4401);
  t.match((await log('&action=session_locked')).find((entry) => entry.staff?.name === '小夜'), { detail: { why: 'idle' } });
});

t.test('C21: verified and exported, by the page and on the box while it runs', async (t) => {
  const { head } = await office.call<{ head: string }>('GET', '/audit/verification');
  const csv = await office.send<string>('GET', '/api/v1/audit/export.csv');
  t.match(csv.headers, { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment; filename="portico-audit.csv"' });
  t.ok(csv.body.includes(head) && csv.body.includes('"audit_exported"'), 'the export is in the export');
  const file = join(t.testdir(), 'audit.csv');
  t.match(await portico('audit', 'export', file), { code: 0 });
  t.equal(readFileSync(file, 'utf8'), csv.body);
  t.equal(statSync(file).mode & 0o777, 0o600);
  // The same in this process, which spares starts.
  const where = { dataDirectory: box.dataDirectory, credentialsDirectory: null };
  let said = '';
  const line = (text: string): void => { said += `${text}\n`; };
  await t.rejects(exportAudit(where, file, line), { message: /EEXIST/ }, 'never over another file');
  t.ok(await verifyAudit(where, null, line));
  t.ok(await verifyAudit(where, parseHead(/Head (\S+)/.exec(said)![1]!), line), said);
  t.notOk(await verifyAudit(where, parseHead(`3:${'A'.repeat(64)}`), line));
  t.match(said, /First broken entry: 3\./);
  t.throws(() => parseHead('the third'), /NUMBER:HASH/);
  await t.rejects(verifyAudit({ ...where, dataDirectory: t.testdir() }, null, line), { code: 'data_directory_unusable' });

  const file2 = Database.open({ file: join(box.dataDirectory, 'portico.db'), key: readKey(box.dataDirectory) });
  file2.run(`UPDATE audit_entry SET staff_id = 'somebody else' WHERE seq = 5`);
  t.match(await portico('audit', 'verify'), { code: 1, out: /First broken entry: 5\./ });
  // A consent that was signed for less, or by nobody, is named too.
  const signed = await box.owner.createCustomer({ displayName: '签过字的' });
  await box.owner.giveConsent(signed.id);
  said = '';
  await verifyAudit(where, null, line);
  const [, signedNow] = /The consents are as they were sealed: (\d+)\./.exec(said)!;
  const [consent] = query<{ id: string }>(box.dataDirectory, 'SELECT id FROM consent ORDER BY rowid DESC');
  file2.run(`UPDATE consent SET signature = replace(signature, '80', '81') WHERE id = ?`, consent!.id);
  said = '';
  t.notOk(await verifyAudit(where, null, line));
  t.ok(said.includes(`1 consents, ${signedNow} looked at: ${consent!.id}`), said);
  t.equal((await portico('audit')).code, 2);
  t.match(await office.call('GET', '/audit/verification'), { whole: false, firstBroken: 5 });
  file2.run(`UPDATE audit_entry SET detail = 'not JSON', at_ms = 9223372036854775807 WHERE seq = 6`);
  t.ok((await log()).length > 20, 'what was written over does not hide the rest');
  file2.close();
});
