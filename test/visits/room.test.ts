/** The visits room on a real encrypted file with a clock that is moved: days, jumps, who serves, what is looked at, confusions. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import type { HandOver, Service, Visit } from '../../appliance/contract/index.js';
import { isPorticoError } from '../../appliance/kit/index.js';
import { ATTENDED_GAP_MS, REFRESH_MS, Visits } from '../../appliance/visits/index.js';
import { openRooms, type TestRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Ten in the morning in Shanghai, where the business day ends at four. */
const MORNING_MS = Date.parse('2026-05-01T10:00:00+08:00');
const WATCH = randomUUID();
const BAG = randomUUID();
const NAMES = new Map<string, string>([[WATCH, '银色腕表'], [BAG, '牛皮手提包']]);

function openStore(t: Test, dataDirectory = temporaryDirectory(t), clock = new TestClock(MORNING_MS)) {
  const rooms = openRooms(t, { dataDirectory, clock, dayEndsAt: '04:00' });
  const { db } = rooms;
  for (const [id, name, role] of [['a', '陆遥', 'associate'], ['b', '周宁', 'associate'], ['it', '运维', 'it']] as const) {
    db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES (?, ?, ?, 'x', 0) ON CONFLICT DO NOTHING`, id, name, role);
  }
  for (const [id, name] of NAMES) db.run('INSERT INTO product (id, sku, name, changed_at_ms) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING', id, id, name);
  rooms.visits.dealsIn((id) => NAMES.get(id) ?? null, (visitId) => db.get<{ n: number }>('SELECT count(*) AS n FROM purchase WHERE visit_id = ?', visitId)!.n);
  const arrive = (displayName = '林知夏') => {
    const customerId = rooms.customers.create({ displayName }).id;
    return { customerId, visitId: rooms.visits.arriveByHand(customerId, 'a') };
  };
  /** As a face opens a visit: nobody of the staff had a hand in it. */
  const recognise = (displayName: string) => {
    const visit = arrive(displayName);
    db.run(`UPDATE visit SET arrival = 'recognised' WHERE id = ?`, visit.visitId);
    db.run('UPDATE visit_stage SET staff_id = NULL WHERE visit_id = ?', visit.visitId);
    return visit;
  };
  const visitOf = (customerId: string): Visit => rooms.visits.of(customerId)[0]!;
  return { ...rooms, dataDirectory, arrive, recognise, visitOf };
}
/** The code that an act is refused with. */
function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isPorticoError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}
const minutes = (from: string, to: string | null) => (Date.parse(to!) - Date.parse(from)) / MINUTE_MS;
const who = (services: readonly Service[]) => services.map(({ by, from, to }) => [by.name, to === null ? null : minutes(from, to)]);
/** An old file has a wider gap than a minute; so do stores. */
const patient = ({ db, clock, events }: TestRooms) => new Visits({ db, clock, events, gapMs: 3 * HOUR_MS, timeZone: 'Asia/Shanghai', dayEndsAt: '04:00' });

t.test('the business day ends a visit, at the time last seen, and whoever comes after it begins another', async (t) => {
  const store = openStore(t);
  const visits = patient(store);
  const { clock } = store;
  clock.move(16 * HOUR_MS); // 02:00
  const { customerId, visitId } = store.arrive();
  clock.move(90 * MINUTE_MS);
  t.equal(visits.arriveByHand(customerId, 'a'), visitId, 'seen at 03:30: the same presence');
  t.equal(visits.closeStale(), 0);
  clock.move(29 * MINUTE_MS);
  t.equal(visits.closeStale(), 0, '03:59');
  clock.move(MINUTE_MS);
  t.equal(visits.closeStale(), 1, '04:00');
  const [ended] = visits.of(customerId);
  t.match(ended, { endReason: 'day_over', closedAt: ended!.lastSeenAt });
  t.equal(minutes(ended!.openedAt, ended!.closedAt), 90);
  t.not(visits.arriveByHand(customerId, 'a'), visitId);
  clock.move(-2 * MINUTE_MS);
  t.equal(visits.closeStale(), 0, 'a clock set back over the boundary ends nothing');
});

t.test('a box that was off over night ends what was open where it was last seen', async (t) => {
  const store = openStore(t);
  const { clock, dataDirectory } = store;
  const early = store.arrive('早走');
  store.visits.serve(early.visitId, 'a');
  clock.move(17 * HOUR_MS + 59.5 * MINUTE_MS); // 03:59:30
  const late = store.arrive('晚走');
  store.visits.serve(late.visitId, 'b');
  store.close();
  clock.move(5 * HOUR_MS);
  const next = openStore(t, dataDirectory, clock);
  t.equal(next.visits.closeStale(), 2);
  t.equal(next.visitOf(early.customerId).endReason, 'left', 'gone long before the day ended');
  t.equal(next.visitOf(late.customerId).endReason, 'day_over', 'unseen for half a minute by then');
  for (const { customerId } of [early, late]) {
    const { closedAt, lastSeenAt, services } = next.visitOf(customerId);
    t.equal(closedAt, lastSeenAt);
    t.not(services[0]!.to, null, 'nobody serves into the next day');
  }
});

t.test('a clock set back or forward makes no stay negative and no visit that lasts for ever', async (t) => {
  const store = openStore(t);
  const visits = patient(store);
  const { clock } = store;
  const { customerId, visitId } = store.arrive();
  visits.serve(visitId, 'a');
  clock.move(20 * MINUTE_MS);
  visits.touch(visitId);
  clock.move(-HOUR_MS);
  visits.touch(visitId);
  visits.serve(visitId, 'b');
  t.equal(visits.closeStale(), 0, 'an hour is within the gap');
  t.equal(visits.byId(visitId).lastSeenAt, visits.byId(visitId).openedAt, 'not before it began');
  clock.move(HOUR_MS + 10 * MINUTE_MS);
  visits.touch(visitId);
  t.equal(minutes(visits.byId(visitId).openedAt, visits.byId(visitId).lastSeenAt), 30, 'it counts on when the old time is reached');
  clock.move(-365 * DAY_MS);
  t.equal(visits.closeStale(), 1, 'a year is not');
  const { openedAt, lastSeenAt, closedAt, services } = visits.of(customerId)[0]!;
  t.ok(closedAt! >= openedAt && lastSeenAt >= openedAt);
  for (const { from, to } of services) t.ok(to! >= from, 'nobody served for less than no time');
  t.not(visits.arriveByHand(customerId, 'a'), visitId);
  clock.move(3 * 365 * DAY_MS);
  t.equal(visits.closeStale(), 1, 'nor a year forward');
});

t.test('a visit that was only recognised ends by the gap; one in which staff did something does not end under their hands', async (t) => {
  const store = openStore(t);
  const { visits, clock, customers } = store; // unseen for a minute: left
  const deeds: Record<string, (visit: { customerId: string; visitId: string }) => void> = {
    nothing: () => undefined,
    served: ({ visitId }) => visits.serve(visitId, 'a'),
    'a look': ({ visitId }) => visits.look(visitId, { productId: WATCH }, 'a'),
    'a note': ({ customerId }) => void customers.addNote(customerId, '喜欢银色', 'a'),
    'a stage': ({ visitId }) => visits.setStage(visitId, { stage: 'discover', reached: true }, 'a'),
    'a purchase': ({ visitId }) => visits.mark(visitId, 'complete', null),
    'enrolled by the box\'s own mark': ({ visitId }) => visits.mark(visitId, 'register', null),
  };
  const open = Object.entries(deeds).map(([name, act]) => {
    const visit = store.recognise(name);
    act(visit);
    return { name, ...visit };
  });
  const byHand = store.arrive('登记');
  clock.move(61_000);
  visits.closeStale();
  t.strictSame(open.filter(({ visitId }) => visits.byId(visitId).closedAt !== null).map(({ name }) => name), ['nothing', 'enrolled by the box\'s own mark']);
  t.equal(visits.correct(open[3]!.visitId), false, 'nor does the box take it back under a note');
  clock.move(ATTENDED_GAP_MS - 62_000);
  t.equal(visits.closeStale(), 0);
  clock.move(1_000);
  t.equal(visits.closeStale(), 6, 'two hours after the last deed');
  for (const { customerId } of [...open, byHand]) {
    const { openedAt, closedAt, endReason } = visits.of(customerId)[0]!;
    t.match({ endReason, stay: minutes(openedAt, closedAt) }, { endReason: 'left', stay: 0 }, 'the stay ends with the last deed, not with the closing');
  }
});

t.test('work keeps a visit alive, without a camera too; what only looks does not', async (t) => {
  const store = openStore(t);
  const { visits, clock, customers, followUps, events } = store;
  const { customerId, visitId } = store.arrive();
  let told = 0;
  events.on('visitUpdated', () => { told += 1; });
  const still = (name: string) => {
    clock.move(ATTENDED_GAP_MS - 10_000);
    t.equal(visits.closeStale(), 0, name);
  };
  still('nothing yet');
  visits.serve(visitId, 'a');
  t.equal(told, 1, 'told once');
  still('served');
  visits.look(visitId, { productId: WATCH }, 'a');
  still('a look');
  customers.addNote(customerId, '喜欢银色', 'a');
  still('a note');
  visits.mark(visitId, 'complete', null);
  still('a purchase');
  visits.handOver(visitId, { staffId: 'b', note: null }, 'a');
  still('handed over');
  const { id } = followUps.add(customerId, { text: '回电' }, 'a');
  visits.of(customerId);
  clock.move(10_000);
  followUps.complete(id);
  t.equal(visits.closeStale(), 1, 'what was done for the customer elsewhere says nothing about their being here');
  t.equal(visits.of(customerId)[0]!.lastSeenAt, new Date(clock.now() - ATTENDED_GAP_MS).toISOString());
});

t.test('work after the gap, before anybody noticed it, keeps the visit; not over the end of the business day', async (t) => {
  const { visits, clock, arrive } = openStore(t);
  const { visitId } = arrive();
  clock.move(HOUR_MS);
  visits.serve(visitId, 'a');
  t.equal(visits.closeStale(), 0);
  t.equal(visits.byId(visitId).closedAt, null);
  clock.move(DAY_MS);
  t.equal(refusalOf(() => visits.serve(visitId, 'b')), 'visit_closed');
});

t.test('a note counts to the visit before which it was typed, however late it comes', async (t) => {
  const { visits, clock, arrive, events, visitOf } = openStore(t);
  const { customerId, visitId } = arrive();
  clock.move(10 * MINUTE_MS);
  const typedMs = clock.now();
  visits.close(visitId);
  clock.move(DAY_MS);
  visits.arriveByHand(customerId, 'a');
  events.emit('noteAdded', { customerId, atMs: typedMs });
  const marked = visits.of(customerId).filter(({ stages }) => stages.some(({ stage }) => stage === 'reflect')).map(({ id }) => id);
  t.strictSame(marked, [visitId]);
  t.notOk(visitOf(customerId).stages.some(({ stage }) => stage === 'reflect'));
});

t.test('what is done now is done in the open visit, wherever the clock was set meanwhile; what is told late in the one of its time', async (t) => {
  const { visits, clock, arrive, events, visitOf, dealings } = openStore(t);
  const { customerId, visitId } = arrive();
  clock.move(-5 * MINUTE_MS);
  t.equal(visits.visitAt(customerId, clock.now()), visitId, 'set back');
  events.emit('noteAdded', { customerId, atMs: clock.now() });
  t.match(visitOf(customerId).stages.at(-1), { stage: 'reflect', at: visitOf(customerId).openedAt });
  t.equal(visits.visitAt(customerId, clock.now() - 2 * MINUTE_MS), null, 'two minutes ago there was none');
  clock.move(3 * HOUR_MS);
  visits.touch(visitId);
  clock.move(-2 * HOUR_MS + MINUTE_MS);
  dealings.purchases.add(customerId, { text: '表带', amountMinor: 1, ageMs: 200 }, 'a');
  t.equal(Date.parse(visitOf(customerId).lastSeenAt), clock.now(), 'and keeps it alive by the clock as it is');
});

t.test('what was typed into a card that was somebody else\'s belongs to no visit of the customer\'s, however late it comes', async (t) => {
  const { visits, clock, arrive, visitOf, recognise, dealings, db } = openStore(t);
  const { customerId, visitId } = arrive();
  clock.move(10 * MINUTE_MS);
  visits.touch(visitId);
  clock.move(30 * MINUTE_MS);
  db.run(`UPDATE visit SET closed_at_ms = last_seen_at_ms, end_reason = 'left' WHERE id = ?`, visitId);
  const wrong = visits.arriveByHand(customerId, 'a');
  clock.move(10 * MINUTE_MS);
  visits.reject(wrong);
  clock.move(20 * MINUTE_MS);
  const purchase = dealings.purchases.add(customerId, { text: '腕表', amountMinor: 1, ageMs: 25 * MINUTE_MS }, 'a');
  t.equal(purchase.visitId, wrong);
  t.notOk(visits.of(customerId).some(({ stages }) => stages.some(({ stage }) => stage === 'complete')), 'nobody bought anything in either');
  t.equal(dealings.purchases.takeBack(purchase.id, 'b'), customerId, 'a colleague puts it right');
  t.equal(dealings.purchases.add(customerId, { text: '腕表', amountMinor: 1, ageMs: 40 * MINUTE_MS }, 'a').visitId, visitId, 'before the card came');

  const early = recognise('一闪');
  clock.move(5 * MINUTE_MS);
  visits.correct(early.visitId);
  clock.move(5 * MINUTE_MS);
  const typed = dealings.purchases.add(early.customerId, { text: '盒', amountMinor: 1, ageMs: 6 * MINUTE_MS }, 'a');
  t.match(visitOf(early.customerId), { id: typed.visitId, endReason: 'corrected', stages: [] });
  t.equal(dealings.purchases.takeBack(typed.id, 'b'), early.customerId);
});

t.test('handed over to somebody who left meanwhile: to whoever comes', async (t) => {
  const { visits, arrive, db } = openStore(t);
  const { visitId } = arrive();
  visits.serve(visitId, 'a');
  visits.handOver(visitId, { staffId: 'b', note: '看表' }, 'a');
  const shown = () => visits.onCards([visits.byId(visitId)]).get(visitId)!.handedOver;
  t.match(shown(), { to: { id: 'b' }, note: '看表' });
  db.run(`UPDATE staff SET left_at_ms = 1 WHERE id = 'b'`);
  t.match(shown(), { to: null, note: '看表' });
});

t.test('a standing customer does not wear the disk', async (t) => {
  const { arrive, visits, clock, db } = openStore(t);
  const { visitId } = arrive();
  const written = () => db.get<{ n: number }>('SELECT total_changes() AS n')!.n;
  const before = written();
  for (let ms = 1_000; ms < REFRESH_MS; ms += 1_000) {
    clock.move(1_000);
    visits.touch(visitId);
  }
  t.equal(written(), before);
  clock.move(1_000);
  visits.touch(visitId);
  t.ok(written() > before);
});

t.test('who serves, from when to when, and with what words the customer was handed on', async (t) => {
  const { arrive, visits, visitOf, clock } = openStore(t);
  const { customerId, visitId } = arrive();
  const refused = (request: HandOver, by: string) => refusalOf(() => visits.handOver(visitId, request, by));
  t.equal(refused({ staffId: 'b' }, 'a'), 'hand_over_invalid', 'nobody serves yet');
  visits.serve(visitId, 'a');
  clock.move(20_000);
  visits.serve(visitId, 'a');
  t.equal(refused({ staffId: 'b' }, 'b'), 'hand_over_invalid', 'somebody else does');
  t.equal(refused({ staffId: 'a' }, 'a'), 'hand_over_invalid', 'to oneself');
  t.equal(refused({ staffId: 'it' }, 'a'), 'hand_over_invalid', 'IT serves nobody');
  t.equal(refused({ staffId: randomUUID() }, 'a'), 'hand_over_invalid', 'nobody');
  clock.move(10_000);
  visits.handOver(visitId, { staffId: 'b', note: ' 在看银色腕表，预算两万 ' }, 'a');
  const card = () => visits.onCards([visits.byId(visitId)]).get(visitId)!;
  t.match(card().handedOver, { by: { name: '陆遥' }, to: { name: '周宁' }, note: '在看银色腕表，预算两万', at: new Date(clock.now()).toISOString() });
  t.equal(visits.byId(visitId).adviser, null);
  t.equal(refused({ staffId: 'b' }, 'a'), 'hand_over_invalid', 'handed over already');
  clock.move(15_000);
  visits.serve(visitId, 'b');
  t.equal(card().handedOver, null, 'taken up');
  clock.move(30_000);
  visits.handOver(visitId, { staffId: null }, 'b');
  t.match(card().handedOver, { by: { name: '周宁' }, to: null, note: null });
  visits.close(visitId);
  t.strictSame(who(visitOf(customerId).services), [['陆遥', 0.5], ['周宁', 0.5]]);
  t.match(visitOf(customerId), { adviser: '周宁', services: [{ handedOver: { note: '在看银色腕表，预算两万' } }, { handedOver: { to: null } }] });
  t.equal(refusalOf(() => visits.serve(visitId, 'a')), 'visit_closed');
});

t.test('what was said with a hand-over that nobody took up is on the next card, for a week', async (t) => {
  const { arrive, visits, clock } = openStore(t);
  const { customerId, visitId } = arrive();
  visits.serve(visitId, 'a');
  visits.handOver(visitId, { staffId: 'b', note: '表带周五到' }, 'a');
  const saidMs = clock.now();
  const handedOver = (id: string) => visits.onCards([visits.byId(id)]).get(id)!.handedOver;
  const again = (afterMs: number): string => {
    clock.move(afterMs);
    visits.closeStale();
    return visits.arriveByHand(customerId, 'a');
  };
  const next = again(DAY_MS);
  t.match(handedOver(next), { by: { name: '陆遥' }, to: { id: 'b' }, note: '表带周五到', at: new Date(saidMs).toISOString() });
  visits.serve(next, 'b');
  visits.handOver(next, { staffId: null }, 'b');
  t.match(handedOver(next), { by: { name: '周宁' }, note: null }, 'taken up: what comes later counts');
  t.equal(handedOver(again(DAY_MS)), null, 'without words there is nothing to tell');
  const late = arrive('来得晚');
  visits.serve(late.visitId, 'a');
  visits.handOver(late.visitId, { staffId: 'b', note: '旧话' }, 'a');
  clock.move(8 * DAY_MS);
  visits.closeStale();
  t.equal(handedOver(visits.arriveByHand(late.customerId, 'a')), null, 'a week later the dossier tells');
});

t.test('the last visit is the one before the one that goes on', async (t) => {
  const { arrive, visits, clock } = openStore(t);
  const { customerId, visitId } = arrive();
  const at = (ms: number) => new Date(ms).toISOString();
  t.equal(visits.lastVisitAt(customerId), null, 'the first goes on');
  t.strictSame(visits.presence(customerId), { visitId, previous: null });
  const first = clock.now();
  visits.close(visitId);
  t.equal(visits.lastVisitAt(customerId), at(first));
  t.strictSame(visits.presence(customerId), { visitId: null, previous: { openedAt: at(first), adviser: null, isToday: true } });
  clock.move(DAY_MS);
  const next = visits.arriveByHand(customerId, 'a');
  t.equal(visits.lastVisitAt(customerId), at(first));
  t.match(visits.presence(customerId), { visitId: next, previous: { openedAt: at(first), isToday: false } });
  visits.reject(next);
  t.match(visits.presence(customerId), { visitId: null, previous: { openedAt: at(first) } }, 'a confusion was none');
});

t.test('of two dossiers that were both open, card and dossier tell the same visit before, and what was said in it', async (t) => {
  const { arrive, visits, clock, customers } = openStore(t);
  for (const staysFirst of [true, false]) {
    const [a, b] = [arrive('甲'), arrive('乙')];
    visits.close(a.visitId);
    clock.move(DAY_MS);
    const first = visits.arriveByHand(a.customerId, 'a');
    visits.close(b.visitId);
    clock.move(10 * MINUTE_MS);
    const second = visits.arriveByHand(b.customerId, 'a');
    const [from, into] = staysFirst ? [b, a] : [a, b];
    const [ends, open] = staysFirst ? [second, first] : [first, second];
    visits.serve(ends, 'a');
    visits.handOver(ends, { staffId: null, note: '在看银色腕表' }, 'a');
    customers.merge(from.customerId, into.customerId, 's', () => undefined);
    const { visitId, previous } = visits.presence(into.customerId);
    t.strictSame([visitId, previous], [open, visits.previous(visits.byId(open))]);
    t.equal(previous!.openedAt, visits.byId(ends).openedAt);
    t.match(visits.onCards([visits.byId(open)]).get(open)!.handedOver, { note: '在看银色腕表' });
    const before = visits.previous(visits.byId(first));
    if (!staysFirst) t.not(before!.openedAt, visits.byId(second).openedAt, 'before one that ended comes what began before it');
  }
});

t.test('the last visit is looked up in the index, however many there were', async (t) => {
  const { visits, db, arrive } = openStore(t);
  const { customerId } = arrive();
  const asked: [string, unknown[]][] = [];
  const all = db.all.bind(db);
  db.all = ((sql: string, ...values: never[]) => { asked.push([sql, values]); return all(sql, ...values); }) as typeof db.all;
  visits.presence(customerId);
  visits.lastVisitAt(customerId);
  visits.visitAt(customerId, 0);
  db.all = all;
  const plans = asked.map(([sql, values]) => db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values as never[]).map(({ detail }) => detail).join('; '));
  t.ok(plans.length >= 4);
  t.strictSame(plans.filter((plan) => !/SEARCH visit USING INDEX (visit_by_customer|visit_one_open) /.test(plan) || plan.includes('TEMP B-TREE')), []);
});

t.test('two iPads take the same customer at once: the stretches follow each other, one serves', async (t) => {
  const { arrive, visits, visitOf, clock } = openStore(t);
  const { customerId, visitId } = arrive();
  visits.serve(visitId, 'a');
  visits.serve(visitId, 'b');
  clock.move(30_000);
  visits.serve(visitId, 'a');
  t.strictSame(who(visitOf(customerId).services), [['陆遥', 0], ['周宁', 0.5], ['陆遥', null]]);
  t.equal(visits.byId(visitId).adviser?.name, '陆遥');
});

t.test('a visit from before stretches were written keeps its adviser, who can hand over', async (t) => {
  const { arrive, visits, visitOf, db } = openStore(t);
  const { customerId, visitId } = arrive();
  db.run(`UPDATE visit SET adviser_id = 'a' WHERE id = ?`, visitId);
  t.match(visitOf(customerId), { adviser: '陆遥', services: [] });
  visits.handOver(visitId, { staffId: 'b' }, 'a');
  t.strictSame(who(visitOf(customerId).services), [['陆遥', 0]]);
});

t.test('what is looked at, for how long; a look ends with the next, by hand, or with the visit', async (t) => {
  const { arrive, visits, visitOf, clock } = openStore(t);
  const { customerId, visitId } = arrive();
  const looks = () => visitOf(customerId).looks.map(({ productName, beganAt, endedAt }) => [productName, endedAt === null ? null : minutes(beganAt, endedAt)]);
  t.equal(refusalOf(() => visits.look(visitId, { productId: randomUUID() }, 'a')), 'product_not_found');
  const id = randomUUID();
  visits.look(visitId, { productId: WATCH, id }, 'a');
  visits.look(visitId, { productId: WATCH, id }, 'a');
  t.equal(refusalOf(() => visits.look(visitId, { productId: BAG, id }, 'a')), 'id_taken');
  visits.look(visitId, { productId: WATCH }, 'b');
  t.strictSame(looks(), [['银色腕表', null]], 'the same look, said twice and by two');
  t.match(visitOf(customerId).stages, [{ stage: 'register' }, { stage: 'arrive', by: '陆遥' }, { stage: 'attract', by: null }]);
  clock.move(30_000);
  visits.look(visitId, { productId: BAG }, 'a');
  t.strictSame(looks(), [['银色腕表', 0.5], ['牛皮手提包', null]]);
  const bag = visitOf(customerId).looks[1]!;
  clock.move(3_000);
  t.equal(visits.takeBackLook(bag.id), visitId);
  t.strictSame(looks(), [['银色腕表', null]], 'a slip: the look before goes on');
  t.equal(refusalOf(() => visits.takeBackLook(bag.id)), 'look_not_found');
  clock.move(27_000);
  visits.endLook(id);
  clock.move(30_000);
  visits.endLook(id);
  t.strictSame(looks(), [['银色腕表', 1]], 'ended once');
  visits.look(visitId, { productId: BAG }, 'a');
  t.match(visits.onCards([visits.byId(visitId)]).get(visitId), { looking: { productName: '牛皮手提包' }, looks: 1 });
  clock.move(30_000);
  visits.close(visitId);
  t.strictSame(looks(), [['银色腕表', 1], ['牛皮手提包', 0.5]]);
  t.equal(refusalOf(() => visits.look(visitId, { productId: WATCH }, 'a')), 'visit_closed');
  t.doesNotThrow(() => visits.look(visitId, { productId: WATCH, id }, 'a'), 'what was said before is still said');
  visits.takeBackLook(id);
  visits.takeBackLook(visitOf(customerId).looks[0]!.id);
  t.notOk(visitOf(customerId).stages.some(({ stage }) => stage === 'attract'), 'nothing attracted');
});

t.test('stages are marked by themselves and by hand, both ways', async (t) => {
  const { arrive, visits, visitOf, clock, customers, events, followUps } = openStore(t);
  const { customerId, visitId } = arrive();
  const stages = () => visitOf(customerId).stages.map(({ stage, by }) => (by === null ? stage : `${stage} ${by}`));
  t.strictSame(stages(), ['register', 'arrive 陆遥'], 'whoever is named has a dossier');
  visits.setStage(visitId, { stage: 'discover', reached: true }, 'b');
  visits.setStage(visitId, { stage: 'discover', reached: true }, 'a');
  visits.setStage(visitId, { stage: 'register', reached: false }, 'a');
  visits.setStage(visitId, { stage: 'register', reached: false }, 'a');
  t.strictSame(stages(), ['discover 周宁', 'arrive 陆遥']);
  events.emit('customerEnrolled', { customerId });
  visits.mark(visitId, 'complete', null);
  visits.mark(visitId, 'complete', null);
  t.strictSame(stages(), ['discover 周宁', 'register', 'arrive 陆遥', 'complete']);
  visits.close(visitId);
  let told = 0;
  events.on('visitUpdated', () => { told += 1; });
  clock.move(2 * DAY_MS);
  const followUp = followUps.add(customerId, { text: '回电' }, 'a');
  followUps.complete(followUp.id);
  t.strictSame(stages().slice(-2), ['complete', 'reflect'], 'two days after');
  t.equal(told, 0, 'no card comes back for it');
  clock.move(30 * DAY_MS);
  const next = visits.arriveByHand(customerId, 'a', 'scanned');
  t.strictSame(stages(), ['register', 'arrive 陆遥']);
  visits.close(next);
  visits.setStage(next, { stage: 'arrive', reached: false }, 'a');
  clock.move(4 * DAY_MS);
  customers.addNote(customerId, '补记', 'a');
  t.strictSame(stages(), ['register'], 'too late to look back on it');
});

t.test('what is unmarked late leaves what was marked since', async (t) => {
  const { arrive, visits, visitOf, clock } = openStore(t);
  const { customerId, visitId } = arrive();
  const isMarked = () => visitOf(customerId).stages.some(({ stage }) => stage === 'discover');
  clock.move(10 * MINUTE_MS);
  visits.setStage(visitId, { stage: 'discover', reached: true }, 'a');
  visits.setStage(visitId, { stage: 'discover', reached: false, ageMs: 5 * MINUTE_MS }, 'b');
  t.ok(isMarked());
  clock.move(3 * MINUTE_MS);
  visits.setStage(visitId, { stage: 'discover', reached: false, ageMs: 2 * MINUTE_MS }, 'b');
  t.notOk(isMarked());
});

t.test('"not this person": who served stays, what was somebody else\'s goes, and what is to be put right is counted', async (t) => {
  const { arrive, visits, visitOf, clock, db } = openStore(t);
  const { customerId, visitId } = arrive();
  visits.serve(visitId, 'a');
  visits.handOver(visitId, { staffId: 'b', note: '喜欢腕表' }, 'a');
  visits.look(visitId, { productId: WATCH }, 'b');
  db.run(`INSERT INTO purchase (id, customer_id, visit_id, kind, text, quantity, amount_minor, staff_id, at_ms) VALUES ('p', ?, ?, 'purchase', '腕表', 1, 1, 'b', ?)`,
    customerId, visitId, clock.now());
  t.match(visits.reject(visitId), { customerId, purchases: 1 });
  t.match(visitOf(customerId), { endReason: 'not_this_person', looks: [], stages: [], services: [{ by: { name: '陆遥' }, handedOver: { note: null } }] });
  t.equal(visits.lastVisitAt(customerId), null);
  visits.mark(visitId, 'complete', null);
  t.equal(refusalOf(() => visits.setStage(visitId, { stage: 'reflect', reached: true }, 'a')), 'visit_closed');
  t.strictSame(visitOf(customerId).stages, []);
});

t.test('what the box takes back by itself is only what nobody worked on', async (t) => {
  const { recognise, arrive, visits, visitOf, dealings, clock } = openStore(t);
  const handed = recognise('一');
  visits.serve(handed.visitId, 'a');
  visits.handOver(handed.visitId, { staffId: null }, 'a');
  t.equal(visits.correct(handed.visitId), false, 'handed over, not taken up yet');
  const looked = recognise('二');
  visits.look(looked.visitId, { productId: WATCH }, 'a');
  t.equal(visits.correct(looked.visitId), false);
  t.equal(visits.correct(recognise('三').visitId), true);
  visits.setStage(looked.visitId, { stage: 'attract', reached: false }, 'a');
  t.equal(visits.correct(looked.visitId), false, 'the look is there, whatever was unmarked');
  const bought = recognise('四');
  dealings.purchases.add(bought.customerId, { text: '表带', amountMinor: 1 }, 'a');
  visits.setStage(bought.visitId, { stage: 'complete', reached: false }, 'a');
  t.equal(visits.correct(bought.visitId), false, 'so is the purchase');
  const scanned = recognise('五');
  t.equal(visits.arriveByHand(scanned.customerId, 'a', 'scanned'), scanned.visitId);
  t.equal(visits.correct(scanned.visitId), false, 'a code proved who it is');
  t.match(visitOf(scanned.customerId).stages.at(-1), { stage: 'arrive', by: '陆遥' });
  const written = arrive('六');
  visits.setStage(written.visitId, { stage: 'arrive', reached: false }, 'a');
  clock.move(2 * MINUTE_MS);
  visits.closeStale();
  t.equal(visits.byId(written.visitId).closedAt, null, 'written in by hand: not the gap of a sighting');
});

t.test('looks rest on the agreement to preferences: without it none is added, and withdrawn they go', async (t) => {
  const { arrive, visits, visitOf, consent, grant } = openStore(t);
  const { customerId, visitId } = arrive();
  grant(customerId, ['recognise', 'preferences']);
  visits.look(visitId, { productId: WATCH }, 'a');
  consent.withdraw(customerId, { staffId: 's', deviceId: 'd' }, ['preferences']);
  t.strictSame(visitOf(customerId).looks, []);
  t.equal(refusalOf(() => visits.look(visitId, { productId: WATCH }, 'a')), 'preferences_not_agreed');
});

t.test('what happened in a visit goes with it: over a merge and back, and out of the file', async (t) => {
  const { arrive, visits, customers, clock, db, erasure } = openStore(t);
  const double = arrive('林小姐');
  visits.serve(double.visitId, 'a');
  visits.look(double.visitId, { productId: WATCH }, 'a');
  visits.close(double.visitId);
  const kept = arrive('林知夏');
  customers.merge(double.customerId, kept.customerId, 's', () => undefined);
  const moved = visits.of(kept.customerId).find(({ id }) => id === double.visitId)!;
  t.match(moved, { services: [{ by: { name: '陆遥' } }], looks: [{ productName: '银色腕表' }] });
  customers.undoMerge(customers.merges(kept.customerId)[0]!.id);
  t.strictSame(visits.of(double.customerId)[0], moved);
  clock.move(DAY_MS);
  t.equal(visits.retention.deleteBefore(clock.now(), []), 1, 'the closed one');
  const rows = () => ['visit_service', 'visit_stage', 'look'].map((table) => db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n);
  t.strictSame(rows(), [0, 2, 0], 'the open one\'s stages are left');
  db.transaction(() => erasure.begin({ customerId: kept.customerId, scope: 'dossier', reason: 'erased', purposes: [] }));
  t.strictSame(rows(), [0, 0, 0]);
});
