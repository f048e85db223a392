/** What the page for IT makes of the box's report. Pure. */
import type { BackupRun, BoxCheck, CheckState } from '../contract.js';

/** What needs doing stands first. */
const RANK: Readonly<Record<CheckState, number>> = { failed: 0, warning: 1, unknown: 2, ok: 3, off: 4 };

/** The worst first; among equals in the box's own order. */
export const byUrgency = (checks: readonly BoxCheck[]): BoxCheck[] => [...checks].sort((a, b) => RANK[a.state] - RANK[b.state]);

export const needsDoing = ({ state }: BoxCheck): boolean => state === 'failed' || state === 'warning';

export const lastGood = (runs: readonly BackupRun[]): BackupRun | null => runs.find(({ outcome }) => outcome === 'done') ?? null;
export const running = (runs: readonly BackupRun[]): BackupRun | null => runs.find(({ outcome }) => outcome === 'running') ?? null;

/** As people say how large a file is: 812 KB, 12.4 MB, 3.1 GB. @param bytes 0 or more */
export function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1000)} KB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}
