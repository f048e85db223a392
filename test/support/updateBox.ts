/** A real box with somebody to lose, and updates for it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { PorticoClient } from '../../demo/client.js';
import type { ApplyOptions } from '../../updates/index.js';
import { startBox, temporaryDirectory } from './box.js';
import { query } from './disk.js';
import { childMachine, endWith, makeRoot, PATIENCE } from './releases.js';
import { enrolPerson } from './store.js';

/** Writes a row for each box that runs it. */
export const MIGRATION = 'CREATE TABLE trial (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;\nINSERT INTO trial (id, word) SELECT 1, id FROM customer LIMIT 1;';

/** Version 1.0.0, an owner, two customers with faces. */
export async function boxToUpdate(t: Test) {
  const root = await makeRoot(temporaryDirectory(t));
  const { places } = root;
  const machine = endWith(t, childMachine(places));
  const base: Omit<ApplyOptions, 'file'> = { places, machine, clock: systemClock, pinned: root.key.publicKey, patience: PATIENCE, now: true };

  // Somebody to lose: an owner, a customer with a face.
  const first = await startBox(t, { dataDirectory: places.data });
  const customers = [await enrolPerson(first, 'P01'), await enrolPerson(first, 'P03')] as const;
  const { ownerId } = first;
  await first.stop();
  const rootPem = readFileSync(join(places.data, 'tls/root.crt'), 'utf8');

  const device = () => new PorticoClient(`https://localhost:${root.port}`, rootPem);
  const told = () => JSON.parse(readFileSync(join(places.open, 'update.json'), 'utf8')) as Record<string, unknown>;
  const isThere = (table: string) => query<{ n: number }>(places.data, `SELECT count(*) AS n FROM sqlite_master WHERE name = '${table}'`)[0]!.n === 1;
  const leftOver = () => readdirSync(places.data).filter((name) => /^update-|\.back/.test(name));
  const answers = async () => (await device().send<{ status: string }>('GET', '/healthz')).status;
  return { root, places, machine, base, customers, ownerId, device, told, isThere, leftOver, answers };
}
