/** Wilson's interval against values worked out elsewhere. */
import fc from 'fast-check';
import t from 'tap';
import { estimateShare } from '../../appliance/recognition/estimate.js';

const near = (value: number, expected: number) => Math.abs(value - expected) < 0.0005;

t.test('known values', async (t) => {
  t.equal(estimateShare(0, 0), null);
  // E. B. Wilson's formula at z = 1.96, as tabulated in Newcombe, Statistics in Medicine 17 (1998), table I.
  for (const [hits, of, low, high] of [[81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [0, 20, 0, 0.1611], [1, 29, 0.0061, 0.1718]] as const) {
    const estimate = estimateShare(hits, of)!;
    t.ok(near(estimate.low, low) && near(estimate.high, high), `${hits} of ${of}: ${estimate.low.toFixed(4)} to ${estimate.high.toFixed(4)}`);
  }
});

t.test('the interval holds the share and narrows with more cases', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (of, part) => {
    const { share, low, high } = estimateShare(Math.round(part * of), of)!;
    const more = estimateShare(10 * Math.round(part * of), 10 * of)!;
    return low >= 0 && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1 && more.high - more.low < high - low;
  })));
});
