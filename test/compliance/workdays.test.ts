/** Working days in mainland China, against the State Council's arrangements read by hand. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { isWorkday, isYearKnown, workdaysAfter } from '../../appliance/compliance/index.js';
import { statutoryHolidays } from '../../appliance/compliance/workdays.js';

t.test('C18: thirty working days right across the National Day week, make-up days included', async (t) => {
  // 2025: off 1 to 8 October; Sunday 28 September and Saturday 11 October are worked.
  t.strictSame(workdaysAfter('2025-09-26', 1), { day: '2025-09-28', provisional: false });
  t.strictSame(workdaysAfter('2025-09-26', 4), { day: '2025-10-09', provisional: false });
  t.strictSame(workdaysAfter('2025-09-26', 6), { day: '2025-10-11', provisional: false });
  t.strictSame(workdaysAfter('2025-09-26', 30), { day: '2025-11-13', provisional: false });
  // 2026: off 25 to 27 September and 1 to 7 October; Saturday 10 October is worked.
  t.strictSame(workdaysAfter('2026-09-21', 30), { day: '2026-11-09', provisional: false });
  t.strictSame(workdaysAfter('2026-09-30', 3), { day: '2026-10-10', provisional: false });
  // The day itself does not count, be it a holiday or not.
  t.strictSame(workdaysAfter('2026-10-03', 1), { day: '2026-10-08', provisional: false });
  // A clock-only count, Monday to Friday, would be another day.
  t.not(workdaysAfter('2026-09-21', 30).day, '2026-11-02');
});

t.test('C18: beyond the years that are arranged, the thirteen statutory holidays count and the day is provisional', async (t) => {
  t.ok(isYearKnown(2026));
  const unknown = [2026, 2027, 2028, 2029, 2030, 2031, 2032].find((year) => !isYearKnown(year))!;
  t.ok(unknown > 2026);
  t.equal(workdaysAfter(`${unknown - 1}-12-20`, 30).provisional, true);
  t.equal(isWorkday(`${unknown}-10-01`), false);
  t.equal(isWorkday(`${unknown}-01-01`), false);
  // Whether its arrangement is known by now or not: Chinese New Year 2027 is on 6 February; Qingming, Dragon Boat, Mid-Autumn.
  t.strictSame([...statutoryHolidays(2027)].sort(), [
    '2027-01-01', '2027-02-05', '2027-02-06', '2027-02-07', '2027-02-08', '2027-04-05', '2027-05-01', '2027-05-02', '2027-06-09', '2027-09-15',
    '2027-10-01', '2027-10-02', '2027-10-03',
  ]);
  // 2025 is the first year under the law as it is: every holiday of the law is a day off in the arrangement too.
  for (let year = 2025; isYearKnown(year); year += 1) for (const day of statutoryHolidays(year)) t.equal(isWorkday(day), false, day);
});

t.test('the calendar is the same in whatever time zone the process runs', async (t) => {
  const calendar = (zone: string): string => execFileSync(process.execPath, ['--input-type=module', '-e', `
    import { isWorkday, isYearKnown, statutoryHolidays } from ${JSON.stringify(new URL('../../appliance/compliance/workdays.js', import.meta.url).href)};
    const days = (year) => Array.from({ length: 365 }, (_, i) => new Date(Date.UTC(year, 0, 1 + i)).toISOString().slice(0, 10));
    console.log(JSON.stringify({ off: days(2026).filter((day) => !isWorkday(day)), known: [2025, 2026, 2099].map(isYearKnown), law: [...statutoryHolidays(2027), ...statutoryHolidays(2031)] }));
  `], { env: { ...process.env, TZ: zone }, encoding: 'utf8' });
  const here = calendar('Asia/Shanghai');
  const { off, known } = JSON.parse(here) as { off: string[]; known: boolean[] };
  // State Council, 2025-11-04: 33 days off, of which 9 Saturdays and Sundays stand by themselves anyway; 6 weekend days are worked.
  t.equal(off.length, 117);
  const isOff = (...days: string[]) => days.map((day) => off.includes(day));
  t.strictSame(isOff('2026-02-14', '2026-02-15', '2026-02-23', '2026-02-28', '2026-10-05', '2026-10-10', '2026-10-12', '2026-10-17'), [false, true, true, false, true, false, false, true]);
  t.strictSame(known, [true, true, false]);
  for (const zone of ['America/Los_Angeles', 'Pacific/Kiritimati', 'UTC']) t.equal(calendar(zone), here, zone);
});

t.test('counting on from where one stopped comes to the same day', async () => {
  const start = Date.UTC(2020, 0, 1);
  fc.assert(fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (offset, a, b) => {
    const day = new Date(start + offset * 86_400_000).toISOString().slice(0, 10);
    const there = workdaysAfter(day, a).day;
    return there > day && isWorkday(there) && workdaysAfter(there, b).day === workdaysAfter(day, a + b).day;
  }), { numRuns: 200 });
});
