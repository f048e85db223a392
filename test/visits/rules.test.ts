import fc from 'fast-check';
import t from 'tap';
import { hasLeft, mayReopen, nextVisit, REFRESH_MS } from '../../appliance/visits/index.js';

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

t.test('a clock that was set back counts by its distance', async (t) => {
  fc.assert(fc.property(visit, fc.integer({ min: 0, max: 10 ** 12 }), (open, ms) => {
    t.equal(nextVisit(open, open.lastSeenAtMs - ms, GAP_MS), nextVisit(open, open.lastSeenAtMs + ms, GAP_MS));
    t.equal(hasLeft(open, open.lastSeenAtMs - ms, GAP_MS), hasLeft(open, open.lastSeenAtMs + ms, GAP_MS));
  }));
});

t.test('what staff ended does not come back with the next frame', async (t) => {
  const closedAtMs = 1_000_000;
  const may = (endReason: 'left' | 'by_hand' | 'not_this_person' | 'consent_withdrawn', ms: number) => mayReopen({ closedAtMs, endReason }, closedAtMs + ms);
  t.equal(mayReopen(null, 0), true);
  t.equal(may('left', 0), true);
  t.equal(may('by_hand', 119_999), false);
  t.equal(may('by_hand', 120_000), true);
  t.equal(may('not_this_person', 599_999), false);
  t.equal(may('not_this_person', 600_000), true);
});

t.test('a sighting and the sweep agree on who has left', async (t) => {
  fc.assert(fc.property(visit, instant, fc.integer({ min: 1, max: 10 ** 9 }), (open, now, gapMs) => {
    t.equal(nextVisit(open, now, gapMs) === 'reopen', hasLeft(open, now, gapMs));
  }));
});
