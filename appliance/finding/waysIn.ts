import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { FoundBy, OwnMemberCode, Product, Tag } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { isMobile, PorticoError, toInstant, type Clock } from '../kit/index.js';
import { isUniqueViolation, movableRows, type Database, type MovableRows } from '../storage/index.js';
import { fromBase32, MEMBER_CODE, prefixOf, readMemberCode, stepOf, toBase32 } from './memberCode.js';
import { byPhone, headsOf, lineOf, type FoundLine } from './search.js';
import { digitsOf } from './words.js';

/** 160 bits: as long as a key of a shorter hash, shorter than one of SHA-256 (RFC 4226, 4 asks for 128 at least); the QR stays small. */
const SECRET_BYTES = 20;
const HANDLE_BYTES = 10;
/** HMAC-SHA256 cut to 160 bits, as in the links of consents. */
const MAC_BYTES = 20;
const TOKEN = /^[A-Za-z0-9_-]{40}$/;

export type Scanned = { kind: 'customer'; by: FoundBy; customer: FoundLine } | { kind: 'choose'; by: FoundBy; customers: FoundLine[] } | { kind: 'product'; product: Product };
interface CodeRow { customer_id: string; handle: string; secret: Buffer; made_at_ms: number; last_step: number }

/** Ways in without a face: member codes, tags, numbers. */
export class WaysIn {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #keyFor: (purpose: string) => string;
  #isRestricted: (customerId: string) => boolean = () => false;
  #productByCode: (code: string) => Product | null = () => null;
  /** Tags go along with a merge. */
  readonly rows: MovableRows;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; keyFor: (purpose: string) => string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#keyFor = deps.keyFor;
    this.rows = movableRows(deps.db, 'customer_tag');
  }

  /** While this says yes, a customer gets no tag and no member code. */
  restrictWith(isRestricted: (customerId: string) => boolean): void {
    this.#isRestricted = isRestricted;
  }

  productsFrom(productByCode: (code: string) => Product | null): void {
    this.#productByCode = productByCode;
  }

  // ---- Scanning --------------------------------------------------------------------------------------------------

  /**
   * Whose it is, or what. A member code counts once.
   * @param tell called in the same transaction when it is one customer's
   * @throws PorticoError scan_unknown, member_code_expired
   */
  scan(scan: string, tell: (customerId: string, by: FoundBy) => void): Scanned {
    return this.#db.transaction(() => {
      const found = this.#scanned(scan);
      if (found.kind === 'customer') tell(found.customer.id, found.by);
      return found;
    });
  }

  #scanned(scan: string): Scanned {
    const text = scan.normalize('NFKC').trim();
    const code = readMemberCode(text);
    if (code !== null) return this.#person('member_code', [this.#useCode(code)])!;
    const tag = this.#db.get<{ id: string }>('SELECT customer_id AS id FROM customer_tag WHERE hash = ?', this.#hashOf(text));
    const member = this.#db.get<{ id: string }>('SELECT id FROM customer WHERE member_no = ?', text);
    const digits = digitsOf(text);
    const found = this.#person('tag', tag === undefined ? [] : [tag.id]) ?? this.#person('member_no', member === undefined ? [] : [member.id])
      ?? this.#person('phone', digits === null ? [] : byPhone(this.#db, digits));
    if (found !== null) return found;
    const product = this.#productByCode(text);
    if (product !== null) return { kind: 'product', product };
    throw new PorticoError('scan_unknown');
  }

  #person(by: FoundBy, ids: readonly string[]): Scanned | null {
    const lines = new Map(headsOf(this.#db, ids).map((head) => [head.id, lineOf(head, null)]));
    const [customer, ...others] = [...lines.values()];
    if (customer === undefined) return null;
    return others.length === 0 ? { kind: 'customer', by, customer } : { kind: 'choose', by, customers: [customer, ...others] };
  }

  /** @returns the customer's id @throws PorticoError scan_unknown, member_code_expired: wrong, too old, or used before */
  #useCode({ handle, digits }: { handle: string; digits: string }): string {
    const row = this.#db.get<CodeRow>('SELECT * FROM member_code WHERE handle = ?', handle);
    if (row === undefined) throw new PorticoError('scan_unknown');
    const step = stepOf(row.secret, digits, this.#clock.now(), row.last_step);
    if (step === null) throw new PorticoError('member_code_expired');
    this.#db.run('UPDATE member_code SET last_step = ? WHERE customer_id = ?', step, row.customer_id);
    return row.customer_id;
  }

  // ---- Tags ------------------------------------------------------------------------------------------------------

  /** Oldest first. */
  tagsOf(customerId: string): Tag[] {
    return this.#db.all<{ id: string; label: string | null; at_ms: number; name: string }>(
      'SELECT customer_tag.id, label, at_ms, staff.name FROM customer_tag JOIN staff ON staff.id = staff_id WHERE customer_id = ? ORDER BY at_ms, customer_tag.rowid', customerId)
      .map((row) => ({ id: row.id, label: row.label, at: toInstant(row.at_ms), by: row.name }));
  }

  /** The same tag for the same customer again changes nothing. @throws PorticoError customer_not_found, customer_merged, customer_restricted, tag_taken, tag_is_other: every scan of that would lead here */
  addTag(customerId: string, tag: string, label: string | null, staffId: string): Tag {
    return this.#db.transaction(() => {
      this.#requireOpen(customerId);
      const text = tag.normalize('NFKC').trim();
      const hash = this.#hashOf(text);
      if (readMemberCode(text) !== null || isMobile(text) || this.#productByCode(text) !== null) throw new PorticoError('tag_is_other');
      const member = this.#db.get<{ id: string }>('SELECT id FROM customer WHERE member_no = ?', text);
      if (member !== undefined && !this.#family(customerId).includes(member.id)) throw new PorticoError('tag_taken');
      try {
        this.#db.run('INSERT INTO customer_tag (id, customer_id, hash, label, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
          randomUUID(), customerId, hash, label?.trim() ?? null, staffId, this.#clock.now());
      } catch (error) {
        if (!isUniqueViolation(error, 'customer_tag.hash')) throw error;
      }
      const row = this.#db.get<{ id: string; customer_id: string }>('SELECT id, customer_id FROM customer_tag WHERE hash = ?', hash)!;
      if (row.customer_id !== customerId) throw new PorticoError('tag_taken');
      this.#tell(customerId);
      return this.tagsOf(customerId).find(({ id }) => id === row.id)!;
    });
  }

  /** @returns whose it was @throws PorticoError tag_not_found */
  removeTag(tagId: string): string {
    return this.#db.transaction(() => {
      const row = this.#db.get<{ customer_id: string }>('SELECT customer_id FROM customer_tag WHERE id = ?', tagId);
      if (row === undefined) throw new PorticoError('tag_not_found');
      this.#db.run('DELETE FROM customer_tag WHERE id = ?', tagId);
      this.#tell(row.customer_id);
      return row.customer_id;
    });
  }

  /** A reader types a tag in capitals or not, as it is set up. */
  #hashOf(tag: string): Buffer {
    return createHmac('sha256', this.#key('customer tags')).update(tag.toUpperCase()).digest();
  }

  // ---- Member codes ----------------------------------------------------------------------------------------------

  /** Since when; null: has none. Of a dossier that was merged into this one too. */
  memberCodeSince(customerId: string): string | null {
    const rows = this.#family(customerId).flatMap((id) => this.#db.all<{ made_at_ms: number }>('SELECT made_at_ms FROM member_code WHERE customer_id = ?', id));
    return rows.length === 0 ? null : toInstant(Math.max(...rows.map(({ made_at_ms }) => made_at_ms)));
  }

  /**
   * A new secret; the one before is worth nothing from now on, so that a lost phone is.
   * @returns the secret of the link, which nobody can ask for again
   * @throws PorticoError customer_not_found, customer_merged, customer_restricted
   */
  makeMemberCode(customerId: string): { token: string; madeAt: string } {
    return this.#db.transaction(() => {
      this.#requireOpen(customerId);
      this.#dropCodes(customerId);
      const handle = toBase32(randomBytes(HANDLE_BYTES));
      const secret = randomBytes(SECRET_BYTES);
      const now = this.#clock.now();
      this.#db.run('INSERT INTO member_code (customer_id, handle, secret, made_at_ms) VALUES (?, ?, ?, ?)', customerId, handle, secret, now);
      this.#tell(customerId);
      return { token: this.#tokenOf(handle, secret), madeAt: toInstant(now) };
    });
  }

  /** Safe to repeat. @returns whether there was one @throws PorticoError customer_not_found, customer_merged */
  endMemberCode(customerId: string): boolean {
    return this.#db.transaction(() => {
      this.#requireHere(customerId);
      this.#tell(customerId);
      return this.#dropCodes(customerId) > 0;
    });
  }

  /** For the customer's own phone. @throws PorticoError member_link_invalid */
  ownMemberCode(token: string, storeName: string): OwnMemberCode {
    const bytes = TOKEN.test(token) ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
    const handle = bytes.length === 0 ? '' : toBase32(bytes.subarray(0, HANDLE_BYTES));
    const row = this.#db.get<CodeRow>('SELECT * FROM member_code WHERE handle = ?', handle);
    if (row === undefined || !timingSafeEqual(bytes.subarray(HANDLE_BYTES), this.#mac(row.handle, row.secret))) throw new PorticoError('member_link_invalid');
    // Its own, also where it went along with a merge; never that of the dossier that stayed, which may be another person's after all.
    const memberNo = this.#db.get<{ no: string | null }>(
      `SELECT coalesce(member_no, (SELECT member_no_moved FROM customer_merge WHERE from_id = customer.id AND undone_at_ms IS NULL)) AS no FROM customer WHERE id = ?`,
      row.customer_id)!.no;
    const { algorithm, digits, period } = MEMBER_CODE;
    return { storeName, memberNo, prefix: prefixOf(row.handle), secret: toBase32(row.secret), digits, periodSeconds: period, algorithm, now: toInstant(this.#clock.now()) };
  }

  /** Handle and proof: 30 bytes. */
  #tokenOf(handle: string, secret: Buffer): string {
    return Buffer.concat([fromBase32(handle), this.#mac(handle, secret)]).toString('base64url');
  }

  #mac(handle: string, secret: Buffer): Buffer {
    return createHmac('sha256', this.#key('member links')).update(handle).update(secret).digest().subarray(0, MAC_BYTES);
  }

  // ---- Inner -----------------------------------------------------------------------------------------------------

  erase(customerId: string): void {
    this.#db.run('DELETE FROM customer_tag WHERE customer_id = ?', customerId);
    this.#db.run('DELETE FROM member_code WHERE customer_id = ?', customerId);
  }

  #dropCodes(customerId: string): number {
    return this.#family(customerId).reduce((sum, id) => sum + this.#db.run('DELETE FROM member_code WHERE customer_id = ?', id).changes, 0);
  }

  #family(customerId: string): string[] {
    return this.#db.all<{ id: string }>(
      `WITH RECURSIVE family (id) AS (VALUES (?) UNION SELECT customer.id FROM customer JOIN family ON merged_into_id = family.id) SELECT id FROM family`, customerId)
      .map(({ id }) => id);
  }

  #requireHere(customerId: string): void {
    const row = this.#db.get<{ into: string | null }>('SELECT merged_into_id AS "into" FROM customer WHERE id = ?', customerId);
    if (row === undefined) throw new PorticoError('customer_not_found');
    if (row.into !== null) throw new PorticoError('customer_merged', { into: row.into });
  }

  #requireOpen(customerId: string): void {
    this.#requireHere(customerId);
    if (this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
  }

  #key(purpose: string): Buffer {
    return Buffer.from(this.#keyFor(purpose), 'hex');
  }

  #tell(customerId: string): void {
    this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
  }
}
