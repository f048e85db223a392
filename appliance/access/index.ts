import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { randomUUID } from 'node:crypto';
import type { Device, Role, SESSION_SCOPES, Session, StaffMember } from '../contract/index.js';
import type { Audit } from '../audit/index.js';
import type { EventBus } from '../events/index.js';
import { isPorticoError, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, type Database } from '../storage/index.js';
import { hashSecret, isSimplePin, makePairingCode, makeToken, normalisePairingCode } from './secrets.js';

type Scope = (typeof SESSION_SCOPES)[number];

/** Argon2id, 19 MiB, 2 passes: the OWASP password storage cheat sheet's first choice. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
export const WRONG_PINS_MAX = 5;
export const PIN_LOCK_MS = 5 * 60_000;
export const PAIRING_CODE_TTL_MS = 10 * 60_000;
export const OWNER_CODE_TTL_MS = 24 * 3_600_000;
/** A long shop day; then everybody signs in again. */
export const SESSION_TTL_MS = 16 * 3_600_000;
/** A device's last-seen time is written at most this often. */
const DEVICE_SEEN_EVERY_MS = 60_000;

/** Who is asking: a paired device, and on it perhaps somebody signed in. */
export interface Visitor {
  device: { id: string; name: string };
  session: { key: string; staff: StaffMember; scope: Scope; expiresAtMs: number } | null;
}
interface PinTry { wrongPins: number; lockedUntilMs: number }

/** Staff, their PINs, paired devices and sessions. Tokens and codes are stored as hashes only. */
export class Access {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #audit: Audit;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
  }

  /** True until the first member of staff exists. */
  ownerNeeded(): boolean {
    return this.#db.get('SELECT 1 FROM staff LIMIT 1') === undefined;
  }

  /** A fresh one-time code; the owner's (printed on the console) lives longer and voids all earlier ones. */
  makeCode(kind: 'owner' | 'device'): { code: string; expiresAt: string } {
    const code = makePairingCode();
    const now = this.#clock.now();
    const expiresAtMs = now + (kind === 'owner' ? OWNER_CODE_TTL_MS : PAIRING_CODE_TTL_MS);
    this.#db.transaction(() => {
      if (kind === 'owner') this.#db.run('DELETE FROM pairing_code WHERE used_at_ms IS NULL');
      this.#db.run('DELETE FROM pairing_code WHERE expires_at_ms < ?', now);
      this.#db.run('INSERT INTO pairing_code (code_hash, expires_at_ms) VALUES (?, ?)', hashSecret(normalisePairingCode(code)), expiresAtMs);
    });
    return { code, expiresAt: toInstant(expiresAtMs) };
  }

  /** Uses a code up. @throws PorticoError pairing_code_invalid for a wrong, expired or used one alike */
  pair(code: string, deviceName: string): { device: Device; token: string } {
    const now = this.#clock.now();
    const token = makeToken();
    const id = randomUUID();
    return this.#db.transaction(() => {
      const used = this.#db.run('UPDATE pairing_code SET used_at_ms = ? WHERE code_hash = ? AND used_at_ms IS NULL AND expires_at_ms > ?',
        now, hashSecret(normalisePairingCode(code)), now);
      if (used.changes !== 1) throw new PorticoError('pairing_code_invalid');
      this.#db.run('INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES (?, ?, ?, ?)', id, deviceName.trim(), hashSecret(token), now);
      return { device: { id, name: deviceName.trim(), pairedAt: toInstant(now), lastSeenAt: null, current: true }, token };
    });
  }

  devices(currentId: string): Device[] {
    return this.#db.all<{ id: string; name: string; paired_at_ms: number; last_seen_at_ms: number | null }>(
      'SELECT id, name, paired_at_ms, last_seen_at_ms FROM device WHERE removed_at_ms IS NULL ORDER BY paired_at_ms')
      .map((row) => ({
        id: row.id, name: row.name, pairedAt: toInstant(row.paired_at_ms),
        lastSeenAt: row.last_seen_at_ms === null ? null : toInstant(row.last_seen_at_ms), current: row.id === currentId,
      }));
  }

  /** The device's sessions end with it. @throws PorticoError device_not_found */
  removeDevice(id: string): void {
    this.#db.transaction(() => {
      const removed = this.#db.run('UPDATE device SET removed_at_ms = ? WHERE id = ? AND removed_at_ms IS NULL', this.#clock.now(), id);
      if (removed.changes !== 1) throw new PorticoError('device_not_found');
      this.#endSessions('device_id', id);
    });
  }

  /** The first member of staff, a manager. @throws PorticoError owner_exists, pin_too_simple */
  async addOwner(name: string, pin: string): Promise<StaffMember> {
    if (!this.ownerNeeded()) throw new PorticoError('owner_exists');
    const pinHash = await hashPin(pin);
    return this.#db.transaction(() => {
      if (!this.ownerNeeded()) throw new PorticoError('owner_exists'); // two iPads at once
      return this.#insertStaff(name, 'manager', pinHash);
    });
  }

  /** @throws PorticoError staff_name_taken, pin_too_simple */
  async addStaff(name: string, role: Role, pin: string): Promise<StaffMember> {
    return this.#insertStaff(name, role, await hashPin(pin));
  }

  /** Sets a new PIN and ends every lock. @throws PorticoError staff_not_found, pin_too_simple */
  async setPin(staffId: string, pin: string): Promise<void> {
    const pinHash = await hashPin(pin);
    this.#db.transaction(() => {
      const changed = this.#db.run('UPDATE staff SET pin_hash = ? WHERE id = ? AND left_at_ms IS NULL', pinHash, staffId);
      if (changed.changes !== 1) throw new PorticoError('staff_not_found');
      this.#db.run('DELETE FROM pin_try WHERE staff_id = ?', staffId);
    });
  }

  /** Somebody left: no more signing in, and all sessions end. @throws PorticoError staff_not_found */
  removeStaff(staffId: string): void {
    this.#db.transaction(() => {
      const removed = this.#db.run('UPDATE staff SET left_at_ms = ? WHERE id = ? AND left_at_ms IS NULL', this.#clock.now(), staffId);
      if (removed.changes !== 1) throw new PorticoError('staff_not_found');
      this.#endSessions('staff_id', staffId);
    });
  }

  /** Who works here now. */
  staff(): StaffMember[] {
    return this.#db.all<StaffMember>('SELECT id, name, role FROM staff WHERE left_at_ms IS NULL ORDER BY name');
  }

  /**
   * Signs in on a device; whoever was signed in there before is signed out. Each try is counted before the PIN is
   * looked at, so that many tries at once are not more than five.
   * @throws PorticoError staff_not_found, pin_wrong {triesLeft}, pin_locked {retryAfterSeconds}
   */
  async signIn(deviceId: string, staffId: string, pin: string): Promise<{ token: string; visitor: Visitor }> {
    const staff = this.#db.get<{ pin_hash: string }>('SELECT pin_hash FROM staff WHERE id = ? AND left_at_ms IS NULL', staffId);
    if (staff === undefined) throw new PorticoError('staff_not_found');
    const { wrongPins, lockedUntilMs } = this.#countTry(staffId, deviceId);
    if (!(await argon2Verify(staff.pin_hash, pin))) {
      if (wrongPins >= WRONG_PINS_MAX) throw this.#locked(lockedUntilMs);
      throw new PorticoError('pin_wrong', { triesLeft: WRONG_PINS_MAX - wrongPins });
    }
    const token = makeToken();
    return this.#db.transaction(() => {
      this.#db.run('DELETE FROM pin_try WHERE staff_id = ? AND device_id = ?', staffId, deviceId);
      this.#endSessions('device_id', deviceId);
      this.#db.run('DELETE FROM session WHERE expires_at_ms < ?', this.#clock.now());
      this.#db.run('INSERT INTO session (token_hash, staff_id, device_id, scope, expires_at_ms) VALUES (?, ?, ?, ?, ?)',
        hashSecret(token), staffId, deviceId, 'staff', this.#clock.now() + SESSION_TTL_MS);
      const device = this.#db.get<{ id: string; name: string }>('SELECT id, name FROM device WHERE id = ? AND removed_at_ms IS NULL', deviceId);
      if (device === undefined) throw new PorticoError('device_not_paired');
      return { token, visitor: { device, session: this.#sessionByHash(hashSecret(token)) } };
    });
  }

  /** Narrows a session to the front desk; only a new sign-in widens it again. */
  narrowToFrontDesk(sessionKey: string): void {
    this.#db.transaction(() => {
      this.#db.run(`UPDATE session SET scope = 'front_desk' WHERE token_hash = ?`, Buffer.from(sessionKey, 'hex'));
      this.#db.afterCommit(() => this.#events.emit('sessionEnded', { sessionKey })); // its open sockets close
    });
  }

  signOut(sessionKey: string): void {
    this.#db.transaction(() => {
      this.#db.run('DELETE FROM session WHERE token_hash = ?', Buffer.from(sessionKey, 'hex'));
      this.#db.afterCommit(() => this.#events.emit('sessionEnded', { sessionKey }));
    });
  }

  /** Who carries these cookies. Null: not a paired device. */
  identify(deviceToken: string | undefined, sessionToken: string | undefined): Visitor | null {
    if (deviceToken === undefined) return null;
    const device = this.#db.get<{ id: string; name: string; last_seen_at_ms: number | null }>(
      'SELECT id, name, last_seen_at_ms FROM device WHERE token_hash = ? AND removed_at_ms IS NULL', hashSecret(deviceToken));
    if (device === undefined) return null;
    const now = this.#clock.now();
    if (Math.abs(now - (device.last_seen_at_ms ?? 0)) > DEVICE_SEEN_EVERY_MS) this.#noteSeen(device.id, now);
    const session = sessionToken === undefined ? null : this.#sessionByHash(hashSecret(sessionToken), device.id);
    return { device: { id: device.id, name: device.name }, session };
  }

  /** Whether a session still holds, for sockets that stay open long. */
  isLive(sessionKey: string, scope: Scope): boolean {
    return this.#sessionByHash(Buffer.from(sessionKey, 'hex'))?.scope === scope;
  }

  toSession(visitor: Visitor & { session: NonNullable<Visitor['session']> }): Session {
    const { staff, scope, expiresAtMs } = visitor.session;
    return { staff, scope, device: visitor.device, expiresAt: toInstant(expiresAtMs), idleLockSeconds: null, passkeysPossible: false };
  }

  /** Nice to know, not worth failing for: with a full disk or a held database reading still works. */
  #noteSeen(deviceId: string, now: number): void {
    try {
      this.#db.run('UPDATE device SET last_seen_at_ms = ? WHERE id = ?', now, deviceId);
    } catch (error) {
      if (!isPorticoError(error)) throw error;
    }
  }

  #insertStaff(name: string, role: Role, pinHash: string): StaffMember {
    const id = randomUUID();
    try {
      this.#db.run('INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES (?, ?, ?, ?, ?)',
        id, name.trim(), role, pinHash, this.#clock.now());
    } catch (error) {
      if (isUniqueViolation(error, 'staff.name')) throw new PorticoError('staff_name_taken');
      throw error;
    }
    return { id, name: name.trim(), role };
  }

  /** Counts a try of a person's PIN on a device. @throws PorticoError pin_locked */
  #countTry(staffId: string, deviceId: string): PinTry {
    return this.#db.transaction(() => {
      const row = this.#db.get<PinTry>(
        'SELECT wrong_pins AS wrongPins, locked_until_ms AS lockedUntilMs FROM pin_try WHERE staff_id = ? AND device_id = ?', staffId, deviceId);
      const now = this.#clock.now();
      // A lock further away than it can be means that the clock was set back: it is over.
      if (row !== undefined && row.lockedUntilMs > now && row.lockedUntilMs <= now + PIN_LOCK_MS) throw this.#locked(row.lockedUntilMs);
      const wrongPins = row === undefined || row.wrongPins >= WRONG_PINS_MAX ? 1 : row.wrongPins + 1;
      const lockedUntilMs = wrongPins >= WRONG_PINS_MAX ? now + PIN_LOCK_MS : 0;
      this.#db.run('INSERT OR REPLACE INTO pin_try (staff_id, device_id, wrong_pins, locked_until_ms) VALUES (?, ?, ?, ?)',
        staffId, deviceId, wrongPins, lockedUntilMs);
      return { wrongPins, lockedUntilMs };
    });
  }

  #locked(untilMs: number): PorticoError {
    return new PorticoError('pin_locked', { retryAfterSeconds: Math.max(1, Math.ceil((untilMs - this.#clock.now()) / 1000)) });
  }

  #sessionByHash(tokenHash: Buffer, deviceId?: string): Visitor['session'] {
    const row = this.#db.get<{ id: string; name: string; role: Role; scope: Scope; device_id: string; expires_at_ms: number }>(
      `SELECT staff.id, staff.name, staff.role, scope, device_id, expires_at_ms FROM session JOIN staff ON staff.id = staff_id
       WHERE token_hash = ? AND expires_at_ms > ? AND left_at_ms IS NULL`, tokenHash, this.#clock.now());
    // A session's cookie works only together with the cookie of the device it was opened on.
    if (row === undefined || (deviceId !== undefined && row.device_id !== deviceId)) return null;
    return {
      key: tokenHash.toString('hex'), staff: { id: row.id, name: row.name, role: row.role }, scope: row.scope, expiresAtMs: row.expires_at_ms,
    };
  }

  #endSessions(of: 'device_id' | 'staff_id', id: string): void {
    const ended = this.#db.all<{ token_hash: Buffer }>(`SELECT token_hash FROM session WHERE ${of} = ?`, id);
    this.#db.run(`DELETE FROM session WHERE ${of} = ?`, id);
    this.#db.afterCommit(() => {
      for (const row of ended) this.#events.emit('sessionEnded', { sessionKey: row.token_hash.toString('hex') });
    });
  }
}

/** @throws PorticoError pin_too_simple */
async function hashPin(pin: string): Promise<string> {
  if (isSimplePin(pin)) throw new PorticoError('pin_too_simple');
  return argon2Hash(pin, ARGON2);
}
