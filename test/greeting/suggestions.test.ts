/** From facts to the next step: what is suggested, in which order, in which words, and what rests. Pure. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import t from 'tap';
import { SUGGESTION_KINDS, type SuggestionKind, type Taste } from '../../appliance/contract/index.js';
import { dayWords } from '../../appliance/greeting/days.js';
import { silencedBy } from '../../appliance/greeting/doNot.js';
import type { Arrival, Facts } from '../../appliance/greeting/facts.js';
import { heldBack, suggestionsFor, type Verdict } from '../../appliance/greeting/suggestions.js';
import { BUILT_IN, fill, fillBoth, PLACEHOLDERS, REASONS, wrongIn } from '../../appliance/greeting/words.js';
import { packageRoot } from '../../models/manifest.js';

const ZONE = 'Asia/Shanghai';
/** Noon in Shanghai. */
const NOW = Date.parse('2026-05-20T04:00:00.000Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (ms: number): string => new Date(NOW + ms).toISOString();

const nobody: Facts = {
  name: '王女士', silenced: new Set(), tickets: [], wishes: [], appointments: [], followUp: null, dates: [], tastes: [], dislikes: [], arrivals: [],
  previous: { openedAt: at(-30 * DAY), adviser: '小周', isToday: false },
};
const ticket = { id: 't', subject: '换表带', changedAt: at(-DAY) };
const wish = { id: 'w', productId: 'p1', text: '星辰月相', at: '2026-05-03T06:00:00.000Z', arrivedAt: at(-2 * DAY) };
const appointment = { id: 'a', at: at(3 * HOUR), minutes: 30, subject: '试戴', adviser: { id: 's', name: '小李' }, madeAt: at(-9 * DAY) };
const followUp = { id: 'f', text: '带一本新目录', dueOn: '2026-05-20', author: '小周', at: at(-9 * DAY) };
const birthday = { kind: 'birthday' as const, label: null, month: 5, day: 23, year: 1990 };
const arrival: Arrival = { id: 'p2', name: '月相 38', category: '腕表', brand: '星辰', arrivedAt: at(-3 * DAY) };
const repeated: Taste = { subject: '星辰', evidence: 'repeated', at: null, by: null, bought: 1, lookedAt: 3, days: ['2026-05-01', '2026-04-02', '2026-03-05'] };
const stated: Taste = { subject: '喜欢星辰的月相', evidence: 'stated', at: '2026-05-03T06:00:00.000Z', by: '小周', bought: 0, lookedAt: 0, days: [] };
const everything: Facts = { ...nobody, tickets: [ticket], wishes: [wish], appointments: [appointment], followUp, dates: [birthday], tastes: [repeated], arrivals: [arrival] };

const kinds = (facts: Facts, nowMs = NOW): SuggestionKind[] => suggestionsFor(facts, nowMs, ZONE).map(({ kind }) => kind);
/** As the card says it, in the words as delivered. */
function said(facts: Partial<Facts>, nowMs = NOW): [text: string, reason: string, english: string, englishReason: string] {
  const [{ kind, because, values }] = suggestionsFor({ ...nobody, ...facts }, nowMs, ZONE) as [ReturnType<typeof suggestionsFor>[number]];
  const [text, reason] = [fillBoth(BUILT_IN[kind], values), fillBoth(REASONS[because], values)];
  return [text['zh-CN'], reason['zh-CN'], text.en, reason.en];
}

t.test('the most urgent comes first', async (t) => {
  t.strictSame(kinds(everything), SUGGESTION_KINDS.slice(0, -1), 'all but the first visit');
  t.strictSame(kinds({ ...everything, followUp: { ...followUp, dueOn: '2026-05-21' } }).at(-2), 'follow_up_due', 'what is not due yet comes last before the welcome');
  t.strictSame(kinds({ ...everything, followUp: { ...followUp, dueOn: null } }).at(-2), 'follow_up_due');
  t.strictSame(kinds({ ...nobody, previous: null }), ['first_visit']);
  t.strictSame(kinds({ ...everything, followUp: null, previous: null }), ['ticket_ready', 'wish_arrived', 'appointment_today', 'date_near', 'first_visit'], 'nothing is new to who was never here');
  const two = { ...nobody, tickets: [ticket, { ...ticket, id: 't2' }], wishes: [{ ...wish, id: 'older', arrivedAt: at(-9 * DAY) }, wish] };
  t.strictSame(suggestionsFor(two, NOW, ZONE).map(({ subject }) => subject), ['t', 't2', 'w', 'older', '']);
});

t.test('in both languages, with the reason', async (t) => {
  const cases: [string, Partial<Facts>, ReturnType<typeof said>][] = [
    ['a ticket', { tickets: [ticket] }, ['“换表带”已经办好，请王女士过目', '工单5月19日办好', '“换表带” is ready for 王女士', 'Ticket ready since 19 May']],
    ['a wish', { wishes: [wish] }, ['王女士5月3日问过的星辰月相到货了，可以拿给王女士看看', '5月3日记的心愿；5月18日到货', '星辰月相, which 王女士 asked about on 3 May, has arrived: offer to show it', 'Wish noted on 3 May; in since 18 May']],
    ['an appointment', { appointments: [appointment] }, ['王女士今天15:00有预约：试戴', '5月11日约好，由小李接待，预计30分钟', '王女士 has an appointment at 15:00: 试戴', 'Made on 11 May, with 小李, about 30 min']],
    ['with nobody named', { appointments: [{ ...appointment, adviser: null }] }, ['王女士今天15:00有预约：试戴', '5月11日约好，预计30分钟', '王女士 has an appointment at 15:00: 试戴', 'Made on 11 May, about 30 min']],
    ['due today', { followUp }, ['答应过王女士：带一本新目录', '小周5月11日记下，今天到期', 'Promised to 王女士: 带一本新目录', 'Noted by 小周 on 11 May, due today']],
    ['overdue since last year', { followUp: { ...followUp, dueOn: '2025-12-30' } }, ['答应过王女士：带一本新目录', '小周5月11日记下，应在2025年12月30日完成', 'Promised to 王女士: 带一本新目录', 'Noted by 小周 on 11 May, was due on 30 December 2025']],
    ['due later', { followUp: { ...followUp, dueOn: '2026-06-01' } }, ['答应过王女士：带一本新目录', '小周5月11日记下，6月1日到期', 'Promised to 王女士: 带一本新目录', 'Noted by 小周 on 11 May, due on 1 June']],
    ['without a day', { followUp: { ...followUp, dueOn: null } }, ['答应过王女士：带一本新目录', '小周5月11日记下，没有期限', 'Promised to 王女士: 带一本新目录', 'Noted by 小周 on 11 May, no date set']],
    ['a birthday', { dates: [birthday] }, ['王女士的生日是5月23日，记得道一声祝贺', '档案里的重要日子：5月23日', '王女士’s birthday is on 23 May: a kind word is welcome', 'Among the important dates: 23 May']],
    ['an anniversary today, with a name', { dates: [{ kind: 'anniversary', label: '结婚纪念日', month: 5, day: 20, year: null }] }, ['王女士的结婚纪念日是今天，记得道一声祝贺', '档案里的重要日子：5月20日', '王女士’s 结婚纪念日 is today: a kind word is welcome', 'Among the important dates: 20 May']],
    ['something new, by what was seen', { arrivals: [arrival], tastes: [repeated] }, ['新到了月相 38，可以给王女士看看（星辰）', '星辰：买过1件，看过3件，3个不同日子；5月17日到货', 'New in: 月相 38. 王女士 may like to see it (星辰)', '星辰: bought 1, looked at 3, on 3 different days; in since 17 May']],
    ['by what was said', { arrivals: [arrival], tastes: [stated] }, ['新到了月相 38，可以给王女士看看（星辰）', '顾客说过喜欢“喜欢星辰的月相”（5月3日，小周记）；5月17日到货', 'New in: 月相 38. 王女士 may like to see it (星辰)', 'The customer said: “喜欢星辰的月相” (noted by 小周 on 3 May); in since 17 May']],
    ['by what was said, nobody knows when', { arrivals: [arrival], tastes: [{ ...stated, at: null, by: null }] }, ['新到了月相 38，可以给王女士看看（星辰）', '顾客说过喜欢“喜欢星辰的月相”；5月17日到货', 'New in: 月相 38. 王女士 may like to see it (星辰)', 'The customer said: “喜欢星辰的月相”; in since 17 May']],
    ['back again', {}, ['欢迎王女士回来，上次是4月20日，小周接待', '依据到店记录', 'Welcome 王女士 back; last here on 20 April, served by 小周', 'From the record of visits']],
    ['whom nobody served last time', { previous: { openedAt: at(-400 * DAY), adviser: null, isToday: false } }, ['欢迎王女士回来，上次是2025年4月15日', '依据到店记录', 'Welcome 王女士 back; last here on 15 April 2025', 'From the record of visits']],
    ['who was here earlier today', { previous: { openedAt: at(-2 * HOUR), adviser: '小周', isToday: true } }, ['欢迎王女士回来，今天早些时候来过，小周接待', '依据到店记录', 'Welcome 王女士 back; here earlier today, served by 小周', 'From the record of visits']],
    ['and whom nobody served then', { previous: { openedAt: at(-2 * HOUR), adviser: null, isToday: true } }, ['欢迎王女士回来，今天早些时候来过', '依据到店记录', 'Welcome 王女士 back; here earlier today', 'From the record of visits']],
    ['the first time', { previous: null }, ['王女士第一次登记到店，先自我介绍，不必着急', '到店记录里没有更早的一次', 'First visit on record for 王女士: introduce yourself and take your time', 'No earlier visit on record']],
  ];
  for (const [name, facts, expected] of cases) t.strictSame(said(facts), expected, name);
});

t.test('what is not there, not yet, or not any more', async (t) => {
  const none: [string, Partial<Facts>, number?][] = [
    ['a wish that has not arrived', { wishes: [{ ...wish, arrivedAt: null }] }],
    ['an appointment in seven hours', { appointments: [{ ...appointment, at: at(7 * HOUR) }] }],
    ['one missed three hours ago', { appointments: [{ ...appointment, at: at(-3 * HOUR) }] }],
    ['one after midnight, five hours from now', { appointments: [{ ...appointment, at: '2026-05-20T17:00:00.000Z' }] }, Date.parse('2026-05-20T12:00:00.000Z')],
    ['a birthday in eight days', { dates: [{ ...birthday, day: 28 }] }],
    ['a birthday that was yesterday', { dates: [{ ...birthday, day: 19 }] }],
    ['a day of which nobody knows what it is', { dates: [{ ...birthday, kind: 'other', label: '外婆' }] }],
    ['new, and no taste', { arrivals: [arrival] }],
    ['a taste, and nothing new', { tastes: [repeated] }],
    ['in since before the last visit', { arrivals: [{ ...arrival, arrivedAt: at(-31 * DAY) }], tastes: [repeated] }],
    ['in for four months', { arrivals: [{ ...arrival, arrivedAt: at(-120 * DAY) }], tastes: [repeated], previous: { openedAt: at(-300 * DAY), adviser: null, isToday: false } }],
    ['of a brand that the customer dislikes', { arrivals: [arrival], tastes: [{ ...repeated, subject: '腕表' }], dislikes: ['不要星辰'] }],
    ['of a kind that is no taste', { arrivals: [{ ...arrival, brand: '别家', category: '表带' }], tastes: [repeated] }],
  ];
  for (const [name, facts, now] of none) t.strictSame(kinds({ ...nobody, ...facts }, now), ['welcome_back'], name);
  t.strictSame(kinds({ ...nobody, wishes: [{ ...wish, productId: arrival.id }], arrivals: [arrival], tastes: [repeated] }), ['wish_arrived', 'welcome_back'], 'what was wished for is said once');
  t.equal(kinds({ ...nobody, arrivals: Array.from({ length: 9 }, (_, i) => ({ ...arrival, id: `n${i}` })), tastes: [repeated] }).filter((kind) => kind === 'taste_new').length, 3, 'not all of the shelf');
  t.strictSame(kinds({ ...nobody, appointments: [{ ...appointment, at: at(-3 * HOUR), minutes: 240 }] })[0], 'appointment_today', 'one that still goes on');
  t.strictSame(said({ dates: [{ ...birthday, month: 2, day: 29 }] }, Date.parse('2027-02-25T04:00:00Z'))[1], '档案里的重要日子：2月28日', '29 February is kept on the 28th');
  t.strictSame(said({ dates: [{ ...birthday, month: 2, day: 29 }] }, Date.parse('2028-02-27T16:30:00Z'))[0], '王女士的生日是明天，记得道一声祝贺', 'and in a leap year on its day; it is the 28th in Shanghai already');
});

t.test('a do-not line silences what it forbids, and nothing else; what was asked for or promised is always told', async (t) => {
  const table: [silenced: SuggestionKind[], lines: string[]][] = [
    // Left alone: nothing that was not asked for.
    [['date_near', 'taste_new'], [
      '请让她自己看', '喜欢自己逛', '进店先让她自己看，不要跟随', '请勿打扰', '勿扰', '不要跟着', '别一直跟', '不要主动搭话', '不要靠近', '让他自己看，有事再联系他', '试戴时请勿打扰',
      'leave alone to browse', 'Please do not disturb', 'do not approach first', 'don’t follow her around', 'Leave alone, contact his wife first', 'Let him browse and call only if he asks',
      "Don't hover when she is on the phone",
    ]],
    [['date_near'], [
      '不要提生日', '不过生日', '请勿祝贺', '别祝生日快乐，微信也别发', '离婚了，不要提结婚纪念日', '电话不要打，也别提周年', '不要问她生日是哪天', '生日别打电话',
      'never mention birthdays', 'no anniversary wishes', "don't wish happy birthday, call him Mr Wang", 'No calls about birthdays', 'Widowed: no anniversary, please', 'No Happy Birthday!',
    ]],
    [['taste_new'], [
      '不要推销', '不要推', '别推了', '不要推荐新款', '不推荐石英表', '别介绍新品', '不要硬卖', '不要发微信推销', '直接叫王总，别推荐东西', '不要推荐皮草',
      'no sales pitch', 'do not recommend anything', 'no new arrivals, please', 'don’t push products', 'Do not call him by first name, no recommendations please', 'no texts about new arrivals', "don't try to sell",
    ]],
    // About something that no suggestion does.
    [[], [
      '不要再问人脸识别', '不谈价格折扣', '试戴时请勿催促', '不要打电话', '上班时间不要打电话打扰', '未婚夫不知道，勿打电话到家', '不用皮质包装', '不要拍照', '不要拍照，她是公众人物', '不要发朋友圈', '不要喷香水',
      '旧表不要抛光', '不要叫全名', '电话、微信都不要', '不喝咖啡，倒温水', '别让她久等', '发票不要寄到公司',
      'do not call', 'no calls or texts', 'Do not disturb by phone', 'do not ask about face recognition', 'no photos', 'no discounts', 'Do not call him by first name', 'no gift wrapping', 'no follow-up calls', "Don't rush him: he decides slowly", 'no perfume near her', '', '，。',
    ]],
    // Nobody understands it: nothing that was not asked for.
    [['date_near', 'taste_new'], ['不要提她先生', '别问家里的事', '不要打电话，别提她先生', '安静', '别提上次那件事', '不要给她看皮质表带', '别催他，也别提戒指', 'do not mention the ring', 'never mention her husband', 'Not in front of his boss', 'No calls, no small talk', '!?x']],
  ];
  for (const [silenced, lines] of table) for (const line of lines) t.strictSame([...silencedBy([line])].sort(), silenced, line);
  t.strictSame([...silencedBy(['不要打电话', '不要提生日', '不要推销'])].sort(), ['date_near', 'taste_new'], 'several lines together');
  t.equal(silencedBy([]).size, 0);
  t.strictSame(kinds({ ...everything, silenced: silencedBy(['请勿打扰']) }), ['ticket_ready', 'wish_arrived', 'appointment_today', 'follow_up_due', 'welcome_back']);
  t.ok(kinds({ ...everything, silenced: silencedBy(['不要再问人脸识别']) }).includes('date_near'));
});

t.test('every kind gives a value to each of its placeholders and to each of its reasons', async (t) => {
  const all = [everything, { ...everything, appointments: [{ ...appointment, adviser: null }] }, { ...everything, previous: null }, { ...everything, tastes: [stated] }, { ...everything, followUp: { ...followUp, dueOn: null } }].flatMap((facts) => suggestionsFor(facts, NOW, ZONE));
  t.strictSame([...new Set(all.map(({ kind }) => kind))].sort(), [...SUGGESTION_KINDS].sort());
  for (const { kind, because, values } of all) {
    for (const placeholder of PLACEHOLDERS[kind]) t.ok(values[placeholder]?.en && values[placeholder]['zh-CN'], `${kind}: ${placeholder}`);
    for (const text of Object.values(fillBoth(REASONS[because], values))) t.notMatch(text, /[{}]|undefined|null/, because);
  }
  for (const kind of SUGGESTION_KINDS) for (const text of Object.values(BUILT_IN[kind])) t.equal(wrongIn(text, kind), null, `${kind}: ${text}`);
});

t.test('words with something in braces that cannot stand there', async (t) => {
  const wrong: [string, string][] = [
    ['{price}', '{price}'], ['{wish} {WISH}', '{WISH}'], ['{wish', '{wish'], ['wish} for {name}', '} for  '], ['{}', '{}'], ['{{name}}', '{ }'], ['{na{name}me}', '{na me}'], ['{constructor}', '{constructor}'],
    ['{__proto__}', '{__proto__}'], ['{name}{', '{'],
  ];
  for (const [template, found] of wrong) t.equal(wrongIn(template, 'wish_arrived'), found, template);
  for (const template of ['', '没有花括号', '{name}', '{ name }', '{name}{wish}{name}', '${name}', '$& {name} $1']) t.equal(wrongIn(template, 'wish_arrived'), null, template);
  t.equal(wrongIn('{lastTime}', 'first_visit'), '{lastTime}', 'of another kind');
});

t.test('a value is text, whatever stands in it', async (t) => {
  for (const text of ['{name}', '{wish}', '$&', '$1', '}{', '<b>', '{{']) {
    t.equal(fill('{wish}·{name}', { wish: { 'zh-CN': text, en: text }, name: { 'zh-CN': '王', en: 'W' } }, 'zh-CN'), `${text}·王`, text);
  }
  t.equal(fill('{constructor}', {}, 'en'), '{constructor}');
  t.equal([...fill('{note}', { note: { 'zh-CN': '𠮷'.repeat(500), en: '' } }, 'zh-CN')].length, 400, 'no longer than the card takes, and no half character');
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }), async (template, value) => {
    if (wrongIn(template, 'first_visit') !== null) return;
    const text = fill(template, { name: { 'zh-CN': value, en: value } }, 'en');
    const parts = template.split(/\{\s*name\s*\}/u);
    if (text !== parts.join(value)) throw new Error(JSON.stringify({ template, value, text }));
  }));
});

t.test('a kind rests after two answers in a row that it was not useful', async (t) => {
  const no = (days: number, kind: SuggestionKind = 'date_near'): Verdict => ({ kind, useful: false, atMs: NOW - days * DAY, visitId: String(days) });
  const yes = (days: number): Verdict => ({ ...no(days), useful: true });
  const cases: [string, Verdict[], boolean][] = [
    ['nobody said anything', [], false], ['once', [no(1)], false], ['twice', [no(1), no(5)], true], ['in whatever order they come', [no(5), no(1)], true],
    ['a yes between', [no(1), yes(2), no(5)], false], ['a yes after', [yes(1), no(2), no(5)], false], ['a yes before', [no(1), no(2), yes(5)], true],
    ['of two kinds', [no(1), no(2, 'welcome_back')], false], ['29 days ago', [no(29), no(40)], true], ['30 days ago', [no(30), no(40)], false],
    ['twice in one visit', [no(1), { ...no(5), visitId: '1' }], false], ['what somebody waits for', [no(1, 'ticket_ready'), no(2, 'ticket_ready')], false],
    ['the clock was set back by two days', [no(-2), no(5)], true],
  ];
  for (const [name, verdicts, rests] of cases) t.strictSame([...heldBack(verdicts, NOW)], rests ? ['date_near'] : [], name);
});

t.test('days stand as they are said', async (t) => {
  t.strictSame(dayWords('2026-05-03', '2026-12-31'), { 'zh-CN': '5月3日', en: '3 May' });
  t.strictSame(dayWords('2025-12-31', '2026-01-01'), { 'zh-CN': '2025年12月31日', en: '31 December 2025' });
});

/** Every property that a file's types name. */
function propertiesOf(text: string): string[] {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2023, true);
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) names.push(node.name.getText(file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}
const ROOM = join(packageRoot(), 'appliance/greeting');
const sources = readdirSync(ROOM).filter((name) => name.endsWith('.ts')).map((name) => ({ name, text: readFileSync(join(ROOM, name), 'utf8') }));

t.test('C16: a suggestion rests on nothing that is read from a face', async (t) => {
  t.strictSame(Object.keys(everything).sort(), [
    'appointments', 'arrivals', 'dates', 'dislikes', 'followUp', 'name', 'previous', 'silenced', 'tastes', 'tickets', 'wishes',
  ], 'all facts that there are');
  const facts = propertiesOf(sources.find(({ name }) => name === 'facts.ts')!.text);
  t.ok(facts.length > 30, `${facts.length} names`);
  for (const name of facts) t.notMatch(name, /emotion|mood|age$|aged|gender|sex|ethnic|race|skin|face|score|similar|embedding|template|photo/i, name);
  for (const { name, text } of sources) {
    for (const [, path] of text.matchAll(/from '([^']+)'/g)) t.match(path, /^\.\/|^\.\.\/(contract|events|kit|storage)\/index\.js$/, `${name} imports ${path}`);
  }
});

t.test('C23: a suggestion knows neither the score of a match nor a price, and is no more than words that staff can wave away', async (t) => {
  for (const { name, text } of sources) {
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    t.notMatch(code, /score|similarity|threshold|price|amount|minor|discount|coupon|currency/i, name);
  }
  for (const draft of suggestionsFor(everything, NOW, ZONE)) t.strictSame(Object.keys(draft).sort(), ['because', 'kind', 'rank', 'subject', 'values']);
});
