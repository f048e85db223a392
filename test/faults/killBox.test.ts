/** kill -9 of the whole box, with its models, its sockets and its workers, while a camera shows it faces and staff write: what an iPad was told is there, and who was known is known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { LiveMessage } from '../../appliance/contract/index.js';
import { PorticoClient } from '../../demo/client.js';
import { findFreePort } from '../../demo/freePort.js';
import { seededRandom } from '../bench/random.js';
import { OWNER_PIN, temporaryDirectory } from '../support/box.js';
import { spawnBox } from '../support/boxProcess.js';
import { query, reading } from '../support/disk.js';
import { BOX_KILLS, SEED } from '../support/lives.js';
import { portrait, scene } from '../support/scene.js';
import { lookAtOne } from '../support/sockets.js';

const PEOPLE = ['P18', 'P08', 'P21'];
/** Each life is killed after at most so many answers, however fast the machine is, and up to so much later: within what comes next. */
const ANSWERS_MAX = 16;
const WITHIN_MS = 120;
/** Each third is killed on its way to running: a start takes some two seconds. */
const STARTS_MS = 2_500;

/** What an iPad was told; `null`: it asked, and the box was killed before it answered. */
interface Told { notes: string[]; visits: string[]; agreed: Map<string, boolean | null>; enrolled: Map<string, boolean | null> }

t.comment(`TEST_SEED=${SEED}`);
t.test(`the whole box, killed ${BOX_KILLS} times`, { timeout: 280_000 }, async (t) => {
  const next = seededRandom(SEED + 7);
  const dataDirectory = temporaryDirectory(t);
  const settings = { PORTICO_PORT: String(await findFreePort(0)), PORTICO_IDLE_LOCK_MINUTES: '960' };
  let box = spawnBox(dataDirectory, settings);
  t.teardown(() => box.child.kill('SIGKILL'));
  const { ownerCode } = await box.running;
  const owner = new PorticoClient(`https://localhost:${settings.PORTICO_PORT}`, readFileSync(join(dataDirectory, 'tls', 'root.crt'), 'utf8'));
  t.teardown(() => owner.close());
  await owner.pair(ownerCode!, 'iPad 1');
  const staff = await owner.makeOwner('店长', OWNER_PIN);
  await owner.signIn(staff.id, OWNER_PIN);
  const customers = await Promise.all(PEOPLE.map(async (person) => ({
    id: (await owner.createCustomer({ displayName: `顾客${person}` })).id, photo: await portrait(person),
    frame: await scene({ picture: await portrait(person), x: 640, y: 360, height: 420 }),
  })));
  const told: Told = { notes: [], visits: [], agreed: new Map(), enrolled: new Map() };
  let answers = 0;

  for (let kill = 0; kill < BOX_KILLS; kill += 1) {
    if (kill > 0) box = spawnBox(dataDirectory, settings);
    if (kill % 3 === 2) {
      void setTimeout(next() * STARTS_MS).then(() => box.child.kill('SIGKILL'));
      t.equal(await box.ended, 'SIGKILL', `kill ${kill}, on its way to running`);
      continue;
    }
    await box.running;
    holds(t, `kill ${kill}`, dataDirectory, told);
    let left = 1 + Math.floor(next() * ANSWERS_MAX);
    const afterMs = next() * WITHIN_MS;
    const answered = () => {
      answers += 1;
      left -= 1;
      if (left === 0) void setTimeout(afterMs).then(() => box.child.kill('SIGKILL'));
    };
    const cutOff = await work(owner, customers, told, answered).catch((error: Error) => error);
    // The connection ends before the process is seen to; whatever fails while the box lives is a fault.
    if (await Promise.race([box.ended, setTimeout(5_000, null)]) === null) throw cutOff;
    t.equal(await box.ended, 'SIGKILL', `kill ${kill}, with ${told.notes.length} notes and ${told.visits.length} visits told`);
  }

  box = spawnBox(dataDirectory, settings);
  await box.running;
  holds(t, 'at the end', dataDirectory, told);
  t.ok(answers >= BOX_KILLS, `${answers} answers in ${BOX_KILLS} lives`);
  const camera = await owner.camera('look_up').opened();
  for (const { id, frame } of customers) {
    const known = told.enrolled.get(id);
    if (known !== null) t.match(await lookAtOne(camera, frame), known === true ? { decision: 'known', person: { customerId: id } } : { person: null }, 'known through the camera: who was told to be, and nobody else');
  }
  camera.close();
  box.child.kill('SIGTERM');
  t.equal(await box.ended, 0, 'and it stops as it should');
});

/** Everything that was told is in the files of the box, which runs again. */
function holds(t: Test, when: string, dataDirectory: string, told: Told): void {
  const ids = (sql: string) => new Set(query<{ id: string }>(dataDirectory, sql).map(({ id }) => id));
  const [notes, visits, faces] = [ids('SELECT id FROM note'), ids('SELECT id FROM visit'), ids('SELECT DISTINCT customer_id AS id FROM template')];
  t.strictSame(told.notes.filter((id) => !notes.has(id)), [], `${when}: all ${told.notes.length} notes`);
  t.strictSame(told.visits.filter((id) => !visits.has(id)), [], `${when}: all ${told.visits.length} visits`);
  t.strictSame([...told.enrolled].filter(([id, is]) => is !== null && faces.has(id) !== is), [], `${when}: who was enrolled is, and who withdrew is not`);
  const wrong = reading(dataDirectory, (db) => [
    db.pragma('main.integrity_check'), db.pragma('vault.integrity_check'), db.all('SELECT * FROM pragma_foreign_key_check'),
    db.all('SELECT id FROM template WHERE customer_id NOT IN (SELECT customer_id FROM consent WHERE ended_at_ms IS NULL)'),
    db.all('SELECT customer_id FROM vault.customer_key WHERE customer_id NOT IN (SELECT customer_id FROM template)'),
  ]);
  t.strictSame(wrong, ['ok', 'ok', [], [], []], `${when}: whole`);
}

/** Faces before the camera, notes, withdrawals and enrolments, one after the other, until the box is gone. */
async function work(owner: PorticoClient, customers: readonly { id: string; photo: Uint8Array; frame: Uint8Array }[], told: Told, answered: () => void): Promise<never> {
  const camera = await owner.camera('look_up').opened();
  const live = await owner.live().opened();
  const inStore = new Set<string>();
  for (const { socket } of [camera, live]) socket.on('error', () => undefined);
  for (const { customerId } of (await live.nextOf('live.snapshot')).data.visits) inStore.add(customerId);
  live.socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as LiveMessage;
    if (message.type === 'visit.opened') {
      told.visits.push(message.data.visit.visitId);
      inStore.add(message.data.visit.customerId);
    } else if (message.type === 'visit.closed') inStore.delete(message.data.customerId);
  });
  for (let n = 0; ; n += 1) {
    const { id, photo, frame } = customers[n % customers.length]!;
    if (told.enrolled.get(id) !== true) {
      if (told.agreed.get(id) !== true) {
        told.agreed.set(id, null);
        await owner.giveConsent(id);
        told.agreed.set(id, true);
        answered();
      }
      told.enrolled.set(id, null);
      await owner.enrol(id, [photo]);
      told.enrolled.set(id, true);
      answered();
    }
    const { decision } = await lookAtOne(camera, frame);
    if (decision !== 'known') throw new Error(`somebody enrolled is ${decision}`);
    for (let waitedMs = 0; !inStore.has(id); waitedMs += 20) {
      if (waitedMs > 10_000) throw new Error('a sighting opened no visit');
      await Promise.race([setTimeout(20), live.closed.then(() => { throw new Error('the board closed'); })]);
    }
    answered();
    told.notes.push((await owner.call<{ id: string }>('POST', `/customers/${id}/notes`, { text: `第${n}次` })).id);
    answered();
    if (n % 2 === 1) {
      told.agreed.set(id, null);
      told.enrolled.set(id, null);
      await owner.call('POST', `/customers/${id}/consents/withdraw`);
      told.agreed.set(id, false);
      told.enrolled.set(id, false);
      answered();
    }
  }
}
