import { randomUUID } from 'node:crypto';
import {
  PURPOSES,
  type Consent as ConsentRecord, type ConsentEvidence, type ConsentRequest, type Deletion, type Language, type Notice, type Purpose, type Refusal,
  type RetentionKind, type SealedEvidence, type Signature, type WithdrawalReceipt,
} from '../contract/index.js';
import { THE_BOX, type Actor, type Audit } from '../audit/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { isCalendarDay, isUnder14, lastDayOfGuardian } from './guardian.js';
import { LinkTokens } from './link.js';
import { Notices } from './notices.js';
import { ConsentProof } from './proof.js';
import { COOL_OFF_MS, Refusals } from './refusals.js';
import { sealOf, Seals, type SealedRow } from './seal.js';

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
interface ActiveRow { id: string; valid_until: string; child_birth_day: string | null; outdated: number }

/** After its consent ended, a customer's own link still shows the receipt for this long. */
const LINK_READABLE_MS = 30 * 86_400_000;
/** Whether a notice after this consent's changed materially. */
const OUTDATED = 'EXISTS (SELECT 1 FROM notice AS later WHERE later.material = 1 AND later.version > notice.version)';

/** One kind of rows with a term. */
export interface RetentionItem {
  kind: RetentionKind;
  count(): number;
  /** Deletes what was over before this instant, ms since 1970. @returns how many */
  deleteBefore(ms: number): number;
}

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
  /** Versions and the draft. */
  readonly notices: Notices;
  readonly refusals: Refusals;
  readonly #seals: Seals;
  readonly #links: LinkTokens;
  #deletions: Deletions | null = null;
  #isRestricted: (customerId: string) => boolean = () => false;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
    this.#timeZone = deps.timeZone;
    this.notices = new Notices(deps);
    this.refusals = new Refusals(deps);
    this.#seals = new Seals({ ...deps, notices: this.notices });
    this.#links = new LinkTokens(deps);
  }

  /** Who deletes what rests on a consent, or on a purpose of it. Must be given before any consent ends. */
  deleteWith(deletions: Deletions): void {
    this.#deletions = deletions;
  }

  /** While this says yes of a customer, nothing may rest on their consent and they are not asked for another. */
  restrictWith(isRestricted: (customerId: string) => boolean): void {
    this.#isRestricted = isRestricted;
  }

  /** What has to be done at each start: the built-in notice, unless the store has its own, and seals for what has none yet. */
  prepare(storeName: string): void {
    this.notices.publishBuiltIn(storeName);
    this.#seals.sealLate();
  }

  /** The notice that has to be shown now: the newest version. */
  currentNotice(): Notice {
    return this.notices.current();
  }

  /**
   * The customer is about to be asked: written down.
   * @returns the notice to show
   * @throws PorticoError customer_not_found, customer_restricted, consent_cool_off {notBefore}
   */
  ask(customerId: string, by: Actor): Notice {
    this.#mayBeAsked(customerId, by);
    this.#audit.record('consent_asked', by, { customerId });
    return this.currentNotice();
  }

  /** The customer said no, and is left alone from now on. A consent that holds goes on. @throws PorticoError customer_not_found */
  refuse(customerId: string, by: Actor): Refusal {
    this.#mustExist(customerId);
    return this.refusals.record(customerId, by);
  }

  /**
   * Records a signed consent and seals it; a former one of the same customer is replaced. Signing again without a purpose takes
   * that purpose back: what rested on it is deleted right after. A former one that has run out is not replaced but ends first,
   * with all that rested on it.
   * @throws PorticoError consent_notice_outdated, consent_purpose_missing, consent_guardian_required, consent_guardian_invalid,
   *   consent_signature_empty, consent_term_invalid {lastDay}, customer_not_found, customer_restricted, consent_cool_off {notBefore}
   */
  grant(customerId: string, request: ConsentRequest, by: { staffId: string; deviceId: string }): ConsentRecord {
    const notice = this.currentNotice();
    this.#mayBeAsked(customerId, by);
    this.#check(request, notice);
    const now = this.#clock.now();
    const today = toDay(now, this.#timeZone);
    if ((this.#active(customerId)?.valid_until ?? today) < today) this.expireDue();
    const childBirthDay = this.#active(customerId)?.child_birth_day ?? null;
    if (request.guardian === undefined && childBirthDay !== null && isUnder14(childBirthDay, today)) throw new PorticoError('consent_guardian_required');
    const row: SealedRow = {
      id: randomUUID(), customer_id: customerId, notice_id: notice.id, notice_hash: notice.hash, language: request.language, given_at_ms: now,
      valid_until: request.validUntil, staff_id: by.staffId, device_id: by.deviceId, signature: JSON.stringify(request.signature),
      purposes_given: request.purposes.join(','), guardian_name: request.guardian?.name ?? null,
      guardian_relation: request.guardian?.relation ?? null, child_birth_day: request.guardian?.childBirthDay ?? null,
    };
    let takenBack = false;
    return this.#db.transaction(() => {
      const former = this.#active(customerId);
      if (former !== undefined) {
        this.#markEnded(former.id, 'replaced', now);
        this.#audit.record('consent_ended', by, { customerId, detail: { consentId: former.id, reason: 'replaced' } });
        takenBack = this.#purposes(former.id).some((purpose) => !request.purposes.includes(purpose));
      }
      this.#insert(row, by);
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

  /**
   * The vault is lost: which deletions and withdrawals came after the database was copied nobody knows any more, so no consent may be
   * relied on. What rests on them is the caller's to delete. @returns whose consents ended
   */
  endAll(): string[] {
    return this.#db.transaction(() => {
      const holding = this.#db.all<{ id: string; customer_id: string }>('SELECT id, customer_id FROM consent WHERE ended_at_ms IS NULL');
      for (const { id, customer_id } of holding) {
        this.#markEnded(id, 'expired', this.#clock.now());
        this.#audit.record('consent_ended', THE_BOX, { customerId: customer_id, detail: { consentId: id, reason: 'vault_lost' } });
      }
      return holding.map(({ customer_id }) => customer_id);
    });
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
    return this.#records('customer_id = ?', customerId);
  }

  /** A consent with all that proves it: the notice as it was read and the signature as it was drawn. @throws PorticoError consent_not_found */
  evidence(consentId: string): ConsentEvidence {
    const [consent] = this.#records('consent.id = ?', consentId);
    if (consent === undefined) throw new PorticoError('consent_not_found');
    const row = this.#db.get<{ customer_id: string; notice_id: string; signature: string; device: string; display_name: string }>(
      `SELECT customer_id, notice_id, signature, device.name AS device, display_name FROM consent
       JOIN device ON device.id = device_id JOIN customer ON customer.id = customer_id WHERE consent.id = ?`, consentId)!;
    const { id, hash, publishedAt, sections } = this.notices.byId(row.notice_id);
    const text = sections.filter(({ language }) => language === consent.language).map(({ field, text }) => ({ field, text }));
    return {
      ...consent, customerId: row.customer_id, displayName: row.display_name, device: row.device, notice: { id, hash, publishedAt, text },
      signature: JSON.parse(row.signature) as Signature,
    };
  }

  /**
   * A link for the customer's own phone, for the consent that holds now.
   * @throws PorticoError consent_not_active
   */
  makeLink(customerId: string, by: Actor): { token: string; validUntil: string } {
    const active = this.#active(customerId);
    if (active === undefined) throw new PorticoError('consent_not_active');
    const token = this.linkToken(active.id);
    this.#audit.record('consent_link_made', by, { customerId, detail: { consentId: active.id } });
    return { token, validUntil: active.valid_until };
  }

  /** The secret of that link: the same each time. */
  linkToken(consentId: string): string {
    return this.#links.make(consentId);
  }

  /** All consents of this moment with all that proves them, read one by one: for the audit pack. */
  allEvidence(): Iterable<SealedEvidence> {
    const ids = this.#db.all<{ id: string }>('SELECT id FROM consent ORDER BY given_at_ms, id');
    const read = (id: string): SealedEvidence | null => {
      const row = this.#db.get<{ purposes_given: string; staff_id: string; device_id: string }>('SELECT purposes_given, staff_id, device_id FROM consent WHERE id = ?', id);
      if (row === undefined) return null; // deleted since the list was read
      return { ...this.evidence(id), sealed: { purposes: row.purposes_given.split(',') as Purpose[], staffId: row.staff_id, deviceId: row.device_id } };
    };
    function* entries(): Generator<SealedEvidence> {
      for (const { id } of ids) {
        const consent = read(id);
        if (consent !== null) yield consent;
      }
    }
    return entries();
  }

  /**
   * What a customer's own link opens: one consent, and nothing else of the dossier.
   * @returns `narrowed`: something of it was taken back alone
   * @throws PorticoError consent_link_invalid for a guessed, foreign or old one alike
   */
  byLink(token: string): { customerId: string; displayName: string; consent: ConsentRecord; notice: Notice; narrowed: boolean } {
    const consentId = this.#links.read(token);
    const row = consentId === null ? undefined : this.#db.get<{
      customer_id: string; notice_id: string; display_name: string; purposes_given: string; ended_at_ms: number | null;
    }>(
      `SELECT customer_id, notice_id, display_name, purposes_given, ended_at_ms FROM consent JOIN customer ON customer.id = customer_id WHERE consent.id = ?`, consentId);
    if (consentId === null || row === undefined || (row.ended_at_ms !== null && this.#clock.now() > row.ended_at_ms + LINK_READABLE_MS)) {
      throw new PorticoError('consent_link_invalid');
    }
    const consent = this.#records('consent.id = ?', consentId)[0]!;
    const narrowed = consent.purposes.length < row.purposes_given.split(',').length;
    return { customerId: row.customer_id, displayName: row.display_name, consent, notice: this.notices.byId(row.notice_id), narrowed };
  }

  /** Holds every consent against its seal and the audit chain. @returns how many, and the ids of those that were changed */
  verifySeals(): Promise<{ checked: number; broken: string[] }> {
    return this.#seals.verify();
  }

  /**
   * Deletes all records of a customer's consents and refusals, strokes and guardians included; for the deletion of the whole
   * dossier, after the consent has ended. Safe to repeat. The caller empties the log.
   * @returns how many rows went
   */
  eraseRecords(customerId: string): number {
    return this.#db.transaction(() => {
      if (this.#active(customerId) !== undefined) throw new Error('the consent must end before its record goes');
      return this.#deleteConsents('customer_id = ?', customerId) + this.#db.run('DELETE FROM refusal WHERE customer_id = ?', customerId).changes;
    });
  }

  /** What has a term of its own here, and how its old rows are deleted. Of refusals never one that still counts. */
  readonly retention: readonly RetentionItem[] = [
    {
      kind: 'consent_records', count: () => this.#count('consent'),
      deleteBefore: (ms) => this.#db.transaction(() => this.#deleteConsents('ended_at_ms < ?', ms)),
    },
    {
      kind: 'refusals', count: () => this.#count('refusal'),
      deleteBefore: (ms) => this.#db.run('DELETE FROM refusal WHERE refused_at_ms < ?', Math.min(ms, this.#clock.now() - COOL_OFF_MS)).changes,
    },
  ];

  /** How many consents hold, how many of these end within 30 days, and how many were withdrawn since the year began. */
  counts(): { holding: number; outdated: number; endingSoon: number; withdrawnThisYear: number } {
    const today = toDay(this.#clock.now(), this.#timeZone);
    const soon = toDay(this.#clock.now() + 30 * 86_400_000, this.#timeZone);
    const holding = this.#db.get<{ holding: number; outdated: number; endingSoon: number }>(
      `SELECT count(*) AS holding, coalesce(sum(${OUTDATED}), 0) AS outdated, coalesce(sum(valid_until <= ?), 0) AS endingSoon
       FROM consent JOIN notice ON notice.id = notice_id WHERE ended_at_ms IS NULL AND valid_until >= ?`, soon, today)!;
    const withdrawn = this.#db.all<{ ended_at_ms: number }>(
      `SELECT ended_at_ms FROM consent WHERE end_reason = 'withdrawn' AND ended_at_ms >= ?`, this.#clock.now() - 367 * 86_400_000)
      .filter((row) => toDay(row.ended_at_ms, this.#timeZone).slice(0, 4) === today.slice(0, 4)).length;
    return { ...holding, withdrawnThisYear: withdrawn };
  }

  /** What the consent that holds today covers; null: there is none. */
  #valid(customerId: string): ReadonlySet<Purpose> | null {
    const active = this.#active(customerId);
    if (active === undefined || active.outdated === 1 || active.valid_until < toDay(this.#clock.now(), this.#timeZone)) return null;
    return this.#isRestricted(customerId) ? null : new Set(this.#purposes(active.id));
  }

  #active(customerId: string): ActiveRow | undefined {
    return this.#db.get<ActiveRow>(
      `SELECT consent.id, valid_until, child_birth_day, ${OUTDATED} AS outdated FROM consent JOIN notice ON notice.id = notice_id
       WHERE customer_id = ? AND ended_at_ms IS NULL`, customerId);
  }

  /** @throws PorticoError as `grant`, for what is wrong with the request itself */
  #check(request: ConsentRequest, notice: Notice): void {
    const { guardian } = request;
    const now = this.#clock.now();
    const today = toDay(now, this.#timeZone);
    if (request.noticeId !== notice.id) throw new PorticoError('consent_notice_outdated');
    if (!request.purposes.includes('recognise')) throw new PorticoError('consent_purpose_missing');
    if (!request.ageConfirmed && guardian === undefined) throw new PorticoError('consent_guardian_required');
    if (guardian !== undefined && (request.ageConfirmed || !isUnder14(guardian.childBirthDay, today))) throw new PorticoError('consent_guardian_invalid');
    if (!isDrawn(request.signature)) throw new PorticoError('consent_signature_empty');
    const longest = toDay(now + notice.maxTermDays * 86_400_000, this.#timeZone);
    const ofGuardian = lastDayOfGuardian(guardian);
    const lastDay = ofGuardian !== null && ofGuardian < longest ? ofGuardian : longest;
    if (!isCalendarDay(request.validUntil) || request.validUntil < today || request.validUntil > lastDay) throw new PorticoError('consent_term_invalid', { lastDay });
  }

  #mayBeAsked(customerId: string, by: Actor): void {
    this.#mustExist(customerId);
    if (this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
    this.refusals.guard(customerId, by);
  }

  #mustExist(customerId: string): void {
    if (this.#db.get('SELECT 1 FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId) === undefined) throw new PorticoError('customer_not_found');
  }

  #insert(row: SealedRow, by: Actor): void {
    const seal = sealOf(row);
    this.#db.run(
      `INSERT INTO consent (id, customer_id, notice_id, notice_hash, language, given_at_ms, valid_until, staff_id, device_id, signature, purposes_given,
         guardian_name, guardian_relation, child_birth_day, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.id, row.customer_id, row.notice_id, row.notice_hash, row.language, row.given_at_ms, row.valid_until, row.staff_id, row.device_id, row.signature,
      row.purposes_given, row.guardian_name, row.guardian_relation, row.child_birth_day, seal);
    for (const purpose of row.purposes_given.split(',')) this.#db.run('INSERT INTO consent_purpose (consent_id, purpose) VALUES (?, ?)', row.id, purpose);
    this.#seals.record(row, seal, by);
  }

  #records(filter: 'customer_id = ?' | 'consent.id = ?', value: string): ConsentRecord[] {
    return this.#db.all<{
      id: string; version: number; language: Language; given_at_ms: number; valid_until: string; ended_at_ms: number | null;
      end_reason: EndReason | null; witness: string; guardian_name: string | null; guardian_relation: string | null; seal: string | null; outdated: number;
    }>(
      `SELECT consent.id, notice.version, consent.language, given_at_ms, valid_until, ended_at_ms, end_reason, staff.name AS witness,
         guardian_name, guardian_relation, seal, ended_at_ms IS NULL AND ${OUTDATED} AS outdated
       FROM consent JOIN notice ON notice.id = notice_id JOIN staff ON staff.id = consent.staff_id
       WHERE ${filter} ORDER BY given_at_ms DESC, consent.rowid DESC`, value,
    ).map((row) => ({
      id: row.id, noticeVersion: row.version, language: row.language, purposes: this.#purposes(row.id),
      givenAt: toInstant(row.given_at_ms), validUntil: row.valid_until,
      endedAt: row.ended_at_ms === null ? null : toInstant(row.ended_at_ms), endReason: row.end_reason, witness: row.witness,
      guardian: row.guardian_name === null ? null : { name: row.guardian_name, relation: row.guardian_relation ?? '' },
      seal: row.seal, outdated: row.outdated === 1,
    }));
  }

  #deleteConsents(filter: 'customer_id = ?' | 'ended_at_ms < ?', value: string | number): number {
    this.#db.run(`DELETE FROM consent_purpose WHERE consent_id IN (SELECT id FROM consent WHERE ${filter})`, value);
    return this.#db.run(`DELETE FROM consent WHERE ${filter}`, value).changes;
  }

  #count(table: 'consent' | 'refusal'): number {
    return this.#db.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`)!.rows;
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
    this.#audit.record('consent_narrowed', by, { customerId, detail: { consentId: this.#active(customerId)?.id ?? null, purposesLeft: left.join(' '), deletionId } });
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
