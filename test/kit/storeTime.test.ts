/** Days and times of the store as instants, over clock changes. */
import t from 'tap';
import { dayAfter, dayBounds, instantOf, isCalendarDay, storeClock } from '../../appliance/kit/index.js';

const at = (day: string, time: string, zone: string) => new Date(instantOf(day, time, zone)).toISOString();

t.test('a day and a time of the store are one instant, over clock changes too', async (t) => {
  for (const [day, time, zone, instant] of [
    ['2026-11-22', '10:30', 'Asia/Shanghai', '2026-11-22T02:30:00.000Z'],
    ['2026-11-22', '00:00', 'Asia/Shanghai', '2026-11-21T16:00:00.000Z'],
    ['2026-07-01', '10:00', 'Europe/Berlin', '2026-07-01T08:00:00.000Z'],
    ['2026-03-29', '01:59', 'Europe/Berlin', '2026-03-29T00:59:00.000Z'],
    ['2026-03-29', '02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'], // skipped: 03:30
    ['2026-03-29', '03:00', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25', '01:59', 'Europe/Berlin', '2026-10-24T23:59:00.000Z'],
    ['2026-10-25', '02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'], // twice: the first
    ['2026-10-25', '03:00', 'Europe/Berlin', '2026-10-25T02:00:00.000Z'],
    ['2026-03-08', '02:30', 'America/New_York', '2026-03-08T07:30:00.000Z'],
    ['2026-11-01', '01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['2026-10-04', '02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'], // half an hour is skipped
    ['1988-04-17', '02:30', 'Asia/Shanghai', '1988-04-16T18:30:00.000Z'], // China had summer time then
    ['2028-02-29', '12:00', 'Asia/Kolkata', '2028-02-29T06:30:00.000Z'],
  ] as const) t.equal(at(day, time, zone), instant, `${day} ${time} ${zone}`);
  t.ok(Number.isNaN(instantOf('2026-02-29', '12:00', 'Asia/Shanghai')));
  const hours = (day: string, zone: string) => { const { fromMs, toMs } = dayBounds(day, zone); return (toMs - fromMs) / 3_600_000; };
  t.strictSame([hours('2026-03-29', 'Europe/Berlin'), hours('2026-10-25', 'Europe/Berlin'), hours('2026-10-25', 'Asia/Shanghai')], [23, 25, 24]);
});

t.test('every minute of a year that the clock shows leads back to it', async (t) => {
  for (const zone of ['Europe/Berlin', 'Asia/Shanghai', 'America/St_Johns']) {
    for (let ms = Date.parse('2026-01-01T00:00:00Z'); ms < Date.parse('2027-01-01T00:00:00Z'); ms += 97 * 60_000) {
      const { day, time } = storeClock(ms, zone);
      const back = instantOf(day, time, zone);
      if (back !== ms && ms - back !== 3_600_000) t.fail(`${zone} ${day} ${time}`); // an hour earlier: the first of two
    }
  }
});

t.test('days of the calendar', async (t) => {
  t.strictSame(['2028-02-29', '2026-02-29', '2026-02-30', '2026-13-01', '2026-1-1', '2026', '', '12026-01-01'].filter(isCalendarDay), ['2028-02-29']);
  t.strictSame(['2026-03-01', '2028-03-01', '2026-01-01'].map((day) => dayAfter(day, -1)), ['2026-02-28', '2028-02-29', '2025-12-31']);
  t.equal(dayAfter('2026-12-31'), '2027-01-01');
});
