/** What is encrypted to a box: what each has to be, and by which name the box's service gets it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { SecretName } from './settings.js';

/** Of systemd's credentials; the files beside the data have the same names (docs/settings.md). */
export const CREDENTIALS: Record<SecretName, string> = { sftpKey: 'sftp-key', exportHmac: 'export-hmac', exportClientKey: 'export-client-key', exportSftpKey: 'export-sftp-key' };
/** The certificate that belongs to `exportClientKey`; no secret. */
export const CLIENT_CERTIFICATE = 'export-client-cert';
/** 256 bits as hexadecimal digits are 64, as base64 44; shorter than this it was thought up. */
const HMAC_LENGTH_MIN = 32;

export type ReadSecret = { secret: Buffer; problem: null } | { secret: null; problem: string };

/**
 * @param bytes in clear
 * @param certificate of the settings: a key has to belong to it. Undefined: there is none
 * @returns the secret as the service takes it; or what is wrong, without a word of what it holds
 */
export function readSecret(name: SecretName, bytes: Buffer, certificate: string | undefined): ReadSecret {
  const wrong = (problem: string): ReadSecret => ({ secret: null, problem: `${name} ${problem}` });
  if (name === 'exportHmac') {
    // An editor puts an end of line behind it, which head office's own copy may not have.
    const text = bytes.toString('utf8').trim();
    if (/\p{Cc}|\ufffd/u.test(text)) return wrong('is not one line of text. Make it with: openssl rand -base64 32');
    return [...text].length < HMAC_LENGTH_MIN ? wrong(`is shorter than ${HMAC_LENGTH_MIN} characters. Make it with: openssl rand -base64 32`) : { secret: Buffer.from(text), problem: null };
  }
  if (name === 'exportClientKey') {
    try {
      const key = createPrivateKey(bytes);
      if (certificate !== undefined && !new X509Certificate(certificate).checkPrivateKey(key)) return wrong('is not the key of export.clientCertificate. Take the two that were made together.');
    } catch {
      return wrong('is not a private key in PEM form without a passphrase.');
    }
  }
  return { secret: bytes, problem: null };
}

/** @returns what is wrong with one or more certificates in PEM form; null: nothing. The rest of a sentence */
export function problemOfChain(pem: string): string | null {
  // The settings are no secret: whoever has the stick reads them.
  if (/PRIVATE KEY/.test(pem)) return 'holds a private key, which everybody who has this stick can read. Make another one, and give that with "portico stick secret": exportClientKey.';
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const each of blocks) new X509Certificate(each);
  } catch {
    return NO_CERTIFICATE;
  }
  return blocks.length === 0 || pem.split('-----BEGIN').length !== blocks.length + 1 ? NO_CERTIFICATE : null;
}
const NO_CERTIFICATE = 'is not a certificate. Write the whole block from -----BEGIN CERTIFICATE----- on after "|", and those that signed it below.';
