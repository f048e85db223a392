import { daysBetween, nextOccurrence, type ContactWay, type CustomerFields, type Size, type YearlyDate } from '../contract.js';
import type { FieldName } from '../dossier/edit.js';
import { groupPhone } from '../format/phone.js';
import { todayInStore, useWords } from './useWords.js';

/** What stands in a dossier, said in the language of the moment. */
export function usePersonWords() {
  const { t, number, monthDay, longDay } = useWords();
  const wayWord = (way: ContactWay): string => t(`person.way_${way}`);
  const dateName = ({ kind, label }: YearlyDate): string => label ?? t(`person.date_${kind}`);
  const dateText = (date: YearlyDate): string => (date.year === null ? monthDay(date.month, date.day) : longDay([date.year, date.month, date.day].map((part) => String(part).padStart(2, '0')).join('-')));
  const sizeText = ({ label, value }: Size): string => `${label} ${value}`;

  function reach(ways: readonly ContactWay[]): string {
    const [first, ...others] = ways.map(wayWord);
    if (first === undefined) return '';
    return others.length === 0 ? t('person.reachBy', { way: first }) : t('person.reachByThen', { way: first, others: others.join(t('punctuation.and')) });
  }

  /** When it comes round next, and how many years it is then. */
  function soon(date: YearlyDate): { days: number; words: string } {
    const today = todayInStore();
    const next = nextOccurrence(date, today);
    const days = daysBetween(today, next);
    const years = date.year === null ? 0 : Number(next.slice(0, 4)) - date.year;
    return {
      days,
      words: [
        days === 0 ? t('person.today') : days === 1 ? t('person.tomorrow') : t('person.inDays', { n: number(days) }),
        years > 0 ? t(date.kind === 'birthday' ? 'person.age' : 'person.yearsOn', { n: years }) : '',
        date.month === 2 && date.day === 29 && next.endsWith('02-28') ? t('person.keptOn28') : '',
      ].filter(Boolean).join(' · '),
    };
  }

  /** A field as lines of text, for putting two states of it side by side. */
  function fieldText<N extends FieldName>(name: N, fields: CustomerFields): string {
    const texts: { [K in FieldName]: (value: CustomerFields[K]) => string } = {
      displayName: String, salutation: (value) => value ?? '', phone: (value) => (value ? groupPhone(value) : ''), tier: (value) => value ?? '', memberNo: (value) => value ?? '',
      points: number, email: (value) => value ?? '', wechat: (value) => value ?? '', contactBy: reach, contactWhen: (value) => value ?? '',
      contactNever: (value) => t(value ? 'conflict.yes' : 'conflict.no'), facts: lines, doNot: lines, allergies: lines, likes: lines, dislikes: lines,
      sizes: (value) => lines(value.map(sizeText)), dates: (value) => lines(value.map((date) => `${dateName(date)} ${dateText(date)}`)),
      companions: (value) => lines(value.map(({ name: who, relation }) => `${relation} ${who}`)),
    };
    return texts[name](fields[name]);
  }
  return { wayWord, dateName, dateText, sizeText, reach, soon, fieldText };
}

const lines = (texts: readonly string[]): string => texts.join('\n');
