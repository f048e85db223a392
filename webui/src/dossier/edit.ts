/** The form of a dossier as it is typed, what of it is sent, and what is amiss with it. Pure. */
import { isYearlyDate, type Companion, type ContactWay, type CustomerChange, type CustomerFields, type Dossier, type Size, type YearlyDate } from '../contract.js';
import { normalisePhone } from '../format/phone.js';

/** In the order of the form. */
export const FIELD_NAMES = [
  'displayName', 'salutation', 'phone', 'tier', 'memberNo', 'points', 'email', 'wechat', 'contactBy', 'contactWhen', 'contactNever', 'doNot', 'allergies', 'facts', 'likes', 'dislikes',
  'sizes', 'dates', 'companions',
] as const satisfies readonly (keyof CustomerFields)[];
export type FieldName = (typeof FIELD_NAMES)[number];
const TEXT_NAMES = ['displayName', 'salutation', 'phone', 'tier', 'memberNo', 'email', 'wechat', 'contactWhen'] as const;
export const LINE_NAMES = ['facts', 'doNot', 'allergies', 'likes', 'dislikes'] as const;
export type LineName = (typeof LINE_NAMES)[number];
/** What a short form asks for. */
export const BRIEF_NAMES = ['displayName', 'salutation', 'phone', 'tier'] as const satisfies readonly FieldName[];

export const NAME_CHARACTERS_MAX = 40;

/** `kind` empty, `month` or `day` 0: not chosen yet. */
export interface TypedDate { kind: YearlyDate['kind'] | ''; label: string; month: number; day: number; year: string }
export type DossierForm = Record<(typeof TEXT_NAMES)[number] | 'points', string> & Record<LineName, string[]> & {
  contactBy: ContactWay[]; contactNever: boolean; sizes: Size[]; dates: TypedDate[]; companions: Companion[];
};

export const NO_FIELDS: CustomerFields = {
  displayName: '', salutation: null, phone: null, tier: null, memberNo: null, points: 0, email: null, wechat: null, contactBy: [], contactWhen: null, contactNever: false,
  facts: [], doNot: [], allergies: [], likes: [], dislikes: [], sizes: [], dates: [], companions: [],
};

/** The fields of a dossier alone, as copies of their own. */
export function fieldsOf(dossier: CustomerFields): CustomerFields {
  return JSON.parse(JSON.stringify(Object.fromEntries(FIELD_NAMES.map((name) => [name, dossier[name]])))) as CustomerFields;
}

export function formOf(fields: CustomerFields): DossierForm {
  const own = fieldsOf(fields);
  return {
    ...own, ...(Object.fromEntries(TEXT_NAMES.map((name) => [name, own[name] ?? ''])) as Record<(typeof TEXT_NAMES)[number], string>),
    points: own.points === 0 ? '' : String(own.points), dates: own.dates.map((date) => ({ ...date, label: date.label ?? '', year: date.year === null ? '' : String(date.year) })),
  };
}

/** What is amiss with it, as the name of a word; null: nothing. An empty line is not there. */
export function problemOf(form: DossierForm): string | null {
  const name = form.displayName.trim();
  if (name === '') return 'form.nameNeeded';
  if ([...name].length > NAME_CHARACTERS_MAX) return 'edit.nameLong';
  if (form.phone.trim() !== '' && normalisePhone(form.phone) === null) return 'form.phoneInvalid';
  if (!/^[A-Za-z0-9-]{0,32}$/.test(form.memberNo.trim())) return 'edit.memberInvalid';
  if (!/^[0-9]{0,9}$/.test(form.points.trim())) return 'edit.pointsInvalid';
  if (form.email.trim() !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(form.email.trim())) return 'edit.emailInvalid';
  if (form.sizes.some(({ label, value }) => (label.trim() === '') !== (value.trim() === ''))) return 'edit.sizeHalf';
  const dates = form.dates.filter(isBegun);
  if (dates.some(({ kind, month, day }) => kind === '' || month === 0 || day === 0)) return 'edit.dateHalf';
  if (!dates.every((typed) => isYearlyDate({ ...dateOf(typed), year: null }))) return 'edit.dateInvalid';
  if (!dates.every(({ year }) => /^([12][0-9]{3})?$/.test(year.trim()))) return 'edit.yearInvalid';
  if (!dates.every((typed) => isYearlyDate(dateOf(typed)))) return 'edit.yearNotLeap';
  if (form.companions.some(({ name: who, relation }) => (who.trim() === '') !== (relation.trim() === ''))) return 'edit.companionHalf';
  return null;
}

/** What is typed as the box stores it. Only where `problemOf` finds nothing. */
export function typedFields(form: DossierForm): CustomerFields {
  const text = (typed: string): string | null => typed.trim() || null;
  const lines = (typed: readonly string[]): string[] => typed.map((line) => line.trim()).filter(Boolean);
  return {
    displayName: form.displayName.trim(), salutation: text(form.salutation), phone: form.phone.trim() === '' ? null : normalisePhone(form.phone), tier: text(form.tier),
    memberNo: text(form.memberNo), points: Number(form.points.trim()), email: text(form.email), wechat: text(form.wechat), contactBy: [...form.contactBy],
    contactWhen: text(form.contactWhen), contactNever: form.contactNever, facts: lines(form.facts), doNot: lines(form.doNot), allergies: lines(form.allergies),
    likes: lines(form.likes), dislikes: lines(form.dislikes),
    sizes: form.sizes.map(({ label, value }) => ({ label: label.trim(), value: value.trim() })).filter(({ label }) => label !== ''),
    dates: form.dates.filter(isBegun).map(dateOf),
    companions: form.companions.map((each) => ({ ...each, name: each.name.trim(), relation: each.relation.trim() })).filter(({ name }) => name !== ''),
  };
}

/** Only what differs from what was seen, and what was seen of it; null: nothing does. */
export function changeOf(seen: CustomerFields, wanted: CustomerFields): (CustomerChange & { base: Partial<CustomerFields> }) | null {
  const changed = FIELD_NAMES.filter((name) => JSON.stringify(seen[name]) !== JSON.stringify(wanted[name]));
  if (changed.length === 0) return null;
  const picked = (from: CustomerFields): Partial<CustomerFields> => Object.fromEntries(changed.map((name) => [name, from[name]]));
  return { ...picked(wanted), base: picked(seen) };
}

/** The fields that an `edit_conflict` names. */
export function conflictingFields(details: Readonly<Record<string, unknown>>): FieldName[] {
  const named = String(details['fields'] ?? '').split(',');
  return FIELD_NAMES.filter((name) => named.includes(name));
}

/** How many entries there are of these lists, for the heading of a group; empty lines are not counted. */
export function countOf(form: DossierForm, names: readonly (LineName | 'sizes' | 'dates' | 'companions')[]): number {
  const lists = typedFields(form);
  return names.reduce((sum, name) => sum + lists[name].length, 0);
}

/** Whether nothing but name and phone is known. */
export function isBare(dossier: Dossier): boolean {
  return FIELD_NAMES.every((name) => ['displayName', 'salutation', 'phone', 'tier'].includes(name) || JSON.stringify(dossier[name]) === JSON.stringify(NO_FIELDS[name]));
}

const isBegun = ({ kind, label, month, day, year }: TypedDate): boolean => kind !== '' || month !== 0 || day !== 0 || `${label}${year}`.trim() !== '';

function dateOf({ kind, label, month, day, year }: TypedDate): YearlyDate {
  return { kind: kind || 'other', label: label.trim() || null, month, day, year: year.trim() === '' ? null : Number(year) };
}
