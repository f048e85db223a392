import { useI18n } from 'vue-i18n';
import type { ExportDay, ExportDelivery, ReleaseTable } from '../contract.js';
import { cellName } from '../release/cells.js';
import { useWords } from './useWords.js';

/** What the page says of releases, in the language of the moment. */
export function useReleaseWords() {
  const { t, te } = useI18n();
  const { dayAndTime, number } = useWords();

  function cell(table: ReleaseTable, name: string, isLast: boolean): string {
    const said = cellName(table, name, isLast);
    if (typeof said === 'string') return said;
    return te(said.words) ? t(said.words, said.values) : name;
  }
  /** What is in it: so many figures, so many of them withheld; or why there are none. */
  function content({ reason, cells, suppressed }: ExportDay): string {
    if (reason !== null) return t(`headOffice.skipped.${reason}`);
    return suppressed === 0 ? t('headOffice.all', { of: cells }) : t('headOffice.withheld', { n: suppressed, of: cells });
  }
  const state = ({ state: now, errorCode }: ExportDelivery): string => t(now === 'waiting' && errorCode === null ? 'headOffice.queued' : `headOffice.state.${now}`);
  /** What becomes of it, in one line. */
  function progress({ state, tries, nextTryAt, deliveredAt, progress: share }: ExportDelivery): string {
    switch (state) {
      case 'delivered': return deliveredAt === null ? '' : t('headOffice.deliveredAt', { when: dayAndTime(deliveredAt) });
      case 'sending': return share === null ? t('headOffice.sendingNow') : t('headOffice.sendingShare', { percent: Math.round(share * 100) });
      case 'waiting': {
        const next = nextTryAt === null || Date.parse(nextTryAt) <= Date.now() ? t('headOffice.nextSoon') : t('headOffice.nextAt', { when: dayAndTime(nextTryAt) });
        return tries === 0 ? next : `${t('headOffice.tried', { n: number(tries) })}${t('headOffice.comma')}${next}`;
      }
      case 'dead': return t('headOffice.tried', { n: number(tries) });
    }
  }
  return { cell, content, state, progress };
}
