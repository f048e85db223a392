/** What the same rows cost when they are read off the same file by hand, without a box: the floor of its answers. */
import { openForReading, type Database } from '../../appliance/storage/index.js';
import type { Desk } from './deskFill.js';
import { percentile, round } from './statistics.js';

/** All that belongs to one customer, as many rows as a page shows. */
const OF_CUSTOMER = ['customer_line', 'customer_date', 'companion', 'note', 'follow_up', 'visit', 'consent', 'field_value', 'wish', 'purchase', 'ticket', 'appointment'];
const ROWS_MAX = 200;
const HITS = 30;

/** 95th percentiles, milliseconds. */
export function measureFloor(dataDirectory: string, desk: Desk, runs: number): Record<string, number> {
  const { db } = openForReading({ dataDirectory, credentialsDirectory: null });
  const p95 = (read: (i: number) => void): number => {
    const samples: number[] = [];
    for (let i = 0; i < runs; i++) {
      const beganMs = performance.now();
      read(i);
      samples.push(performance.now() - beganMs);
    }
    return round(percentile(samples, 0.95), 2);
  };
  try {
    return {
      board: p95(() => board(db)),
      search: p95((i) => search(db, desk.names[i % desk.names.length]!)),
      dossier_few: p95((i) => dossier(db, desk.few[i % desk.few.length]!)),
      dossier_500_visits: p95((i) => dossier(db, desk.many[i % desk.many.length]!)),
    };
  } finally {
    db.close();
  }
}

function dossier(db: Database, id: string): void {
  db.get('SELECT * FROM customer WHERE id = ?', id);
  for (const table of OF_CUSTOMER) db.all(`SELECT * FROM ${table} WHERE customer_id = ? LIMIT ${ROWS_MAX}`, id);
}

/** A whole name, by its index, and when each was here last. */
function search(db: Database, name: string): void {
  db.all(
    `SELECT *, (SELECT max(opened_at_ms) FROM visit WHERE customer_id = customer.id) FROM customer WHERE display_name >= ? ORDER BY display_name LIMIT ${HITS}`, name);
}

function board(db: Database): void {
  for (const { id, customerId } of db.all<{ id: string; customerId: string }>('SELECT id, customer_id AS customerId FROM visit WHERE closed_at_ms IS NULL')) {
    db.get('SELECT * FROM customer WHERE id = ?', customerId);
    db.all('SELECT * FROM customer_line WHERE customer_id = ?', customerId);
    db.get('SELECT * FROM visit WHERE customer_id = ? AND id <> ? ORDER BY opened_at_ms DESC LIMIT 1', customerId, id);
    db.get('SELECT * FROM follow_up WHERE customer_id = ? AND done_at_ms IS NULL ORDER BY due_on LIMIT 1', customerId);
  }
}
