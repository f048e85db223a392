/** AES-GCM for what the iPad keeps (NIST SP 800-38D): 96 random bits a time, and bound to the record it is for. */
type Subtle = typeof globalThis.crypto.subtle;
export type SealingKey = Awaited<ReturnType<Subtle['importKey']>>;
export interface Sealed { iv: Uint8Array<ArrayBuffer>; sealed: ArrayBuffer }

const IV_BYTES = 12;

/** @param key base64url, as the box gives it; cannot be taken out of the browser again */
export async function importKey(key: string): Promise<SealingKey> {
  const bytes = Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

const bound = (place: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`portico outbox 1 ${place}`);

/** @param place whose record it is and which: opens nowhere else */
export async function seal(key: SealingKey, place: string, content: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const text = new TextEncoder().encode(JSON.stringify(content));
  return { iv, sealed: await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bound(place) }, key, text) };
}

/** Undefined: it was not sealed with this key, or not for this place. */
export async function unseal(key: SealingKey, place: string, { iv, sealed }: Sealed): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: bound(place) }, key, sealed)));
  } catch {
    return undefined;
  }
}
