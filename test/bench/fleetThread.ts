/** A thread of the bench's fleet: makes releases as boxes would, or does with them only what nobody can do without. */
import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { KeySet } from '../../appliance/contract/index.js';
import { archiveNameOf } from '../../appliance/export/archive.js';
import { daysFrom, keep, StoreReleases } from '../support/storeReleases.js';

export interface FleetThreadData { work: 'make' | 'floor'; folder: string; /** Numbers of the first store and of the one after the last. */ from: number; to: number; days: number; keys: Record<string, KeySet[]> }
export type FromFleetThread = { made: Record<string, KeySet[]>; bytes: number } | { readMs: number; es256Ms: number };

/** A day out of so many is skipped, and people come by the week. */
const SKIPPED_EVERY = 23;
const FIRST_DAY = '2025-11-22';
export const storeName = (number: number): string => `S-${String(number).padStart(4, '0')}`;

const { work, folder, from, to, days, keys } = workerData as FleetThreadData;
const names = Array.from({ length: to - from }, (_, at) => storeName(from + at));
parentPort!.postMessage((work === 'make' ? make() : floor()) satisfies FromFleetThread);

function make(): FromFleetThread {
  const made: Record<string, KeySet[]> = {};
  let bytes = 0;
  for (const [at, name] of names.entries()) {
    const store = new StoreReleases(name, { seed: from + at });
    made[name] = [store.keys];
    for (const [number, day] of daysFrom(FIRST_DAY, days).entries()) {
      const release = store.next(day, { skipped: (number + at) % SKIPPED_EVERY === 0 ? 'crowd' : null, people: 90 + 30 * (at % 7) + 60 * Number(number % 7 > 4) });
      bytes += release.archive.length;
      keep(folder, [release]);
    }
  }
  return { made, bytes };
}

/** Every byte read and hashed; every signature checked by OpenSSL itself, the keys read before. */
function floor(): FromFleetThread {
  let [readMs, es256Ms] = [0, 0];
  for (const name of names) {
    const key = createPublicKey({ key: keys[name]![0]!.keys[0]!, format: 'jwk' });
    for (const day of daysFrom(FIRST_DAY, days)) {
      const beganMs = performance.now();
      const archive = readFileSync(join(folder, name, archiveNameOf(name, day)));
      createHash('sha256').update(archive).digest();
      const readToMs = performance.now();
      requireSigned(archive, key);
      readMs += readToMs - beganMs;
      es256Ms += performance.now() - readToMs;
    }
  }
  return { readMs, es256Ms };
}

/** The first file of the archive, behind its header of 30 bytes and its name. */
function requireSigned(archive: Buffer, key: KeyObject): void {
  const at = 30 + archive.readUInt16LE(26);
  const [header, payload, signature] = archive.toString('latin1', at, at + archive.readUInt32LE(18)).split('.');
  if (!verify('sha256', Buffer.from(`${header!}.${payload!}`, 'latin1'), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature!, 'base64url'))) throw new Error('a signature of the bench does not fit');
}
