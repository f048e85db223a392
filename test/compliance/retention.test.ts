/** The nightly job on a real box: of each kind one row is just over its term and one is not. Time moves by the clock alone. */
import t from 'tap';
import type { RetentionKind } from '../../appliance/contract/index.js';
import { TERMS } from '../../appliance/compliance/index.js';
import type { Database } from '../../appliance/storage/index.js';
import { startBox, temporaryDirectory, TestClock } from '../support/box.js';
import { decryptedPages, dumpTables, query } from '../support/disk.js';
import { openRooms } from '../support/rooms.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-09-21T04:00:00Z');
const clock = new TestClock(NOW);
const dataDirectory = temporaryDirectory(t);
/** A day past its term, and a day before. */
const over = (kind: RetentionKind) => NOW - (TERMS[kind].days + 1) * DAY_MS;
const within = (kind: RetentionKind) => NOW - (TERMS[kind].days - 1) * DAY_MS;
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Writes a row of each kind: ids end in -old and -new, or in -held, of somebody whose data waits. */
const SEED: Record<Exclude<RetentionKind, 'deletion_records' | 'audit_log' | 'inactive_customers'>, (db: Database, id: string, atMs: number, customer: string) => void> = {
  visits: (db, id, at, customer) => { db.run(`INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival) VALUES (?, ?, ?, ?, ?, 'left', 'by_hand')`, id, customer, at - 9, at, at); },
  notes: (db, id, at, customer) => { db.run(`INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES (?, ?, ?, 's', ?)`, id, customer, `一条很长的备注，写着${id}`, at); },
  follow_ups_done: (db, id, at, customer) => { db.run(`INSERT INTO follow_up (id, customer_id, text, author_id, at_ms, done_at_ms) VALUES (?, ?, '回电', 's', ?, ?)`, id, customer, at - 99 * DAY_MS, at); },
  match_answers: (db, id, at, customer) => { db.run(`INSERT INTO sighting_answer (id, customer_id, answer, score, staff_id, at_ms) VALUES (?, ?, 'yes', 0.5, 's', ?)`, id, customer, at); },
  refusals: (db, id, at, customer) => { db.run('INSERT INTO refusal (id, customer_id, refused_at_ms) VALUES (?, ?, ?)', id, customer, at); },
  purchases: (db, id, at, customer) => { db.run(`INSERT INTO purchase (id, customer_id, kind, text, quantity, amount_minor, staff_id, at_ms) VALUES (?, ?, 'purchase', '表带', 1, 100, 's', ?)`, id, customer, at); },
  service_records: (db, id, at, customer) => { db.run(`INSERT INTO ticket (id, customer_id, subject, detail, state, staff_id, at_ms, changed_at_ms, done_at_ms) VALUES (?, ?, '换电池', '', 'done', 's', ?, ?, ?)`, id, customer, at - 9, at, at); },
  files: (db, id, at, customer) => { db.run(`INSERT INTO file (id, customer_id, name, mime, content, staff_id, at_ms) VALUES (?, ?, '发票', 'application/pdf', x'25', 's', ?)`, id, customer, at); },
  recognition_counts: (db, id, at) => { db.run(`INSERT INTO recognition_count (day, decision, tracks) VALUES (?, ?, 1)`, day(at), id.endsWith('old') ? 'known' : 'unknown'); },
  rights_requests: (db, id, at, customer) => { db.run(`INSERT INTO rights_request (id, customer_id, kind, received_on, note, recorded_at_ms, closed_at_ms, closed_by, outcome, reason) VALUES (?, ?, 'access', '2020-01-01', '', 0, ?, 's', 'done', '')`, id, customer, at); },
  assessments: (db, id, at) => { db.run(`INSERT INTO assessment (id, mode, reason, purpose, impact, risks, measures, conclusion, acceptable, snapshot, hash, keep_until, staff_id, at_ms) VALUES (?, 'opt_in', 'first', 'a', 'b', 'c', 'd', 'e', 1, '{}', 'x', ?, 's', ?)`, id, day(at + TERMS.assessments.minDays * DAY_MS), at); },
  breaches: (db, id, at) => { db.run(`INSERT INTO breach (id, drill, happened_from_ms, happened_to_ms, discovered_at_ms, kinds, cause, harm, measures, self_help, contact, affected, unreachable, staff_id, at_ms) VALUES (?, 1, 0, 1, 2, 'contact', 'a', 'b', 'c', 'd', 'e', 0, 0, 's', ?)`, id, at); },
  consent_records: (db, id, at, customer) => {
    const of = customer === 'c' ? `of-${id}` : customer;
    if (customer === 'c') db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', of, id, at);
    db.run(`INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, ended_at_ms, end_reason)
      VALUES (?, ?, (SELECT id FROM notice LIMIT 1), 'x', 'en', ?, '2021-01-01', 's', 'd', '{}', ?, 'expired')`, id, of, at - 300 * DAY_MS, at);
    db.run(`INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, 'recognise')`, id);
  },
};
/** Of a person each; those of one who is restricted or has asked for something wait, under whichever of their dossiers they are. */
const HELD: Partial<Record<keyof typeof SEED, string>> = {
  visits: 'restricted', notes: 'restricted-former', follow_ups_done: 'asking', match_answers: 'restricted', purchases: 'asking', service_records: 'restricted', files: 'asking', refusals: 'asking-now', consent_records: 'restricted-former',
  rights_requests: 'asking',
};
const TABLES: Record<keyof typeof SEED, string> = {
  visits: 'visit', notes: 'note', follow_ups_done: 'follow_up', match_answers: 'sighting_answer', purchases: 'purchase', service_records: 'ticket', files: 'file', refusals: 'refusal', recognition_counts: 'recognition_count',
  rights_requests: 'rights_request', assessments: 'assessment', breaches: 'breach', consent_records: 'consent',
};

// The log first: it is in the order of time.
clock.move(over('audit_log') - NOW);
const rooms = openRooms(t, { dataDirectory, clock });
rooms.audit.record('signed_in', { staffId: 's', deviceId: 'd' });
const loggedLongAgo = rooms.audit.head().seq;
clock.move(within('audit_log') - over('audit_log'));
rooms.audit.record('signed_out', { staffId: 's', deviceId: 'd' });
clock.move(NOW - within('audit_log'));
rooms.db.transaction(() => {
  const { db } = rooms;
  const customer = (id: string, createdAtMs: number) => db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', id, `顾客${id}`, createdAtMs);
  customer('c', NOW);
  for (const [kind, seed] of Object.entries(SEED) as [keyof typeof SEED, (typeof SEED)['visits']][]) {
    seed(db, `${kind}-old`, over(kind), 'c');
    seed(db, `${kind}-new`, within(kind), 'c');
  }
  customer('inactive-old', over('inactive_customers'));
  customer('inactive-new', within('inactive_customers'));
  for (const id of [
    'seen-lately', 'noted-lately', 'promised-lately', 'restricted', 'restricted-former', 'asking', 'asking-now', 'consented-lately', 'merged-lately', 'between',
  ]) customer(id, over('inactive_customers'));
  // Their last visit is over its own term, not over the dossier's.
  SEED.visits(db, 'visit-between', over('visits') - 9 * DAY_MS, 'between');
  db.run(`INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, arrival) VALUES ('v', 'seen-lately', 1, ?, 'by_hand')`, NOW);
  db.run(`INSERT INTO note (id, customer_id, text, author_id, at_ms) VALUES ('n', 'noted-lately', 'x', 's', ?)`, NOW);
  db.run(`INSERT INTO follow_up (id, customer_id, text, author_id, at_ms) VALUES ('f', 'promised-lately', 'x', 's', ?)`, NOW);
  db.run(`INSERT INTO restriction (customer_id, reason, staff_id, at_ms) VALUES ('restricted', 'x', 's', 1)`);
  db.run(`INSERT INTO rights_request (id, customer_id, kind, received_on, note, recorded_at_ms) VALUES ('r', 'asking', 'access', '2020-01-01', '', 0)`);
  for (const [former, kept] of [['restricted-former', 'restricted'], ['asking', 'asking-now']]) db.run('UPDATE customer SET merged_into_id = ? WHERE id = ?', kept!, former!);
  for (const [kind, of] of Object.entries(HELD) as [keyof typeof SEED, string][]) SEED[kind](db, `${kind}-held`, over(kind), of);
  db.run(`UPDATE customer SET last_contact_ms = 1 WHERE id LIKE 'restricted%' OR id LIKE 'asking%'`);
  rooms.grant('consented-lately', ['recognise']);
  customer('consent-holds', over('inactive_customers'));
  rooms.grant('consent-holds', ['recognise']);
  db.run(`UPDATE consent SET given_at_ms = ? WHERE customer_id = 'consent-holds'`, over('inactive_customers'));
  db.run(`UPDATE customer SET last_contact_ms = ? WHERE id = 'consent-holds'`, over('inactive_customers'));
  db.run(`INSERT INTO customer (id, display_name, created_at_ms, merged_into_id) VALUES ('former', '旧档案', 1, 'merged-lately')`);
  db.run(`INSERT INTO customer_merge (id, from_id, into_id, staff_id, at_ms) VALUES ('m', 'former', 'merged-lately', 's', ?)`, NOW);
});
rooms.close();
const pagesBefore = decryptedPages(dataDirectory);
// The box was off for the night: the job is made up for at the start.
const box = await startBox(t, { dataDirectory, clock });
const tables = dumpTables(dataDirectory) as Record<string, { id: string; seq: number; decision: string; action: string; detail: string }[]>;
const idsOf = (table: string) => tables[table]!.map(({ id }) => id);

for (const [kind, table] of Object.entries(TABLES)) {
  t.test(`C12: ${kind}: over its term it goes, before it stays`, async (t) => {
    if (kind === 'recognition_counts') {
      t.strictSame(tables[table]!.map(({ decision }) => decision), ['unknown']);
      return;
    }
    t.notOk(idsOf(table).includes(`${kind}-old`));
    t.ok(idsOf(table).includes(`${kind}-new`));
    t.equal(idsOf(table).includes(`${kind}-held`), kind in HELD, 'of a restricted customer, or one with an open request, nothing goes');
  });
}

t.test('C12: audit_log: the oldest entries go and the chain stays whole', async (t) => {
  const actions = tables['audit_entry']!.map(({ action }) => action);
  t.strictSame(actions.slice(0, 2), ['signed_in', 'signed_out'], 'the newest of those over their term stays as the beginning');
  t.match(tables['audit_start'], [{ seq: loggedLongAgo - 1 }]);
  t.ok(actions.includes('audit_pruned'));
});

t.test('C12: inactive_customers: the whole dossier goes; who was seen, has a restriction, a request, or a record of consent, stays', async (t) => {
  const left = idsOf('customer');
  t.notOk(left.includes('inactive-old'));
  t.notOk(idsOf('visit').includes('visit-between'), 'what told of their last visit is gone already');
  for (const id of ['inactive-new', 'seen-lately', 'noted-lately', 'promised-lately', 'restricted', 'restricted-former', 'asking', 'asking-now', 'between', 'consented-lately', 'consent-holds', 'merged-lately', 'former', 'of-consent_records-new']) {
    t.ok(left.includes(id), id);
  }
  t.notOk(left.includes('of-consent_records-old'), 'once the record of consent is gone, so is the dossier');
  const erased = tables['audit_entry']!.filter(({ action }) => action === 'dossier_erased');
  t.strictSame(erased.map(({ detail }) => (JSON.parse(detail) as { reason: string }).reason), ['retention', 'retention']);
});

t.test('what went is in no page of the file, nor in its log', async (t) => {
  const pages = decryptedPages(dataDirectory);
  const isIn = (where: readonly Buffer[], text: string) => where.some((page) => page.includes(text));
  for (const text of ['写着notes-old', '顾客inactive-old']) t.strictSame([isIn(pagesBefore, text), isIn(pages, text)], [true, false], text);
  t.ok(isIn(pages, '写着notes-new'), 'what stays is there');
});

t.test('each run is written down, by kind and number', async (t) => {
  const ran = tables['audit_entry']!.filter(({ action }) => action === 'retention_ran').map(({ detail }) => JSON.parse(detail) as { kind: string; deleted: number });
  t.strictSame(Object.fromEntries(ran.map(({ kind, deleted }) => [kind, deleted])), {
    visits: 2, notes: 1, follow_ups_done: 1, match_answers: 1, refusals: 1, recognition_counts: 1, consent_records: 1, rights_requests: 1, assessments: 1, breaches: 1,
    purchases: 1, service_records: 1, files: 1,
    audit_log: loggedLongAgo - 1, inactive_customers: 2,
  });
  t.ok(query<{ at_ms: number }>(dataDirectory, 'SELECT at_ms FROM retention_run').every(({ at_ms }) => at_ms === NOW));
  t.notOk(box.logged().includes('could not be deleted'));
});

// Last: another start.
t.test('two days later the others are over their term too; a start on the same day runs nothing', async (t) => {
  await box.stop();
  clock.move(DAY_MS / 2);
  await (await startBox(t, { dataDirectory, clock })).stop();
  t.ok(query<{ at_ms: number }>(dataDirectory, 'SELECT at_ms FROM retention_run').every(({ at_ms }) => at_ms === NOW));
  clock.move(1.5 * DAY_MS);
  await (await startBox(t, { dataDirectory, clock })).stop();
  const later = dumpTables(dataDirectory) as Record<string, { id: string }[]>;
  for (const [kind, table] of Object.entries(TABLES)) t.notOk(later[table]!.some(({ id }) => id === `${kind}-new`), kind);
  t.strictSame(later['recognition_count'], []);
  t.notOk(later['customer']!.some(({ id }) => id === 'inactive-new'));
  t.ok(later['customer']!.some(({ id }) => id === 'between'), 'nor does who was here between the two terms go on a later night');
});

t.test('a clock that jumped deletes nothing for a day', async (t) => {
  const start = async () => {
    await (await startBox(t, { dataDirectory, clock })).stop();
    return query<{ held: number; left: number }>(dataDirectory, `SELECT max(held) AS held, (SELECT count(*) FROM customer WHERE id = 'seen-lately') AS left FROM retention_run`)[0]!;
  };
  const FIVE_YEARS_MS = 5 * 365 * DAY_MS;
  clock.move(FIVE_YEARS_MS);
  t.strictSame(await start(), { held: 1, left: 1 }, 'years ahead');
  clock.move(DAY_MS - FIVE_YEARS_MS);
  t.strictSame(await start(), { held: 1, left: 1 }, 'put right: that is a jump too');
  clock.move(DAY_MS);
  t.strictSame(await start(), { held: 0, left: 1 }, 'nothing was lost');
  clock.move(FIVE_YEARS_MS);
  await start();
  clock.move(DAY_MS);
  t.strictSame(await start(), { held: 0, left: 0 }, 'a box that stood still for years goes on a day later');
});
