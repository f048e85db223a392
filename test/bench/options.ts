import { parseArgs } from 'node:util';

/** The parts in the order they run: what needs quiet first, what fills the machine last. */
export const PARTS = ['frame', 'search', 'ready', 'fanout', 'desk', 'fleet', 'loop', 'stations'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  json: boolean;
  /** Runs of each frame, 10 to 300. */
  frames: number;
  /** The desk's part with all its rows, not a tenth of them. */
  deskFull: boolean;
  /** A thousand stores, not twenty: takes 6 GB of disk and some ten minutes. */
  fleetFull: boolean;
  parts: readonly Part[];
}

/** @throws Error that says which option is wrong */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false }, frames: { type: 'string', default: '60' }, only: { type: 'string', default: '' },
      'desk-full': { type: 'boolean', default: false }, 'fleet-full': { type: 'boolean', default: false },
    },
  });
  const frames = Number(values.frames);
  if (!Number.isInteger(frames) || frames < 10 || frames > 300) throw new Error('--frames takes a whole number from 10 to 300');
  const wanted = values.only === '' ? PARTS : values.only.split(',');
  for (const part of wanted) {
    if (!PARTS.includes(part as Part)) throw new Error(`--only takes some of ${PARTS.join(',')}; there is no "${part}"`);
  }
  return { json: values.json, frames, deskFull: values['desk-full'], fleetFull: values['fleet-full'], parts: PARTS.filter((part) => wanted.includes(part)) };
}
