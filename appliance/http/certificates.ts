import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { PorticoError, type Clock } from '../kit/index.js';

const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;

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
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = {
    rootKey: join(directory, 'root.key'), root: join(directory, 'root.crt'),
    key: join(directory, 'server.key'), server: join(directory, 'server.crt'),
  };
  if (!existsSync(files.root)) {
    // The key is written first, so a key without its root means that the making was cut short: begin again.
    const made = await (await issuing()).makeRoot(clock.now());
    writePrivate(files.rootKey, made.keyPem);
    writePrivate(files.root, made.pem);
  }
  const { root, rootKeyPem } = readRoot(files);
  const rootPem = root.toString();
  const wanted = [...new Set([...localNames(), ...names])];
  if (!existsSync(files.key) || !existsSync(files.server) || !isFit(files, root, wanted, clock.now())) {
    const made = await (await issuing()).makeLeaf({ pem: rootPem, keyPem: rootKeyPem }, wanted, clock.now());
    writePrivate(files.key, made.keyPem);
    writePrivate(files.server, made.pem);
  }
  return {
    rootPem, rootDer: root.raw, keyPem: readFileSync(files.key, 'utf8'),
    chainPem: `${new X509Certificate(readFileSync(files.server)).toString()}${rootPem}`, names: wanted,
  };
}

/** What makes certificates is loaded when one has to be made, once a year: it would be a fifth of a second of each start. */
const issuing = () => import('./issuing.js');

/** @throws PorticoError certificate_unreadable: a new root in its place would cost every iPad its trust unasked */
function readRoot(files: { root: string; rootKey: string }): { root: X509Certificate; rootKeyPem: string } {
  try {
    const root = new X509Certificate(readFileSync(files.root));
    const key = createPrivateKey(readFileSync(files.rootKey));
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('the key is of another kind');
    if (!root.checkPrivateKey(key)) throw new Error('the key is of another root');
    return { root, rootKeyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string };
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
function isFit(files: { key: string; server: string }, root: X509Certificate, wanted: readonly string[], now: number): boolean {
  try {
    const leaf = new X509Certificate(readFileSync(files.server));
    const names = (name: string) => (isIP(name) === 0 ? leaf.checkHost(name, { subject: 'never' }) : leaf.checkIP(name)) !== undefined;
    // A power cut between the two files leaves a new key beside the old certificate.
    return leaf.checkPrivateKey(createPrivateKey(readFileSync(files.key))) && leaf.checkIssued(root) && leaf.verify(root.publicKey)
      && wanted.every(names) && Date.parse(leaf.validFrom) <= now && Date.parse(leaf.validTo) - now > RENEW_BEFORE_DAYS * DAY_MS;
  } catch {
    return false; // damaged: made anew from the root, at no cost to anyone
  }
}

/** Written whole beside the target and renamed, so that a power cut leaves the old file or the new one. */
function writePrivate(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
