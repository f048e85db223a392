/** Own fields, the pure part: what leads from one form to another, what fits a field, what stands on the card. */
import t from 'tap';
import { FIELD_KINDS, FIELD_TESTS, type CardSlot, type FieldData, type FieldKind, type OwnFormChange } from '../../appliance/contract/index.js';
import { cardFacts, nextDate, shortened, type CardSources } from '../../appliance/fields/card.js';
import { isEmpty, planForm, type FieldRow, type FormPlan, type FormRows, type OptionRow, type Refusal } from '../../appliance/fields/plan.js';
import { findStatement } from '../../appliance/fields/search.js';
import { canonical, columnsOf, dataOf, fitted, parsed, readable } from '../../appliance/fields/values.js';

const words = (text: string) => ({ 'zh-CN': text, en: `${text} (en)` });
const option = (id: string, fieldId: string, position: number, removed = false): OptionRow => ({ id, fieldId, name: words(id), position, removed });
const field = (id: string, kind: FieldKind, change: Partial<FieldRow> = {}): FieldRow =>
  ({ id, sectionId: 's1', name: words(id), kind, required: false, visibleTo: 'everybody', position: 0, removed: false, ...change });
const present: FormRows = {
  sections: [{ id: 's1', name: words('尺寸'), position: 0, removed: false }, { id: 's2', name: words('旧的'), position: 1, removed: true }],
  fields: [
    field('ring', 'number'), field('metal', 'choice', { position: 1 }), field('secret', 'text', { position: 2, visibleTo: 'manager' }),
    field('gone', 'text', { sectionId: 's2', removed: true }),
  ],
  options: [option('gold', 'metal', 0), option('silver', 'metal', 1), option('tin', 'metal', 2, true)],
  card: [{ fieldId: 'ring' }],
};
type Wanted = OwnFormChange['sections'][number]['fields'][number];
const asked = (id: string | undefined, kind: FieldKind, change: Partial<Wanted> = {}): Wanted =>
  ({ ...(id === undefined ? {} : { id }), name: words(id ?? 'new'), kind, required: false, visibleTo: 'everybody', options: [], ...change });
const METAL = asked('metal', 'choice', { options: [{ id: 'gold', name: words('gold') }, { id: 'silver', name: words('silver') }] });
const AS_IT_IS = [asked('ring', 'number'), METAL, asked('secret', 'text', { visibleTo: 'manager' })];
const wanted = (fields: Wanted[], card: CardSlot[] = present.card, more: OwnFormChange['sections'] = []): OwnFormChange =>
  ({ revision: 1, sections: [{ id: 's1', name: words('尺寸'), fields }, ...more], card });
let made = 0;
const plan = (form: OwnFormChange): FormPlan | Refusal => planForm(present, form, () => `new-${(made += 1)}`);
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

t.test('what is as it is wanted needs nothing', async (t) => {
  const same = plan(wanted(AS_IT_IS)) as FormPlan;
  t.ok(isEmpty(same));
  const spaced = plan({ ...wanted(AS_IT_IS), sections: [{ id: 's1', name: { 'zh-CN': ' 尺寸 ', en: '尺寸 (en)' }, fields: AS_IT_IS }] }) as FormPlan;
  t.ok(isEmpty(spaced), 'spaces around a name are no change');
});

t.test('what is missing is removed, what comes is new, what is named again is restored', async (t) => {
  const next = plan(wanted([METAL, asked('gone', 'text'), asked(undefined, 'yes_no'), asked('by-ipad', 'date')], [{ fieldId: 'by-ipad' }])) as FormPlan;
  t.strictSame(ids(next.fields.remove), ['ring', 'secret']);
  t.strictSame(ids(next.fields.restore), ['gone']);
  t.equal(next.fields.restore[0]!.sectionId, 's1', 'in the section where it is named');
  t.strictSame(next.fields.add.map(({ kind }) => kind), ['yes_no', 'date']);
  t.equal(next.fields.add[1]!.id, 'by-ipad', 'an id that is not known yet is kept, so that the card can name it at once');
  t.strictSame(ids(next.fields.change), ['metal'], 'it moved up');
  t.strictSame(next.card, [{ fieldId: 'by-ipad' }]);
});

t.test('options are added, renamed, removed and restored; those of a removed field stay with it', async (t) => {
  const options = [{ id: 'silver', name: words('silver') }, { id: 'tin', name: words('tin') }, { name: words('copper') }];
  const next = plan(wanted([asked('ring', 'number'), { ...METAL, options }, AS_IT_IS[2]!])) as FormPlan;
  t.strictSame([ids(next.options.remove), ids(next.options.restore), next.options.add.map(({ name }) => name.en), ids(next.options.change)],
    [['gold'], ['tin'], ['copper (en)'], ['silver']]);
  const without = plan(wanted([asked('ring', 'number')])) as FormPlan;
  t.strictSame(without.options.remove, []);
});

t.test('why not', async (t) => {
  const refused = (form: OwnFormChange) => { const { refused: why, fieldId } = plan(form) as Refusal; return [why, fieldId]; };
  t.strictSame(refused(wanted([asked('ring', 'text')])), ['form_invalid', 'ring'], 'another kind');
  t.strictSame(refused(wanted([asked('gone', 'number')])), ['form_invalid', 'gone'], 'also of one that comes back');
  t.strictSame(refused(wanted([{ ...METAL, options: METAL.options.slice(0, 1) }])), ['form_invalid', 'metal'], 'nothing to choose');
  t.strictSame(refused(wanted([asked('ring', 'number', { options: METAL.options })])), ['form_invalid', 'ring'], 'options of what is no choice');
  t.strictSame(refused(wanted([asked('other', 'choice', { options: METAL.options })], [])), ['form_invalid', 'other'], 'another field\'s options');
  t.equal((plan(wanted([asked('ring', 'number'), asked('ring', 'number')])) as Refusal).refused, 'form_invalid', 'twice');
  const two = (name: { 'zh-CN': string; en: string }) => wanted(AS_IT_IS, present.card, [{ name, fields: [] }]);
  t.equal((plan(two({ 'zh-CN': ' 尺寸', en: 'Others' })) as Refusal).refused, 'section_name_taken');
  t.equal((plan(two({ 'zh-CN': '别的', en: '尺寸 (EN)' })) as Refusal).refused, 'section_name_taken', 'in the other language');
  t.notOk('refused' in plan(two(words('旧的'))), 'the name of a removed section is free');
  t.strictSame(refused(wanted(AS_IT_IS, [{ fieldId: 'secret' }])), ['field_not_for_card', 'secret'], 'a manager\'s field');
  t.strictSame(refused(wanted(AS_IT_IS, [{ fieldId: 'gone' }])), ['field_not_for_card', 'gone'], 'a removed one');
  t.strictSame(refused(wanted([asked('photo', 'photo')], [{ fieldId: 'photo' }])), ['field_not_for_card', 'photo'], 'a card has no pictures');
});

const lookUp = { productName: (id: string) => (id === 'p1' ? '腕表' : null), isFileOf: (file: string, customer: string) => file === 'f1' && customer === 'c' };
const OPTIONS = [option('a', 'f', 0), option('b', 'f', 1), option('old', 'f', 2, true)];
const RIGHT: Record<FieldKind, [FieldData, string]> = {
  text: [{ text: ' 喜欢\n银色😀 ' }, '喜欢\n银色😀'], number: [{ number: -0 }, '0'], money: [{ moneyMinor: -128_050 }, '-128050'], date: [{ day: '2024-02-29' }, '2024-02-29'],
  choice: [{ choices: ['b'] }, 'b'], choices: [{ choices: ['b', 'a'] }, 'a,b'], yes_no: [{ yes: false }, '0'], product: [{ productId: 'p1', productName: '别的' }, 'p1'], photo: [{ fileId: 'f1' }, 'f1'],
};

t.test('a value fits its own kind and no other, and is the same after it was written and read', async (t) => {
  for (const kind of FIELD_KINDS) {
    for (const other of FIELD_KINDS) {
      const fits = fitted(kind, OPTIONS, RIGHT[other][0], [], 'c', lookUp);
      const like = kind === other || (kind === 'choices' && other === 'choice');
      t.equal(fits !== null, like, `${other} into ${kind}`);
    }
    const value = fitted(kind, OPTIONS, RIGHT[kind][0], [], 'c', lookUp)!;
    t.equal(canonical(value), RIGHT[kind][1], kind);
    t.equal(canonical(parsed(kind, canonical(value))), canonical(value));
    t.equal(canonical(dataOf(columnsOf(value), 'choices' in value ? value.choices : [])), canonical(value));
  }
  t.equal(canonical(null), null);
  t.equal(parsed('text', null), null);
});

t.test('what does not fit', async (t) => {
  const wrong = (kind: FieldKind, data: FieldData, held: string[] = []) => t.equal(fitted(kind, OPTIONS, data, held, 'c', lookUp), null, `${kind} ${JSON.stringify(data)}`);
  wrong('text', { text: ' \n ' });
  wrong('number', { number: Number.POSITIVE_INFINITY });
  wrong('money', { moneyMinor: 1.5 });
  for (const day of ['2025-02-29', '2024-13-01', '2024-04-31', '0000-00-00']) wrong('date', { day });
  wrong('choice', { choices: ['a', 'b'] });
  wrong('choice', { choices: ['elsewhere'] });
  wrong('choices', { choices: ['a', 'old'] });
  t.strictSame(fitted('choices', OPTIONS, { choices: ['old', 'a'] }, ['old'], 'c', lookUp), { choices: ['a', 'old'] }, 'what stands there already may stay');
  wrong('product', { productId: 'p2' });
  t.equal(fitted('photo', [], { fileId: 'f1' }, [], 'somebody else', lookUp), null, 'a photo of somebody else\'s dossier');
});

t.test('to be read without the form', async (t) => {
  t.strictSame(readable({ choices: ['b', 'old'] }, OPTIONS, lookUp), { words: { 'zh-CN': 'b、old', en: 'b (en), old (en)' } });
  t.strictSame(readable({ productId: 'p1' }, [], lookUp), { text: '腕表' });
  t.strictSame(readable({ productId: 'p9' }, [], lookUp), { text: 'p9' });
  t.strictSame(readable({ moneyMinor: 5 }, [], lookUp), { moneyMinor: 5 });
});

t.test('each kind can be searched by what makes sense of it', async (t) => {
  for (const kind of FIELD_KINDS) {
    for (const test of FIELD_TESTS) {
      const sensible = ['filled', 'empty'].includes(test) || (test === 'is' && !['choices', 'photo'].includes(kind))
        || (test === 'contains' && ['text', 'choices'].includes(kind)) || (/^at_/.test(test) && ['number', 'money', 'date'].includes(kind));
      const ask = () => findStatement(kind, { fieldId: 'f', test, value: RIGHT[kind][0] });
      if (sensible) t.match(ask().sql, /LIMIT 100$/, `${kind} ${test}`);
      else t.throws(ask, { code: 'field_invalid' }, `${kind} ${test}`);
    }
  }
  t.throws(() => findStatement('number', { fieldId: 'f', test: 'is', value: { text: '5' } }), { code: 'field_invalid' });
  t.throws(() => findStatement('text', { fieldId: 'f', test: 'is' }), { code: 'field_invalid' });
  t.strictSame(findStatement('text', { fieldId: 'f', test: 'contains', value: { text: '50%_\\' } }).values, ['f', '%50\\%\\_\\\\%'], 'signs of LIKE are letters');
});

const date = (month: number, day: number, label: string | null = null) => ({ kind: 'birthday' as const, label, month, day, year: null });
const sources = (change: Partial<CardSources> = {}): CardSources => ({
  customer: { facts: ['爱喝乌龙茶', '左撇子'], sizes: [{ label: '戒指', value: '12 号' }], likes: ['银色'], points: 320, dates: [date(5, 3), date(11, 20)] },
  today: '2026-06-01', oldestWish: () => '月光腕表', lastPurchase: () => null, own: (id) => (id === 'ring' ? { name: words('ring'), value: { number: 14 } } : null), ...change,
});

t.test('without places the free facts stand on the card; with them what was chosen, and gaps close', async (t) => {
  t.strictSame(cardFacts([], sources()), [{ label: null, value: { text: '爱喝乌龙茶' } }, { label: null, value: { text: '左撇子' } }]);
  t.strictSame(cardFacts([{ fieldId: 'ring' }, { builtin: 'last_purchase' }, { builtin: 'fact' }], sources()),
    [{ label: words('ring'), value: { number: 14 } }, { label: null, value: { text: '爱喝乌龙茶' } }]);
  t.strictSame(cardFacts([{ builtin: 'fact' }, { builtin: 'fact' }, { builtin: 'fact' }], sources()).length, 2, 'each place the next one');
  t.strictSame(cardFacts([{ builtin: 'size' }, { builtin: 'points' }, { builtin: 'date' }], sources()).map(({ label, value }) => [label?.['zh-CN'], value]),
    [['戒指', { text: '12 号' }], ['积分', { number: 320 }], ['生日', { monthDay: '11-20' }]]);
  t.strictSame(cardFacts([{ builtin: 'wish' }, { builtin: 'like' }, { fieldId: 'other' }], sources()).map(({ value }) => value), [{ text: '月光腕表' }, { text: '银色' }]);
});

t.test('the next date, over the turn of the year and on 29 February', async (t) => {
  const next = (today: string, ...dates: ReturnType<typeof date>[]) => { const found = nextDate(dates, today); return found === null ? null : [found.month, found.day]; };
  t.equal(next('2026-01-01'), null);
  t.strictSame(next('2026-05-03', date(5, 3), date(5, 4)), [5, 3], 'today is the next');
  t.strictSame(next('2026-12-31', date(5, 3), date(2, 1)), [2, 1]);
  t.strictSame(next('2026-02-28', date(2, 29), date(3, 1)), [2, 29], 'kept on the 28th');
  t.strictSame(next('2026-03-01', date(2, 29), date(12, 1)), [12, 1]);
  t.strictSame(next('2028-02-29', date(3, 1), date(2, 29)), [2, 29]);
});

t.test('a text on the card is cut between characters as people see them', async (t) => {
  t.equal(shortened(`${'a'.repeat(78)}😀😀`, 80), `${'a'.repeat(78)}😀😀`, 'eighty are not cut');
  t.equal(shortened(`${'a'.repeat(78)}😀😀😀`, 80), `${'a'.repeat(78)}😀…`);
  t.equal(shortened(`${'a'.repeat(76)}👩‍👩‍👧‍👦 茶茶`, 80), `${'a'.repeat(76)}…`, 'a family is one');
  t.equal(shortened('茶'.repeat(81), 80), `${'茶'.repeat(79)}…`);
});
