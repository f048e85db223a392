/** The draft of a notice, field by field. Pure. */
import type { Language, NoticeDraft, NoticeField } from '../contract.js';

export const textOf = (draft: NoticeDraft, language: Language, field: NoticeField): string =>
  draft.sections.find((section) => section.language === language && section.field === field)?.text ?? '';

export function withText(draft: NoticeDraft, language: Language, field: NoticeField, text: string): NoticeDraft {
  const others = draft.sections.filter((section) => section.language !== language || section.field !== field);
  return { ...draft, sections: [...others, { language, field, text }] };
}

/** What has nothing written in it, in the order of the notice. */
export function missingOf(draft: NoticeDraft, fields: readonly NoticeField[], languages: readonly Language[]): { language: Language; field: NoticeField }[] {
  return fields.flatMap((field) => languages.filter((language) => textOf(draft, language, field).trim() === '').map((language) => ({ language, field })));
}
