/** age: to whom a backup can be opened. The only importer of the library. */
import { Decrypter, Encrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { PorticoError } from '../kit/index.js';

export type Bytes = AsyncIterable<Uint8Array>;
/** What the library takes and gives; a stream of the web can be gone through like any other. */
type WebStream = ReadableStream<Uint8Array> & Bytes;

/** A key of the kind that the store's is: the two kinds do not go together in one file (age, "labels"). */
export async function keyLike(recipient: string): Promise<{ identity: string; recipient: string }> {
  const identity = recipient.startsWith('age1pq1') ? await generateHybridIdentity() : await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** A new key for a store: X25519, which every age tool opens. */
export const newKey = (): Promise<{ identity: string; recipient: string }> => keyLike('age1');

/** @throws PorticoError key_file_invalid */
export async function recipientOf(identity: string): Promise<string> {
  try {
    return await identityToRecipient(identity);
  } catch (cause) {
    throw new PorticoError('key_file_invalid', {}, { cause });
  }
}

/** Encrypts as it is read. @throws PorticoError backup_failed for a recipient that is none */
export async function seal(recipients: readonly string[], source: Bytes): Promise<Bytes> {
  const encrypter = new Encrypter();
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new PorticoError('backup_failed', { reason: 'recipient' }, { cause });
  }
  return await encrypter.encrypt(ReadableStream.from(source) as WebStream) as WebStream;
}

/**
 * Decrypts as it is read; each 64 KiB are authenticated before they come out.
 * @throws PorticoError backup_key_wrong, backup_not_ours; what reading the source throws
 */
export async function* unseal(identity: string, source: Bytes): AsyncGenerator<Uint8Array> {
  let fault: { error: unknown } | null = null;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (error) {
      fault = { error };
      throw error;
    }
  }
  try {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    yield* await decrypter.decrypt(ReadableStream.from(watched()) as WebStream) as WebStream;
  } catch (cause) {
    if (fault !== null) throw (fault as { error: unknown }).error;
    // The library has words for this, and no codes.
    if (cause instanceof Error && cause.message.includes('no identity matched')) throw new PorticoError('backup_key_wrong', {}, { cause });
    throw new PorticoError('backup_not_ours', {}, { cause });
  }
}
