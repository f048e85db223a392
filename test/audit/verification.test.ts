/** The whole check: whatever is changed of a record that the log holds fast is named, and whatever the box itself does never is. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { Audit, Verification } from '../../appliance/audit/index.js';
import { Assessments, Retention } from '../../appliance/compliance/index.js';
import { NOTICE_FIELDS, type AuditVerification, type Purpose, type RecordKind } from '../../appliance/contract/index.js';
import type { SealedRow } from '../../appliance/consent/seal.js';
import { createLogger } from '../../appliance/kit/index.js';
import { Rights } from '../../appliance/rights/index.js';
import { MIGRATIONS_DIRECTORY, openStorage } from '../../appliance/storage/index.js';
import { verifyAudit } from '../../cli/audit.js';
import { newVault } from '../../cli/vault.js';
import { DATABASE } from '../support/disk.js';
import { assessmentFor } from '../support/office.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOON = Date.parse('2026-06-15T04:00:00Z');
const BY = { staffId: 's', deviceId: 'd' };

function open(t: Pick<Test, 'teardown'>, dataDirectory: string, clock = new TestClock(NOON)) {
  const rooms = openRooms(t, { dataDirectory, clock });
  const { audit, consent, customers, db, erasure, events } = rooms;
  const deps = { db, clock, audit, events, timeZone: 'Asia/Shanghai' };
  const assessments = new Assessments({ ...deps, snapshot: () => ({ version: 'x' }) });
  const rights = new Rights(deps);
  rights.eraseWith({ begin: (order) => erasure.begin(order), byId: (id) => erasure.byId(id), pending: () => erasure.pending(), withMerged: (id) => customers.withMerged(id) });
  const retention = new Retention({
    ownTerms: new Map(),
    db, clock, audit, log: createLogger('silent'), emptied: () => undefined, held: () => [], items: [
      consent.records.retention, consent.refusals.retention, assessments.retention,
      { kind: 'deletion_records', count: () => erasure.count(), deleteBefore: (ms, held) => erasure.prune(ms, held) },
      { kind: 'audit_log', count: () => audit.count(), deleteBefore: (ms) => audit.prune(ms) },
    ],
  });
  const verification = new Verification(audit, {
    consents: () => consent.verifySeals(), notices: () => consent.notices.verify(), assessments: () => assessments.verify(), deletions: () => erasure.verify(),
  });
  return { ...rooms, assessments, rights, retention, verification };
}
type Box = ReturnType<typeof open>;

/** What is named, as `kind: ids`; a broken entry too. */
function named({ firstBroken, records }: AuditVerification): string[] {
  return [...(firstBroken === null ? [] : [`entry ${firstBroken}`]), ...records.filter(({ broken }) => broken > 0).map(({ kind, ids }) => `${kind}: ${ids.join(' ')}`)];
}
/** Another text of the notice. */
function publish({ consent }: Box, text: string, material: boolean): string {
  consent.notices.saveDraft({
    maxTermDays: 366, sections: (['zh-CN', 'en'] as const).flatMap((language) => NOTICE_FIELDS.map((field) => ({ language, field, text: `${field} ${text}` }))),
  });
  return consent.notices.publish(material, BY).id;
}

t.test('C21: each record that is changed or taken away behind the log is named, by its kind and id', async (t) => {
  const box = open(t, temporaryDirectory(t));
  const { audit, clock, consent, customers, db, assessments, verification } = box;
  const [first, second] = ['王', '李'].map((displayName) => customers.create({ displayName }).id) as [string, string];
  for (const id of [first, second]) box.grant(id, ['recognise', 'greet']);
  const noticeId = publish(box, 'new', true);
  t.notOk(consent.covers(second, 'recognise'), 'a material change');
  const assessment = assessments.record(assessmentFor('opt_in'), BY);
  clock.move(1_000);
  const { deletion } = consent.withdraw(first, BY);
  const ended = consent.records.history(first)[0]!.id;
  clock.move(60_000);
  const whole = await verification.run();
  t.match(whole, { whole: true, clockBehind: false, records: [
    { kind: 'consents', checked: 2, broken: 0, ids: [] }, { kind: 'notices', checked: 2 }, { kind: 'assessments', checked: 1 }, { kind: 'deletions', checked: 1 },
  ] });
  t.equal(verification.last, whole);
  db.pragma('foreign_keys = OFF');
  db.exec('DROP TRIGGER assessment_stays');

  const attack = async (what: string, kind: RecordKind, id: string, ...sql: string[]) => {
    try {
      db.transaction(() => {
        for (const each of sql) t.ok(db.run(each).changes > 0, each);
        throw new Error('only to see that each does something');
      });
    } catch (error) {
      if (!(error as Error).message.startsWith('only to see')) throw error;
    }
    db.exec('BEGIN');
    for (const each of sql) db.run(each);
    const result = await verification.run();
    db.exec('ROLLBACK');
    t.strictSame([result.whole, named(result)], [false, [`${kind}: ${id}`]], what);
    t.ok((await verification.run()).whole, `${what}: put back`);
  };
  await attack('ended 8 hours later', 'consents', ended, `UPDATE consent SET ended_at_ms = ended_at_ms + ${8 * HOUR_MS} WHERE id = '${ended}'`);
  await attack('expired instead of withdrawn', 'consents', ended, `UPDATE consent SET end_reason = 'expired' WHERE id = '${ended}'`);
  await attack('deleted a minute after it ended', 'consents', ended, `DELETE FROM consent_purpose WHERE consent_id = '${ended}'`, `DELETE FROM consent WHERE id = '${ended}'`);
  await attack('a material change that is none', 'notices', noticeId, `UPDATE notice SET material = 0 WHERE id = '${noticeId}'`);
  await attack('a notice of another day', 'notices', noticeId, `UPDATE notice SET published_at_ms = published_at_ms - 1 WHERE id = '${noticeId}'`);
  await attack('a longer term', 'notices', noticeId, `UPDATE notice SET max_term_days = 3660 WHERE id = '${noticeId}'`);
  await attack('by somebody else', 'notices', noticeId, `UPDATE notice SET staff_id = NULL WHERE id = '${noticeId}'`);
  await attack('the store\'s own passed off as built in', 'notices', noticeId, `UPDATE notice SET origin = 'built_in' WHERE id = '${noticeId}'`);
  await attack('another text', 'notices', noticeId, `UPDATE notice_section SET text = text || '!' WHERE notice_id = '${noticeId}' AND language = 'en'`);
  await attack('a version gone', 'notices', noticeId, `DELETE FROM notice WHERE id = '${noticeId}'`);
  await attack('a version that nobody published', 'notices', 'forged',
    `INSERT INTO notice SELECT 'forged', 9, hash, max_term_days, published_at_ms, 0, origin, staff_id FROM notice WHERE id = '${noticeId}'`,
    `INSERT INTO notice_section SELECT 'forged', language, field, text FROM notice_section WHERE notice_id = '${noticeId}'`);
  for (const column of ['purpose', 'impact', 'risks', 'measures', 'conclusion', 'snapshot']) {
    await attack(`another ${column}`, 'assessments', assessment.id, `UPDATE assessment SET ${column} = ${column} || '!' WHERE id = '${assessment.id}'`);
  }
  for (const change of [`mode = 'off'`, `reason = 'yearly'`, 'acceptable = 0', 'acceptable = 2', 'at_ms = at_ms + 1', `staff_id = 'x'`, `hash = '${'ab'.repeat(32)}'`, `keep_until = '2026-01-01'`, 'seq = 9', 'at_ms = 9e18']) {
    await attack(change, 'assessments', assessment.id, `UPDATE assessment SET ${change} WHERE id = '${assessment.id}'`);
  }
  await attack('an assessment gone', 'assessments', assessment.id, `DELETE FROM assessment WHERE id = '${assessment.id}'`);
  const { id } = deletion!;
  for (const change of ['requested_at_ms = requested_at_ms - 1', 'completed_at_ms = completed_at_ms + 1', 'templates = 5', 'keys = 7', `scope = 'dossier'`, `reason = 'erased'`,
    `purposes = 'greet'`, `customer_id = '${second}'`, 'seq = -3']) {
    await attack(change, 'deletions', id, `UPDATE vault.deletion SET ${change} WHERE id = '${id}'`);
  }
  await attack('a deletion that never was', 'deletions', 'forged',
    `INSERT INTO vault.deletion SELECT 'forged', 0, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms FROM vault.deletion WHERE id = '${id}'`);

  const gone = [`DELETE FROM vault.deletion WHERE id = '${id}'`, `DELETE FROM main.deletion_done WHERE id = '${id}'`];
  await attack('a record of deletion gone from both files', 'deletions', id, ...gone);

  // Of many the first hundred are named, and all are counted.
  for (let i = 0; i < 120; i += 1) audit.record('consent_given', BY, { customerId: 'c', detail: { consentId: `gone ${i}` } });
  const [consents] = (await verification.run()).records;
  t.strictSame([consents!.broken, consents!.ids.length, consents!.ids[99]], [120, 100, 'gone 99']);
});

t.test('C21: the reviewer\'s way: a consent forged with a new seal, then the log cut off before its entry', async (t) => {
  const box = open(t, temporaryDirectory(t));
  const { audit, customers, db, verification } = box;
  const { id } = customers.create({ displayName: '王' });
  const given = box.grant(id, ['recognise']);
  customers.create({ displayName: '李' });
  const paper = audit.record('signed_in', BY);
  const { sealOf } = await import('../../appliance/consent/seal.js');
  db.run(`UPDATE consent SET purposes_given = 'recognise,contact', valid_until = '2027-06-01', signature = '{}' WHERE id = ?`, given.id);
  db.run('UPDATE consent SET seal = ? WHERE id = ?', sealOf(db.get('SELECT * FROM consent WHERE id = ?', given.id)!), given.id);
  db.run(`INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, 'contact')`, given.id);
  t.strictSame(named(await verification.run()), [`consents: ${given.id}`]);
  const at = db.get<{ seq: number; hash: string }>(`SELECT seq, hash FROM audit_entry WHERE action = 'consent_given'`)!;
  db.run('UPDATE audit_start SET seq = ?, hash = ? WHERE only_one = 1', at.seq, at.hash);
  db.run('DELETE FROM audit_entry WHERE seq <= ?', at.seq);
  for (const result of [await verification.run(), await verification.against(paper)]) {
    t.strictSame([result.whole, result.firstBroken, named(result).includes(`consents: ${given.id}`)], [false, 1, true]);
  }
});

t.test('C21: the reviewer\'s other way: a consent out of nothing, nothing cut off, and an entry that says the log was pruned until tomorrow', async (t) => {
  const box = open(t, temporaryDirectory(t));
  const { audit, clock, customers, db, verification } = box;
  box.grant(customers.create({ displayName: '王' }).id, ['recognise']);
  clock.move(190 * DAY_MS);
  const given = box.grant(customers.create({ displayName: '李' }).id, ['recognise']);
  const paper = audit.record('signed_in', BY);
  const { sealOf } = await import('../../appliance/consent/seal.js');
  const nobody = customers.create({ displayName: '张' }).id;
  const made = (id: string, givenAtMs: number) => {
    const row = { ...db.get<SealedRow>('SELECT * FROM consent WHERE id = ?', given.id)!, id, customer_id: nobody, given_at_ms: givenAtMs };
    const forged = { ...row, seal: sealOf(row) };
    db.run(`INSERT INTO consent (${Object.keys(forged).join(', ')}) VALUES (${Object.keys(forged).map(() => '?').join(', ')})`, ...Object.values(forged));
    db.run(`INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, 'recognise')`, id);
  };
  made('forged', clock.now() - DAY_MS);
  t.strictSame(named(await verification.run()), ['consents: forged']);
  for (const beforeMs of [clock.now() + DAY_MS, clock.now(), clock.now() - 184 * DAY_MS]) {
    audit.record('audit_pruned', { staffId: null, deviceId: null }, { detail: { startSeq: 0, startHash: '0'.repeat(64), beforeMs } });
    t.strictSame(named(await verification.against(paper)), ['entry 1', 'consents: forged']);
  }
});

t.test('C21: two purposes taken back half a year apart: nothing is called broken while the log forgets the one and has the other', async (t) => {
  const box = open(t, temporaryDirectory(t));
  const { audit, clock, consent, customers, db, retention, verification } = box;
  const { id: customerId } = customers.create({ displayName: '王' });
  const { id } = consent.grant(customerId, {
    noticeId: consent.currentNotice().id, language: 'zh-CN', purposes: ['recognise', 'greet', 'preferences', 'contact'], ageConfirmed: true, validUntil: '2027-06-10',
    signature: { width: 600, height: 200, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 99, y: 99, t: 9 }]] },
  }, BY);
  let day = 0;
  const on = (later: number) => {
    clock.move((later - day) * DAY_MS);
    day = later;
    audit.record('signed_in', BY);
    consent.expireDue();
    retention.run();
  };
  on(10);
  consent.withdraw(customerId, BY, ['contact']);
  on(200);
  consent.withdraw(customerId, BY, ['preferences']);
  const told = () => audit.about(customerId, 'consent_given', 'consent_narrowed').length;
  const seen = new Set<number>();
  for (const later of [201, 600, 1_090, 1_105, 1_106, 1_107, 1_110, 1_111, 1_200, 1_290, 1_295, 1_297, 1_300, 1_301, 1_302]) {
    on(later);
    seen.add(told());
    t.strictSame(named(await verification.run()), [], `day ${later}`);
    if (told() !== 1) continue;
    // The time that the log still tells cannot be another for that.
    db.exec('BEGIN');
    db.run(`UPDATE consent_purpose SET withdrawn_at_ms = withdrawn_at_ms + ${DAY_MS} WHERE consent_id = ? AND purpose = 'preferences'`, id);
    t.strictSame(named(await verification.run()), [`consents: ${id}`]);
    db.run(`UPDATE consent_purpose SET withdrawn_at_ms = NULL WHERE consent_id = ?`, id);
    t.strictSame(named(await verification.run()), [`consents: ${id}`]);
    db.exec('ROLLBACK');
  }
  t.strictSame([...seen], [3, 1, 0], 'the first entry went over its term before the second');
});

t.test('C21: a record of deletion over its term goes without alarm, and none before', async (t) => {
  const box = open(t, temporaryDirectory(t));
  const { audit, clock, consent, customers, db, erasure, retention, verification } = box;
  db.run(`INSERT INTO retention_rule (kind, days, staff_id, at_ms) VALUES ('audit_log', 3653, 's', 0)`); // so that the entries outlive the records
  const withdrawn = () => {
    const { id } = customers.create({ displayName: '王' });
    box.grant(id, ['recognise']);
    return consent.withdraw(id, BY).deletion!.id;
  };
  const first = withdrawn();
  clock.move(10 * DAY_MS);
  const second = withdrawn();
  clock.move(1_087 * DAY_MS);
  retention.run();
  clock.move(DAY_MS);
  retention.run();
  t.equal(erasure.count(), 1);
  t.equal(audit.told('deletion_completed').length, 2);
  t.throws(() => erasure.byId(first), { code: 'deletion_not_found' });
  t.strictSame(named(await verification.run()), []);
  for (const table of ['vault.deletion', 'main.deletion_done']) db.run(`DELETE FROM ${table} WHERE id = ?`, second);
  t.strictSame(named(await verification.run()), [`deletions: ${second}`], 'the run that took the first does not explain the second');
});

t.test('the commands: a database of an older version, a vault that is damaged or older', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const files = { dataDirectory, credentialsDirectory: null };
  const vaultFile = join(dataDirectory, 'vault', 'vault.db');
  const verify = async () => {
    const lines: string[] = [];
    const whole = await verifyAudit(files, null, (line) => void lines.push(line));
    return { whole, said: lines.join('\n') };
  };
  const older = temporaryDirectory(t);
  for (const name of readdirSync(MIGRATIONS_DIRECTORY).sort().slice(0, 7)) copyFileSync(join(MIGRATIONS_DIRECTORY, name), join(older, name));
  const store = (migrationsDirectory = MIGRATIONS_DIRECTORY) =>
    openStorage({ ...files, maxBytes: null, clock: new TestClock(NOON), migrationsDirectory });
  store(older).close();
  await t.rejects(verify(), { message: /older version\. Start the box once/ });
  const { db, close } = store();
  new Audit({ db, clock: new TestClock(NOON) }).record('signed_in', BY);
  db.exec('PRAGMA vault.user_version = 1');
  db.truncateLog();
  close();
  await t.rejects(verify(), { message: /older version/ });
  writeFileSync(vaultFile, Buffer.alloc(8_192, 7));
  const damaged = await verify();
  t.notOk(damaged.whole);
  t.match(damaged.said, /log is whole: 1 entries[\s\S]*0 consents[\s\S]*vault\.db cannot be read \(db_key_wrong\): it is damaged, or of another box\. Records of deletion were not/);
  t.notMatch(damaged.said, /\d records of deletion/);
  t.throws(() => newVault(files, new TestClock(NOON), { line: () => undefined, progress: () => undefined }, null), { message: /Move it away first/ });
  t.ok(readFileSync(vaultFile).equals(Buffer.alloc(8_192, 7)), 'nothing is touched');
  rmSync(vaultFile);
  t.match(await verify(), { whole: false, said: /There is no vault here/ });
});

t.test('it lets other work in, and what is done meanwhile is not called broken', async (t) => {
  const box = open(t, temporaryDirectory(t));
  const { clock, consent, customers, db, verification } = box;
  const ids = db.transaction(() => Array.from({ length: 300 }, (_, i) => customers.create({ displayName: `顾客${i}` }).id));
  db.transaction(() => { for (const id of ids) box.grant(id, ['recognise', 'greet']); });
  for (let round = 0; round < 3; round += 1) {
    let turns = 0;
    let done = false;
    const checked = verification.run().finally(() => { done = true; });
    t.equal(verification.run() instanceof Promise, true);
    while (!done) {
      await new Promise((resolve) => { setImmediate(resolve); });
      turns += 1;
      clock.move(1);
      if (done || turns > 40) continue;
      const id = ids.pop()!;
      if (turns % 4 === 0) consent.withdraw(id, BY);
      else if (turns % 4 === 1) consent.withdraw(id, BY, ['greet']);
      else if (turns % 4 === 2) box.rights.erase(id, 'erased', BY);
      else publish(box, `${round} ${turns}`, false);
    }
    t.ok(turns > 2, `${turns} turns of other work`);
    t.strictSame(named(await checked), []);
  }
});

// ---- What the box itself does ----------------------------------------------------------------------------------------

const PURPOSES: Purpose[] = ['greet', 'keep_photo', 'refresh'];
type Act = { act: 'sign' | 'withdraw' | 'narrow' | 'merge' | 'undo' | 'erase' | 'publish' | 'assess' | 'pass' | 'setBack' | 'night' | 'restart' | 'backUp' | 'restore' | 'vaultNew'; n: number };
const act: fc.Arbitrary<Act> = fc.record({
  act: fc.oneof(
    { weight: 6, arbitrary: fc.constant('sign' as const) }, { weight: 5, arbitrary: fc.constantFrom('withdraw', 'narrow', 'pass', 'night' as const) },
    { weight: 3, arbitrary: fc.constantFrom('merge', 'undo', 'erase', 'publish', 'assess', 'setBack' as const) },
    { weight: 2, arbitrary: fc.constantFrom('restart', 'backUp', 'restore' as const) }, { weight: 1, arbitrary: fc.constant('vaultNew' as const) },
  ) as fc.Arbitrary<Act['act']>,
  n: fc.nat({ max: 1_000_000 }),
});

/** What random acts seldom come to: each act with its number. */
const STORIES = [
  'sign:14 backUp narrow restore sign:14 backUp withdraw restore erase night', 'sign:14 sign:14 backUp merge erase restore undo assess publish:2 vaultNew restore',
  'sign:14 assess narrow withdraw publish setBack:2 sign:14 setBack:1 pass:3 pass:1 night:2 pass:2 night restart backUp erase restore',
];

t.test('C21: nothing that the box itself does is ever called broken', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 30 }), async (acts) => {
    const undo: (() => unknown)[] = [];
    const scope = { teardown: (fn: () => unknown) => void undo.push(fn) } as Pick<Test, 'teardown'>;
    const dataDirectory = temporaryDirectory(scope as Test);
    const backup = join(temporaryDirectory(scope as Test), 'backup.db');
    const clock = new TestClock(NOON);
    let newestMs = NOON;
    let box = open(scope, dataDirectory, clock);
    const again = (between: () => void = () => undefined) => {
      box.db.truncateLog();
      box.close();
      between();
      box = open(scope, dataDirectory, clock);
    };
    try {
      for (const { act, n } of acts) {
        const { consent, customers, db } = box;
        clock.move(n % 3_000);
        const pick = <T>(rows: T[]): T | undefined => rows[n % Math.max(1, rows.length)];
        const dossiers = db.all<{ id: string }>('SELECT id FROM customer WHERE merged_into_id IS NULL ORDER BY rowid').map(({ id }) => id);
        const holding = db.all<{ id: string }>('SELECT customer_id AS id FROM consent WHERE ended_at_ms IS NULL ORDER BY rowid').map(({ id }) => id);
        const [one, holder] = [pick(dossiers), pick(holding)];
        switch (act) {
          case 'sign': box.grant(n % 2 === 0 || one === undefined ? customers.create({ displayName: `${n}` }).id : one, ['recognise', ...PURPOSES.filter((_, i) => (n >> i) % 2 === 1)]); break;
          case 'withdraw': if (holder !== undefined) consent.withdraw(holder, BY); break;
          case 'narrow': {
            const purpose = holder === undefined ? undefined : PURPOSES.find((each) => consent.records.purposes(consent.records.active(holder)!.id).includes(each));
            if (holder !== undefined && purpose !== undefined) consent.withdraw(holder, BY, [purpose]);
            break;
          }
          case 'merge': {
            const into = dossiers.find((id) => id !== one);
            if (one !== undefined && into !== undefined) customers.merge(one, into, 's', () => consent.endFor(one, 'merged'));
            break;
          }
          case 'undo': {
            const merge = pick(db.all<{ id: string }>(
              'SELECT id FROM customer_merge WHERE undone_at_ms IS NULL AND into_id IN (SELECT id FROM customer WHERE merged_into_id IS NULL)'));
            if (merge !== undefined) customers.undoMerge(merge.id);
            break;
          }
          case 'erase': if (one !== undefined) box.rights.erase(one, 'erased', BY); break;
          case 'publish': publish(box, `${n} ${clock.now()}`, n % 2 === 0); break;
          case 'assess': box.assessments.record(assessmentFor('opt_in', { purpose: `${n}` }), BY); break;
          case 'pass': clock.move([1, 40, 200, 1_200][n % 4]! * DAY_MS + (n % HOUR_MS)); break;
          case 'setBack': clock.move(-[HOUR_MS, 20 * DAY_MS, 400 * DAY_MS][n % 3]!); break;
          case 'night':
            if (clock.now() < newestMs - DAY_MS) break; // the box waits until its clock is right
            if (n % 2 === 0) db.run(`INSERT OR REPLACE INTO retention_rule (kind, days, staff_id, at_ms) VALUES ('audit_log', 184, 's', 0)`);
            consent.expireDue();
            box.retention.run();
            break;
          case 'restart': again(); break;
          case 'backUp': again(() => copyFileSync(join(dataDirectory, DATABASE), backup)); break;
          case 'restore': if (existsSync(backup)) again(() => copyFileSync(backup, join(dataDirectory, DATABASE))); break;
          case 'vaultNew':
            again(() => {
              rmSync(join(dataDirectory, 'vault'), { recursive: true });
              newVault({ dataDirectory, credentialsDirectory: null }, clock, { line: () => undefined, progress: () => undefined }, null);
            });
            break;
        }
        newestMs = Math.max(newestMs, clock.now());
        const result = await box.verification.run();
        const behind = clock.now() < newestMs - DAY_MS;
        if (named(result).length > 0 || (result.clockBehind && !behind) || result.whole === result.clockBehind) throw new Error(`after ${act}: ${JSON.stringify(result)}`);
      }
    } finally {
      for (const fn of undo.reverse()) fn();
    }
    return true;
  }), { numRuns: 10, examples: STORIES.map((story) => [story.split(' ').map((each) => ({ act: each.split(':')[0] as Act['act'], n: Number(each.split(':')[1] ?? 0) }))]) });
});
