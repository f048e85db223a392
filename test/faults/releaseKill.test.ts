/** kill -9 while releases are made and delivered, at every step and at random moments: one release a day, as it was first seen, in an unbroken chain, and nothing half there. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { openRelease } from '../../appliance/export/index.js';
import { seededRandom } from '../bench/random.js';
import { reading } from '../support/disk.js';
import { DAY, exportingStore, fillDay, HOUR, keysOf, MONDAY, toFolder } from '../support/exporting.js';
import { SEED } from '../support/lives.js';
import { inTurn } from '../support/powerCut.js';
import { temporaryDirectory } from '../support/scratch.js';
import { copyAsKilled } from '../support/steps.js';

const CHILD = fileURLToPath(new URL('../support/releaseChild.js', import.meta.url));
/** Of the store whose box is killed at random. */
const DAYS = 12;
/** A day has some 25 steps. */
const STEPS_OF_A_LIFE = 60;
const KILLS_MAX = 20;

interface Store { dataDirectory: string; folder: string; now: number; days: string[] }
interface Seen { releases: Map<string, string>; files: Map<string, Buffer>; written: Map<string, string> }

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const fileOf = (day: string) => `portico-release-SH-01-${day}.zip`;

/** Days with people, each over; nothing is released yet. */
function openStore(t: Test, count: number): Store {
  const store = exportingStore(t);
  store.exportsWith(toFolder(store.folder));
  for (let n = 0; n < count; n += 1) fillDay(store.rooms.db, MONDAY + n * DAY, n % 4 === 3 ? 2 : 120, 's');
  const now = MONDAY + (count - 1) * DAY + 19 * HOUR;
  store.rooms.close();
  return { dataDirectory: store.dataDirectory, folder: store.folder, now, days: Array.from({ length: count }, (_, n) => new Date(MONDAY + n * DAY).toISOString().slice(0, 10)) };
}

/** @param kill before which step; null: never @returns what it said, and whether it was killed */
function live({ dataDirectory, folder, now }: Store, kill: { step: number } | null): Promise<{ said: string; killed: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, dataDirectory, folder, String(now), ...(kill === null ? [] : [String(kill.step)])], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve({ said, killed: signal === 'SIGKILL' });
      else reject(new Error(`ended with ${code}`));
    });
  });
}

/** What anybody could have seen so far: archives in the database, files in the folder, and the list beside the database. */
function look({ dataDirectory, folder }: Store): Seen {
  const list = join(dataDirectory, 'released-days');
  return {
    releases: new Map(reading(dataDirectory, (db) => db.all<{ day: string; sha256: string }>('SELECT day, sha256 FROM release')).map(({ day, sha256: sum }) => [day, sum])),
    files: new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))])),
    written: new Map(existsSync(list) ? [...readFileSync(list, 'utf8').matchAll(/^(\S{10}) ([0-9a-f]{64})$/gm)].map(([, day, sum]) => [day!, sum!]) : []),
  };
}

/** What there was when it was killed is what there is in the end: nothing was drawn again that anybody could have seen. */
function stays(t: Test, when: string, before: Seen, after: Seen): void {
  for (const [day, sum] of [...before.releases, ...before.written]) if (after.releases.get(day) !== sum) t.fail(`${when}: the release of ${day} became another`);
  for (const [name, bytes] of before.files) {
    const whole = after.files.get(name.replace(/\.part$/, ''));
    const same = whole !== undefined && (name.endsWith('.part') ? whole.subarray(0, bytes.length).equals(bytes) : whole.equals(bytes));
    // In between a file under its name is whole, or it is not there.
    if (!same) t.fail(`${when}: ${name} of ${bytes.length} bytes became another`);
  }
}

/** Ledger, archive, chain, outbox, log and folder say the same of every day. */
async function isAsItShould(t: Test, when: string, store: Store): Promise<void> {
  const { dataDirectory, folder, days } = store;
  const { releases, written } = look(store);
  const [ledger, delivered, told, wrong] = reading(dataDirectory, (db) => [
    db.all('SELECT day, count(*) AS n, sum(millionths) AS millionths FROM epsilon_ledger GROUP BY day ORDER BY day'),
    db.all('SELECT day, state FROM release_delivery ORDER BY day'),
    db.all(`SELECT json_extract(detail, '$.day') AS day, sum(action IN ('release_made', 'release_skipped')) AS made, sum(action = 'release_sent') AS sent FROM audit_entry WHERE action LIKE 'release_%' GROUP BY day ORDER BY day`),
    [db.pragma('main.integrity_check'), db.all('SELECT * FROM pragma_foreign_key_check')],
  ] as const);
  t.strictSame(ledger, days.map((day) => ({ day, n: 1, millionths: 1_000_000 })), `${when}: each day is spent once`);
  t.strictSame(delivered, days.map((day) => ({ day, state: 'delivered' })), `${when}: each arrived`);
  t.strictSame(told, days.map((day) => ({ day, made: 1, sent: 1 })), `${when}: and the log says so once`);
  t.strictSame(wrong, ['ok', []], when);
  t.strictSame(readdirSync(folder).sort(), days.map(fileOf), `${when}: one file a day, and no .part`);
  t.strictSame([...written].sort(), [...releases].sort(), `${when}: the list beside the database is the same`);
  const opened = exportingStore({ teardown: (end) => t.teardown(end) }, { dataDirectory, folder });
  const keys = keysOf(opened.rooms.db, opened.clock);
  t.ok((await opened.rooms.audit.verify()).whole, `${when}: the log is whole`);
  opened.rooms.close();
  let previous: string | null = null;
  const chains = new Set<string>();
  for (const [n, day] of days.entries()) {
    const bytes = readFileSync(join(folder, fileOf(day)));
    const { manifest: { chain } } = await openRelease(bytes, keys);
    chains.add(chain.id);
    t.strictSame([releases.get(day), chain.number, chain.previous], [sha256(bytes), n + 1, previous], `${when}: ${day} is whole, and follows the one before`);
    previous = sha256(bytes);
  }
  t.equal(chains.size, 1, `${when}: one chain`);
}

t.comment(`TEST_SEED=${SEED}`);
t.test('killed before each step of making and delivering two days', { timeout: 280_000 }, async (t) => {
  const base = openStore(t, 2);
  const copyOf = (): Store => {
    const folder = join(temporaryDirectory(t), 'out');
    const dataDirectory = join(temporaryDirectory(t), 'data');
    copyAsKilled(base.dataDirectory, dataDirectory);
    mkdirSync(folder);
    return { ...base, dataDirectory, folder };
  };
  const counted = copyOf();
  const steps = Number(/(\d+) steps/.exec((await live(counted, null)).said)?.[1]);
  await isAsItShould(t, 'never killed', counted);
  t.ok(steps > 40, `${steps} steps`);
  const found = { nothing: 0, released: 0, part: 0, file: 0 };
  await inTurn(steps, async (step) => {
    const store = copyOf();
    const { killed } = await live(store, { step });
    if (!killed) t.fail(`it has no step ${step}`);
    const seen = look(store);
    found[[...seen.files.keys()].some((name) => name.endsWith('.part')) ? 'part' : seen.files.size > 0 ? 'file' : seen.releases.size > 0 ? 'released' : 'nothing'] += 1;
    const again = await live(store, null);
    if (again.killed) t.fail(`killed ${step}: the next start did not end`);
    stays(t, `killed before step ${step}`, seen, look(store));
    await isAsItShould(t, `killed before step ${step}`, store);
  });
  t.ok(Object.values(found).every((times) => times > 1), `cut off at all of ${JSON.stringify(found)}`);
});

t.test('killed at random again and again, the same box goes on', { timeout: 280_000 }, async (t) => {
  const store = openStore(t, DAYS);
  const next = seededRandom(SEED);
  let seen = look(store);
  let kills = 0;
  while ((await live(store, kills < KILLS_MAX ? { step: Math.floor(next() * STEPS_OF_A_LIFE) } : null)).killed) {
    kills += 1;
    const now = look(store);
    for (const [day, sum] of seen.releases) if (now.releases.get(day) !== sum) t.fail(`kill ${kills}: the release of ${day} became another`);
    for (const [name, bytes] of seen.files) if (!name.endsWith('.part') && now.files.get(name)?.equals(bytes) !== true) t.fail(`kill ${kills}: ${name} became another`);
    seen = now;
  }
  t.ok(kills >= 3, `${kills} kills`);
  await isAsItShould(t, `after ${kills} kills`, store);
});
