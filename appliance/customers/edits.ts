/** What an edit changes and whether it may: functions of what stands there, what was seen and what is wanted. */
import { isDeepStrictEqual } from 'node:util';
import type { CustomerFields } from '../contract/index.js';
import { PorticoError } from '../kit/index.js';

/** Whatever rests on the purpose `preferences`: what staff learnt to serve better. Do-not lines and allergies protect the customer. */
const PREFERENCES = ['facts', 'likes', 'dislikes', 'sizes'] as const;
type Preferences = Pick<CustomerFields, (typeof PREFERENCES)[number]>;

/**
 * A short line as it can be read: no blanks at its ends, breaks are blanks, and nothing that cannot be seen and turns the text around it
 * (UAX #9: embeddings, overrides, isolates), ends it (NUL) or is half a character. What joins emoji and letters stays. Empty: there is
 * nothing to see.
 */
export function readableLine(text: string): string {
  const line = text.replace(/[\t\n\r\u2028\u2029]+/g, ' ').replace(/[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/gu, '').trim();
  return /[^\p{Default_Ignorable_Code_Point}\p{White_Space}\u2800]/u.test(line) ? line : '';
}

/** All lines in it as they can be read. @param where it stands in the request @throws PorticoError bad_request {where} of one with nothing to see */
export function readableIn<T>(value: T, where = 'body'): T {
  if (typeof value === 'string') {
    const line = readableLine(value);
    if (line === '') throw new PorticoError('bad_request', { where, problem: 'there is nothing to read' });
    return line as T;
  }
  if (Array.isArray(value)) return value.map((each, index) => readableIn<unknown>(each, `${where}/${index}`)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readableIn<unknown>(each, `${where}/${key}`)])) as T;
}

/**
 * The fields that cannot be changed as wanted, because what stands there is neither what the editor saw nor what they want. Lists are
 * compared by content, and their order counts. A field that is not in `base` is never one of them.
 */
export function conflicting(present: CustomerFields, wanted: Partial<CustomerFields>, base: Partial<CustomerFields>): (keyof CustomerFields)[] {
  return (Object.keys(wanted) as (keyof CustomerFields)[]).filter((field) =>
    field in base && !isDeepStrictEqual(present[field], base[field]) && !isDeepStrictEqual(present[field], wanted[field]));
}

/** `none`: no preference that was not there before; `replaced`: no more of them than before. */
export function addedPreferences(before: Preferences, after: Preferences): 'none' | 'replaced' | 'more' {
  const all = (of: Preferences) => PREFERENCES.map((kind) => of[kind].map((line) => JSON.stringify(line)));
  const [were, are] = [all(before), all(after)];
  if (!are.some((lines, kind) => addsLine(were[kind]!, lines))) return 'none';
  return are.flat().length <= were.flat().length ? 'replaced' : 'more';
}

/**
 * Whether something is said that was not said before, by content: what may not be while processing is restricted. Taking out says nothing.
 * Do-not lines, allergies and that the customer does not want to be contacted are left out: they protect the customer.
 */
export function saysMore(before: CustomerFields, after: CustomerFields): boolean {
  return (Object.keys(after) as (keyof CustomerFields)[]).some((field) => {
    const [was, is] = [before[field], after[field]];
    if (field === 'doNot' || field === 'allergies') return false;
    if (field === 'contactNever') return was === true && is === false;
    if (Array.isArray(is)) return addsLine((was as unknown[]).map((line) => JSON.stringify(line)), is.map((line) => JSON.stringify(line)));
    return is !== was && is !== null && is !== 0; // without points: none are said
  });
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
