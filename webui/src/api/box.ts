/** The requests of the page for IT. */
import type { BackupRun, Backups, BoxReport } from '../contract.js';
import { call, callFile } from './client.js';

/** All checks at once: the models' own test and a look through the whole database take their time. */
const CHECKS_TIMEOUT_MS = 120_000;

export const boxCare = {
  report: () => call<BoxReport>('GET', '/box/report'),
  /** Looks at everything anew. */
  check: () => call<BoxReport>('POST', '/box/checks', { timeoutMs: CHECKS_TIMEOUT_MS }),
  backups: () => call<Backups>('GET', '/box/backups'),
  backUp: () => call<BackupRun>('POST', '/box/backups'),
  supportFile: (onProgress?: (bytes: number) => void) => callFile('/box/support-bundle', { method: 'POST' }, onProgress),
} as const;
