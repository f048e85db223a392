import { randomUUID } from 'node:crypto';
import {
  LANGUAGES, NOTICE_FIELDS,
  type Consent as ConsentRecord, type ConsentRequest, type Language, type Notice, type Purpose, type WithdrawalReceipt,
} from '../contract/index.js';
import type { Audit } from '../audit/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { builtInNotice, hashSections, MAX_TERM_DAYS, toSections } from './notice.js';
import { ConsentProof } from './proof.js';

export type { ConsentProof } from './proof.js';

/** Called inside the transaction that ends a consent; deletes what rested on it and says how many templates went. */
export type OnConsentEnd = (customerId: string) => { templatesDeleted: number };

/** Called inside the transaction that replaces a consent; deletes what rested on purposes that are not among these. */
export type OnConsentReplaced = (customerId: string, purposes: readonly Purpose[]) => void;

type EndReason = NonNullable<ConsentRecord['endReason']>;
interface ActiveRow { id: string; valid_until: string }

/**
 * Notices, grants, withdrawals, expiry. The only maker of a ConsentProof; whoever writes something that needs
 * consent does it inside `withProof`.
 */
export class Consent {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #audit: Audit;
  readonly #timeZone: string;
  #onEnd: OnConsentEnd | null = null;
  #onReplaced: OnConsentReplaced | null = null;
  #isRestricted: (customerId: string) => boolean = () => false;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
    this.#timeZone = deps.timeZone;
  }

  /** What has to be deleted together with a consent, or with a purpose of it. Must be given before any consent ends. */
  deleteWith(onEnd: OnConsentEnd, onReplaced: OnConsentReplaced): void {
    this.#onEnd = onEnd;
    this.#onReplaced = onReplaced;
  }

  /** While this says yes of a customer, nothing may rest on their consent and they are not asked for another. */
  restrictWith(isRestricted: (customerId: string) => boolean): void {
    this.#isRestricted = isRestricted;
  }

  /**
   * Publishes the built-in notice, as a new version whenever the store's name or the text changed. Consents given
   * under an older version keep its version and hash.
   */
  publishNotice(storeName: string): void {
    const sections = toSections(builtInNotice(storeName));
    const hash = hashSections(sections);
    const newest = this.#db.get<{ version: number; hash: string }>('SELECT version, hash FROM notice ORDER BY version DESC LIMIT 1');
    if (newest?.hash === hash) return;
    const id = randomUUID();
    this.#db.transaction(() => {
      this.#db.run('INSERT INTO notice (id, version, hash, max_term_days, published_at_ms) VALUES (?, ?, ?, ?, ?)',
        id, (newest?.version ?? 0) + 1, hash, MAX_TERM_DAYS, this.#clock.now());
      for (const { language, field, text } of sections) {
        this.#db.run('INSERT INTO notice_section (notice_id, language, field, text) VALUES (?, ?, ?, ?)', id, language, field, text);
      }
    });
  }

  /** The notice that has to be shown now: the newest version. */
  currentNotice(): Notice {
    const row = this.#db.get<{ id: string; version: number; hash: string; max_term_days: number; published_at_ms: number }>(
      'SELECT id, version, hash, max_term_days, published_at_ms FROM notice ORDER BY version DESC LIMIT 1');
    if (row === undefined) throw new Error('no notice is published');
    const texts = this.#db.all<{ language: Language; field: (typeof NOTICE_FIELDS)[number]; text: string }>(
      'SELECT language, field, text FROM notice_section WHERE notice_id = ?', row.id);
    const sections = LANGUAGES.flatMap((language) => NOTICE_FIELDS.flatMap((field) =>
      texts.filter((text) => text.language === language && text.field === field)));
    return {
      id: row.id, version: row.version, hash: row.hash, maxTermDays: row.max_term_days,
      publishedAt: toInstant(row.published_at_ms), material: false, sections,
    };
  }

  /**
   * Records a signed consent; a former one of the same customer is replaced. Signing again without a purpose takes that
   * purpose back: what rested on it is deleted in the same transaction, and the log is emptied right after.
   * @throws PorticoError consent_notice_outdated, consent_purpose_missing, consent_guardian_required,
   *   consent_signature_empty, consent_term_invalid, customer_not_found
   */
  grant(customerId: string, request: ConsentRequest, by: { staffId: string; deviceId: string }): ConsentRecord {
    const notice = this.currentNotice();
    if (request.noticeId !== notice.id) throw new PorticoError('consent_notice_outdated');
    if (!request.purposes.includes('recognise')) throw new PorticoError('consent_purpose_missing');
    if (!request.ageConfirmed) throw new PorticoError('consent_guardian_required');
    if (this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
    if (!isDrawn(request.signature)) throw new PorticoError('consent_signature_empty');
    const now = this.#clock.now();
    const lastDay = toDay(now + notice.maxTermDays * 86_400_000, this.#timeZone);
    if (!isCalendarDay(request.validUntil) || request.validUntil < toDay(now, this.#timeZone) || request.validUntil > lastDay) {
      throw new PorticoError('consent_term_invalid', { lastDay });
    }
    const id = randomUUID();
    let takenBack = false;
    const granted = this.#db.transaction(() => {
      if (this.#db.get('SELECT 1 FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId) === undefined) throw new PorticoError('customer_not_found');
      const former = this.#active(customerId);
      if (former !== undefined) {
        this.#markEnded(former.id, 'replaced', now);
        takenBack = this.#purposes(former.id).some((purpose) => !request.purposes.includes(purpose));
      }
      this.#db.run(
        `INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id, customerId, notice.id, notice.hash, request.language, now, request.validUntil, by.staffId, by.deviceId,
        JSON.stringify(request.signature));
      for (const purpose of request.purposes) {
        this.#db.run('INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, ?)', id, purpose);
      }
      if (takenBack) this.#narrow(customerId, request.purposes);
      return this.history(customerId)[0]!; // templates stay: the new consent covers recognition too
    });
    if (takenBack) this.#db.truncateLog();
    return granted;
  }

  /**
   * Looks the consent up and, if it covers the purpose today, runs `use` with a proof, in one transaction.
   * @returns what `use` returned, or null when there is no such consent (nothing was run)
   */
  withProof<T>(customerId: string, purpose: Purpose, use: (proof: ConsentProof) => T): T | null {
    return this.#db.transaction(() => {
      const purposes = this.#valid(customerId);
      return purposes?.has(purpose) === true ? ConsentProof.lend(customerId, purposes, use) : null;
    });
  }

  /** Whether the customer's consent covers a purpose at this moment. For showing; writing needs `withProof`. */
  covers(customerId: string, purpose: Purpose): boolean {
    return this.#valid(customerId)?.has(purpose) ?? false;
  }

  /**
   * Ends the consent and deletes all templates in the same transaction; the log is emptied right after.
   * @throws PorticoError consent_not_active
   */
  withdraw(customerId: string): WithdrawalReceipt {
    const now = this.#clock.now();
    const templatesDeleted = this.#db.transaction(() => {
      const active = this.#active(customerId);
      if (active === undefined) throw new PorticoError('consent_not_active');
      return this.#end(active.id, customerId, 'withdrawn', now);
    });
    this.#db.truncateLog();
    return { customerId, withdrawnAt: toInstant(now), templatesDeleted, purposesLeft: [], deletion: null, receipt: null, receiptUrl: null };
  }

  /**
   * For merging dossiers: the consent given under the one that goes ends as `replaced`, with all that rested on it.
   * @param merge does the merging in one transaction and calls `end` inside it, before anything moves
   */
  endForMerge(customerId: string, merge: (end: () => void) => void): void {
    merge(() => {
      const active = this.#active(customerId);
      if (active !== undefined) this.#end(active.id, customerId, 'replaced', this.#clock.now());
    });
    this.#db.truncateLog();
  }

  /** Whether any consent ever ended. */
  hasEnded(): boolean {
    return this.#db.get('SELECT 1 FROM consent WHERE ended_at_ms IS NOT NULL LIMIT 1') !== undefined;
  }

  /** Ends each consent whose last day is over. @returns how many */
  expireDue(): number {
    const now = this.#clock.now();
    const due = this.#db.all<{ id: string; customer_id: string }>(
      'SELECT id, customer_id FROM consent WHERE ended_at_ms IS NULL AND valid_until < ?', toDay(now, this.#timeZone));
    for (const { id, customer_id } of due) this.#db.transaction(() => this.#end(id, customer_id, 'expired', now));
    if (due.length > 0) this.#db.truncateLog();
    return due.length;
  }

  /** All consents of a customer, newest first. */
  history(customerId: string): ConsentRecord[] {
    return this.#db.all<{
      id: string; version: number; language: Language; given_at_ms: number; valid_until: string;
      ended_at_ms: number | null; end_reason: EndReason | null; witness: string;
    }>(
      `SELECT consent.id, notice.version, consent.language, given_at_ms, valid_until, ended_at_ms, end_reason, staff.name AS witness
       FROM consent JOIN notice ON notice.id = notice_id JOIN staff ON staff.id = staff_id
       WHERE customer_id = ? ORDER BY given_at_ms DESC, consent.rowid DESC`, customerId,
    ).map((row) => ({
      id: row.id, noticeVersion: row.version, language: row.language, purposes: this.#purposes(row.id),
      givenAt: toInstant(row.given_at_ms), validUntil: row.valid_until,
      endedAt: row.ended_at_ms === null ? null : toInstant(row.ended_at_ms), endReason: row.end_reason, witness: row.witness,
      guardian: null, seal: null, outdated: false,
    }));
  }

  /**
   * Deletes all records of a customer's consents, strokes included; for the deletion of the whole dossier, after the consent has
   * ended. The caller empties the log.
   */
  eraseRecords(customerId: string): void {
    this.#db.transaction(() => {
      if (this.#active(customerId) !== undefined) throw new Error('the consent must end before its record goes');
      this.#deleteConsents('customer_id = ?', customerId);
    });
  }

  /** For the retention table: records of consents that ended. */
  readonly retention = [{
    kind: 'consent_records', count: (): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM consent')!.n,
    deleteBefore: (ms: number): number => this.#deleteConsents('ended_at_ms < ?', ms),
  }] as const;

  /** How many consents hold, how many of these end within 30 days, and how many were withdrawn since the year began. */
  counts(): { holding: number; outdated: number; endingSoon: number; withdrawnThisYear: number } {
    const today = toDay(this.#clock.now(), this.#timeZone);
    const soon = toDay(this.#clock.now() + 30 * 86_400_000, this.#timeZone);
    const holding = this.#db.get<{ holding: number; endingSoon: number }>(
      `SELECT count(*) AS holding, coalesce(sum(valid_until <= ?), 0) AS endingSoon FROM consent WHERE ended_at_ms IS NULL AND valid_until >= ?`, soon, today)!;
    const withdrawn = this.#db.all<{ ended_at_ms: number }>(
      `SELECT ended_at_ms FROM consent WHERE end_reason = 'withdrawn' AND ended_at_ms >= ?`, this.#clock.now() - 367 * 86_400_000)
      .filter((row) => toDay(row.ended_at_ms, this.#timeZone).slice(0, 4) === today.slice(0, 4)).length;
    return { ...holding, outdated: 0, withdrawnThisYear: withdrawn };
  }

  /** What the consent that holds today covers; null: there is none. */
  #valid(customerId: string): ReadonlySet<Purpose> | null {
    const active = this.#active(customerId);
    if (active === undefined || active.valid_until < toDay(this.#clock.now(), this.#timeZone)) return null;
    return this.#isRestricted(customerId) ? null : new Set(this.#purposes(active.id));
  }

  #active(customerId: string): ActiveRow | undefined {
    return this.#db.get<ActiveRow>('SELECT id, valid_until FROM consent WHERE customer_id = ? AND ended_at_ms IS NULL', customerId);
  }

  #purposes(consentId: string): Purpose[] {
    return this.#db.all<{ purpose: Purpose }>('SELECT purpose FROM consent_purpose WHERE consent_id = ? ORDER BY rowid', consentId)
      .map((row) => row.purpose);
  }

  #deleteConsents(filter: 'customer_id = ?' | 'ended_at_ms < ?', value: string | number): number {
    this.#db.run(`DELETE FROM consent_purpose WHERE consent_id IN (SELECT id FROM consent WHERE ${filter})`, value);
    return this.#db.run(`DELETE FROM consent WHERE ${filter}`, value).changes;
  }

  #markEnded(consentId: string, reason: EndReason, now: number): void {
    this.#db.run('UPDATE consent SET ended_at_ms = ?, end_reason = ? WHERE id = ?', now, reason, consentId);
  }

  #narrow(customerId: string, purposes: readonly Purpose[]): void {
    if (this.#onReplaced === null) throw new Error('deleteWith was not called');
    this.#onReplaced(customerId, purposes);
    this.#db.afterCommit(() => this.#events.emit('consentNarrowed', { customerId }));
  }

  #end(consentId: string, customerId: string, reason: EndReason, now: number): number {
    if (this.#onEnd === null) throw new Error('deleteWith was not called');
    this.#markEnded(consentId, reason, now);
    const { templatesDeleted } = this.#onEnd(customerId);
    this.#db.afterCommit(() => this.#events.emit('consentEnded', { customerId }));
    return templatesDeleted;
  }
}

/** A signature is drawn when the pen moved: at least 20 CSS pixels of line, so that a tap does not count. */
function isDrawn(signature: ConsentRequest['signature']): boolean {
  let length = 0;
  for (const stroke of signature.strokes) {
    for (let i = 1; i < stroke.length; i++) length += Math.hypot(stroke[i]!.x - stroke[i - 1]!.x, stroke[i]!.y - stroke[i - 1]!.y);
  }
  return length >= 20;
}

/** False for 2026-02-30, which matches the format. */
function isCalendarDay(day: string): boolean {
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}
