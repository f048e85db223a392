/** What an edit changes and whether it may: functions of what stands there, what was seen and what is wanted. */
import { isDeepStrictEqual } from 'node:util';
import type { CustomerFields } from '../contract/index.js';

/** Whatever rests on the purpose `preferences`: what staff learnt to serve better. Do-not lines and allergies protect the customer. */
const PREFERENCES = ['facts', 'likes', 'dislikes', 'sizes'] as const;
type Preferences = Pick<CustomerFields, (typeof PREFERENCES)[number]>;

/** Without blanks at the ends of any text in it. */
export function trimmed<T>(value: T): T {
  if (typeof value === 'string') return value.trim() as T;
  if (Array.isArray(value)) return value.map(trimmed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, trimmed<unknown>(each)])) as T;
}

/**
 * The fields that cannot be changed as wanted, because what stands there is neither what the editor saw nor what they want. Lists are
 * compared by content, and their order counts. A field that is not in `base` is never one of them.
 */
export function conflicting(present: CustomerFields, wanted: Partial<CustomerFields>, base: Partial<CustomerFields>): (keyof CustomerFields)[] {
  return (Object.keys(wanted) as (keyof CustomerFields)[]).filter((field) =>
    field in base && !isDeepStrictEqual(present[field], base[field]) && !isDeepStrictEqual(present[field], wanted[field]));
}

/** Whether all that is given stands there as it is given. */
export function standsAs(present: CustomerFields, given: Partial<CustomerFields>): boolean {
  return (Object.keys(given) as (keyof CustomerFields)[]).every((field) => isDeepStrictEqual(present[field], given[field]));
}

/** `none`: no preference that was not there before; `replaced`: no more of them than before. */
export function addedPreferences(before: Preferences, after: Preferences): 'none' | 'replaced' | 'more' {
  const all = (of: Preferences) => PREFERENCES.map((kind) => of[kind].map((line) => JSON.stringify(line)));
  const [were, are] = [all(before), all(after)];
  if (!are.some((lines, kind) => addsLine(were[kind]!, lines))) return 'none';
  return are.flat().length <= were.flat().length ? 'replaced' : 'more';
}

/** Whether there is a line that was not there before, or more often than before. */
function addsLine(before: readonly string[], after: readonly string[]): boolean {
  const known = [...before];
  return after.some((line) => {
    const at = known.indexOf(line);
    if (at !== -1) known.splice(at, 1);
    return at === -1;
  });
}
