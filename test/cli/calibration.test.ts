import fc from 'fast-check';
import t from 'tap';
import { similarityThreshold } from '../../appliance/gallery/index.js';
import { Embedding } from '../../appliance/kit/index.js';
import { calibrate, compare, enough, makeTrial, proposeGates, ratesOf, thresholdAt, type Person, type ReadFace } from '../../cli/calibration.js';

/** Park and Miller's generator and Box and Muller's normal numbers: the same people every time. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** People as points in 32 dimensions, their photos around them; the norm falls with the distance when `telling`. */
function crowd(options: { people: number; photos: number; spread: number; telling: boolean; seed?: number }): Person[] {
  const normal = normals(options.seed ?? 7);
  return Array.from({ length: options.people }, (_, i) => {
    const centre = Array.from({ length: 32 }, normal);
    const photos = Array.from({ length: options.photos }, (): ReadFace => {
      const blur = options.spread * (0.5 + Math.abs(normal()));
      return { embedding: new Embedding(centre.map((value) => value + blur * normal())), norm: options.telling ? 4 - blur : 3 + 0.1 * normal() };
    });
    return { name: `p${i}`, photos };
  });
}

t.test('a threshold lets through the share that was asked for, and no more', async () => {
  fc.assert(fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 }), fc.double({ min: 0.001, max: 0.3, noNaN: true }), (scores, fpir) => {
    const threshold = thresholdAt(scores, fpir);
    return scores.filter((score) => score >= threshold).length <= fpir * scores.length;
  }));
});

t.test('the verdict rests on the probes on which the packs differ', async (t) => {
  const hits = (count: number, of: number) => Array.from({ length: of }, (_, i) => i < count);
  t.equal(compare(hits(100, 100), hits(80, 100)).verdict, 'better');
  t.equal(compare(hits(80, 100), hits(100, 100)).verdict, 'not better');
  t.equal(compare(hits(99, 100), hits(97, 100)).verdict, 'cannot tell', 'two probes are not enough');
  t.match(compare(hits(90, 100), hits(90, 100)), { verdict: 'cannot tell', wins: { low: 0, high: 1, count: 0, of: 0 } });
});

t.test('a photo without a face is a miss, and a person without a template nobody', async (t) => {
  const people = crowd({ people: 30, photos: 5, spread: 0.1, telling: false });
  t.equal(ratesOf(makeTrial(people))[0]!.fnir.count, 0);
  const blind = people.map((person, i) => (i === 0 ? { ...person, photos: person.photos.map(() => null) } : person));
  blind[1] = { ...people[1]!, photos: [...people[1]!.photos.slice(0, 4), null] };
  const [rate] = ratesOf(makeTrial(blind));
  t.equal(rate!.fnir.count, 3, 'two of the first, one of the second');
  t.equal(rate!.fnir.of, 60);
});

t.test('the measured thresholds hold what they promise on other strangers', async (t) => {
  const people = enough(crowd({ people: 160, photos: 13, spread: 0.6, telling: true }));
  const trial = makeTrial(people);
  const { gates, rankCorrelation } = proposeGates(trial);
  t.ok(rankCorrelation > 0.5 && gates !== null && gates.usable <= gates.decide && gates.decide <= gates.enrol);
  const { calibration } = calibrate(trial, gates, 'made up');
  t.strictSame(calibration.table.map((row) => row.people), [10, 50, 100, 159]);
  for (const [i, row] of calibration.table.entries()) {
    t.ok(row.cosine.every((value, column) => column === 0 || value >= row.cosine[column - 1]!));
    if (i > 0) t.ok(row.cosine.every((value, column) => value >= calibration.table[i - 1]!.cosine[column]!));
  }
  t.ok(calibration.floor < calibration.cap);

  // 100 of these people enrolled, 2,000 photos of people who never were.
  const gallery = trial.templates.slice(0, 100);
  const strangers = crowd({ people: 400, photos: 5, spread: 0.6, telling: true, seed: 99 })
    .flatMap(({ photos }) => photos).filter((face) => face !== null && face.norm >= gates!.decide);
  for (const asked of [0.03, 0.01]) {
    const threshold = similarityThreshold(calibration, 100, asked);
    t.equal(threshold, calibration.table[2]!.cosine[calibration.fpir.indexOf(asked)], 'measured, not drawn on from stricter columns or cut off by the floor');
    const passed = strangers.filter((face) => gallery.some((template) => template!.similarity(face!.embedding) >= threshold)).length;
    const fpir = passed / strangers.length;
    t.ok(fpir > asked / 3 && fpir < asked * 3, `asked for ${100 * asked} %, measured ${(100 * fpir).toFixed(2)} %`);
  }
  t.ok(similarityThreshold(calibration, 10, 0.03) > calibration.floor, 'in a small gallery too');
});

t.test('a norm that says nothing gives no gates', async (t) => {
  t.equal(proposeGates(makeTrial(crowd({ people: 60, photos: 8, spread: 0.5, telling: false }))).gates, null);
});
