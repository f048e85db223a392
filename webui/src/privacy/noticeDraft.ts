/** The draft of a notice, field by field, and what changed in it. Pure. */
import { LANGUAGES, NOTICE_FIELDS, type Language, type Notice, type NoticeDraft, type NoticeField } from '../contract.js';

export const textOf = (draft: Pick<NoticeDraft, 'sections'>, language: Language, field: NoticeField): string =>
  draft.sections.find((section) => section.language === language && section.field === field)?.text ?? '';

export function withText(draft: NoticeDraft, language: Language, field: NoticeField, text: string): NoticeDraft {
  const others = draft.sections.filter((section) => section.language !== language || section.field !== field);
  return { ...draft, sections: [...others, { language, field, text }] };
}

/** What has nothing written in it, in the order of the notice. */
export function missingOf(draft: NoticeDraft, fields: readonly NoticeField[], languages: readonly Language[]): { language: Language; field: NoticeField }[] {
  return fields.flatMap((field) => languages.filter((language) => textOf(draft, language, field).trim() === '').map((language) => ({ language, field })));
}

/** What of a notice can change: a field in one language or both, or the longest term, which has none. */
export type NoticePart = NoticeField | 'term';
export interface PartChange { readonly part: NoticePart; readonly languages: readonly Language[] }

/** What the draft says otherwise than the published notice, in the order of the notice. */
export function changesOf(draft: NoticeDraft, published: Pick<Notice, 'sections' | 'maxTermDays'>): PartChange[] {
  const fields = NOTICE_FIELDS.map((part) => ({ part, languages: LANGUAGES.filter((language) => textOf(draft, language, part) !== textOf(published, language, part)) }));
  return [...fields.filter(({ languages }) => languages.length > 0), ...(draft.maxTermDays === published.maxTermDays ? [] : [{ part: 'term' as const, languages: [] }])];
}

/** In which language a field changed alone, so that the other may say something else now; null: in both, or it has no language. */
export const aloneIn = ({ languages }: PartChange): Language | null => (languages.length === 1 ? languages[0]! : null);

/**
 * Why a change of this part is more than words. `again`: the law asks for a new consent (PIPL 14); `handler`: those who agreed did so
 * with another; `recipients`: it says who gets the data (PIPL 23); `told`: the law has them told (PIPL 17). Null: it only explains.
 */
export const WEIGHTS: Readonly<Record<NoticePart, 'again' | 'handler' | 'recipients' | 'told' | null>> = {
  handler: 'handler', contact: 'told', purpose: 'again', method: 'again', kinds: 'again', retention: 'told', necessity: null, impact: 'recipients', rights: 'told',
  term: 'told',
};
