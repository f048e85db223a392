/** What suggestions and tastes may rest on. */
import type { Appointment, FollowUp, Product, SuggestionKind, Taste, Ticket, VISIT_END_REASONS, Wish, YearlyDate } from '../contract/index.js';

type EndReason = (typeof VISIT_END_REASONS)[number];

/** What the customer said they like; when and by whom it was written down, null: before that was kept. */
export interface StatedLike { text: string; atMs: number | null; by: string | null }

/** An article that has to do with the customer. `endReason`: of the visit that it belongs to; null: still open, or of no visit. */
interface Evidence { productId: string; category: string | null; brand: string | null; atMs: number; endReason: EndReason | null }
/** `returned`: how many of them came back. */
export interface Bought extends Evidence { quantity: number; returned: number }
/** `lookedMs`: how long. */
export interface LookedAt extends Evidence { lookedMs: number }

export type OpenWish = Pick<Wish, 'id' | 'productId' | 'text' | 'at' | 'arrivedAt'>;
export type ReadyTicket = Pick<Ticket, 'id' | 'subject' | 'changedAt'>;
export type PlannedAppointment = Pick<Appointment, 'id' | 'at' | 'minutes' | 'subject' | 'adviser' | 'madeAt'>;
/** In stock. */
export type Arrival = Pick<Product, 'id' | 'name' | 'category' | 'brand'> & { arrivedAt: string };

/**
 * All that a suggestion may rest on: what the customer said, asked for, bought, looked at and agreed on with the store. The list is
 * closed, and there is no place in it for what could be read from a face (no emotion, age, gender or ethnicity, no score of a match or
 * of anything else), nor for an amount of money.
 */
export interface Facts {
  /** How the customer likes to be addressed. */
  name: string;
  /** What do-not lines forbid to bring up. */
  silenced: ReadonlySet<SuggestionKind>;
  tickets: readonly ReadyTicket[];
  /** Still wished for. */
  wishes: readonly OpenWish[];
  /** Still planned. */
  appointments: readonly PlannedAppointment[];
  /** Open, due first. */
  followUp: Pick<FollowUp, 'id' | 'text' | 'dueOn' | 'author' | 'at'> | null;
  dates: readonly YearlyDate[];
  tastes: readonly Taste[];
  dislikes: readonly string[];
  /** What came in since the last visit, the newest first. */
  arrivals: readonly Arrival[];
  /** The visit before this one; null: there was none. */
  previous: { openedAt: string; adviser: string | null; isToday: boolean } | null;
}

/** What other rooms tell of a customer; each reads by an index, because a card is made whenever something happens. */
export interface FactSources {
  /** Tickets in the state `ready`, the longest ready first. */
  readyTickets(customerId: string): readonly ReadyTicket[];
  /** Wishes that have not ended. */
  openWishes(customerId: string): readonly OpenWish[];
  /** Appointments in the state `planned` that begin in this time, the earliest first. */
  plannedAppointments(customerId: string, fromMs: number, toMs: number): readonly PlannedAppointment[];
  /** What the customer said they like, in the order of the dossier. */
  statedLikes(customerId: string): readonly StatedLike[];
  dislikes(customerId: string): readonly string[];
  /** Articles of the list that were bought since then, each line of a purchase once: the newest. */
  bought(customerId: string, sinceMs: number, limit: number): readonly Bought[];
  /** Articles that were looked at in visits since then: the newest. */
  lookedAt(customerId: string, sinceMs: number, limit: number): readonly LookedAt[];
  /** Articles of the list that came in since then and are in stock, the newest first. */
  arrivals(sinceMs: number, limit: number): readonly Arrival[];
  /** Whether tastes may be worked out: not while the customer's consent leaves preferences out. */
  mayKnowTastes(customerId: string): boolean;
  /** Whether processing is restricted at the customer's request. */
  isRestricted(customerId: string): boolean;
}
