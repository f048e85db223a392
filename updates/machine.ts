/** The machine under an update: whatever starts and stops the box, and lends its key. Tests bring one that runs the real box as a child. */
import { execFile } from 'node:child_process';
import { chownSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PorticoError } from '../appliance/kit/index.js';
import { isSealedWithNullKey } from '../provisioning/credentials.js';
import type { Places } from './places.js';

const run = promisify(execFile);

export interface User { uid: number; gid: number }

export interface Machine {
  /** Whom the data folder belongs to: what touches data or runs a new version does it as that user. Null: whoever runs this. */
  user(): User | null;
  /** Stops the box. Fine when it stands still already. */
  stop(): Promise<void>;
  /** Starts what `current` leads to. @returns once it says that it is ready @throws when it ends or does not say so */
  start(): Promise<void>;
  /** Whether it runs still. */
  isUp(): Promise<boolean>;
  /** Lends the service's credentials as files, for as long as `use` takes. */
  withCredentials<T>(use: (directory: string | null) => Promise<T>): Promise<T>;
  /** Tells the system what has changed. What fails is right after the next start of the machine. */
  tell(commands: readonly (readonly string[])[]): Promise<void>;
}

/** Loading 100,000 templates, and a rehearsal's worth of patience for a slow disk. systemd has a limit of its own, the unit's. */
const START_TIMEOUT_MS = 300_000;
const CREDENTIAL = 'portico-db-key';

/** systemd's. @param options.scratch a folder in memory, which no disk sees */
export function systemdMachine(places: Places, options: { unit?: string; scratch?: string } = {}): Machine {
  const { unit = 'portico.service', scratch = '/run' } = options;
  const systemctl = (...args: string[]) => run('systemctl', args, { timeout: START_TIMEOUT_MS });
  const user = () => {
    const { uid, gid } = statSync(places.data);
    return uid === 0 ? null : { uid, gid };
  };
  /** Otherwise it is another machine's disk, and nothing of it runs. */
  const here = places.root === '/';
  return {
    user,
    stop: async () => { if (here) await systemctl('stop', unit); },
    start: async () => {
      await systemctl('reset-failed', unit).catch(() => undefined); // its start limit would count the old version's
      await systemctl('start', unit);
    },
    tell: async (commands) => {
      if (!here) return;
      for (const [command, ...args] of commands) await run(command!, args, { timeout: START_TIMEOUT_MS }).catch(() => undefined);
    },
    isUp: async () => here && systemctl('is-active', '--quiet', unit).then(() => true, () => false),
    withCredentials: async (use) => {
      const sealed = join(places.credentials, CREDENTIAL);
      if (!existsSync(sealed)) return use(null);
      mkdirSync(scratch, { recursive: true });
      const directory = mkdtempSync(join(scratch, 'portico-update-'));
      try {
        if (isSealedWithNullKey(readFileSync(sealed))) throw new PorticoError('box_key_unsealed', { name: CREDENTIAL });
        const { stdout } = await run('systemd-creds', ['decrypt', '--name=db-key', sealed, '-'], { encoding: 'buffer' });
        const file = join(directory, 'db-key');
        writeFileSync(file, stdout, { mode: 0o400 });
        stdout.fill(0);
        const owner = user();
        if (owner !== null) for (const each of [file, directory]) chownSync(each, owner.uid, owner.gid);
        chmodSync(directory, 0o700);
        return await use(directory);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}
