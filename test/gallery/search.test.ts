/** The search in memory against sqlite-vec on the same encrypted file: through the gallery's door and the thread's. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { PURPOSES } from '../../appliance/contract/index.js';
import { rotationOf } from '../../appliance/gallery/index.js';
import { TemplateSearch } from '../../appliance/gallery/templateSearch.js';
import { createLogger, Embedding, isPorticoError, RotatedEmbedding, systemClock } from '../../appliance/kit/index.js';
import { openRooms } from '../support/rooms.js';
import { fillTables, TemplateMaker } from '../support/templates.js';

const MODEL = 'm';
const FLOOR = 0.33;
const SCORE_ROUNDING = 1e-5;

function rooms(t: Test, seed: number) {
  const { db, readerTicket, gallery, consent, customers, grant } = openRooms(t, { modelId: MODEL });
  const maker = new TemplateMaker(seed);
  const addCustomer = () => {
    const { id } = customers.create({ displayName: '顾客' });
    grant(id, ['recognise']);
    return id;
  };
  const enrol = (customerId: string, template: Float32Array) => consent.withProof(customerId, 'recognise', (proof) => {
    gallery.enrol(proof, [{ embedding: new Embedding(template), pose: 'front', norm: 3.5 }]);
  });
  const forget = (customerId: string) => {
    gallery.destroyKeys(customerId, PURPOSES);
    gallery.dropRows(customerId);
  };
  const rotation = rotationOf(db, systemClock);
  /** As it is stored and searched on this box. */
  const turned = (template: Float32Array) => rotation.turn(new Embedding(template));
  /** The two best as sqlite-vec finds them. */
  const reference = (probe: Float32Array) => db.all<{ templateId: number; customerId: string; score: number }>(
    `SELECT template_id AS templateId, customer_id AS customerId, 1 - distance AS score
     FROM (SELECT template_id, distance FROM template_vector WHERE embedding MATCH ? AND model_id = ? AND k = 2)
     JOIN template ON template.id = template_id ORDER BY distance`, Buffer.from(turned(probe).values().buffer), MODEL);
  return { db, readerTicket, gallery, consent, maker, addCustomer, enrol, forget, reference, turned };
}

t.test('after any enrolments and deletions, and after a restart, the answer is that of sqlite-vec', async (t) => {
  const { db, gallery, maker, addCustomer, enrol, forget, reference } = rooms(t, 11);
  fillTables(db, MODEL, 2_000, maker);
  await gallery.start();
  t.teardown(() => gallery.stop());
  const people = Array.from({ length: 20 }, () => ({ id: addCustomer(), template: maker.template() }));
  const sameAnswer = async (probe: Float32Array) => {
    const found = await gallery.match(new Embedding(probe));
    const [best, second] = reference(probe);
    return found.customerId === best!.customerId && Math.abs(found.score! - best!.score) < SCORE_ROUNDING
      // Who is second is a stranger; of strangers the nearest may be missed, but never a nearer one made up.
      && found.margin! > best!.score - second!.score - SCORE_ROUNDING;
  };
  const step = fc.record({ kind: fc.constantFrom('enrol', 'enrol', 'forget', 'match', 'match'), person: fc.nat(people.length - 1) });
  await t.resolves(fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
    for (const { kind, person: number } of steps) {
      const person = people[number]!;
      if (kind === 'enrol') {
        person.template = maker.template();
        enrol(person.id, person.template);
      } else if (kind === 'forget') {
        forget(person.id);
      }
      if (gallery.photosOf(person.id) === 0) continue;
      if (!(await sameAnswer(maker.mate(person.template, 0.6 + 0.2 * maker.uniform())))) return false;
    }
    return true;
  }), { numRuns: 6 }));

  for (const { id, template } of people.slice(0, 10)) enrol(id, template);
  await gallery.stop();
  t.equal(gallery.searching, false);
  t.equal(await refusal(gallery.match(new Embedding(people[0]!.template))), 'vision_unavailable');
  await gallery.start();
  for (const { template } of people.slice(0, 10)) t.ok(await sameAnswer(maker.mate(template, 0.7)), 'after the restart');
  t.match(await gallery.checkSearch(), { checked: 30, differing: 0, rowsInFile: gallery.size(), rowsInMemory: gallery.size(), reloaded: false });
});

t.test('what is written while the thread loads is not lost', async (t) => {
  const { db, gallery, maker, addCustomer, enrol, forget } = rooms(t, 12);
  fillTables(db, MODEL, 500, maker);
  const [gone, changed, added] = [addCustomer(), addCustomer(), addCustomer()] as [string, string, string];
  const templates = Array.from({ length: 4 }, () => maker.template()) as [Float32Array, Float32Array, Float32Array, Float32Array];
  enrol(gone, templates[0]);
  enrol(changed, templates[1]);
  const started = gallery.start();
  t.teardown(() => gallery.stop());
  forget(gone);
  enrol(changed, templates[2]);
  enrol(added, templates[3]);
  await started;
  t.equal((await gallery.match(new Embedding(templates[2]))).customerId, changed);
  t.equal((await gallery.match(new Embedding(templates[3]))).customerId, added);
  for (const old of [templates[0], templates[1]]) t.ok((await gallery.match(new Embedding(old))).score! < 0.9);
  t.match(await gallery.checkSearch(), { differing: 0, rowsInMemory: 502 });
});

t.test('a search that crosses with a deletion never names who got the deleted template\'s id', async (t) => {
  const { db, gallery, maker, addCustomer, enrol, forget, reference } = rooms(t, 13);
  fillTables(db, MODEL, 500, maker);
  await gallery.start();
  t.teardown(() => gallery.stop());
  const [leaving, coming] = [addCustomer(), addCustomer()] as [string, string];
  const idOf = (customerId: string) => db.get<{ id: number }>('SELECT id FROM template WHERE customer_id = ?', customerId)!.id;
  for (let round = 0; round < 20; round++) {
    const template = maker.template();
    enrol(leaving, template);
    const templateId = idOf(leaving);
    // The template is still on its way to the thread, so the question goes there too, not straight to the memory.
    const asked = gallery.match(new Embedding(template));
    for (let spun = 0; spun < round; spun++) await Promise.resolve();
    if (round % 2 === 1) await new Promise(setImmediate); // some answers are on their way by now, or there
    forget(leaving);
    enrol(coming, maker.template());
    t.equal(idOf(coming), templateId, 'the id is another\'s');
    const answer = await asked;
    if (answer.customerId !== leaving) t.ok(Math.abs(answer.score! - reference(template)[0]!.score) < SCORE_ROUNDING, 'the score of who is there now');
    t.ok(answer.customerId !== coming || answer.score! < 0.6);
    forget(coming);
  }
});

t.test('the customer to be left out is left out, and an empty gallery has no answer', async (t) => {
  const { gallery, maker, addCustomer, enrol } = rooms(t, 14);
  await gallery.start();
  t.teardown(() => gallery.stop());
  const template = maker.template();
  t.match(await gallery.match(new Embedding(template)), { decision: 'unknown', customerId: null, score: null, margin: null });
  t.match(await gallery.checkSearch(), { differing: 0, rowsInFile: 0, rowsInMemory: 0, reloaded: false });
  const [self, twin] = [addCustomer(), addCustomer()] as [string, string];
  enrol(self, template);
  t.match(await gallery.match(new Embedding(template)), { customerId: self, margin: null });
  enrol(twin, maker.mate(template, 0.8));
  t.equal((await gallery.match(new Embedding(template))).customerId, self);
  const likeness = await gallery.match(new Embedding(template), { except: self });
  t.equal(likeness.customerId, twin);
  t.ok(Math.abs(likeness.score! - 0.8) < 1e-4);
});

t.test('templates of another model pack are never loaded', async (t) => {
  const { db, gallery, maker, addCustomer, enrol } = rooms(t, 15);
  const other = new TemplateMaker(99);
  fillTables(db, 'other', 300, other);
  const customerId = addCustomer();
  enrol(customerId, maker.template());
  await gallery.start();
  t.teardown(() => gallery.stop());
  t.match(await gallery.checkSearch(), { differing: 0, rowsInFile: 1, rowsInMemory: 1 });
  const first = new TemplateMaker(99).template();
  t.equal((await gallery.match(new Embedding(first))).customerId, customerId, 'though far away');
});

t.test('the self-check finds what was changed behind the index, and the gallery reads the file anew', async (t) => {
  const { db, gallery, maker, addCustomer, enrol, turned } = rooms(t, 16);
  const people = Array.from({ length: 5 }, () => ({ id: addCustomer(), template: maker.template() }));
  for (const { id, template } of people) enrol(id, template);
  await gallery.start();
  t.teardown(() => gallery.stop());
  const moved = maker.template();
  const templateId = BigInt(db.get<{ id: number }>('SELECT id FROM template WHERE customer_id = ?', people[2]!.id)!.id);

  db.run('UPDATE template_vector SET embedding = ? WHERE template_id = ?', Buffer.from(turned(moved).values().buffer), templateId);
  t.ok((await gallery.match(new Embedding(moved))).score! < 0.9, 'memory knows nothing of it yet');
  const changed = await gallery.checkSearch();
  t.ok(changed.differing > 0 && changed.reloaded, JSON.stringify(changed));
  t.equal((await gallery.match(new Embedding(moved))).customerId, people[2]!.id);

  db.run('DELETE FROM template_vector WHERE template_id = ?', templateId);
  db.run('DELETE FROM template WHERE id = ?', templateId);
  const before = await gallery.match(new Embedding(moved));
  t.not(before.customerId, people[2]!.id, 'a template that the file has not names nobody');
  const deleted = await gallery.checkSearch();
  t.match(deleted, { rowsInFile: 4, rowsInMemory: 5, reloaded: true });
  t.match(await gallery.checkSearch(), { differing: 0, rowsInFile: 4, rowsInMemory: 4, reloaded: false });
});

t.test('a thread that dies refuses what waits, and another reads the file', async (t) => {
  const { db, readerTicket, maker, reference, turned } = rooms(t, 17);
  fillTables(db, MODEL, 300, maker);
  let log = '';
  const sink = { write: (line: string) => { log += line; return true; } } as unknown as NodeJS.WritableStream;
  const search = new TemplateSearch({ readerTicket, modelId: MODEL, floor: FLOOR }, createLogger('info', sink));
  await search.start();
  t.teardown(() => search.stop());
  const probe = maker.template();
  const best = () => search.nearest(turned(probe), 1, ([match]) => match!);
  t.equal((await best()).templateId, reference(probe)[0]!.templateId);

  search.put(9_999, new RotatedEmbedding(new Float32Array(7).fill(1))); // cannot be stored: the thread ends
  t.equal(await refusal(best()), 'vision_unavailable');
  t.equal(search.searching, false);
  t.match(log, /"type":"RangeError","stack":"[^"]*signIndex[^"]*"/, 'where it happened');
  t.notMatch(log, 'a vector has', 'no message: it may quote data');
  db.run('UPDATE template_vector SET embedding = ? WHERE template_id = 5', Buffer.from(turned(probe).values().buffer));
  search.put(5, turned(probe)); // there is no thread; the next one finds it in the file
  for (let waitedMs = 0; !search.searching && waitedMs < 10_000; waitedMs += 20) await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal((await best()).templateId, 5);
  t.match(await search.selfCheck(30), { checked: 30, differing: 0, rowsInFile: 300, rowsInMemory: 300 });

  const asked = best();
  await search.stop();
  await search.stop();
  t.equal(search.searching, false);
  t.ok(await asked.then(({ templateId }) => templateId === 5, isPorticoError), 'answered or refused');
});

t.test('a start right after a stop waits until the old thread has wiped the memory that both use', async (t) => {
  const { db, readerTicket, maker, reference, turned } = rooms(t, 21);
  fillTables(db, MODEL, 300, maker);
  const search = new TemplateSearch({ readerTicket, modelId: MODEL, floor: FLOOR });
  t.teardown(() => search.stop());
  await search.start();
  for (let i = 0; i < 3; i++) {
    const stopped = search.stop();
    await search.start();
    await stopped;
    const probe = maker.template();
    t.equal(await search.nearest(turned(probe), 1, ([match]) => match?.templateId), reference(probe)[0]!.templateId);
    t.match(await search.selfCheck(6), { differing: 0, rowsInMemory: 300 });
  }
  const started = refusal(search.start());
  await search.stop();
  t.equal(await started, 'vision_unavailable', 'a stop right after a start holds');
  t.equal(search.searching, false);
});

t.test('what is stopped while it reads the file anew stays stopped', async (t) => {
  const { db, readerTicket, maker } = rooms(t, 19);
  fillTables(db, MODEL, 300, maker);
  const search = new TemplateSearch({ readerTicket, modelId: MODEL, floor: FLOOR });
  t.teardown(() => search.stop());
  for (const waitMs of [0, 1, 20]) { // the old thread still ends, or the new one loads
    await search.start();
    const reloaded = refusal(search.reload());
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await search.stop();
    t.equal(search.searching, false);
    const outcome = await reloaded;
    t.ok(outcome === 'vision_unavailable' || waitMs > 0, `${outcome}, stopped after ${waitMs} ms`);
    t.equal(search.searching, false, 'nor is it started later');
  }
  t.equal(await refusal(search.reload()), 'vision_unavailable', 'nor does a reload begin after the stop');
});

t.test('a file that cannot be read ends the start with its reason, and nothing is left running', async (t) => {
  const { readerTicket } = rooms(t, 18);
  const search = new TemplateSearch({ readerTicket: { ...readerTicket, key: '0'.repeat(64) }, modelId: MODEL, floor: FLOOR });
  await t.rejects(search.start());
  t.equal(search.searching, false);
  await search.stop();
});

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'answered';
  } catch (error) {
    return isPorticoError(error) ? error.code : String(error);
  }
}
