/** A box that loses its power at each step of an update, put back to the beginning for the next. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { readJournal, runningVersion, settle, settleRunning, type Options, type Step } from '../../updates/index.js';
import { startBox, temporaryDirectory } from './box.js';
import { query } from './disk.js';
import { childMachine, endWith, makeRoot, makeUpdate, PATIENCE } from './releases.js';

const CHILD = fileURLToPath(new URL('./updateChild.js', import.meta.url));
export const MIGRATION = 'CREATE TABLE trial (id INTEGER PRIMARY KEY) STRICT;';

/** A box of version 1.0.0 with a customer. */
export async function boxToCut(t: Test) {
  const root = await makeRoot(temporaryDirectory(t));
  const { places } = root;
  const machine = endWith(t, childMachine(places));
  const options: Options = { places, machine, clock: systemClock, patience: PATIENCE };
  const first = await startBox(t, { dataDirectory: places.data });
  await first.owner.createCustomer({ displayName: '顾客' });
  await first.stop();
  const pattern = temporaryDirectory(t);
  cpSync(join(root.base, 'var'), join(pattern, 'var'), { recursive: true });
  cpSync(join(root.base, 'opt'), join(pattern, 'opt'), { recursive: true, verbatimSymlinks: true });
  const asBefore = () => {
    for (const folder of ['var', 'opt']) {
      rmSync(join(root.base, folder), { recursive: true, force: true });
      cpSync(join(pattern, folder), join(root.base, folder), { recursive: true, verbatimSymlinks: true });
    }
  };

  async function cutAt(file: string, step: string): Promise<void> {
    const child = spawn(process.execPath, [CHILD, root.base, file, root.key.publicKey, step], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { said += text; });
    const [, signal] = await once(child, 'close') as [number | null, string | null];
    t.equal(signal, 'SIGKILL', `${step}: ${said}`);
  }

  /** The next boot: settle, the service, and the judge where the version is on trial. */
  async function boot(): Promise<void> {
    const settled = await settle(options);
    await machine.start().catch(() => undefined);
    if (settled === 'trying') await settleRunning(options).catch((error: unknown) => t.match(error, { code: 'update_health_failed' }));
  }

  function isWhole(version: '1.0.0' | '2.0.0', step: string): void {
    t.equal(runningVersion(places), version, step);
    const migrated = query(places.data, `SELECT 1 AS one FROM sqlite_master WHERE name = 'trial'`).length === 1;
    t.equal(migrated, version === '2.0.0', `${step}: the data fit the version`);
    t.equal(query(places.data, 'SELECT id FROM customer').length, 1);
    t.equal(readJournal(places), null, `${step}: nothing is under way`);
    t.strictSame(readdirSync(places.data).filter((name) => /^update-|\.back/.test(name)), [], `${step}: no copy is left`);
    t.notOk(existsSync(join(places.work, 'candidate.update')));
    t.notOk(readdirSync(places.releases).some((name) => name.endsWith('.incoming')));
  }

  /** Cuts at each of these steps; up to `started` the old version has to be there afterwards, from then on the new one. */
  async function cutAtEach(steps: readonly Step[], isNew: boolean): Promise<void> {
    const file = await makeUpdate(root, '2.0.0', { migration: MIGRATION });
    for (const step of steps) {
      asBefore();
      await cutAt(file, step);
      await boot();
      isWhole(isNew ? '2.0.0' : '1.0.0', step);
      t.equal(await machine.isUp(), true, `${step}: the box runs`);
      await machine.stop();
    }
  }
  return { root, places, machine, options, asBefore, cutAt, boot, isWhole, cutAtEach };
}
