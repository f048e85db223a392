import { reactive, ref, watch } from 'vue';
import { ASSESSMENT_FIELDS, type AssessmentField, type AssessmentRequest, type RecognitionMode } from '../contract.js';

const KEY = 'portico.assessment.';

export interface AssessmentDraft extends Record<AssessmentField, string> {
  mode: RecognitionMode;
  reason: AssessmentRequest['reason'];
  acceptable: boolean | null;
}
const empty = (): AssessmentDraft => ({ mode: 'opt_in', reason: 'first', purpose: '', impact: '', risks: '', measures: '', conclusion: '', acceptable: null });

function stored(staffId: string): AssessmentDraft | null {
  try {
    const text = localStorage.getItem(KEY + staffId);
    return text === null ? null : { ...empty(), ...(JSON.parse(text) as Partial<AssessmentDraft>) };
  } catch {
    return null; // storage switched off, or not ours
  }
}

export const hasAssessmentDraft = (staffId: string): boolean => stored(staffId) !== null;

/**
 * An assessment takes an hour, and an iPad may be locked or taken away meanwhile: what is typed stays in the storage
 * of this iPad until it is recorded. It is about the store's own rules; the page says that no customer belongs in it.
 */
export function useAssessmentDraft(staffId: string, preset: Partial<Pick<AssessmentDraft, 'mode' | 'reason'>>) {
  const found = stored(staffId);
  const draft = reactive<AssessmentDraft>(found ?? { ...empty(), ...preset });
  const kept = ref(found !== null);
  watch(draft, () => {
    try {
      localStorage.setItem(KEY + staffId, JSON.stringify(draft));
      kept.value = true;
    } catch {
      // Not kept over a reload; nothing else changes.
    }
  });
  function drop(): void {
    try {
      localStorage.removeItem(KEY + staffId);
    } catch {
      // It was not kept.
    }
  }
  /** Null while something is missing. */
  function request(): AssessmentRequest | null {
    const { acceptable } = draft;
    if (acceptable === null || ASSESSMENT_FIELDS.some((field) => draft[field].trim() === '')) return null;
    return { ...draft, acceptable };
  }
  return { draft, kept, drop, request };
}
