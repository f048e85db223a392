import { randomUUID } from 'node:crypto';
import { THE_BOX, type Audit, type RecordCheck } from '../audit/index.js';
import type { Deletion, Purpose } from '../contract/index.js';
import { PorticoError, toInstant, type Clock, type Logger } from '../kit/index.js';
import { deletionsMatch, markApart, markDeletionsAlike, type Database } from '../storage/index.js';
import { checkDeletions, toDetail, type VaultRow } from './verify.js';

export { carryDeletions, everyFace, FACE_PURPOSES, holdsElsewhere, knownDeletions, type CarriedDeletion } from './carry.js';

/** A full disk or a reader that holds the log: both pass. */
const AGAIN_MS = 5_000;

/** What is to be deleted. */
export interface DeletionOrder {
  customerId: string;
  /** `purposes`: what rested on these alone; `face`: all that was made of the face; `dossier`: that and everything else. */
  scope: Deletion['scope'];
  reason: Deletion['reason'];
  /** The purposes that ended. */
  purposes: readonly Purpose[];
}
/** Deletes rows of portico.db, synchronously and inside a transaction; it may be called again for what is gone already. */
export type Deletes = (order: DeletionOrder) => void;
/** Whose keys make older copies useless. */
export interface KeyHolder {
  countOf(customerId: string): number;
  /** In the vault alone; safe to repeat. @returns how many keys went */
  destroyKeys(customerId: string, purposes: readonly Purpose[]): number;
}
type PendingRow = Omit<VaultRow, 'seq' | 'keys' | 'completed_at_ms'>;

/** Everything that rests on a face rests on these. */
const ALL_SEALED: readonly Purpose[] = ['recognise', 'refresh', 'keep_photo'];
/** A wider scope deletes what a narrower one does. */
const INCLUDES: Record<Deletion['scope'], readonly Deletion['scope'][]> = { purposes: ['purposes'], face: ['face'], dossier: ['face', 'dossier'] };

/** Deletion records, and seeing them through. */
export class Erasure {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #log: Logger | undefined;
  readonly #dropTraces: () => boolean;
  readonly #next: Record<Deletion['scope'], Deletes[]> = { purposes: [], face: [], dossier: [] };
  readonly #atOnce: Record<Deletion['scope'], Deletes[]> = { purposes: [], face: [], dossier: [] };
  #keyHolder: KeyHolder | null = null;
  #endConsent: Deletes | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param deps.dropTraces empties the logs and drops copies; false: not yet */
  constructor(deps: { db: Database; clock: Clock; audit: Audit; log?: Logger; dropTraces: () => boolean }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#audit = deps.audit;
    this.#log = deps.log;
    this.#dropTraces = deps.dropTraces;
  }

  // ---- Wiring, before anything is deleted ------------------------------------------------------------------------

  /**
   * Registers what a scope deletes. `dossier` runs what is registered for `face` too.
   * @param when `at once`: already in the transaction that begins the deletion, as for what would move on with a merge
   */
  deletes(scope: Deletion['scope'], fn: Deletes, when: 'at once' | 'next' = 'next'): void {
    (when === 'next' ? this.#next : this.#atOnce)[scope].push(fn);
  }

  destroysWith(keyHolder: KeyHolder): void {
    this.#keyHolder = keyHolder;
  }

  /** How a consent that a restored portico.db brings back is ended again. */
  endsConsentWith(fn: Deletes): void {
    this.#endConsent = fn;
  }

  /** Goes on trying what could not be finished. */
  start(): void {
    this.#timer = setInterval(() => this.resume(), AGAIN_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  // ---- Deleting --------------------------------------------------------------------------------------------------

  /**
   * Inside the caller's transaction, with whatever gives the reason; the rest follows right after its commit. From the commit on
   * it goes through, over a restart too.
   * @returns the deletion's id
   */
  begin(order: DeletionOrder): string {
    const id = randomUUID();
    this.#db.transaction(() => {
      const templates = order.scope === 'purposes' ? 0 : this.#keys().countOf(order.customerId);
      this.#db.run(
        'INSERT INTO deletion_pending (id, customer_id, scope, reason, purposes, requested_at_ms, templates) VALUES (?, ?, ?, ?, ?, ?, ?)',
        id, order.customerId, order.scope, order.reason, order.purposes.join(' '), this.#clock.now(), templates);
      this.#run(this.#atOnce, order);
      this.#db.afterCommit(() => this.#tryToFinish(id));
    });
    return id;
  }

  /** Goes on with everything that is not done. At start, and by the timer. @returns how many are still not */
  resume(): number {
    try {
      for (const { id } of this.#open()) this.#tryToFinish(id);
      return this.#open().length;
    } catch (err) {
      this.#log?.error({ err }, 'deletions could not be looked up'); // tried again in some seconds
      return 1;
    }
  }

  /**
   * At start, before `resume` and before the vectors are looked at: whether both files know the same deletions. Deletes again from an
   * older portico.db what the vault knows of; tells an older vault what portico.db knows of, and has its keys and vectors
   * gone through. Records that went over their term in portico.db go from the vault too.
   * @returns how many deletions were unknown to which
   */
  replay(): { database: number; vault: number } {
    if (deletionsMatch(this.#db)) return { database: 0, vault: 0 };
    const unknown = this.#db.withReserve(() => {
      const vault = this.#tellVault();
      const missed = this.#db.all<VaultRow>(
        `SELECT deletion.* FROM vault.deletion JOIN main.vault_pair WHERE id NOT IN (SELECT id FROM main.deletion_pending) AND id NOT IN (SELECT id FROM main.deletion_done)
         AND (seq > last_deletion OR completed_at_ms IS NULL OR completed_at_ms >= deletions_kept_from_ms) ORDER BY seq`);
      for (const row of missed) this.#replayOne(row);
      this.#db.transaction(() => {
        this.#db.run(`DELETE FROM vault.deletion WHERE completed_at_ms IS NOT NULL
          AND id NOT IN (SELECT id FROM main.deletion_pending) AND id NOT IN (SELECT id FROM main.deletion_done)`);
        markDeletionsAlike(this.#db);
      });
      return { database: missed.length, vault };
    });
    if (unknown.database + unknown.vault > 0) this.#dropTraces();
    return unknown;
  }

  /** @returns how many deletions this vault had not seen: each destroyed keys that it has again */
  #tellVault(): number {
    return this.#db.transaction(() => {
      const unknown = this.#db.all<VaultRow>('SELECT * FROM main.deletion_done WHERE id NOT IN (SELECT id FROM vault.deletion) ORDER BY seq');
      for (const row of unknown) {
        const taken = this.#db.get('SELECT 1 FROM vault.deletion WHERE seq = ?', row.seq) !== undefined;
        const told = { ...row, seq: taken ? this.#nextSeq() : row.seq };
        this.#insertIntoVault(told);
        this.#audit.record('deletion_replayed', THE_BOX, { customerId: row.customer_id, detail: { ...toDetail(told), file: 'vault' } });
      }
      if (unknown.length > 0) markApart(this.#db);
      return unknown.length;
    });
  }

  #replayOne(row: VaultRow): void {
    const order = toOrder(row);
    const again = (work: () => void) => this.#db.transaction(() => {
      this.#endConsent?.(order);
      work();
      this.#audit.record('deletion_replayed', THE_BOX, { customerId: row.customer_id, detail: toDetail(row) });
    });
    try {
      again(() => {
        this.#run(this.#atOnce, order);
        // Where the first time was not finished either, all steps come again.
        if (row.completed_at_ms === null) {
          this.#writePending(row);
        } else {
          this.#run(this.#next, order);
          this.#writeDone(row, row.completed_at_ms);
        }
      });
    } catch (err) {
      // One that cannot be done keeps neither the others nor the box from starting; it goes on being tried.
      this.#log?.error({ err, deletionId: row.id }, 'a deletion could not be done again');
      again(() => this.#writePending(row));
    }
  }

  // ---- Asking ----------------------------------------------------------------------------------------------------

  /** @throws PorticoError deletion_not_found */
  byId(id: string): Deletion {
    const row = this.#vaultRow(id) ?? this.#pendingRow(id);
    if (row === undefined) throw new PorticoError('deletion_not_found');
    return toDeletion(row);
  }

  /** Those under way, oldest first. */
  pending(): Deletion[] {
    return this.#open().map(({ id }) => this.byId(id));
  }

  /** Records that are completed. */
  count(): number {
    return this.#db.get<{ n: number }>('SELECT count(*) AS n FROM vault.deletion WHERE completed_at_ms IS NOT NULL')!.n;
  }

  /** Every record, oldest first: for the audit pack. */
  all(): Deletion[] {
    return this.#db.all<VaultRow>('SELECT * FROM vault.deletion ORDER BY seq').map(toDeletion);
  }

  /** Holds each record against what the audit log tells of it. */
  verify(): Promise<RecordCheck> {
    return checkDeletions(this.#db, this.#audit);
  }

  /** Every record, and what is under way and has none yet: for the list beside the backups. */
  everyone(): Deletion[] {
    const all = this.all();
    const known = new Set(all.map(({ id }) => id));
    return [...all, ...this.pending().filter(({ id }) => !known.has(id))];
  }

  /** All of a customer's, newest first. */
  ofCustomer(customerId: string): Deletion[] {
    return this.#db.all<{ id: string }>(
      `SELECT id, requested_at_ms FROM vault.deletion WHERE customer_id = ? UNION SELECT id, requested_at_ms FROM main.deletion_pending WHERE customer_id = ?
       ORDER BY requested_at_ms DESC`, customerId, customerId).map(({ id }) => this.byId(id));
  }

  /**
   * Deletions that this box does not know any more, out of an audit pack: they are done again at the next start.
   * @returns how many were not known
   */
  adopt(deletions: readonly Deletion[]): number {
    return this.#db.transaction(() => {
      const unknown = deletions.filter(({ id }) => this.#vaultRow(id) === undefined && this.#pendingRow(id) === undefined && this.#completedAt(id) === null);
      for (const { id, customerId, scope, reason, purposes, requestedAt, templatesDeleted } of unknown) {
        this.#writePending({
          id, customer_id: customerId, scope, reason, purposes: purposes.join(' '), requested_at_ms: Date.parse(requestedAt), templates: templatesDeleted,
        });
      }
      return unknown.length;
    });
  }

  /** Whether something of this customer's is still to be deleted: what is made now would be deleted along with it. */
  isDeleting(customerId: string): boolean {
    return this.#db.get('SELECT 1 FROM main.deletion_pending WHERE customer_id = ? AND rows_gone = 0', customerId) !== undefined;
  }

  /**
   * Deletes records completed before then, the oldest first, up to the first that stays; nor any whose completion the log tells after
   * something later than that: its time is of a clock that stood wrong. An older portico.db put back after that brings a consent
   * back, but nothing sealed.
   * @param held whose records wait
   * @returns how many
   */
  prune(beforeMs: number, held: readonly string[]): number {
    return this.#db.transaction(() => {
      const ids = JSON.stringify(this.#db.all<{ id: string }>(
        `SELECT id FROM vault.deletion
         WHERE seq < (SELECT coalesce(min(seq), 9e18) FROM vault.deletion WHERE coalesce(completed_at_ms, ?) >= ?)
         AND customer_id NOT IN (SELECT value FROM json_each(?))
         AND NOT EXISTS (
           SELECT 1 FROM audit_entry WHERE audit_entry.customer_id = deletion.customer_id AND action = 'deletion_completed'
           AND audit_entry.seq > (SELECT coalesce(min(later.seq), 9e18) FROM audit_entry AS later WHERE later.at_ms >= ?)
           AND instr(detail, deletion.id) > 0)`, beforeMs, beforeMs, JSON.stringify(held), beforeMs).map(({ id }) => id));
      // Both files, or the next start would take the one for an older one.
      this.#db.run('UPDATE main.vault_pair SET deletions_kept_from_ms = max(deletions_kept_from_ms, ?) WHERE only_one = 1', beforeMs);
      // A copy that stands alone is left from a prune that reached the vault only.
      this.#db.run(`DELETE FROM main.deletion_done WHERE id IN (SELECT value FROM json_each(?))
        OR (completed_at_ms < ? AND id NOT IN (SELECT id FROM vault.deletion))`, ids, beforeMs);
      return this.#db.run('DELETE FROM vault.deletion WHERE id IN (SELECT value FROM json_each(?))', ids).changes;
    });
  }

  // ---- The steps -------------------------------------------------------------------------------------------------

  #tryToFinish(id: string): void {
    try {
      this.#db.withReserve(() => this.#finish(id));
    } catch (err) {
      this.#log?.error({ err, deletionId: id }, 'a deletion could not be finished'); // tried again in some seconds
    }
  }

  #finish(id: string): void {
    const row = this.#pendingRow(id);
    const known = this.#vaultRow(id) !== undefined;
    if (row !== undefined && (row.rows_gone === 0 || !known)) {
      const order = toOrder(row);
      this.#db.transaction(() => {
        const keys = this.#keys().destroyKeys(order.customerId, order.scope === 'purposes' ? order.purposes : ALL_SEALED);
        if (!known) this.#insertIntoVault({ ...row, seq: this.#nextSeq(), keys, completed_at_ms: null });
        if (row.rows_gone === 1) markApart(this.#db); // an older vault: nobody knows any more which vectors are theirs
      });
      this.#db.transaction(() => {
        // Again: of a dossier a consent may have been signed meanwhile, and one out of an audit pack was not begun here.
        if (row.rows_gone === 0 || order.scope === 'dossier') this.#run(this.#atOnce, order);
        this.#run(this.#next, order);
        this.#db.run('UPDATE deletion_pending SET rows_gone = 1 WHERE id = ?', id);
        if (order.scope !== 'purposes') {
          this.#audit.record('face_deleted', THE_BOX, { customerId: order.customerId, detail: { deletionId: id, templates: row.templates } });
        }
      });
    }
    if (!this.#dropTraces()) return; // somebody still reads: again in some seconds
    this.#db.transaction(() => {
      const record = this.#vaultRow(id);
      if (record === undefined) return; // pruned
      const before = this.#completedAt(id); // the last step reached this file alone
      const completedAtMs = record.completed_at_ms ?? before ?? this.#clock.now();
      const alike = deletionsMatch(this.#db);
      this.#db.run('UPDATE vault.deletion SET completed_at_ms = ? WHERE id = ?', completedAtMs, id);
      this.#db.run('DELETE FROM deletion_pending WHERE id = ?', id);
      if (before !== null) return;
      this.#writeDone(record, completedAtMs);
      if (alike) markDeletionsAlike(this.#db);
      this.#audit.record('deletion_completed', THE_BOX, { customerId: record.customer_id, detail: toDetail({ ...record, completed_at_ms: completedAtMs }) });
    });
  }

  /** This file has seen it: from now on an older one shows by being behind. */
  #seen(seq: number): void {
    this.#db.run('UPDATE main.vault_pair SET last_deletion = max(last_deletion, ?) WHERE only_one = 1', seq);
  }

  /** Above both, also where one of the files is an older one. */
  #nextSeq(): number {
    return this.#db.get<{ seq: number }>(
      'SELECT max(coalesce((SELECT max(seq) FROM vault.deletion), 0), last_deletion) + 1 AS seq FROM main.vault_pair')!.seq;
  }

  #insertIntoVault(row: VaultRow): void {
    this.#db.run(
      `INSERT INTO vault.deletion (id, seq, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.id, row.seq, row.customer_id, row.scope, row.reason, row.purposes, row.requested_at_ms, row.templates, row.keys, row.completed_at_ms);
  }

  /** So that this file knows it too: a vault that does not is an older one. */
  #writeDone(row: VaultRow, completedAtMs: number): void {
    this.#db.run(
      `INSERT INTO deletion_done (id, seq, customer_id, scope, reason, purposes, requested_at_ms, templates, keys, completed_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.id, row.seq, row.customer_id, row.scope, row.reason, row.purposes, row.requested_at_ms, row.templates, row.keys, completedAtMs);
    this.#seen(row.seq);
  }

  #writePending(row: PendingRow): void {
    this.#db.run(
      'INSERT INTO deletion_pending (id, customer_id, scope, reason, purposes, requested_at_ms, templates) VALUES (?, ?, ?, ?, ?, ?, ?)',
      row.id, row.customer_id, row.scope, row.reason, row.purposes, row.requested_at_ms, row.templates);
  }

  #run(hooks: Record<Deletion['scope'], Deletes[]>, order: DeletionOrder): void {
    for (const scope of INCLUDES[order.scope]) for (const fn of hooks[scope]) fn(order);
  }

  /** In portico.db, or only in the vault where the last step reached one file alone. */
  #open(): { id: string }[] {
    return this.#db.all<{ id: string }>(
      `SELECT id, requested_at_ms FROM main.deletion_pending UNION SELECT id, requested_at_ms FROM vault.deletion WHERE completed_at_ms IS NULL
       ORDER BY requested_at_ms, id`);
  }

  #pendingRow(id: string): (PendingRow & { rows_gone: number }) | undefined {
    return this.#db.get('SELECT * FROM main.deletion_pending WHERE id = ?', id);
  }

  #completedAt(id: string): number | null {
    return this.#db.get<{ completed_at_ms: number }>('SELECT completed_at_ms FROM main.deletion_done WHERE id = ?', id)?.completed_at_ms ?? null;
  }

  #vaultRow(id: string): VaultRow | undefined {
    return this.#db.get('SELECT * FROM vault.deletion WHERE id = ?', id);
  }

  #keys(): KeyHolder {
    if (this.#keyHolder === null) throw new Error('destroysWith was not called');
    return this.#keyHolder;
  }
}

function toOrder(row: PendingRow): DeletionOrder {
  return {
    customerId: row.customer_id, scope: row.scope, reason: row.reason, purposes: row.purposes === '' ? [] : (row.purposes.split(' ') as Purpose[]),
  };
}

function toDeletion(row: PendingRow | VaultRow): Deletion {
  const inVault = 'seq' in row;
  const completedAtMs = inVault ? row.completed_at_ms : null;
  return {
    id: row.id, customerId: row.customer_id, scope: row.scope, reason: row.reason, purposes: toOrder(row).purposes as Purpose[], requestedAt: toInstant(row.requested_at_ms),
    completedAt: completedAtMs === null ? null : toInstant(completedAtMs), templatesDeleted: row.templates, keyDestroyed: inVault && row.keys > 0,
  };
}
