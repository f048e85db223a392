/** The tables of FTS5. */
import type { Kind } from './rows.js';

/** Dossiers and all others lie apart, as the triggers of 0011 know. */
export const TABLES = ['search_dossier', 'search_other'] as const;
export type Table = (typeof TABLES)[number];
export const tableOf = (kind: Kind): Table => TABLES[kind === 'dossier' ? 0 : 1];
/**
 * Whether a key between two pages (`_idx`: a zero, and the beginning of a word) begins one of these words and none that is still there.
 * secure-delete drops a key only with the last word of its page.
 */
const leftInAKey = (table: Table): string =>
  `SELECT 1 FROM (SELECT DISTINCT segid FROM ${table}_idx) AS segment CROSS JOIN json_each(?) AS word CROSS JOIN ${table}_idx AS key
   ON key.segid = segment.segid AND key.term > CAST('0' || substr(word.value, 1, 1) AS BLOB) AND key.term <= CAST('0' || word.value AS BLOB)
   WHERE substr(CAST('0' || word.value AS BLOB), 1, length(key.term)) = key.term
     AND NOT EXISTS (SELECT 1 FROM ${table}_word WHERE term >= CAST(substr(key.term, 2) AS TEXT) AND term <= CAST(substr(key.term, 2) || x'FF' AS TEXT)) LIMIT 1`;
export const LEFT_IN_A_KEY = { search_dossier: leftInAKey('search_dossier'), search_other: leftInAKey('search_other') };
