/** What the releases of one store say of each other. */
import t from 'tap';
import { checkStore, type KnownRelease } from '../../fleet/chains.js';
import { daysFrom } from '../support/storeReleases.js';

const CHAIN = 'a0000000-0000-4000-8000-000000000000';
const OTHER = 'b0000000-0000-4000-8000-000000000000';
const sumOf = (chain: string, number: number, twin = '') => `${chain}/${number}${twin}`;

function release(day: string, number: number, { chain = CHAIN, twin = '', previous, spent = 1, yearSpent = number, yearMax = 366 }: { chain?: string; twin?: string; previous?: string | null; spent?: number; yearSpent?: number; yearMax?: number } = {}): KnownRelease {
  return {
    file: `${day}${twin}.zip`, day, sha256: sumOf(chain, number, twin), epsilon: { spent, yearSpent, yearMax },
    chain: { id: chain, number, previous: previous === undefined ? number === 1 ? null : sumOf(chain, number - 1) : previous },
  };
}
const chainOf = (first: string, count: number, chain = CHAIN) => daysFrom(first, count).map((day, at) => release(day, at + 1, { chain, yearSpent: Math.min(at + 1, 365) }));
const told = (found: readonly KnownRelease[], partial = false) => checkStore(found, partial).faults.map(({ code, file, details }) => [code, file, details] as const);

t.test('a whole chain, in whatever order it is found, has no fault', async (t) => {
  const whole = chainOf('2025-11-01', 400);
  t.strictSame(told([...whole].reverse()), []);
  const { taken, chains, daysWithout, copies } = checkStore([...whole].reverse(), false);
  t.strictSame([taken.map(({ day }) => day), chains, daysWithout, copies], [whole.map(({ day }) => day), 1, 0, 0]);
  t.strictSame(checkStore([], false), { faults: [], taken: [], copies: 0, chains: 0, daysWithout: 0 });
});

t.test('what is missing is told where the chain goes on', async (t) => {
  const whole = chainOf('2026-11-01', 9);
  t.strictSame(told(whole.filter(({ chain: { number } }) => number !== 5)), [['chain_gap', '2026-11-06.zip', { missing: 1, numbers: '5' }]]);
  t.strictSame(told(whole.filter(({ chain: { number } }) => number < 3 || number > 6)), [['chain_gap', '2026-11-07.zip', { missing: 4, numbers: '3-6' }]]);
  t.strictSame(told(whole.slice(4)), [['chain_gap', '2026-11-05.zip', { missing: 4, numbers: '1-4' }]]);
  t.strictSame(told(whole.slice(4), true), [], 'unless the folder begins later');
  t.strictSame(told(whole.filter(({ chain: { number } }) => number > 4 && number !== 7), true), [['chain_gap', '2026-11-08.zip', { missing: 1, numbers: '7' }]], 'within it nothing may be missing all the same');
  t.equal(checkStore(whole.filter(({ chain: { number } }) => number !== 5), false).taken.length, 8, 'those that are there are merged');
});

t.test('days on which the box was off are no fault, as long as the chain is whole', async (t) => {
  const { faults, daysWithout } = checkStore([release('2026-11-01', 1), release('2026-11-04', 2), release('2026-11-05', 3)], false);
  t.strictSame([faults, daysWithout], [[], 2]);
});

t.test('two releases of one day: neither is merged', async (t) => {
  const { faults, taken } = checkStore([...chainOf('2026-11-01', 3), release('2026-11-02', 1, { chain: OTHER, twin: 'b' })], false);
  t.match(faults, [{ code: 'day_twice', file: '2026-11-02.zip', details: { other: '2026-11-02b.zip' } }, { code: 'day_twice', file: '2026-11-02b.zip' }, { code: 'chains_overlap', file: '2026-11-02b.zip' }]);
  t.strictSame(taken.map(({ day }) => day), ['2026-11-01', '2026-11-03']);
});

t.test('the same bytes twice are a copy, and no fault', async (t) => {
  const whole = chainOf('2026-11-01', 3);
  const { faults, copies, taken } = checkStore([...whole, { ...whole[1]!, file: 'again/2026-11-02.zip' }], false);
  t.strictSame([faults, copies, taken.length], [[], 1, 3]);
});

t.test('a fork is told from a number that was given twice; what follows is held against both', async (t) => {
  const whole = chainOf('2026-11-01', 4);
  const fork = told([...whole, release('2026-11-09', 3, { twin: 'b', yearSpent: 9 })]);
  t.strictSame(fork.map(([code, file]) => [code, file]), [['chain_fork', '2026-11-03.zip'], ['chain_fork', '2026-11-09b.zip'], ['chain_order', '2026-11-04.zip']].filter(([code]) => code !== 'chain_order'));
  const goesOn = release('2026-11-10', 4, { twin: 'b', previous: sumOf(CHAIN, 3, 'b'), yearSpent: 9 });
  const both = checkStore([...whole, release('2026-11-09', 3, { twin: 'b', yearSpent: 9 }), goesOn], false);
  t.notOk(both.faults.some(({ code }) => code === 'chain_broken'), 'each follows one of the two');
  t.strictSame(both.taken.map(({ day }) => day), ['2026-11-01', '2026-11-02'], 'and none of both is merged');
  t.strictSame(told([...whole, release('2026-11-09', 3, { twin: 'b', previous: 'something else', yearSpent: 9 })]).map(([code]) => code).sort(), ['chain_broken', 'chain_number_twice', 'chain_number_twice']);
});

t.test('a link that does not fit, and days that go back', async (t) => {
  const [first, second, third] = chainOf('2026-11-01', 3);
  t.strictSame(told([first!, { ...second!, sha256: 'another' }, third!]), [['chain_broken', '2026-11-03.zip', { before: '2026-11-02.zip' }]]);
  t.ok(told([first!, release('2026-11-05', 2), release('2026-11-04', 3)]).some(([code, file]) => code === 'chain_order' && file === '2026-11-04.zip'));
});

t.test('after a restore a new chain begins, and not before the old one has ended', async (t) => {
  t.strictSame(told([...chainOf('2026-11-01', 5), ...chainOf('2026-11-06', 5, OTHER)]), []);
  t.equal(checkStore([...chainOf('2026-11-01', 5), ...chainOf('2026-11-06', 5, OTHER)], false).chains, 2);
  const overlap = told([release('2026-11-01', 1), release('2026-11-05', 2), release('2026-11-03', 1, { chain: OTHER }), release('2026-11-07', 2, { chain: OTHER })]);
  t.strictSame(overlap, [['chains_overlap', '2026-11-03.zip', { other: '2026-11-05.zip' }]]);
});

t.test('epsilon of 365 days, over all chains of a store, and what a box says of itself', async (t) => {
  const tight = chainOf('2026-01-01', 10).map((each) => ({ ...each, epsilon: { ...each.epsilon, yearMax: 10 } }));
  t.strictSame(told(tight), []);
  const restored = release('2026-01-11', 1, { chain: OTHER, yearMax: 10 });
  t.strictSame(told([...tight, restored]), [['epsilon_year', '2026-01-11.zip', { spent: 11, max: 10 }]], 'the new chain knows nothing of the old one');
  t.strictSame(told([...tight, release('2027-01-01', 1, { chain: OTHER, yearMax: 10 })]), [], 'the first day is a year ago');
  t.strictSame(told([...tight, release('2026-12-31', 1, { chain: OTHER, yearMax: 10 })]).map(([code]) => code), ['epsilon_year'], 'and on the day before it was not');
  t.strictSame(told([...chainOf('2026-01-01', 10), release('2026-01-11', 11, { spent: 0, yearSpent: 10, yearMax: 5 })]), [], 'the bound was lowered since, and nothing more is spent');
  const [first, second] = chainOf('2026-01-01', 2);
  t.strictSame(told([first!, { ...second!, epsilon: { ...second!.epsilon, yearSpent: 1 } }]), [['epsilon_understated', '2026-01-02.zip', { told: 1, spent: 2 }]]);
  const small = daysFrom('2026-01-01', 365).map((day, at) => release(day, at + 1, { spent: 0.1, yearSpent: Math.round((at + 1) * 1e5) / 1e6, yearMax: 36.5 }));
  t.strictSame(told(small), [], 'tenths that do not add up exactly');
});
