/** What a setting's text is read as. */
import { PorticoError } from '../kit/index.js';

/** How numbers are written: Number() is generous, it reads '' as 0 and '0x50' as 80. */
export const NUMERALS = { integer: /^\d{1,9}$/, number: /^\d{1,9}(\.\d{1,9})?$/ } as const;

/** Of what stands between commas. */
export const listOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

/** A URL's text as one. @throws PorticoError config_invalid */
export function urlOf(setting: string, text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new PorticoError('config_invalid', { setting, problem: 'is not an address such as https://portico.example.cn/' });
  }
}
