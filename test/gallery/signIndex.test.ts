import fc from 'fast-check';
import t from 'tap';
import { makeIndexHome, SignIndex, SignReader, type IndexHome } from '../../appliance/gallery/signIndex.js';
import { DIMENSIONS, dot, TemplateMaker } from '../support/templates.js';

const ROUNDING = 1e-5;
/** Where templates begin in the memory; before that each thread has three pages for the probe and the lists of a search. */
const FIRST_BLOCK = 6 * 65_536;
/** In front of the first thread's: how many rows and changes there are. */
const STATE = 64;
const STATE_END = 72;

/** Whether these numbers are anywhere in an index's memory, whole or as a part of 16 values, or the sign code. */
function isInMemory({ memory: { buffer } }: IndexHome, vector: Float32Array): boolean {
  const part = Buffer.from(vector.buffer, 40, 64);
  const code = Buffer.alloc(DIMENSIONS / 8);
  for (const [i, value] of vector.entries()) if (value < 0) code[i >> 3] = code[i >> 3]! | (1 << (i & 7));
  const memory = Buffer.from(buffer);
  return memory.includes(part) || memory.includes(code);
}

t.test('whatever is put and removed, the best matches are those of a full comparison', async (t) => {
  const change = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('put' as const), id: fc.integer({ min: 1, max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: fc.integer({ min: 1, max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('search' as const), id: fc.integer({ min: 1, max: 400 }) }) },
  );
  let searches = 0;
  await fc.assert(fc.asyncProperty(fc.integer(), fc.array(change, { minLength: 100, maxLength: 1_000 }), async (seed, changes) => {
    const maker = new TemplateMaker(seed);
    const index = new SignIndex(makeIndexHome());
    const expected = new Map<number, Float32Array>();
    for (const { kind, id } of changes) {
      if (kind === 'put') {
        const vector = maker.template();
        index.put(id, vector);
        expected.set(id, vector);
      } else if (kind === 'remove') {
        if (index.remove(id) !== expected.delete(id)) return false;
      } else {
        const template = expected.get(id);
        const probe = template === undefined ? maker.template() : maker.mate(template, 0.6 + 0.2 * maker.uniform());
        const all = [...expected].map(([templateId, vector]) => ({ templateId, score: dot(vector, probe) })).sort((a, b) => b.score - a.score);
        const found = index.nearest(probe, 3);
        searches += 1;
        if (found.length !== Math.min(3, all.length)) return false;
        // With more than a hundred templates only who is really near is sure to be found.
        const sure = expected.size <= 100 ? found.length : template === undefined ? 0 : 1;
        for (const [place, match] of found.entries()) {
          const vector = expected.get(match.templateId);
          if (vector === undefined || Math.abs(dot(vector, probe) - match.score) > ROUNDING) return false;
          if (place < sure && Math.abs(match.score - all[place]!.score) > ROUNDING) return false;
          if (place > 0 && match.score > found[place - 1]!.score) return false;
        }
      }
      if (index.size !== expected.size) return false;
    }
    return [...expected].every(([id, vector]) => Buffer.from(index.vectorOf(id)!.slice().buffer).equals(Buffer.from(vector.buffer)));
  }), { numRuns: 30 });
  t.ok(searches > 300, `${searches} searches`);
});

t.test('the best match of 20,000 is found for every probe that is as near as a face to its template', async (t) => {
  const maker = new TemplateMaker(7);
  const index = new SignIndex(makeIndexHome());
  const templates = Array.from({ length: 20_000 }, () => maker.template());
  for (const [i, template] of templates.entries()) index.put(i, template);
  for (let i = 0; i < 1_000; i++) {
    const cosine = 0.6 + 0.2 * maker.uniform();
    const [best] = index.nearest(maker.mate(templates[i * 20]!, cosine), 1);
    if (best?.templateId !== i * 20 && !(best !== undefined && best.score > cosine)) t.fail(`template ${i * 20} at ${cosine} was missed`);
  }
  t.equal(index.size, 20_000);
});

t.test('codes at every distance, and many equally near', async (t) => {
  const index = new SignIndex(makeIndexHome());
  const all = new Float32Array(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));
  // 6,000 templates of which 513 differ from the probe in 0 to 512 signs and the others in all of them.
  for (let i = 0; i < 6_000; i++) index.put(i, all.map((value, place) => (place < Math.max(0, 5_999 - i) ? -value : value)));
  t.strictSame(index.nearest(all, 3).map(({ templateId }) => templateId), [5_999, 5_998, 5_997]);
  const opposite = index.nearest(all.map((value) => -value), 100);
  t.equal(opposite.length, 100);
  for (const { templateId, score } of opposite) t.ok(templateId <= 5_487 && Math.abs(score - 1) < ROUNDING);
});

t.test('what is removed or replaced, and who was looked for, leaves nothing in memory', async (t) => {
  const maker = new TemplateMaker(3);
  const home = makeIndexHome();
  const index = new SignIndex(home);
  const templates = Array.from({ length: 17_000 }, () => maker.template()); // more than one block
  for (const [i, template] of templates.entries()) index.put(i, template);
  const probe = maker.mate(templates[17]!, 0.7);
  for (const searcher of [index, new SignReader(home)]) {
    t.equal(searcher.nearest(probe, 1)[0]?.templateId, 17);
    t.notOk(isInMemory(home, probe), 'the probe');
    const written = new Uint8Array(home.memory.buffer, 0, FIRST_BLOCK);
    t.ok(written.every((byte, at) => byte === 0 || (at >= STATE && at < STATE_END)), 'nor the lists of who was near');
  }
  for (const id of [17, 0, 16_999, 16_998]) {
    t.ok(isInMemory(home, templates[id]!), 'it can be found while it is there');
    t.ok(index.remove(id));
    t.notOk(isInMemory(home, templates[id]!), `template ${id}`);
  }
  index.put(20, maker.template());
  t.notOk(isInMemory(home, templates[20]!), 'the replaced one');
  t.equal(index.remove(17), false, 'gone already');
  index.clear();
  t.equal(index.size, 0);
  t.strictSame(index.nearest(probe, 2), []);
  t.ok(new Uint32Array(home.memory.buffer).every((word) => word === 0));
});

t.test('a reader beside the index finds the same, also after the memory has grown, and knows the last change', async (t) => {
  const maker = new TemplateMaker(5);
  const home = makeIndexHome();
  const index = new SignIndex(home);
  const reader = new SignReader(home);
  t.equal(reader.size, 0);
  t.strictSame(reader.nearest(maker.template(), 2), []);
  for (const many of [10, 16_384, 17_000]) { // the second fills a block, the third needs another
    for (let id = index.size; id < many; id++) index.put(id + 5, maker.template());
    index.tellChanges(many);
    t.match({ size: reader.size, changes: reader.changes }, { size: many, changes: many });
    for (let i = 0; i < 20; i++) {
      const probe = maker.mate(index.vectorOf(5 + Math.floor(maker.uniform() * many))!, 0.7);
      t.strictSame(reader.nearest(probe, 3), index.nearest(probe, 3));
    }
  }
});

t.test('another index in the same place finds it empty', async (t) => {
  const maker = new TemplateMaker(9);
  const home = makeIndexHome();
  const first = new SignIndex(home);
  const left = maker.template();
  for (let id = 0; id < 100; id++) first.put(id, id === 50 ? left : maker.template());
  const reader = new SignReader(home);
  t.ok(isInMemory(home, left));
  const second = new SignIndex(home);
  t.match({ size: reader.size, changes: reader.changes }, { size: 0, changes: 0 });
  t.ok(new Uint32Array(home.memory.buffer).every((word) => word === 0));
  second.put(7, left);
  t.equal(reader.nearest(left, 2)[0]?.templateId, 7);
  reader.wipe();
  t.notOk(isInMemory(home, left));
});

t.test('what is not a vector or a count is refused', async (t) => {
  const index = new SignIndex(makeIndexHome());
  t.throws(() => index.put(1, new Float32Array(128)), RangeError);
  for (const id of [-1, 0.5, 2 ** 32, NaN]) t.throws(() => index.put(id, new Float32Array(DIMENSIONS)), RangeError);
  t.throws(() => index.nearest(new Float32Array(128), 1), RangeError);
  for (const count of [0, 101, NaN]) t.throws(() => index.nearest(new Float32Array(DIMENSIONS), count), RangeError);
  t.equal(index.size, 0);
});
