import { randomUUID } from 'node:crypto';
import {
  PURPOSES,
  type Consent as ConsentRecord, type ConsentRequest, type Deletion, type Notice, type Purpose, type Refusal, type WithdrawalReceipt,
} from '../contract/index.js';
import { THE_BOX, type Actor, type Audit, type RecordCheck } from '../audit/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, toInstant, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import type { Deletions, Ending } from './ending.js';
import { newestChildBirthDay, withMerged } from './family.js';
import { isUnder14 } from './guardian.js';
import { LinkTokens } from './link.js';
import { Notices } from './notices.js';
import { ConsentProof } from './proof.js';
import { ConsentRecords, type EndReason } from './records.js';
import { Refusals } from './refusals.js';
import { checkRequest } from './request.js';
import { sealOf, Seals, type SealedRow } from './seal.js';

export type { Deletions, Ending } from './ending.js';
export type { ConsentProof } from './proof.js';

/** What rests on these is no face: notes of what somebody likes, and plans to contact them. */
const OUTSIDE_FACE = ['preferences', 'contact'] as const satisfies readonly Purpose[];
type OutsideFace = (typeof OUTSIDE_FACE)[number];

/** After its consent ended, a customer's own link still shows the receipt for this long. */
const LINK_READABLE_MS = 30 * 86_400_000;

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
  /** All that were ever given and are not over their term: for reading. */
  readonly records: ConsentRecords;
  readonly #seals: Seals;
  readonly #links: LinkTokens;
  #deletions: Deletions | null = null;
  #clockIsTrusted: () => boolean = () => true;
  #isRestricted: (customerId: string) => boolean = () => false;
  #rests: (customerId: string) => readonly OutsideFace[] = () => [];

  constructor(deps: { db: Database; clock: Clock; events: EventBus; audit: Audit; timeZone: string }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#audit = deps.audit;
    this.#timeZone = deps.timeZone;
    this.notices = new Notices(deps);
    this.refusals = new Refusals(deps);
    this.records = new ConsentRecords({ ...deps, notices: this.notices });
    this.#seals = new Seals({ ...deps, notices: this.notices });
    this.#links = new LinkTokens(deps);
  }

  /** Who deletes what rests on a consent, or on a purpose of it. Must be given before any consent ends. */
  deleteWith(deletions: Deletions): void {
    this.#deletions = deletions;
  }

  /** While this says no, the clock has jumped: nothing ends for its date, which would be for good. */
  trustClockWhile(isTrusted: () => boolean): void {
    this.#clockIsTrusted = isTrusted;
  }

  /** While this says yes of a customer, nothing may rest on their consent and they are not asked for another. */
  restrictWith(isRestricted: (customerId: string) => boolean): void {
    this.#isRestricted = isRestricted;
  }

  /** Says on which of these purposes something rests in one dossier as it is stored. */
  restsWith(rests: (customerId: string) => readonly OutsideFace[]): void {
    this.#rests = rests;
  }

  /**
   * What has to be done at each start: the built-in notice, unless the store has its own, seals for what has none yet, and deleting what
   * an earlier version kept beside a consent that leaves it out.
   */
  prepare(storeName: string): void {
    this.notices.publishBuiltIn(storeName);
    this.#seals.sealLate();
    for (const { customerId, facts, plans } of this.records.beyondConsent()) {
      if (this.#isRestricted(customerId)) continue; // stored and nothing else; at a start after that
      const purposes = [...(facts === 1 ? ['preferences' as const] : []), ...(plans === 1 ? ['contact' as const] : [])];
      // Of this dossier alone: in one that was merged into it they are hidden, and its own again when that is undone.
      this.#db.withReserve(() => this.#deletionsOf().begin({ customerId, scope: 'purposes', reason: 'narrowed', purposes }));
    }
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
   * Records a signed consent and seals it; a former one of the same customer is replaced. Signing without a purpose takes that
   * purpose back: what rested on it is deleted right after, and so are preferences and open follow-ups from before any consent.
   * A former one that has run out is not replaced but ends first, with all that rested on it.
   * @throws PorticoError consent_notice_outdated, consent_purpose_missing, consent_guardian_required, consent_guardian_invalid,
   *   consent_signature_empty, consent_term_invalid {lastDay}, customer_not_found, customer_restricted, consent_cool_off {notBefore}
   */
  grant(customerId: string, request: ConsentRequest, by: { staffId: string; deviceId: string }): ConsentRecord {
    const notice = this.currentNotice();
    this.#mayBeAsked(customerId, by);
    const now = this.#clock.now();
    checkRequest(request, notice, now, this.#timeZone);
    const today = toDay(now, this.#timeZone);
    if ((this.records.active(customerId)?.valid_until ?? today) < today) this.expireDue(true);
    // What a guardian once said of the child's age stands, also after that consent; only another guardian's consent corrects it.
    const childBirthDay = newestChildBirthDay(this.#db, customerId);
    if (request.guardian === undefined && childBirthDay !== null && isUnder14(childBirthDay, today)) throw new PorticoError('consent_guardian_required');
    const row: SealedRow = {
      id: randomUUID(), customer_id: customerId, notice_id: notice.id, notice_hash: notice.hash, language: request.language, given_at_ms: now,
      valid_until: request.validUntil, staff_id: by.staffId, device_id: by.deviceId, signature: JSON.stringify(request.signature),
      purposes_given: request.purposes.join(','), guardian_name: request.guardian?.name ?? null,
      guardian_relation: request.guardian?.relation ?? null, child_birth_day: request.guardian?.childBirthDay ?? null,
    };
    return this.#db.transaction(() => {
      const held: Purpose[] = withMerged(this.#db, customerId).flatMap((id) => this.#rests(id));
      const former = this.records.active(customerId);
      if (former !== undefined) {
        const atMs = this.records.end(former.id, 'replaced');
        this.#audit.record('consent_ended', by, { customerId, detail: { consentId: former.id, reason: 'replaced', atMs } });
        held.push(...this.records.purposes(former.id));
      }
      const seal = sealOf(row);
      this.records.insert(row, seal);
      this.#seals.record(row, seal, by);
      const ended = PURPOSES.filter((purpose) => held.includes(purpose) && !request.purposes.includes(purpose));
      if (ended.length > 0) this.#narrow(customerId, ended, by);
      return this.records.history(customerId)[0]!; // templates stay: the new consent covers recognition too
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
   * For whoever writes down a preference or a plan to contact the customer, inside the transaction that writes. While there is a consent
   * that has not ended, it has to cover the purpose. Without one, the store's own membership terms have to carry it: nothing that is
   * done without recognition hangs on a consent to it.
   * @param correcting nothing more is written down than was: possible while processing is restricted too
   * @returns when that consent was given, ms since 1970; null: there is none
   * @throws PorticoError customer_restricted, deletion_pending, preferences_not_agreed, contact_not_agreed
   */
  requireAgreed(customerId: string, purpose: OutsideFace, correcting = false): number | null {
    if (!correcting && this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
    if (this.#deletionsOf().isDeleting(customerId)) throw new PorticoError('deletion_pending');
    if (this.leavesOut(customerId, purpose)) throw new PorticoError(`${purpose}_not_agreed`);
    return this.records.active(customerId)?.given_at_ms ?? null;
  }

  /** Whether there is a consent that has not ended and leaves the purpose out. */
  leavesOut(customerId: string, purpose: OutsideFace): boolean {
    return this.#lacks(customerId).includes(purpose);
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
      const active = this.records.active(customerId);
      const given = active === undefined ? [] : this.records.purposes(active.id);
      const left = purposes.includes('recognise') ? [] : given.filter((purpose) => !purposes.includes(purpose));
      if (active === undefined || left.length === given.length) throw new PorticoError('consent_not_active');
      if (left.length === 0) return { purposesLeft: left, deletionId: this.#end(active.id, customerId, 'withdrawn', by) };
      const ended = given.filter((purpose) => !left.includes(purpose));
      const atMs = this.records.takeBack(active.id, ended);
      return { purposesLeft: left, deletionId: this.#narrow(customerId, ended, by, atMs) };
    }));
    const deletion = this.#deletionsOf().byId(deletionId);
    return {
      customerId, withdrawnAt: toInstant(now), templatesDeleted: deletion.templatesDeleted, purposesLeft, deletion, receipt: null, receiptUrl: null,
    };
  }

  /**
   * For merging dossiers: the consent given under the one that goes ends as `replaced`, with all that was made of the face. Its facts
   * stay hidden with it, and so do open follow-ups that the consent of the other leaves out: a merge can be a mistake, and is undone.
   * @param merge does the merging in one transaction and calls `end` inside it, before anything moves
   */
  endForMerge(customerId: string, merge: (end: () => void) => void): void {
    merge(() => this.endFor(customerId, 'merged'));
  }

  /** Ends the consent, if there is one, inside the caller's transaction. */
  endFor(customerId: string, reason: 'merged' | 'erased', by: Actor = THE_BOX): void {
    const active = this.records.active(customerId);
    if (active !== undefined) this.#end(active.id, customerId, reason === 'merged' ? 'replaced' : 'withdrawn', by, reason);
  }

  /** A restored database brought back what had ended: ends it again. Inside the transaction that deletes again what rested on it. */
  endAgain({ customerId, scope, reason, purposes }: Ending): void {
    const active = this.records.active(customerId);
    if (active === undefined) return;
    if (scope === 'purposes') {
      const held = this.records.purposes(active.id).length;
      const atMs = this.records.takeBack(active.id, purposes);
      const left = this.records.purposes(active.id);
      if (left.length < held) this.#audit.record('consent_narrowed', THE_BOX, { customerId, detail: { consentId: active.id, purposesLeft: left.join(' '), atMs } });
      return;
    }
    const atMs = this.records.end(active.id, reason === 'expired' ? 'expired' : reason === 'merged' ? 'replaced' : 'withdrawn');
    this.#audit.record('consent_ended', THE_BOX, { customerId, detail: { consentId: active.id, reason, atMs } });
  }

  /**
   * The vault is lost: which deletions and withdrawals came after the database was copied nobody knows any more, so no consent may be
   * relied on. What rests on them is the caller's to delete. @returns whose consents ended
   */
  endAll(): string[] {
    return this.#db.transaction(() => {
      const open = this.records.open();
      for (const { id, customerId } of open) {
        const atMs = this.records.end(id, 'expired');
        this.#audit.record('consent_ended', THE_BOX, { customerId, detail: { consentId: id, reason: 'vault_lost', atMs } });
      }
      return open.map(({ customerId }) => customerId);
    });
  }

  /**
   * Ends each consent whose last day is over; none while the clock is not to be trusted (a consent over its date covers nothing meanwhile).
   * @param everyTerm also what is beyond the longest term of its notice, whatever was written down: that goes through all, so at each
   *   start and once a night
   * @returns how many
   */
  expireDue(everyTerm = false): number {
    if (!this.#clockIsTrusted()) return 0;
    const due = this.records.due(toDay(this.#clock.now(), this.#timeZone), everyTerm);
    for (const { id, customerId } of due) {
      this.#db.withReserve(() => this.#db.transaction(() => this.#end(id, customerId, 'expired', THE_BOX, 'expired')));
    }
    return due.length;
  }

  /**
   * A link for the customer's own phone, for the consent that holds now.
   * @throws PorticoError consent_not_active
   */
  makeLink(customerId: string, by: Actor): { token: string; validUntil: string } {
    const active = this.records.active(customerId);
    if (active === undefined) throw new PorticoError('consent_not_active');
    const token = this.linkToken(active.id);
    this.#audit.record('consent_link_made', by, { customerId, detail: { consentId: active.id } });
    return { token, validUntil: active.valid_until };
  }

  /** The secret of that link: the same each time. */
  linkToken(consentId: string): string {
    return this.#links.make(consentId);
  }

  /**
   * What a customer's own link opens: one consent, and nothing else of the dossier.
   * @returns `narrowed`: something of it was taken back alone
   * @throws PorticoError consent_link_invalid for a guessed, foreign or old one alike
   */
  byLink(token: string): { customerId: string; displayName: string; consent: ConsentRecord; notice: Notice; narrowed: boolean } {
    const consentId = this.#links.read(token);
    const opened = consentId === null ? null : this.records.withCustomer(consentId);
    if (opened === null || (opened.consent.endedAt !== null && this.#clock.now() > Date.parse(opened.consent.endedAt) + LINK_READABLE_MS)) {
      throw new PorticoError('consent_link_invalid');
    }
    return opened;
  }

  /** Holds every consent against its seal and the audit chain. */
  verifySeals(): Promise<RecordCheck> {
    return this.#seals.verify();
  }

  /**
   * Deletes all records of a customer's consents and refusals, strokes and guardians included; for the deletion of the whole
   * dossier, after the consent has ended. Safe to repeat. The caller empties the log.
   * @returns how many rows went
   */
  eraseRecords(customerId: string): number {
    return this.#db.transaction(() => {
      if (this.records.active(customerId) !== undefined) throw new Error('the consent must end before its record goes');
      return this.records.deleteOf(customerId) + this.refusals.deleteOf(customerId);
    });
  }

  /** What the consent that holds today covers; null: there is none. */
  #valid(customerId: string): ReadonlySet<Purpose> | null {
    const active = this.records.active(customerId);
    if (active === undefined || active.outdated === 1 || active.valid_until < toDay(this.#clock.now(), this.#timeZone)) return null;
    return this.#isRestricted(customerId) ? null : new Set(this.records.purposes(active.id));
  }

  /** Which of the purposes outside the face a consent that has not ended leaves out; none: there is no consent. */
  #lacks(customerId: string): OutsideFace[] {
    const active = this.records.active(customerId);
    if (active === undefined) return [];
    const agreed = this.records.purposes(active.id);
    return OUTSIDE_FACE.filter((purpose) => !agreed.includes(purpose));
  }

  #mayBeAsked(customerId: string, by: Actor): void {
    this.#mustExist(customerId);
    if (this.#isRestricted(customerId)) throw new PorticoError('customer_restricted');
    this.refusals.guard(customerId, by);
  }

  #mustExist(customerId: string): void {
    if (this.#db.get('SELECT 1 FROM customer WHERE id = ? AND merged_into_id IS NULL', customerId) === undefined) throw new PorticoError('customer_not_found');
  }

  /** Inside a transaction. @param atMs when something was taken back; null: the consent never had it @returns the deletion's id */
  #narrow(customerId: string, ended: readonly Purpose[], by: Actor, atMs: number | null = null): string {
    const deletionId = this.#begin({ customerId, scope: 'purposes', reason: 'narrowed', purposes: ended });
    const consentId = this.records.active(customerId)!.id;
    this.#audit.record('consent_narrowed', by, { customerId, detail: { consentId, purposesLeft: this.records.purposes(consentId).join(' '), deletionId, atMs } });
    this.#db.afterCommit(() => this.#events.emit('consentNarrowed', { customerId }));
    return deletionId;
  }

  /** Inside a transaction. @returns the deletion's id */
  #end(consentId: string, customerId: string, endReason: EndReason, by: Actor, reason: Deletion['reason'] = 'withdrawn'): string {
    const atMs = this.records.end(consentId, endReason);
    const deletionId = this.#begin({ customerId, scope: 'face', reason, purposes: PURPOSES });
    this.#audit.record('consent_ended', by, { customerId, detail: { consentId, reason, deletionId, atMs } });
    this.#db.afterCommit(() => this.#events.emit('consentEnded', { customerId }));
    return deletionId;
  }

  /**
   * What rests on a purpose outside the face may stand in a dossier that was merged into this one; each has a record of its own, because
   * an older database may know them as apart. @returns the deletion's id
   */
  #begin(ending: Ending): string {
    const purposes = OUTSIDE_FACE.filter((purpose) => ending.purposes.includes(purpose));
    if (purposes.length > 0 && (ending.scope !== 'face' || ending.reason !== 'merged')) {
      for (const each of withMerged(this.#db, ending.customerId).slice(1)) {
        this.#deletionsOf().begin({ customerId: each, scope: 'purposes', reason: ending.reason, purposes });
      }
    }
    return this.#deletionsOf().begin(ending);
  }

  #deletionsOf(): Deletions {
    if (this.#deletions === null) throw new Error('deleteWith was not called');
    return this.#deletions;
  }
}
