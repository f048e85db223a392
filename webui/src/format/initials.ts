/** What a reader takes for one sign: an emoji may be several characters. */
const signs = new Intl.Segmenter();
const firstSign = (text: string): string => [...signs.segment(text)][0]?.segment ?? '';
const CJK = /\p{Script=Han}/u;

/** One Chinese character (the surname), or up to two Latin initials. */
export function initials(name: string): string {
  const trimmed = name.trim();
  const first = firstSign(trimmed);
  if (CJK.test(first)) return first;
  const words = trimmed.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? firstSign(word) : ''));
  return letters.join('').toUpperCase();
}
