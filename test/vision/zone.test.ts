/** The zone of a fixed station: pure geometry. */
import fc from 'fast-check';
import t from 'tap';
import { centreInside } from '../../appliance/vision/geometry.js';

const at = (x: number, y: number) => ({ x: x - 10, y: y - 10, width: 20, height: 20 });
const share = fc.double({ min: 0, max: 1, noNaN: true });

t.test('the centre counts, in shares of the picture', async (t) => {
  const left = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 1 }, { x: 0, y: 1 }];
  t.equal(centreInside(at(300, 400), left, 1280, 720), true);
  t.equal(centreInside(at(700, 400), left, 1280, 720), false);
  t.equal(centreInside({ x: 500, y: 0, width: 200, height: 200 }, left, 1280, 720), true, 'partly outside, centre inside');
  t.equal(centreInside(at(300, 400), [...left].reverse(), 1280, 720), true, 'either way round');
});

t.test('a bay that is cut out is outside', async (t) => {
  const horseshoe = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0.7, y: 1 }, { x: 0.7, y: 0.3 }, { x: 0.3, y: 0.3 }, { x: 0.3, y: 1 }, { x: 0, y: 1 }];
  t.equal(centreInside(at(500, 800), horseshoe, 1000, 1000), false);
  t.equal(centreInside(at(150, 800), horseshoe, 1000, 1000), true);
  t.equal(centreInside(at(500, 150), horseshoe, 1000, 1000), true);
});

t.test('a rectangle agrees with plain comparisons, and nothing outside the picture is inside', async () => {
  fc.assert(fc.property(share, share, share, share, share, share, (a, b, c, d, x, y) => {
    const [x0, x1] = [Math.min(a, b), Math.max(a, b)];
    const [y0, y1] = [Math.min(c, d), Math.max(c, d)];
    const zone = [{ x: x0, y: y0 }, { x: x1, y: y0 }, { x: x1, y: y1 }, { x: x0, y: y1 }];
    const near = [x0, x1].some((edge) => Math.abs(edge - x) < 1e-9) || [y0, y1].some((edge) => Math.abs(edge - y) < 1e-9);
    const found = centreInside({ x: x * 1000 - 5, y: y * 1000 - 5, width: 10, height: 10 }, zone, 1000, 1000);
    return near || found === (x > x0 && x < x1 && y > y0 && y < y1);
  }));
  fc.assert(fc.property(fc.array(fc.record({ x: share, y: share }), { minLength: 3, maxLength: 12 }), share, (zone, y) =>
    !centreInside(at(1_200, y * 1000), zone, 1000, 1000) && !centreInside(at(-200, y * 1000), zone, 1000, 1000)));
});
