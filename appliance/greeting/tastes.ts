/** What a customer seems to like, and on what that rests. Pure. */
import { daysBetween, type Taste } from '../contract/index.js';
import { toDay, toInstant } from '../kit/index.js';
import type { Bought, LookedAt, StatedLike } from './facts.js';

/** Tastes change; two years also hold what is bought once a season, seen twice. */
export const EVIDENCE_DAYS = 730;
/** One is an accident and two are a pair; with three there is a habit to see. */
export const ARTICLES_MIN = 3;
/** A present, a bulk order, a companion's wish: whatever happens on one day may have one cause. */
export const DAYS_MIN = 2;
/** Less than this is putting down again what was picked up. */
export const LOOK_MS_MIN = 20_000;
/** Of each, the newest: a card is made whenever something happens, and what was long ago says least. */
export const EVIDENCE_MAX = 60;
/** The strongest; more would be a profile and no help at the counter. */
export const REPEATED_MAX = 6;

export interface Stated { likes: readonly StatedLike[]; dislikes: readonly string[] }
export interface Seen { bought: readonly Bought[]; lookedAt: readonly LookedAt[] }
/** How two spellings of a category or brand, or a line that may name one, are compared. */
export const keyOf = (text: string): string => text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
const WORD = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]/u;

/**
 * Whether a line of a dossier names a category or brand: the whole word, where the writing has words. A single character names nothing:
 * 表 stands in 代表, too.
 */
export const mentions = (line: string, subject: string): boolean => names(keyOf(line), keyOf(subject));

/** The same of what `keyOf` made of both. */
export function names(text: string, wanted: string): boolean {
  if (text === wanted) return wanted !== '';
  if (!text.includes(wanted) || [...wanted].length < 2) return false;
  const joined = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && WORD.test(a) && WORD.test(b);
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    if (!joined(text[at - 1], wanted[0]) && !joined(wanted.at(-1), text[end])) return true;
  }
  return false;
}

/** Articles of one category or brand, each once a day, and how it is written. */
interface Subject { name: string; bought: Set<string>; lookedAt: Set<string>; days: Set<string> }

/**
 * What was said comes first, in the order of the dossier, with what was seen of it. What was only seen needs several articles on several
 * days, so that one odd purchase never becomes a label; and what the customer said they dislike is no taste, however often they bought it.
 * What came back, looks of a moment, and visits that were somebody else's do not count. The same article on the same day is one, in
 * whatever number.
 * @param today YYYY-MM-DD in the store's time zone
 */
export function tastesOf(stated: Stated, seen: Seen, today: string, timeZone: string): Taste[] {
  const repeated = repeatedOf(seen, today, timeZone);
  const said = stated.likes.map(({ text, atMs, by }): Taste => {
    const at = repeated.findIndex(({ subject }) => mentions(text, subject));
    const also = at === -1 ? NOT_SEEN : repeated.splice(at, 1)[0]!;
    return { ...also, subject: text, evidence: 'stated', at: atMs === null ? null : toInstant(atMs), by };
  });
  return [...said, ...repeated.filter(({ subject }) => !stated.dislikes.some((line) => mentions(line, subject))).slice(0, REPEATED_MAX)];
}
const NOT_SEEN = { bought: 0, lookedAt: 0, days: [] };

function repeatedOf(seen: Seen, today: string, timeZone: string): Taste[] {
  const subjects = new Map<string, Subject>();
  const keys = new Map<string, string>();
  const key = (name: string): string => {
    if (!keys.has(name)) keys.set(name, keyOf(name));
    return keys.get(name)!;
  };
  const add = (how: 'bought' | 'lookedAt', { productId, category, brand, atMs, endReason }: Bought | LookedAt): void => {
    if (endReason === 'not_this_person' || endReason === 'corrected') return;
    const day = toDay(atMs, timeZone);
    const ageDays = daysBetween(day, today);
    // From after today is what was written before the clock was set back.
    if (ageDays < 0 || ageDays > EVIDENCE_DAYS) return;
    const article = `${productId} ${day}`;
    for (const name of [category, brand]) {
      if (name === null || key(name) === '') continue;
      const subject = subjects.get(key(name)) ?? { name, bought: new Set(), lookedAt: new Set(), days: new Set() };
      if (how === 'bought' || !subject.bought.has(article)) subject[how].add(article);
      subject.days.add(day);
      subjects.set(key(name), subject);
    }
  };
  for (const one of seen.bought) if (one.returned < one.quantity) add('bought', one);
  for (const one of seen.lookedAt) if (one.lookedMs >= LOOK_MS_MIN) add('lookedAt', one);
  const articles = (taste: Taste): number => taste.bought + taste.lookedAt;
  return [...subjects.values()]
    .map(({ name, bought, lookedAt, days }): Taste => ({
      subject: name, evidence: 'repeated', at: null, by: null, bought: bought.size, lookedAt: lookedAt.size, days: [...days].sort().reverse(),
    }))
    .filter((taste) => articles(taste) >= ARTICLES_MIN && taste.days.length >= DAYS_MIN)
    .sort((a, b) => articles(b) - articles(a) || b.days[0]!.localeCompare(a.days[0]!) || a.subject.localeCompare(b.subject));
}
