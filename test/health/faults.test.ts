/** What goes wrong with a box is noticed, kept over a start, and keeps it from being ready. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { BoxReport, CheckId, Readiness } from '../../appliance/contract/index.js';
import { countInThread, countRows } from '../../appliance/health/bundle.js';
import { Facts } from '../../appliance/health/facts.js';
import { newKey } from '../../appliance/backup/index.js';
import { isClockSynchronised } from '../../appliance/health/measure.js';
import { checkIntegrity, openStorage } from '../../appliance/storage/index.js';
import { packFolder } from '../support/packs.js';
import { startBox, type TestBox } from '../support/box.js';
import { openRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const DAY = 86_400_000;
const readiness = async (box: TestBox) => (await box.stranger().send<Readiness>('GET', '/readyz')).body;
async function ready(box: TestBox): Promise<Readiness> {
  for (let tries = 0; tries < 50 && !(await readiness(box)).ready; tries++) await setTimeout(100);
  return readiness(box);
}
const reasonOf = async (box: TestBox, id: CheckId) => (await box.owner.call<BoxReport>('GET', '/box/report')).checks.find((check) => check.id === id)!.reason;

t.test('a model file that is replaced while the box runs is noticed, and the box is not ready any more', async (t) => {
  const models = await packFolder(join(temporaryDirectory(t), 'pack'));
  const box = await startBox(t, { settings: { PORTICO_MODELS_DIR: models } });
  t.strictSame(await ready(box), { ready: true, codes: [] });
  const [file] = readdirSync(models).filter((name) => name.endsWith('.onnx'));
  const bytes = readFileSync(join(models, file!));
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(join(models, file!), bytes);
  await box.owner.call('POST', '/box/checks');
  t.equal(await reasonOf(box, 'models'), 'file_changed');
  const { status, body } = await box.stranger().send<Readiness>('GET', '/readyz');
  t.strictSame([status, body], [503, { ready: false, codes: ['models_not_tested'] }]);
});

t.test('models that give other numbers than their pack names are noticed, though their files are right', async (t) => {
  const models = await packFolder(join(temporaryDirectory(t), 'pack'), (manifest) => {
    for (const model of manifest.models) model.answers = model.answers!.map((value) => -value);
  });
  const box = await startBox(t, { settings: { PORTICO_MODELS_DIR: models } });
  await setTimeout(1_500);
  t.equal(await reasonOf(box, 'models'), 'wrong_numbers');
});

t.test('a pack that names no numbers is held against those of its first run on this box', async (t) => {
  const models = await packFolder(join(temporaryDirectory(t), 'pack'), (manifest) => { for (const model of manifest.models) delete model.answers; });
  const box = await startBox(t, { settings: { PORTICO_MODELS_DIR: models } });
  t.ok((await ready(box)).ready);
  await box.stop();
  const { db, close } = rooms(t, box.dataDirectory);
  const row = db.get<{ name: string; value: string }>(`SELECT name, value FROM box_fact WHERE name LIKE 'model_numbers:%'`)!;
  const numbers = JSON.parse(row.value) as Record<string, number[]>;
  t.strictSame(Object.keys(numbers).sort(), ['detector', 'embedder', 'eyes', 'landmarks']);
  db.run('UPDATE box_fact SET value = ? WHERE name = ?', JSON.stringify({ ...numbers, embedder: numbers['embedder']!.map((value) => value + 1) }), row.name);
  close();
  const again = await startBox(t, { settings: { PORTICO_MODELS_DIR: models }, dataDirectory: box.dataDirectory });
  await setTimeout(1_500);
  t.strictSame(await readiness(again), { ready: false, codes: ['models_not_tested'] });
});

t.test('a clock that went back behind what the box has seen is not ready, unless the machine follows a time server', async (t) => {
  const clock = new TestClock();
  const dataDirectory = temporaryDirectory(t);
  const first = await startBox(t, { clock, dataDirectory });
  t.ok((await ready(first)).ready);
  await first.stop();
  clock.move(-30 * DAY);
  const second = await startBox(t, { clock, dataDirectory, fresh: true });
  await setTimeout(1_500);
  t.strictSame((await readiness(second)).codes, (await isClockSynchronised()) === true ? [] : ['clock_wrong']);
});

const rooms = (t: Test, dataDirectory: string, clock = new TestClock()) => openRooms(t, { dataDirectory, clock });

t.test('an end that was none is told from a good one: under another boot the power went, under the same one the program fell over', async (t) => {
  const clock = new TestClock(Date.parse('2026-06-15T04:00:00Z'));
  const { db } = rooms(t, temporaryDirectory(t), clock);
  const facts = new Facts({ db, clock });
  t.equal(facts.begin('boot-1'), 'first');
  clock.move(60_000);
  facts.see(false);
  const seen = clock.now();
  clock.move(DAY);
  t.equal(facts.begin('boot-2'), 'lost_power');
  t.strictSame(facts.power(), { losses: 1, lastLossMs: seen, crashes: 0, lastCrashMs: null }, 'until a minute before the end it is known');
  t.equal(facts.begin('boot-2'), 'crashed');
  facts.end();
  t.equal(facts.begin('boot-3'), 'clean');
  t.equal(facts.begin('boot-4'), 'lost_power');
  t.match(facts.power(), { losses: 2, crashes: 1 });
});

t.test('a box that is off each night does not begin to wait for its first backup anew each morning', async (t) => {
  const clock = new TestClock(Date.parse('2026-06-15T04:00:00Z'));
  const dataDirectory = temporaryDirectory(t);
  const begun = clock.now();
  for (let day = 0; day < 4; day++) {
    const box = await startBox(t, { clock, dataDirectory, fresh: day > 0, settings: { PORTICO_BACKUP_RECIPIENT: (await newKey()).recipient, PORTICO_BACKUP_TO: join(dataDirectory, 'not-there') } });
    if (day === 3) {
      const { body } = await box.stranger().send<string>('GET', '/metrics');
      t.match(body, /portico_check\{check="backup",state="failed"\} 1/);
    }
    await box.stop();
    clock.move(DAY);
  }
  const { db } = rooms(t, dataDirectory, clock);
  const facts = new Facts({ db, clock });
  t.equal(facts.backupSinceMs(true), begun);
  t.equal(facts.backupSinceMs(false), null, 'switched off: from the next setting up on it counts anew');
  t.equal(facts.backupSinceMs(true), clock.now());
  clock.move(-DAY);
  t.equal(facts.backupSinceMs(true), clock.now(), 'not from a time that has not come');
});

t.test('the time that was seen never goes back by itself, and does when the clock is known to be right', async (t) => {
  const clock = new TestClock(Date.parse('2026-06-15T04:00:00Z'));
  const { db } = rooms(t, temporaryDirectory(t), clock);
  const facts = new Facts({ db, clock });
  clock.move(4 * 365 * DAY);
  facts.see(false);
  const ahead = clock.now();
  clock.move(-4 * 365 * DAY);
  facts.see(false);
  t.equal(facts.seenMs(), ahead);
  facts.see(true);
  t.equal(facts.seenMs(), clock.now());
});

t.test('a damaged page of either file is found; whole files are called whole', async (t) => {
  for (const damaged of ['portico.db', 'vault/vault.db'] as const) {
    const dataDirectory = temporaryDirectory(t);
    const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock() });
    const ticket = storage.readerTicket;
    t.equal(await checkIntegrity(ticket), 'whole');
    storage.dropTraces();
    storage.close();
    // A copy, so that nothing of it is in anybody's memory.
    const copy = mkdtempSync(join(dataDirectory, 'copy-'));
    mkdirSync(join(copy, 'vault'));
    for (const file of ['portico.db', 'vault/vault.db']) copyFileSync(join(dataDirectory, file), join(copy, file));
    const file = join(copy, damaged);
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(64, 7), 0, 64, 4_096 * Math.floor(statSync(file).size / 4_096 / 2) + 100);
    closeSync(handle);
    t.equal(await checkIntegrity({ ...ticket, file: join(copy, 'portico.db'), vaultFile: join(copy, 'vault/vault.db') }), 'damaged', damaged);
  }
  t.equal(await checkIntegrity({ file: '/nowhere/portico.db', vaultFile: '/nowhere/vault.db', key: '0'.repeat(64) }), 'failed');
});

t.test('a large file is looked through and counted beside the box, and neither keeps it from stopping', { timeout: 120_000 }, async (t) => {
  const storage = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock: new TestClock() });
  t.teardown(() => storage.close());
  const { db, readerTicket } = storage;
  db.exec('CREATE TABLE large (n INTEGER PRIMARY KEY, a TEXT)');
  db.run('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO large (a) SELECT hex(randomblob(150)) FROM n');
  const never = new AbortController().signal;

  const beginMs = performance.now();
  t.equal(countRows(db).rows['large'], 300_000);
  const here = performance.now() - beginMs;
  let [worst, last] = [0, performance.now()];
  const watch = setInterval(() => {
    worst = Math.max(worst, performance.now() - last);
    last = performance.now();
  }, 5);
  t.equal((await countInThread(readerTicket, never))!.rows['large'], 300_000);
  clearInterval(watch);
  t.ok(worst < Math.max(50, here / 2), `the loop stood still for ${Math.round(worst)} ms; counting on it takes ${Math.round(here)} ms`);

  const wholeMs = performance.now();
  t.equal(await checkIntegrity(readerTicket, never), 'whole');
  const tookMs = performance.now() - wholeMs;
  const stopping = new AbortController();
  const looking = checkIntegrity(readerTicket, stopping.signal);
  await setTimeout(tookMs / 3);
  const abortMs = performance.now();
  stopping.abort();
  t.equal(await looking, null, 'nothing is said of a file that was not looked through');
  t.ok(performance.now() - abortMs < tookMs / 3, `ended in ${Math.round(performance.now() - abortMs)} ms of ${Math.round(tookMs)}`);
  t.equal(await countInThread(readerTicket, stopping.signal), null);
});
