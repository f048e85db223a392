/** An update from the file to the new version that runs and is well; whatever fails on the way leaves the old one. */
import { closeSync, constants, copyFileSync, fstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsoleErrorCode } from '../appliance/contract/consoleErrors.js';
import { isPorticoError, PorticoError, type Clock } from '../appliance/kit/index.js';
import { lockDataDirectory } from '../appliance/storage/index.js';
import { openBundle, type Bundle } from './bundle.js';
import { Data } from './data.js';
import { isQuietAt } from './hours.js';
import { clearAway, failedOnItsMerits, isWaiting, keepWaiting, nextSource, tellKnown } from './incoming.js';
import { knownCode, prepare, readJournal, readMemory, report, writeJournal, type Journal } from './journal.js';
import type { Machine } from './machine.js';
import { PAYLOAD_BYTES_MAX, requireFits, unpackedBytes } from './manifest.js';
import { unpack } from './payload.js';
import { abandon, goBack, keep, runningVersion, switchBack, switchTo, treeOf, wentBack, type Hands, type Step } from './phases.js';
import type { Places } from './places.js';
import { isWell, type Patience } from './probe.js';
import { rehearse } from './rehearsal.js';
import { readConfig, readSettings } from './settings.js';
import { roomAt, syncFile, syncFolder } from './whole.js';

/** RAUC's way: a version that was started twice without being found well is not started a third time. */
const TRIES_MAX = 2;
/** In the folder `work`. */
export const UPDATE_LOCK = 'update.lock';
/** What has to stay free besides. */
const SPARE_BYTES = 128 * 1_048_576;
/** The copy, what a migration puts aside, its log, and the copy for going back, not all at the same time. */
const DATABASE_COPIES = 3;
const VAULT_COPIES = 2;
/** Of a whole update file. */
export const BUNDLE_BYTES_MAX = PAYLOAD_BYTES_MAX + 32_000_000;
/** A box of 100,000 customers takes half a minute, and once more where its vectors are made anew. */
export const PATIENCE: Patience = { withinMs: 180_000, steadyMs: 20_000 };

export interface Options {
  places: Places;
  machine: Machine;
  clock: Clock;
  patience?: Patience;
  /** Told at each step, for a bar on a terminal. */
  reached?: (step: Step) => void;
}
export interface ApplyOptions extends Options {
  /** Public key of the organisation that the box belongs to: DER, base64. */
  pinned: string;
  /** Null: what waits for a quiet hour, or was fetched. */
  file: string | null;
  /** Whatever the hour. */
  now?: boolean;
}
/** `waiting`: checked and kept until the store is closed, or until night where its hours are not known. `none`: there is nothing to apply. */
export interface Outcome { outcome: 'applied' | 'waiting' | 'none'; from: string; to: string | null }

/**
 * Applies an update. Refusals and failures are in the report for the page as well (public/update.json).
 * @throws PorticoError update_unsigned, update_damaged, update_older, update_needs_another, update_other_machine, update_no_room,
 *   update_rehearsal_failed (nothing was changed), update_health_failed and update_deletions_unread (the old version runs again), update_running, config_invalid
 */
export async function applyUpdate(options: ApplyOptions): Promise<Outcome> {
  const { places, clock } = options;
  const unlock = lockUpdates(places);
  try {
    await finishDead(options);
    const from = runningVersion(places);
    const source = options.file === null ? nextSource(places) : { file: options.file, fetched: false };
    if (source === null) return { outcome: 'none', from, to: null };
    let to: string | null = null;
    try {
      const candidate = take(places, source.file);
      options.reached?.('taken');
      const bundle = openBundle(candidate, options.pinned);
      to = bundle.manifest.version;
      const { newest, failed } = readMemory(places);
      // By itself nothing is tried twice: what failed once, or what runs already and could not be cleared away.
      if (options.file === null && (failed?.sha256 === bundle.manifest.payload.sha256 || to === from)) {
        if (source.fetched) await tellKnown(places, candidate);
        clearAway(source.file);
        return { outcome: 'none', from, to };
      }
      requireFits(bundle.manifest, { arch: process.arch, running: from, newest });
      const done = await applyBundle(options, bundle, from);
      if (source.fetched) await tellKnown(places, done.outcome === 'waiting' ? candidate : null);
      if (done.outcome === 'waiting') keepWaiting(places, candidate, source.fetched);
      if (options.file === null && !(done.outcome === 'waiting' && isWaiting(places, source))) clearAway(source.file);
      return done;
    } catch (error) {
      const code: ConsoleErrorCode = isPorticoError(error) ? knownCode(error.code) : 'update_interrupted';
      if (!wentBack(error)) report(places, clock, { outcome: 'refused', from, to, errorCode: code });
      if (source.fetched) await tellKnown(places, failedOnItsMerits(error) ? candidatePath(places) : null);
      if (options.file === null) clearAway(source.file);
      throw error;
    } finally {
      rmSync(candidatePath(places), { force: true });
    }
  } finally {
    unlock();
  }
}

/** What a process left that was killed while the machine went on: nobody else holds the lock, so it is dead. */
async function finishDead(options: Options): Promise<void> {
  const { places, machine } = options;
  rmSync(candidatePath(places), { force: true });
  const journal = readJournal(places);
  if (journal === null) return;
  if (journal.phase === 'trying' && await machine.isUp()) {
    await judgeDead(options, journal);
    return;
  }
  if (['switching', 'trying', 'returning'].includes(journal.phase)) await machine.stop();
  const settled = await settle(options);
  try {
    if (!(await machine.isUp())) await machine.start();
  } catch (error) {
    if (settled !== 'trying') throw error; // else it is judged by that
  }
  if (settled === 'trying') await judgeDead(options, readJournal(places)!);
}

/** What it comes to is in the report; the update that is asked for now comes after it, whatever it was. */
async function judgeDead(options: Options, journal: Journal): Promise<void> {
  try {
    await judge(options, handsOf(options), journal, readConfig(options.places).port);
  } catch (error) {
    if (!wentBack(error)) throw error;
  }
}

async function applyBundle(options: ApplyOptions, { container, manifest }: Bundle, from: string): Promise<Outcome> {
  const { places, machine, clock, patience = PATIENCE } = options;
  const hands = handsOf(options);
  const { data, reached } = hands;
  const config = readConfig(places);
  await requireRoom(places, data, unpackedBytes(manifest));
  const to = manifest.version;
  if (options.now !== true && !isQuietAt(config.openingHours, clock.now(), config.timeZone)) {
    report(places, clock, { outcome: 'waiting', from, to, errorCode: null });
    return { outcome: 'waiting', from, to };
  }
  reached('checked');
  report(places, clock, { outcome: 'under_way', from, to, errorCode: null });

  const journal: Journal = { phase: 'unpacking', from, to, sha256: manifest.payload.sha256, tries: 0, code: null };
  writeJournal(places, journal);
  try {
    const incoming = `${treeOf(places, to)}.incoming`;
    await unpack(container, manifest, incoming);
    rmSync(treeOf(places, to), { recursive: true, force: true }); // of one that was gone back from
    renameSync(incoming, treeOf(places, to));
    syncFolder(places.releases);
    reached('unpacked');
    writeJournal(places, { ...journal, phase: 'rehearsing' });
    const changes = await rehearse({ tree: treeOf(places, to), data, machine, settings: readSettings(places), patience, copied: () => reached('copied') });
    reached('rehearsed');

    writeJournal(places, { ...journal, phase: 'switching' });
    await machine.stop();
    reached('stopped');
    await data.putAside(changes);
    reached('aside');
    switchTo(places, to);
    reached('switched');
  } catch (error) {
    await switchBack(hands, journal);
    if (!(await machine.isUp())) await machine.start();
    throw error;
  }
  const trying: Journal = { ...journal, phase: 'trying', tries: 1 };
  writeJournal(places, trying);
  try {
    await machine.start();
    reached('started');
  } catch {
    // Told apart below: it is not up.
  }
  return judge(options, hands, trying, config.port);
}

/** Watches the new version, and keeps it or goes back. @throws PorticoError update_health_failed, update_deletions_unread */
async function judge({ machine, patience = PATIENCE }: Options, hands: Hands, journal: Journal, port: number): Promise<Outcome> {
  if (await isWell(port, patience, () => machine.isUp())) {
    hands.reached('well');
    await keep(hands, journal);
    return { outcome: 'applied', from: journal.from, to: journal.to };
  }
  writeJournal(hands.places, { ...journal, phase: 'returning', code: 'update_health_failed' });
  await machine.stop();
  const told = await goBack(hands, journal, 'update_health_failed');
  await machine.start();
  throw new PorticoError(told, { version: journal.to, runs: journal.from });
}

/** What a boot found. `trying`: the new version starts once more and has to be judged then. */
export type Settled = 'nothing' | 'old' | 'new' | 'trying';

/**
 * At boot, before the service: what a power cut left in the middle becomes all of the old version or all of the new one. Starts and stops nothing.
 */
export async function settle(options: Options): Promise<Settled> {
  const { places, clock } = options;
  const hands = handsOf(options);
  rmSync(candidatePath(places), { force: true });
  const journal = readJournal(places);
  if (journal === null) return 'nothing';
  const interrupted = () => report(places, clock, { outcome: 'rolled_back', from: journal.from, to: journal.to, errorCode: 'update_interrupted' });
  switch (journal.phase) {
    case 'unpacking':
    case 'rehearsing':
      interrupted();
      await abandon(hands, journal);
      return 'old';
    case 'switching':
      interrupted();
      await switchBack(hands, journal);
      return 'old';
    case 'trying': {
      if (journal.tries >= TRIES_MAX) {
        await goBack(hands, journal, 'update_health_failed');
        return 'old';
      }
      switchTo(places, journal.to);
      writeJournal(places, { ...journal, tries: journal.tries + 1 });
      return 'trying';
    }
    case 'good':
      await keep(hands, journal);
      return 'new';
    case 'returning':
      await goBack(hands, journal, knownCode(journal.code));
      return 'old';
  }
}

/**
 * After the service of a boot has started: judges a version that is on trial still.
 * @throws PorticoError update_health_failed, update_deletions_unread
 */
export async function settleRunning(options: Options): Promise<Settled> {
  const { places } = options;
  let unlock: () => void;
  try {
    unlock = lockUpdates(places);
  } catch (error) {
    if (isPorticoError(error, 'update_running')) return 'nothing'; // whoever is at it has judged what it found, or does
    throw error;
  }
  try {
    const journal = readJournal(places);
    if (journal?.phase !== 'trying') return 'nothing';
    await judge(options, handsOf(options), journal, readConfig(places).port);
    return 'new';
  } finally {
    unlock();
  }
}

function handsOf({ places, machine, clock, reached = () => undefined }: Options): Hands {
  prepare(places);
  return { places, data: new Data(places, machine), clock, reached };
}

/**
 * Nobody else updates while this is held; a wipe holds it too.
 * @returns lets go. @throws PorticoError update_running
 */
export function lockUpdates(places: Places): () => void {
  prepare(places);
  try {
    const lock = lockDataDirectory(join(places.work, UPDATE_LOCK));
    return () => lock.release();
  } catch (error) {
    if (isPorticoError(error, 'db_in_use')) throw new PorticoError('update_running', {}, { cause: error });
    throw error;
  }
}

// ---- The file -----------------------------------------------------------------------------------------------------

const candidatePath = ({ work }: Places) => join(work, 'candidate.update');
/** Copies the file to root's own folder, whoever may write where it lay: what was checked is what is applied. */
function take(places: Places, source: string): string {
  const target = candidatePath(places);
  rmSync(target, { force: true });
  let handle: number;
  try {
    handle = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new PorticoError('update_damaged', { reason: `it cannot be read (${(cause as NodeJS.ErrnoException).code ?? ''})` }, { cause });
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile() || stat.size > BUNDLE_BYTES_MAX) throw new PorticoError('update_damaged', { reason: 'it is not a plain file, or too large' });
    if (roomAt(places.work) < stat.size + SPARE_BYTES) throw new PorticoError('update_no_room', { needed: stat.size + SPARE_BYTES, free: roomAt(places.work) });
    // By the open handle: whoever owns the folder cannot put another file there meanwhile.
    copyFileSync(`/proc/self/fd/${handle}`, target, constants.COPYFILE_EXCL);
    if (statSync(target).size > BUNDLE_BYTES_MAX) throw new PorticoError('update_damaged', { reason: 'it grew while it was read' });
    syncFile(target);
    return target;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new PorticoError('update_no_room', {}, { cause: error });
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw new PorticoError('update_damaged', { reason: 'it cannot be read (EIO)' }, { cause: error });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** @throws PorticoError update_no_room {needed, free} */
async function requireRoom(places: Places, data: Data, unpacked: number): Promise<void> {
  const { database, vault } = await data.size();
  const forData = DATABASE_COPIES * database + VAULT_COPIES * vault;
  const sameDisk = statSync(places.releases).dev === statSync(places.data).dev;
  const needs: [string, number][] = sameDisk ? [[places.releases, unpacked + forData]] : [[places.releases, unpacked], [places.data, forData]];
  for (const [folder, bytes] of needs) {
    const [needed, free] = [bytes + SPARE_BYTES, roomAt(folder)];
    if (free < needed) throw new PorticoError('update_no_room', { needed, free });
  }
}
