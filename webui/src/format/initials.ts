const CJK = /\p{Script=Han}/u;

/** One Chinese character (the surname), or up to two Latin initials. */
export function initials(name: string): string {
  const trimmed = name.trim();
  const first = [...trimmed][0] ?? '';
  if (CJK.test(first)) return first;
  const words = trimmed.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? [...word][0] : ''));
  return letters.join('').toUpperCase();
}
