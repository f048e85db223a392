/** What a customer seems to like: only what was said, or seen again and again. Pure. */
import fc from 'fast-check';
import t from 'tap';
import type { Taste } from '../../appliance/contract/index.js';
import type { Bought, LookedAt } from '../../appliance/greeting/facts.js';
import { ARTICLES_MIN, DAYS_MIN, mentions, tastesOf, type Seen, type Stated } from '../../appliance/greeting/tastes.js';

const ZONE = 'Asia/Shanghai';
const TODAY = '2026-05-20';
/** Noon in Shanghai, so many days ago. */
const noon = (daysAgo: number): number => Date.parse(`${TODAY}T04:00:00Z`) - daysAgo * 86_400_000;
const bought = (productId: string, daysAgo: number, change: Partial<Bought> = {}): Bought =>
  ({ productId, category: '腕表', brand: null, atMs: noon(daysAgo), endReason: null, quantity: 1, returned: 0, ...change });
const looked = (productId: string, daysAgo: number, change: Partial<LookedAt> = {}): LookedAt =>
  ({ productId, category: '腕表', brand: null, atMs: noon(daysAgo), endReason: 'left', lookedMs: 60_000, ...change });
const NOTHING: Stated = { likes: [], dislikes: [] };
const of = (seen: Partial<Seen>, stated: Partial<Stated> = {}): Taste[] => tastesOf({ ...NOTHING, ...stated }, { bought: [], lookedAt: [], ...seen }, TODAY, ZONE);
const subjects = (seen: Partial<Seen>, stated: Partial<Stated> = {}): string[] => of(seen, stated).map(({ subject }) => subject);

t.test('three articles on two days, and what they were', async (t) => {
  t.strictSame(of({ bought: [bought('a', 9)], lookedAt: [looked('b', 9), looked('c', 2)] }),
    [{ subject: '腕表', evidence: 'repeated', at: null, by: null, bought: 1, lookedAt: 2, days: ['2026-05-18', '2026-05-11'] }]);
  const three = [looked('a', 1), looked('b', 1), looked('c', 2)];
  const none: [string, Partial<Seen>][] = [
    ['two articles', { lookedAt: [looked('a', 1), looked('b', 2)] }],
    ['thirty on one day', { bought: Array.from({ length: 30 }, (_, i) => bought(`p${i}`, 1)) }],
    ['a bulk order and one look another day', { bought: [bought('a', 9, { quantity: 999 })], lookedAt: [looked('b', 2)] }],
    ['the same article over and over on two days', { lookedAt: [looked('a', 1), looked('a', 1), looked('a', 1), looked('a', 2)] }],
    ['looked at and then bought: one article', { bought: [bought('a', 1), bought('b', 2)], lookedAt: [looked('a', 1), looked('b', 2)] }],
    ['the third came back', { bought: [bought('a', 1), bought('b', 2), bought('c', 3, { quantity: 2, returned: 2 })] }],
    ['the third was put down at once', { lookedAt: [looked('a', 1), looked('b', 2), looked('c', 3, { lookedMs: 19_999 })] }],
    ['the third was somebody else', { lookedAt: [looked('a', 1), looked('b', 2), looked('c', 3, { endReason: 'not_this_person' })] }],
    ['as the box found out itself', { bought: [bought('a', 1), bought('b', 2), bought('c', 3, { endReason: 'corrected' })] }],
    ['more than two years ago', { bought: [bought('a', 1), bought('b', 2), bought('c', 731)] }],
    ['from before the clock was set back', { bought: [bought('a', 1), bought('b', 2), bought('c', -1)] }],
    ['of no category and no brand', { bought: three.map((look) => ({ ...bought(look.productId, 1), atMs: look.atMs, category: null })) }],
    ['of two categories', { lookedAt: [looked('a', 1), looked('b', 2), looked('c', 3, { category: '表带' })] }],
  ];
  for (const [name, seen] of none) t.strictSame(of(seen), [], name);
  t.strictSame(subjects({ lookedAt: three }), ['腕表']);
  t.strictSame(subjects({ bought: [bought('a', 1), bought('b', 2), bought('c', 730)] }), ['腕表'], 'two years ago to the day');
  t.strictSame(subjects({ bought: [bought('a', 1), bought('b', 2), bought('c', 3, { quantity: 2, returned: 1 })] }), ['腕表'], 'one of two came back');
});

t.test('two days are two days of the store', async (t) => {
  // 23:30 and 00:30 in Shanghai; both on one day at Greenwich.
  const evening = Date.parse('2026-05-18T15:30:00Z');
  t.strictSame(of({ lookedAt: [looked('a', 0, { atMs: evening }), looked('b', 0, { atMs: evening }), looked('c', 0, { atMs: evening + 3_600_000 })] })[0]!.days, ['2026-05-19', '2026-05-18']);
  // 00:30 and 23:30 of one day in Shanghai; two at Greenwich.
  t.strictSame(of({ lookedAt: [looked('a', 0, { atMs: evening - 23 * 3_600_000 }), looked('b', 0, { atMs: evening }), looked('c', 0, { atMs: evening })] }), []);
});

t.test('category and brand are each a taste; spellings that only look different are one', async (t) => {
  const brands = ['Omega', 'OMEGA ', 'ｏｍｅｇａ'].map((brand, i) => looked(`p${i}`, i, { brand }));
  t.strictSame(subjects({ lookedAt: brands }), ['腕表', 'Omega'].sort((a, b) => a.localeCompare(b)));
  t.strictSame(subjects({ lookedAt: [looked('a', 1, { brand: '腕表' }), looked('b', 2, { brand: '腕表' })] }), [], 'an article counts once where both are the same');
  const many = Array.from({ length: 9 }, (_, i) => [looked('a', 1, { category: `类${i}` }), looked('b', 2, { category: `类${i}` }), looked('c', 3, { category: `类${i}` })]).flat();
  t.equal(of({ lookedAt: many }).length, 6, 'the strongest six');
});

t.test('what was said comes first, with what was seen of it; what is disliked is no taste', async (t) => {
  const seen = { lookedAt: [looked('a', 1, { brand: '星辰' }), looked('b', 2, { brand: '星辰' }), looked('c', 3, { brand: '星辰' })] };
  const likes = [{ text: '喜欢银色', atMs: null, by: null }, { text: '一直喜欢星辰', atMs: noon(17), by: '小周' }];
  t.match(of(seen, { likes }), [
    { subject: '喜欢银色', evidence: 'stated', at: null, by: null, bought: 0, lookedAt: 0, days: [] },
    { subject: '一直喜欢星辰', evidence: 'stated', at: '2026-05-03T04:00:00.000Z', by: '小周', lookedAt: 3 },
    { subject: '腕表', evidence: 'repeated' },
  ]);
  t.strictSame(subjects(seen, { dislikes: ['不喜欢星辰'] }), ['腕表']);
  t.strictSame(subjects({}, { likes }), ['喜欢银色', '一直喜欢星辰'], 'what was said needs no evidence');
});

t.test('a line names a brand as a whole word', async (t) => {
  for (const [line, subject] of [['喜欢百达翡丽', '百达翡丽'], ['Patek  Philippe!', 'patek philippe'], ['OMEGA', 'Omega'], ['要ＩＷＣ的', 'IWC'], ['a.b', 'a.b'], ['表', '表']] as const) t.ok(mentions(line, subject), `${line}: ${subject}`);
  for (const [line, subject] of [['golden', 'Gold'], ['Megaomega', 'Omega'], ['代表作', '表'], ['喜欢', ''], ['', '表'], ['axb', 'a.b']] as const) t.notOk(mentions(line, subject), `${line}: ${subject}`);
});

const article = fc.record({ productId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), category: fc.constantFrom('腕表', '表带', null), brand: fc.constantFrom('星辰', 'Omega', null) });
const oneDay = (daysAgo: number) => fc.record({
  bought: fc.array(article.map((one): Bought => ({ ...bought(one.productId, daysAgo, { quantity: 50 }), ...one })), { maxLength: 60 }),
  lookedAt: fc.array(article.map((one): LookedAt => ({ ...looked(one.productId, daysAgo), ...one })), { maxLength: 60 }),
});

t.test('C23: no single day makes a taste, however much happens on it', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(800).chain(oneDay), async (seen) => {
    if (of(seen).length > 0) throw new Error('a label out of one day');
  }));
});

t.test('what is called repeated is: enough articles on enough days, and it says which', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.nat(40).chain(oneDay), { maxLength: 6 }), async (days) => {
    const seen = { bought: days.flatMap((day) => day.bought), lookedAt: days.flatMap((day) => day.lookedAt) };
    for (const taste of of(seen)) {
      if (taste.bought + taste.lookedAt < ARTICLES_MIN || new Set(taste.days).size < DAYS_MIN) throw new Error(JSON.stringify(taste));
      const theirs = [...seen.bought, ...seen.lookedAt].filter(({ category, brand }) => [category, brand].includes(taste.subject));
      if (theirs.length < taste.bought + taste.lookedAt) throw new Error('more than there was');
      if (JSON.stringify(taste.days) !== JSON.stringify([...taste.days].sort().reverse())) throw new Error('the newest day first');
    }
    // In whatever order it is told.
    const turned = { bought: [...seen.bought].reverse(), lookedAt: [...seen.lookedAt].reverse() };
    if (JSON.stringify(of(turned)) !== JSON.stringify(of(seen))) throw new Error('the order counts');
  }));
});
