/** Own fields on a real file: what goes when, what searches are told, and that searching reads along indexes. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { FIELD_KINDS, type FieldData, type FieldKind, type OwnFormChange } from '../../appliance/contract/index.js';
import { EventBus } from '../../appliance/events/index.js';
import { Fields } from '../../appliance/fields/index.js';
import { findStatement } from '../../appliance/fields/search.js';
import { createLogger } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';

const DAY_MS = 86_400_000;
const clock = new TestClock(Date.parse('2026-06-01T04:00:00Z'));
const storage = openStorage({ dataDirectory: temporaryDirectory(t), credentialsDirectory: null, maxBytes: null, clock });
t.teardown(() => storage.close());
const { db } = storage;
db.run(`INSERT INTO staff (id, name, role, pin_hash, created_at_ms) VALUES ('s', '店长', 'manager', 'x', 0)`);
for (const customer of ['c1', 'c2']) db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, 0)', customer, customer);
let emptied = 0;
const log = createLogger('silent');
const fields = new Fields({
  db, clock, events: new EventBus(log), log, timeZone: 'Asia/Shanghai', currency: 'CNY', emptied: () => { emptied += 1; }, neighbours: {
    requireAgreed: () => undefined, leavesOut: () => false, isRestricted: () => false, withMerged: (id) => [id],
    productName: () => null, isFileOf: () => false, oldestWish: () => null, lastPurchase: () => null,
  },
});
const words = (name: string) => ({ 'zh-CN': name, en: `${name}-en` });
const [habit, metal, gold, silver, section] = [randomUUID(), randomUUID(), randomUUID(), randomUUID(), randomUUID()];
const HABIT: OwnFormChange['sections'][number]['fields'][number] = { id: habit, name: words('习惯'), kind: 'text', required: false, visibleTo: 'everybody', options: [] };
const METAL = { ...HABIT, id: metal, name: words('材质'), kind: 'choices' as FieldKind, options: [gold, silver].map((id) => ({ id, name: words(id === gold ? '金' : '银') })) };
const arrange = (...wanted: (typeof HABIT)[]) =>
  fields.changeForm({ revision: fields.form('manager').revision, sections: [{ id: section, name: words('定制'), fields: wanted }], card: [] });
const put = (customerId: string, fieldId: string, value: FieldData | null) => fields.change(customerId, { values: [{ fieldId, value }] }, 's', 'manager');
const rows = (table: string) => db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n;

t.test('found by what everybody may see', async (t) => {
  arrange(HABIT, METAL);
  put('c1', habit, { text: '左手戴' });
  put('c1', metal, { choices: [silver, gold] });
  put('c2', metal, { choices: [gold] });
  t.strictSame(fields.textOf('c1'), ['左手戴', '金 金-en 银 银-en']);
  arrange({ ...HABIT, visibleTo: 'manager' }, METAL);
  t.strictSame(fields.textOf('c1'), ['金 金-en 银 银-en'], 'hidden from associates: out of what they search');
  arrange(HABIT, METAL);
});

t.test('removed: out of sight at once, there for thirty days, then gone for good with its history', async (t) => {
  arrange(METAL);
  t.strictSame(fields.textOf('c1'), ['金 金-en 银 银-en']);
  t.strictSame(fields.of('c1', 'manager').map(({ fieldId }) => fieldId), [metal]);
  t.strictSame(fields.of('c1', 'everything').length, 2, 'what is still held is in the access copy');
  clock.move(30 * DAY_MS);
  t.strictSame(await fields.purge(), { fields: 0, options: 0 }, 'to the millisecond');
  arrange(HABIT, METAL);
  t.match(fields.of('c1', 'everybody')[0], { value: { text: '左手戴' } }, 'brought back');
  arrange(METAL);
  clock.move(30 * DAY_MS + 1);
  t.strictSame(await fields.purge(), { fields: 1, options: 0 });
  t.equal(emptied, 1);
  t.strictSame(fields.form('manager').removed, []);
  t.strictSame([rows('field'), rows('field_value'), rows('field_change')], [1, 2, 2]);
});

t.test('an option that was removed long ago leaves the values and the history that name it', async (t) => {
  arrange({ ...METAL, options: [METAL.options[1]!, { id: randomUUID(), name: words('铂') }] });
  t.strictSame(fields.textOf('c2'), ['金 金-en'], 'readable where it stands');
  clock.move(30 * DAY_MS + 1);
  t.strictSame(await fields.purge(), { fields: 0, options: 1 });
  t.strictSame(fields.of('c1', 'manager')[0]!.value, { choices: [silver] });
  t.strictSame(fields.of('c2', 'manager'), [], 'nothing else was chosen');
  t.equal(db.get(`SELECT 1 FROM field_change WHERE before LIKE '%' || ? || '%' OR after LIKE '%' || ? || '%'`, gold, gold), undefined);
});

t.test('two choices, and an empty field: found over many pieces, whichever option is the rare one', async (t) => {
  const [field, many, few, nobody] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const before = fields.form('manager').sections[0]!.fields;
  arrange(...before, { ...METAL, id: field, name: words('石'), options: [many, few, nobody].map((id, i) => ({ id, name: words(`石${i}`) })) });
  db.transaction(() => {
    db.run(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO customer (id, display_name, created_at_ms) SELECT printf('p%04d', i), '名', 0 FROM n`);
    db.run(`INSERT INTO field_value (customer_id, field_id, at_ms, staff_id) SELECT id, ?, 0, 's' FROM customer WHERE id LIKE 'p%' AND id <> 'p2499'`, field);
    db.run(`INSERT INTO field_choice SELECT customer_id, field_id, ? FROM field_value WHERE field_id = ?`, many, field);
    db.run(`INSERT INTO field_choice SELECT customer_id, field_id, ? FROM field_value WHERE field_id = ? AND customer_id IN ('p0007', 'p2000', 'p2400')`, few, field);
    db.run(`UPDATE customer SET merged_into_id = 'p0001' WHERE id = 'p2000'`);
  });
  const find = (choices: string[], fieldId = field) => fields.find({ fieldId, test: 'contains', value: { choices } }, 'manager');
  for (const choices of [[many, few], [few, many]]) t.strictSame(await find(choices), ['p0007', 'p2400']);
  t.strictSame(await find([many, nobody]), []);
  t.equal((await find([many])).length, 100);
  t.strictSame(await find([many, few], metal), [], 'options of another field');
  t.strictSame(await fields.find({ fieldId: field, test: 'empty' }, 'manager'), ['c1', 'c2', 'p2499']);
  db.run(`DELETE FROM field_value WHERE field_id = ?`, field);
  db.run(`DELETE FROM customer WHERE id LIKE 'p%' AND merged_into_id IS NOT NULL`);
  db.run(`DELETE FROM customer WHERE id LIKE 'p%'`);
  arrange(...before);
});

t.test('brought back while it is being deleted: what is still there stays', async (t) => {
  const wide = randomUUID();
  const before = fields.form('manager').sections[0]!.fields;
  arrange(...before, { ...HABIT, id: wide, name: words('宽') });
  db.transaction(() => {
    db.run(`WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO field_change (customer_id, field_id, after, staff_id, at_ms) SELECT 'c1', ?, '话', 's', 0 FROM n`, wide);
  });
  arrange(...before);
  clock.move(30 * DAY_MS + 1);
  const going = fields.purge();
  await new Promise((resolve) => { setImmediate(resolve); }); // the first pieces are gone
  arrange(...before, { ...HABIT, id: wide, name: words('宽') });
  const left = db.get<{ n: number }>('SELECT count(*) AS n FROM field_change WHERE field_id = ?', wide)!.n;
  t.ok(left > 0 && left < 30_000, `${left} are left`);
  await going;
  t.equal(db.get<{ n: number }>('SELECT count(*) AS n FROM field_change WHERE field_id = ?', wide)!.n, left);
  db.run('DELETE FROM field_change WHERE field_id = ?', wide);
  arrange(...before);
});

t.test('a section goes when nothing is left in it', async (t) => {
  fields.changeForm({ revision: fields.form('manager').revision, sections: [], card: [] });
  t.strictSame(fields.form('manager').sections, []);
  clock.move(30 * DAY_MS + 1);
  await fields.purge();
  t.strictSame(['field_section', 'field', 'field_option', 'field_value', 'field_choice', 'field_change'].map(rows), [0, 0, 0, 0, 0, 0]);
});

t.test('what is erased or dropped leaves no row', async (t) => {
  const note = randomUUID();
  arrange({ ...HABIT, id: note });
  for (const customer of ['c1', 'c2']) put(customer, note, { text: '喝茶' });
  put('c1', note, null);
  t.ok(fields.hasValues('c1'), 'the history is something too');
  t.match(fields.readableOf(['c1']), [{ value: null, history: [{ after: { text: '喝茶' } }, { after: null }] }]);
  fields.drop('c1');
  fields.erase('c2');
  t.notOk(fields.hasValues('c1') || fields.hasValues('c2'));
  t.strictSame([rows('field_value'), rows('field_change')], [0, 0]);
});

t.test('no search reads all values', async (t) => {
  const VALUES: Partial<Record<FieldKind, FieldData>> = {
    text: { text: 'x' }, number: { number: 1 }, money: { moneyMinor: 1 }, date: { day: '2026-01-01' }, choice: { choices: ['o'] }, choices: { choices: ['o', 'p'] }, yes_no: { yes: true }, product: { productId: 'p' },
  };
  for (const kind of FIELD_KINDS) {
    const value = VALUES[kind];
    for (const test of ['filled', 'empty', ...(kind === 'choices' ? ['contains' as const] : kind === 'photo' ? [] : kind === 'text' ? ['is' as const, 'contains' as const] : ['is' as const])] as const) {
      const { sql, values, next } = findStatement(kind, { fieldId: 'f', test, ...(value === undefined ? {} : { value }) });
      const steps = db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values, ...(next === null ? [] : ['', 'z'])).map(({ detail }) => detail).join('; ');
      if (next !== null) t.match(steps, /(^|; )SEARCH (customer USING COVERING INDEX|first USING COVERING INDEX field_choice_by_option)/, `${kind} ${test}: a piece alone: ${steps}`);
      t.notMatch(steps, /SCAN (field_value|first|other)\b/, `${kind} ${test}: ${steps}`);
      if ((test === 'is' || kind === 'text') && /is|contains/.test(test) && value !== undefined && !('choices' in value)) t.match(steps, /field_value_by_(text|number|money|day|yes|product)/, `${kind}: ${steps}`);
    }
  }
});
