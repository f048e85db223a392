/** A box that goes on while whoever updates it is killed. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { applyUpdate, readJournal, runningVersion } from '../../updates/index.js';
import { temporaryDirectory } from './box.js';
import { query } from './disk.js';
import { childMachine, endWith, makeRoot, PATIENCE } from './releases.js';
import type { Asked } from './updateRemote.js';

const CHILD = fileURLToPath(new URL('./updateRemote.js', import.meta.url));
export const MIGRATION = 'CREATE TABLE trial (id INTEGER PRIMARY KEY) STRICT;';

/** Version 1.0.0, running. */
export async function boxThatGoesOn(t: Test) {
  const root = await makeRoot(temporaryDirectory(t));
  const { places } = root;
  const machine = endWith(t, childMachine(places));
  const next = () => applyUpdate({ places, machine, clock: systemClock, pinned: root.key.publicKey, patience: PATIENCE, file: null });

  async function killedAt(file: string, step: string): Promise<void> {
    const child = fork(CHILD, [root.base, file, root.key.publicKey, step]);
    child.on('message', ({ id, what }: { id: number; what: Asked }) => {
      void Promise.resolve(machine[what]()).then((value) => ({ value: value === true, error: null }), (error: Error) => ({ value: false, error: error.message }))
        .then((answer) => { if (child.connected) child.send({ id, ...answer }, () => undefined); });
    });
    const [, signal] = await once(child, 'exit') as [number | null, string | null];
    t.equal(signal, 'SIGKILL', step);
  }

  async function isWhole(version: string, step: string): Promise<void> {
    t.equal(runningVersion(places), version, step);
    t.equal(await machine.isUp(), true, `${step}: the box runs`);
    t.equal(readJournal(places), null, `${step}: nothing is under way`);
    t.equal(query(places.data, `SELECT 1 AS one FROM sqlite_master WHERE name = 'trial'`).length, version === '1.0.0' ? 0 : 1, `${step}: the data fit the version`);
    t.strictSame(readdirSync(places.data).filter((name) => /^update-|\.back/.test(name)), [], `${step}: no copy is left`);
    t.notOk(existsSync(join(places.work, 'candidate.update')));
  }
  await machine.start();
  return { root, machine, next, killedAt, isWhole };
}
