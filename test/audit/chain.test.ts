/** The chain of the audit log: whatever somebody does to a row, the check names it. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { Audit, THE_BOX } from '../../appliance/audit/index.js';
import { AUDIT_ACTIONS } from '../../appliance/contract/index.js';
import { Database, openStorage } from '../../appliance/storage/index.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { join } from 'node:path';
import { readKey } from '../support/disk.js';

const clock = new TestClock();
const dataDirectory = temporaryDirectory(t);
const { db, close } = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock });
t.teardown(close);
const audit = new Audit({ db, clock });

const DAY_MS = 86_400_000;

interface Row { seq: number; at_ms: number; action: string; staff_id: string | null; device_id: string | null; customer_id: string | null; detail: string; hash: string }
const ROWS = 12;
for (let i = 0; i < ROWS; i += 1) {
  audit.record(AUDIT_ACTIONS[i % AUDIT_ACTIONS.length]!, i % 3 === 0 ? THE_BOX : { staffId: `s${i}`, deviceId: 'd' }, { customerId: i % 2 === 0 ? null : `c${i}`, detail: { i, b: 'x', a: null } });
  clock.move(1_000);
}
const original = db.all<Row>('SELECT * FROM audit_entry ORDER BY seq');
const start = db.get<{ seq: number; hash: string; last_seq: number }>('SELECT seq, hash, last_seq FROM audit_start')!;

const insert = (row: Row): void => void db.run('INSERT INTO audit_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  row.seq, row.at_ms, row.action, row.staff_id, row.device_id, row.customer_id, row.detail, row.hash);
/** Puts other rows in the place of the log, as somebody with the file and its key could, and asks for the first broken one. */
async function firstBroken(rows: readonly Row[], lastSeq = start.last_seq): Promise<number | null> {
  db.transaction(() => {
    db.exec('DELETE FROM audit_entry');
    rows.forEach(insert);
    db.run('UPDATE audit_start SET seq = ?, hash = ?, last_seq = ? WHERE only_one = 1', start.seq, start.hash, lastSeq);
  });
  const { whole, firstBroken: broken } = await audit.verify();
  if (whole !== (broken === null)) throw new Error('whole contradicts firstBroken');
  return broken;
}

t.test('the chain as it is', async (t) => {
  t.match(await audit.verify(), { whole: true, entries: ROWS, firstBroken: null, head: original.at(-1)!.hash });
  // As docs/protocol.md says, so that anybody can check it without us.
  let before = '0'.repeat(64);
  for (const { hash, ...row } of original) {
    before = createHash('sha256').update(`${before}\n${JSON.stringify([row.seq, row.at_ms, row.action, row.staff_id, row.device_id, row.customer_id, row.detail])}`).digest('hex');
    t.equal(hash, before);
  }
  t.equal(original[0]!.detail, '{"a":null,"b":"x","i":0}', 'the keys in order');
});

t.test('C21: change any field of any row, and the check names it', async () => {
  const change = fc.oneof(
    fc.record({ at_ms: fc.integer({ min: 0, max: 2 ** 45 }) }), fc.record({ action: fc.constantFrom<string>(...AUDIT_ACTIONS) }),
    fc.record({ staff_id: fc.option(fc.string()) }), fc.record({ device_id: fc.option(fc.string()) }), fc.record({ customer_id: fc.option(fc.string()) }),
    fc.record({ detail: fc.oneof(fc.string(), fc.json()) }), fc.record({ hash: fc.oneof(fc.stringMatching(/^[0-9a-f]{64}$/), fc.constantFrom(...original.map((row) => row.hash))) }),
  );
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: ROWS - 1 }), change, async (at, changed) => {
    const forged = { ...original[at]!, ...changed };
    fc.pre(JSON.stringify(forged) !== JSON.stringify(original[at]));
    return await firstBroken(original.with(at, forged)) === at + 1;
  }), { numRuns: 150 });
});

t.test('C21: delete, insert, swap, cut off', async (t) => {
  const place = fc.integer({ min: 0, max: ROWS - 1 });
  await fc.assert(fc.asyncProperty(place, async (at) => await firstBroken(original.toSpliced(at, 1)) === at + 1), { numRuns: 20 });
  await fc.assert(fc.asyncProperty(place, async (at) => await firstBroken(original.slice(0, at)) === at + 1), { numRuns: 20 });
  await fc.assert(fc.asyncProperty(place, place, async (a, b) => {
    fc.pre(a < b);
    const swapped = original.with(a, { ...original[b]!, seq: a + 1 }).with(b, { ...original[a]!, seq: b + 1 });
    return await firstBroken(swapped) === a + 1;
  }), { numRuns: 30 });
  await fc.assert(fc.asyncProperty(place, place, async (at, like) => {
    const renumbered = [...original.slice(0, at), { ...original[like]!, action: original[like]!.action === 'signed_out' ? 'signed_in' : 'signed_out', seq: at + 1 }, ...original.slice(at).map((row) => ({ ...row, seq: row.seq + 1 }))];
    return await firstBroken(renumbered, ROWS + 1) === at + 1;
  }), { numRuns: 20 });
  for (const seq of [0, -3]) t.equal(await firstBroken([...original, { ...original[0]!, seq }]), seq, 'before the beginning');
  t.equal(await firstBroken([...original, { ...original[0]!, seq: ROWS + 1 }], ROWS + 1), ROWS + 1, 'after the end');
  t.equal(await firstBroken([...original, { ...original[0]!, seq: ROWS + 5 }], ROWS + 5), ROWS + 1, 'further on');
  t.equal(await firstBroken([]), 1);
  t.equal(await firstBroken(original), null);
});

t.test('C21: a paper with the head shows what the file alone cannot: a tail cut off with its count, a chain written anew', async (t) => {
  const paper = { seq: ROWS - 2, hash: original[ROWS - 3]!.hash };
  t.match(await audit.verify(paper), { whole: true });
  t.equal(await firstBroken(original.slice(0, ROWS - 5), ROWS - 5), null);
  t.match(await audit.verify(paper), { whole: false, firstBroken: ROWS - 4 });
  let hash = '0'.repeat(64);
  const anew = original.map((row) => {
    const other = { ...row, staff_id: row.seq === 4 ? 'somebody else' : row.staff_id };
    hash = createHash('sha256').update(`${hash}\n${JSON.stringify([other.seq, other.at_ms, other.action, other.staff_id, other.device_id, other.customer_id, other.detail])}`).digest('hex');
    return { ...other, hash };
  });
  t.equal(await firstBroken(anew), null);
  t.match(await audit.verify(paper), { whole: false, firstBroken: ROWS - 2 });
  await firstBroken(original);
});

t.test('the beginning: moved, lost, pruned', async (t) => {
  db.run('UPDATE audit_start SET hash = ? WHERE only_one = 1', 'f'.repeat(64));
  t.match(await audit.verify(), { whole: false, firstBroken: 1 });
  await firstBroken(original);
  db.run('UPDATE audit_start SET seq = 3 WHERE only_one = 1');
  t.match(await audit.verify(), { whole: false, firstBroken: 1 }, 'rows before the beginning');
  await firstBroken(original);

  // A clock set back for one entry: what comes after it must not go with it.
  clock.move(10 * DAY_MS);
  audit.record('signed_in', THE_BOX);
  clock.move(-10 * DAY_MS);
  const old = audit.record('signed_out', THE_BOX);
  t.equal(audit.prune(clock.now()), 0, 'nothing that is not over the shortest term, whatever is asked for');
  clock.move(190 * DAY_MS);
  t.equal(audit.prune(clock.now()), ROWS - 1, 'up to the last before the first that stays; that one shows its age');
  t.match(audit.page({ limit: 1 }).entries, [{ action: 'audit_pruned', staff: null, detail: { startSeq: ROWS - 1, startHash: original[ROWS - 2]!.hash } }]);
  t.match(await audit.verify(), { whole: true, entries: 4, clockBehind: false });
  t.ok((await audit.verify(old)).whole);
  await t.rejects(audit.verify({ seq: 3, hash: original[2]!.hash }), RangeError);
  t.equal(audit.prune(0), 0);

  clock.move(-DAY_MS / 2);
  t.match(await audit.verify(), { whole: true }, 'a clock that was set back a little');
  clock.move(-300 * DAY_MS);
  t.match(await audit.verify(), { whole: false, firstBroken: null, clockBehind: true }, 'by a year: nothing is called broken, and nothing whole');
  clock.move(300.5 * DAY_MS);
  t.match(await audit.verify(), { whole: true });

  const next = audit.record('signed_in', THE_BOX);
  t.equal(next.seq, ROWS + 4);
  clock.move(400 * DAY_MS);
  t.equal(audit.prune(clock.now()), 4, 'all but the newest');
  t.match(await audit.verify(), { whole: true, entries: 2 });
  t.equal(audit.record('signed_in', THE_BOX).seq, ROWS + 6, 'and on it goes');
  t.match(await audit.verify(), { whole: true, entries: 3 });
});

t.test('C21: the beginning cut off: named, with a paper from later and with an entry that says it was pruned', async (t) => {
  const { db, close } = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock });
  t.teardown(close);
  const audit = new Audit({ db, clock });
  for (let i = 0; i < 9; i += 1) audit.record('consent_given', THE_BOX, { detail: { i } });
  clock.move(100 * DAY_MS);
  for (let i = 0; i < 9; i += 1) audit.record('signed_in', THE_BOX);
  const paper = audit.head();
  const hashAt = (seq: number) => db.get<{ hash: string }>('SELECT hash FROM audit_entry WHERE seq = ?', seq)!.hash;
  const cutAt = (seq: number) => {
    db.run('UPDATE audit_start SET seq = ?, hash = ? WHERE only_one = 1', seq, hashAt(seq));
    db.run('DELETE FROM audit_entry WHERE seq <= ?', seq);
  };
  cutAt(8);
  t.match(await audit.verify(), { whole: false, firstBroken: 1 });
  t.match(await audit.verify(paper), { whole: false, firstBroken: 1 }, 'which a paper from later does not show by itself');
  // Whoever can write the file can also add an entry that says so.
  const between = clock.now(); // entry 9 is from before, entry 10 is not
  const tell = (seq: number, startHash: string, beforeMs: unknown = between) => audit.record('audit_pruned', THE_BOX, { detail: { startSeq: seq, startHash, beforeMs: beforeMs as number } });
  const { hash } = db.get<{ hash: string }>('SELECT hash FROM audit_start')!;
  tell(8, hash);
  t.match(await audit.verify(), { whole: false, firstBroken: 9 }, 'the first that stands is 100 days old');
  clock.move(60 * DAY_MS);
  tell(8, hash);
  t.match(await audit.verify(), { whole: false }, '160 days old');
  clock.move(130 * DAY_MS);
  tell(8, hash);
  clock.move(-100 * DAY_MS);
  t.match(await audit.verify(), { whole: false, clockBehind: true }, 'dated ahead');
  clock.move(100 * DAY_MS);
  for (const beforeMs of [clock.now() + DAY_MS, between + 1, between - 100 * DAY_MS, 'x', null]) {
    tell(8, hash, beforeMs);
    t.match([(await audit.verify()).firstBroken, audit.prunedBeforeMs()], [9, 0], `a boundary that the entries do not bear out: ${beforeMs}`);
  }
  tell(8, hash);
  t.equal(audit.prunedBeforeMs(), between);
  t.match(await audit.verify(), { whole: true }, 'what a box may delete after 184 days, such a person may too: docs/threat-model.md');
  cutAt(10);
  t.match(await audit.verify(), { whole: false, firstBroken: 9 }, 'further than the newest says');
});

t.test('C21: a pruning that took nothing, told of a log with a gap after its first entry', async (t) => {
  const { db, close } = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock });
  t.teardown(close);
  const audit = new Audit({ db, clock });
  audit.record('signed_in', THE_BOX);
  clock.move(300 * DAY_MS);
  audit.record('signed_in', THE_BOX);
  t.ok((await audit.verify()).whole);
  audit.record('audit_pruned', THE_BOX, { detail: { startSeq: 0, startHash: '0'.repeat(64), beforeMs: clock.now() - 200 * DAY_MS } });
  t.match([(await audit.verify()).firstBroken, audit.prunedBeforeMs()], [1, 0]);
});

t.test('what was read is written down later while the file is held, up to a bound', async (t) => {
  const before = audit.head().seq;
  const other = Database.open({ file: join(dataDirectory, 'portico.db'), key: readKey(dataDirectory) });
  t.teardown(() => other.close());
  other.exec('BEGIN EXCLUSIVE');
  audit.recordReading('dossier_opened', THE_BOX, { customerId: 'c', detail: { why: 'visit' } });
  t.equal(audit.head().seq, before);
  other.exec('ROLLBACK');
  audit.stop();
  t.equal(audit.head().seq, before + 1);
  t.match(audit.page({ limit: 1, action: 'dossier_opened' }), { entries: [{ customer: { id: 'c', displayName: null }, detail: { why: 'visit' }, staff: null }] });
});

t.test('pages and the export', async (t) => {
  for (let i = 0; i < 7; i += 1) audit.record('pin_set', { staffId: 's', deviceId: 'd' }, { detail: { i } });
  const first = audit.page({ limit: 5, staffId: 's', action: 'pin_set' });
  t.strictSame([first.entries.length, first.more, first.entries[0]!.detail], [5, true, { i: 6 }]);
  const rest = audit.page({ limit: 5, staffId: 's', before: first.entries.at(-1)!.seq });
  t.strictSame([rest.entries.length, rest.more], [2, false]);
  t.equal(audit.page({ limit: 5, customerId: 'nobody' }).entries.length, 0);
  db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('s', '=HYPERLINK("x")', 'it', 'x', 0)`);
  let csv = '';
  for await (const piece of audit.csv()) csv += piece;
  const lines = csv.split('\r\n');
  t.equal(lines[0], '\uFEFF"seq","at","action","staff_id","staff","device_id","device","customer_id","detail","hash"');
  t.equal(lines.length - 2, db.get<{ n: number }>('SELECT count(*) AS n FROM audit_entry')!.n);
  t.match(lines.at(-2), /"pin_set","s","'=HYPERLINK\(""x""\)","d","","","\{""i"":6\}","[0-9a-f]{64}"$/, 'quoted, and no formula');
});
