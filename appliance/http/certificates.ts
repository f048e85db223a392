import { createPrivateKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isPorticoError, PorticoError, toStorageError, type Clock } from '../kit/index.js';
import { permits, permittedFor, readConstraints } from './constraints.js';

const RENEW_BEFORE_DAYS = 30;
/** A box that stood in a cupboard for longer than this after its certificate ended is less likely than a wrong clock. */
const OFF_AT_MOST_DAYS = 365;
const DAY_MS = 86_400_000;

export interface Certificates {
  /** The box's root, which an iPad trusts once. PEM and DER. */
  rootPem: string;
  rootDer: Buffer;
  /** The server's key and its chain, PEM. */
  keyPem: string;
  chainPem: string;
  names: readonly string[];
  /** Names and addresses that it should have and the root may not sign. */
  missing: readonly string[];
  /** When the server's certificate ends, ms since 1970. */
  endsAtMs: number;
  /** What IT has to know, each with its code; empty: nothing. */
  warnings: readonly PorticoError[];
}

/**
 * The root and the server's certificate of this box, made on first start. The server's certificate is renewed from
 * the same root, so without new trust, when it has 30 days left or a name or address is missing from it.
 *
 * A root can sign only what is local and what the box was called when the root was made; a name added later that it cannot sign
 * is left out and warned of. Roots from before that can sign anything stay, with a warning: a new one would cost every iPad its trust unasked.
 *
 * A clock that stands outside the root's own life cannot be right, and one that jumped to more than a year after the last certificate ended is not yet
 * believed: what would be made by it no iPad would take, so the certificate of before stays.
 * One that cannot be written, because the disk takes nothing, is served all the same and made anew the next time.
 *
 * @param directory private to the box; key files are 0600
 * @param names further DNS names and IP addresses
 * @param passphrase seals both private keys on the disk; keys in clear from before are sealed at once
 * @param trustsClock false: it has jumped, and nobody had a night to put it right
 * @throws PorticoError certificate_unreadable, storage_full or storage_read_only where there is no root yet
 */
export async function loadCertificates(
  directory: string, names: readonly string[], clock: Clock, passphrase: string, trustsClock: () => boolean = () => true,
): Promise<Certificates> {
  writing(() => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const files = {
    rootKey: join(directory, 'root.key'), root: join(directory, 'root.crt'),
    key: join(directory, 'server.key'), server: join(directory, 'server.crt'),
  };
  for (const file of [files.rootKey, files.key]) sealClear(file, passphrase);
  const wanted = [...new Set([...localNames(), ...names])];
  const warnings: PorticoError[] = [];
  if (!existsSync(files.root)) {
    const permitted = permittedFor(wanted);
    if (permitted.publicAddresses.length > 0) warnings.push(new PorticoError('root_public_address', { addresses: permitted.publicAddresses.join(' ') }));
    // The key is written first, so a key without its root means that the making was cut short: begin again.
    const made = await (await issuing()).makeRoot(permitted, clock.now());
    writing(() => {
      writePrivate(files.rootKey, sealed(made.keyPem, passphrase));
      writePrivate(files.root, made.pem);
    });
  }
  const { root, key: rootKey } = readRoot(files, passphrase);
  const rootPem = root.toString();
  const permitted = readConstraints(root.raw);
  if (permitted === null) warnings.push(new PorticoError('root_unlimited', { certificate: files.root }));
  const signable = wanted.filter((name) => permits(permitted, name));
  // The bare name of the machine changes with each container, and no iPad finds it.
  const outside = wanted.filter((name) => !signable.includes(name) && (names.includes(name) || name.includes('.') || isIP(name) !== 0));
  if (outside.length > 0) warnings.push(new PorticoError('root_too_narrow', { names: outside.join(' '), certificate: files.root }));
  const [now, fromMs, toMs] = [clock.now(), Date.parse(root.validFrom), Date.parse(root.validTo)];
  let leaf = readLeaf(files, root, signable, passphrase);
  const farAhead = leaf !== null && now > Date.parse(new X509Certificate(leaf.pem).validTo) + OFF_AT_MOST_DAYS * DAY_MS && !trustsClock();
  const believable = now >= fromMs && now < toMs && !farAhead;
  if (!believable) warnings.push(new PorticoError('clock_wrong', { rootFrom: root.validFrom, rootTo: root.validTo }));
  if (leaf === null || (believable && !lasts(leaf.pem, now))) {
    // By a clock from before the root: as if the root had just been made.
    const { keyPem, pem } = await (await issuing()).makeLeaf({ pem: rootPem, keyPem: inClear(rootKey) }, signable, now < fromMs ? fromMs + DAY_MS : now);
    leaf = { keyPem: inClear(createPrivateKey(keyPem)), pem };
    try {
      writing(() => {
        writePrivate(files.key, sealed(keyPem, passphrase));
        writePrivate(files.server, pem);
      });
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      warnings.push(error);
    }
  }
  const served = new X509Certificate(leaf.pem);
  return {
    rootPem, rootDer: root.raw, keyPem: leaf.keyPem, chainPem: `${served.toString()}${rootPem}`, names: signable, missing: outside,
    endsAtMs: Date.parse(served.validTo), warnings,
  };
}

/** @throws PorticoError storage_full, storage_read_only */
function writing(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    throw toStorageError(error);
  }
}

/** PKCS #8, encrypted (RFC 5958, 8018); the passphrase is 256 random bits, so the rounds do not matter. */
const sealed = (pem: string, passphrase: string): string =>
  createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string;
const openKey = (file: string, passphrase: string): KeyObject => createPrivateKey({ key: readFileSync(file), passphrase });
const inClear = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

/** Files from before keys were sealed, and what a power cut left half renamed: sealed or removed, and written over where they stood. */
function sealClear(file: string, passphrase: string): void {
  if (existsSync(`${file}.new`)) overwriting(`${file}.new`, () => unlinkSync(`${file}.new`));
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8');
  if (!/-----BEGIN (EC )?PRIVATE KEY-----/.test(text)) return;
  let replacement: string;
  try {
    replacement = sealed(text, passphrase);
  } catch {
    return; // damaged: whoever reads it says so
  }
  overwriting(file, () => writePrivate(file, replacement));
}

/** Removes or replaces a file, then writes over the bytes it had: a power cut in between leaves the new file, never half a key. */
function overwriting(file: string, replace: () => void): void {
  const before = openSync(file, 'r+');
  try {
    replace();
    const { size } = fstatSync(before);
    writeSync(before, randomBytes(size), 0, size, 0);
    fsyncSync(before);
  } finally {
    closeSync(before);
  }
}

/** What makes certificates is loaded when one has to be made, once a year: it would be a fifth of a second of each start. */
const issuing = () => import('./issuing.js');

/** @throws PorticoError certificate_unreadable: a new root in its place would cost every iPad its trust unasked */
function readRoot(files: { root: string; rootKey: string }, passphrase: string): { root: X509Certificate; key: KeyObject } {
  try {
    const root = new X509Certificate(readFileSync(files.root));
    const key = openKey(files.rootKey, passphrase);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('the key is of another kind');
    if (!root.checkPrivateKey(key)) throw new Error('the key is of another root');
    return { root, key };
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

/** The server's certificate and its key as they lie on the disk; null unless they belong together, are of this root and name all that is wanted. */
function readLeaf(files: { key: string; server: string }, root: X509Certificate, wanted: readonly string[], passphrase: string): { keyPem: string; pem: string } | null {
  try {
    const leaf = new X509Certificate(readFileSync(files.server));
    const key = openKey(files.key, passphrase);
    const names = (name: string) => (isIP(name) === 0 ? leaf.checkHost(name, { subject: 'never' }) : leaf.checkIP(name)) !== undefined;
    // A power cut between the two files leaves a new key beside the old certificate.
    const fits = leaf.checkPrivateKey(key) && leaf.checkIssued(root) && leaf.verify(root.publicKey) && wanted.every(names);
    return fits ? { keyPem: inClear(key), pem: leaf.toString() } : null;
  } catch {
    return null; // missing or damaged: made anew from the root, at no cost to anyone
  }
}

/** Whether it holds by this clock, and not only for some days more. */
function lasts(pem: string, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(pem);
  return Date.parse(validFrom) <= now && Date.parse(validTo) - now > RENEW_BEFORE_DAYS * DAY_MS;
}

/** Written whole beside the target and renamed, so that a power cut leaves the old file or the new one. */
function writePrivate(file: string, text: string): void {
  try {
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (error) {
    rmSync(`${file}.new`, { force: true });
    throw error;
  }
}
