/** The room on a real encrypted file: from rows to the line on the card, and what happens to it afterwards. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { Greeting, type AtHand } from '../../appliance/greeting/index.js';
import { sqlSources } from '../support/factSources.js';
import { openRooms } from '../support/rooms.js';
import { TestClock } from '../support/scratch.js';

const DAY = 86_400_000;
const MAY_3 = Date.parse('2026-05-03T06:00:00Z');
const clock = new TestClock(MAY_3);
const rooms = openRooms(t, { clock });
const { db, customers, visits, followUps, consent } = rooms;
const restricted = new Set<string>();
const greeting = new Greeting({
  ...rooms, timeZone: 'Asia/Shanghai',
  sources: sqlSources(db, { mayKnowTastes: (id) => !consent.leavesOut(id, 'preferences'), isRestricted: (id) => restricted.has(id) }),
});

let products = 0;
function product(name: string, category: string | null, brand: string | null = null): string {
  const id = randomUUID();
  db.run('INSERT INTO product (id, sku, name, category, brand, changed_at_ms) VALUES (?, ?, ?, ?, ?, ?)', id, `W-${products += 1}`, name, category, brand, clock.now());
  return id;
}
const comesIn = (productId: string) => db.run('UPDATE product SET arrived_at_ms = ? WHERE id = ?', clock.now(), productId);
const wishFor = (customerId: string, productId: string, text: string) => {
  const id = randomUUID();
  db.run(`INSERT INTO wish (id, customer_id, product_id, text, staff_id, at_ms) VALUES (?, ?, ?, ?, 's', ?)`, id, customerId, productId, text, clock.now());
  return id;
};
const look = (visitId: string, productId: string, ms = 60_000) =>
  db.run(`INSERT INTO look (id, visit_id, product_id, began_at_ms, ended_at_ms, staff_id) VALUES (?, ?, ?, ?, ?, 's')`, randomUUID(), visitId, productId, clock.now(), clock.now() + ms);
function buy(customerId: string, productId: string, back?: string): string {
  const id = randomUUID();
  db.run(`INSERT INTO purchase (id, customer_id, kind, returns_id, product_id, text, quantity, amount_minor, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, 'x', 1, 100, 's', ?)`,
    id, customerId, back === undefined ? 'purchase' : 'return', back ?? null, productId, clock.now());
  return id;
}
const like = (customerId: string, text: string, position = 0) =>
  db.run(`INSERT INTO customer_line (customer_id, kind, position, text, at_ms, staff_id) VALUES (?, 'like', ?, ?, ?, 's')`, customerId, position, text, clock.now());
/** As the card asks. */
function atHand(visitId: string): AtHand {
  const visit = visits.byId(visitId);
  return { visitId, customer: customers.byId(visit.customerId), previous: visits.previous(visit), followUp: followUps.nextOf(visit.customerId) };
}
const next = (visitId: string) => greeting.next(atHand(visitId));
/** A visit that ends at once, so that the next is not the first. */
const wasHere = (customerId: string) => { const id = visits.arriveByHand(customerId, 's'); visits.close(id); return id; };
const customer = (displayName = '王晓安') => customers.create({ displayName, salutation: '王女士' }).id;

t.test('a wish of May, the article comes in, the customer comes', async (t) => {
  const id = customer();
  wasHere(id);
  const moon = product('月相 38', '腕表', '星辰');
  const wish = wishFor(id, moon, '月相 38');
  clock.move(10 * DAY);
  t.match(next(visits.arriveByHand(id, 's')), { kind: 'welcome_back' }, 'not yet');
  visits.close(visits.openVisitOf(id)!);
  comesIn(moon);
  clock.move(7 * DAY);
  const visit = visits.arriveByHand(id, 's');
  t.strictSame(next(visit), {
    kind: 'wish_arrived', subject: wish, useful: null,
    text: { 'zh-CN': '王女士5月3日问过的月相 38到货了，可以拿给王女士看看', en: '月相 38, which 王女士 asked about on 3 May, has arrived: offer to show it' },
    reason: { 'zh-CN': '5月3日记的心愿；5月13日到货', en: 'Wish noted on 3 May; in since 13 May' },
  });
  greeting.judge(visit, { kind: 'wish_arrived', subject: wish, useful: true }, 's', () => next(visit));
  t.match(next(visit), { kind: 'wish_arrived', useful: true });
  greeting.judge(visit, { kind: 'wish_arrived', subject: wish, useful: false }, 's', () => next(visit));
  t.match(next(visit), { kind: 'welcome_back', useful: null }, 'the next one comes up at once');
  greeting.judge(visit, { kind: 'welcome_back', subject: '', useful: false }, 's', () => next(visit));
  t.equal(next(visit), null, 'and then there is nothing to say');
  greeting.judge(visit, { kind: 'wish_arrived', subject: wish, useful: null }, 's', () => next(visit));
  t.match(next(visit), { kind: 'wish_arrived', useful: null }, 'taken back');
});

t.test('what is not useful twice rests for this customer, and only there', async (t) => {
  const [id, other] = [customer(), customer('李四')];
  for (const each of [id, other]) wasHere(each);
  for (let i = 0; i < 2; i += 1) {
    clock.move(DAY);
    const visit = visits.arriveByHand(id, 's');
    t.match(next(visit), { kind: 'welcome_back' });
    greeting.judge(visit, { kind: 'welcome_back', subject: '', useful: false }, 's', () => next(visit));
    visits.close(visit);
  }
  clock.move(29 * DAY);
  t.equal(next(visits.arriveByHand(id, 's')), null);
  t.match(next(visits.arriveByHand(other, 's')), { kind: 'welcome_back' });
  clock.move(2 * DAY);
  t.match(next(visits.openVisitOf(id)!), { kind: 'welcome_back' }, 'after 30 days it is tried again');
  const own = greeting.words().find(({ kind }) => kind === 'welcome_back');
  t.match(own, { useful: 0, notUseful: 3 }, 'counted for the manager');
  clock.move(90 * DAY);
  t.match(greeting.words().find(({ kind }) => kind === 'welcome_back'), { useful: 0, notUseful: 0 }, 'for 90 days');
});

t.test('an answer about a card that named the wrong person does not count for whom it named', async (t) => {
  const id = customer();
  wasHere(id);
  for (let i = 0; i < 2; i += 1) {
    clock.move(DAY);
    const visit = visits.arriveByHand(id, 's');
    greeting.judge(visit, { kind: 'welcome_back', subject: '', useful: false }, 's', () => next(visit));
    visits.reject(visit);
  }
  t.match(next(visits.arriveByHand(id, 's')), { kind: 'welcome_back' });
  const before = greeting.words().find(({ kind }) => kind === 'welcome_back')!.notUseful;
  const visit = visits.openVisitOf(id)!;
  for (const [kind, subject] of [['ticket_ready', 'x'], ['welcome_back', 'other'], ['first_visit', '']] as const) greeting.judge(visit, { kind, subject, useful: false }, 's', () => next(visit));
  t.strictSame(greeting.words().map(({ kind, notUseful }) => (kind === 'welcome_back' ? notUseful - before : notUseful)).filter((n) => n !== 0), [], 'nor one about what was not shown');
  greeting.judge(visit, { kind: 'welcome_back', subject: '', useful: false }, 's', () => next(visit));
  visits.reject(visit);
  t.equal(greeting.words().find(({ kind }) => kind === 'welcome_back')!.notUseful, before, 'nor in the counts');
});

t.test('tastes rest on rows that stand: not on what came back, on a moment, or on somebody else\'s visit', async (t) => {
  const id = customer();
  const straps = ['a', 'b', 'c', 'd'].map((name) => product(name, '表带', '星辰'));
  const first = visits.arriveByHand(id, 's');
  look(first, straps[0]!);
  buy(id, straps[1]!);
  t.strictSame(greeting.tastes(id), [], 'one day');
  clock.move(DAY);
  visits.close(first);
  const wrong = visits.arriveByHand(id, 's');
  look(wrong, straps[2]!);
  visits.reject(wrong);
  t.strictSame(greeting.tastes(id), [], 'the second day was somebody else\'s');
  const returned = buy(id, straps[2]!);
  t.match(greeting.tastes(id).map(({ subject, bought, lookedAt }) => [subject, bought, lookedAt]).sort(), [['星辰', 2, 1], ['表带', 2, 1]].sort());
  buy(id, straps[2]!, returned);
  t.strictSame(greeting.tastes(id), [], 'it came back');
  const again = visits.arriveByHand(id, 's');
  look(again, straps[3]!, 5_000);
  t.strictSame(greeting.tastes(id), [], 'put down at once');
  look(again, straps[3]!);
  t.equal(greeting.tastes(id).length, 2);
  like(id, '喜欢星辰');
  t.match(greeting.tastes(id), [{ subject: '喜欢星辰', evidence: 'stated', by: '店长', bought: 1, lookedAt: 2, days: { length: 2 } }, { subject: '表带', evidence: 'repeated' }]);

  visits.close(again);
  clock.move(DAY);
  comesIn(product('绿色表带', '表带'));
  const later = visits.arriveByHand(id, 's');
  t.match(next(later), { kind: 'taste_new', text: { 'zh-CN': '新到了绿色表带，可以给王女士看看（表带）' }, reason: { 'zh-CN': /^表带：买过1件，看过2件，2个不同日子/ } });
  const subject = next(later)!.subject;
  greeting.judge(later, { kind: 'taste_new', subject, useful: true }, 's', () => next(later));
  t.equal(next(later)!.useful, true);
  greeting.dropTastes(id);
  t.equal(next(later)!.useful, null, 'what the customer takes back is not kept as an answer to it');
  customers.change(id, { doNot: ['请让她自己看'] });
  t.match(next(later), { kind: 'welcome_back' }, 'nothing is pushed past a do-not line');
});

t.test('no tastes are worked out against the customer\'s will', async (t) => {
  const id = customer();
  const visit = visits.arriveByHand(id, 's');
  const lookThrice = (series: string) => {
    for (const each of [0, 1, 2]) {
      clock.move(DAY);
      look(visit, product(`${series}${each}`, '怀表'));
    }
  };
  lookThrice('w');
  t.match(greeting.tastes(id), [{ subject: '怀表' }], 'without a consent they rest on the membership');
  rooms.grant(id, ['recognise', 'greet']);
  t.strictSame(greeting.tastes(id), [], 'a consent that leaves preferences out');
  rooms.grant(id, ['recognise', 'preferences']);
  t.strictSame(greeting.tastes(id), [], 'what was left out is gone');
  lookThrice('x');
  t.match(greeting.tastes(id), [{ subject: '怀表', lookedAt: 3 }]);
  restricted.add(id);
  t.strictSame(greeting.tastes(id), []);
  t.equal(next(visit), null, 'and while processing is restricted nothing is suggested');
  t.throws(() => greeting.judge(visit, { kind: 'first_visit', subject: '', useful: true }, 's', () => next(visit)), { code: 'customer_restricted' });
});

t.test('the manager\'s own words; a value in braces stays text', async (t) => {
  const id = customers.create({ displayName: '{name}', salutation: '{lastDay} $&' }).id;
  const visit = visits.arriveByHand(id, 's');
  const set = (zh: string, en: string, enabled = true) => greeting.change('first_visit', { enabled, text: { 'zh-CN': zh, en } }, 's');
  t.match(set(' ｛name｝，您好 ', 'Good day { name }'), { text: { 'zh-CN': '{name}，您好', en: 'Good day { name }' }, enabled: true });
  t.match(next(visit), { text: { 'zh-CN': '{lastDay} $&，您好', en: 'Good day {lastDay} $&' } });
  for (const [zh, en, placeholder] of [['{名字}', 'x', '{名字}'], ['x', '{lastDay}', '{lastDay}'], ['{name', 'x', '{name'], ['x', 'name}', '}']] as const) {
    t.throws(() => set(zh, en), { code: 'greeting_invalid', details: { placeholder } }, zh + en);
  }
  t.match(next(visit), { text: { en: 'Good day {lastDay} $&' } }, 'what was refused changed nothing');
  set('x', 'y', false);
  t.equal(next(visit), null, 'switched off');
  t.match(greeting.change('first_visit', { enabled: false, text: null }, 's'), { enabled: false, text: { 'zh-CN': /第一次/ } }, 'off, and the words as delivered');
  const back = greeting.change('first_visit', { enabled: true, text: null }, 's');
  t.strictSame(back.text, back.builtIn);
  t.strictSame(db.all('SELECT kind FROM greeting_words'), [], 'only what differs is kept');
});

t.test('refused: no visit, a visit that is over; erased with the dossier', async (t) => {
  const id = customer();
  const visit = visits.arriveByHand(id, 's');
  const verdict = { kind: 'first_visit', subject: '', useful: true } as const;
  t.throws(() => greeting.judge(randomUUID(), verdict, 's', () => null), { code: 'visit_not_found' });
  const updates: string[] = [];
  t.teardown(rooms.events.on('visitUpdated', ({ visitId }) => updates.push(visitId)));
  for (let i = 0; i < 2; i += 1) greeting.judge(visit, verdict, 's', () => next(visit));
  t.strictSame(updates, [visit, visit], 'told to the other iPads');
  const count = () => db.get<{ n: number }>('SELECT count(*) AS n FROM suggestion_verdict WHERE visit_id = ?', visit)!.n;
  t.equal(count(), 1, 'a repeated answer is one');
  visits.close(visit);
  t.throws(() => greeting.judge(visit, verdict, 's', () => next(visit)), { code: 'visit_closed' });
  visits.erase(id);
  t.equal(count(), 0);
});
