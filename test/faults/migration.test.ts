/** Power lost in the middle of a migration, at every statement and at random moments: the file is of before or of after, and the next start finishes. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { Database, MIGRATIONS_DIRECTORY, openStorage } from '../../appliance/storage/index.js';
import { seededRandom } from '../bench/random.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { readKey } from '../support/disk.js';
import { MIGRATION_KILLS, SEED } from '../support/lives.js';

const CHILD = fileURLToPath(new URL('../support/migrateChild.js', import.meta.url));
/** Of all steps each one in the full run, else each tenth. */
const EACH = process.env['TEST_FULL'] === undefined ? 10 : 1;
t.comment(`TEST_SEED=${SEED}`);
const NEXT = `
CREATE TABLE place (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO place (id, name) SELECT id, display_name FROM customer;
ALTER TABLE customer ADD COLUMN place_id TEXT;
UPDATE customer SET place_id = id WHERE place_id IS NULL;
CREATE INDEX place_by_name ON place (name);
DROP INDEX place_by_name;
UPDATE place SET name = name || '!' WHERE name <> '';
`;

/** A box of 300 customers as it was before an update of two migrations. */
function beforeUpdate(t: Test) {
  const [origin, migrations] = [temporaryDirectory(t), temporaryDirectory(t)];
  const names = readdirSync(MIGRATIONS_DIRECTORY).sort();
  for (const name of names) copyFileSync(join(MIGRATIONS_DIRECTORY, name), join(migrations, name));
  const number = (n: number) => String(names.length + n).padStart(4, '0');
  const options = { credentialsDirectory: null, maxBytes: null, clock: new TestClock() };
  const first = openStorage({ ...options, dataDirectory: origin });
  for (let n = 0; n < 300; n += 1) first.db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', `c${n}`, `顾客${n}`, n);
  first.close();
  writeFileSync(join(migrations, `${number(1)}-places.sql`), NEXT);
  writeFileSync(join(migrations, `${number(2)}-more.sql`), NEXT.replaceAll('place', 'shelf'));
  return {
    migrations,
    copy: () => {
      const folder = temporaryDirectory(t);
      cpSync(origin, folder, { recursive: true });
      return folder;
    },
    /** What a kill left: every copy aside is a whole one, and the next start goes through to the end. */
    look: (t: Test, folder: string, when: string) => {
      for (const name of readdirSync(folder).includes('backups') ? readdirSync(join(folder, 'backups')) : []) {
        if (!name.endsWith('.db')) continue;
        const aside = Database.open({ file: join(folder, 'backups', name), key: readKey(folder) });
        t.strictSame([aside.pragma('integrity_check'), aside.get('SELECT count(*) AS n FROM customer')], ['ok', { n: 300 }], `${when}: ${name}`);
        aside.close();
      }
      const { db, close } = openStorage({ ...options, dataDirectory: folder, migrationsDirectory: migrations });
      t.strictSame([
        db.pragma('integrity_check'), db.get('SELECT count(*) AS n FROM migration'), db.get('SELECT count(*) AS n FROM customer WHERE place_id = id AND shelf_id = id'),
        db.get(`SELECT count(*) AS n FROM place WHERE name LIKE '%!' AND name NOT LIKE '%!!'`), db.all('PRAGMA foreign_key_check'),
      ], ['ok', { n: names.length + 2 }, { n: 300 }, { n: 300 }, []], `${when}: once each, and whole`);
      close();
    },
  };
}

t.test('killed at each step of an update: nothing of before is lost, and the next start goes through', { timeout: 280_000 }, async (t) => {
  const { migrations, copy, look } = beforeUpdate(t);
  const run = (dataDirectory: string, step: number) => spawnSync(process.execPath, [CHILD, dataDirectory, migrations, String(step)], { encoding: 'utf8' });
  const steps = Number(run(copy(), -1).stdout.split('\n')[1]);
  t.ok(steps > 20, `${steps} steps`);
  for (let step = 0; step < steps; step += EACH) {
    const folder = copy();
    const killed = run(folder, step);
    t.equal(killed.signal, 'SIGKILL', `step ${step}: ${killed.stderr}`);
    look(t, folder, `step ${step}`);
  }
});

t.test(`killed at ${MIGRATION_KILLS} random moments of an update: the same`, { timeout: 120_000 }, async (t) => {
  const { migrations, copy, look } = beforeUpdate(t);
  const next = seededRandom(SEED + 11);
  /** @returns how long it took from its beginning; null: it was killed */
  const run = (dataDirectory: string, afterMs: number | null) => new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [CHILD, dataDirectory, migrations, '-1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let beganMs = 0;
    child.stdout.once('data', () => {
      beganMs = performance.now();
      if (afterMs !== null) setTimeout(() => child.kill('SIGKILL'), afterMs);
    });
    child.once('exit', (_code, signal) => resolve(signal === 'SIGKILL' ? null : performance.now() - beganMs));
  });
  const wholeMs = (await run(copy(), null))!;
  for (let kill = 0; kill < MIGRATION_KILLS;) {
    const folder = copy();
    const tookMs = await run(folder, next() * wholeMs);
    if (tookMs === null) kill += 1; // else it was faster than before, and nothing was cut off
    look(t, folder, `kill ${kill}`);
  }
});

t.test('half a copy that a power cut left is never taken for a copy, and goes with the next', async (t) => {
  const [dataDirectory, migrations] = [temporaryDirectory(t), temporaryDirectory(t)];
  const names = readdirSync(MIGRATIONS_DIRECTORY).sort();
  for (const name of names) copyFileSync(join(MIGRATIONS_DIRECTORY, name), join(migrations, name));
  const options = { dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock() };
  openStorage(options).close();
  writeFileSync(join(migrations, `${String(names.length + 1).padStart(4, '0')}-next.sql`), 'CREATE TABLE next (x TEXT) STRICT;');
  const backups = join(dataDirectory, 'backups');
  mkdirSync(backups, { recursive: true });
  writeFileSync(join(backups, 'before-migration-0005.db.new'), readFileSync(join(dataDirectory, 'portico.db')).subarray(0, 5_000));
  openStorage({ ...options, migrationsDirectory: migrations }).close();
  t.strictSame(readdirSync(backups), [`before-migration-${String(names.length + 1).padStart(4, '0')}.db`]);
});
