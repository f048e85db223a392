import fc from 'fast-check';
import t from 'tap';
import { decide, KNOWN_MARGIN_MIN, similarityThreshold as thresholdOf } from '../../appliance/gallery/index.js';
import { loadManifest } from '../../models/manifest.js';

const calibration = (await loadManifest()).calibration!;
const similarityThreshold = (count: number, rate: number) => thresholdOf(calibration, count, rate);

/** What the settings allow (config): PORTICO_FPIR_KNOWN to 0.1, PORTICO_FPIR_CANDIDATE to 0.2, both from 0.0001. */
const fpir = fc.double({ min: 0.0001, max: 0.2, noNaN: true });
const people = fc.integer({ min: 0, max: 100_000 });
const ROUNDING = 1e-9;

t.test('the measured points come back as measured', async (t) => {
  for (const { people: count, cosine } of calibration.table) {
    for (const [i, rate] of calibration.fpir.entries()) {
      t.ok(Math.abs(similarityThreshold(count, rate) - Math.max(calibration.floor, cosine[i]!)) < ROUNDING, `${count} people at ${rate}`);
    }
  }
  // Three of the measured figures once more: a table that was spoilt must not merely agree with itself.
  for (const [count, rate, cosine] of [[10, 0.003, 0.399], [100, 0.03, 0.397], [610, 0.001, 0.53]] as const) {
    t.ok(Math.abs(similarityThreshold(count, rate) - cosine) < ROUNDING, `${count} people at ${rate}: ${cosine}`);
  }
  t.ok(calibration.table.length >= 4 && calibration.fpir.length >= 3);
});

t.test('always a similarity that can be reached and that strangers seldom reach', async (t) => {
  fc.assert(fc.property(people, fpir, (count, rate) => {
    const threshold = similarityThreshold(count, rate);
    return threshold >= calibration.floor && threshold <= calibration.cap;
  }));
  t.equal(similarityThreshold(0, 0.003), similarityThreshold(1, 0.003), 'nobody is as one');
});

t.test('the more people are enrolled, the more is asked for', async (t) => {
  t.doesNotThrow(() => fc.assert(
    fc.property(people, people, fpir, (a, b, rate) =>
      similarityThreshold(Math.min(a, b), rate) <= similarityThreshold(Math.max(a, b), rate) + ROUNDING),
    { numRuns: 2_000, seed: 7, examples: [[300, 610, 0.0001]] },
  ));
});

t.test('the fewer strangers may pass, the more is asked for', async (t) => {
  t.doesNotThrow(() => fc.assert(
    fc.property(people, fpir, fpir, (count, a, b) =>
      similarityThreshold(count, Math.max(a, b)) <= similarityThreshold(count, Math.min(a, b)) + ROUNDING),
    { numRuns: 2_000, seed: 7 },
  ));
});

t.test('decisions at their borders', async (t) => {
  const limits = { known: 0.5, candidate: 0.4 };
  t.equal(decide(null, null, limits), 'unknown', 'nobody is enrolled');
  t.equal(decide(0.3999, 0.3, limits), 'unknown');
  t.equal(decide(0.4, 0.3, limits), 'candidate');
  t.equal(decide(0.4999, 0.3, limits), 'candidate');
  t.equal(decide(0.5, 0.3, limits), 'known');
  t.equal(decide(0.5, null, limits), 'known', 'only one is enrolled');
  t.equal(decide(0.9, KNOWN_MARGIN_MIN - 0.001, limits), 'candidate', 'two are this much alike: the card asks');
  t.equal(decide(0.9, KNOWN_MARGIN_MIN, limits), 'known');
});

t.test('a higher score never decides for less', async (t) => {
  const rank = { unknown: 0, candidate: 1, known: 2 };
  const score = fc.double({ min: -1, max: 1, noNaN: true });
  t.doesNotThrow(() => fc.assert(fc.property(score, score, fc.option(fc.double({ min: 0, max: 2, noNaN: true })), people, (a, b, margin, count) => {
    const limits = { known: similarityThreshold(count, 0.003), candidate: similarityThreshold(count, 0.03) };
    return rank[decide(Math.min(a, b), margin, limits)] <= rank[decide(Math.max(a, b), margin, limits)];
  })));
});
