/** Wishes, purchases, tickets, appointments: the rules, on a real encrypted file with a clock of our own. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { TAKE_BACK_MS } from '../../appliance/dealings/index.js';
import { openRooms } from '../support/rooms.js';
import { TestClock } from '../support/scratch.js';

const DAY_MS = 86_400_000;

function start() {
  const rooms = openRooms(t, { clock: new TestClock(Date.parse('2026-11-22T02:00:00Z')) });
  const { customers, products } = rooms;
  const person = (displayName: string) => customers.create({ displayName }).id;
  return { ...rooms, person, watch: products.create({ sku: 'W', name: '月相腕表', priceMinor: 1_280_000, brand: '浪琴', category: '腕表' }), strap: products.create({ sku: 'S', name: '表带' }) };
}
const rooms = start();
const { dealings: { wishes, purchases, tickets, appointments }, dealings, clock, customers, products, visits, person, watch, strap, restricted, boughtIn, grant, consent, db } = rooms;

t.test('a wish arrives when the article came in after it; buying the article meets it', async (t) => {
  const id = person('王');
  const wish = wishes.add(id, { productId: watch.id }, 's');
  t.match(wish, { text: '月相腕表', productId: watch.id, arrivedAt: null, ended: null, by: '店长' });
  t.equal(wishes.add(id, { productId: watch.id }, 's').id, wish.id, 'wished once');
  clock.move(1_000);
  const words = wishes.add(id, { text: '蓝色表盘，38 毫米' }, 's');
  products.arrived(watch.id);
  t.match(wishes.open(id), [{ id: words.id, arrivedAt: null }, { id: wish.id, arrivedAt: new Date(clock.now()).toISOString() }]);
  clock.move(1_000);
  t.equal(wishes.add(person('后来'), { productId: watch.id }, 's').arrivedAt, null, 'who wished later waits for the next');
  const bought = purchases.add(id, { productId: watch.id }, 's');
  t.match(wishes.of(id), [{ id: words.id, ended: null }, { id: wish.id, ended: { outcome: 'bought' } }]);
  purchases.takeBack(bought.id, 's');
  t.equal(wishes.open(id).length, 2, 'not bought after all: still wished');
  wishes.end(words.id, 'dropped');
  t.match(wishes.end(words.id, 'bought'), { ended: { outcome: 'dropped' } }, 'ended is ended');
  t.throws(() => wishes.end(randomUUID(), 'bought'), { code: 'wish_not_found' });
  t.throws(() => wishes.add(id, { productId: randomUUID() }, 's'), { code: 'product_not_found' });
});

t.test('wishes rest on preferences where there is a consent; merged into one that leaves them out they wait', async (t) => {
  const id = person('同意');
  wishes.add(id, { text: '项链' }, 's');
  grant(id, ['recognise', 'preferences']);
  wishes.add(id, { text: '手镯' }, 's');
  consent.withdraw(id, { staffId: 's', deviceId: 'd' }, ['preferences']);
  t.strictSame(wishes.of(id), [], 'taken back: gone');
  t.throws(() => wishes.add(id, { text: '手镯' }, 's'), { code: 'preferences_not_agreed' });
  const other = person('另一份');
  const wish = wishes.add(other, { text: '戒指' }, 's');
  const purchase = purchases.add(other, { text: '耳环', amountMinor: 1 }, 's');
  customers.merge(other, id, 's', () => undefined);
  t.strictSame([wishes.of(id).length, purchases.of(id).length], [0, 1]);
  customers.undoMerge(customers.merges(id)[0]!.id);
  t.strictSame([wishes.of(other)[0]!.id, purchases.of(other)[0]!.id], [wish.id, purchase.id]);
});

t.test('a purchase takes the list price and the open visit; never more comes back than went', async (t) => {
  const id = person('买');
  t.equal(purchases.add(id, { productId: watch.id, quantity: 2 }, 's').amountMinor, 2_560_000);
  t.equal(purchases.of(id)[0]!.visitId, null);
  const visitId = visits.arriveByHand(id, 's');
  const purchase = purchases.add(id, { productId: watch.id, quantity: 3, amountMinor: 3_000_000, receiptNo: ' R-1 ' }, 's');
  t.match(purchase, { visitId, quantity: 3, receiptNo: 'R-1', returned: 0, text: '月相腕表' });
  t.strictSame(boughtIn, [visitId], 'the visit hears of it');
  for (const bad of [{ productId: strap.id }, { text: '没有价钱' }, { amountMinor: 5 }]) t.throws(() => purchases.add(id, bad, 's'), { code: 'purchase_incomplete' });

  const back = purchases.return(purchase.id, { quantity: 2, amountMinor: 2_000_000 }, 's');
  t.match(back, { returned: 2, returns: [{ quantity: 2, amountMinor: 2_000_000, by: '店长' }] });
  for (const bad of [{ quantity: 2, amountMinor: 1 }, { quantity: 1, amountMinor: 1_000_001 }]) t.throws(() => purchases.return(purchase.id, bad, 's'), { code: 'return_invalid' });
  t.throws(() => purchases.return(back.returns[0]!.id, { quantity: 1, amountMinor: 0 }, 's'), { code: 'purchase_not_found' }, 'a return is not returned');
  const kept = () => purchases.bought(id, 0, 9).map(({ productId, brand, quantity, returned }) => ({ productId, brand, left: quantity - returned }));
  t.strictSame(kept().map(({ left }) => left), [1, 2]);
  purchases.return(purchase.id, { quantity: 1, amountMinor: 0 }, 's');
  t.strictSame(kept(), [{ productId: watch.id, brand: '浪琴', left: 0 }, { productId: watch.id, brand: '浪琴', left: 2 }], 'how many were kept');
});

t.test('a slip is taken back for ten minutes, by whoever made it', async (t) => {
  const id = person('手滑');
  db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('other', '小周', 'associate', 'x', 0)`);
  const first = purchases.add(id, { text: '笔', amountMinor: 900 }, 's');
  const second = purchases.add(id, { text: '本', amountMinor: 900 }, 's');
  const third = purchases.add(id, { text: '包', amountMinor: 900 }, 's');
  t.throws(() => purchases.takeBack(first.id, 'other'), { code: 'purchase_settled' });
  purchases.return(second.id, { quantity: 1, amountMinor: 900 }, 's');
  t.throws(() => purchases.takeBack(second.id, 's'), { code: 'purchase_settled' });
  clock.move(TAKE_BACK_MS);
  t.equal(purchases.takeBack(first.id, 's'), id);
  clock.move(1);
  t.throws(() => purchases.takeBack(third.id, 's'), { code: 'purchase_settled' });
  t.throws(() => purchases.takeBack(first.id, 's'), { code: 'purchase_not_found' });
  t.equal(purchases.takeBack(third.id, 's', true), id, 'a manager at any time');
  t.throws(() => purchases.takeBack(second.id, 's', true), { code: 'purchase_settled' }, 'not with a return');
});

t.test('what was typed without a link is taken back for ten minutes from when it came', async (t) => {
  const id = person('断网');
  clock.move(DAY_MS);
  const late = purchases.add(id, { text: '笔', amountMinor: 900, ageMs: TAKE_BACK_MS + 60_000 }, 's');
  t.equal(Date.parse(late.takeBackUntil), clock.now() + TAKE_BACK_MS);
  t.equal(purchases.takeBack(late.id, 's'), id);
  const settled = purchases.add(id, { text: '笔', amountMinor: 900, ageMs: 60_000 }, 's');
  clock.move(TAKE_BACK_MS + 1);
  t.throws(() => purchases.takeBack(settled.id, 's'), { code: 'purchase_settled' });
});

t.test('a purchase that is told late ends what was wished by then, and nothing newer', async (t) => {
  const id = person('迟报');
  clock.move(7 * DAY_MS);
  const wish = wishes.add(id, { productId: watch.id }, 's');
  purchases.add(id, { productId: watch.id, ageMs: 3 * DAY_MS }, 's');
  t.match(wishes.of(id), [{ id: wish.id, ended: null }], 'wished today, bought three days ago');
  clock.move(10 * 60_000);
  const bought = purchases.add(id, { productId: watch.id, ageMs: 10 * 60_000 + 30_000 }, 's');
  t.match(wishes.of(id), [{ ended: { at: wish.at, outcome: 'bought' } }], 'the clocks are a little apart');
  purchases.takeBack(bought.id, 's');
  t.match(wishes.of(id), [{ ended: null }]);
  clock.move(-20 * 60_000);
  purchases.add(id, { productId: watch.id }, 's');
  t.match(wishes.of(id), [{ ended: { outcome: 'bought' } }], 'bought now, under a clock that was set back');
  clock.move(20 * 60_000);
});

t.test('nothing is older than the dossier, no wish older than the consent that it rests on', async (t) => {
  const id = person('新客');
  const madeAt = new Date(clock.now()).toISOString();
  const ageMs = 6 * DAY_MS;
  clock.move(DAY_MS);
  t.strictSame([
    purchases.add(id, { text: '包', amountMinor: 1, ageMs }, 's').at, tickets.add(id, { subject: '换带', ageMs }, 's').at, wishes.add(id, { text: '戒指', ageMs }, 's').at,
  ], [madeAt, madeAt, madeAt]);
  grant(id, ['recognise', 'preferences']);
  t.equal(wishes.add(id, { text: '手镯', ageMs }, 's').at, new Date(clock.now()).toISOString());
  t.equal(purchases.add(id, { text: '包', amountMinor: 1, ageMs: DAY_MS / 2 }, 's').at, new Date(clock.now() - DAY_MS / 2).toISOString(), 'a purchase rests on none');
});

t.test('a wish that a merge left behind is not waited for', async (t) => {
  const [from, into] = [person('旧档'), person('不记喜好')];
  const ring = products.create({ sku: 'RING', name: '戒指' });
  wishes.add(from, { productId: ring.id }, 's');
  const waiting = () => wishes.waitingFor([ring.id]).get(ring.id) ?? 0;
  t.equal(waiting(), 1);
  grant(into, ['recognise']);
  customers.merge(from, into, 's', () => undefined);
  t.equal(waiting(), 0);
  customers.undoMerge(customers.merges(into)[0]!.id);
  t.equal(waiting(), 1);
});

t.test('what was bought in a visit that was somebody else\'s is put right by anybody; a mark of the box goes with the only purchase', async (t) => {
  const id = person('认错');
  const visitId = visits.arriveByHand(id, 's');
  const stages = () => visits.of(id)[0]!.stages.map(({ stage }) => stage);
  const [one, two] = [purchases.add(id, { text: '表', amountMinor: 900 }, 's'), purchases.add(id, { text: '带', amountMinor: 900 }, 's')];
  visits.mark(visitId, 'complete', null);
  purchases.takeBack(one.id, 's');
  t.ok(stages().includes('complete'));
  purchases.takeBack(two.id, 's');
  t.notOk(stages().includes('complete'));
  const third = purchases.add(id, { text: '盒', amountMinor: 900 }, 's');
  clock.move(TAKE_BACK_MS + 1);
  visits.touch(visitId);
  t.throws(() => purchases.takeBack(third.id, 'other'), { code: 'purchase_settled' });
  visits.reject(visitId);
  t.equal(purchases.takeBack(third.id, 'other'), id);
});

t.test('a wish for what is off the list has not arrived, and can still be bought; an amount stays within what an amount may be', async (t) => {
  const id = person('下架');
  const rare = products.create({ sku: 'RARE', name: '绝版', priceMinor: 9e12 });
  const wish = wishes.add(id, { productId: rare.id }, 's');
  clock.move(1_000);
  products.arrived(rare.id);
  t.throws(() => purchases.add(id, { productId: rare.id, quantity: 2 }, 's'), { code: 'amount_too_large' });
  products.remove(rare.id);
  t.equal(wishes.open(id)[0]!.arrivedAt, null);
  t.throws(() => purchases.add(person('别人'), { productId: rare.id }, 's'), { code: 'product_not_found' });
  t.match(purchases.add(id, { productId: rare.id }, 's'), { text: '绝版', amountMinor: 9e12 });
  t.match(wishes.of(id)[0], { id: wish.id, ended: { outcome: 'bought' } });
});

t.test('the same request twice is one; another under its id is refused', async (t) => {
  const [id, other] = [person('两次'), person('别人')];
  const ids = Array.from({ length: 5 }, () => randomUUID());
  const requests = [
    (who: string, text: string) => wishes.add(who, { text, id: ids[0]! }, 's').id,
    (who: string, text: string) => purchases.add(who, { text, amountMinor: 5, id: ids[1]! }, 's').id,
    (who: string, text: string) => tickets.add(who, { subject: text, id: ids[2]! }, 's').id,
    (who: string, text: string) => appointments.add(who, { day: text === '甲' ? '2026-11-30' : '2026-12-01', time: '10:00', subject: text, id: ids[3]! }, 's').id,
  ];
  for (const [i, send] of requests.entries()) {
    t.equal(send(id, '甲'), ids[i]);
    t.equal(send(id, '甲'), ids[i]);
    t.throws(() => send(id, '乙'), { code: 'id_taken' });
    t.throws(() => send(other, '甲'), { code: 'id_taken' });
  }
  const back = { quantity: 1, amountMinor: 5, id: ids[4]! };
  purchases.return(ids[1]!, back, 's');
  t.equal(purchases.return(ids[1]!, back, 's').returned, 1);
  tickets.change(ids[2]!, { subject: '改过', state: 'ready' });
  clock.move(1);
  tickets.change(ids[2]!, { dueOn: '2026-12-01' });
  t.equal(tickets.add(id, { subject: '甲', id: ids[2]! }, 's').subject, '改过', 'it was that once');
  t.strictSame([wishes, purchases, tickets, appointments].map((each) => each.of(id).length), [1, 1, 1, 1]);
});

t.test('tickets and appointments go through their states; a day has its appointments with names', async (t) => {
  const id = person('约');
  const ticket = tickets.add(id, { subject: '换电池', dueOn: '2026-12-01' }, 's');
  t.match(ticket, { state: 'open', detail: '', dueOn: '2026-12-01', doneAt: null });
  clock.move(60_000);
  tickets.change(ticket.id, { state: 'ready' });
  t.match(tickets.ready(id), [{ id: ticket.id }]);
  t.match(tickets.change(ticket.id, { state: 'done' }), { doneAt: new Date(clock.now()).toISOString() });
  t.match(tickets.change(ticket.id, { state: 'open' }), { doneAt: null }, 'not done after all');
  t.throws(() => tickets.change(randomUUID(), { state: 'done' }), { code: 'ticket_not_found' });

  const late = appointments.add(id, { day: '2026-11-25', time: '23:30', minutes: 30, subject: '试戴', adviserId: 's' }, 's');
  const early = appointments.add(id, { day: '2026-11-25', time: '00:00', subject: '取表' }, 's');
  appointments.add(id, { day: '2026-11-26', time: '00:00', subject: '第二天' }, 's');
  t.match(appointments.ofDay('2026-11-25'), [
    { id: early.id, minutes: 60, adviser: null, displayName: '约' }, { id: late.id, at: '2026-11-25T15:30:00.000Z', adviser: { id: 's', name: '店长' }, state: 'planned' },
  ]);
  appointments.change(early.id, { state: 'cancelled' });
  t.match(appointments.change(late.id, { time: '11:00' }), { at: '2026-11-25T03:00:00.000Z', subject: '试戴' }, 'the day stays');
  t.strictSame(appointments.ofDay('2026-11-25').map((each) => each.id), [late.id], 'who called it off is not waited for');
  t.strictSame(appointments.ofDay(), [], 'today, unless said');
  t.throws(() => appointments.add(id, { day: '2026-11-25', time: '10:00', subject: 'x', adviserId: randomUUID() }, 's'), { code: 'staff_not_found' });
  t.throws(() => appointments.ofDay('2026-02-30'), { code: 'date_invalid' });
});

t.test('while a customer is restricted nothing is added, and what is under way still ends', async (t) => {
  const id = person('限制');
  const wish = wishes.add(id, { text: '项链' }, 's');
  const purchase = purchases.add(id, { text: '耳环', amountMinor: 1 }, 's');
  const ticket = tickets.add(id, { subject: '抛光' }, 's');
  const appointment = appointments.add(id, { day: '2026-12-01', time: '10:00', subject: '取' }, 's');
  restricted.add(id);
  for (const work of [
    () => wishes.add(id, { text: '手镯' }, 's'), () => purchases.add(id, { text: '笔', amountMinor: 1 }, 's'), () => purchases.return(purchase.id, { quantity: 1, amountMinor: 1 }, 's'),
    () => tickets.add(id, { subject: 'x' }, 's'), () => tickets.change(ticket.id, { detail: '更多' }), () => appointments.add(id, { day: '2026-12-01', time: '11:00', subject: 'x' }, 's'),
    () => appointments.change(appointment.id, { time: '11:00' }),
  ]) t.throws(work, { code: 'customer_restricted' });
  wishes.end(wish.id, 'dropped');
  tickets.change(ticket.id, { state: 'done' });
  appointments.change(appointment.id, { state: 'cancelled' });
  for (const work of [() => wishes.add(randomUUID(), { text: 'x' }, 's'), () => tickets.add(randomUUID(), { subject: 'x' }, 's')]) t.throws(work, { code: 'customer_not_found' });
});

t.test('C12: a purchase goes for its age with its returns, and service records when they are over', async (t) => {
  const id = person('旧');
  const purchase = purchases.add(id, { text: '旧笔', quantity: 2, amountMinor: 2 }, 's');
  const count = (table: string) => db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE customer_id = ?`, id)!.n;
  tickets.add(id, { subject: '还没好' }, 's');
  tickets.change(tickets.add(id, { subject: '好了' }, 's').id, { state: 'done' });
  wishes.add(id, { text: '还想要' }, 's');
  wishes.end(wishes.add(id, { text: '不要了' }, 's').id, 'dropped');
  appointments.add(id, { day: '2026-11-23', time: '10:00', subject: '来过' }, 's');
  appointments.add(id, { day: '2027-11-23', time: '10:00', subject: '还没来' }, 's');
  clock.move(100 * DAY_MS);
  purchases.return(purchase.id, { quantity: 1, amountMinor: 1 }, 's');
  const ms = clock.now() - 50 * DAY_MS;
  for (const { deleteBefore } of [purchases.retention, dealings.retention]) deleteBefore(ms, [id]);
  t.strictSame(['purchase', 'ticket', 'wish', 'appointment'].map(count), [2, 2, 2, 2], 'held');
  purchases.retention.deleteBefore(ms, []);
  dealings.retention.deleteBefore(ms, []);
  t.strictSame(['purchase', 'ticket', 'wish', 'appointment'].map(count), [0, 1, 1, 1]);
  dealings.erase(id);
  t.strictSame(['purchase', 'ticket', 'wish', 'appointment'].map(count), [0, 0, 0, 0]);
});
