/** The whole circle through the front door: a real box backs itself up, and another one, made from the file, serves the same iPads. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { newKey } from '../../appliance/backup/index.js';
import type { BackupRun, Backups, Dossier, ErrorBody } from '../../appliance/contract/index.js';
import { restore } from '../../cli/restore.js';
import { addStaff, OWNER_PIN, startBox, temporaryDirectory, TestClock } from '../support/box.js';
import { enrolPerson } from '../support/store.js';
import { namesIn, quiet } from './store.js';

t.test('made on the page, put back onto new hardware', { timeout: 240_000 }, async (t) => {
  const key = await newKey();
  const folder = temporaryDirectory(t);
  const keyFile = join(temporaryDirectory(t), 'store.key');
  writeFileSync(keyFile, `${key.identity}\n`);
  const clock = new TestClock();
  const settings = { PORTICO_BACKUP_RECIPIENT: key.recipient, PORTICO_BACKUP_TO: folder, PORTICO_STORE_ID: 'sh-01', PORTICO_STORE_NAME: '南京"西路' };
  const box = await startBox(t, { settings, clock });
  const { device: desk } = await addStaff(box, '小李', 'associate');
  t.match(await desk.send<ErrorBody>('GET', '/api/v1/box/backups'), { status: 403 }, 'the desk neither sees backups');
  t.match(await desk.send<ErrorBody>('POST', '/api/v1/box/backups'), { status: 403 }, 'nor makes any');

  const leaving = await enrolPerson(box, 'P18', { displayName: '要走的人' });
  const staying = await enrolPerson(box, 'P08', { displayName: '留下的人', facts: ['爱喝龙井'] });
  const { device: it } = await addStaff(box, 'IT', 'it');
  const make = async (): Promise<BackupRun> => {
    t.match(await it.send<BackupRun>('POST', '/api/v1/box/backups'), { status: 202, body: { outcome: 'running', askedBy: 'staff' } });
    t.match(await it.send<ErrorBody>('POST', '/api/v1/box/backups'), { status: 409, body: { code: 'backup_running' } });
    for (;;) {
      const { runs } = await it.call<Backups>('GET', '/box/backups');
      if (runs[0]!.outcome !== 'running') return runs[0]!;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  };
  const first = await make();
  t.match(first, { outcome: 'done', target: 'folder', errorCode: null, verifiedAt: String });
  await box.owner.call('POST', `/customers/${leaving}/consents/withdraw`);
  clock.move(60_000);
  t.match(await make(), { outcome: 'done' });
  t.strictSame(namesIn(folder).length, 3);
  const logged = box.logged();
  for (const secret of [key.identity, readFileSync(join(box.dataDirectory, 'db-key'), 'utf8').trim(), '留下的人']) t.notOk(logged.includes(secret));
  const { rootFingerprint } = box.appliance;
  await box.stop();

  const dataDirectory = join(temporaryDirectory(t), 'data');
  t.match(await restore(join(folder, first.fileName!), { dataDirectory, credentialsDirectory: null }, { keyFile, replace: false, keyOut: null }, clock, quiet), { sameBox: false, deletedAgain: 1 });
  t.match(readFileSync(join(dataDirectory, 'restored-settings.env'), 'utf8'), /PORTICO_STORE_NAME="南京\\"西路"\n/);
  const again = await startBox(t, { settings, clock, dataDirectory, fresh: true });
  t.equal(again.appliance.rootFingerprint, rootFingerprint, 'the iPads trust it as before');
  const owner = again.stranger();
  await owner.pair(again.appliance.makePairingCode().code, 'iPad 2');
  await owner.signIn(box.ownerId, OWNER_PIN);
  const dossier = await owner.call<Dossier>('GET', `/customers/${staying}?why=search`);
  t.equal(dossier.displayName, '留下的人');
  const { runs, held } = await owner.call<Backups>('GET', '/box/backups');
  t.ok(held, 'it may be a spare: it makes none by itself until somebody asks');
  t.strictSame(runs, [], 'the run that made the file was under way in it: it is not told as one that failed');
  t.ok(existsSync(join(dataDirectory, 'vault', 'vault.db')));
  const face = await owner.call<Dossier>('GET', `/customers/${leaving}?why=search`);
  t.notOk(JSON.stringify(face).includes('"enrolled":true'), 'who took consent back has no face here');
});
