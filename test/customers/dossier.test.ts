/** The room of customers on a real encrypted file: what a dossier keeps, what merging and erasing do to it. */
import t, { type Test } from 'tap';
import type { CustomerChange } from '../../appliance/contract/index.js';
import { openRooms } from '../support/rooms.js';

const HOUR_MS = 3_600_000;
const ID = '0b6a8a1e-1111-4000-8000-000000000001';
const start = (t: Test) => {
  const rooms = openRooms(t);
  rooms.db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('w', '小王', 'associate', 'x', 0)`);
  const make = (displayName: string, more: object = {}) => rooms.customers.create({ displayName, ...more }, 's').id;
  return { ...rooms, make };
};
const EVERYTHING = {
  salutation: '林女士', phone: '13800001111', tier: '金卡', memberNo: 'VIP-1', points: 120, email: 'lin@example.cn', wechat: 'lin_w', contactBy: ['wechat', 'phone'],
  contactWhen: '工作日六点以后', contactNever: false, facts: ['喝乌龙'], doNot: ['不要推销'], allergies: ['镍'], likes: ['珐琅'], dislikes: ['香水味'],
  sizes: [{ label: '戒指', value: '12' }, { label: '手围', value: '15.5 cm' }], dates: [{ kind: 'birthday', label: null, month: 2, day: 29, year: 1992 }],
  companions: [{ name: '陈先生', relation: '丈夫', customerId: null }],
} as const satisfies CustomerChange;
const all = () => structuredClone(EVERYTHING) as unknown as CustomerChange;

t.test('every field is kept as it is written', async (t) => {
  const { customers, make } = start(t);
  t.match(customers.byId(make('林知夏', all())), { displayName: '林知夏', ...EVERYTHING });
  const bare = make('新客');
  t.match(customers.byId(bare), { phone: null, points: 0, contactBy: [], contactNever: false, likes: [], sizes: [], dates: [], companions: [] });
  t.match(customers.change(bare, { ...all(), phone: null, memberNo: null, contactNever: true }), { ...EVERYTHING, phone: null, memberNo: null, contactNever: true });
  t.throws(() => customers.change(bare, { dates: [{ kind: 'other', label: null, month: 2, day: 30, year: null }] }), { code: 'date_invalid' });
  t.equal(customers.byId(bare).dates.length, 1, 'nothing was saved');
});

t.test('a line keeps when and by whom it was written first', async (t) => {
  const { customers, make, clock, db } = start(t);
  const id = make('林知夏', { likes: ['珐琅', '珍珠'] });
  const first = clock.now();
  clock.move(HOUR_MS);
  customers.change(id, { likes: ['玉', ' 珐琅 '] }, 'w');
  t.strictSame(customers.statedLikes(id), [{ text: '玉', atMs: clock.now(), by: '小王' }, { text: '珐琅', atMs: first, by: '店长' }]);
  customers.change(id, { facts: ['喝乌龙'], tier: '金卡' }, 'w');
  t.equal(customers.statedLikes(id)[1]?.atMs, first, 'another field was changed');
  db.run(`UPDATE customer_line SET at_ms = NULL, staff_id = NULL WHERE customer_id = ?`, id);
  t.strictSame(customers.statedLikes(id)[0], { text: '玉', atMs: null, by: null }, 'from before this was kept');
});

t.test('a number of two people', async (t) => {
  const { customers, make } = start(t);
  const her = make('林女士', { phone: '13800001111', memberNo: 'A1' });
  const taken = { code: 'phone_taken', details: { customerId: her } };
  for (const phone of ['13800001111', '+8613800001111', '8613800001111']) t.throws(() => make('陈先生', { phone }), taken, phone);
  const him = make('陈先生');
  t.throws(() => customers.change(him, { phone: '13800001111' }), taken);
  t.match(customers.change(him, { phone: '13800001111', sharedPhone: true }), { phone: '13800001111' });
  t.match(customers.change(him, { phone: '13800001111', tier: '银卡' }), { tier: '银卡' }, 'is not asked again');
  t.throws(() => make('另一位', { memberNo: 'a1' }), { code: 'member_no_taken', details: { customerId: her } }, 'alike but for the case');
  t.match(customers.change(her, { memberNo: 'a1' }), { memberNo: 'a1' }, 'her own');
});

t.test('merging and undoing it: numbers, what protects, links', async (t) => {
  const { customers, make, db } = start(t);
  const kept = make('林知夏', { allergies: ['镍'] });
  const double = make('林小姐', { phone: '13800001111', memberNo: 'A1', allergies: ['镍', '乳胶'], doNot: ['不要推销'], likes: ['玉'] });
  const friend = make('周女士', { companions: [{ name: '林', relation: '朋友', customerId: double }, { name: '小周', relation: '女儿', customerId: null }] });
  const before = [kept, double].map((id) => customers.byId(id));
  customers.merge(double, kept, 's', () => {});
  t.match(customers.byId(kept), { phone: '13800001111', memberNo: 'A1', allergies: ['镍', '乳胶'], doNot: ['不要推销'], likes: [] });
  t.equal(customers.byId(friend).companions[0]?.customerId, kept, 'the link leads to the dossier that stayed');
  t.throws(() => make('别人', { memberNo: 'a1' }), { code: 'member_no_taken', details: { customerId: kept } });
  t.throws(() => customers.change(kept, { companions: [{ name: '我', relation: '本人', customerId: double }] }), { code: 'companion_invalid' }, 'that is herself');
  // Written again as the page shows it, with another line changed.
  customers.change(friend, { companions: customers.byId(friend).companions.map((each) => ({ ...each, relation: each.customerId === null ? '大女儿' : each.relation })) });
  customers.undoMerge(customers.merges(kept)[0]!.id);
  t.strictSame([kept, double].map((id) => customers.byId(id)), before);
  t.equal(customers.byId(friend).companions[0]?.customerId, double, 'and back again');
  t.strictSame(db.all('SELECT phone_moved, member_no_moved FROM customer_merge'), [{ phone_moved: null, member_no_moved: null }], 'no number stays behind');
});

t.test('a number that was changed since the merge stays where it is', async (t) => {
  const { customers, make } = start(t);
  const [kept, double, third] = [make('甲'), make('乙', { phone: '13800001111', memberNo: 'A1' }), make('丙')];
  customers.merge(double, kept, 's', () => {});
  customers.change(kept, { phone: '13900002222', memberNo: 'B2' });
  customers.change(third, { memberNo: 'A1' });
  customers.undoMerge(customers.merges(kept)[0]!.id);
  t.match(customers.byId(kept), { phone: '13900002222', memberNo: 'B2' });
  t.match(customers.byId(double), { phone: null, memberNo: null });
  t.equal(customers.byId(third).memberNo, 'A1');
});

t.test('a number that was taken out is nowhere any more', async (t) => {
  const { customers, make, db } = start(t);
  const [first, second, kept] = [make('甲', { phone: '13800001111' }), make('乙'), make('丙')];
  customers.merge(first, second, 's', () => {});
  customers.merge(second, kept, 's', () => {});
  t.equal(customers.byId(kept).phone, '13800001111');
  customers.change(kept, { phone: null });
  t.strictSame(db.all('SELECT phone_moved FROM customer_merge'), [{ phone_moved: null }, { phone_moved: null }]);
  customers.undoMerge(customers.merges(kept)[0]!.id);
  customers.undoMerge(customers.merges(second)[0]!.id);
  t.strictSame([first, second, kept].map((id) => customers.byId(id).phone), [null, null, null]);
});

t.test('both had a number: the hidden one counts as the person\'s own', async (t) => {
  const { customers, make } = start(t);
  const [kept, double] = [make('甲', { phone: '13900002222', memberNo: 'A1' }), make('乙', { phone: '13800001111', memberNo: 'B2' })];
  customers.merge(double, kept, 's', () => {});
  t.throws(() => make('丙', { phone: '13800001111' }), { code: 'phone_taken', details: { customerId: kept } });
  t.match(customers.change(kept, { phone: '13800001111', memberNo: 'b2' }), { phone: '13800001111', memberNo: 'b2' });
});

t.test('what protects the customer is never lost by a merge or by undoing one', async (t) => {
  const { customers, make } = start(t);
  const eight = Array.from({ length: 8 }, (_, i) => `过敏原${i}`);
  const [kept, double, third] = [make('甲', { allergies: eight }), make('乙', { allergies: ['花生'], doNot: ['勿扰'] }), make('丙', { allergies: ['花生'] })];
  customers.merge(double, kept, 's', () => {});
  t.strictSame(customers.byId(kept).allergies, [...eight, '花生'], 'beyond what the form holds');
  t.throws(() => customers.change(kept, { allergies: [...eight, '花生', '牛奶'] }), { code: 'bad_request', details: { where: 'body/allergies' } }, 'the form allows no more');
  t.throws(() => make('丁', { allergies: [...eight, '九'] }), { code: 'bad_request' });
  customers.change(kept, { allergies: [...eight.slice(1), '花生'], tier: '金卡' });
  // Taken out, and written anew by staff: their own since.
  customers.change(kept, { doNot: [] });
  customers.change(kept, { doNot: ['二', '勿扰'] }, 'w');
  // Another dossier says the same: it goes on standing here as long as one of them is merged into this one.
  customers.merge(third, kept, 's', () => {});
  customers.undoMerge(customers.merges(kept).find(({ displayName }) => displayName === '乙')!.id);
  t.strictSame(customers.byId(kept).doNot, ['二', '勿扰']);
  t.strictSame(customers.byId(kept).allergies, [...eight.slice(1), '花生']);
  customers.undoMerge(customers.merges(kept)[0]!.id);
  t.strictSame(customers.byId(kept).allergies, eight.slice(1));
  t.strictSame(customers.byId(third).allergies, ['花生']);
});

t.test('a hidden dossier\'s member number, taken for the one it went into, comes back when the merge is undone', async (t) => {
  const { customers, make } = start(t);
  const [outer, kept, double] = [make('甲', { memberNo: 'A1' }), make('乙', { memberNo: 'B2' }), make('丙', { memberNo: 'C3' })];
  customers.merge(double, kept, 's', () => {});
  customers.merge(kept, outer, 's', () => {});
  t.match(customers.change(outer, { memberNo: 'c3' }), { memberNo: 'c3' });
  t.match(customers.change(outer, { memberNo: 'A1' }), { memberNo: 'A1' }, 'and back: nobody has C3 now');
  for (const from of [outer, kept]) customers.undoMerge(customers.merges(from)[0]!.id);
  t.strictSame([outer, kept, double].map((id) => customers.byId(id).memberNo), ['A1', 'B2', 'C3']);
});

t.test('companions: not oneself, nobody who is not there, gone with name and all when erased', async (t) => {
  const { customers, make, db, events } = start(t);
  const [a, b] = [make('甲'), make('乙')];
  const with_ = (customerId: string | null) => ({ companions: [{ name: '乙', relation: '朋友', customerId }] });
  t.throws(() => customers.change(a, with_(a)), { code: 'companion_invalid' });
  t.throws(() => customers.change(a, with_(ID)), { code: 'companion_invalid' });
  t.match(customers.change(a, with_(b)), with_(b));
  customers.change(a, { companions: [...with_(b).companions, ...with_(null).companions] });
  const told: string[] = [];
  events.on('customerChanged', ({ customerId }) => told.push(customerId));
  customers.erase(b, () => {});
  t.strictSame(customers.byId(a).companions, with_(null).companions, 'what a says without a link is a\'s own');
  t.strictSame(told, [a]);
  customers.change(a, all());
  customers.erase(a, () => {});
  for (const table of ['customer_line', 'customer_date', 'companion', 'note', 'customer']) t.equal(db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n, 0, table);
});

t.test('a form that is sent twice makes one dossier', async (t) => {
  const { customers } = start(t);
  const form = { displayName: ' 林知夏 ', id: ID, ...all(), sharedPhone: true };
  const first = customers.create(form, 's');
  t.equal(first.id, ID);
  t.strictSame(customers.create(form, 's'), first);
  customers.change(ID, { displayName: '林女士', likes: [] }, 'w');
  t.match(customers.create(form, 's'), { id: ID, displayName: '林女士', likes: [] }, 'as it is now: a colleague was quicker than the answer');
  t.throws(() => customers.create(form, 'w'), { code: 'id_taken' }, 'somebody else made it');
  t.equal(customers.count(), 1);
});

t.test('a note that is sent twice is one, of the hour it was written in', async (t) => {
  const { customers, followUps, make, clock, grant } = start(t);
  const [a, b] = [make('甲'), make('乙')];
  clock.move(2 * HOUR_MS);
  const anHourAgo = new Date(clock.now() - HOUR_MS).toISOString();
  const first = customers.addNote(a, '试戴过 ', 's', { id: ID, ageMs: HOUR_MS });
  t.match(first, { id: ID, text: '试戴过', at: anHourAgo });
  clock.move(60_000);
  t.strictSame(customers.addNote(a, '试戴过', 's', { id: ID, ageMs: HOUR_MS + 60_000 }), first);
  t.throws(() => customers.addNote(a, '别的', 's', { id: ID }), { code: 'id_taken' });
  t.throws(() => customers.addNote(b, '试戴过', 's', { id: ID }), { code: 'id_taken' });
  t.throws(() => customers.addNote(a, '试戴过', 'w', { id: ID }), { code: 'id_taken' });
  t.equal(customers.notes(a).length, 1);

  const plan = { text: '回电', dueOn: '2030-01-02', id: ID, ageMs: HOUR_MS };
  const promised = followUps.add(a, plan, 's');
  t.match(promised, { at: new Date(clock.now() - HOUR_MS).toISOString() });
  followUps.complete(ID);
  t.match(followUps.add(a, plan, 's'), { id: ID, doneAt: String }, 'also when it is done by now');
  t.throws(() => followUps.add(a, { ...plan, dueOn: null }, 's'), { code: 'id_taken' });
  t.equal(followUps.of(a).length, 1);
  clock.move(HOUR_MS);
  grant(a, ['recognise', 'contact']);
  const agreedAt = new Date(clock.now()).toISOString();
  t.equal(followUps.add(a, { text: '再回电', ageMs: HOUR_MS }, 's').at, agreedAt, 'a plan to contact them not before they agreed');
  const madeAt = customers.byId(a).createdAt;
  t.strictSame([customers.addNote(a, '很早', 's', { ageMs: 6 * HOUR_MS }).at, customers.addNote(b, '现在', 's').at], [madeAt, agreedAt], 'nor anything before there was a dossier');
});

t.test('what rests on preferences, and what stays', async (t) => {
  const { customers, consent, make, grant } = start(t);
  const id = make('林知夏', all());
  grant(id, ['recognise', 'preferences']);
  consent.withdraw(id, { staffId: 's', deviceId: 'd' }, ['preferences']);
  t.match(customers.byId(id), { ...EVERYTHING, facts: [], likes: [], dislikes: [], sizes: [] });
  for (const change of [{ facts: ['x'] }, { likes: ['x'] }, { dislikes: ['x'] }, { sizes: [{ label: '鞋', value: '38' }] }]) {
    t.throws(() => customers.change(id, change), { code: 'preferences_not_agreed' }, JSON.stringify(change));
  }
  t.match(customers.change(id, { allergies: ['镍', '坚果'], doNot: [], contactNever: true }), { allergies: ['镍', '坚果'] });
});

t.test('while processing is restricted nothing is added', async (t) => {
  const { customers, make } = start(t);
  const id = make('林知夏', { dates: EVERYTHING.dates.map((date) => ({ ...date })) });
  customers.keepApart((customerId) => customerId === id, () => false);
  t.throws(() => customers.change(id, { companions: EVERYTHING.companions.map((each) => ({ ...each })) }), { code: 'customer_restricted' });
  t.throws(() => customers.addNote(id, 'x', 's'), { code: 'customer_restricted' });
  t.throws(() => customers.change(id, { dates: [], phone: '13800001111' }), { code: 'customer_restricted' });
  t.match(customers.change(id, { dates: [], allergies: ['花生'], doNot: ['勿扰'], contactNever: true }), { dates: [], allergies: ['花生'], contactNever: true });
  t.match(customers.change(id, { phone: '13800001111' }, 's', true), { phone: '13800001111' }, 'a correction by who answers for it');
});

t.test('quick notes: as delivered, as the manager has them, as delivered again', async (t) => {
  const { customers: { quickNotes } } = start(t);
  const delivered = quickNotes.all();
  t.ok(delivered.length >= 5);
  t.equal(new Set(delivered.map(({ id }) => id)).size, delivered.length);
  const [first] = delivered;
  const changed = quickNotes.replace([{ text: { 'zh-CN': ' 新的 ', en: 'new' } }, first!, { ...first!, text: { 'zh-CN': '又一条', en: 'one more' } }]);
  t.match(changed, [{ text: { 'zh-CN': '新的', en: 'new' } }, first!, { text: { en: 'one more' } }]);
  t.equal(new Set(changed.map(({ id }) => id)).size, 3);
  t.strictSame(quickNotes.all(), changed);
  t.strictSame(quickNotes.replace([]), delivered);
});
