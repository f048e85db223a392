/** A backup killed at any step: nothing half is called a backup, nothing readable is left, the one of before stays good, and the next run goes through. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openBackup } from '../../appliance/backup/index.js';
import { makeBackup, STEPS } from '../../appliance/backup/run.js';
import { temporaryDirectory } from '../support/scratch.js';
import { backupsOf, filledStore, namesIn, orderOf, toFolder } from './store.js';

const GOOD = 'portico-sh-01-c0ffee01-20260615-040000.age';

t.test('killed at each step, and in the middle of the long ones', { timeout: 240_000 }, async (t) => {
  const store = await filledStore(t, { megabytes: 8 });
  const folder = temporaryDirectory(t);
  await makeBackup(orderOf(store, toFolder(folder)), () => undefined);
  const good = readFileSync(join(folder, GOOD));
  const child = fileURLToPath(new URL('backupChild.js', import.meta.url));
  for (const at of [...STEPS.map((step) => `${step}:1`), 'send:10', 'send:25', 'read back:20']) {
    store.clock.move(60_000);
    const order = join(temporaryDirectory(t), 'order.json');
    writeFileSync(order, JSON.stringify(orderOf(store, toFolder(folder))));
    const running = spawn(process.execPath, [child, order, at], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    running.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
    const [, signal] = await once(running, 'exit') as [number | null, string | null];
    t.equal(signal, 'SIGKILL', `${at}: ${errors}`);
    for (const name of namesIn(folder).filter((each) => each.endsWith('.age'))) {
      const content = readFileSync(join(folder, name));
      t.ok(content.toString('latin1', 0, 21) === 'age-encryption.org/v1', name);
      if (/\d\.age$/.test(name)) await openBackup(join(folder, name), store.identity, temporaryDirectory(t), () => undefined); // whatever has the name is good
    }
    t.ok(readFileSync(join(folder, GOOD)).equals(good));
    const backups = backupsOf(store, toFolder(folder));
    backups.start();
    t.notOk(existsSync(join(store.dataDirectory, 'backup-work')), 'the copy goes at the next start');
    await backups.stop();
  }
  store.clock.move(60_000);
  t.match(await backupsOf(store, toFolder(folder)).begin('night', { staffId: null, deviceId: null }).done, { outcome: 'done' });
  t.strictSame(namesIn(folder).filter((name) => name.endsWith('.part')), []);
});
