import { accessSync, constants, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { BoxPaths } from './boxPaths.js';
import { SERVICE } from './render.js';
import { becomesWell } from './wellness.js';
import { runTool } from './tool.js';

/** What applying needs of the running machine; below another root there is none. */
export interface System {
  /** @returns whether it went well */
  run(command: readonly string[]): Promise<boolean>;
  /** Of the service that runs now: another one after each start. Null: not known, or it does not run. */
  startOf(): Promise<string | null>;
  /** Whether the box comes to be ready. @param before the start that does not count any more; null: any will do */
  isWell(before: string | null): Promise<boolean>;
  /** Addresses of a host; none: not known now. */
  addressesOf(host: string): Promise<string[]>;
  /** Of this machine in the LAN, IPv4 first. */
  ownAddresses(): string[];
  /** Lets the stick be written to, and no more. Null: it could not be done. */
  openStick(): Promise<boolean>;
  closeStick(): Promise<void>;
}

/** A restart waits until the service is ready: 100,000 templates, and a slow disk. */
const COMMAND_MS = 300_000;
const WELL_MS = 120_000;
const LOOKUP_MS = 5_000;
/** systemctl(1): try-restart of a unit that is not installed. */
const NOT_INSTALLED = 5;
/** Always said again: a remount forgets what it is not told. */
const KEPT = 'nosuid,nodev,noexec,nosymfollow';

/** @param stick where the stick is mounted, read-only */
export function machine(paths: BoxPaths, stick: string): System {
  const mount = (mode: 'rw' | 'ro') => runTool('mount', ['-o', `remount,${mode},${KEPT}`, stick], { timeoutMs: COMMAND_MS });
  const device = deviceOf(stick);
  let remounted = false;
  const startOf = async () => {
    const { code, stdout } = await runTool('systemctl', ['show', '--property=InvocationID', '--value', SERVICE]);
    const id = stdout.toString('latin1').trim();
    return code === 0 && id !== '' ? id : null;
  };
  return {
    run: async ([command, ...args]) => {
      // Else the starts of a few sticks that did not do, one after the other, would count against the start that puts things right.
      if (args[0] === 'restart' && args.at(-1) === SERVICE) await runTool('systemctl', ['reset-failed', SERVICE]);
      const { code } = await runTool(command!, args, { timeoutMs: COMMAND_MS });
      return code === 0 || (code === NOT_INSTALLED && args[0] === 'try-restart');
    },
    startOf,
    isWell: (before) => becomesWell(paths, WELL_MS, { isAnother: async () => before === null || (await startOf()) !== before }),
    addressesOf: async (host) => {
      const late = new Promise<[]>((resolve) => { setTimeout(() => resolve([]), LOOKUP_MS).unref(); });
      return (await Promise.race([lookup(host, { all: true }).catch(() => []), late])).map(({ address }) => address).sort();
    },
    ownAddresses: () => Object.values(networkInterfaces()).flatMap((each) => each ?? []).filter(({ internal, scopeid }) => !internal && !scopeid)
      .sort((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address),
    openStick: async () => {
      // A plain folder, or mounted so by hand: as it was found it is left. Pulled out meanwhile, it is another one, under the mount.
      if (deviceOf(stick) === device && isWritable(stick)) return true;
      remounted = (await mount('rw')).code === 0;
      return remounted;
    },
    closeStick: async () => {
      if (remounted) await mount('ro');
      remounted = false;
    },
  };
}

/** @returns null: it is not there */
const deviceOf = (folder: string): number | null => statSync(folder, { throwIfNoEntry: false })?.dev ?? null;

/** Also for root, who may write everywhere but on what is mounted read-only. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** `portico ...` as another process: what it does is its own business, and its failure too. */
export const porticoCommand = (...args: string[]): string[] => [process.execPath, fileURLToPath(new URL('../cli/portico.js', import.meta.url)), ...args];
