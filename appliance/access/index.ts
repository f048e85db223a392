import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { createHmac, randomUUID } from 'node:crypto';
import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import type { Device, DraftsKey, Permission, Role, Session, StaffMember, StaffTeams } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { isPorticoError, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, type Database } from '../storage/index.js';
import { Passkeys, type PasskeySite, type WebAuthnJson } from './passkeys.js';
import { may } from './permissions.js';
import { pinLocked, PinTries } from './pinTries.js';
import { hashSecret, isSimplePin, makePairingCode, makeToken, normalisePairingCode } from './secrets.js';
import { Sessions, type OpenSession } from './sessions.js';

export { may, type Scope } from './permissions.js';
export type { PasskeySite } from './passkeys.js';
export { endEverySession, type OpenSession } from './sessions.js';

/** Argon2id, 19 MiB, 2 passes: the OWASP password storage cheat sheet's first choice. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
export const PAIRING_CODE_TTL_MS = 10 * 60_000;
export const OWNER_CODE_TTL_MS = 24 * 3_600_000;
/** The console of the box, where PINs are counted and what is done is written down. */
const CONSOLE = '00000000-0000-4000-8000-00000000c0de';
/** A device's last-seen time is written at most this often. */
const DEVICE_SEEN_EVERY_MS = 60_000;

/** Who is asking: a paired device, and on it perhaps somebody signed in. */
export interface Visitor {
  device: { id: string; name: string };
  session: OpenSession | null;
  /** There was a session, and it locked: the PIN goes on. */
  locked: boolean;
}
export type SignedIn = Visitor & { session: OpenSession };

/** Staff, their PINs and passkeys, paired devices and sessions. Tokens and codes are stored as hashes only. */
export class Access {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #draftsSecret: string;
  readonly #teams: readonly string[];
  readonly #givenOwnerCode: Buffer | null;
  readonly #sessions: Sessions;
  readonly #pinTries: PinTries;
  readonly passkeys: Passkeys;

  /**
   * @param deps.idleLockMs a session left alone this long locks
   * @param deps.draftsSecret the keys of all iPads' unsent writing are made from it
   * @param deps.teams head office's list; default: none
   * @param deps.ownerCodeSha256 hexadecimal, of the owner's code as normalised; null: no code was given out beforehand
   */
  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; idleLockMs: number; draftsSecret: string; ownerCodeSha256: string | null; teams?: readonly string[] }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#audit = deps.audit;
    this.#draftsSecret = deps.draftsSecret;
    this.#teams = deps.teams ?? [];
    this.#givenOwnerCode = deps.ownerCodeSha256 === null ? null : Buffer.from(deps.ownerCodeSha256, 'hex');
    this.#sessions = new Sessions(deps);
    this.#pinTries = new PinTries(deps);
    this.passkeys = new Passkeys(deps);
    deps.events.on('dossierErased', ({ customerId }) => this.#db.transaction(() => this.#sessions.endAllOf('handed_to', customerId)));
  }

  /** True until the first member of staff exists. */
  ownerNeeded(): boolean {
    return this.#db.get('SELECT 1 FROM staff LIMIT 1') === undefined;
  }

  /** True while the owner's code that was given out beforehand (PORTICO_OWNER_CODE_SHA256) opens the box. */
  ownerCodeWaits(): boolean {
    return this.#givenOwnerCode !== null && this.ownerNeeded() && this.#db.get('SELECT 1 FROM pairing_code WHERE code_hash = ?', this.#givenOwnerCode) === undefined;
  }

  /**
   * A fresh one-time code; the owner's (printed on the console) lives longer and voids all earlier ones, the one given out beforehand too.
   * @param by who asked for it; the box itself: somebody at its console
   */
  makeCode(kind: 'owner' | 'device', by: Actor = THE_BOX): { code: string; expiresAt: string } {
    const code = makePairingCode();
    const now = this.#clock.now();
    const expiresAtMs = now + (kind === 'owner' ? OWNER_CODE_TTL_MS : PAIRING_CODE_TTL_MS);
    this.#db.transaction(() => {
      if (kind === 'owner') {
        this.#db.run('DELETE FROM pairing_code WHERE used_at_ms IS NULL');
        if (this.ownerCodeWaits()) this.#useUpGivenOwnerCode(now);
      }
      this.#db.run('DELETE FROM pairing_code WHERE expires_at_ms < ?', now);
      this.#db.run('INSERT INTO pairing_code (code_hash, expires_at_ms) VALUES (?, ?)', hashSecret(normalisePairingCode(code)), expiresAtMs);
      this.#audit.record('pairing_code_made', by, { detail: { for: kind } });
    });
    return { code, expiresAt: toInstant(expiresAtMs) };
  }

  /** Uses a code up. @throws PorticoError pairing_code_invalid for a wrong, expired or used one alike */
  pair(code: string, deviceName: string): { device: Device; token: string } {
    const now = this.#clock.now();
    const token = makeToken();
    const id = randomUUID();
    return this.#db.transaction(() => {
      const hash = hashSecret(normalisePairingCode(code));
      if (this.#givenOwnerCode?.equals(hash) === true && this.ownerCodeWaits()) {
        this.#useUpGivenOwnerCode(now);
      } else {
        // One that would hold for longer than any is from a clock that was set back since: it would hold for years.
        const used = this.#db.run('UPDATE pairing_code SET used_at_ms = ? WHERE code_hash = ? AND used_at_ms IS NULL AND expires_at_ms > ? AND expires_at_ms <= ?',
          now, hash, now, now + 2 * OWNER_CODE_TTL_MS);
        if (used.changes !== 1) throw new PorticoError('pairing_code_invalid');
      }
      this.#db.run('INSERT INTO device (id, name, token_hash, paired_at_ms) VALUES (?, ?, ?, ?)', id, deviceName.trim(), hashSecret(token), now);
      this.#audit.record('device_paired', { staffId: null, deviceId: id });
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

  /** The device's sessions end with it, and pairing codes that nobody used yet. @throws PorticoError device_not_found */
  removeDevice(id: string, by: Actor): void {
    this.#audit.recording('device_removed', by, { detail: { deviceId: id } }, () => {
      const removed = this.#db.run('UPDATE device SET removed_at_ms = ? WHERE id = ? AND removed_at_ms IS NULL', this.#clock.now(), id);
      if (removed.changes !== 1) throw new PorticoError('device_not_found');
      this.#voidCodes();
      this.#sessions.endAllOf('device_id', id);
    });
  }

  /** The first member of staff, a manager. @throws PorticoError owner_exists, pin_too_simple */
  async addOwner(name: string, pin: string, deviceId: string): Promise<StaffMember> {
    if (!this.ownerNeeded()) throw new PorticoError('owner_exists');
    const pinHash = await hashPin(pin);
    return this.#db.transaction(() => {
      if (!this.ownerNeeded()) throw new PorticoError('owner_exists'); // two iPads at once
      const owner = this.#insertStaff(name, 'manager', pinHash);
      this.#audit.record('owner_made', { staffId: owner.id, deviceId });
      return owner;
    });
  }

  /**
   * @param stillMay throws when `by` may not any more: hashing takes long enough to be removed meanwhile
   * @throws PorticoError staff_name_taken, pin_too_simple
   */
  async addStaff(name: string, role: Role, pin: string, by: Actor, stillMay: () => void): Promise<StaffMember> {
    const pinHash = await hashPin(pin);
    return this.#audit.recording('staff_added', by, (staff) => ({ detail: { staffId: staff.id, role } }), () => {
      stillMay();
      return this.#insertStaff(name, role, pinHash);
    });
  }

  /**
   * Sets a new PIN and ends every lock. A manager does so when somebody's access is lost or in the wrong hands, so whatever else
   * lets that person in ends too: sessions, with their sockets, passkeys and unused pairing codes.
   * @param stillMay as for addStaff
   * @throws PorticoError staff_not_found, pin_too_simple
   */
  async setPin(staffId: string, pin: string, by: Actor, stillMay: () => void): Promise<void> {
    const pinHash = await hashPin(pin);
    this.#audit.recording('pin_set', by, { detail: { staffId } }, () => {
      stillMay();
      const changed = this.#db.run('UPDATE staff SET pin_hash = ? WHERE id = ? AND left_at_ms IS NULL', pinHash, staffId);
      if (changed.changes !== 1) throw new PorticoError('staff_not_found');
      this.#pinTries.forgiveEverywhere(staffId);
      this.passkeys.forget(staffId);
      this.#voidCodes();
      this.#sessions.endAllOf('staff_id', staffId);
    });
  }

  /**
   * Somebody left: no more signing in, all sessions end, and with them pairing codes that nobody used yet.
   * @throws PorticoError staff_not_found; staff_last_manager, staff_last_officer: the store would be left without one
   */
  removeStaff(staffId: string, by: Actor): void {
    this.#audit.recording('staff_removed', by, { detail: { staffId } }, () => {
      const removed = this.#db.run('UPDATE staff SET left_at_ms = ? WHERE id = ? AND left_at_ms IS NULL', this.#clock.now(), staffId);
      if (removed.changes !== 1) throw new PorticoError('staff_not_found');
      const { role } = this.#db.get<{ role: Role }>('SELECT role FROM staff WHERE id = ?', staffId)!;
      // In the transaction: two may remove each other at once.
      if (!this.staff().some((left) => left.role === role)) {
        if (role === 'manager') throw new PorticoError('staff_last_manager');
        // Nobody would answer customers or read the log, and whoever removed the officer would decide when somebody does again.
        if (role === 'privacy_officer') throw new PorticoError('staff_last_officer');
      }
      this.passkeys.forget(staffId);
      this.#voidCodes();
      this.#sessions.endAllOf('staff_id', staffId);
    });
  }

  /** Head office's list, and who is in which; a team that is off the list is none. */
  teams(): StaffTeams {
    const members = this.#db.all<{ staffId: string; team: string }>('SELECT id AS staffId, team FROM staff WHERE left_at_ms IS NULL AND team IS NOT NULL ORDER BY name');
    return { teams: [...this.#teams], members: members.filter(({ team }) => this.#teams.includes(team)) };
  }

  /** @throws PorticoError staff_not_found, staff_team_unknown */
  setTeam(staffId: string, team: string | null, by: Actor): StaffTeams {
    if (team !== null && !this.#teams.includes(team)) throw new PorticoError('staff_team_unknown');
    return this.#audit.recording('team_changed', by, { detail: { staffId, team } }, () => {
      const changed = this.#db.run('UPDATE staff SET team = ? WHERE id = ? AND left_at_ms IS NULL', team, staffId);
      if (changed.changes !== 1) throw new PorticoError('staff_not_found');
      return this.teams();
    });
  }

  /** Of somebody who may have left since. */
  teamOf(staffId: string): string | null {
    return this.#db.get<{ team: string | null }>('SELECT team FROM staff WHERE id = ?', staffId)?.team ?? null;
  }

  /** Who works here now. */
  staff(): StaffMember[] {
    return this.#db.all<StaffMember>('SELECT id, name, role FROM staff WHERE left_at_ms IS NULL ORDER BY name');
  }

  /**
   * Signs in on a device; whoever was signed in there before is signed out. Each try is counted before the PIN is
   * looked at, so that many tries at once are not more than five.
   * @throws PorticoError staff_not_found, pin_wrong {triesLeft}, pin_locked {retryAfterSeconds, lock}
   */
  async signIn(deviceId: string, staffId: string, pin: string): Promise<{ token: string; visitor: SignedIn }> {
    return this.#withPin(deviceId, staffId, pin, () => this.#open(staffId, deviceId, 'pin'));
  }

  /**
   * The one who is signed in shows the PIN again, in the same session: wrong ones count as when signing in.
   * @throws PorticoError pin_wrong, pin_locked as signIn; session_expired: over, or locked meanwhile
   */
  async proveAgain({ device, session }: SignedIn, pin: string): Promise<void> {
    await this.#withPin(device.id, session.staff.id, pin, () => {
      if (this.#sessions.byKey(session.key) === null) throw new PorticoError('session_expired');
      this.#sessions.noteProof(session.key);
    });
  }

  /**
   * Somebody at the console of the box shows who they are, for one command: there is no session. Wrong PINs count as on a device of its own.
   * @throws PorticoError staff_not_found, not_allowed: another role; pin_wrong, pin_locked as signIn
   */
  async proveAtConsole(name: string, pin: string, role: Role): Promise<Actor & { staffId: string }> {
    const member = this.staff().find((each) => each.name === name.trim());
    if (member === undefined) throw new PorticoError('staff_not_found');
    if (member.role !== role) throw new PorticoError('not_allowed');
    // Removed from the beginning, and its token is nobody's: nothing can be paired or signed in as it.
    this.#db.run('INSERT INTO device (id, name, token_hash, paired_at_ms, removed_at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING', CONSOLE, 'Console', hashSecret(makeToken()), 0, 0);
    return this.#withPin(CONSOLE, member.id, pin, () => ({ staffId: member.id, deviceId: CONSOLE }));
  }

  /** For what gives lasting access. @throws PorticoError pin_again: PIN or passkey were shown too long ago */
  requireProof({ session }: SignedIn): void {
    if (!this.#sessions.isProven(session.key)) throw new PorticoError('pin_again');
  }

  /** @param then done in the same transaction as wrong PINs are forgiven */
  async #withPin<T>(deviceId: string, staffId: string, pin: string, then: () => T): Promise<T> {
    const staff = this.#db.get<{ pin_hash: string }>('SELECT pin_hash FROM staff WHERE id = ? AND left_at_ms IS NULL', staffId);
    if (staff === undefined) throw new PorticoError('staff_not_found');
    const standing = this.#db.transaction(() => this.#pinTries.count(staffId, deviceId));
    if (!(await argon2Verify(staff.pin_hash, pin))) {
      const now = this.#clock.now();
      const locks = standing.lockedUntilMs > 0;
      // Who it was is not known; whose PIN it was meant to be is.
      this.#audit.recording('sign_in_failed', { staffId: null, deviceId }, { detail: { how: 'pin', staffId } }, () => {
        if (locks) this.#audit.record('pin_locked', { staffId: null, deviceId }, { detail: { staffId, lock: standing.lock } });
      });
      throw locks ? pinLocked(standing, now) : new PorticoError('pin_wrong', { triesLeft: standing.triesLeft });
    }
    return this.#db.transaction(() => {
      // Removed, or given another PIN, while this one was being looked at.
      const pin_hash = this.#db.get<{ pin_hash: string }>('SELECT pin_hash FROM staff WHERE id = ? AND left_at_ms IS NULL', staffId)?.pin_hash;
      if (pin_hash !== staff.pin_hash) throw new PorticoError(pin_hash === undefined ? 'staff_not_found' : 'pin_wrong');
      this.#pinTries.forgive(staffId, deviceId);
      return then();
    });
  }

  /** The same with a passkey. @throws PorticoError passkey_invalid */
  async signInWithPasskey(deviceId: string, site: PasskeySite, response: WebAuthnJson): Promise<{ token: string; visitor: SignedIn }> {
    return this.passkeys.use(deviceId, site, response, (staffId) => this.#open(staffId, deviceId, 'passkey'));
  }

  /** Narrows a session to the front desk; only a new sign-in widens it again. */
  narrowToFrontDesk({ device, session }: SignedIn): void {
    this.#audit.recording('front_desk_started', { staffId: session.staff.id, deviceId: device.id }, {}, () => this.#sessions.narrow(session.key, null));
  }

  /**
   * The iPad goes into a customer's hands: what is left of the session is that customer's enrolment. Only a new sign-in widens it again.
   * Safe to repeat. @throws PorticoError not_allowed: somebody else holds it
   */
  handOver({ device, session }: SignedIn, customerId: string): void {
    if (session.handedTo === customerId) return;
    if (session.handedTo !== null) throw new PorticoError('not_allowed');
    this.#audit.recording('ipad_handed_over', { staffId: session.staff.id, deviceId: device.id }, { customerId }, () => this.#sessions.narrow(session.key, customerId));
  }

  /** The iPad is put down: only a new sign-in goes on. */
  lock({ session }: SignedIn): void {
    this.#sessions.lock(session.key, 'asked');
  }

  signOut({ device, session }: SignedIn): void {
    this.#audit.recording('signed_out', { staffId: session.staff.id, deviceId: device.id }, {}, () => this.#sessions.end(session.key));
  }

  /** Who carries these cookies. Null: not a paired device. */
  identify(deviceToken: string | undefined, sessionToken: string | undefined): Visitor | null {
    if (deviceToken === undefined) return null;
    const device = this.#db.get<{ id: string; name: string; last_seen_at_ms: number | null }>(
      'SELECT id, name, last_seen_at_ms FROM device WHERE token_hash = ? AND removed_at_ms IS NULL', hashSecret(deviceToken));
    if (device === undefined) return null;
    const now = this.#clock.now();
    if (Math.abs(now - (device.last_seen_at_ms ?? 0)) > DEVICE_SEEN_EVERY_MS) this.#noteSeen(device.id, now);
    const session = sessionToken === undefined ? null : this.#sessions.find(sessionToken, device.id);
    return { device: { id: device.id, name: device.name }, session: session === 'locked' ? null : session, locked: session === 'locked' };
  }

  /** Whether a session still holds and may still do this, for sockets that stay open long; one left alone too long locks now. */
  stillMay({ key, scope }: OpenSession, permission: Permission): boolean {
    const session = this.#sessions.byKey(key);
    return session !== null && session.scope === scope && may({ role: session.staff.role, scope }, permission);
  }

  /** Whether it is in use as it was found, for what is asked with each message: a look into memory. False says nothing: ask `stillMay`. */
  isInUse(session: OpenSession): boolean {
    return this.#sessions.isInUse(session);
  }

  /** Somebody did something in this session: the idle lock begins anew. */
  noteUse(sessionKey: string): void {
    this.#sessions.noteUse(sessionKey);
  }

  /** @param passkeysPossible whether the address that was asked can have passkeys */
  toSession({ device, session }: SignedIn, passkeysPossible: boolean): Session {
    const { staff, scope, handedTo, expiresAtMs } = session;
    const idleLockSeconds = scope === 'front_desk' ? null : Math.round(this.#sessions.idleLockMs / 1000);
    return { staff, scope, handedTo, device, expiresAt: toInstant(expiresAtMs), idleLockSeconds, passkeysPossible };
  }

  /**
   * What this person's unsent writing on this device is sealed with. Nothing is stored for it: who may ask is who is signed in, so it is
   * given no more once the person has left or the device is removed.
   */
  draftsKey({ device, session }: SignedIn): DraftsKey {
    const key = createHmac('sha256', this.#draftsSecret).update(`portico drafts 1 ${session.staff.id} ${device.id}`).digest('base64url');
    return { key, now: toInstant(this.#clock.now()) };
  }

  /** Inside a transaction. @throws PorticoError device_not_paired: removed meanwhile */
  #open(staffId: string, deviceId: string, how: 'pin' | 'passkey'): { token: string; visitor: SignedIn } {
    const device = this.#db.get<{ id: string; name: string }>('SELECT id, name FROM device WHERE id = ? AND removed_at_ms IS NULL', deviceId);
    if (device === undefined) throw new PorticoError('device_not_paired');
    const token = this.#sessions.open(staffId, deviceId);
    this.#pinTries.nowKnown(staffId, deviceId);
    this.#audit.record('signed_in', { staffId, deviceId }, { detail: { how } });
    return { token, visitor: { device, session: this.#sessions.find(token, deviceId) as OpenSession, locked: false } };
  }

  /** Nice to know, not worth failing for: with a full disk or a held database reading still works. */
  #noteSeen(deviceId: string, now: number): void {
    try {
      this.#db.run('UPDATE device SET last_seen_at_ms = ? WHERE id = ?', now, deviceId);
    } catch (error) {
      if (!isPorticoError(error)) throw error;
    }
  }

  /**
   * Whoever is shut out may have made a code before and kept it. Which codes are theirs is not written down: they live ten minutes, and
   * another one is a tap. Inside a transaction.
   */
  #voidCodes(): void {
    this.#db.run('DELETE FROM pairing_code WHERE used_at_ms IS NULL');
  }

  /** Its row stays for ever, which is what makes it used: the setting that names it stays too. Inside a transaction. */
  #useUpGivenOwnerCode(now: number): void {
    this.#db.run('INSERT INTO pairing_code (code_hash, expires_at_ms, used_at_ms) VALUES (?, ?, ?)', this.#givenOwnerCode, Number.MAX_SAFE_INTEGER, now);
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
}

/** @throws PorticoError pin_too_simple */
async function hashPin(pin: string): Promise<string> {
  if (isSimplePin(pin)) throw new PorticoError('pin_too_simple');
  return argon2Hash(pin, ARGON2);
}
