/** What only one box may read: encrypted to the key that it made at first boot, with age (age-encryption.org/v1, X25519). */
import { armor, Encrypter } from 'age-encryption';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/schema';

/** What a box writes to every stick: who it is and how to write to it. Other entries are left alone. */
const BoxCard = Type.Object({
  boxId: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9-]+$' }), recipient: Type.String({ pattern: '^age1[a-z0-9]{20,2000}$' }), hostName: Type.String({ maxLength: 253 }),
});
export type BoxCard = Static<typeof BoxCard>;
export const BOX_CARD_FILE = 'box.json';
/** An SSH key has 3 KB at most. */
export const SECRET_BYTES_MAX = 8_192;

/** @returns null: it is not the card of a box */
export function readBoxCard(bytes: Uint8Array): BoxCard | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return Check(BoxCard, value) ? value : null;
  } catch {
    return null;
  }
}

/** @returns armoured, lines of 64 characters, LF at the end */
export async function encryptToBox(secret: Uint8Array, { recipient }: BoxCard): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const text = armor.encode(await encrypter.encrypt(secret));
  return text.endsWith('\n') ? text : `${text}\n`;
}
