/** A kill between a deletion's commit and the emptying of the log: the next start empties it. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { systemClock } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { temporaryDirectory } from '../support/scratch.js';

t.test('old bytes do not stay in the log after a kill', async (t) => {
  const dataDirectory = temporaryDirectory(t);
  const storageUrl = new URL('../../appliance/storage/index.js', import.meta.url).href;
  const script = `
    import { openStorage } from ${JSON.stringify(storageUrl)};
    const { db } = openStorage({ dataDirectory: ${JSON.stringify(dataDirectory)}, credentialsDirectory: null, maxBytes: null, clock: { now: () => 1 } });
    db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', 'c', 'x'.repeat(20000), 1);
    db.run('DELETE FROM customer WHERE id = ?', 'c');
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: fileURLToPath(new URL('.', import.meta.url)) });
  t.equal(child.signal, 'SIGKILL', child.stderr.toString());
  const log = join(dataDirectory, 'portico.db-wal');
  t.ok(statSync(log).size > 0, 'the kill left a log');
  const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: systemClock });
  t.teardown(() => storage.close());
  t.equal(statSync(log).size, 0);
});
