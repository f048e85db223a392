/** A pairing code is far shorter; the secret of a customer's link is 48 characters. */
const LONGEST = 200;

/** The code or secret behind the `#` of an address; anybody can type an address, so it may be anything. */
export function codeInHash(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1)).slice(0, LONGEST);
  } catch {
    return '';
  }
}
