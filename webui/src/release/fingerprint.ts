/** SHA-256 of bytes as the box writes it: 64 small hexadecimal digits. */
export async function fingerprintOf(bytes: ArrayBuffer): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
