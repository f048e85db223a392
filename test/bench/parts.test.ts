import t from 'tap';
import { ExactSearch } from './exact.js';
import { PARTS, readOptions } from './options.js';
import { largestThatHolds, median, p50p95, percentile } from './statistics.js';
import { heldAgainstTargets } from './targets.js';
import { dot, latentMate, latentPerson, rotated } from './vectors.js';

t.test('percentiles by nearest rank', async (t) => {
  const samples = [5, 1, 4, 2, 3, 10, 9, 8, 7, 6];
  t.equal(median(samples), 5);
  t.equal(percentile(samples, 0.95), 10);
  t.equal(percentile(samples, 0.1), 1);
  t.strictSame(p50p95([1.23456]), { p50: 1.235, p95: 1.235 });
  t.throws(() => median([]), RangeError);
});

t.test('the largest number that holds is found, also at both ends', async (t) => {
  for (const largest of [1, 7, 24]) t.equal(await largestThatHolds(1, 24, async (n) => n <= largest), largest);
  t.equal(await largestThatHolds(1, 24, async () => false), null);
});

t.test('options are read, and wrong ones refused', async (t) => {
  t.strictSame(readOptions([]).parts, PARTS);
  t.strictSame(readOptions(['--json', '--only', 'search,frame', '--frames', '20']), { json: true, frames: 20, deskFull: false, fleetFull: false, parts: ['frame', 'search'] });
  t.throws(() => readOptions(['--only', 'everything']), /there is no "everything"/);
  t.throws(() => readOptions(['--frames', '9']), /--frames/);
  t.throws(() => readOptions(['--fast']));
});

t.test('targets look only at what was measured', async (t) => {
  t.strictSame(heldAgainstTargets({}), {});
  const held = heldAgainstTargets({ frame_ms: 30, models_ms: 20, search_ms: { '10k': 0.7 }, desk_ms: { board: 12 }, loop_p99_ms: { idle: 1, load: 4 } });
  t.strictSame(held, {
    frame_over_models: { value: 1.5, limit: '<= 1.5', ok: true },
    search_p95_ms_10k: { value: 0.7, limit: '<= 0.6', ok: false },
    desk_p95_ms_board: { value: 12, limit: '<= 100', ok: true },
    loop_p99_load_less_idle_ms: { value: 3, limit: '<= 2', ok: false },
  });
});

t.test('made-up faces: unit length, mates at .6 to .8, strangers spread as real ones', async (t) => {
  const first = rotated(latentPerson(0));
  let squares = 0;
  for (let i = 1; i <= 2_000; i++) squares += dot(first, rotated(latentPerson(i))) ** 2;
  const deviation = Math.sqrt(squares / 2_000);
  t.ok(deviation > 0.095 && deviation < 0.13, `strangers: ${deviation}`);
  for (let i = 0; i < 50; i++) {
    const person = rotated(latentPerson(i));
    const mate = rotated(latentMate(i));
    t.ok(Math.abs(dot(person, person) - 1) < 1e-5 && Math.abs(dot(mate, mate) - 1) < 1e-5);
    const cosine = dot(person, mate);
    t.ok(cosine > 0.599 && cosine < 0.801, `mates: ${cosine}`);
    t.ok(Math.abs(cosine - dot(latentPerson(i), latentMate(i))) < 1e-5, 'the rotation keeps cosines');
  }
});

t.test('the truth is that of comparing all, also where a stranger is nearer than the mate', async (t) => {
  const people = Array.from({ length: 3_000 }, (_, i) => latentPerson(i));
  const probes = [latentMate(5), latentPerson(77), latentMate(2_000)];
  const exact = new ExactSearch(probes, [5, 9, 2_000].map((person) => ({ person, latent: people[person]! })));
  for (const [i, person] of people.entries()) exact.add(i, person);
  const byHand = probes.map((probe) => people.reduce((best, person, i) => (dot(probe, person) > dot(probe, people[best]!) ? i : best), 0));
  t.strictSame(exact.nearest, byHand);
  t.equal(exact.nearest[1], 77);
});
