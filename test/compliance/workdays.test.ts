/** Working days in mainland China, against the State Council's arrangements read by hand. */
import fc from 'fast-check';
import t from 'tap';
import { isWorkday, isYearKnown, workdaysAfter } from '../../appliance/compliance/index.js';

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
  if (unknown === 2027) {
    // Chinese New Year 2027 is on 6 February, a Saturday; its eve a Friday, the third day a Monday.
    t.strictSame(['2027-02-04', '2027-02-05', '2027-02-08', '2027-02-09'].map(isWorkday), [true, false, false, true]);
    t.strictSame(['2027-04-05', '2027-06-09', '2027-09-15'].map(isWorkday), [false, false, false], 'Qingming, Dragon Boat, Mid-Autumn');
  }
});

t.test('counting on from where one stopped comes to the same day', async () => {
  const start = Date.UTC(2020, 0, 1);
  fc.assert(fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (offset, a, b) => {
    const day = new Date(start + offset * 86_400_000).toISOString().slice(0, 10);
    const there = workdaysAfter(day, a).day;
    return there > day && isWorkday(there) && workdaysAfter(there, b).day === workdaysAfter(day, a + b).day;
  }), { numRuns: 200 });
});
