/** Money as it is typed. Pure. */

/** Decimals of a currency (ISO 4217): 2 for yuan, 0 for yen. */
export function decimalsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** "1,280.5" or "１２８０．５" in the smallest unit; null: no amount, or finer than the currency knows. */
export function minorOf(typed: string, currency: string): number | null {
  const decimals = decimalsOf(currency);
  const [, whole, fraction = ''] = /^(\d{1,11})(?:\.(\d*))?$/.exec(typed.normalize('NFKC').replace(/[\s,]/g, '')) ?? [];
  if (whole === undefined || fraction.length > decimals) return null;
  return Number(whole) * 10 ** decimals + Number(fraction.padEnd(decimals, '0') || '0');
}

/** As one would type it: 1280.5 */
export function typedOf(minor: number, currency: string): string {
  return String(minor / 10 ** decimalsOf(currency));
}
