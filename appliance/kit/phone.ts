/** A Chinese mobile number as people write it: with the country's prefix or without. */
const MOBILE = /^(?:\+?86|0086)?(1\d{10})$/;

/** What is the same for every spelling of a number: of a Chinese mobile number its eleven digits. Null: there is none. */
export function nationalPhone(phone: string | null): string | null {
  const plain = phone?.replace(/[^\d+]/g, '') ?? '';
  const digits = plain.replace('+', '');
  // A number of another country may have the digits of a Chinese one.
  return MOBILE.exec(plain)?.[1] ?? (MOBILE.test(digits) ? plain : digits || null);
}

/** Whether it can be nothing but a Chinese mobile number. */
export const isMobile = (phone: string): boolean => MOBILE.test(phone.replace(/[\s-]/g, ''));

/** As the same number may stand in a dossier. */
export function phoneSpellings(phone: string): string[] {
  const national = nationalPhone(phone);
  if (national === null || national.startsWith('+')) return [national ?? phone];
  return isMobile(national) ? [national, `86${national}`, `+86${national}`, `0086${national}`] : [national, `+${national}`];
}
