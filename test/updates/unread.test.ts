/** C10, C11: a new version is gone back from, and what was deleted under it cannot be read: whoever withdrew is among everybody. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Data } from '../../updates/data.js';
import { applyUpdate, runningVersion } from '../../updates/index.js';
import { query } from '../support/disk.js';
import { makeUpdate } from '../support/releases.js';
import { boxToUpdate, MIGRATION } from '../support/updateBox.js';

const { root, places, machine, base, customers, told, leftOver } = await boxToUpdate(t);
const database = join(places.data, 'portico.db');
/** A disk that lost it. */
const spoil = () => writeFileSync(database, Buffer.alloc(statSync(database).size, 7));

t.test('C11: every face goes, and that is told', async (t) => {
  await machine.start();
  const file = await makeUpdate(root, '1.4.0', { migration: MIGRATION });
  const trying = applyUpdate({ ...base, file, reached: (step) => {
    if (step === 'started') machine.box()!.kill('SIGKILL');
    if (step === 'returning') spoil();
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
