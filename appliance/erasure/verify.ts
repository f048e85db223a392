import { checkEach, NightlyRuns, type Audit, type AuditDetail, type RecordCheck, type Told } from '../audit/index.js';
import type { Deletion } from '../contract/index.js';
import { deletionsMatch, type Database } from '../storage/index.js';

/** A record of a deletion, as the vault has it. */
export interface VaultRow {
  id: string; seq: number; customer_id: string; scope: Deletion['scope']; reason: Deletion['reason'];
  /** Which purposes ended, separated by spaces. */
  purposes: string;
  requested_at_ms: number; templates: number; keys: number; completed_at_ms: number | null;
}

/** All of a record, for the entries that tell of it; the customer's id is in the entry itself. */
export function toDetail(row: VaultRow): AuditDetail {
  return {
    deletionId: row.id, number: row.seq, scope: row.scope, reason: row.reason, purposes: row.purposes, templates: row.templates, keysDestroyed: row.keys,
    requestedAtMs: row.requested_at_ms, completedAtMs: row.completed_at_ms,
  };
}

/**
 * Holds each record against the newest entry that tells of it, and the copy in portico.db against the record. One that is under way,
 * or that the next start does again, is not yet told. One that is told and in neither file has to be explained by the log: it was over its term.
 */
export async function checkDeletions(db: Database, audit: Audit): Promise<RecordCheck> {
  const ids = db.all<{ id: string }>('SELECT id FROM vault.deletion UNION SELECT id FROM main.deletion_done');
  const there = await checkEach(ids, ({ id }) => id, ({ id }) => {
    const row = db.get<VaultRow>('SELECT * FROM vault.deletion WHERE id = ?', id);
    const copy = db.get<VaultRow>('SELECT * FROM main.deletion_done WHERE id = ?', id);
    if (row === undefined) return copy === undefined || !deletionsMatch(db); // over its term since; or the next start puts it back
    if (copy !== undefined && (copy.completed_at_ms !== row.completed_at_ms || copy.templates !== row.templates || copy.keys !== row.keys)) return false;
    const entry = audit.about(row.customer_id, 'deletion_completed', 'deletion_replayed').findLast(({ detail }) => detail['deletionId'] === id);
    if (entry === undefined) return row.completed_at_ms === null ? isUnderWay(db, row) : row.completed_at_ms < audit.prunedBeforeMs() || isUnderWay(db, row);
    const detail = toDetail(row);
    return Object.keys(detail).every((key) => !(key in entry.detail) || entry.detail[key] === detail[key] || (key === 'completedAtMs' && row.completed_at_ms === null));
  });
  const runs = new NightlyRuns(audit, 'deletion_records');
  const idOf = ({ detail }: Told) => String(detail['deletionId']);
  const missing = new Set<string>();
  for (const action of ['deletion_completed', 'deletion_replayed'] as const) {
    const { broken } = await checkEach(audit.toldInPieces(action), idOf, (told) => isKnown(db, idOf(told)) || mayBeGone(audit, told, runs));
    for (const id of broken) missing.add(id);
  }
  return { checked: there.checked, broken: [...there.broken, ...missing] };
}

/** Whether one of the files has it: then it was looked at, or will be finished. */
function isKnown(db: Database, id: string): boolean {
  return db.get(`SELECT 1 FROM vault.deletion WHERE id = ? UNION ALL SELECT 1 FROM main.deletion_done WHERE id = ?
    UNION ALL SELECT 1 FROM main.deletion_pending WHERE id = ?`, id, id, id) !== undefined;
}

/** Whether the nightly deletion may have taken it, by the newest entry that tells when it was completed. */
function mayBeGone(audit: Audit, told: Told, runs: NightlyRuns): boolean {
  if (told.customerId === null) return false;
  const about = audit.about(told.customerId, 'deletion_completed', 'deletion_replayed').filter(({ detail }) => detail['deletionId'] === told.detail['deletionId']);
  const completed = about.findLast(({ detail }) => typeof detail['completedAtMs'] === 'number') ?? about.findLast(({ action }) => action === 'deletion_completed');
  // In its first form the entry of one that was done again does not tell when it was completed: by then, but how long before nobody knows.
  if (completed === undefined) return !('completedAtMs' in told.detail) && runs.mayHaveTaken(told.seq, 0);
  return runs.mayHaveTaken(completed.seq, Number(completed.detail['completedAtMs'] ?? completed.atMs));
}

/** By portico.db: it is to be finished, or was done before an older portico.db was put back and will be done again. */
function isUnderWay(db: Database, { id, seq }: VaultRow): boolean {
  return db.get('SELECT 1 FROM main.deletion_pending WHERE id = ? UNION SELECT 1 FROM main.vault_pair WHERE last_deletion < ?', id, seq) !== undefined;
}
