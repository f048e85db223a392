import { SUGGESTION_KINDS, type CustomerFields, type GreetingChange, type GreetingWords, type Suggestion, type SuggestionKind, type SuggestionVerdict, type Taste, type Words } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toDay, type Clock } from '../kit/index.js';
import type { Database } from '../storage/index.js';
import { silencedBy } from './doNot.js';
import type { Arrival, Facts, FactSources } from './facts.js';
import { APPOINTMENT_AHEAD_MS, APPOINTMENT_LATE_MS, heldBack, isBefore, NEW_MS, suggestionsFor, type Draft, type Verdict } from './suggestions.js';
import { EVIDENCE_DAYS, EVIDENCE_MAX, tastesOf } from './tastes.js';
import { asTyped, BUILT_IN, fillBoth, PLACEHOLDERS, REASONS, wrongIn } from './words.js';

export type { Arrival, Bought, FactSources, LookedAt, OpenWish, PlannedAppointment, ReadyTicket, StatedLike } from './facts.js';

const DAY_MS = 86_400_000;
/** What staff said is looked at for so long: for the manager's counts, and for what rests. */
const VERDICTS_MS = 90 * DAY_MS;
/** An appointment may last for ten hours; one that began that long ago may still be on. */
const APPOINTMENT_LONGEST_MS = 600 * 60_000;

/** Of what came in, the newest: what fits is looked for in these. */
const ARRIVALS_READ = 40;

/** What the card, or the dossier of somebody who is not in the store, knows already. */
export interface AtHand extends Pick<Facts, 'followUp' | 'previous'> {
  /** The open visit; null: not in the store, and what would be said when they come now. */
  visitId: string | null;
  customer: Pick<CustomerFields, 'displayName' | 'salutation' | 'doNot' | 'dates'> & { id: string };
}
interface WordsRow { kind: string; enabled: number; text_zh: string; text_en: string }
interface Shown { enabled: boolean; text: Words }
export interface SharedFacts { words(): ReadonlyMap<SuggestionKind, Shown>; arrivals(): readonly Arrival[] }

/** The one next step for somebody in the store, in words that the manager may write; and what a customer seems to like. */
export class Greeting {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  readonly #timeZone: string;
  readonly #sources: FactSources;

  constructor(deps: { db: Database; clock: Clock; events: EventBus; timeZone: string; sources: FactSources }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.#timeZone = deps.timeZone;
    this.#sources = deps.sources;
  }

  /** What is the same for all customers: read once, and only if one needs it. For cards that are drawn together, not to be kept. */
  shared(): SharedFacts {
    let words: Map<SuggestionKind, Shown> | undefined;
    let arrivals: readonly Arrival[] | undefined;
    return {
      words: () => { words ??= this.#shown(); return words; },
      arrivals: () => { arrivals ??= this.#sources.arrivals(this.#clock.now() - NEW_MS, ARRIVALS_READ); return arrivals; },
    };
  }

  /** The most urgent suggestion that the manager left on, staff did not wave away in this visit, and that does not rest; null: none. */
  next(known: AtHand, shared: SharedFacts = this.shared()): Suggestion | null {
    const { customer, visitId } = known;
    if (this.#sources.isRestricted(customer.id)) return null;
    const now = this.#clock.now();
    const said = this.#verdicts(customer.id, now);
    const resting = heldBack(said, now);
    const shown = shared.words();
    const answer = (kind: SuggestionKind, subject: string): boolean | null =>
      said.find((one) => one.visitId === visitId && one.kind === kind && one.subject === subject)?.useful ?? null;
    const facts = this.#facts(known, now);
    const first = (all: Facts): Draft | undefined => suggestionsFor(all, now, this.#timeZone)
      .find(({ kind, subject }) => shown.get(kind)!.enabled && !resting.has(kind) && answer(kind, subject) !== false);
    // Tastes take the longest to work out: only where nothing more urgent is to be said.
    const urgent = first(facts);
    const isUrgent = urgent !== undefined && isBefore(urgent, 'taste_new');
    const draft = isUrgent || resting.has('taste_new') || !shown.get('taste_new')!.enabled ? urgent : first(this.#withTastes(facts, customer.id, now, shared));
    if (draft === undefined) return null;
    const { kind, subject, because, values } = draft;
    return { kind, subject, text: fillBoth(shown.get(kind)!.text, values), reason: fillBoth(REASONS[because], values), useful: answer(kind, subject) };
  }

  /** What the customer said they like; and what was seen of them, unless their consent leaves that out or processing is restricted. */
  tastes(customerId: string): Taste[] {
    const now = this.#clock.now();
    const stated = { likes: this.#sources.statedLikes(customerId), dislikes: this.#sources.dislikes(customerId) };
    // A day more: it may begin later in the store than at Greenwich.
    const sinceMs = now - (EVIDENCE_DAYS + 1) * DAY_MS;
    const mayKnow = this.#sources.mayKnowTastes(customerId) && !this.#sources.isRestricted(customerId);
    const seen = mayKnow
      ? { bought: this.#sources.bought(customerId, sinceMs, EVIDENCE_MAX), lookedAt: this.#sources.lookedAt(customerId, sinceMs, EVIDENCE_MAX) } : { bought: [], lookedAt: [] };
    return tastesOf(stated, seen, toDay(now, this.#timeZone), this.#timeZone);
  }

  /**
   * What staff say to a suggestion in an open visit; null takes it back. Only what the card shows now, or was answered in this visit before, is
   * written down: anything else changes nothing.
   * @param shownNow asked inside the transaction
   * @throws PorticoError visit_not_found, visit_closed, customer_restricted
   */
  judge(visitId: string, { kind, subject, useful }: SuggestionVerdict, staffId: string, shownNow: () => Suggestion | null): void {
    this.#db.transaction(() => {
      const visit = this.#db.get<{ customer_id: string; closed_at_ms: number | null }>('SELECT customer_id, closed_at_ms FROM visit WHERE id = ?', visitId);
      if (visit === undefined) throw new PorticoError('visit_not_found');
      if (visit.closed_at_ms !== null) throw new PorticoError('visit_closed');
      if (this.#sources.isRestricted(visit.customer_id)) throw new PorticoError('customer_restricted');
      const now = shownNow();
      const isShown = now?.kind === kind && now.subject === subject;
      if (!isShown && this.#db.get('SELECT 1 FROM suggestion_verdict WHERE visit_id = ? AND kind = ? AND subject = ?', visitId, kind, subject) === undefined) return;
      if (useful === null) this.#db.run('DELETE FROM suggestion_verdict WHERE visit_id = ? AND kind = ? AND subject = ?', visitId, kind, subject);
      else {
        this.#db.run(
          `INSERT INTO suggestion_verdict (visit_id, kind, subject, useful, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET useful = excluded.useful, staff_id = excluded.staff_id, at_ms = excluded.at_ms`,
          visitId, kind, subject, useful ? 1 : 0, staffId, this.#clock.now());
      }
      this.#db.afterCommit(() => this.#events.emit('visitUpdated', { visitId }));
    });
  }

  /** What was said to an article that was offered for their taste; inside a transaction. */
  dropTastes(customerId: string): void {
    this.#db.run("DELETE FROM suggestion_verdict WHERE kind = 'taste_new' AND visit_id IN (SELECT id FROM visit WHERE customer_id = ?)", customerId);
  }

  /** All kinds, the most urgent first. */
  words(): GreetingWords[] {
    const shown = this.#shown();
    const counts = this.#db.all<{ kind: string; useful: number; not_useful: number }>(
      `SELECT kind, sum(useful) AS useful, sum(1 - useful) AS not_useful FROM suggestion_verdict JOIN visit ON visit.id = visit_id
       WHERE at_ms > ? AND coalesce(end_reason, '') NOT IN ('not_this_person', 'corrected') GROUP BY kind`, this.#clock.now() - VERDICTS_MS);
    return SUGGESTION_KINDS.map((kind) => {
      const count = counts.find((one) => one.kind === kind);
      return { kind, ...shown.get(kind)!, builtIn: BUILT_IN[kind], placeholders: [...PLACEHOLDERS[kind]], useful: count?.useful ?? 0, notUseful: count?.not_useful ?? 0 };
    });
  }

  /** @throws PorticoError greeting_invalid {placeholder} */
  change(kind: SuggestionKind, { enabled, text }: GreetingChange, staffId: string): GreetingWords {
    const given = text === null ? BUILT_IN[kind] : { 'zh-CN': asTyped(text['zh-CN']), en: asTyped(text.en) };
    for (const template of Object.values(given)) {
      const wrong = wrongIn(template, kind);
      if (wrong !== null) throw new PorticoError('greeting_invalid', { placeholder: wrong });
    }
    const isBuiltIn = given['zh-CN'] === BUILT_IN[kind]['zh-CN'] && given.en === BUILT_IN[kind].en;
    this.#db.transaction(() => {
      this.#db.run('DELETE FROM greeting_words WHERE kind = ?', kind);
      if (enabled && isBuiltIn) return;
      // Empty stands for "as delivered", so that a later version's words are used.
      this.#db.run('INSERT INTO greeting_words (kind, enabled, text_zh, text_en, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        kind, enabled ? 1 : 0, isBuiltIn ? '' : given['zh-CN'], isBuiltIn ? '' : given.en, staffId, this.#clock.now());
    });
    return this.words().find((one) => one.kind === kind)!;
  }

  #facts({ customer, followUp, previous }: AtHand, now: number): Facts {
    const sources = this.#sources;
    const { id } = customer;
    return {
      name: customer.salutation ?? customer.displayName, silenced: silencedBy(customer.doNot), followUp, previous, dates: customer.dates,
      tickets: sources.readyTickets(id), wishes: sources.openWishes(id), arrivals: [], tastes: [], dislikes: [],
      appointments: sources.plannedAppointments(id, now - Math.max(APPOINTMENT_LATE_MS, APPOINTMENT_LONGEST_MS), now + APPOINTMENT_AHEAD_MS),
    };
  }

  #withTastes(facts: Facts, customerId: string, now: number, shared: SharedFacts): Facts {
    const { previous, silenced } = facts;
    const arrivals = previous === null || silenced.has('taste_new') ? [] : shared.arrivals().filter(({ arrivedAt }) => Date.parse(arrivedAt) > Date.parse(previous.openedAt));
    return arrivals.length === 0 ? facts : { ...facts, arrivals, tastes: this.tastes(customerId), dislikes: this.#sources.dislikes(customerId) };
  }

  /** What staff said to suggestions for this customer; a visit that was somebody else's does not count. */
  #verdicts(customerId: string, now: number): (Verdict & { visitId: string; subject: string })[] {
    return this.#db.all<{ visit_id: string; kind: SuggestionKind; subject: string; useful: number; at_ms: number }>(
      `SELECT visit_id, kind, subject, useful, at_ms FROM visit JOIN suggestion_verdict ON visit_id = visit.id
       WHERE customer_id = ? AND opened_at_ms > ? AND coalesce(end_reason, '') NOT IN ('not_this_person', 'corrected')`, customerId, now - VERDICTS_MS)
      .map((row) => ({ visitId: row.visit_id, kind: row.kind, subject: row.subject, useful: row.useful === 1, atMs: row.at_ms }));
  }

  #shown(): Map<SuggestionKind, Shown> {
    const rows = this.#db.all<WordsRow>('SELECT kind, enabled, text_zh, text_en FROM greeting_words');
    return new Map(SUGGESTION_KINDS.map((kind) => {
      const row = rows.find((one) => one.kind === kind);
      const own = row === undefined ? null : { 'zh-CN': row.text_zh, en: row.text_en };
      // Words of a version that knew another placeholder are not shown with the bare braces.
      const isGood = own !== null && Object.values(own).every((text) => text !== '' && wrongIn(text, kind) === null);
      return [kind, { enabled: row?.enabled !== 0, text: isGood ? own : BUILT_IN[kind] }];
    }));
  }
}
