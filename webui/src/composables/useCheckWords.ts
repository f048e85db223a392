import { useI18n } from 'vue-i18n';
import type { BoxCheck } from '../contract.js';
import { useWords } from './useWords.js';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What a check found and what to do, in the language of the moment; instants among its values by the store's clock. */
export function useCheckWords() {
  const { t, te } = useI18n();
  const { dayAndTime, number } = useWords();
  const shown = (value: string | number | null): string => {
    if (value === null) return '–';
    if (typeof value === 'number') return number(value);
    return INSTANT.test(value) ? dayAndTime(value) : value;
  };
  return ({ id, reason, figures }: BoxCheck): string => {
    const name = `checks.${id}.${reason}`;
    const said = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, shown(value)]));
    return te(name) ? t(name, said) : `${id}: ${reason}`;
  };
}
