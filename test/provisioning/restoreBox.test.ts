/** `portico restore` on a box that systemd runs: finds folder and key, and a power cut anywhere leaves a box that opens. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBackup } from '../../appliance/backup/run.js';
import { openStorage } from '../../appliance/storage/index.js';
import { restoreBox } from '../../cli/restoreBox.js';
import { packageRoot } from '../../models/manifest.js';
import { firstBoot, openBox } from '../../provisioning/box.js';
import { isSealedWithNullKey } from '../../provisioning/credentials.js';
import { filledStore, orderOf, quiet, toFolder } from '../backup/store.js';
import { canSeal, newBox } from '../support/stick.js';
import { temporaryDirectory } from '../support/scratch.js';

const skip = await canSeal() ? false : 'systemd-creds cannot seal here: it takes root';

async function backupAndBox(t: Test) {
  const store = await filledStore(t);
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  store.rooms.close();
  const box = await newBox(t);
  const start = async () => { // as at a boot: what root does first, then the service with what systemd unseals
    await firstBoot(box.paths, box.disk, box.credentials);
    const credentialsDirectory = temporaryDirectory(t);
    writeFileSync(join(credentialsDirectory, 'db-key'), await box.credentials!.open('db-key', readFileSync(box.paths.databaseCredential)));
    const storage = openStorage({ dataDirectory: box.paths.data, credentialsDirectory, maxBytes: null, clock: store.clock });
    try {
      return storage.db.get<{ n: number }>('SELECT count(*) AS n FROM customer')!.n;
    } finally {
      storage.close();
    }
  };
  return { ...store, folder, file: join(folder, readdirSync(folder).find((name) => /\d\.age$/.test(name))!), box, start };
}

t.test('the line of the guide, on a box that was only switched on: no --replace, no folder, no key to seal by hand', { skip }, async (t) => {
  const { file, keyFile, box, start } = await backupAndBox(t);
  t.equal(await start(), 0);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), 'restore', file, '--key', keyFile, '--root', box.root], { cwd: temporaryDirectory(t), env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.match(stdout, /systemctl start portico/);
  t.notOk(isSealedWithNullKey(readFileSync(box.paths.databaseCredential)));
  t.notOk(readdirSync(box.paths.data).some((name) => name.startsWith('db-key')), 'no key in the data folder');
  t.equal(await start(), 2);
  const again = spawnSync(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), 'restore', file, '--key', keyFile, '--root', box.root], { env: { PATH: process.env['PATH'] }, encoding: 'utf8' });
  t.equal(again.status, 1);
  t.match(again.stderr, /restore_target_in_use/, 'a box with customers is replaced only when that is said');
});

t.test('cut off at any step, the box opens after the next boot: with the old key the old data, with the new the new', { skip, timeout: 240_000 }, async (t) => {
  const { file, keyFile, box, start, clock } = await backupAndBox(t);
  await start();
  const steps: string[] = [];
  await restoreBox(file, { keyFile, replace: true, root: box.root }, clock, quiet, (step) => { steps.push(step); });
  t.equal(await start(), 2);
  t.ok(steps.length > 10, steps.join());
  const outcomes = new Set<number>();
  for (const [index, step] of steps.entries()) {
    if (step === 'unpack' || step === 'vault' || step === 'record') continue; // as in test/backup/restore.test.ts
    const fresh = await newBox(t);
    const opened = await openBox(fresh.root, '');
    Object.assign(box, { paths: fresh.paths, disk: opened.disk, credentials: opened.credentials, root: fresh.root });
    await start();
    const child = spawnSync(process.execPath, [new URL('restoreBoxChild.js', import.meta.url).pathname, file, keyFile, fresh.root, String(clock.now()), String(index)], { encoding: 'utf8' });
    t.equal(child.signal, 'SIGKILL', `${step} ${child.stderr}`);
    const there = await start();
    outcomes.add(there);
    t.ok(there === 0 || there === 2, `${step}: ${there}`);
    t.notOk(existsSync(join(fresh.paths.data, 'restoring')), step);
    t.notOk(existsSync(join(fresh.paths.data, 'db-key.sealed')), step);
  }
  t.strictSame([...outcomes].sort(), [0, 2]);
});
