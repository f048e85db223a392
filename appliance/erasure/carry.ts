import { randomUUID } from 'node:crypto';
import { PURPOSES } from '../contract/index.js';
import type { Database } from '../storage/index.js';

/** What rests on a face. Facts and plans stay: nobody took anything back, and no key is lost that they need. */
export const FACE_PURPOSES = PURPOSES.filter((purpose) => purpose !== 'preferences' && purpose !== 'contact');

/** A deletion as both files have it, whichever version wrote them. */
export interface CarriedDeletion {
  id: string; customer_id: string; scope: string; reason: string; purposes: string; requested_at_ms: number; templates: number;
}

const COLUMNS = 'id, customer_id, scope, reason, purposes, requested_at_ms, templates';

/** Every deletion that these files know of, begun or done. The vault has to be attached. */
export function knownDeletions(db: Database): CarriedDeletion[] {
  return db.all<CarriedDeletion>(
    `SELECT ${COLUMNS} FROM main.deletion_pending UNION SELECT ${COLUMNS} FROM main.deletion_done UNION SELECT ${COLUMNS} FROM vault.deletion`);
}

/**
 * What of another box's deletions holds here too. An end that came with time does not: this box ends its own consents by their own dates, and a box that was
 * restored for practice ended all of them because it has no vault of theirs.
 */
export const holdsElsewhere = ({ reason }: { reason: string }): boolean => reason !== 'expired';

/**
 * For files that are put back where nobody knows what was deleted since: everybody's face, as after a restore without a list of deletions. Whoever
 * withdrew meanwhile must not be recognised again. The vault has to be attached.
 */
export function everyFace(db: Database, nowMs: number): CarriedDeletion[] {
  return db.all<{ customer_id: string }>(
    'SELECT customer_id FROM main.consent WHERE ended_at_ms IS NULL UNION SELECT customer_id FROM main.template UNION SELECT customer_id FROM vault.customer_key',
  ).map(({ customer_id }) => ({ id: randomUUID(), customer_id, scope: 'face', reason: 'expired', purposes: FACE_PURPOSES.join(' '), requested_at_ms: nowMs, templates: 0 }));
}

/**
 * Tells files that are put back from an earlier moment what was deleted since. Into the vault, not finished: then the next start takes portico.db for the
 * older file, ends consents again and deletes all of it, keys included.
 * @returns how many they did not know
 */
export function carryDeletions(db: Database, deletions: readonly CarriedDeletion[]): number {
  return db.transaction(() => {
    let carried = 0;
    for (const { id, customer_id, scope, reason, purposes, requested_at_ms, templates } of deletions) {
      carried += db.run(
        `INSERT INTO vault.deletion (id, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms, seq)
         SELECT ?, ?, ?, ?, ?, ?, ?, 0, NULL, max(coalesce((SELECT max(seq) FROM vault.deletion), 0), (SELECT last_deletion FROM main.vault_pair)) + 1
         WHERE NOT EXISTS (SELECT 1 FROM main.deletion_pending WHERE id = ?) AND NOT EXISTS (SELECT 1 FROM main.deletion_done WHERE id = ?)
         AND NOT EXISTS (SELECT 1 FROM vault.deletion WHERE id = ?)`,
        id, customer_id, scope, reason, purposes, requested_at_ms, templates, id, id, id).changes;
    }
    // Another value than portico.db has: the next start compares them all.
    db.run('UPDATE vault.vault_state SET deletions = randomblob(16) WHERE only_one = 1');
    return carried;
  });
}
