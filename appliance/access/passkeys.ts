import { randomBytes, randomUUID } from 'node:crypto';
import type { AuthenticationResponseJSON, RegistrationResponseJSON, WebAuthnCredential } from '@simplewebauthn/server';
import type { Audit } from '../audit/index.js';
import type { Passkey, StaffMember } from '../contract/index.js';
import { BoundedMap, isPorticoError, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, type Database } from '../storage/index.js';

/** Where a passkey is asked for: passkeys are bound to a host name, never to an IP address. */
export interface PasskeySite { rpId: string; origin: string }
/** What the browser is asked, and what it answers; the library knows the form. */
export type WebAuthnJson = Record<string, unknown>;

export const CHALLENGE_TTL_MS = 5 * 60_000;
/** One open challenge for each device and purpose; a device asking again and again pushes out its own only. */
const CHALLENGES_MAX = 400;
const PASSKEYS_EACH_MAX = 20;
/** ES256, EdDSA, RS256 (RFC 9053): what browsers offer. */
const ALGORITHMS = [-7, -8, -257];

interface Challenge { challenge: string; rpId: string; staffId: string | null; expiresAtMs: number }
interface Row { id: string; staff_id: string; credential_id: string; rp_id: string; public_key: Buffer; counter: number }

/** Loaded at first use: it would be a tenth of a second of each start. */
const webAuthn = () => import('@simplewebauthn/server');

/** Passkeys of staff (WebAuthn level 3): public keys here, private keys in the authenticators; a finger or face unlocks them there. */
export class Passkeys {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #challenges = new BoundedMap<string, Challenge>(CHALLENGES_MAX);

  constructor(deps: { db: Database; clock: Clock; audit: Audit }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#audit = deps.audit;
  }

  /** One's own, oldest first. */
  of(staffId: string): Passkey[] {
    return this.#db.all<{ id: string; name: string; created_at_ms: number; last_used_at_ms: number | null }>(
      'SELECT id, name, created_at_ms, last_used_at_ms FROM passkey WHERE staff_id = ? ORDER BY created_at_ms, rowid', staffId)
      .map((row) => ({
        id: row.id, name: row.name, createdAt: toInstant(row.created_at_ms), lastUsedAt: row.last_used_at_ms === null ? null : toInstant(row.last_used_at_ms),
      }));
  }

  /** What to ask the browser for when a passkey is made. @param stillMay as for `register` */
  async registrationOptions(staff: StaffMember, deviceId: string, site: PasskeySite, storeName: string, stillMay: () => void): Promise<WebAuthnJson> {
    const { generateRegistrationOptions } = await webAuthn();
    stillMay();
    const had = this.#db.all<{ credential_id: string }>('SELECT credential_id FROM passkey WHERE staff_id = ? AND rp_id = ?', staff.id, site.rpId);
    const options = await generateRegistrationOptions({
      rpName: storeName, rpID: site.rpId, userName: staff.name, userDisplayName: staff.name, userID: new Uint8Array(this.#handleOf(staff.id)),
      attestationType: 'none', supportedAlgorithmIDs: ALGORITHMS, timeout: CHALLENGE_TTL_MS,
      excludeCredentials: had.map((row) => ({ id: row.credential_id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    this.#challenges.set(`add ${deviceId}`, { challenge: options.challenge, rpId: site.rpId, staffId: staff.id, expiresAtMs: this.#clock.now() + CHALLENGE_TTL_MS });
    return { ...options };
  }

  /**
   * Keeps a passkey that was just made.
   * @param stillMay throws when the session of `staff` does not hold any more
   * @throws PorticoError passkey_invalid
   */
  async register(staff: StaffMember, deviceId: string, site: PasskeySite, name: string, response: WebAuthnJson, stillMay: () => void): Promise<Passkey> {
    const challenge = this.#take(`add ${deviceId}`, site.rpId);
    if (challenge === null || challenge.staffId !== staff.id) throw new PorticoError('passkey_invalid');
    const credential = await this.#checked(async () => {
      await refuseCertificates(response);
      const { verifyRegistrationResponse } = await webAuthn();
      const { registrationInfo } = await verifyRegistrationResponse({
        response: response as unknown as RegistrationResponseJSON, expectedChallenge: challenge.challenge, expectedOrigin: site.origin, expectedRPID: site.rpId,
        requireUserVerification: true, supportedAlgorithmIDs: ALGORITHMS,
      });
      return registrationInfo?.credential;
    });
    const id = randomUUID();
    this.#db.transaction(() => {
      stillMay();
      const { n } = this.#db.get<{ n: number }>('SELECT count(*) AS n FROM passkey WHERE staff_id = ?', staff.id)!;
      // Removed, or given another PIN, while the finger was on the sensor; or somebody collects them.
      if (n >= PASSKEYS_EACH_MAX || !this.#isKnown(staff.id)) throw new PorticoError('passkey_invalid');
      this.#insert(id, staff.id, name, site.rpId, credential);
      this.#audit.record('passkey_added', { staffId: staff.id, deviceId }, { detail: { passkeyId: id } });
    });
    return this.of(staff.id).find((passkey) => passkey.id === id)!;
  }

  /** One's own. @throws PorticoError passkey_not_found */
  remove(staffId: string, deviceId: string, id: string): void {
    this.#audit.recording('passkey_removed', { staffId, deviceId }, { detail: { passkeyId: id } }, () => {
      if (this.#db.run('DELETE FROM passkey WHERE id = ? AND staff_id = ?', id, staffId).changes !== 1) throw new PorticoError('passkey_not_found');
    });
  }

  /** Somebody left, or got another PIN. Inside a transaction. */
  forget(staffId: string): void {
    this.#db.run('DELETE FROM passkey WHERE staff_id = ?', staffId);
    this.#db.run('DELETE FROM passkey_user WHERE staff_id = ?', staffId);
  }

  /** What to ask the browser for when signing in; it says by itself whose passkey it has. */
  async signInOptions(deviceId: string, site: PasskeySite): Promise<WebAuthnJson> {
    const { generateAuthenticationOptions } = await webAuthn();
    const options = await generateAuthenticationOptions({ rpID: site.rpId, userVerification: 'required', timeout: CHALLENGE_TTL_MS });
    this.#challenges.set(`use ${deviceId}`, { challenge: options.challenge, rpId: site.rpId, staffId: null, expiresAtMs: this.#clock.now() + CHALLENGE_TTL_MS });
    return { ...options };
  }

  /**
   * Whose passkey signed the challenge.
   * @param signIn done in the same transaction as the counter is written
   * @throws PorticoError passkey_invalid
   */
  async use<T>(deviceId: string, site: PasskeySite, response: WebAuthnJson, signIn: (staffId: string) => T): Promise<T> {
    const challenge = this.#take(`use ${deviceId}`, site.rpId);
    const row = this.#db.get<Row>(
      `SELECT passkey.id, passkey.staff_id, credential_id, rp_id, public_key, counter FROM passkey JOIN staff ON staff.id = passkey.staff_id
       WHERE credential_id = ? AND left_at_ms IS NULL`, typeof response['id'] === 'string' ? response['id'] : '');
    try {
      if (challenge === null || row?.rp_id !== site.rpId || !this.#handleFits(row.staff_id, response)) throw new PorticoError('passkey_invalid');
      const newCounter = await this.#checked(async () => {
        const { verifyAuthenticationResponse } = await webAuthn();
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: response as unknown as AuthenticationResponseJSON, expectedChallenge: challenge.challenge, expectedOrigin: site.origin, expectedRPID: site.rpId,
          credential: { id: row.credential_id, publicKey: new Uint8Array(row.public_key), counter: row.counter }, requireUserVerification: true,
        });
        return verified ? authenticationInfo.newCounter : undefined;
      });
      return this.#db.transaction(() => {
        // Removed, or used by a copy, while this one was being looked at.
        const { changes } = this.#db.run('UPDATE passkey SET counter = ?, last_used_at_ms = ? WHERE id = ? AND counter = ?', newCounter, this.#clock.now(), row.id, row.counter);
        if (changes !== 1) throw new PorticoError('passkey_invalid');
        return signIn(row.staff_id);
      });
    } catch (error) {
      if (row !== undefined && isPorticoError(error, 'passkey_invalid')) {
        this.#audit.record('sign_in_failed', { staffId: null, deviceId }, { detail: { how: 'passkey', staffId: row.staff_id } });
      }
      throw error;
    }
  }

  /** A challenge works once, whatever comes of it. */
  #take(key: string, rpId: string): Challenge | null {
    const challenge = this.#challenges.get(key);
    this.#challenges.delete(key);
    const now = this.#clock.now();
    const holds = challenge !== undefined && challenge.rpId === rpId && challenge.expiresAtMs > now && challenge.expiresAtMs <= now + CHALLENGE_TTL_MS;
    return holds ? challenge : null;
  }

  /** The library throws for whatever does not fit; what exactly is nobody's business. @throws PorticoError passkey_invalid */
  async #checked<T>(work: () => Promise<T | undefined>): Promise<T> {
    try {
      const result = await work();
      if (result !== undefined) return result;
    } catch (error) {
      if (isPorticoError(error)) throw error;
    }
    throw new PorticoError('passkey_invalid');
  }

  #insert(id: string, staffId: string, name: string, rpId: string, credential: WebAuthnCredential): void {
    try {
      this.#db.run(
        'INSERT INTO passkey (id, staff_id, name, credential_id, rp_id, public_key, counter, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        id, staffId, name.trim(), credential.id, rpId, Buffer.from(credential.publicKey), credential.counter, this.#clock.now());
    } catch (error) {
      if (isUniqueViolation(error, 'passkey.credential_id')) throw new PorticoError('passkey_invalid'); // somebody's already
      throw error;
    }
  }

  #handleOf(staffId: string): Buffer {
    this.#db.run('INSERT INTO passkey_user (staff_id, handle) VALUES (?, ?) ON CONFLICT DO NOTHING', staffId, randomBytes(32));
    return this.#db.get<{ handle: Buffer }>('SELECT handle FROM passkey_user WHERE staff_id = ?', staffId)!.handle;
  }

  /** Discoverable credentials name their user; it has to be the one the credential is kept for. */
  #handleFits(staffId: string, response: WebAuthnJson): boolean {
    const said = (response['response'] as { userHandle?: unknown } | undefined)?.userHandle;
    return typeof said === 'string' && Buffer.from(said, 'base64url').equals(this.#handleOf(staffId));
  }

  /** Since `registrationOptions`, and not forgotten meanwhile. */
  #isKnown(staffId: string): boolean {
    return this.#db.get('SELECT 1 FROM passkey_user WHERE staff_id = ?', staffId) !== undefined;
  }
}

/**
 * None is asked for, and one that comes all the same is refused unread: to check a certificate the library would ask the
 * address written in it whether it was revoked, and the box connects to nobody.
 */
async function refuseCertificates(response: WebAuthnJson): Promise<void> {
  const { decodeAttestationObject, isoBase64URL } = await import('@simplewebauthn/server/helpers');
  const attestation = decodeAttestationObject(isoBase64URL.toBuffer((response['response'] as { attestationObject: string }).attestationObject));
  const format = attestation.get('fmt');
  if (format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined)) return;
  throw new PorticoError('passkey_invalid');
}
