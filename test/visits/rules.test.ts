import fc from 'fast-check';
import t from 'tap';
import { hasLeft, nextVisit, REFRESH_MS } from '../../appliance/visits/index.js';

const GAP_MS = 180 * 60_000;
const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
const visit = fc.record({ openedAtMs: instant, lastSeenAtMs: instant });

t.test('nobody in the store: a visit begins', async (t) => {
  fc.assert(fc.property(instant, (now) => nextVisit(null, now, GAP_MS) === 'open'));
  t.pass();
});

t.test('the borders: a moment, a refresh, a new visit', async (t) => {
  const open = { openedAtMs: 1_000_000, lastSeenAtMs: 2_000_000 };
  const after = (ms: number) => nextVisit(open, open.lastSeenAtMs + ms, GAP_MS);
  t.equal(after(0), 'ignore');
  t.equal(after(REFRESH_MS - 1), 'ignore');
  t.equal(after(REFRESH_MS), 'refresh');
  t.equal(after(GAP_MS - 1), 'refresh');
  t.equal(after(GAP_MS), 'reopen');
  t.equal(hasLeft(open, open.lastSeenAtMs + GAP_MS - 1, GAP_MS), false);
  t.equal(hasLeft(open, open.lastSeenAtMs + GAP_MS, GAP_MS), true);
});

t.test('a clock that was set back ends nothing and writes nothing', async (t) => {
  fc.assert(fc.property(visit, fc.integer({ min: 1, max: 10 ** 12 }), (open, backMs) => {
    t.equal(nextVisit(open, open.lastSeenAtMs - backMs, GAP_MS), 'ignore');
    t.equal(hasLeft(open, open.lastSeenAtMs - backMs, GAP_MS), false);
  }));
});

t.test('a sighting and the sweep agree on who has left', async (t) => {
  fc.assert(fc.property(visit, instant, fc.integer({ min: 1, max: 10 ** 9 }), (open, now, gapMs) => {
    t.equal(nextVisit(open, now, gapMs) === 'reopen', hasLeft(open, now, gapMs));
  }));
});
