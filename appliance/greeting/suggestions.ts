/** From facts to suggestions, the most urgent first. Pure, time included. */
import { daysBetween, nextOccurrence, SUGGESTION_KINDS, type SuggestionKind, type Words, type YearlyDate } from '../contract/index.js';
import { toDay } from '../kit/index.js';
import { dayWords, inBoth, lastTimeWords, timeWords, whenWords } from './days.js';
import type { Facts } from './facts.js';
import { keyOf, names } from './tastes.js';
import type { PLACEHOLDERS, Reason, Values } from './words.js';

/** Something to say or do, with what may be put into its words. `rank`: the smaller, the more urgent. */
export interface Draft { kind: SuggestionKind; subject: string; because: Reason; values: Values; rank: number }

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Who comes in the morning with an appointment in the afternoon comes for something else, and may like to be reminded; not of tonight's. */
export const APPOINTMENT_AHEAD_MS = 6 * HOUR_MS;
/** Who is late is still expected. */
export const APPOINTMENT_LATE_MS = 2 * HOUR_MS;
/** Within a week a wish is not out of place. */
export const DATE_AHEAD_DAYS = 7;
/** After that it is not new any more, however long the customer was away. */
export const NEW_MS = 90 * DAY_MS;
/** Of one kind, so that a "no" leads to the next and not to all of the shelf. */
export const ARRIVALS_MAX = 3;

const OCCASIONS: Readonly<Record<'birthday' | 'anniversary', Words>> = {
  birthday: { 'zh-CN': '生日', en: 'birthday' }, anniversary: { 'zh-CN': '纪念日', en: 'anniversary' },
};

const rankOf = (kind: SuggestionKind): number => SUGGESTION_KINDS.indexOf(kind);
/** Whether it is more urgent than any of that kind can be. */
export const isBefore = (draft: Draft, kind: SuggestionKind): boolean => draft.rank < rankOf(kind);

/** @param timeZone the store's */
export function suggestionsFor(facts: Facts, nowMs: number, timeZone: string): Draft[] {
  const today = toDay(nowMs, timeZone);
  const day = (instant: string | number): Words => dayWords(toDay(typeof instant === 'string' ? Date.parse(instant) : instant, timeZone), today);
  const time = (instant: string): Words => timeWords(Date.parse(instant), timeZone);
  const drafts: Draft[] = [];
  const add = <K extends SuggestionKind>(
    kind: K, subject: string, because: Reason, values: Record<Exclude<(typeof PLACEHOLDERS)[K][number], 'name'>, Words> & Values, rank = rankOf(kind),
  ): void => {
    drafts.push({ kind, subject, because, values: { ...values, name: inBoth(facts.name) }, rank });
  };

  for (const { id, subject, changedAt } of facts.tickets) add('ticket_ready', id, 'ticket', { ticket: inBoth(subject), readyOn: day(changedAt) });

  for (const { id, text, at, arrivedAt } of [...facts.wishes].sort((a, b) => (b.arrivedAt ?? '').localeCompare(a.arrivedAt ?? ''))) {
    if (arrivedAt !== null) add('wish_arrived', id, 'wish', { wish: inBoth(text), wishedOn: day(at), arrivedOn: day(arrivedAt) });
  }

  for (const { id, at, minutes, subject, adviser, madeAt } of facts.appointments) {
    const inMs = Date.parse(at) - nowMs;
    if (toDay(Date.parse(at), timeZone) !== today || inMs > APPOINTMENT_AHEAD_MS || -inMs > Math.max(APPOINTMENT_LATE_MS, minutes * 60_000)) continue;
    add('appointment_today', id, adviser === null ? 'appointment' : 'appointment_with', {
      subject: inBoth(subject), time: time(at), madeOn: day(madeAt), minutes: inBoth(String(minutes)), ...(adviser === null ? {} : { adviser: inBoth(adviser.name) }),
    });
  }

  if (facts.followUp !== null) {
    const { id, text, dueOn, author, at } = facts.followUp;
    const isDue = dueOn !== null && dueOn <= today;
    const because = dueOn === null ? 'follow_up' : dueOn === today ? 'follow_up_today' : isDue ? 'follow_up_overdue' : 'follow_up_later';
    // What is not due yet waits behind what only today can be said.
    const rank = isDue ? rankOf('follow_up_due') : rankOf('welcome_back') - 0.5;
    const due = dueOn === null ? {} : { due: dayWords(dueOn, today) };
    add('follow_up_due', id, because, { followUp: inBoth(text), author: inBoth(author), writtenOn: day(at), ...due }, rank);
  }

  for (const { kind, on, occasion } of nearDates(facts.dates, today)) add('date_near', kind, 'date', { occasion, when: whenWords(on, today), day: dayWords(on, today) });

  addNew(facts, nowMs, day, add);

  if (facts.previous === null) add('first_visit', '', 'first', {});
  else {
    const { openedAt, adviser, isToday } = facts.previous;
    add('welcome_back', '', 'welcome', { lastTime: lastTimeWords(isToday ? null : day(openedAt), adviser) });
  }

  return drafts.filter(({ kind }) => !facts.silenced.has(kind)).sort((a, b) => a.rank - b.rank);
}

/** The next birthday and the next anniversary, if they are near. What another day is for no machine knows: it is not brought up. */
function nearDates(dates: readonly YearlyDate[], today: string): { kind: string; on: string; occasion: Words }[] {
  const near = dates.flatMap((date) => {
    if (date.kind === 'other') return [];
    const on = nextOccurrence(date, today);
    const occasion = date.label === null ? OCCASIONS[date.kind] : inBoth(date.label);
    return daysBetween(today, on) <= DATE_AHEAD_DAYS ? [{ kind: date.kind, on, occasion }] : [];
  }).sort((a, b) => a.on.localeCompare(b.on));
  return near.filter(({ kind }, at) => near.findIndex((other) => other.kind === kind) === at);
}

/** What came in since the last visit and fits a taste. What was wished for is told as a wish; what is disliked not at all. */
function addNew(
  facts: Facts, nowMs: number, day: (instant: string | number) => Words,
  add: (kind: 'taste_new', subject: string, because: Reason, values: { product: Words; taste: Words } & Values) => void,
): void {
  const { previous, arrivals, wishes } = facts;
  if (previous === null || facts.tastes.length === 0) return;
  const tastes = facts.tastes.map((taste) => ({ taste, key: keyOf(taste.subject) }));
  const dislikes = facts.dislikes.map(keyOf);
  let found = 0;
  for (const { id, name, category, brand, arrivedAt } of arrivals) {
    const arrivedMs = Date.parse(arrivedAt);
    if (found === ARRIVALS_MAX || arrivedMs <= Date.parse(previous.openedAt) || nowMs - arrivedMs > NEW_MS) continue;
    if (wishes.some(({ productId }) => productId === id)) continue;
    const subjects = [brand, category].filter((subject) => subject !== null).map((subject) => ({ subject, key: keyOf(subject) }));
    if (dislikes.some((line) => [...subjects.map(({ key }) => key), keyOf(name)].some((key) => names(line, key)))) continue;
    const fit = tastes.flatMap((one) => subjects.filter(({ key }) => names(one.key, key)).map(({ subject }) => ({ taste: one.taste, fitting: subject })))[0];
    if (fit === undefined) continue;
    found += 1;
    const { taste, fitting } = fit;
    const values = { product: inBoth(name), taste: inBoth(fitting), arrivedOn: day(arrivedAt) };
    if (taste.evidence === 'repeated') {
      const [bought, lookedAt, days] = [taste.bought, taste.lookedAt, taste.days.length].map((n) => inBoth(String(n))) as [Words, Words, Words];
      add('taste_new', id, 'taste_repeated', { ...values, bought, lookedAt, days });
    } else if (taste.at === null || taste.by === null) {
      add('taste_new', id, 'taste_stated', { ...values, like: inBoth(taste.subject) });
    } else {
      add('taste_new', id, 'taste_stated_when', { ...values, like: inBoth(taste.subject), statedOn: day(taste.at), by: inBoth(taste.by) });
    }
  }
}

// ---- What staff said -------------------------------------------------------------------------------------------

export interface Verdict { kind: SuggestionKind; useful: boolean; atMs: number; visitId: string }
/** What somebody waits for: whoever waved it away once still has to be told the next time. */
const NEVER_RESTS: readonly SuggestionKind[] = ['ticket_ready', 'follow_up_due', 'appointment_today'];
/** In so many visits in a row the words of a kind were not useful for a customer, before it rests. */
export const NOT_USEFUL_MAX = 2;
export const REST_MS = 30 * DAY_MS;

/** Kinds that rest for a customer: the last answers of the last two visits were both "not useful", the later one in the last 30 days. */
export function heldBack(verdicts: readonly Verdict[], nowMs: number): Set<SuggestionKind> {
  const newest = [...verdicts].sort((a, b) => b.atMs - a.atMs);
  return new Set(SUGGESTION_KINDS.filter((kind) => {
    if (NEVER_RESTS.includes(kind)) return false;
    const ofKind = newest.filter((verdict) => verdict.kind === kind);
    const last = ofKind.filter(({ visitId }, at) => ofKind.findIndex((other) => other.visitId === visitId) === at).slice(0, NOT_USEFUL_MAX);
    return last.length === NOT_USEFUL_MAX && last.every(({ useful }) => !useful) && Math.abs(nowMs - last[0]!.atMs) < REST_MS;
  }));
}
