/** Own fields on the page: the draft of a form, and what is typed into one. */
import t from 'tap';
import type { FieldData, FieldKind, OwnField, OwnForm } from '../../appliance/contract/index.js';
import {
  broughtBack, cardFields, changeOf, draftOf, isSame, moved, newField, onTopOf, problemOf, withoutField, withoutSection, type FormDraft,
} from '../../webui/src/fields/formDraft.js';
import { isSameValue, namesIn, typedOf, valueOf, valueText } from '../../webui/src/fields/typing.js';

const words = (text: string, en = text) => ({ 'zh-CN': text, en });
const field = (id: string, kind: FieldKind = 'text', change: Partial<OwnField> = {}): OwnField =>
  ({ id, name: words(id), kind, required: false, visibleTo: 'everybody', options: [], removedOptions: [], ...change });
const METAL = field('metal', 'choice', { options: [{ id: 'gold', name: words('金', 'gold') }, { id: 'silver', name: words('银', 'silver') }], removedOptions: [{ id: 'tin', name: words('锡', 'tin') }] });
const FORM: OwnForm = {
  revision: 3, card: [{ fieldId: 'ring' }, { builtin: 'fact' }], sections: [{ id: 's1', name: words('定制', 'Bespoke'), fields: [field('ring', 'number'), METAL] }, { id: 's2', name: words('其他'), fields: [field('secret', 'text', { visibleTo: 'manager' })] }],
  removed: [{ ...field('gone'), until: '2026-07-01T00:00:00.000Z', holders: 4 }],
};
const draft = (): FormDraft => draftOf(structuredClone(FORM));

t.test('a draft that nobody touched says what the form says', async (t) => {
  const { sections, card, revision } = changeOf(draft());
  t.strictSame([revision, card, sections[0]!.name, sections[0]!.fields[1]!.options], [3, FORM.card, words('定制', 'Bespoke'), METAL.options]);
  t.equal(draft().sections[1]!.en, '', 'a name that is the same in both languages was typed once');
  t.ok(isSame(draft(), draft()));
  const renamed = draft();
  renamed.sections[1]!.zh = ' 别的 ';
  t.notOk(isSame(renamed, draft()));
  t.strictSame(changeOf(renamed).sections[1]!.name, words('别的'), 'left empty, English is as Chinese');
});

t.test('taken out: off the card too, and back where one says', async (t) => {
  const without = withoutField(draft(), 'ring');
  t.strictSame([without.sections[0]!.fields.map(({ id }) => id), without.card, without.removed.map(({ id, until }) => [id, until])],
    [['metal'], [{ builtin: 'fact' }], [['ring', null], ['gone', '2026-07-01T00:00:00.000Z']]]);
  const back = broughtBack(without, 'ring', 's2');
  t.strictSame([back.sections[1]!.fields.map(({ id }) => id), back.removed.map(({ id }) => id)], [['secret', 'ring'], ['gone']]);
  t.equal(broughtBack(without, 'ring', 'nowhere'), without);
  const none = withoutSection(draft(), 's1');
  t.strictSame([none.sections.map(({ id }) => id), none.removed.map(({ id }) => id)], [['s2'], ['metal', 'ring', 'gone']]);
  t.strictSame([moved([1, 2, 3], 0, 1), moved([1, 2, 3], 0, -1), moved([1, 2, 3], 2, -1)], [[2, 1, 3], [1, 2, 3], [1, 3, 2]]);
});

t.test('what keeps a form from being saved is said before the box has to', async (t) => {
  const why = (change: (form: FormDraft) => void) => { const form = draft(); change(form); return problemOf(form)?.why ?? null; };
  t.equal(why(() => undefined), null);
  t.equal(why((form) => { form.sections[0]!.zh = ' '; }), 'sectionName');
  t.equal(why((form) => { form.sections[1]!.en = 'BESPOKE'; }), 'sectionTwice');
  t.equal(why((form) => { form.sections[0]!.fields.push(newField('text')); }), 'fieldName');
  t.equal(why((form) => { form.sections[0]!.fields[1]!.options.pop(); }), 'options');
  t.equal(why((form) => { form.sections[0]!.fields[1]!.options[0]!.zh = ''; }), 'optionName');
  t.equal(why((form) => { form.sections[0]!.fields[0]!.managerOnly = true; }), 'card');
  t.strictSame(cardFields(draft().sections).map(({ id }) => id), ['ring', 'metal']);
  t.equal(newField('choices').options.length, 2);
});

t.test('two managers: mine goes on top, what they added stays, and nothing of theirs is lost', async (t) => {
  const mine = withoutField(draft(), 'metal');
  mine.sections[0]!.zh = '我的名字';
  const theirs = draftOf({
    ...structuredClone(FORM), revision: 4, sections: [{ ...FORM.sections[0]!, fields: [...FORM.sections[0]!.fields, field('new')] }, { id: 's3', name: words('他的'), fields: [field('other')] }],
    removed: [{ ...field('secret'), until: '2026-08-01T00:00:00.000Z', holders: 1 }],
  });
  const both = onTopOf(mine, draft(), theirs);
  t.equal(both.revision, 4);
  t.strictSame(both.sections.map(({ id, zh, fields }) => [id, zh, fields.map((each) => each.id)]), [['s1', '我的名字', ['ring', 'new']], ['s2', '其他', ['secret']], ['s3', '他的', ['other']]]);
  t.strictSame(both.removed.map(({ id }) => id), ['metal'], 'secret is back, because mine still has it');
});

t.test('what is typed becomes a value of its kind, and is shown again as it was typed', async (t) => {
  const typed = (text: string) => ({ text, choices: [], yes: null, chosen: null });
  const said = (kind: FieldKind, text: string, currency = 'CNY') => valueOf(kind, typed(text), currency);
  t.strictSame([said('number', ' １２，345.5 '), said('number', '-3'), said('number', '三'), said('number', '1.2.3'), said('number', '')], [{ number: 12345.5 }, { number: -3 }, 'wrong', 'wrong', null]);
  t.strictSame([said('money', '¥1,280.5'), said('money', '-0.05'), said('money', '1.005'), said('money', '1.10')], [{ moneyMinor: 128_050 }, { moneyMinor: -5 }, 'wrong', { moneyMinor: 110 }]);
  t.strictSame([said('money', '1200', 'JPY'), said('money', '1.5', 'JPY')], [{ moneyMinor: 1200 }, 'wrong']);
  t.strictSame([said('text', '  '), said('text', ' 茶 '), said('date', '2028-02-29')], [null, { text: '茶' }, { day: '2028-02-29' }]);
  t.strictSame(valueOf('yes_no', { ...typed(''), yes: false }, 'CNY'), { yes: false });
  for (const value of [{ moneyMinor: 128_050 }, { moneyMinor: -5 }, { moneyMinor: 300 }, { number: -0.25 }, { day: '2026-01-31' }, { text: '茶' }, { yes: false }, { choices: ['gold'] }, { productId: 'p', productName: '腕表' }] satisfies FieldData[]) {
    const kind: FieldKind = 'moneyMinor' in value ? 'money' : 'number' in value ? 'number' : 'day' in value ? 'date' : 'yes' in value ? 'yes_no' : 'choices' in value ? 'choice' : 'productId' in value ? 'product' : 'text';
    t.ok(isSameValue(valueOf(kind, typedOf(value, 'CNY'), 'CNY') as FieldData, value), JSON.stringify(value));
  }
  t.ok(isSameValue({ choices: ['a', 'b'] }, { choices: ['b', 'a'] }));
  t.ok(isSameValue({ productId: 'p' }, { productId: 'p', productName: '腕表' }));
  t.notOk(isSameValue(null, { yes: false }));
});

t.test('a value reads in both languages, removed options too', async (t) => {
  const read = (value: FieldData, language: 'zh-CN' | 'en' = 'zh-CN') => valueText(value, METAL, language, 'CNY');
  t.strictSame([read({ choices: ['gold', 'tin'] }), read({ choices: ['gold', 'tin'] }, 'en')], ['金、锡', 'gold, tin']);
  t.strictSame([read({ moneyMinor: 2_000_000 }), read({ day: '2026-05-03' }), read({ yes: true }), read({ number: 1234.5 }, 'en')], ['¥20,000', '2026年5月3日', '是', '1,234.5']);
  t.equal(read({ productId: 'p', productName: '腕表' }), '腕表');
  t.match(namesIn(METAL, [{ productId: 'p', productName: '腕表' }, null], 'en'), { [METAL.id]: METAL.name.en, gold: 'gold', tin: 'tin', p: '腕表' });
});
