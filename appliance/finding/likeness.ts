/** When two dossiers may be one person's: pure rules. */
import type { Duplicate, DuplicateReason } from '../contract/index.js';
import { nationalPhone } from '../kit/index.js';

export interface Likeable {
  id: string;
  name: string;
  /** How the name is read, without tones; null: no Chinese name. */
  sound: string | null;
  phone: string | null;
  email: string | null;
  wechat: string | null;
  /** MM-DD, and the year where it is known. */
  birthday: { day: string; year: number | null } | null;
}

const TAIL_DIGITS = 4;

/** What agrees between two dossiers. */
export function likeness(a: Likeable, b: Likeable): DuplicateReason[] {
  const same = (x: string | null, y: string | null): boolean => x !== null && x !== '' && x === y;
  const names = normalName(a.name) === normalName(b.name);
  const [phoneA, phoneB] = [nationalPhone(a.phone), nationalPhone(b.phone)];
  const phones = same(phoneA, phoneB);
  const all: readonly [DuplicateReason, boolean][] = [
    ['phone', phones], ['email', same(a.email?.toLowerCase() ?? null, b.email?.toLowerCase() ?? null)],
    ['wechat', same(a.wechat?.trim().toLowerCase() ?? null, b.wechat?.trim().toLowerCase() ?? null)],
    ['name', names], ['name_sound', !names && same(a.sound, b.sound)], ['birthday', sameBirthday(a, b)],
    ['phone_tail', !phones && same(phoneA?.slice(-TAIL_DIGITS) ?? null, phoneB?.slice(-TAIL_DIGITS) ?? null)],
  ];
  return all.filter(([, agrees]) => agrees).map(([reason]) => reason);
}

/**
 * How far that tells of one person; null: not at all. `sure`: the name, or its sound, and something of one's own besides. `maybe`: an
 * address of one's own under another name; the name and the end of the number; or the name alone where only one number is known: of
 * 100,000 customers thousands have a namesake with another number. `shared`: a number under two names, as couples and families have:
 * only a hint. Two birthdays speak against it, as nothing else does: a second number is common.
 */
export function strengthOf(reasons: readonly DuplicateReason[], a: Likeable, b: Likeable): Duplicate['strength'] | null {
  const has = (...any: DuplicateReason[]): boolean => any.some((reason) => reasons.includes(reason));
  const twoBirthdays = a.birthday !== null && b.birthday !== null && !has('birthday');
  if (has('name', 'name_sound') && has('phone', 'email', 'wechat', 'birthday')) return twoBirthdays ? 'maybe' : 'sure';
  if (has('email', 'wechat')) return 'maybe';
  if (has('phone')) return 'shared';
  if (twoBirthdays) return null;
  if (has('name', 'name_sound') && has('phone_tail')) return 'maybe';
  return has('name') && (a.phone === null || b.phone === null) ? 'maybe' : null;
}

function sameBirthday(a: Likeable, b: Likeable): boolean {
  if (a.birthday === null || b.birthday === null || a.birthday.day !== b.birthday.day) return false;
  return a.birthday.year === null || b.birthday.year === null || a.birthday.year === b.birthday.year;
}

/** Full width, capitals and spaces make no other name. */
export const normalName = (name: string): string => name.normalize('NFKC').replace(/\s+/gu, '').toLowerCase();

/** What dossiers that may be one person's have in common: only those with one of these in common are compared. */
export function keysOf(person: Likeable): string[] {
  const phone = nationalPhone(person.phone);
  return [
    `n ${normalName(person.name)}`, ...(phone === null ? [] : [`p ${phone}`]),
    ...(person.email === null ? [] : [`e ${person.email.toLowerCase()}`]), ...(person.wechat === null ? [] : [`w ${person.wechat.trim().toLowerCase()}`]),
    ...(person.sound === null ? [] : [
      ...(person.birthday === null ? [] : [`b ${person.sound} ${person.birthday.day}`]), ...(phone === null ? [] : [`t ${person.sound} ${phone.slice(-TAIL_DIGITS)}`]),
    ]),
  ];
}
