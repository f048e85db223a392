/** The words of the index and of a query: both are made here, alike. */
import type { FoundIn } from '../contract/index.js';
import { readingsOf } from './pinyin.js';

/** Scripts written without spaces: each character is a word, so that any part of a text is found. */
const SINGLE = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}';
const TOKEN = new RegExp(`[${SINGLE}]|(?:(?![${SINGLE}])[\\p{L}\\p{N}])+`, 'gu');
const IS_SINGLE = new RegExp(`^[${SINGLE}]$`, 'u');
/** A run of such characters stands in the index from each of them on, so long: what is typed longer is looked for in overlapping pieces. */
const RUN_MAX = 4;
/** Nobody types more of one word. */
const WORD_MAX = 40;
/** Fewer digits are no run of a phone number: they would find a third of the store. */
const DIGITS_MIN = 3;
/** A display name has 40 characters; nobody types more syllables of it. */
const SYLLABLES_MAX = 8;

/** One word of a query: tokens that have to follow each other; the last one may be cut short where it is not one character. */
export interface Word { tokens: readonly string[]; isDigits: boolean }
/** A piece of a dossier that is found by itself, and what may be shown of it. */
export interface Part { in: FoundIn; tokens: readonly string[]; text: string | null }
export interface DossierWords {
  display_name: string; salutation: string | null; phone: string | null; member_no: string | null; email: string | null; wechat: string | null;
  companions: readonly { name: string; relation: string }[];
}

/** Full width, capitals, accents, emoji and signs make no difference. */
export function tokensOf(text: string): string[] {
  return text.normalize('NFKC').normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC').toLowerCase().match(TOKEN) ?? [];
}

/** A name as it stands, by its sound from any syllable on, and by its initials; also after the first syllables, and names of several words as one. */
export function nameTokens(name: string): string[] {
  const sounds = readingsOf(name).flatMap((reading) => {
    const syllables = reading.slice(0, SYLLABLES_MAX);
    const initials = (at: number): string => syllables.slice(at).map((each) => each[0]).join('');
    const fromEach = syllables.flatMap((_, at) => [
      syllables.slice(at).join(''), ...(at < syllables.length - 1 ? [initials(at)] : []), ...(at > 0 && at < syllables.length - 1 ? [syllables.slice(0, at).join('') + initials(at)] : []),
    ]);
    return fromEach.flatMap((each) => (each.includes('v') ? [each, each.replaceAll('v', 'u')] : [each])); // 吕 as lv or lu
  });
  const tokens = tokensOf(name);
  const spelt = tokens.filter((token) => !IS_SINGLE.test(token));
  return [...tokens, ...spelt.slice(0, -1).map((_, at) => spelt.slice(at).join('')), ...new Set(sounds)];
}

/** Every run of digits that begins somewhere in the number and goes to its end: cut short it is any run, as it is it is the tail. */
export function phoneTokens(phone: string): string[] {
  const digits = phone.replace(/\D/g, '');
  return Array.from({ length: Math.max(0, digits.length - DIGITS_MIN + 1) }, (_, at) => digits.slice(at));
}

/** A number or name with signs in it is found with and without them. */
function codeTokens(code: string): string[] {
  const tokens = tokensOf(code);
  return tokens.length > 1 ? [...tokens, tokens.join('')] : tokens;
}

/** Its tail too. */
const memberTokens = (no: string): string[] => [...codeTokens(no), ...phoneTokens(no)];

export function dossierParts(row: DossierWords): Part[] {
  const part = (where: FoundIn, value: string | null, tokens: (value: string) => string[], text: string | null = null): Part[] =>
    (value === null ? [] : [{ in: where, tokens: tokens(value), text }]);
  return [
    ...part('name', row.display_name, nameTokens), ...part('name', row.salutation, nameTokens), ...part('phone', row.phone, phoneTokens),
    ...part('member', row.member_no, memberTokens), ...part('contact', row.email, codeTokens), ...part('contact', row.wechat, codeTokens),
    ...row.companions.flatMap(({ name, relation }) => part('companion', name, nameTokens, `${name} (${relation})`)),
  ];
}

/** What of these tokens goes into the index: each word once. A run does not go on from one part into the next. */
export function indexedWords(parts: readonly (readonly string[])[]): string[] {
  return [...new Set(parts.flatMap((tokens) => tokens.map((token, at) => {
    if (!IS_SINGLE.test(token)) return token.slice(0, WORD_MAX);
    const run = tokens.slice(at, at + RUN_MAX);
    const end = run.findIndex((each) => !IS_SINGLE.test(each));
    return run.slice(0, end === -1 ? RUN_MAX : end).join('');
  })))];
}

/** Words of the index: this one, or all that begin with it. */
export interface Range { word: string; exactly: boolean }

/** As FTS5 wants it. There is nothing but letters and digits in a word. */
export const expressionOf = ({ word, exactly }: Range): string => `"${word}"${exactly ? '' : ' *'}`;

/** All of them have to be found for a word to be. The last one may be cut short. */
export function rangesOf({ tokens }: Word): Range[] {
  if (!IS_SINGLE.test(tokens[0]!)) return tokens.map((token, at) => ({ word: token.slice(0, WORD_MAX), exactly: at < tokens.length - 1 }));
  const pieces = Math.max(1, tokens.length - RUN_MAX + 1);
  return Array.from({ length: pieces }, (_, at) => ({ word: tokens.slice(at, at + RUN_MAX).join(''), exactly: false }));
}

/** Whether one of these words of the index is in the range. */
export const isIn = ({ word, exactly }: Range, words: readonly string[]): boolean => words.some((each) => (exactly ? each === word : each.startsWith(word)));

/** The words of a query; all have to be found. Empty: there is nothing in it that could be found. */
export function wordsOf(query: string): Word[] {
  const digits = digitsOf(query);
  if (digits !== null) return [{ tokens: [digits], isDigits: true }];
  return query.normalize('NFKC').split(/\s+/).flatMap((piece) => {
    // 王xm: the family name, and the initials.
    const runs: string[][] = [];
    for (const token of tokensOf(piece)) {
      const last = runs.at(-1);
      if (last !== undefined && IS_SINGLE.test(last[0]!) === IS_SINGLE.test(token)) last.push(token);
      else runs.push([token]);
    }
    return runs.map((tokens) => ({ tokens, isDigits: tokens.length === 1 && /^\d+$/.test(tokens[0]!) }));
  });
}

/** A query that is a number as people type one: full width, with a plus, spaces, dashes, brackets. Null: it is none. */
export function digitsOf(query: string): string | null {
  const plain = query.normalize('NFKC').replace(/[\s().\-–—]/gu, '');
  return /^\+?\d{3,}$/.test(plain) ? plain.replace('+', '') : null;
}

/** A query that is a number may be read otherwise: several, as a date or a range stands in a note; a mobile number after the prefix of its country. */
export function otherReadings(query: string): Word[][] {
  const tokens = tokensOf(query);
  const mobile = /^(?:00)?86(1[3-9]\d+)$/.exec(digitsOf(query) ?? '')?.[1];
  return [
    ...(digitsOf(query) !== null && tokens.length > 1 ? [[{ tokens, isDigits: false }]] : []),
    ...(mobile === undefined ? [] : [[{ tokens: [mobile], isDigits: true }]]),
  ];
}

/** Whether tokens, with spaces between them, hold the word. */
export function holds(terms: string, { tokens }: Word): boolean {
  return ` ${terms} `.includes(` ${tokens.join(' ')}${IS_SINGLE.test(tokens.at(-1)!) ? ' ' : ''}`);
}

const BEFORE = 12;
const AFTER = 36;

/** The piece of a text around the first of the words that stands in it. */
export function pieceOf(text: string, words: readonly Word[]): string {
  const plain = [...text.replace(/\s+/gu, ' ').trim()];
  const whole = plain.join('');
  const at = words.map(({ tokens }) => whole.search(new RegExp(tokens.join('[^\\p{L}\\p{N}]*'), 'iu'))).filter((place) => place >= 0);
  const from = Math.max(0, [...whole.slice(0, Math.min(...at, whole.length))].length - BEFORE);
  const start = at.length === 0 ? 0 : from;
  const end = start + BEFORE + AFTER;
  return `${start > 0 ? '…' : ''}${plain.slice(start, end).join('')}${end < plain.length ? '…' : ''}`;
}
