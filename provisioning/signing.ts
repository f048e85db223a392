/**
 * The organisation's Ed25519 key (RFC 8032): made by IT, pinned by each box at its first stick. It signs settings, requests and update bundles.
 * A signature is over the exact bytes of the file, without hashing them first, so that openssl can check it too:
 * `openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey public.der -in portico.yaml -sigfile signature.bin`.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import { Check } from 'typebox/schema';
import { PorticoError } from '../appliance/kit/index.js';

/** Who signed. */
export interface OrganisationKey {
  /** 16 hexadecimal digits: the beginning of the SHA-256 of the public key, in DER form; for people to compare. */
  keyId: string;
  /** SubjectPublicKeyInfo (RFC 8410), DER, base64: 60 characters. */
  publicKey: string;
}
export interface SigningKey extends OrganisationKey { privateKey: KeyObject }

/** What a .sig file holds besides the key: base64 of the 64 bytes. */
export interface Signature extends OrganisationKey { signature: string }

const SignatureFile = Type.Object(
  { keyId: Type.String({ pattern: '^[0-9a-f]{16}$' }), publicKey: Type.String({ pattern: '^[A-Za-z0-9+/]{59}=$' }), signature: Type.String({ pattern: '^[A-Za-z0-9+/]{86}==$' }) },
  { additionalProperties: false },
);
/** Of a .sig file. */
export const SIGNATURE_BYTES_MAX = 1_024;

/** What the passphrase of a key file is stretched by, as openssl writes it: PBES2 with AES-256-CBC. */
const CIPHER = 'aes-256-cbc';

export function makeSigningKey(): SigningKey {
  return withPublic(generateKeyPairSync('ed25519').privateKey);
}

/** @param passphrase null: the file is not encrypted. @returns PKCS#8, PEM */
export function writeSigningKey(key: SigningKey, passphrase: string | null): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem', ...(passphrase === null ? {} : { cipher: CIPHER, passphrase }) }) as string;
}

/** Whether a passphrase has to be asked for. */
export const isEncrypted = (pem: string): boolean => pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');

/**
 * @param pem PKCS#8, as writeSigningKey or openssl writes it
 * @throws PorticoError key_file_invalid {problem}, key_passphrase_wrong
 */
export function readSigningKey(pem: string, passphrase: string | null): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch (error) {
    if (isEncrypted(pem)) throw new PorticoError('key_passphrase_wrong', {}, { cause: error });
    throw new PorticoError('key_file_invalid', { problem: 'it does not hold a private key' }, { cause: error });
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new PorticoError('key_file_invalid', { problem: 'it holds another kind of key: an Ed25519 key is needed' });
  return withPublic(privateKey);
}

function withPublic(privateKey: KeyObject): SigningKey {
  return { ...organisationOf(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })), privateKey };
}
/** @param spki the public key, SubjectPublicKeyInfo in DER */
export function organisationOf(spki: Buffer): OrganisationKey {
  return { keyId: createHash('sha256').update(spki).digest('hex').slice(0, 16), publicKey: spki.toString('base64') };
}

/** @param bytes the file, exactly as it will lie there. @returns the whole content of FILE.sig */
export function signFile(bytes: Uint8Array, key: SigningKey): Buffer {
  const signature: Signature = { keyId: key.keyId, publicKey: key.publicKey, signature: sign(null, bytes, key.privateKey).toString('base64') };
  return Buffer.from(`${JSON.stringify(signature, null, 2)}\n`);
}

/**
 * Whether the file was signed, unchanged, by the organisation.
 * @param sigBytes content of FILE.sig; null: there is none
 * @param pinned publicKey of the organisation that the box belongs to; null: it belongs to none yet, and any key will do
 * @returns who signed it: to be pinned at the first stick
 * @throws PorticoError stick_unsigned, stick_signature_wrong, stick_other_organisation {keyId, pinned}
 */
export function verifyFile(bytes: Uint8Array, sigBytes: Uint8Array | null, pinned: string | null): OrganisationKey {
  if (sigBytes === null) throw new PorticoError('stick_unsigned');
  const said = parsed(sigBytes);
  if (said === null) throw new PorticoError('stick_signature_wrong', { problem: 'the signature file is damaged' });
  const spki = Buffer.from(said.publicKey, 'base64');
  const key = organisationOf(spki);
  if (key.publicKey !== said.publicKey || key.keyId !== said.keyId || !isGenuine(bytes, said.signature, spki)) throw new PorticoError('stick_signature_wrong', { keyId: said.keyId });
  // Only now: of a forgery nobody should hear that it is from another organisation.
  if (pinned !== null && key.publicKey !== pinned) throw new PorticoError('stick_other_organisation', { keyId: key.keyId, pinned: organisationOf(Buffer.from(pinned, 'base64')).keyId });
  return key;
}

function isGenuine(bytes: Uint8Array, signature: string, spki: Buffer): boolean {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function parsed(sigBytes: Uint8Array): Signature | null {
  if (sigBytes.length > SIGNATURE_BYTES_MAX) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(sigBytes).toString('utf8').replace(/^\ufeff/, ''));
    return Check(SignatureFile, value) ? value : null;
  } catch {
    return null;
  }
}
