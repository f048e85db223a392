/** The known attacks, at a size for every day; the same at full size: `npm run eval -- anonymity`, figures in docs/anonymity.md. Each is shown to find a broken mechanism. */
import t from 'tap';
import { makeProfile, type ExportParameters } from '../../appliance/export/profile.js';
import { crowd, GIVEN, seeded } from '../support/dayRows.js';
import { chiSquare, everyDay, likelihoodRatio, ours, oursAt, whichDay, whichPart, withTarget, type Mechanism } from './attacks.js';

const profile = makeProfile(GIVEN);
const full = process.env['TEST_FULL'] !== undefined;
/** What chance explains, in standard deviations. */
const Z_MAX = 4.5;
/** Five standard deviations of a share. */
const margin = (rate: number, tries: number) => 5 * Math.sqrt((rate * (1 - rate)) / tries);
/** As if the box had been given other numbers, while the manifest says these. */
const secretly = (given: Partial<ExportParameters>, epsilonTimes = 1): Mechanism => {
  const other = makeProfile({ ...GIVEN, ...given });
  const louder = { ...other, tables: other.tables.map((spec) => ({ ...spec, noiseScale: { numerator: spec.noiseScale.numerator, denominator: spec.noiseScale.denominator * epsilonTimes } })) };
  return (rows, _profile, random) => ours(rows, louder, random);
};

/** Neither noise nor lots. */
const naked: Mechanism = (rows, given, random) => ours(rows, {
  ...given, drawn: given.tables.length - 1,
  tables: given.tables.map((spec) => ({ ...spec, noiseScale: { numerator: 1, denominator: 50 }, countedShare: { numerator: 1, denominator: 1 } })),
}, random);

t.test('chi-square: the sampler gives discrete Laplace noise, and a false one is found', async (t) => {
  const samples = full ? 1_000_000 : 200_000;
  for (const scale of [{ numerator: 5, denominator: 2 }, { numerator: 5, denominator: 1 }, { numerator: 1, denominator: 3 }, { numerator: 1_000_000, denominator: 399_999 }]) {
    const { z, bins } = chiSquare(oursAt(scale), scale, samples, 1);
    t.ok(Math.abs(z) < Z_MAX, `scale ${scale.numerator}/${scale.denominator}: z ${z.toFixed(2)} over ${bins} bins`);
  }
  const scale = { numerator: 5, denominator: 1 };
  const sample = oursAt(scale);
  t.ok(chiSquare((random) => { const x = sample(random); return x === 0 && random.below(10) === 0 ? 1 : x; }, scale, samples, 2).z > Z_MAX, 'a tenth of the zeros moved');
  t.ok(chiSquare((random) => Math.abs(sample(random)) * (random.below(2) === 1 ? -1 : 1) + 0, { numerator: 51, denominator: 10 }, samples, 3).z > Z_MAX, 'a scale that is 2 % off');
});

t.test('one person more or less changes no event by more than e to the epsilon, and what would is found', async (t) => {
  const runs = full ? 40_000 : 6_000;
  for (const people of [0, 19, 20, 62, 120]) {
    const { greatest, event, violated, events } = likelihoodRatio(ours, profile, withTarget(people), runs, 10 + people);
    t.notOk(violated, `${people} people: greatest ratio ${greatest.toFixed(2)} (${event}) of ${events} events`);
  }
  const worlds = withTarget(120);
  t.ok(likelihoodRatio(secretly({}, 3), profile, worlds, runs, 21).violated, 'a third of the noise');
  const bare: Mechanism = (rows, given, random) => {
    const wide = { ...given, parameters: { ...given.parameters, crowdWithNoise: -1_000 } };
    return ours(rows, wide, random);
  };
  t.ok(likelihoodRatio(bare, profile, withTarget(19), runs, 23).violated, 'a crowd that is only counted: 19 or 20');
  const everyVisit: Mechanism = (rows, given, random) => ours(rows.flatMap((row) => (row.person === 120 ? [row, ...Array.from({ length: 5 }, (_, i) => ({ ...row, person: 500 + i }))] : [row])), given, random);
  t.ok(likelihoodRatio(everyVisit, profile, worlds, runs, 24).violated, 'six visits that all count');
  const noLots: Mechanism = (rows, given, random) => ours(rows, { ...given, drawn: given.tables.length - 1 }, random);
  t.ok(likelihoodRatio(noLots, profile, worlds, runs * 2, 25).greatest > likelihoodRatio(ours, profile, worlds, runs * 2, 25).greatest, 'in all tables instead of three');
});

t.test('a month of releases: which day somebody came is guessed no better than the bound', async (t) => {
  const tries = full ? 600 : 100;
  const found = whichDay(ours, profile, 120, 30, tries, 31);
  t.ok(found.rate <= found.bound + margin(found.bound, tries), `right in ${(found.rate * 100).toFixed(1)} %, by chance ${(found.byChance * 100).toFixed(1)} %, at most ${(found.bound * 100).toFixed(1)} %`);
  const bare = whichDay(naked, profile, 120, 30, 60, 32);
  t.equal(bare.rate, 1, 'without noise the same attack is always right');
  const month = everyDay(ours, profile, 120, 30, tries, 33);
  t.ok(month.rate > 0.55, `who comes every day is another matter: right in ${(month.rate * 100).toFixed(0)} % (docs/anonymity.md says so)`);
});

t.test('in which part of the day somebody came is guessed no better than the bound', async (t) => {
  const tries = full ? 40_000 : 6_000;
  const found = whichPart(ours, profile, 120, tries, 41);
  t.ok(found.rate <= found.bound + margin(found.bound, tries), `right in ${(found.rate * 100).toFixed(1)} %, by chance ${(found.byChance * 100).toFixed(1)} %, at most ${(found.bound * 100).toFixed(1)} %`);
  t.equal(whichPart(naked, profile, 120, 500, 42).rate, 1, 'without noise the same attack is always right');
});

t.test('fewer than twenty people are never released, whatever is drawn', async (t) => {
  const random = seeded(51);
  for (const people of [0, 1, 2, 19]) {
    let released = 0;
    for (let i = 0; i < (full ? 20_000 : 2_000); i += 1) if (ours(crowd(people), profile, random) !== null) released += 1;
    t.equal(released, 0, `${people} people`);
  }
  t.ok(ours(crowd(200), profile, random) !== null, 'two hundred are');
});
