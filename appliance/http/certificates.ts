import 'reflect-metadata'; // @peculiar/x509 wants it loaded first
import * as x509 from '@peculiar/x509';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { PorticoError, type Clock } from '../kit/index.js';

/** Apple accepts leaf certificates of private roots up to 825 days; 397 keeps to the stricter public rule. */
const LEAF_DAYS = 397;
const RENEW_BEFORE_DAYS = 30;
const ROOT_YEARS = 10;
const DAY_MS = 86_400_000;
const KEY_TYPE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface Certificates {
  /** The box's root, which an iPad trusts once. PEM and DER. */
  rootPem: string;
  rootDer: Buffer;
  /** The server's key and its chain, PEM. */
  keyPem: string;
  chainPem: string;
  names: readonly string[];
}

/**
 * The root and the server's certificate of this box, made on first start. The server's certificate is renewed from
 * the same root, so without new trust, when it has 30 days left or a name or address is missing from it.
 *
 * @param directory private to the box; key files are 0600
 * @param names further DNS names and IP addresses
 */
export async function loadCertificates(directory: string, names: readonly string[], clock: Clock): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = {
    rootKey: join(directory, 'root.key'), root: join(directory, 'root.crt'),
    key: join(directory, 'server.key'), server: join(directory, 'server.crt'),
  };
  if (!existsSync(files.root)) {
    // The key is written first, so a key without its root means that the making was cut short: begin again.
    const made = await makeRoot(clock.now());
    writePrivate(files.rootKey, made.keyPem);
    writePrivate(files.root, made.certificate.toString('pem'));
  }
  const { root, rootKey } = await readRoot(files);
  const wanted = [...new Set([...localNames(), ...names])];
  if (!existsSync(files.key) || !existsSync(files.server) || !isFit(files, root, wanted, clock.now())) {
    const made = await makeLeaf(root, rootKey, wanted, clock.now());
    writePrivate(files.key, made.keyPem);
    writePrivate(files.server, made.certificate.toString('pem'));
  }
  return {
    rootPem: root.toString('pem'), rootDer: Buffer.from(root.rawData), keyPem: readFileSync(files.key, 'utf8'),
    chainPem: `${readFileSync(files.server, 'utf8')}\n${root.toString('pem')}\n`, names: wanted,
  };
}

/** @throws PorticoError certificate_unreadable: a new root in its place would cost every iPad its trust unasked */
async function readRoot(files: { root: string; rootKey: string }) {
  try {
    const pem = readFileSync(files.root, 'utf8');
    const keyPem = readFileSync(files.rootKey, 'utf8');
    if (!new X509Certificate(pem).checkPrivateKey(createPrivateKey(keyPem))) throw new Error('the key is of another root');
    return { root: new x509.X509Certificate(pem), rootKey: await importKey(keyPem) };
  } catch (cause) {
    throw new PorticoError('certificate_unreadable', { certificate: files.root, key: files.rootKey }, { cause });
  }
}

/** Interfaces that lead to containers and virtual machines, not to an iPad. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel)/;

/** IPv4 addresses of this machine that an iPad could reach; loopback and virtual networks excluded. */
export function lanAddresses(): string[] {
  return Object.entries(networkInterfaces()).filter(([name]) => !VIRTUAL.test(name)).flatMap(([, list]) => list ?? [])
    .filter((address) => !address.internal && address.family === 'IPv4').map((address) => address.address);
}

function localNames(): string[] {
  const host = hostname().toLowerCase();
  const short = host.split('.')[0]!;
  return ['localhost', host, `${short}.local`, 'portico.local', '127.0.0.1', '::1', ...lanAddresses()];
}

/** Whether the server's certificate can be read, is of this root, names all that is wanted, lasts, and belongs to the key beside it. */
function isFit(files: { key: string; server: string }, root: x509.X509Certificate, wanted: readonly string[], now: number): boolean {
  let leaf: x509.X509Certificate;
  try {
    const pem = readFileSync(files.server, 'utf8');
    // A power cut between the two files leaves a new key beside the old certificate.
    if (!new X509Certificate(pem).checkPrivateKey(createPrivateKey(readFileSync(files.key)))) return false;
    leaf = new x509.X509Certificate(pem);
  } catch {
    return false; // damaged: made anew from the root, at no cost to anyone
  }
  const names = leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((item) => item.value) ?? [];
  return leaf.issuer === root.subject && wanted.every((name) => names.includes(name))
    && leaf.notBefore.getTime() <= now && leaf.notAfter.getTime() - now > RENEW_BEFORE_DAYS * DAY_MS;
}

async function makeRoot(now: number) {
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
    ],
  });
  return { certificate, keyPem: await exportKey(keys.privateKey) };
}

async function makeLeaf(root: x509.X509Certificate, rootKey: webcrypto.CryptoKey, names: readonly string[], now: number) {
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
  return { certificate, keyPem: await exportKey(keys.privateKey) };
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

/** Written whole beside the target and renamed, so that a power cut leaves the old file or the new one. */
function writePrivate(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
