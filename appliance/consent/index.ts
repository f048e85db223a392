import { randomUUID } from 'node:crypto';
import {
  LANGUAGES, NOTICE_FIELDS, PURPOSES,
  type Consent as ConsentRecord, type ConsentEvidence, type ConsentRequest, type Deletion, type Language, type Notice, type Purpose, type WithdrawalReceipt,
} from '../contract/index.js';
import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { builtInNotice, hashSections, MAX_TERM_DAYS, toSections } from './notice.js';
import { ConsentProof } from './proof.js';
import { readEvidence } from './record.js';

export type { ConsentProof } from './proof.js';

/** What has to be deleted because consent ended: all that was made of the face, or what rested on some purposes alone. */
export interface Ending { customerId: string; scope: Deletion['scope']; reason: Deletion['reason']; purposes: readonly Purpose[] }
/** Who sees to that. */
export interface Deletions {
  /** Inside the transaction that ends the consent; the rest follows right after the commit. @returns the deletion's id */
  begin(ending: Ending): string;
  byId(id: string): Deletion;
}

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
  #deletions: Deletions | null = null;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
    this.#timeZone = deps.timeZone;
  }

  /** Who deletes what rests on a consent, or on a purpose of it. Must be given before any consent ends. */
  deleteWith(deletions: Deletions): void {
    this.#deletions = deletions;
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
   * purpose back: what rested on it is deleted right after.
   * @throws PorticoError consent_notice_outdated, consent_purpose_missing, consent_guardian_required,
   *   consent_signature_empty, consent_term_invalid, customer_not_found
   */
  grant(customerId: string, request: ConsentRequest, by: { staffId: string; deviceId: string }): ConsentRecord {
    const notice = this.currentNotice();
    if (request.noticeId !== notice.id) throw new PorticoError('consent_notice_outdated');
    if (!request.purposes.includes('recognise')) throw new PorticoError('consent_purpose_missing');
    if (!request.ageConfirmed) throw new PorticoError('consent_guardian_required');
    if (!isDrawn(request.signature)) throw new PorticoError('consent_signature_empty');
    const now = this.#clock.now();
    const lastDay = toDay(now + notice.maxTermDays * 86_400_000, this.#timeZone);
    if (!isCalendarDay(request.validUntil) || request.validUntil < toDay(now, this.#timeZone) || request.validUntil > lastDay) {
      throw new PorticoError('consent_term_invalid', { lastDay });
    }
    const id = randomUUID();
    let takenBack = false;
    return this.#db.transaction(() => {
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
      if (takenBack) this.#narrow(customerId, request.purposes, by);
      return this.history(customerId)[0]!; // templates stay: the new consent covers recognition too
    });
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
   * Ends the consent, or purposes of it alone; what rested on them is deleted right after, over a restart too.
   * @param by the box itself: the customer over their own link
   * @param purposes which; `recognise` among them, or none named: all, because the others rest on it
   * @throws PorticoError consent_not_active when nothing of it holds
   */
  withdraw(customerId: string, by: Actor = THE_BOX, purposes: readonly Purpose[] = PURPOSES): WithdrawalReceipt {
    const now = this.#clock.now();
    const { deletionId, purposesLeft } = this.#db.withReserve(() => this.#db.transaction(() => {
      const active = this.#active(customerId);
      const given = active === undefined ? [] : this.#purposes(active.id);
      const left = purposes.includes('recognise') ? [] : given.filter((purpose) => !purposes.includes(purpose));
      if (active === undefined || left.length === given.length) throw new PorticoError('consent_not_active');
      if (left.length === 0) return { purposesLeft: left, deletionId: this.#end(active.id, customerId, 'withdrawn', now, by) };
      this.#takeBack(active.id, given.filter((purpose) => !left.includes(purpose)), now);
      return { purposesLeft: left, deletionId: this.#narrow(customerId, left, by) };
    }));
    const deletion = this.#deletionsOf().byId(deletionId);
    return {
      customerId, withdrawnAt: toInstant(now), templatesDeleted: deletion.templatesDeleted, purposesLeft, deletion, receipt: null, receiptUrl: null,
    };
  }

  /**
   * For merging dossiers: the consent given under the one that goes ends as `replaced`, with all that rested on it.
   * @param merge does the merging in one transaction and calls `end` inside it, before anything moves
   */
  endForMerge(customerId: string, merge: (end: () => void) => void): void {
    merge(() => { this.endFor(customerId, 'merged'); });
  }

  /** Ends the consent, if there is one, inside the caller's transaction. */
  endFor(customerId: string, reason: 'merged' | 'erased', by: Actor = THE_BOX): void {
    const active = this.#active(customerId);
    if (active !== undefined) this.#end(active.id, customerId, reason === 'merged' ? 'replaced' : 'withdrawn', this.#clock.now(), by, reason);
  }

  /** A restored database brought back what had ended: ends it again. Inside the transaction that deletes again what rested on it. */
  endAgain({ customerId, scope, reason, purposes }: Ending): void {
    const active = this.#active(customerId);
    if (active === undefined) return;
    const now = this.#clock.now();
    if (scope === 'purposes') this.#takeBack(active.id, purposes, now);
    else this.#markEnded(active.id, reason === 'expired' ? 'expired' : reason === 'merged' ? 'replaced' : 'withdrawn', now);
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
    for (const { id, customer_id } of due) {
      this.#db.withReserve(() => this.#db.transaction(() => this.#end(id, customer_id, 'expired', now, THE_BOX, 'expired')));
    }
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

  /** One consent with all that proves it, for papers. @throws PorticoError consent_not_found */
  recordOf(consentId: string): ConsentEvidence {
    const evidence = readEvidence(this.#db, consentId);
    return { ...this.history(evidence.customerId).find(({ id }) => id === consentId)!, ...evidence };
  }

  /** What the consent that holds today covers; null: there is none. */
  #valid(customerId: string): ReadonlySet<Purpose> | null {
    const active = this.#active(customerId);
    if (active === undefined || active.valid_until < toDay(this.#clock.now(), this.#timeZone)) return null;
    return new Set(this.#purposes(active.id));
  }

  #active(customerId: string): ActiveRow | undefined {
    return this.#db.get<ActiveRow>('SELECT id, valid_until FROM consent WHERE customer_id = ? AND ended_at_ms IS NULL', customerId);
  }

  /** Those that were signed and not withdrawn alone. */
  #purposes(consentId: string): Purpose[] {
    return this.#db.all<{ purpose: Purpose }>('SELECT purpose FROM consent_purpose WHERE consent_id = ? AND withdrawn_at_ms IS NULL ORDER BY rowid', consentId)
      .map((row) => row.purpose);
  }

  #markEnded(consentId: string, reason: EndReason, now: number): void {
    this.#db.run('UPDATE consent SET ended_at_ms = ?, end_reason = ? WHERE id = ?', now, reason, consentId);
  }

  /** Inside a transaction. @returns the deletion's id */
  #narrow(customerId: string, left: readonly Purpose[], by: Actor = THE_BOX): string {
    const ended = PURPOSES.filter((purpose) => !left.includes(purpose));
    const deletionId = this.#deletionsOf().begin({ customerId, scope: 'purposes', reason: 'narrowed', purposes: ended });
    this.#audit.record('consent_narrowed', by, { customerId, detail: { purposesLeft: left.join(' '), deletionId } });
    this.#db.afterCommit(() => this.#events.emit('consentNarrowed', { customerId }));
    return deletionId;
  }

  #takeBack(consentId: string, purposes: readonly Purpose[], now: number): void {
    for (const purpose of purposes) {
      this.#db.run('UPDATE consent_purpose SET withdrawn_at_ms = ? WHERE consent_id = ? AND purpose = ? AND withdrawn_at_ms IS NULL', now, consentId, purpose);
    }
  }

  /** Inside a transaction. @returns the deletion's id */
  #end(consentId: string, customerId: string, endReason: EndReason, now: number, by: Actor, reason: Deletion['reason'] = 'withdrawn'): string {
    this.#markEnded(consentId, endReason, now);
    const deletionId = this.#deletionsOf().begin({ customerId, scope: 'face', reason, purposes: PURPOSES });
    this.#audit.record('consent_ended', by, { customerId, detail: { consentId, reason, deletionId } });
    this.#db.afterCommit(() => this.#events.emit('consentEnded', { customerId }));
    return deletionId;
  }

  #deletionsOf(): Deletions {
    if (this.#deletions === null) throw new Error('deleteWith was not called');
    return this.#deletions;
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
