import type { Audit } from '../audit/index.js';
import type { Role, StaffMember } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { BoundedMap, isPorticoError, isWithin, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Scope } from './permissions.js';
import { hashSecret, makeToken } from './secrets.js';

/** A long shop day; then everybody signs in again. */
export const SESSION_TTL_MS = 16 * 3_600_000;
/** The time of the last use is kept in memory and written this often; after a restart a lock comes earlier by at most this. */
const USE_WRITTEN_EVERY_MS = 30_000;
const SESSIONS_KEPT_MAX = 1_000;
/** For this long after a PIN or passkey a session may also do what gives lasting access. */
export const PROOF_TTL_MS = 5 * 60_000;

/** A session that holds. `handedTo`: the customer who holds the iPad, in the scope `handed_over` and in no other. */
export interface OpenSession { key: string; staff: StaffMember; scope: Scope; handedTo: string | null; expiresAtMs: number }
interface Row {
  token_hash: Buffer; id: string; name: string; role: Role; scope: Scope; handed_to: string | null; device_id: string; expires_at_ms: number; used_at_ms: number; locked_at_ms: number | null;
}

/** For a restore, on a box that stands still: everybody signs in again, and codes that were given out then are void. */
export function endEverySession(db: Database): void {
  db.transaction(() => {
    db.run('DELETE FROM session WHERE expires_at_ms IS NOT NULL');
    db.run('DELETE FROM pairing_code WHERE used_at_ms IS NULL');
  });
}

/** Sessions: opened by signing in, narrowed, locked when left alone, ended. Only hashes of their tokens are stored. */
export class Sessions {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #audit: Audit;
  readonly #idleLockMs: number;
  /** When each was last used, and when that was last written. */
  readonly #uses = new BoundedMap<string, { usedAtMs: number; writtenAtMs: number }>(SESSIONS_KEPT_MAX);

  /** When somebody last showed PIN or passkey. In memory: after a restart the page asks once more. */
  readonly #proofs = new BoundedMap<string, number>(SESSIONS_KEPT_MAX);

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; idleLockMs: number }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
    this.#idleLockMs = deps.idleLockMs;
  }

  get idleLockMs(): number {
    return this.#idleLockMs;
  }

  /** Whoever was signed in on the device before is signed out. Inside a transaction. @returns the token, which exists nowhere else */
  open(staffId: string, deviceId: string): string {
    const token = makeToken();
    const now = this.#clock.now();
    this.endAllOf('device_id', deviceId);
    this.#db.run('DELETE FROM session WHERE expires_at_ms < ? OR expires_at_ms > ?', now, now + 2 * SESSION_TTL_MS);
    this.#db.run('INSERT INTO session (token_hash, staff_id, device_id, scope, expires_at_ms, used_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
      hashSecret(token), staffId, deviceId, 'staff', now + SESSION_TTL_MS, now);
    this.noteProof(hashSecret(token).toString('hex'));
    return token;
  }

  /** PIN or passkey was shown. Inside the transaction that found them right. */
  noteProof(key: string): void {
    const now = this.#clock.now();
    this.#db.afterCommit(() => this.#proofs.set(key, now));
  }

  /** Whether it was shown within the last minutes. A clock set back proves nothing. */
  isProven(key: string): boolean {
    const ageMs = this.#clock.now() - (this.#proofs.get(key) ?? -Infinity);
    return ageMs >= 0 && ageMs < PROOF_TTL_MS;
  }

  /**
   * The session of a token, if it was opened on this device: a stolen cookie is worth nothing elsewhere.
   * @returns `locked`: left alone too long, or locked by hand; null: none, or over
   */
  find(token: string, deviceId: string): OpenSession | 'locked' | null {
    const row = this.#row(hashSecret(token));
    if (row === undefined || row.device_id !== deviceId) return null;
    return this.#lockIfIdle(row) ? 'locked' : toOpen(row);
  }

  /** A session that still holds; for sockets, which stay open long. */
  byKey(key: string): OpenSession | null {
    const row = this.#row(Buffer.from(key, 'hex'));
    return row === undefined || this.#lockIfIdle(row) ? null : toOpen(row);
  }

  /** Whether somebody used it within the idle time and nothing ended it since: a look into memory. False says nothing: see `byKey`. */
  isInUse({ key, scope, expiresAtMs }: OpenSession): boolean {
    const holds = isWithin(expiresAtMs, SESSION_TTL_MS, this.#clock.now());
    if (scope === 'front_desk') return holds; // never idle
    const use = this.#uses.get(key);
    return use !== undefined && !this.#isIdle(use.usedAtMs) && holds;
  }

  /** Somebody did something. */
  noteUse(key: string): void {
    const now = this.#clock.now();
    const before = this.#uses.get(key);
    const due = before === undefined || Math.abs(now - before.writtenAtMs) >= USE_WRITTEN_EVERY_MS;
    this.#uses.set(key, { usedAtMs: now, writtenAtMs: due ? now : before.writtenAtMs });
    if (!due) return;
    try {
      this.#db.run('UPDATE session SET used_at_ms = ? WHERE token_hash = ?', now, Buffer.from(key, 'hex'));
    } catch (error) {
      if (!isPorticoError(error)) throw error; // a full disk or a held database: memory knows
    }
  }

  /**
   * Narrows a session; only a new sign-in widens it again. Its open sockets close.
   * @param handedTo the customer who takes the iPad; null: it stands at the front desk
   */
  narrow(key: string, handedTo: string | null): void {
    this.#db.transaction(() => {
      this.#db.run('UPDATE session SET scope = ?, handed_to = ?, used_at_ms = ? WHERE token_hash = ?',
        handedTo === null ? 'front_desk' : 'handed_over', handedTo, this.#clock.now(), Buffer.from(key, 'hex'));
      this.#tellEnded(key);
    });
  }

  /** For good: only a new sign-in goes on. @returns false when it was locked or over already */
  lock(key: string, why: 'idle' | 'asked'): boolean {
    return this.#db.transaction(() => {
      const row = this.#row(Buffer.from(key, 'hex'));
      const { changes } = this.#db.run('UPDATE session SET locked_at_ms = ? WHERE token_hash = ? AND locked_at_ms IS NULL', this.#clock.now(), Buffer.from(key, 'hex'));
      if (row === undefined || changes === 0) return false;
      this.#audit.record('session_locked', { staffId: row.id, deviceId: row.device_id }, { detail: { why } });
      this.#tellEnded(key);
      return true;
    });
  }

  /** Signed out. */
  end(key: string): void {
    this.#db.transaction(() => {
      this.#db.run('DELETE FROM session WHERE token_hash = ?', Buffer.from(key, 'hex'));
      this.#tellEnded(key);
    });
  }

  /** Inside a transaction. */
  endAllOf(of: 'device_id' | 'staff_id' | 'handed_to', id: string): void {
    const ended = this.#db.all<{ token_hash: Buffer }>(`SELECT token_hash FROM session WHERE ${of} = ?`, id);
    this.#db.run(`DELETE FROM session WHERE ${of} = ?`, id);
    for (const row of ended) this.#tellEnded(row.token_hash.toString('hex'));
  }

  /** A session idle too long locks for good, and its sockets close. At the front desk nothing can be read: there it stays. */
  #lockIfIdle(row: Row): boolean {
    if (row.locked_at_ms !== null) return true;
    if (row.scope === 'front_desk') return false;
    const key = row.token_hash.toString('hex');
    const usedAtMs = this.#uses.get(key)?.usedAtMs ?? row.used_at_ms;
    if (!this.#isIdle(usedAtMs)) return false;
    try {
      this.lock(key, 'idle');
    } catch (error) {
      if (!isPorticoError(error)) throw error; // a full disk or a held database: refused now, written down later
    }
    return true;
  }

  /** A use in the future means that the clock was set back: nobody knows how long it was left alone. */
  #isIdle(usedAtMs: number): boolean {
    return Math.abs(this.#clock.now() - usedAtMs) >= this.#idleLockMs;
  }

  /** One that would hold for longer than any is from a clock that was set back since: at the front desk, never idle, it would hold for years. */
  #row(tokenHash: Buffer): Row | undefined {
    const now = this.#clock.now();
    return this.#db.get<Row>(
      `SELECT token_hash, staff.id, staff.name, staff.role, scope, handed_to, device_id, expires_at_ms, used_at_ms, locked_at_ms FROM session JOIN staff ON staff.id = staff_id
       WHERE token_hash = ? AND expires_at_ms > ? AND expires_at_ms <= ? AND left_at_ms IS NULL`, tokenHash, now, now + 2 * SESSION_TTL_MS);
  }

  #tellEnded(sessionKey: string): void {
    this.#db.afterCommit(() => {
      this.#uses.delete(sessionKey);
      this.#proofs.delete(sessionKey);
      this.#events.emit('sessionEnded', { sessionKey });
    });
  }
}

function toOpen(row: Row): OpenSession {
  return { key: row.token_hash.toString('hex'), staff: { id: row.id, name: row.name, role: row.role }, scope: row.scope, handedTo: row.handed_to, expiresAtMs: row.expires_at_ms };
}
