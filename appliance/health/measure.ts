/** Asks the machine. Thin: what the numbers mean is decided in checks/. Paths can be given, for tests; nothing here throws. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Check } from 'typebox/schema';
import { RootRun } from '../contract/index.js';
import type { Disk, Memory } from './checks/machine.js';

/** Beside the folder of the program, where it was installed from a release; a checkout has none. */
const RELEASE_FILE = fileURLToPath(new URL('../../../../release.json', import.meta.url));
/** When this was written: where no release says more, no clock before it is right. */
const WRITTEN_AT_MS = Date.parse('2026-01-01T00:00:00Z');
const SYNCHRONISED_FILE = '/run/systemd/timesync/synchronized';
const ASK_MS = 3_000;

export function measureDisk(directory: string): Disk | null {
  try {
    const { bavail, blocks, bsize } = statfsSync(directory);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, readOnly: isReadOnly(directory) };
  } catch {
    return null; // the folder is gone: nothing can be written either
  }
}

function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

export function measureMemory(swaps = '/proc/swaps'): Memory {
  const constrained = process.constrainedMemory() ?? 0;
  const limitBytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return { rssBytes: process.memoryUsage.rss(), limitBytes, availableBytes: Math.min(process.availableMemory(), limitBytes), swap: usesSwap(swaps) };
}

/** Whether memory may be written to a disk; what is compressed within memory (zram) is not. Null: the machine does not tell. */
function usesSwap(file: string): boolean | null {
  const text = read(file);
  return text === null ? null : text.trim().split('\n').slice(1).some((line) => !line.startsWith('/dev/zram'));
}

/** The hottest place, and the lowest temperature at which one switches the machine off. */
export function measureTemperature(folder = '/sys/class/thermal'): { celsius: number | null; criticalCelsius: number | null } {
  const zones = list(folder).filter((name) => /^thermal_zone\d+$/.test(name)).map((name) => join(folder, name));
  const celsius = zones.map((zone) => thousandths(join(zone, 'temp'))).filter((value) => value !== null && value > -40 && value < 150);
  const critical = zones.flatMap((zone) => list(zone).filter((name) => /^trip_point_\d+_type$/.test(name) && read(join(zone, name))?.trim() === 'critical')
    .map((name) => thousandths(join(zone, name.replace('_type', '_temp'))))).filter((value) => value !== null && value > 40);
  return { celsius: highest(celsius), criticalCelsius: critical.length === 0 ? null : Math.min(...(critical as number[])) };
}

const highest = (values: (number | null)[]): number | null => (values.length === 0 ? null : Math.max(...(values as number[])));

function thousandths(file: string): number | null {
  const text = read(file)?.trim();
  return text === undefined || !/^-?\d+$/.test(text) ? null : Number(text) / 1000;
}

/** Another one after each start of the kernel (random(4)); null: not Linux. */
export function bootId(): string | null {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

/** Whether the machine follows a time server; null: it does not tell. */
export async function isClockSynchronised(): Promise<boolean | null> {
  if (existsSync(SYNCHRONISED_FILE)) return true;
  return new Promise((resolve) => {
    execFile('timedatectl', ['show', '--property=NTPSynchronized', '--value'], { timeout: ASK_MS, env: { PATH: '/usr/bin:/bin' } }, (error, stdout) => {
      const said = stdout.trim();
      resolve(error !== null || (said !== 'yes' && said !== 'no') ? null : said === 'yes');
    });
  });
}

export function builtAtMs(file = RELEASE_FILE): number {
  try {
    const builtAt = Date.parse((JSON.parse(readFileSync(file, 'utf8')) as { builtAt?: string }).builtAt ?? '');
    return Number.isFinite(builtAt) ? Math.max(builtAt, WRITTEN_AT_MS) : WRITTEN_AT_MS;
  } catch {
    return WRITTEN_AT_MS;
  }
}

/** @param directory null: there are no such services. @returns null: no such run yet */
export function readRootRun(directory: string | null, file: 'stick.json' | 'update.json'): RootRun | null | 'unreadable' {
  if (directory === null || !existsSync(join(directory, file))) return null;
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, file), 'utf8'));
    return Check(RootRun, value) ? value : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
