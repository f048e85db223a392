/** The pairing code behind the `#` of an address; anybody can type an address, so it may be anything. */
export function codeInHash(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1)).slice(0, 40);
  } catch {
    return '';
  }
}
