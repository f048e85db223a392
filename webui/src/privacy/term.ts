/** Terms of keeping data as people say them: days up to a month, then months, then years. Pure. */
export interface Term { readonly unit: 'days' | 'months' | 'years'; readonly n: number }

const MONTH_DAYS = 30;
const YEAR_DAYS = 365;

/** 30 days: a month; 365, or 1096 (three years with a leap day): years; else days. */
export function termOf(days: number): Term {
  const years = Math.round(days / YEAR_DAYS);
  const leapDays = days - years * YEAR_DAYS;
  if (years >= 1 && leapDays >= 0 && leapDays <= Math.ceil(years / 4)) return { unit: 'years', n: years };
  if (days >= MONTH_DAYS && days % MONTH_DAYS === 0) return { unit: 'months', n: days / MONTH_DAYS };
  return { unit: 'days', n: days };
}

const DAYS = [1, 2, 3, 5, 7, 10, 14, 21];
const LONGEST_YEARS = 100;
const STEPS = [
  ...DAYS,
  ...Array.from({ length: 12 }, (_, i) => (i + 1) * MONTH_DAYS).filter((days) => days < YEAR_DAYS - 4),
  ...Array.from({ length: LONGEST_YEARS }, (_, i) => (i + 1) * YEAR_DAYS),
];

/** The next longer (1) or shorter (-1) term that a thumb can choose, in days, never outside `min`..`max`; the same: there is none. */
export function nextTerm(days: number, direction: 1 | -1, min: number, max: number): number {
  const next = direction === 1 ? (STEPS.find((step) => step > days) ?? max) : (STEPS.findLast((step) => step < days) ?? min);
  return Math.min(max, Math.max(min, next));
}
