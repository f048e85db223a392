/** C10, C11: a new version is gone back from, and what was deleted under it cannot be read: whoever withdrew is among everybody. But it has to be lost for good. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { checkRootRun } from '../../appliance/health/checks/outside.js';
import { readRootRun } from '../../appliance/health/measure.js';
import { Database } from '../../appliance/storage/index.js';
import { openBox } from '../../provisioning/box.js';
import { takeUpdate } from '../../provisioning/stickUpdate.js';
import { Data } from '../../updates/data.js';
import { applyUpdate, readJournal, runningVersion, settle } from '../../updates/index.js';
import { writeJournal, type Journal } from '../../updates/journal.js';
import { OWNER_PIN, startBox, temporaryDirectory } from '../support/box.js';
import { query, readKey } from '../support/disk.js';
import { makeUpdate } from '../support/releases.js';
import { boxToUpdate, MIGRATION } from '../support/updateBox.js';
import { fillUp, tmpfs, whyNoVolumes } from '../support/volume.js';

const DATA_WORK = fileURLToPath(new URL('../../updates/dataWork.js', import.meta.url));
const DAY_MS = 86_400_000;
const { root, places, machine, base, customers, ownerId, told, leftOver } = await boxToUpdate(t);
/** A disk that lost it. */
const spoil = (folder = places.data) => {
  const database = join(folder, 'portico.db');
  writeFileSync(database, Buffer.alloc(statSync(database).size, 7));
};

/** A copy of the box's data, with a copy aside since when the first customer withdrew. */
async function withdrawnSince(t: Test, folder: string, what: { database: boolean; vault: boolean }) {
  const own = join(folder, 'data');
  cpSync(places.data, own, { recursive: true });
  const data = new Data({ ...places, data: own }, machine);
  await data.putAside(what);
  const box = await startBox(t, { dataDirectory: own });
  const client = box.stranger();
  await client.pair(box.appliance.makePairingCode().code, 'iPad trial');
  await client.signIn(ownerId, OWNER_PIN);
  await client.call('POST', `/customers/${customers[0]}/consents/withdraw`);
  await box.stop();
  return { own, data, keys: (id: string) => query<{ n: number }>(own, `SELECT count(*) AS n FROM vault.customer_key WHERE customer_id = '${id}'`)[0]!.n };
}

/** What passes, and what takes it away again. */
const PASSING: [string, RegExp, string | false, (t: Test) => string, (own: string, folder: string) => () => void][] = [
  ['a full disk', /storage_full/, whyNoVolumes() ?? false, (t) => tmpfs(t, 96).folder, (_, folder) => fillUp(folder)],
  ['a database that somebody else holds', /storage_busy/, false, temporaryDirectory, (own) => {
    const other = Database.open({ file: join(own, 'portico.db'), key: readKey(own) });
    other.pragma('locking_mode = EXCLUSIVE');
    other.exec('CREATE TABLE held (id INTEGER PRIMARY KEY) STRICT');
    return () => { other.close(); };
  }],
];
for (const [what, said, skip, makeFolder, begin] of PASSING) {
  t.test(`C10: ${what} while it goes back costs nobody a face: tried again, who withdrew stays withdrawn, and nobody else is deleted`, { skip }, async (t) => {
    const folder = makeFolder(t);
    const { own, data, keys } = await withdrawnSince(t, folder, { database: true, vault: true });
    const end = begin(own, folder);
    await t.rejects(data.putBack(), { message: said });
    end();
    t.match(await data.putBack(), { unread: false, carried: 1 });
    await data.destroyAside();
    await (await startBox(t, { dataDirectory: own })).stop();
    t.equal(keys(customers[0]), 0, 'who withdrew has no key');
    t.ok(keys(customers[1]) > 0, 'who did not has');
    t.strictSame(query(own, 'SELECT DISTINCT customer_id FROM consent WHERE ended_at_ms IS NULL'), [{ customer_id: customers[1] }]);
    t.strictSame(query(own, 'SELECT DISTINCT customer_id FROM template'), [{ customer_id: customers[1] }]);
  });
}

t.test('cut off before anything of the box has changed, it reads again; whatever has changed is marked before', async (t) => {
  // Both files are built, and their logs are cleared away; or the vault stands, and the mark is about to be written.
  for (const [vaultToo, call] of [[true, 'rmSync'], [false, 'writeFileSync']] as const) {
    const { own, data } = await withdrawnSince(t, temporaryDirectory(t), { database: true, vault: vaultToo });
    const [database, kept, mark] = [join(own, 'portico.db'), join(own, 'kept'), join(own, 'update-aside/unread')];
    const deletions = () => query<{ n: number }>(own, 'SELECT count(*) AS n FROM vault.deletion')[0]!.n;
    const before = deletions();
    copyFileSync(database, kept);
    spoil(own);
    t.equal(cutAt(own, call), 'SIGKILL');
    t.notOk(existsSync(mark));
    copyFileSync(kept, database);
    t.equal(deletions(), before, 'the vault that stands was told nothing');
    t.match(await data.putBack(), { unread: false, carried: vaultToo ? 1 : 0 });

    spoil(own);
    t.equal(cutAt(own, 'renameSync'), 'SIGKILL');
    t.ok(existsSync(mark), 'from the first of the two on there is no other answer');
    t.match(await data.putBack(), { unread: true });
  }
});

t.test('cut off between a log and its file, what a kill left in the log is in the file', (t) => {
  const [own, killed] = [join(temporaryDirectory(t), 'data'), join(temporaryDirectory(t), 'data')];
  cpSync(places.data, own, { recursive: true });
  const db = Database.open({ file: join(own, 'portico.db'), vaultFile: join(own, 'vault/vault.db'), key: readKey(own) });
  db.run('UPDATE vault.vault_state SET deletions = zeroblob(16)');
  cpSync(own, killed, { recursive: true });
  db.close();
  cpSync(places.data, join(killed, 'update-aside'), { recursive: true });
  t.ok(statSync(join(killed, 'vault/vault.db-wal')).size > 0);
  t.equal(cutAt(killed, 'renameSync'), 'SIGKILL');
  t.strictSame(query(killed, 'SELECT hex(deletions) AS deletions FROM vault.vault_state'), [{ deletions: '0'.repeat(32) }]);
  t.end();
});

/** The power goes at its first call of this. @returns the signal that ended it */
function cutAt(own: string, call: 'writeFileSync' | 'renameSync' | 'rmSync'): string | null {
  const preload = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; fs.${call} = () => process.kill(process.pid, 'SIGKILL'); syncBuiltinESMExports();`;
  const given = JSON.stringify({ data: own, credentials: null, folder: join(own, 'update-aside') });
  return spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, DATA_WORK, 'back', given]).signal;
}

t.test('C11: every face goes, and that is told', async (t) => {
  await machine.start();
  const file = await makeUpdate(root, '1.4.0', { migration: MIGRATION });
  let journal: Journal | null = null;
  const trying = applyUpdate({ ...base, file, reached: (step) => {
    if (step === 'started') machine.box()!.kill('SIGKILL');
    if (step === 'returning') spoil();
    if (step === 'link_back') journal = readJournal(places);
  } });
  await t.rejects(trying, { code: 'update_deletions_unread', details: { version: '1.4.0', runs: '1.0.0' } });
  t.equal(runningVersion(places), '1.0.0');
  t.match(told(), { outcome: 'rolled_back', errorCode: 'update_deletions_unread', what: '1.4.0' });
  t.strictSame(query(places.data, 'SELECT 1 AS one FROM consent WHERE ended_at_ms IS NULL'), [], 'no consent is relied on');
  t.strictSame(query(places.data, 'SELECT 1 AS one FROM vault.customer_key'), [], 'no key');
  t.strictSame(query(places.data, 'SELECT 1 AS one FROM template'), [], 'no template');
  t.equal(query(places.data, 'SELECT 1 AS one FROM customer').length, customers.length, 'the dossiers are there');
  for (const id of customers) {
    t.strictSame(query(places.data, `SELECT DISTINCT action FROM audit_entry WHERE customer_id = '${id}' AND action IN ('consent_ended', 'deletion_replayed', 'face_deleted') ORDER BY action`),
      [{ action: 'consent_ended' }, { action: 'deletion_replayed' }, { action: 'face_deleted' }], 'and the log tells');
  }
  t.strictSame(leftOver(), []);

  // What is on the page outlasts the copies, a stick that stays in, and the updates that follow.
  await machine.stop();
  writeJournal(places, journal!);
  t.equal(await settle(base), 'old', 'as after a power cut before the journal was closed');
  await machine.start();
  t.match(told(), { outcome: 'rolled_back', errorCode: 'update_deletions_unread' });
  const stick = temporaryDirectory(t);
  copyFileSync(file, join(stick, `portico-1.4.0-${process.arch}.update`));
  const { paths, clock } = await openBox(root.base, stick);
  t.match(await takeUpdate({ paths, clock, stick, updating: null }), { outcome: 'rolled_back', code: 'update_deletions_unread' });
  const since = told()['deletionsUnreadAt'] as string;
  await t.rejects(applyUpdate({ ...base, file: await makeUpdate(root, '0.9.0') }), { code: 'update_older' });
  t.match(told(), { outcome: 'refused', deletionsUnreadAt: since });
  await applyUpdate({ ...base, file: await makeUpdate(root, '1.4.1') });
  t.match(told(), { outcome: 'applied', what: '1.4.1', deletionsUnreadAt: since });
  const seen = (days: number) => checkRootRun('update', readRootRun(places.open, 'update.json'), Date.parse(since) + days * DAY_MS);
  t.match(seen(29), { state: 'failed', reason: 'deletions_unread', figures: { since } });
  t.match(seen(30), { state: 'ok', reason: 'applied' });
});

t.test('done again after a power cut it is not forgotten, though what was put back can be read', async (t) => {
  await machine.stop();
  const data = new Data(places, machine);
  await data.putAside({ database: true, vault: true });
  spoil();
  t.match(await data.putBack(), { unread: true });
  t.match(await data.putBack(), { unread: true });
  await data.destroyAside();
  await data.putAside({ database: true, vault: true });
  t.match(await data.putBack(), { unread: false }, 'the next time is another one');
});
