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
      const { sql, values } = findStatement(kind, { fieldId: 'f', test, ...(value === undefined ? {} : { value }) });
      const steps = db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values).map(({ detail }) => detail).join('; ');
      t.notMatch(steps, /SCAN (field_value|first|other)\b/, `${kind} ${test}: ${steps}`);
      if ((test === 'is' || kind === 'text') && /is|contains/.test(test) && value !== undefined && !('choices' in value)) t.match(steps, /field_value_by_(text|number|money|day|yes|product)/, `${kind}: ${steps}`);
    }
  }
});
