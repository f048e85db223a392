import { pinyin } from 'pinyin-pro';

const PLAIN = { toneType: 'none', type: 'array', v: true, nonZh: 'removed' } as const;

/**
 * How a Chinese name may be typed by its sound: syllables without tones, ü as v. The family name as a family name is read (单 is shan,
 * 仇 is qiu) comes first; where the usual reading differs (乐: yue, le), that follows. Empty: no Chinese in it.
 */
export function readingsOf(name: string): string[][] {
  const asName = pinyin(name, { ...PLAIN, surname: 'head' });
  if (asName.length === 0) return [];
  const asText = pinyin(name, { ...PLAIN, surname: 'off' });
  return asText.join(' ') === asName.join(' ') ? [asName] : [asName, asText];
}
