/** The merged CSV in a real PostgreSQL, loaded as docs/head-office.md says: a cluster of this test's own, on a socket in its own folder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readFleetKeys, verifyFleet } from '../../fleet/index.js';
import { temporaryDirectory } from '../support/scratch.js';
import { daysFrom, keep, StoreReleases } from '../support/storeReleases.js';
import { exampleOf } from './guide.js';

/** Debian keeps them out of the path, a folder for each version. */
const INSTALLED = '/usr/lib/postgresql';
const bin = (existsSync(INSTALLED) ? readdirSync(INSTALLED).map((version) => join(INSTALLED, version, 'bin')) : []).find((folder) => ['initdb', 'postgres', 'psql'].every((name) => existsSync(join(folder, name))));
/** It refuses to run as root; whose files they are then does not matter. */
const NOBODY = 65_534;
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const SKIP = bin === undefined ? 'no PostgreSQL on this machine: apt install postgresql' : false;
const PATIENCE_MS = 60_000;

t.test('COPY and upsert, twice: every cell and day is there once, as released; withheld is null', { skip: SKIP }, async (t) => {
  const folder = temporaryDirectory(t);
  chmodSync(folder, 0o755);
  const out = join(folder, 'merged');
  const stores = ['SH-01', 'BJ-03'].map((name, seed) => new StoreReleases(name, { seed }));
  const made = stores.flatMap((store) => daysFrom('2026-10-25', 14).map((day, at) => store.next(day, { skipped: at === 5 ? 'crowd' : null })));
  keep(join(folder, 'releases'), made);
  const merge = () => verifyFleet({ folder: join(folder, 'releases'), keys: readFleetKeys(JSON.stringify(Object.fromEntries(stores.map(({ store, keys }) => [store, [keys]])))), out });
  t.strictSame((await merge()).faults, []);

  const data = join(folder, 'pg');
  mkdirSync(data);
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid);
  const environment = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' };
  const cluster = spawnSync(join(bin!, 'initdb'), ['--pgdata', join(data, 'cluster'), '--username', 'portico', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync'], { encoding: 'utf8', env: environment, cwd: data, ...user });
  t.equal(cluster.status, 0, cluster.stderr);
  const server = spawn(join(bin!, 'postgres'), ['-D', join(data, 'cluster'), '-k', data, '-c', 'listen_addresses=', '-c', 'fsync=off'], { stdio: ['ignore', 'ignore', 'pipe'], env: environment, cwd: data, ...user });
  t.teardown(() => ended(server));
  let said = '';
  server.stderr!.setEncoding('utf8').on('data', (text: string) => { said += text; });
  const psql = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(bin!, 'psql'), ['--no-psqlrc', '--quiet', '--host', data, '--username', 'portico', '--dbname', 'postgres', '--set', 'ON_ERROR_STOP=1', '--tuples-only', '--no-align', ...args], { encoding: 'utf8', env: environment });
    return { status, stdout: stdout.trim(), stderr };
  };
  const until = Date.now() + PATIENCE_MS;
  while (psql('--command', 'SELECT 1').status !== 0) {
    if (server.exitCode !== null || Date.now() > until) throw new Error(`PostgreSQL did not start: ${said}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  const run = (name: string) => {
    const file = join(folder, `${name}.sql`);
    writeFileSync(file, exampleOf(name).replaceAll('/srv/merged', out));
    const { status, stderr } = psql('--file', file);
    t.equal(status, 0, `${name}: ${stderr}`);
  };
  const ask = (sql: string) => psql('--command', sql).stdout;

  run('postgres-tables');
  run('postgres-load');
  run('postgres-load');
  const cells = made.flatMap(({ document }) => document.cells);
  t.equal(ask('SELECT count(*) FROM portico_cell'), String(cells.length));
  t.equal(ask('SELECT sum(count) FROM portico_cell'), String(cells.reduce((sum, { count }) => sum + (count ?? 0), 0)));
  t.equal(ask('SELECT sum(estimate) FROM portico_cell'), (Math.round(cells.reduce((sum, { estimate }) => sum + (estimate ?? 0) * 10, 0)) / 10).toFixed(1));
  t.equal(ask('SELECT count(*) FROM portico_cell WHERE suppressed AND estimate IS NULL'), String(cells.filter(({ count }) => count === null).length));
  t.equal(ask(`SELECT string_agg(DISTINCT cell, ',' ORDER BY cell) FROM portico_cell WHERE "table" = 'tier'`), 'Black,other,金卡,银卡', 'text as it is');
  t.equal(ask(`SELECT count(*), count(*) FILTER (WHERE status = 'skipped') FROM portico_day`), '28|2');

  // The next night: a day more.
  keep(join(folder, 'releases'), [stores[0]!.next('2026-11-08')]);
  await merge();
  run('postgres-load');
  t.equal(ask(`SELECT max(day) FROM portico_day WHERE store = 'SH-01'`), '2026-11-08');
  t.equal(ask('SELECT count(*) FROM portico_day'), '29');
  t.ok(readFileSync(join(out, 'days.csv'), 'utf8').includes('2026-11-08'));
});

/** Its own process, and that of nobody else. */
async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGINT'); // at once, without waiting for who is connected
  await gone;
}
