/** SSH for a while. No grant, no key: closed. */
import { existsSync } from 'node:fs';
import type { BoxPaths } from './boxPaths.js';
import { readIfThere, type Disk } from './disk.js';
import type { Support } from './requests.js';

interface Grant {
  /** ISO instant, UTC. */
  until: string;
  openedAt: string;
}

const SSHD = 'ssh.service';
const TIMER = 'portico-support-end';
/** Who logs in; made by the package, without a password. */
const USER = 'portico-support';

/**
 * Lets the request's key in. sshd itself ends it as well: the key carries its last minute (sshd(8), expiry-time).
 * @returns what the machine has to be told
 */
export function openSupport(paths: BoxPaths, disk: Disk, request: Pick<Support, 'sshKey' | 'until'>, nowMs: number): string[][] {
  const until = new Date(Date.parse(request.until)).toISOString();
  const grant: Grant = { until, openedAt: new Date(nowMs).toISOString() };
  // The grant first: with it whoever comes after a power cut knows when to close.
  disk.write(paths.supportGrant, `${JSON.stringify(grant)}\n`, 0o644);
  disk.write(paths.supportKeys, `restrict,pty,expiry-time="${until.replace(/[-:T]/g, '').slice(0, 14)}Z" ${request.sshKey}\n`, 0o644);
  return commandsToOpen(until);
}

const commandsToOpen = (until: string): string[][] => [
  ['systemctl', 'start', SSHD],
  // Of a grant before, or of this one: systemd makes none of a name that is there. That nothing fits a pattern is no failure.
  ['systemctl', 'stop', `${TIMER}-*.timer`],
  ['systemd-run', `--unit=${TIMER}-${until.replace(/\D/g, '')}`, '--collect', `--on-calendar=${until.replace('T', ' ').slice(0, 19)} UTC`, '/usr/bin/portico', 'provision', 'settle'],
];

/**
 * Closes what is over, and what has a key but no grant. What still holds is opened again: the timer and sshd forget it when the box restarts.
 * @returns what the machine has to be told; none: closed, as ever
 */
export function settleSupport(paths: BoxPaths, disk: Disk, nowMs: number): string[][] {
  const grant = readGrant(paths);
  if (grant !== null && Date.parse(grant.until) > nowMs && Date.parse(grant.openedAt) <= nowMs) return commandsToOpen(grant.until);
  const wasOpen = isSupportOpen(paths);
  const commands = closeSupport(paths, disk); // also what was only half written
  return wasOpen ? commands : [];
}

/** Also of a grant that cannot be read. */
export const isSupportOpen = ({ supportGrant, supportKeys }: BoxPaths): boolean => [supportGrant, supportKeys].some((file) => existsSync(file));

/** Ends who is logged in as well. */
export const COMMANDS_TO_CLOSE: string[][] = [['systemctl', 'stop', SSHD], ['loginctl', 'terminate-user', USER]];

/** @returns what the machine has to be told */
export function closeSupport(paths: BoxPaths, disk: Disk): string[][] {
  disk.remove(paths.supportKeys); // the key before the grant: never a key without its end
  disk.remove(paths.supportGrant);
  return COMMANDS_TO_CLOSE;
}

/** Null: none, or one that cannot be read, which is the same. */
function readGrant({ supportGrant }: BoxPaths): Grant | null {
  try {
    const grant = JSON.parse(readIfThere(supportGrant)?.toString('utf8') ?? 'null') as Partial<Grant> | null;
    return typeof grant?.until === 'string' && typeof grant.openedAt === 'string' ? { until: grant.until, openedAt: grant.openedAt } : null;
  } catch {
    return null;
  }
}
