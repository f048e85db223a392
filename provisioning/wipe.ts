/** The end of a box's data: keys first, then files, then a look whether all of it is gone; with a certificate that outlives the box. */
import { createHash, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Audit } from '../appliance/audit/index.js';
import { loadConfig } from '../appliance/config/index.js';
import type { KeySet, Language } from '../appliance/contract/index.js';
import { isPorticoError, PorticoError, toStorageError, type Clock } from '../appliance/kit/index.js';
import { Signer, WIPED, wipeCertificatePdf, type WipeClaims, type Wiped } from '../appliance/papers/index.js';
import { asOwnerOf, loadDatabaseKey, lockDataDirectory, openForReading } from '../appliance/storage/index.js';
import { lockUpdates, overwriteAndRemove, overwriteFolder, readSettings, UPDATE_LOCK, type Machine, type Places } from '../updates/index.js';
import { readJson, roomAt, syncFolder, writeWhole } from '../updates/whole.js';
import { boxPaths } from './boxPaths.js';
import { staleOf, takeBack } from './outside.js';
import { commandsFor, HOST_NAME, OUTSIDE, SERVICE } from './render.js';
import { COMMANDS_TO_CLOSE, isSupportOpen } from './support.js';

export interface WipeOptions {
  places: Places;
  machine: Machine;
  clock: Clock;
  /** The store's id or the box's own, as a person has to type it or a signed request names it. Null, at boot: only a wipe that was cut off goes on. */
  confirm: string | null;
  /** Goes into the certificate: `console`, or which stick. Nobody's name. */
  requestedBy: string;
  /** Where the certificate goes, and stays; null: root's public folder. */
  certificateFolder: string | null;
  /** The box stays this organisation's: a thief cannot make it another's. */
  keepOrganisation: boolean;
  /** A box whose database cannot be opened any more signs nothing. */
  withoutCertificate?: boolean;
  reached?: (step: Wiped | 'asked' | 'looked' | 'certified') => void;
}
/** `idle`: nothing was cut off, so nothing was done. */
export interface Wipe { certificate: string | null; left: string[]; resumed: boolean; idle: boolean }

/** What a wipe was asked to do; there until all is done, so that it goes on after a power cut. */
interface Request {
  /** Ids that confirm it, and SHA-256 of the key files as they were then: another box's data are not its business. */
  names: string[]; keyFiles: Record<string, string>;
  /** What sticks had written outside Portico's own folder, from the root of the box. */
  outside: string[];
  /** Whether somebody may be logged in for support: the files that say so go. */
  supportOpen: boolean;
  id: string; requestedBy: string; requestedAt: string; certificateFolder: string; keepOrganisation: boolean; storeName: string; timeZone: string; languages: Language[];
  /** Signed before the first key went; null: without a certificate. */
  begun: { claims: WipeClaims; jws: string; keys: KeySet } | null;
}
/** Signs as long as this process lives, keys gone or not. */
interface Hand { sign(claims: WipeClaims): Promise<string>; keys: KeySet; thumbprints: WipeClaims['keys']; audit: WipeClaims['audit'] }

/** Much more than the indexes of the database's logs (32 KiB each) and the request take. */
const ROOM_BYTES = 256 * 1024;
/** More than the certificate has, in two languages 50 KiB. */
const CERTIFICATE_BYTES = 256 * 1024;

const requestFile = ({ state }: Places) => join(state, 'wipe-request.json');

/** Whether a wipe was asked for and is not done: the next start goes on with it before anything else. */
export function isWiping(places: Places): boolean {
  return existsSync(requestFile(places));
}

/**
 * Destroys all that the box holds. Cut off anywhere, it is run again and goes on; the request is cleared last. A request that stands since before
 * the box got other keys is of another box: it is cleared, and nothing is destroyed in its name. No update runs meanwhile: one on trial would see the
 * service stop, go back, and start it in the middle. Whoever calls holds the sticks' lock (lock.ts).
 * @throws PorticoError wipe_not_confirmed, wipe_refused, update_running, needs_root, db_in_use, storage_full (nothing was changed, and what ran runs again), wipe_incomplete {left}
 */
export async function wipeBox(options: WipeOptions): Promise<Wipe> {
  const { places } = options;
  const found = readJson(requestFile(places)) as Request | null;
  const pending = found !== null && isOfThisBox(places, found) ? found : null;
  if (options.confirm !== null) {
    requireConfirmed(options.confirm, pending?.names ?? namesOf(places));
    if (pending === null) requireMayWipe(options);
  }
  if (found !== null && pending === null) clear(places);
  if (options.confirm === null && pending === null) {
    if (found !== null) throw new PorticoError('wipe_refused', { reason: 'the wipe was asked of a box with other keys; it is asked no more' });
    return { certificate: null, left: [], resumed: false, idle: true };
  }
  const unlock = lockUpdates(places);
  try {
    return await wipe(options, pending);
  } finally {
    unlock();
  }
}

async function wipe(options: WipeOptions, pending: Request | null): Promise<Wipe> {
  const { places, machine, clock, reached = () => undefined } = options;
  const wasUp = await machine.isUp();
  let begun: { hand: Hand | null; request: Request };
  try {
    // At boot it does not run yet, and to stop it would be to take it off the list of what starts.
    if (options.confirm !== null || wasUp) await machine.stop();
    begun = await begin(options, pending);
  } catch (error) {
    if (wasUp && !isWiping(places)) await machine.start(); // nothing is asked, so the desk goes on
    throw error;
  }
  const { hand, request } = begun;
  reached('asked');

  for (const kind of WIPED) {
    for (const path of pathsOf(kind, places, request)) tryToDestroy(path);
    if (kind === 'settings') for (const path of staleOf(places.root, request.outside)) tryToTakeBack(places, path);
    reached(kind);
  }
  if (request.supportOpen) await machine.tell(COMMANDS_TO_CLOSE); // also where something is left
  const left = whatIsLeft(places, request);
  reached('looked');
  const certificate = await certify(request, hand, left, clock);
  reached('certified');
  if (left.length > 0) throw new PorticoError('wipe_incomplete', { left: left.join(', ') });
  clear(places);
  rmSync(places.work, { recursive: true, force: true }); // with nothing but the lock in it
  // Else systemd would start the service with the drop-in of before, for a key that is gone.
  await machine.tell(commandsFor(request.outside).filter((command) => !command.includes(SERVICE)));
  return { certificate, left, resumed: pending !== null, idle: false };
}

/** With the service stopped: what signs, and what is asked. */
async function begin(options: WipeOptions, pending: Request | null): Promise<{ hand: Hand | null; request: Request }> {
  const { places } = options;
  const lock = existsSync(places.data) ? lockIfNobodyDoes(places) : null;
  try {
    makeRoom(options);
    const hand = await takeHand(options, pending !== null);
    return { hand, request: pending ?? await ask(options, hand) };
  } finally {
    lock?.release(); // its file goes too; the service is stopped
  }
}

/** A full box is wiped as well: of what goes anyway, first what a start puts aside again, then the logs, and no more than it takes. */
function makeRoom(options: WipeOptions): void {
  const { places } = options;
  const isShort = () => [places.data, places.state].some((folder) => roomAt(folder) < ROOM_BYTES);
  for (const path of [join(places.data, 'ballast'), ...pathsOf('logs', places, options)]) if (isShort()) tryToDestroy(path);
}

/** @returns null: no lock can be made there, so nobody has one either; that keeps no data from being destroyed. @throws PorticoError db_in_use */
function lockIfNobodyDoes({ data }: Places): { release(): void } | null {
  try {
    return lockDataDirectory(join(data, 'portico.lock'));
  } catch (error) {
    if (isPorticoError(error, 'data_directory_unusable')) return null;
    throw error;
  }
}

function clear(places: Places): void {
  rmSync(requestFile(places), { force: true });
  syncFolder(places.state);
}

// ---- Before ---------------------------------------------------------------------------------------------------------

const namesOf = (places: Places): string[] => [configOf(places).storeId, boxOf(places).boxId].filter((name) => name !== null && name !== '') as string[];

function requireConfirmed(confirm: string, names: readonly string[]): void {
  if (!names.includes(confirm)) throw new PorticoError('wipe_not_confirmed', { box: names.join(' or ') });
}

/** All of them are text; zeros are one that was being destroyed when the power went. @returns SHA-256 by the name of the file, of those that are there */
function keyFilesOf({ data, state, credentials }: Places): Record<string, string> {
  const files = { 'db-key': join(data, 'db-key'), 'portico-db-key': join(credentials, 'portico-db-key'), 'box.key': join(state, 'box.key') };
  return Object.fromEntries(Object.entries(files).flatMap(([name, file]) => {
    // In the data folder there may be a link or a pipe instead: neither is a key.
    const bytes = lstatSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file) : Buffer.alloc(1);
    return bytes.includes(0) ? [] : [[name, createHash('sha256').update(bytes).digest('hex')]];
  }));
}

/** Keys may have gone since; none may have come. */
const isOfThisBox = (places: Places, { keyFiles }: Request): boolean => Object.entries(keyFilesOf(places)).every(([name, sha256]) => keyFiles[name] === sha256);

/** All that can be known before anything is changed. */
function requireMayWipe({ places, certificateFolder }: WipeOptions): void {
  const refuse = (reason: string) => new PorticoError('wipe_refused', { reason });
  const stat = lstatSync(places.data, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) throw refuse('there is no data folder');
  if (!['portico.db', 'db-key'].some((name) => existsSync(join(places.data, name)))) throw refuse('there is no box in the data folder');
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0 && uid !== stat.uid) throw new PorticoError('needs_root');
  const folder = certificateFolder ?? places.open;
  if (folder === places.data || folder.startsWith(`${places.data}/`)) throw refuse('the certificate must not lie in the data folder');
  for (const each of [places.data, places.settings, places.state, folder]) {
    try {
      if (existsSync(each) || each === folder) accessSync(each, constants.W_OK);
    } catch (error) {
      throw refuse(`${each} cannot be written to (${(error as NodeJS.ErrnoException).code ?? ''})`);
    }
  }
  if (statSync(folder).dev === stat.dev) return; // there the data make room for it
  const trial = join(folder, '.portico-wipe');
  try {
    writeFileSync(trial, Buffer.alloc(CERTIFICATE_BYTES), { flush: true }); // a full stick shows here, not at the end
  } catch (error) {
    throw refuse(`${folder} does not take the certificate (${(error as NodeJS.ErrnoException).code ?? ''})`);
  } finally {
    rmSync(trial, { force: true });
  }
}

async function takeHand({ places, machine, clock, withoutCertificate }: WipeOptions, resumed: boolean): Promise<Hand | null> {
  try {
    // The rights of whoever owns the folder do: it may lead elsewhere by a link. A pipe would be waited at for good.
    return await machine.withCredentials((credentialsDirectory) => asOwnerOf(places.data, () => {
      for (const folder of [places.data, join(places.data, 'vault')].filter((each) => existsSync(each))) {
        const odd = readdirSync(folder, { withFileTypes: true }).find((entry) => /db/.test(entry.name) && !entry.isFile());
        if (odd !== undefined) throw new Error(`${odd.name} is no plain file`);
      }
      const { db } = openForReading({ dataDirectory: places.data, credentialsDirectory });
      try {
        const signer = new Signer({ db, clock });
        const keys = signer.jwks();
        const { seq, hash } = new Audit({ db, clock }).head();
        const key = loadDatabaseKey({ credentialsDirectory, keyFile: join(places.data, 'db-key'), databaseFile: join(places.data, 'portico.db') });
        const { recipient } = boxOf(places);
        const thumbprints = { signing: signer.kid(), database: thumbprint(key), box: recipient === null ? null : thumbprint(recipient) };
        return Promise.resolve({ sign: (claims: WipeClaims) => signer.sign('wipe', { ...claims }), keys, thumbprints, audit: { seq, hash } });
      } finally {
        db.close();
      }
    }));
  } catch (error) {
    if (resumed || withoutCertificate === true) return null;
    throw new PorticoError('wipe_refused', { reason: `the box cannot sign a certificate (${isPorticoError(error) ? error.code : 'its database cannot be read'})` }, { cause: error });
  }
}

const thumbprint = (secret: string): string => createHash('sha256').update(`portico wipe ${secret}`).digest('base64url');

/** Writes down what is asked, and what the box signs of it while it can. */
async function ask(options: WipeOptions, hand: Hand | null): Promise<Request> {
  const { places, clock, requestedBy, certificateFolder, keepOrganisation } = options;
  const config = configOf(places);
  const requestedAt = new Date(clock.now()).toISOString();
  const id = randomUUID();
  let begun: Request['begun'] = null;
  if (hand !== null) {
    const claims: WipeClaims = {
      iss: config.storeName, jti: id, iat: Math.floor(clock.now() / 1000), storeId: config.storeId, boxId: boxOf(places).boxId, state: 'begun', requestedBy, requestedAt,
      completedAt: null, destroyed: WIPED.filter((kind) => kind !== 'host_key' || !isHostKeyShared(places)), left: [], keys: hand.thumbprints, audit: hand.audit,
    };
    begun = { claims, jws: await hand.sign(claims), keys: hand.keys };
  }
  const request: Request = {
    names: namesOf(places), keyFiles: keyFilesOf(places), outside: outsideOf(places), supportOpen: isSupportOpen(boxPaths(places.root)), id, requestedBy, requestedAt, certificateFolder: certificateFolder ?? places.open, keepOrganisation, storeName: config.storeName, timeZone: config.timeZone,
    languages: [...config.languages], begun,
  };
  try {
    writeWhole(requestFile(places), `${JSON.stringify(request)}\n`);
  } catch (error) {
    throw toStorageError(error);
  }
  return request;
}

// ---- What goes --------------------------------------------------------------------------------------------------------

/** The name is only taken back where a stick gave it. */
const outsideOf = ({ root, settings }: Places): string[] => staleOf(root, OUTSIDE.keys()).filter((path) => path !== HOST_NAME || existsSync(join(settings, 'portico.yaml')));

/** Whether others have sealed something under it, which would open no more. */
const isHostKeyShared = ({ root }: Places): boolean => ['etc', 'run', 'usr/lib'].map((folder) => join(root, folder, 'credstore.encrypted'))
  .some((folder) => existsSync(folder) && readdirSync(folder).some((name) => !name.startsWith('portico-')));

function pathsOf(kind: Wiped, places: Places, { keepOrganisation }: Pick<Request, 'keepOrganisation'>): string[] {
  const { data, state, settings, credentials, work } = places;
  const below = (folder: string, keep: (name: string) => boolean = () => false) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => !keep(name)).map((name) => join(folder, name)) : [];
  switch (kind) {
    case 'database_key': return ['db-key', 'db-key.new'].map((name) => join(data, name));
    case 'credentials': return [credentials, join(dirname(credentials), 'credstore')].flatMap((folder) => below(folder, (name) => !name.startsWith('portico-')));
    // The sealed keys were overwritten in place, which flash memory does not do: without this one the old blocks open nothing.
    case 'host_key': return isHostKeyShared(places) ? [] : [places.hostSecret];
    case 'box_key': return [join(state, 'box.key')];
    case 'vault': return [join(data, 'vault')];
    case 'tls_keys': return [join(data, 'tls')];
    case 'update_copies': return [...below(data, (name) => !name.startsWith('update-')), join(data, 'backups'), ...below(work, (name) => name === UPDATE_LOCK), ...below(dirname(places.incoming))];
    case 'database': return below(data, (name) => !name.startsWith('portico.db'));
    case 'logs': return below(places.logs); // the folder is systemd's, and cannot go while the unit may write only into it
    case 'settings': return [
      ...below(settings, (name) => keepOrganisation && name === 'organisation.json'), ...['staging', 'generations', 'outbox', 'journal.json'].map((name) => join(state, name)),
      ...['stick.json', 'update.json', 'update-known.json', 'box.json'].map((name) => join(places.open, name)),
    ];
    case 'rest': return below(data);
  }
}

/** What does not go is found by looking again. */
function tryToDestroy(path: string): void {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) overwriteFolder(path);
    else overwriteAndRemove(path);
    syncFolder(dirname(path));
  } catch {
    // Told at the end: a disk that refuses one file may still give up the others.
  }
}

function tryToTakeBack({ root }: Places, path: string): void {
  try {
    takeBack(root, path);
  } catch {
    // As above.
  }
}

function whatIsLeft(places: Places, request: Request): string[] {
  const isLeft = (kind: Wiped) => pathsOf(kind, places, request).some((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    || (kind === 'settings' && staleOf(places.root, request.outside).length > 0);
  const left = WIPED.filter(isLeft);
  return left.includes('database') && opens(places) ? [...left, 'database_opens'] : left;
}

function opens({ data }: Places): boolean {
  try {
    asOwnerOf(data, () => openForReading({ dataDirectory: data, credentialsDirectory: null }).db.close());
    return true;
  } catch {
    return false;
  }
}

// ---- The certificate ----------------------------------------------------------------------------------------------------

/** @returns the PDF; null: the box could not sign from the beginning */
async function certify(request: Request, hand: Hand | null, left: string[], clock: Clock): Promise<string | null> {
  const { begun, storeName, timeZone, languages, certificateFolder } = request;
  if (begun === null) return null;
  const completedAt = new Date(clock.now()).toISOString();
  let { claims, jws } = begun;
  if (hand !== null) {
    claims = { ...begun.claims, state: 'done', iat: Math.floor(clock.now() / 1000), completedAt, left, destroyed: begun.claims.destroyed.filter((kind) => !left.includes(kind)) };
    jws = await hand.sign(claims);
  }
  const pdf = await wipeCertificatePdf({ storeName, timeZone, claims, jws, keys: begun.keys, finishedAt: hand === null ? completedAt : null }, languages);
  const base = join(certificateFolder, `portico-wipe-${claims.storeId === '' ? claims.jti.slice(0, 8) : claims.storeId}`);
  writeWhole(`${base}.keys.json`, `${JSON.stringify(begun.keys, null, 2)}\n`, 0o644);
  writeWhole(`${base}.jws`, `${jws}\n`, 0o644);
  writeWhole(`${base}.pdf`, pdf, 0o644);
  return `${base}.pdf`;
}

// ---- What the box says of itself ------------------------------------------------------------------------------------------

/** Settings that do not fit must not keep a box from being wiped: then only its own id names it. */
function configOf(places: Places): { storeId: string; storeName: string; timeZone: string; languages: readonly Language[] } {
  try {
    return loadConfig(readSettings(places));
  } catch {
    return { storeId: '', storeName: 'Portico', timeZone: 'Asia/Shanghai', languages: ['zh-CN', 'en'] };
  }
}

function boxOf({ open }: Places): { boxId: string | null; recipient: string | null } {
  try {
    const { boxId, recipient } = JSON.parse(readFileSync(join(open, 'box.json'), 'utf8')) as { boxId?: string; recipient?: string };
    return { boxId: boxId ?? null, recipient: recipient ?? null };
  } catch {
    return { boxId: null, recipient: null };
  }
}
