/** Whose dossiers are one person's, as the table of merges says. */
import type { Database } from '../storage/index.js';

/** The dossier and all that were merged into it, over any number of steps; the one asked for comes first. */
export function withMerged(db: Database, customerId: string): string[] {
  return db.all<{ id: string }>(
    `WITH RECURSIVE family (id, depth) AS (
       VALUES (?, 0) UNION SELECT customer.id, depth + 1 FROM customer JOIN family ON customer.merged_into_id = family.id)
     SELECT id FROM family ORDER BY depth`, customerId).map(({ id }) => id);
}

/**
 * The newest day of birth that a guardian gave for this person, in whichever consent, over or not: under this dossier, one merged
 * into it, or one that these were taken out of again. Null: no guardian ever signed.
 */
export function newestChildBirthDay(db: Database, customerId: string): string | null {
  return db.get<{ day: string }>(
    `WITH RECURSIVE person (id) AS (
       VALUES (?)
       UNION SELECT customer.id FROM customer JOIN person ON customer.merged_into_id = person.id
       UNION SELECT into_id FROM customer_merge JOIN person ON from_id = person.id WHERE undone_at_ms IS NOT NULL)
     SELECT child_birth_day AS day FROM consent WHERE customer_id IN (SELECT id FROM person) AND child_birth_day IS NOT NULL
     ORDER BY rowid DESC LIMIT 1`, customerId)?.day ?? null; // by row: the clock may have been wrong
}

/** What the id of a refusal's second row begins with: when it was first noticed that the refusal has an impossible time. */
export const NOTICED = 'noticed ';

/**
 * The refusals that count for this person: under this dossier, one merged into it, or under one that these were taken out of again, if
 * it was given while they were in there.
 */
export function refusalsOfPerson(db: Database, customerId: string): { id: string; customerId: string; atMs: number; noticedMs: number | null }[] {
  return db.all(
    `WITH RECURSIVE person (id, from_ms, to_ms) AS (
       SELECT ?, 0, ${Number.MAX_SAFE_INTEGER}
       UNION SELECT customer.id, from_ms, to_ms FROM customer JOIN person ON customer.merged_into_id = person.id
       UNION SELECT into_id, max(from_ms, at_ms), min(to_ms, undone_at_ms) FROM customer_merge JOIN person ON from_id = person.id
         WHERE undone_at_ms IS NOT NULL AND max(from_ms, at_ms) <= min(to_ms, undone_at_ms))
     SELECT DISTINCT refusal.id, customer_id AS customerId, refusal.refused_at_ms AS atMs,
       (SELECT refused_at_ms FROM refusal AS noticed WHERE noticed.id = '${NOTICED}' || refusal.id) AS noticedMs
     FROM refusal JOIN person ON customer_id = person.id
     WHERE refused_at_ms BETWEEN from_ms AND to_ms AND refusal.id NOT LIKE '${NOTICED}%'`, customerId);
}
