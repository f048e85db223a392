/**
 * The one way to write a barcode. A GTIN-12 (UPC-A) and the GTIN-13 that has a zero before it are the same number, and readers give either
 * (GS1 General Specifications, section 3.3.2 and 7.9: right justified, filled with zeros; check digit modulo 10 with weights 3 and 1). What
 * is no GTIN-12 stays as it is.
 */
export function asBarcode(text: string): string {
  if (!/^\d{12}$/.test(text)) return text;
  const sum = [...text].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 3 : 1), 0);
  return sum % 10 === 0 ? `0${text}` : text;
}
