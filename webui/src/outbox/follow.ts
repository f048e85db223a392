/**
 * Drafts of a dossier that was merged go to the one that stayed. Pure. A draft's key is what it is, a blank, and whose; what finds its place
 * taken there, and the form of the dossier that is gone, become lines of the note: nothing is saved by that, the person reads it before.
 */
const wordsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return value.trim() === '' ? [] : [value.trim()];
  if (typeof value !== 'object' || value === null) return [];
  return ['text', 'subject', 'detail'].flatMap((field) => wordsOf((value as Record<string, unknown>)[field]));
};

/**
 * @param formText what the form of a dossier would change, in words
 * @returns what is to be kept under which key; undefined: nothing any more
 */
export function followed(drafts: ReadonlyMap<string, unknown>, from: string, into: string, formText: (form: unknown) => string): Map<string, unknown> {
  const changes = new Map<string, unknown>();
  const lines: string[] = [];
  for (const [key, value] of drafts) {
    if (!key.endsWith(` ${from}`)) continue;
    const kind = key.slice(0, -from.length - 1);
    const place = `${kind} ${into}`;
    changes.set(key, undefined);
    if (kind === 'dossier') lines.push(...wordsOf(formText(value)));
    else if (kind === 'note' || drafts.has(place)) lines.push(...wordsOf(value));
    else changes.set(place, value);
  }
  const note = `note ${into}`;
  if (lines.length > 0) changes.set(note, [...wordsOf(drafts.get(note)), ...lines].join('\n'));
  return changes;
}
