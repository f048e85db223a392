/** Models and cameras. */
import type { BoxCheck } from '../../contract/index.js';
import { toInstant } from '../../kit/index.js';
import { finding } from './check.js';

/**
 * How far a model's answers may lie from those expected, as a share of their root mean square. Other processors add up in another order,
 * which makes less than a thousandth; another model makes more than all of it.
 */
const TOLERANCE = 0.02;

/** Of each model (by role), some numbers of its answer to a pattern that is always the same. */
export type ModelNumbers = Readonly<Record<string, readonly number[]>>;
/** What the last self-test found. `changed`: a file on the disk is not the one that was loaded. */
export interface ModelTest { atMs: number; outcome: 'expected' | 'other' | 'changed' | 'no_answer' }

/** Whether these are the numbers expected, each model's; one that is missing or new is not. */
export function sameNumbers(expected: ModelNumbers, found: ModelNumbers): boolean {
  const roles = Object.keys(expected);
  return roles.length > 0 && roles.length === Object.keys(found).length && roles.every((role) => {
    const [wanted, got] = [expected[role]!, found[role] ?? []];
    const size = Math.sqrt(wanted.reduce((sum, value) => sum + value * value, 0) / wanted.length);
    return wanted.length === got.length && wanted.every((value, i) => Math.abs(value - got[i]!) <= TOLERANCE * size);
  });
}

/** @param available whether a picture given now would be looked at */
export function checkModels(available: boolean, last: ModelTest | null, pack: string): BoxCheck {
  if (!available) return finding('models', 'failed', 'unavailable', { pack });
  if (last === null) return finding('models', 'unknown', 'not_tested', { pack });
  const values = { pack, testedAt: toInstant(last.atMs) };
  switch (last.outcome) {
    case 'expected': return finding('models', 'ok', 'fine', values);
    case 'other': return finding('models', 'failed', 'wrong_numbers', values);
    case 'changed': return finding('models', 'failed', 'file_changed', values);
    case 'no_answer': return finding('models', 'failed', 'no_answer', values);
  }
}

/** A camera sends some frames a second; a page that sleeps closes its own. */
const SILENT_MS = 60_000;
/** Frames waiting for a vision worker: above this the box is too slow for its cameras. */
export const QUEUE_LONG = 16;

export interface CameraFacts {
  /** Whether the store has recognition switched on. */
  recognises: boolean;
  /** Whether it is open now; null: its hours are not known. */
  open: boolean | null;
  /** Of each connected camera the age of its last frame, or of its connection where none came, ms. */
  agesMs: readonly number[];
  /** Fixed stations that should run and are not connected. */
  stationsMissing: number;
  queueLength: number;
}

/** While the store is closed nobody misses a picture. Where its hours are not known, a connected camera that is silent counts; a missing one does not. */
export function checkCameras({ recognises, open, agesMs, stationsMissing, queueLength }: CameraFacts): BoxCheck {
  const silent = agesMs.filter((age) => age > SILENT_MS).length;
  const oldestSeconds = agesMs.length === 0 ? null : Math.round(Math.max(...agesMs) / 1000);
  const values = { cameras: agesMs.length, silent, missing: stationsMissing, oldestSeconds };
  if (queueLength > QUEUE_LONG) return finding('cameras', 'warning', 'too_slow', { ...values, waiting: queueLength });
  if (!recognises) return finding('cameras', 'off', 'recognition_off', values);
  if (open === false) return finding('cameras', 'ok', 'closed', values);
  if (open === true && stationsMissing > 0) return finding('cameras', 'warning', 'station_missing', values);
  if (silent > 0) return finding('cameras', 'warning', 'silent', values);
  return agesMs.length === 0 ? finding('cameras', 'ok', 'none', values) : finding('cameras', 'ok', 'fine', values);
}
