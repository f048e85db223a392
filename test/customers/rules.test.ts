/** Days of the year, edits of two people, spellings of one number: pure rules. */
import t from 'tap';
import { daysBetween, isYearlyDate, nextOccurrence, type CustomerFields } from '../../appliance/contract/index.js';
import { nationalPhone, phoneSpellings } from '../../appliance/kit/index.js';
import { addedPreferences, conflicting, readableIn, readableLine, saysMore } from '../../appliance/customers/edits.js';

const on = (month: number, day: number, year: number | null = null) => ({ month, day, year });

t.test('when a day comes round next', async (t) => {
  for (const [date, today, next] of [
    [on(5, 3), '2026-05-02', '2026-05-03'], [on(5, 3), '2026-05-03', '2026-05-03'], [on(5, 3), '2026-05-04', '2027-05-03'],
    [on(1, 1), '2026-12-31', '2027-01-01'], [on(12, 31), '2026-12-31', '2026-12-31'], [on(12, 31), '2027-01-01', '2027-12-31'],
    // 29 February: kept on the 28th in other years; 2000 was a leap year, 2100 is none.
    [on(2, 29), '2028-02-28', '2028-02-29'], [on(2, 29), '2028-02-29', '2028-02-29'], [on(2, 29), '2028-03-01', '2029-02-28'],
    [on(2, 29), '2027-02-28', '2027-02-28'], [on(2, 29), '2027-03-01', '2028-02-29'], [on(2, 29), '2099-12-31', '2100-02-28'], [on(2, 29), '1999-12-31', '2000-02-29'],
    // It does not come round before it began.
    [on(6, 1, 2030), '2026-01-01', '2030-06-01'], [on(2, 29, 2032), '2026-01-01', '2032-02-29'], [on(6, 1, 1990), '2026-01-01', '2026-06-01'],
  ] as const) t.equal(nextOccurrence(date, today), next, `${date.month}-${date.day} (${date.year ?? '-'}) on ${today}`);
  t.equal(daysBetween('2028-02-28', '2028-03-01'), 2);
  t.equal(daysBetween('2026-12-31', '2027-01-01'), 1);
  t.equal(daysBetween('2026-03-01', '2026-02-28'), -1);
});

t.test('which days there are', async (t) => {
  for (const good of [on(2, 29), on(2, 29, 2028), on(2, 28, 2027), on(12, 31), on(4, 30, 1990), on(2, 29, 2000)]) t.ok(isYearlyDate(good), JSON.stringify(good));
  for (const bad of [on(2, 30), on(2, 29, 2027), on(2, 29, 1900), on(4, 31), on(13, 1), on(0, 1), on(1, 0), on(1, 32)]) t.notOk(isYearlyDate(bad), JSON.stringify(bad));
});

const FIELDS: CustomerFields = {
  displayName: '王女士', salutation: null, phone: '13800001111', tier: null, memberNo: null, points: 0, email: null, wechat: null, contactBy: [], contactWhen: null,
  contactNever: false, facts: ['a', 'b'], doNot: [], allergies: [], likes: ['茶'], dislikes: [], sizes: [{ label: '鞋', value: '38' }], dates: [], companions: [],
};

t.test('an edit is in conflict where the field holds neither what was seen nor what is wanted', async (t) => {
  const seen = { phone: '13900002222', likes: ['茶'] };
  t.strictSame(conflicting(FIELDS, { phone: '13700003333', likes: ['茶', '花'] }, seen), ['phone'], 'the number was changed since; the likes were not');
  t.strictSame(conflicting(FIELDS, { phone: '13800001111' }, seen), [], 'both wrote the same');
  t.strictSame(conflicting(FIELDS, { facts: ['b', 'a'] }, { facts: ['b', 'a', 'c'] }), ['facts'], 'the order of lines counts');
  t.strictSame(conflicting(FIELDS, { sizes: [] }, { sizes: [{ value: '38', label: '鞋' }] }), [], 'the order of names in an object does not');
  t.strictSame(conflicting(FIELDS, { phone: null }, {}), [], 'without a base the last one wins');
  t.strictSame(conflicting(FIELDS, { phone: null, likes: [] }, { phone: null, likes: ['咖啡'] }), ['phone', 'likes'], 'all of them are named');
});

t.test('what counts as one preference more', async (t) => {
  const without = (change: Partial<CustomerFields>) => addedPreferences(FIELDS, { ...FIELDS, ...change });
  t.equal(without({ facts: ['b'], likes: [] }), 'none', 'taking out');
  t.equal(without({ facts: ['b', 'a'] }), 'none', 'another order');
  t.equal(without({ doNot: ['x'], allergies: ['坚果'] }), 'none', 'what protects the customer is no preference');
  t.equal(without({ facts: ['a', 'c'] }), 'replaced');
  t.equal(without({ facts: ['a'], dislikes: ['花'] }), 'replaced', 'one kind in the place of another');
  t.equal(without({ facts: ['a', 'b', 'b'] }), 'more', 'the same line twice');
  t.equal(without({ sizes: [{ label: '鞋', value: '38' }, { label: '戒指', value: '12' }] }), 'more');
});

t.test('what says more than was said, while nothing may be added', async (t) => {
  const before: CustomerFields = { ...FIELDS, email: 'a@b.cn', points: 5, contactNever: true, contactBy: ['phone', 'sms'], companions: [{ name: '旧', relation: '友', customerId: null }] };
  const says = (change: Partial<CustomerFields>) => saysMore(before, { ...before, ...change });
  for (const less of [
    {}, { email: null, phone: null, points: 0, likes: [], facts: ['b', 'a'], sizes: [], contactBy: ['sms' as const], companions: [] }, { doNot: ['勿扰'], allergies: ['花生'] },
  ]) t.notOk(says(less), JSON.stringify(less));
  for (const more of [
    { email: 'c@d.cn' }, { wechat: 'w' }, { points: 6 }, { displayName: '别人' }, { likes: ['花'] }, { facts: ['a', 'c'] }, { contactBy: ['wechat' as const] }, { contactNever: false },
    { companions: [{ name: '全新的人', relation: '妻', customerId: null }] }, { dates: [{ kind: 'birthday' as const, label: null, month: 1, day: 2, year: null }] },
  ]) t.ok(says(more), JSON.stringify(more));
});

t.test('texts lose blanks at their ends only, and are never cut', async (t) => {
  t.strictSame(readableIn({ a: ' x y ', b: [' z ', null, 3, true], c: { d: ' 👩‍👧 ' } }), { a: 'x y', b: ['z', null, 3, true], c: { d: '👩‍👧' } });
});

t.test('a name is what can be read', async (t) => {
  for (const same of ['王伟', '👨‍👩‍👧‍👦 家', 'زهرة ☕️', 'می‌خواهم', '\u05D0\u200F!', '😀'.repeat(40), 'é']) t.equal(readableLine(same), same);
  for (const [typed, read] of [
    ['\u202E王伟', '王伟'], ['王\u0000伟', '王伟'], ['\u2066a\u2069b', 'ab'], ['王\uD83D', '王'], ['王\n 伟\t', '王  伟'],
  ] as const) t.equal(readableLine(typed), read, JSON.stringify(typed));
  for (const nothing of ['\u200B\u200B', '\u202E', '\u0000', '\u3164', '\u2800', '\uFE0F\u200D', '\uDC00', ' \u00AD ']) t.equal(readableLine(nothing), '', JSON.stringify(nothing));
  t.throws(() => readableIn({ displayName: '甲', companions: [{ name: '乙' }, { name: '\u200B' }] }), { code: 'bad_request', details: { where: 'body/companions/1/name' } });
});

t.test('one mainland mobile number, however it is written', async (t) => {
  for (const typed of ['13800001111', '8613800001111', '+8613800001111', '008613800001111']) t.strictSame(new Set(phoneSpellings(typed)), new Set(phoneSpellings('13800001111')), typed);
  t.strictSame(phoneSpellings('+85212345678'), phoneSpellings('85212345678'));
  t.strictSame(phoneSpellings('02158881234'), ['02158881234', '+02158881234']);
  t.strictSame(phoneSpellings('+13800001111'), ['+13800001111'], 'of another country');
  for (const typed of ['+86 138-0000-1111', '008613800001111']) t.equal(nationalPhone(typed), '13800001111', 'as finding compares them');
});
