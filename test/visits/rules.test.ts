import fc from 'fast-check';
import t from 'tap';
import { ATTENDED_GAP_MS, businessDayOf, gapOf, mayReopen, nextVisit, overBy, reflectsOn, seenAt, wasDoneIn, type VisitLimits } from '../../appliance/visits/index.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const GAP_MS = 3 * HOUR_MS;
const ZONES = ['Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Apia', 'UTC'];

const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
const visit = fc.record({ openedAtMs: instant, stayMs: fc.integer({ min: 0, max: DAY_MS }) }).map(({ openedAtMs, stayMs }) => ({ openedAtMs, lastSeenAtMs: openedAtMs + stayMs }));
const zone = fc.constantFrom(...ZONES);
const hour = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
const limitsOf = (openedAtMs: number, timeZone = 'Asia/Shanghai', endsAt = '04:00', gapMs = GAP_MS): VisitLimits => ({ gapMs, day: businessDayOf(openedAtMs, timeZone, endsAt) });

/** A time of the store's clock in Shanghai (UTC+8, no summer time). */
const at = (time: string): number => Date.parse(`2026-05-${time.replace(' ', 'T')}+08:00`);

t.test('a business day goes from its hour to the same hour of the next day', async (t) => {
  const table: [name: string, instant: string, zone: string, endsAt: string, day: string, from: string, hours: number][] = [
    ['an afternoon in Shanghai', '2026-05-01T07:00Z', 'Asia/Shanghai', '04:00', '2026-05-01', '2026-04-30T20:00Z', 24],
    ['after midnight it is still yesterday', '2026-05-01T18:30Z', 'Asia/Shanghai', '04:00', '2026-05-01', '2026-04-30T20:00Z', 24],
    ['the last moment', '2026-05-01T19:59:59.999Z', 'Asia/Shanghai', '04:00', '2026-05-01', '2026-04-30T20:00Z', 24],
    ['the first moment', '2026-05-01T20:00Z', 'Asia/Shanghai', '04:00', '2026-05-02', '2026-05-01T20:00Z', 24],
    ['the day ends at midnight', '2026-05-01T15:59Z', 'Asia/Shanghai', '00:00', '2026-05-01', '2026-04-30T16:00Z', 24],
    ['Berlin, clocks go forward: 23 hours', '2026-03-28T12:00Z', 'Europe/Berlin', '04:00', '2026-03-28', '2026-03-28T03:00Z', 23],
    ['Berlin, clocks go back: 25 hours', '2026-10-24T12:00Z', 'Europe/Berlin', '04:00', '2026-10-24', '2026-10-24T02:00Z', 25],
    ['the hour is jumped over: an hour later', '2026-03-29T01:15Z', 'Europe/Berlin', '02:30', '2026-03-28', '2026-03-28T01:30Z', 24],
    ['and the day after it is an hour short', '2026-03-29T01:30Z', 'Europe/Berlin', '02:30', '2026-03-29', '2026-03-29T01:30Z', 23],
    ['the hour comes twice: the first counts', '2026-10-25T00:30Z', 'Europe/Berlin', '02:30', '2026-10-25', '2026-10-25T00:30Z', 25],
    ['half an hour of summer time', '2026-04-04T20:00Z', 'Australia/Lord_Howe', '04:00', '2026-04-05', '2026-04-04T17:30Z', 24],
    ['a day that never was (Samoa, 30 December 2011)', '2011-12-30T12:00Z', 'Pacific/Apia', '04:00', '2011-12-29', '2011-12-29T14:00Z', 24],
  ];
  for (const [name, when, timeZone, endsAt, day, from, hours] of table) {
    const fromMs = Date.parse(from);
    t.strictSame(businessDayOf(Date.parse(when), timeZone, endsAt), { day, fromMs, toMs: fromMs + hours * HOUR_MS }, name);
  }
  t.throws(() => businessDayOf(0, 'Mars/Olympus', '04:00'), RangeError);
});

t.test('every instant is in one business day, and its moments agree about it', async (t) => {
  fc.assert(fc.property(instant, zone, hour, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (ms, timeZone, endsAt, part) => {
    const day = businessDayOf(ms, timeZone, endsAt);
    t.ok(day.fromMs <= ms && ms < day.toMs);
    t.ok(day.toMs - day.fromMs <= 25 * HOUR_MS + 30 * MINUTE_MS || timeZone === 'Pacific/Apia');
    const other = day.fromMs + Math.floor(part * (day.toMs - day.fromMs));
    t.strictSame(businessDayOf(other, timeZone, endsAt), day);
    t.equal(businessDayOf(day.toMs, timeZone, endsAt).fromMs, day.toMs, 'the next begins where it ends');
  }), { numRuns: 300 });
});

t.test('nobody in the store: a visit begins', async (t) => {
  fc.assert(fc.property(instant, (now) => nextVisit(null, now, limitsOf(now)) === 'open'));
  t.pass();
});

t.test('what a sighting means, case by case', async (t) => {
  const table: [name: string, opened: string, lastSeen: string, now: string, step: string, over: string | null][] = [
    ['a moment later', '01 10:00', '01 10:00', '01 10:00:29.999', 'ignore', null],
    ['half a minute later', '01 10:00', '01 10:00', '01 10:00:30', 'refresh', null],
    ['just before the gap', '01 10:00', '01 11:00', '01 13:59:59.999', 'refresh', null],
    ['after the gap: a new presence', '01 10:00', '01 11:00', '01 14:00', 'reopen', 'left'],
    ['over midnight it is one visit', '01 23:50', '01 23:59', '02 00:01', 'refresh', null],
    ['the last moment of the business day', '02 03:00', '02 03:30', '02 03:59:59.999', 'refresh', null],
    ['the next business day begins', '02 03:00', '02 03:59', '02 04:00', 'reopen', 'day_over'],
    ['the box was off over night: gone long before', '01 20:00', '01 21:00', '02 09:00', 'reopen', 'left'],
    ['the box was off over night: still there shortly before the end of the day', '01 22:00', '02 02:30', '02 09:00', 'reopen', 'day_over'],
    ['the gap ends exactly with the day', '01 22:00', '02 01:00', '02 09:00', 'reopen', 'left'],
    ['the box was off for a week', '01 22:00', '02 02:30', '09 12:00', 'reopen', 'day_over'],
    ['the clock is set back by an hour', '01 10:00', '01 12:00', '01 11:00', 'refresh', null],
    ['the clock is set back to before the visit began', '01 10:00', '01 10:00', '01 09:30', 'ignore', null],
    ['the same, after a while in the store', '01 10:00', '01 10:20', '01 09:30', 'refresh', null],
    ['the clock is set back over the end of the business day', '02 04:10', '02 04:20', '02 03:50', 'refresh', null],
    ['the clock is set back by a day', '02 10:00', '02 10:00', '01 10:00', 'reopen', 'left'],
    ['the clock is set forward by an hour', '01 10:00', '01 10:00', '01 11:00', 'refresh', null],
  ];
  for (const [name, opened, lastSeen, now, step, over] of table) {
    const open = { openedAtMs: at(opened), lastSeenAtMs: at(lastSeen) };
    t.equal(nextVisit(open, at(now), limitsOf(open.openedAtMs)), step, name);
    t.equal(overBy(open, at(now), limitsOf(open.openedAtMs)), over, name);
  }
  const year = { openedAtMs: at('01 10:00'), lastSeenAtMs: at('01 10:30') };
  for (const now of [year.lastSeenAtMs + 365 * DAY_MS, year.lastSeenAtMs - 365 * DAY_MS]) t.equal(overBy(year, now, limitsOf(year.openedAtMs)), 'left', 'a year off');
});

t.test('a sighting and the sweep agree on who has left', async (t) => {
  fc.assert(fc.property(visit, instant, fc.integer({ min: 1, max: DAY_MS }), zone, hour, (open, now, gapMs, timeZone, endsAt) => {
    const limits = limitsOf(open.openedAtMs, timeZone, endsAt, gapMs);
    t.equal(nextVisit(open, now, limits) === 'reopen', overBy(open, now, limits) !== null);
  }));
});

t.test('whatever the clock does, a visit seen through to its end is never negative, stays in its business day, and does end', async (t) => {
  const jumps = fc.array(fc.oneof(fc.integer({ min: 0, max: 10 * MINUTE_MS }), fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS }), fc.constantFrom(-365 * DAY_MS, 365 * DAY_MS)), { maxLength: 60 });
  fc.assert(fc.property(instant.map((ms) => ms + 2 * 365 * DAY_MS), jumps, zone, (openedAtMs, steps, timeZone) => {
    const limits = limitsOf(openedAtMs, timeZone);
    const open = { openedAtMs, lastSeenAtMs: openedAtMs };
    let now = openedAtMs;
    for (const step of steps) {
      now += step;
      if (nextVisit(open, now, limits) === 'reopen') break;
      if (nextVisit(open, now, limits) === 'refresh') open.lastSeenAtMs = seenAt(open, now);
      t.ok(open.lastSeenAtMs >= openedAtMs && open.lastSeenAtMs < limits.day.toMs);
    }
    t.not(overBy(open, open.lastSeenAtMs + GAP_MS, limits), null, 'unseen, it is over after the gap at the latest');
    // A clock set back within the gap lengthens that by what it was set back.
    t.not(overBy(open, open.lastSeenAtMs - GAP_MS, limits), null);
  }), { numRuns: 300 });
});

t.test('a visit in which staff did something goes on unseen for two hours, and ends with the day all the same', async (t) => {
  const minute = 60_000;
  t.strictSame([gapOf(false, minute), gapOf(true, minute), gapOf(true, GAP_MS)], [minute, ATTENDED_GAP_MS, GAP_MS], 'a store that waits longer waits longer');
  const table: [name: string, lastSeen: string, now: string, recognised: string | null, attended: string | null][] = [
    ['a moment', '01 10:00', '01 10:00:59', null, null],
    ['trying on', '01 10:00', '01 10:20', 'left', null],
    ['the last moment', '01 10:00', '01 11:59:59.999', 'left', null],
    ['gone', '01 10:00', '01 12:00', 'left', 'left'],
    ['the business day ends', '02 03:30', '02 04:00', 'left', 'day_over'],
    ['the clock is set back by an hour', '01 12:00', '01 11:00', 'left', null],
  ];
  for (const [name, lastSeen, now, recognised, attended] of table) {
    const open = { openedAtMs: at('01 09:00'), lastSeenAtMs: at(lastSeen) };
    const over = (isAttended: boolean) => overBy(open, at(now), limitsOf(open.openedAtMs, 'Asia/Shanghai', '04:00', gapOf(isAttended, minute)));
    t.strictSame([over(false), over(true)], [recognised, attended], name);
  }
  fc.assert(fc.property(visit, instant, fc.integer({ min: 1, max: DAY_MS }), zone, hour, (open, now, gapMs, timeZone, endsAt) => {
    const over = (isAttended: boolean) => overBy(open, now, limitsOf(open.openedAtMs, timeZone, endsAt, gapOf(isAttended, gapMs)));
    t.ok(over(true) === null || over(false) !== null, 'staff never make it shorter');
    if (now >= limitsOf(open.openedAtMs, timeZone, endsAt).day.toMs) t.not(over(true), null, 'and never carry it into the next day');
  }));
});

t.test('what staff ended does not come back with the next frame', async (t) => {
  const closedAtMs = 1_000_000;
  const may = (endReason: 'left' | 'by_hand' | 'day_over' | 'not_this_person' | 'consent_withdrawn', ms: number) => mayReopen({ closedAtMs, endReason }, closedAtMs + ms);
  t.equal(mayReopen(null, 0), true);
  t.equal(may('left', 0), true);
  t.equal(may('day_over', 0), true);
  t.equal(may('by_hand', 119_999), false);
  t.equal(may('by_hand', 120_000), true);
  t.equal(may('not_this_person', 599_999), false);
  t.equal(may('not_this_person', 600_000), true);
});

t.test('what staff did belongs to the visit that was open then, or had just ended by itself', async (t) => {
  const visit = { openedAtMs: at('01 10:00'), lastSeenAtMs: at('01 10:30'), closedAtMs: at('01 10:30'), endReason: 'left' as const };
  const table: [name: string, done: string, change: Partial<Parameters<typeof wasDoneIn>[0]>, is: boolean][] = [
    ['in it', '01 10:20', {}, true],
    ['the clocks are a little apart', '01 09:59:10', {}, true],
    ['before it', '01 09:58', {}, false],
    ['nobody saw the customer meanwhile', '01 11:00', {}, true],
    ['two hours later', '01 12:30', {}, false],
    ['somebody had said that they left', '01 10:31', { endReason: 'by_hand' }, false],
    ['before somebody said so', '01 10:29', { endReason: 'by_hand' }, true],
    ['it goes on', '01 15:00', { closedAtMs: null, endReason: null }, true],
  ];
  for (const [name, done, change, is] of table) t.equal(wasDoneIn({ ...visit, ...change }, at(done)), is, name);
});

t.test('a note looks back on the visit it is written in, or on one of the days before', async (t) => {
  const ended = { openedAtMs: 0, lastSeenAtMs: HOUR_MS, closedAtMs: HOUR_MS };
  t.ok(reflectsOn({ ...ended, closedAtMs: null }, 10 * DAY_MS));
  t.ok(reflectsOn(ended, HOUR_MS + 3 * DAY_MS));
  t.notOk(reflectsOn(ended, HOUR_MS + 3 * DAY_MS + 1));
});
