/** The second half of an update, which a power cut may put into other hands: kept, or gone back from. Every step is safe to repeat. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import semver from 'semver';
import type { ConsoleErrorCode } from '../appliance/contract/consoleErrors.js';
import { isPorticoError, type Clock } from '../appliance/kit/index.js';
import type { Data } from './data.js';
import { closeJournal, readMemory, remember, report, writeJournal, type Journal } from './journal.js';
import type { Places } from './places.js';
import { linkWhole, syncFolder } from './whole.js';

/** The moments of an update, in this order; a power cut between any two is tested. */
export const STEPS = [
  'taken', 'checked', 'unpacked', 'copied', 'rehearsed', 'stopped', 'aside', 'switched', 'started', 'well', 'tidied',
] as const;
/** And of going back. */
export const BACK_STEPS = ['returning', 'data_back', 'link_back'] as const;
export type Step = (typeof STEPS)[number] | (typeof BACK_STEPS)[number];

/** Whether a new version was gone back from: the old one runs, and its report is written. */
export const wentBack = (error: unknown): boolean => isPorticoError(error) && ['update_health_failed', 'update_deletions_unread'].includes(error.code);

export interface Hands { places: Places; data: Data; clock: Clock; reached: (step: Step) => void }

export const treeOf = ({ releases }: Places, version: string): string => join(releases, version);

/** Version of the release that `current` leads to. @throws Error when it leads nowhere */
export function runningVersion({ current }: Places): string {
  const { version } = JSON.parse(readFileSync(join(current, 'release.json'), 'utf8')) as { version: string };
  if (semver.valid(version) === null) throw new Error('the running release has no version');
  return version;
}

export function switchTo(places: Places, version: string): void {
  linkWhole(places.current, join('releases', version));
}

/** Nothing of the box has changed: what was made for the update goes. */
export async function abandon({ places, data }: Hands, journal: Journal): Promise<void> {
  await data.destroyRehearsal();
  removeTree(places, journal.to);
  closeJournal(places);
}

/** The new version has not run. */
export async function switchBack(hands: Hands, journal: Journal): Promise<void> {
  switchTo(hands.places, journal.from);
  await hands.data.destroyAside();
  await abandon(hands, journal);
}

/** The box is well: what would lead back goes, all of it, because it may hold what is deleted from now on. */
export async function keep({ places, data, clock, reached }: Hands, journal: Journal): Promise<void> {
  writeJournal(places, { ...journal, phase: 'good' });
  await data.destroyAside();
  const { newest } = readMemory(places);
  remember(places, { newest: newest !== null && semver.gt(newest, journal.to) ? newest : journal.to, failed: null });
  for (const name of existsSync(places.releases) ? readdirSync(places.releases) : []) if (![journal.from, journal.to].includes(name)) removeTree(places, name);
  reached('tidied');
  report(places, clock, { outcome: 'applied', from: journal.from, to: journal.to, errorCode: null });
  closeJournal(places);
}

/**
 * Puts the old version and its files back; the box stands still, and is started by whoever called.
 * @param code why
 * @returns what is told of it: that, or what matters more
 */
export async function goBack({ places, data, clock, reached }: Hands, journal: Journal, code: ConsoleErrorCode): Promise<ConsoleErrorCode> {
  writeJournal(places, { ...journal, phase: 'returning', code });
  reached('returning');
  const told = (await data.putBack()).unread ? 'update_deletions_unread' : code;
  writeJournal(places, { ...journal, phase: 'returning', code: told }); // done again after the copies are gone, nobody would know
  reached('data_back');
  switchTo(places, journal.from);
  reached('link_back');
  remember(places, { failed: { sha256: journal.sha256, code: told }, ...(told === 'update_deletions_unread' ? { deletionsUnreadAt: new Date(clock.now()).toISOString() } : {}) });
  report(places, clock, { outcome: 'rolled_back', from: journal.from, to: journal.to, errorCode: told });
  // Last of all: as long as the journal stands, this is done again.
  await data.destroyAside();
  removeTree(places, journal.to);
  closeJournal(places);
  return told;
}

/** Never what `current` leads to. */
function removeTree(places: Places, version: string): void {
  if (existsSync(places.current) && basename(readlinkSync(places.current)) === version) return;
  for (const end of ['', '.incoming']) rmSync(`${treeOf(places, version)}${end}`, { recursive: true, force: true });
  if (existsSync(places.releases)) syncFolder(places.releases);
}
