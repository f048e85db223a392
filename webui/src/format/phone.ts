/** Digits with an optional leading +, as the box stores it; null when nothing is left or it is not a number. */
export function normalisePhone(typed: string): string | null {
  const compact = typed.normalize('NFKC').replace(/[\s\-().]/g, '');
  return /^\+?[0-9]{5,15}$/.test(compact) ? compact : null;
}

/** 138 1234 5678 for a mainland mobile number, otherwise as it is. */
export function groupPhone(phone: string): string {
  const mobile = /^(\+?86)?(1\d{2})(\d{4})(\d{4})$/.exec(phone);
  if (!mobile) return phone;
  return [mobile[1], mobile[2], mobile[3], mobile[4]].filter(Boolean).join(' ');
}
