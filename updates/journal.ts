/** What the box is in the middle of, in one file: written before each step, so that after a power cut it is known how far things had come. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';
import { CONSOLE_ERRORS, type ConsoleErrorCode } from '../appliance/contract/consoleErrors.js';
import type { Clock } from '../appliance/kit/index.js';
import type { Places } from './places.js';
import { readJson, syncFolder, writeWhole } from './whole.js';

/**
 * unpacking, rehearsing: nothing of the box has changed. switching: the service stands still, the new version has not run.
 * trying: the new version runs and is watched. good: it is kept. returning: the old version and its files are being put back.
 */
export const PHASES = ['unpacking', 'rehearsing', 'switching', 'trying', 'good', 'returning'] as const;
export type Phase = (typeof PHASES)[number];

const Journal = Type.Object({
  phase: Type.Enum(PHASES),
  from: Type.String(),
  to: Type.String(),
  /** SHA-256 of the payload: what failed once is not tried again by itself. */
  sha256: Type.String(),
  /** How often the new version was started. */
  tries: Type.Integer(),
  /** Why it is going back. */
  code: Type.Union([Type.String(), Type.Null()]),
}, { additionalProperties: false });
export type Journal = Static<typeof Journal>;

const fileOf = ({ work }: Places) => join(work, 'journal.json');

/** @returns null: the box is in the middle of nothing */
export function readJournal(places: Places): Journal | null {
  const value = readJson(fileOf(places));
  if (value !== null && !Check(Journal, value)) throw new Error('the journal of an update is of another form');
  return value;
}

export function writeJournal(places: Places, journal: Journal): void {
  writeWhole(fileOf(places), `${JSON.stringify(journal)}\n`);
}

export function closeJournal(places: Places): void {
  rmSync(fileOf(places), { force: true });
  syncFolder(places.work);
}

/** What became of the last update, and what is still to be known of one before. @see appliance/contract/box.ts, RootRun */
export interface Report {
  outcome: 'applied' | 'refused' | 'rolled_back' | 'waiting' | 'under_way'; from: string; to: string | null; errorCode: ConsoleErrorCode | null; at: string;
  deletionsUnreadAt: string | null;
}

/** Where everybody may read it, for the page. */
export function report(places: Places, clock: Clock, { outcome, from, to, errorCode }: Omit<Report, 'at' | 'deletionsUnreadAt'>): void {
  prepare(places);
  const content = { outcome, at: new Date(clock.now()).toISOString(), errorCode, what: to, from, to, deletionsUnreadAt: readMemory(places).deletionsUnreadAt };
  writeWhole(join(places.open, 'update.json'), `${JSON.stringify(content)}\n`, 0o644);
}

export function lastReport(places: Places): Report | null {
  return readJson(join(places.open, 'update.json')) as Report | null;
}

/** Of a code out of a journal: one that everybody knows. */
export function knownCode(code: string | null): ConsoleErrorCode {
  return code !== null && Object.hasOwn(CONSOLE_ERRORS, code) ? code as ConsoleErrorCode : 'update_interrupted';
}

/** Root's folders; `public` alone is for others, who pass its parent by name. */
export function prepare(places: Places): void {
  mkdirSync(places.state, { recursive: true, mode: 0o711 });
  mkdirSync(places.open, { recursive: true, mode: 0o755 });
  mkdirSync(places.work, { recursive: true, mode: 0o700 });
}

interface Memory {
  newest: string | null;
  /** SHA-256 of the payload that failed last, and what was told of it. */
  failed: { sha256: string; code: ConsoleErrorCode } | null;
  /** When every face was last deleted because deletions could not be read: whoever reads the page after the next update has to know it too. */
  deletionsUnreadAt: string | null;
}

/** What outlives an update, beginning with the newest version that the box was well with. */
export function readMemory({ work }: Places): Memory {
  return { newest: null, failed: null, deletionsUnreadAt: null, ...(readJson(join(work, 'memory.json')) as Partial<Memory> | null) };
}

export function remember(places: Places, change: Partial<Memory>): void {
  writeWhole(join(places.work, 'memory.json'), `${JSON.stringify({ ...readMemory(places), ...change })}\n`);
}
