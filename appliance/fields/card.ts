import type { CardFact, CardSlot, CustomerFields, Readable, Words, YearlyDate } from '../contract/index.js';

/** What the card can be filled from: the dossier's own lines, and what other rooms know. */
export interface CardSources {
  customer: Pick<CustomerFields, 'facts' | 'sizes' | 'likes' | 'points' | 'dates'>;
  /** Today in the store, YYYY-MM-DD. */
  today: string;
  /** The wish that waits longest; null: none is open. */
  oldestWish(): string | null;
  /** What was bought last; null: nothing. */
  lastPurchase(): string | null;
  /** What stands in an own field that everybody may see, with the field's name; null: nothing does. */
  own(fieldId: string): { name: Words; value: Readable } | null;
}

const LABELS = {
  like: { 'zh-CN': '喜欢', en: 'Likes' }, wish: { 'zh-CN': '心愿', en: 'Wish' }, last_purchase: { 'zh-CN': '上次购买', en: 'Last bought' },
  points: { 'zh-CN': '积分', en: 'Points' }, birthday: { 'zh-CN': '生日', en: 'Birthday' }, anniversary: { 'zh-CN': '纪念日', en: 'Anniversary' },
  other: { 'zh-CN': '重要日子', en: 'Date' },
} as const satisfies Record<string, Words>;

/**
 * The facts on the card, in the places that the manager chose; without any: the free facts. A place with nothing to show is left out:
 * what comes after moves up.
 */
export function cardFacts(slots: readonly CardSlot[], sources: CardSources): CardFact[] {
  const { customer, today } = sources;
  const free = customer.facts.map((text): CardFact => ({ label: null, value: { text } }));
  if (slots.length === 0) return free;
  const text = (label: Words, line: string | null | undefined): CardFact | null => (line == null ? null : { label, value: { text: line } });
  const fill = (slot: CardSlot): CardFact | null => {
    if ('fieldId' in slot) {
      const own = sources.own(slot.fieldId);
      return own === null ? null : { label: own.name, value: own.value };
    }
    switch (slot.builtin) {
      case 'fact': return free.shift() ?? null;
      case 'size': return customer.sizes.length === 0 ? null : text(sameIn(customer.sizes[0]!.label), customer.sizes[0]!.value);
      case 'like': return text(LABELS.like, customer.likes[0]);
      case 'wish': return text(LABELS.wish, sources.oldestWish());
      case 'last_purchase': return text(LABELS.last_purchase, sources.lastPurchase());
      case 'points': return customer.points === 0 ? null : { label: LABELS.points, value: { number: customer.points } };
      case 'date': {
        const next = nextDate(customer.dates, today);
        return next === null ? null
          : { label: next.label === null ? LABELS[next.kind] : sameIn(next.label), value: { monthDay: `${two(next.month)}-${two(next.day)}` } };
      }
    }
  };
  return slots.flatMap((slot) => fill(slot) ?? []);
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** At most so many code points, the mark that something is missing included; no character as people see it is cut in half. */
export function shortened(text: string, max: number): string {
  if ([...text].length <= max) return text;
  let [kept, left] = ['', max - 1];
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= [...segment].length;
    if (left < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The one that comes round soonest, today included. */
export function nextDate(dates: readonly YearlyDate[], today: string): YearlyDate | null {
  const from = today.slice(5);
  const key = ({ month, day }: YearlyDate): string => `${two(month)}-${two(day)}`;
  // What is behind us this year comes after all that is still ahead. In a year without it 29 February is kept on the 28th.
  const rank = (date: YearlyDate): string => {
    const kept = key(date) === '02-29' && !isLeap(Number(today.slice(0, 4))) ? '02-28' : key(date);
    return `${kept < from ? 1 : 0} ${kept}`;
  };
  return [...dates].sort((a, b) => rank(a).localeCompare(rank(b)))[0] ?? null;
}

const two = (n: number): string => String(n).padStart(2, '0');
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const sameIn = (text: string): Words => ({ 'zh-CN': text, en: text });
