/** Emptying the write-ahead log never makes the box wait for a reader, and is done once the reader has gone. */
import { statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { Database, openStorage } from '../../appliance/storage/index.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

t.test('a reader that holds the log is not waited for, a writer beside us still is', async (t) => {
  const storage = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock: new TestClock() });
  t.teardown(() => storage.close());
  const { db, readerTicket: { file, key } } = storage;
  db.exec('CREATE TABLE kept (n INTEGER)');
  const still = storage.openStill();
  db.run('INSERT INTO kept VALUES (?)', 1);
  const took: number[] = [];
  for (let tries = 0; tries < 5; tries++) {
    const beginMs = performance.now();
    t.equal(db.truncateLog(), false);
    took.push(performance.now() - beginMs);
  }
  t.ok(Math.min(...took) < 100, `milliseconds: ${took.map(Math.round).join()}`);

  const other = Database.open({ file, key });
  other.exec('BEGIN IMMEDIATE');
  const beginMs = performance.now();
  t.throws(() => db.run('INSERT INTO kept VALUES (?)', 2), { code: 'storage_busy' });
  t.ok(performance.now() - beginMs > 200, 'the wait for another writer is as before');
  other.exec('ROLLBACK');
  other.close();

  still.close();
  for (let tries = 0; tries < 50 && statSync(`${file}-wal`).size > 0; tries++) await setTimeout(100);
  t.equal(statSync(`${file}-wal`).size, 0, 'it went on trying');
});
