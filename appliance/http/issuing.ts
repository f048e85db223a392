import 'reflect-metadata'; // @peculiar/x509 wants it loaded first
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { encodeConstraints, NAME_CONSTRAINTS, type Permitted } from './constraints.js';

/** Apple accepts leaf certificates of private roots up to 825 days; 397 keeps to the stricter public rule. */
const LEAF_DAYS = 397;
const ROOT_YEARS = 10;
const DAY_MS = 86_400_000;
const KEY_TYPE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

x509.cryptoProvider.set(webcrypto);

/** A private key and the certificate made with it, both PEM. */
export interface Issued {
  keyPem: string;
  pem: string;
}

/**
 * A new root of a box, signed by itself.
 * @param permitted all that it will ever be able to sign: who takes its key can pass for nothing else
 * @param now milliseconds
 */
export async function makeRoot(permitted: Permitted, now: number): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(KEY_TYPE, true, ['sign', 'verify']);
  const id = Buffer.from(webcrypto.getRandomValues(new Uint8Array(3))).toString('hex').toUpperCase();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Portico ${id}, O=Portico`, // iPadOS lists a root only when it has a common name
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + ROOT_YEARS * 365 * DAY_MS),
    signingAlgorithm: KEY_TYPE,
    keys: keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension(NAME_CONSTRAINTS, true, encodeConstraints(permitted)),
    ],
  });
  return { pem: certificate.toString('pem'), keyPem: await exportKey(keys.privateKey) };
}

/**
 * A new certificate for the server, signed by the root.
 * @param names DNS names and IP addresses
 * @param now milliseconds
 */
export async function makeLeaf(issuer: Issued, names: readonly string[], now: number): Promise<Issued> {
  const root = new x509.X509Certificate(issuer.pem);
  const rootKey = await importKey(issuer.keyPem);
  const keys = await webcrypto.subtle.generateKey(KEY_TYPE, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=Portico box, O=Portico',
    issuer: root.subject,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + LEAF_DAYS * DAY_MS),
    signingAlgorithm: KEY_TYPE,
    publicKey: keys.publicKey,
    signingKey: rootKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: isIP(name) === 0 ? 'dns' as const : 'ip' as const, value: name }))),
      await x509.AuthorityKeyIdentifierExtension.create(root),
    ],
  });
  return { pem: certificate.toString('pem'), keyPem: await exportKey(keys.privateKey) };
}

/** 127 random bits, positive. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), KEY_TYPE, false, ['sign']);
}
