/** An update that lies on a stick: handed to updates/, which decides when. */
import semver from 'semver';
import { join } from 'node:path';
import { isPorticoError, PorticoError, storeClock, type AnyErrorCode, type Clock } from '../appliance/kit/index.js';
import {
  applyUpdate, BUNDLE_BYTES_MAX, isQuietAt, lastReport, openBundle, placesBelow, readConfig, readMemory, readPinned, requireFits, runningVersion, wentBack, type Machine, type Patience, type Places,
} from '../updates/index.js';
import type { BoxPaths } from './boxPaths.js';
import { OpenedFolder } from './openedFolder.js';
import type { UpdateReport } from './report.js';

/** The machine as an update needs it. Tests are less patient. */
export interface Updating { machine: Machine; patience?: Patience }

const NAME = /^portico-(\d[\dA-Za-z.+-]*)-([a-z\d]+)\.update$/i;
const HOUR_MS = 3_600_000;
/** portico-update-apply.timer looks at this minute of each hour. */
const LOOKS_AT_MINUTE = 20;
/** A week of opening hours, and a day. */
const HOURS_AHEAD = 8 * 24;

/**
 * Takes the update of a stick, if there is one: now where the store is closed; else it is checked, kept, and applied by itself after closing time, at night
 * where nobody said when that is. A stick cannot ask for it to be now: nobody who serves a customer shall lose the desk because somebody plugged in a stick.
 * @param updating null: it is looked at, and nothing is done
 * @returns null: none lies there
 */
export async function takeUpdate({ paths, clock, stick, updating }: { paths: BoxPaths; clock: Clock; stick: string; updating: Updating | null }): Promise<UpdateReport | null> {
  const found = findUpdate(stick);
  if (found === null) return null;
  const places = placesBelow(paths.root);
  const report: UpdateReport = { file: found.name, outcome: 'refused', from: null, to: null, at: null, due: null, code: null };
  try {
    if (!found.readable) throw new PorticoError('stick_file_refused');
    const pinned = readPinned(places);
    // A box that belongs to nobody takes no programs either.
    if (pinned === null) throw new PorticoError('update_unsigned');
    const file = join(stick, found.name);
    const { manifest } = openBundle(file, pinned);
    const from = runningVersion(places);
    const to = manifest.version;
    Object.assign(report, { from, to });
    const { newest, failed } = readMemory(places);
    const last = lastReport(places);
    // A stick that stays in the box is looked at again at each boot: what it brought already is no news, and what failed is not tried again.
    if (to === from) return { ...report, outcome: 'applied', ...(last?.outcome === 'applied' && last.to === to ? { from: last.from, at: last.at } : {}) };
    if (failed?.sha256 === manifest.payload.sha256) return { ...report, outcome: 'rolled_back', code: failed.code };
    requireFits(manifest, { arch: process.arch, running: from, newest });
    if (updating === null) return { ...report, outcome: 'looked_at' };
    const { outcome } = await applyUpdate({ places, clock, pinned, file, machine: updating.machine, ...(updating.patience === undefined ? {} : { patience: updating.patience }) });
    if (outcome === 'waiting') return { ...report, outcome: 'waiting', due: dueAt(places, clock.now()) };
    return { ...report, outcome: 'applied', at: lastReport(places)?.at ?? null };
  } catch (error) {
    const code: AnyErrorCode = isPorticoError(error) ? error.code : 'update_interrupted';
    return { ...report, outcome: wentBack(error) ? 'rolled_back' : 'refused', code };
  }
}

/** Nothing of the stick was done, so its update neither. @returns null: none lies there */
export function leaveUpdate(stick: string): UpdateReport | null {
  const found = findUpdate(stick);
  return found === null ? null : { file: found.name, outcome: 'left', from: null, to: null, at: null, due: null, code: null };
}

/** One of them: for this kind of machine before others, the newest by its name. A stick may serve stores whose boxes are of two kinds. */
function findUpdate(stick: string): { name: string; readable: boolean } | null {
  let folder: OpenedFolder;
  try {
    folder = OpenedFolder.at(stick);
  } catch {
    return null; // pulled out
  }
  try {
    const [name] = folder.names.filter((each) => /^[^.].*\.update$/i.test(each)).sort((a, b) => rank(b) - rank(a) || semver.compare(versionOf(b), versionOf(a)));
    if (name === undefined) return null;
    const file = folder.file(name, BUNDLE_BYTES_MAX);
    if (typeof file !== 'string') file.close();
    return { name, readable: typeof file !== 'string' };
  } finally {
    folder.close();
  }
}

const rank = (name: string): number => (NAME.exec(name)?.[2]?.toLowerCase() === process.arch ? 1 : 0);
const versionOf = (name: string): string => semver.valid(NAME.exec(name)?.[1] ?? '') ?? '0.0.0';

/** By the store's clock, as a person reads it: when the timer finds a quiet hour. Null: it never closes. */
function dueAt(places: Places, nowMs: number): string | null {
  const { openingHours, timeZone } = readConfig(places);
  const first = Math.floor(nowMs / HOUR_MS) * HOUR_MS + LOOKS_AT_MINUTE * 60_000;
  for (let hours = 0; hours < HOURS_AHEAD; hours++) {
    const atMs = first + hours * HOUR_MS;
    if (atMs <= nowMs || !isQuietAt(openingHours, atMs, timeZone)) continue;
    const { day, time } = storeClock(atMs, timeZone);
    return `${day} ${time}`;
  }
  return null;
}
