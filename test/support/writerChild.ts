/**
 * A process that writes as fast as it can and says each commit on its standard output, after it: `node writerChild.js FOLDER WORK`. First it says how it found
 * the folder. It is meant to be killed.
 */
import { writeSync } from 'node:fs';
import type { Purpose } from '../../appliance/contract/index.js';
import { Finding } from '../../appliance/finding/index.js';
import { createLogger, Embedding, systemClock } from '../../appliance/kit/index.js';
import { openRooms } from './rooms.js';
import { TestClock } from './scratch.js';

export type Work = 'write' | 'delete' | 'merge' | 'rewrite';
/** What is wrong with a folder that was opened; empty: nothing. And what is in it, by table. */
export interface Found { wrong: string[]; ids: Record<'customer' | 'visit' | 'note' | 'follow_up' | 'wish' | 'merged' | 'face', string[]> }

const [dataDirectory, work] = process.argv.slice(2) as [string, Work];
const say = (line: string) => writeSync(1, `${line}\n`);

const clock = new TestClock(Date.now());
const log = createLogger('error', process.stderr);
const rooms = openRooms({ teardown: () => undefined }, { dataDirectory, clock, log });
const { consent, customers, db, dealings, erasure, events, followUps, gallery, grant, keyFor, rewriting, visits } = rooms;
const finding = new Finding({ db, clock, events, log, keyFor });
customers.mergeWith([finding.rows]);
rooms.alsoErase.push((customerId) => finding.erase(customerId));
erasure.resume(); // of what was cut off, now that all rooms take part
const { done } = finding.start();
await done;
say(JSON.stringify(found()));

for (let n = 0; ; n += 1) {
  clock.move(1_000);
  switch (work) {
    case 'write': writeOne(n); break;
    case 'delete': deleteOne(n); break;
    case 'merge': mergeTwo(n); break;
    case 'rewrite': {
      writeOne(n);
      rewriting.want(clock.now());
      if (rewriting.at('night', systemClock, log)) say('rewritten');
    }
  }
}

/** One customer and what a visit brings, each in a commit of its own. */
function writeOne(n: number): string {
  const { id } = customers.create({ displayName: `顾客${n}`, phone: null });
  say(`customer ${id}`);
  say(`visit ${visits.arriveByHand(id, 's')}`);
  say(`note ${customers.addNote(id, `喜欢靠窗的座位${n}`, 's').id}`);
  say(`follow_up ${followUps.add(id, { text: `打电话${n}` }, 's').id}`);
  say(`wish ${dealings.wishes.add(id, { text: `想要的表${n}` }, 's').id}`);
  return id;
}

function deleteOne(n: number): void {
  const id = writeOne(n);
  grant(id, ['recognise', 'preferences', 'contact'] satisfies Purpose[]);
  const face = new Embedding(Float32Array.from({ length: 512 }, (_, at) => Math.sin(at * 7 + n * 13)));
  consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, [0, 1].map(() => ({ embedding: face, pose: 'front' as const, norm: 4 }))));
  say(`face ${id}`);
  if (n % 2 === 0) {
    consent.withdraw(id);
    say(`withdrawn ${id}`);
  } else {
    db.transaction(() => erasure.begin({ customerId: id, scope: 'dossier', reason: 'erased', purposes: [] }));
    if (erasure.resume() > 0) throw new Error('a deletion did not go through');
    say(`erased ${id}`);
  }
}

function mergeTwo(n: number): void {
  const [from, into] = [writeOne(n), writeOne(n)];
  customers.merge(from, into, 's', () => undefined);
  say(`merged ${from}`);
}

function found(): Found {
  const idsOf = (sql: string) => db.all<{ id: string }>(sql).map(({ id }) => id);
  const wrong: string[] = [];
  for (const schema of ['main', 'vault']) {
    const said = db.pragma(`${schema}.integrity_check`);
    if (said !== 'ok') wrong.push(`${schema}: ${String(said)}`);
  }
  const must = (what: string, sql: string) => { if (db.get(sql) !== undefined) wrong.push(what); };
  must('a reference leads nowhere', 'SELECT 1 FROM pragma_foreign_key_check');
  for (const table of ['search_dossier', 'search_other']) {
    try {
      db.run(`INSERT INTO ${table} (${table}) VALUES ('integrity-check')`);
    } catch (error) {
      wrong.push(`${table}: ${(error as Error).message}`);
    }
  }
  must('something is not found yet', 'SELECT 1 FROM search_stale UNION ALL SELECT 1 FROM search_stale_field');
  must('a customer is not in the search', `SELECT 1 FROM customer WHERE NOT EXISTS (SELECT 1 FROM search_entry WHERE kind = 'dossier' AND customer_id = customer.id)`);
  must('the search finds who is gone', 'SELECT 1 FROM search_entry WHERE customer_id NOT IN (SELECT id FROM customer)');
  must('rows stayed with a dossier that was merged', `SELECT 1 FROM customer JOIN note ON note.customer_id = customer.id WHERE merged_into_id IS NOT NULL
    UNION ALL SELECT 1 FROM customer JOIN visit ON visit.customer_id = customer.id WHERE merged_into_id IS NOT NULL`);
  if (erasure.pending().length > 0) wrong.push('a deletion did not go through');
  must('a face without a consent', `SELECT 1 FROM template WHERE NOT EXISTS (SELECT 1 FROM consent WHERE customer_id = template.customer_id AND ended_at_ms IS NULL)`);
  must('a key without a face', `SELECT 1 FROM vault.customer_key WHERE customer_id NOT IN (SELECT customer_id FROM template)`);
  must('a searched vector without a face', 'SELECT 1 FROM vault.template_vector WHERE template_id NOT IN (SELECT id FROM template)');
  must('a face without a searched vector', 'SELECT 1 FROM template WHERE id NOT IN (SELECT template_id FROM vault.template_vector)');
  must('a visit that ends before it began', 'SELECT 1 FROM visit WHERE closed_at_ms < opened_at_ms OR last_seen_at_ms < opened_at_ms');
  return {
    wrong, ids: {
      customer: idsOf('SELECT id FROM customer'), visit: idsOf('SELECT id FROM visit'), note: idsOf('SELECT id FROM note'), follow_up: idsOf('SELECT id FROM follow_up'),
      wish: idsOf('SELECT id FROM wish'), merged: idsOf('SELECT id FROM customer WHERE merged_into_id IS NOT NULL'), face: idsOf('SELECT DISTINCT customer_id AS id FROM template'),
    },
  };
}
