/** The new version on a copy of the box's data: it migrates the copy, starts on it, and has to be well, before anything of the box is touched. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PorticoError } from '../appliance/kit/index.js';
import type { Data, Form } from './data.js';
import type { Machine } from './machine.js';
import { freePort, isWell, type Patience } from './probe.js';

/** What a copy must not do: speak to anybody, write a backup, release anything, sound like the box. */
export const APART = {
  PORTICO_HOST: '127.0.0.1', PORTICO_TRUST_PORT: '0', PORTICO_MDNS: 'false', PORTICO_HEAD_OFFICE_URL: '', PORTICO_EGRESS_ALLOW: '', PORTICO_BACKUP_TO: '',
  PORTICO_BACKUP_RECIPIENT: '', PORTICO_BACKUP_HOST_KEY: '', PORTICO_BACKUP_MOUNTED: 'false', PORTICO_EXPORT_TO: '', PORTICO_LOG_DIR: '', PORTICO_BOX_STATE_DIR: '', PORTICO_METRICS_ALLOW: '',
};
const STOP_WITHIN_MS = 20_000;
const LAST_WORDS = 4_000;

/** What the new version will change. */
export interface Changes { database: boolean; vault: boolean }

/**
 * @param options.settings of the service
 * @returns what it changed
 * @throws PorticoError update_rehearsal_failed {reason}
 */
export async function rehearse(options: {
  tree: string; data: Data; machine: Machine; settings: Record<string, string>; patience: Patience; copied?: () => void;
}): Promise<Changes> {
  const { tree, data, machine, settings, patience } = options;
  try {
    const before = await data.copyForRehearsal();
    options.copied?.();
    await machine.withCredentials((credentials) => startOn(data.rehearsal, tree, machine, { ...settings, ...APART }, credentials, patience));
    const after = await data.form(data.rehearsal);
    return { database: !sameMigrations(before, after), vault: before.vault !== after.vault };
  } finally {
    await data.destroyRehearsal();
  }
}

const sameMigrations = (a: Form, b: Form): boolean => a.migrations.join() === b.migrations.join();

async function startOn(copy: string, tree: string, machine: Machine, settings: Record<string, string>, credentials: string | null, patience: Patience): Promise<void> {
  const port = await freePort();
  const child = spawn(join(tree, 'bin/node'), [join(tree, 'app/dist/appliance/start.js')], {
    cwd: join(tree, 'app'), stdio: ['ignore', 'ignore', 'pipe'], ...(machine.user() ?? {}),
    env: { ...settings, PORTICO_DATA_DIR: copy, PORTICO_PORT: String(port), ...(credentials === null ? {} : { CREDENTIALS_DIRECTORY: credentials }) },
  });
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { lastWords = (lastWords + text).slice(-LAST_WORDS); });
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => { lastWords += error.message; resolve(); });
    child.once('close', () => resolve());
  });
  let up = true;
  void ended.then(() => { up = false; });
  const well = await isWell(port, patience, () => up);
  const diedAlone = !up;
  if (up) {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }
  if (well) return;
  // The code alone: an error's text may hold what was in the database.
  const code = /\(([a-z_]{3,40})\)/.exec(lastWords)?.[1];
  throw new PorticoError('update_rehearsal_failed', { reason: code ?? (diedAlone ? 'it ended by itself' : 'it was not ready in time') });
}
