/** Wilson's interval against values worked out elsewhere. */
import fc from 'fast-check';
import t from 'tap';
import { estimateShare } from '../../appliance/kit/index.js';

const near = (value: number, expected: number, within: number) => Math.abs(value - expected) < within;

t.test('known values', async (t) => {
  t.equal(estimateShare(0, 0), null);
  // E. B. Wilson's formula at z = 1.96, as tabulated in Newcombe, Statistics in Medicine 17 (1998), table I.
  for (const [hits, of, low, high] of [[81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [0, 20, 0, 0.1611], [1, 29, 0.0061, 0.1718]] as const) {
    const estimate = estimateShare(hits, of)!;
    t.ok(near(estimate.low, low, 5e-4) && near(estimate.high, high, 5e-4), `${hits} of ${of}: ${estimate.low.toFixed(4)} to ${estimate.high.toFixed(4)}`);
  }
  // R: prop.test(8, 10, correct = FALSE), prop.test(1, 10, correct = FALSE); 0 of 10 by hand: z^2 / (n + z^2).
  for (const [hits, low, high] of [[8, 0.4901625, 0.9433178], [1, 0.0178762, 0.40415], [0, 0, 0.2775328]] as const) {
    const estimate = estimateShare(hits, 10)!;
    t.ok(near(estimate.low, low, 5e-7) && near(estimate.high, high, 5e-7), `${hits} of 10: ${estimate.low} to ${estimate.high}`);
  }
  t.equal(estimateShare(0, 10)!.low, 0);
  t.equal(estimateShare(10, 10)!.high, 1);
});

t.test('the interval holds the share and narrows with more cases', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (of, part) => {
    const { share, low, high } = estimateShare(Math.round(part * of), of)!;
    const more = estimateShare(10 * Math.round(part * of), 10 * of)!;
    return low >= 0 && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1 && more.high - more.low < high - low;
  })));
});
