/** Own fields over the network: who sees what, a form that changes under an open page, two iPads, finding, the export, and what privacy asks. */
import t from 'tap';
import type { AccessCopy, AuditPage, CustomerSummary, Dossier, ErrorBody, FieldData, FieldHistory, FieldKind, FieldValue, OwnForm, OwnFormChange, StoredFile, VisitCard } from '../../appliance/contract/index.js';
import type { PorticoClient } from '../../demo/client.js';
import { addAssociate, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';
import { readPdf } from '../support/pdf.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const { owner } = box;
const { device: associate } = await addAssociate(box, '小王');
const { device: officer } = await addMember(box, '小隐', 'privacy_officer');

const words = (zh: string, en = zh) => ({ 'zh-CN': zh, en });
const fieldIds = new Map<string, string>();
const id = (name: string) => { if (!fieldIds.has(name)) fieldIds.set(name, crypto.randomUUID()); return fieldIds.get(name)!; };
type Wanted = OwnFormChange['sections'][number]['fields'][number];
const field = (name: string, kind: FieldKind, change: Partial<Wanted> = {}): Wanted =>
  ({ id: id(name), name: words(name, `${name} en`), kind, required: false, visibleTo: 'everybody', options: [], ...change });
const METALS = ['金', '银', '铂'].map((name) => ({ id: id(name), name: words(name) }));
const FIELDS = [
  field('习惯', 'text'), field('指围', 'number', { required: true }), field('预算', 'money'), field('婚期', 'date'), field('材质', 'choices', { options: METALS }), field('会员群', 'yes_no'),
  field('照片', 'photo'), field('经理备注', 'text', { visibleTo: 'manager' }),
];
let revision = 0;
async function arrange(fields: Wanted[], card: OwnFormChange['card'] = [], by: PorticoClient = owner): Promise<OwnForm> {
  const form = await by.call<OwnForm>('PUT', '/fields', { revision, sections: [{ id: id('section'), name: words('定制', 'Bespoke'), fields }], card });
  revision = form.revision;
  return form;
}
const put = (by: PorticoClient, customerId: string, values: { fieldId: string; value: FieldData | null; base?: FieldData | null }[]) =>
  by.call<FieldValue[]>('PUT', `/customers/${customerId}/fields`, { values });
const dossier = (customerId: string, by = owner) => by.call<Dossier>('GET', `/customers/${customerId}`);
const refused = async (by: PorticoClient, method: string, path: string, body?: unknown) => {
  const { status, body: answer } = await by.send<ErrorBody>(method, `/api/v1${path}`, body);
  return [status, answer.code, answer.details ?? {}];
};
const upload = async (customerId: string, name: string): Promise<{ id: string }> =>
  (await owner.send<{ id: string }>('POST', `/api/v1/customers/${customerId}/files?name=${name}`, PDF, { 'content-type': 'application/pdf' })).body;
const PDF = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF');
const SIZE = { fieldId: id('指围'), value: { number: 14.5 } };
const lin = (await owner.createCustomer({ displayName: '林知夏', phone: '13800138000', memberNo: null })).id;

t.test('a manager makes the form; associates see no managers\' field, and cannot make one', async (t) => {
  t.strictSame(await owner.call<OwnForm>('GET', '/fields'), { revision: 0, sections: [], card: [], removed: [] });
  t.equal(await refusal(associate.call('PUT', '/fields', { revision: 0, sections: [], card: [] })), '403 not_allowed');
  const form = await arrange(FIELDS, [{ fieldId: id('材质') }, { builtin: 'fact' }]);
  t.equal(form.revision, 1);
  t.strictSame(form.sections[0]!.fields.map(({ kind }) => kind), FIELDS.map(({ kind }) => kind));
  const seen = await associate.call<OwnForm>('GET', '/fields');
  t.strictSame(seen.sections[0]!.fields.map(({ name }) => name['zh-CN']), FIELDS.slice(0, -1).map(({ name }) => name['zh-CN']));
  t.notMatch(JSON.stringify(seen), /经理/);
  t.equal((await officer.call<OwnForm>('GET', '/fields')).sections[0]!.fields.length, FIELDS.length);
});

t.test('the whole form or none of it: somebody else saved, a wrong kind, a name twice', async (t) => {
  const before = await owner.call<OwnForm>('GET', '/fields');
  const sections = [{ id: id('section'), name: words('定制', 'Bespoke'), fields: [...FIELDS, field('新的', 'text')] }];
  t.strictSame(await refused(owner, 'PUT', '/fields', { revision: 0, sections, card: [] }), [409, 'edit_conflict', { fields: 'form' }]);
  t.equal((await owner.call<OwnForm>('PUT', '/fields', { revision: 0, sections: [{ ...sections[0]!, fields: FIELDS }], card: before.card })).revision, 1, 'sent again after it was saved: as the first time');
  t.strictSame(await refused(owner, 'PUT', '/fields', { revision: 1, sections: [{ ...sections[0]!, fields: [field('习惯', 'number')] }], card: [] }), [400, 'form_invalid', { fieldId: id('习惯') }]);
  t.equal((await refused(owner, 'PUT', '/fields', { revision: 1, sections: [...sections, { name: words('定制', 'Other'), fields: [] }], card: [] }))[1], 'section_name_taken');
  t.strictSame(await refused(owner, 'PUT', '/fields', { revision: 1, sections, card: [{ fieldId: id('经理备注') }] }), [409, 'field_not_for_card', { fieldId: id('经理备注') }]);
  t.strictSame(await owner.call('GET', '/fields'), before);
});

t.test('values are typed, required fields are filled, and the dossier shows them as the reader may see them', async (t) => {
  const wrong = async (name: string, value: FieldData | null, code: string) => t.strictSame(await refused(associate, 'PUT', `/customers/${lin}/fields`, { values: [SIZE, { fieldId: id(name), value }] }),
    [400, code, { fieldId: id(name) }], `${name} ${JSON.stringify(value)}`);
  await wrong('习惯', { number: 3 }, 'field_invalid');
  await wrong('材质', { choices: [id('section')] }, 'field_invalid');
  await wrong('婚期', { day: '2026-2-29' }, 'field_invalid');
  await wrong('婚期', { day: '2026-02-29' }, 'field_invalid');
  await wrong('预算', { moneyMinor: 1e15 }, 'field_invalid');
  t.strictSame(await refused(associate, 'PUT', `/customers/${lin}/fields`, { values: [{ fieldId: id('习惯'), value: { text: '先喝茶' } }] }), [400, 'field_required', { fieldId: id('指围') }]);
  t.equal(await refusal(put(associate, lin, [SIZE, { fieldId: id('经理备注'), value: { text: '不' } }])), '403 not_allowed');
  t.strictSame((await dossier(lin)).fields, [], 'nothing was saved by halves');

  const saved = await put(associate, lin, [
    SIZE, { fieldId: id('习惯'), value: { text: ' =先喝茶 ' } }, { fieldId: id('预算'), value: { moneyMinor: 1_280_050 } }, { fieldId: id('婚期'), value: { day: '2028-02-29' } },
    { fieldId: id('材质'), value: { choices: [id('铂'), id('金')] } }, { fieldId: id('会员群'), value: { yes: true } },
  ]);
  t.match(saved[0], { fieldId: id('习惯'), value: { text: '=先喝茶' }, by: '小王', changes: 1 });
  t.strictSame(saved.find(({ fieldId }) => fieldId === id('材质'))!.value, { choices: [id('金'), id('铂')] }, 'in the order of the form');
  await put(owner, lin, [{ fieldId: id('经理备注'), value: { text: '要保密的话' } }]);
  t.equal((await dossier(lin)).fields.length, 7);
  t.equal((await dossier(lin, associate)).fields.length, 6);
  t.notMatch(JSON.stringify(await dossier(lin, associate)), /要保密的话/);
  t.equal((await dossier(lin, officer)).fields.length, 7);
  t.equal(await refusal(associate.call('GET', `/customers/${lin}/fields/${id('经理备注')}/history`)), '403 not_allowed');
});

t.test('two iPads: what the other wrote is not written over unseen, and the history tells who wrote what', async (t) => {
  const base = { number: 14.5 };
  await put(associate, lin, [{ fieldId: id('指围'), value: { number: 15 }, base }]);
  t.strictSame(await refused(owner, 'PUT', `/customers/${lin}/fields`, { values: [{ fieldId: id('指围'), value: { number: 16 }, base }, { fieldId: id('会员群'), value: { yes: false }, base: { yes: true } }] }),
    [409, 'edit_conflict', { fields: id('指围') }]);
  t.same((await put(owner, lin, [{ fieldId: id('指围'), value: { number: 15 }, base }]))[0]!.changes, 2, 'the same from two iPads is no conflict and no change');
  await put(owner, lin, [{ fieldId: id('指围'), value: { number: 16 }, base: { number: 15 } }]);
  const written = async () => (await officer.call<AuditPage>('GET', `/audit?customerId=${lin}&action=customer_changed`)).entries.length;
  const before = await written();
  await put(owner, lin, [{ fieldId: id('指围'), value: { number: 16 } }]);
  t.equal(await written(), before, 'what changes nothing is not written down as a change');
  t.match(await owner.call<FieldHistory>('GET', `/customers/${lin}/fields/${id('指围')}/history`), [
    { before: { number: 15 }, after: { number: 16 }, by: '店长' }, { before: { number: 14.5 }, after: { number: 15 }, by: '小王' }, { before: null, after: { number: 14.5 }, by: '小王' },
  ]);
  await put(owner, lin, [{ fieldId: id('会员群'), value: null }, { fieldId: id('经理备注'), value: null }]);
  t.same((await dossier(lin)).emptiedFields.length, 2, 'what was emptied has a history');
  t.strictSame((await dossier(lin, associate)).emptiedFields, [id('会员群')], 'of what they may see');
  await put(owner, lin, [{ fieldId: id('会员群'), value: { yes: true } }, { fieldId: id('经理备注'), value: { text: '要保密的话' } }]);
  t.strictSame((await dossier(lin)).emptiedFields, []);
});

t.test('the card shows what the manager chose', async (t) => {
  const card = await owner.call<VisitCard>('POST', '/visits', { customerId: lin });
  t.strictSame(card.facts, [{ label: words('材质', '材质 en'), value: { words: words('金、铂', '金, 铂') } }]);
});

t.test('customers are found by what stands in a field that one may see', async (t) => {
  const wang = (await owner.createCustomer({ displayName: '王先生', facts: ['爱喝茶'] })).id;
  await put(owner, wang, [{ fieldId: id('指围'), value: { number: 20 } }, { fieldId: id('材质'), value: { choices: [id('金')] } }]);
  const find = async (name: string, test: string, value?: FieldData, by = associate) =>
    (await by.call<CustomerSummary[]>('POST', '/fields/search', { fieldId: id(name), test, ...(value === undefined ? {} : { value }) })).map((each) => each.displayName);
  t.match(await associate.call('POST', '/fields/search', { fieldId: id('指围'), test: 'at_least', value: { number: 16 } }),
    [{ displayName: '林知夏', phoneTail: '8000', found: { in: 'field', text: null } }, { displayName: '王先生' }]);
  t.strictSame(await find('指围', 'at_most', { number: 16 }), ['林知夏']);
  t.strictSame(await find('材质', 'contains', { choices: [id('金'), id('铂')] }), ['林知夏']);
  t.strictSame((await find('材质', 'contains', { choices: [id('金')] })).length, 2);
  t.strictSame(await find('习惯', 'contains', { text: '喝茶' }), ['林知夏']);
  t.strictSame(await find('预算', 'empty'), ['王先生']);
  t.strictSame(await find('婚期', 'at_least', { day: '2028-01-01' }), ['林知夏']);
  t.equal(await refusal(find('经理备注', 'filled')), '403 not_allowed');
  t.strictSame(await find('经理备注', 'filled', undefined, owner), ['林知夏']);
  t.equal(await refusal(find('指围', 'contains', { number: 1 })), '400 field_invalid');
});

t.test('a field that was removed while a page was open: nothing is saved, it is said which, and it comes back as it was', async (t) => {
  const left = FIELDS.filter(({ name }) => name['zh-CN'] !== '材质').concat(field('材质二', 'choice', { options: [{ name: words('甲') }, { name: words('乙') }] }));
  const form = await arrange(left);
  t.match(form.removed, [{ id: id('材质'), kind: 'choices', holders: 2, options: METALS, until: new Date(clock.now() + 30 * 86_400_000).toISOString() }]);
  t.strictSame(await refused(associate, 'PUT', `/customers/${lin}/fields`, { values: [{ fieldId: id('材质'), value: { choices: [id('金')] } }, { fieldId: id('习惯'), value: { text: '别的' } }] }),
    [409, 'field_gone', { fieldId: id('材质') }]);
  t.notMatch(await dossier(lin), { fields: [{ fieldId: id('材质') }] });
  t.equal((await dossier(lin)).fields.find(({ fieldId }) => fieldId === id('习惯'))!.changes, 1);
  t.equal((await associate.call<OwnForm>('GET', '/fields')).removed.length, 0);
  await arrange(FIELDS);
  t.strictSame((await dossier(lin)).fields.find(({ fieldId }) => fieldId === id('材质'))!.value, { choices: [id('金'), id('铂')] });
  // An option alone: readable where it stands, chosen no more.
  const two = FIELDS.map((each) => (each.id === id('材质') ? { ...each, options: METALS.slice(1) } : each));
  t.match((await arrange(two)).sections[0]!.fields[4]!, { removedOptions: [METALS[0]] });
  t.strictSame((await dossier(lin)).fields.find(({ fieldId }) => fieldId === id('材质'))!.value, { choices: [id('铂'), id('金')] });
  const kim = (await owner.createCustomer({ displayName: '金小姐' })).id;
  t.equal((await refused(owner, 'PUT', `/customers/${kim}/fields`, { values: [SIZE, { fieldId: id('材质'), value: { choices: [id('金')] } }] }))[1], 'field_invalid');
  await arrange(FIELDS);
});

t.test('the export: proof, no names, no formulas, nobody restricted, written down first', async (t) => {
  const path = (...names: string[]) => `/fields/export.csv?fields=${names.map(id).join(',')}`;
  clock.move(6 * 60_000);
  t.equal(await refusal(owner.call('GET', path('习惯'))), '401 pin_again');
  t.equal(await refusal(associate.call('GET', path('习惯'))), '403 not_allowed');
  await owner.prove(OWNER_PIN);
  t.equal(await refusal(owner.call('GET', path('section'))), '409 field_gone');
  const still = (await owner.createCustomer({ displayName: '限制的人' })).id;
  await put(owner, still, [SIZE]);
  await officer.call('PUT', `/customers/${still}/restriction`, { restricted: true, reason: '有异议' });
  t.equal(await refusal(put(associate, still, [{ fieldId: id('习惯'), value: { text: '不' } }])), '409 customer_restricted');
  t.equal(await refusal(put(owner, still, [{ fieldId: id('指围'), value: { number: 99 } }])), '409 customer_restricted', 'nor replaced');
  t.match(await put(officer, still, [{ fieldId: id('指围'), value: { number: 15 } }]), [{ value: { number: 15 } }], 'but by who answers for it');
  const { headers, body } = await owner.send<string>('GET', `/api/v1${path('习惯', '指围', '预算', '材质', '会员群', '婚期')}&language=en`);
  t.match(headers['content-type'], /^text\/csv/);
  const [head, ...lines] = body.trimEnd().split('\r\n');
  t.equal(head, '\uFEFFMember number,Dossier,习惯 en,指围 en,预算 en,材质 en,会员群 en,婚期 en');
  t.equal(lines.find((line) => line.includes(lin)), `,${lin},'=先喝茶,16,12800.5,"金, 铂",yes,2028-02-29`);
  t.equal(lines.length, 2, 'of four customers two have something and are not restricted');
  t.notMatch(body, new RegExp(`林知夏|13800138000|${still}`));
  const { entries } = await officer.call<AuditPage>('GET', '/audit?action=customers_exported');
  t.strictSame(entries.map(({ detail }) => detail), [{ fields: 6, customers: 2 }]);
  t.match((await officer.call<AuditPage>('GET', '/audit?action=setting_changed&limit=1')).entries[0]!.detail, { setting: 'own_fields', fields: 8 });
});

t.test('C22: the copy after a merge has what stayed with the hidden dossier, and that others name this person, not who', async (t) => {
  const [hidden, kept] = [(await owner.createCustomer({ displayName: '己六' })).id, (await owner.createCustomer({ displayName: '庚七' })).id];
  await owner.call('POST', `/customers/${hidden}/wishes`, { text: '想要一支毛笔' });
  await owner.call('POST', `/customers/${hidden}/follow-ups`, { text: '打电话问毛笔', dueOn: null });
  await put(owner, hidden, [SIZE, { fieldId: id('照片'), value: { fileId: (await upload(hidden, 'hidden-thing')).id } }]);
  await owner.createCustomer({ displayName: '寅丙', companions: [{ name: '小己', relation: '表妹', customerId: hidden }] });
  await owner.giveConsent(kept, { purposes: ['recognise'] });
  await owner.call('POST', `/customers/${hidden}/merge`, { into: kept });
  t.match(await dossier(kept), { wishes: [], followUps: [], files: [] }, 'out of what staff see');
  const copy = await officer.call<AccessCopy>('GET', `/customers/${kept}/access-copy.json`);
  t.match(copy.dossier, { wishes: [{ text: '想要一支毛笔' }], followUps: [{ text: '打电话问毛笔' }], files: [{ name: 'hidden-thing' }] });
  t.strictSame(copy.companionOf, [{ name: '小己', relation: '表妹' }]);
  t.notMatch(JSON.stringify(copy), /寅丙/);
  const { squeezed } = await readPdf((await officer.send<Buffer>('GET', `/api/v1/customers/${kept}/access-copy.pdf?language=zh-CN`)).body);
  for (const text of ['想要一支毛笔', '打电话问毛笔', 'hidden-thing', '表妹', '所写姓名：小己']) t.match(squeezed, text);
  // Erased, all of it: nobody else's dossier names them any more.
  await officer.call('DELETE', `/customers/${kept}`);
  t.strictSame(await owner.call<CustomerSummary[]>('GET', `/customers?query=${encodeURIComponent('小己')}`), []);
});

t.test('a merge is undone: no field goes on showing a file that went back', async (t) => {
  const [other, kept] = [(await owner.createCustomer({ displayName: '乙二' })).id, (await owner.createCustomer({ displayName: '丙三' })).id];
  const [theirs, own] = [await upload(other, 'theirs'), await upload(kept, 'own')];
  const { merges } = await owner.call<Dossier>('POST', `/customers/${other}/merge`, { into: kept });
  await put(associate, kept, [SIZE, { fieldId: id('照片'), value: { fileId: theirs.id } }]);
  t.match((await owner.call<Dossier>('POST', `/merges/${merges[0]!.id}/undo`)).files, [{ id: theirs.id }]);
  t.match(await dossier(kept), { fields: [{ fieldId: id('指围') }], files: [{ id: own.id }] });
  t.notMatch(JSON.stringify((await dossier(kept)).fields), theirs.id);
  t.match(await owner.call<FieldHistory>('GET', `/customers/${kept}/fields/${id('照片')}/history`), [{ before: { fileId: theirs.id }, after: null, by: '店长' }, { after: { fileId: theirs.id }, by: '小王' }]);
  t.equal((await owner.send('DELETE', `/api/v1/files/${theirs.id}`)).status, 204, 'it is theirs to delete');
});

t.test('a merge keeps each dossier\'s own values; what the hidden one alone says is shown beside, and goes back with it', async (t) => {
  const double = (await owner.createCustomer({ displayName: '林小姐' })).id;
  await put(owner, double, [{ fieldId: id('指围'), value: { number: 9 } }, { fieldId: id('习惯'), value: { text: '左手戴' } }]);
  const kept = (await owner.createCustomer({ displayName: '林女士' })).id;
  await put(owner, kept, [SIZE]);
  const merged = await owner.call<Dossier>('POST', `/customers/${double}/merge`, { into: kept });
  t.match(merged, { fields: [{ value: { number: 14.5 } }], formerFields: [{ fieldId: id('习惯'), value: { text: '左手戴' }, from: '林小姐' }] });
  t.equal(merged.formerFields.length, 1);
  t.equal(await refusal(put(owner, double, [SIZE])), '410 customer_merged');
  const copy = await officer.call<AccessCopy>('GET', `/customers/${kept}/access-copy.json`);
  t.match(copy.ownFields.map(({ name, value, history }) => [name['zh-CN'], value, history.length]), [['指围', { number: 14.5 }, 1], ['习惯', { text: '左手戴' }, 1], ['指围', { number: 9 }, 1]]);
  const back = await owner.call<Dossier>('POST', `/merges/${merged.merges[0]!.id}/undo`);
  t.equal(back.fields.length, 2);
  t.strictSame((await dossier(kept)).formerFields, []);
});

t.test('own fields are preferences: they go with that purpose, history and all, and nothing new comes', async (t) => {
  const chen = (await owner.createCustomer({ displayName: '陈女士' })).id;
  await owner.giveConsent(chen, { purposes: ['recognise', 'preferences'] });
  await put(owner, chen, [SIZE]);
  await owner.call('POST', `/customers/${chen}/consents/withdraw`, { purposes: ['preferences'] });
  t.strictSame((await dossier(chen)).fields, []);
  t.strictSame(await owner.call('GET', `/customers/${chen}/fields/${id('指围')}/history`), []);
  t.equal(await refusal(put(owner, chen, [SIZE])), '403 preferences_not_agreed');
  t.strictSame((await officer.call<AccessCopy>('GET', `/customers/${chen}/access-copy.json`)).ownFields, []);
});

t.test('the privacy officer may take anything out; an erased dossier leaves nothing', async (t) => {
  t.equal(await refusal(put(owner, lin, [{ fieldId: id('指围'), value: null }])), '400 field_required');
  t.equal(await refusal(put(officer, lin, [{ fieldId: id('指围'), value: null }])), 'accepted');
  await officer.call('DELETE', `/customers/${lin}`);
  t.equal(await refusal(dossier(lin)), '404 customer_not_found');
});

t.test('a photo in a field for managers is a file for nobody else: not listed, not opened, not removed, not put elsewhere, not after it was replaced', async (t) => {
  const [secret, open] = [field('证件', 'photo', { visibleTo: 'manager' }), field('款式', 'photo')];
  await arrange([...FIELDS.map((each) => ({ ...each, required: false })), secret, open]);
  const he = (await owner.createCustomer({ displayName: '何女士' })).id;
  const upload = async (name: string): Promise<string> => (await owner.send<StoredFile>('POST', `/api/v1/customers/${he}/files?name=${name}`, Buffer.from(`%PDF-${name}`), { 'content-type': 'application/pdf' })).body.id;
  const [first, second, plain] = [await upload('one'), await upload('two'), await upload('three')];
  const listed = async (by: PorticoClient) => (await dossier(he, by)).files.map(({ id: fileId }) => fileId).sort();
  const show = (fieldId: string, fileId: string, by = owner) => put(by, he, [{ fieldId, value: { fileId } }]);
  t.strictSame(await listed(associate), [first, second, plain].sort());
  await show(secret.id!, first);
  await show(secret.id!, second);
  t.strictSame(await listed(associate), [plain]);
  t.strictSame(await listed(owner), [first, second, plain].sort());
  for (const fileId of [first, second]) {
    t.equal(await refusal(associate.call('GET', `/files/${fileId}`)), '404 file_not_found');
    t.equal(await refusal(associate.call('DELETE', `/files/${fileId}`)), '404 file_not_found');
    t.equal(await refusal(show(open.id!, fileId, associate)), '400 field_invalid');
    t.equal((await owner.send('GET', `/api/v1/files/${fileId}`)).status, 200);
  }
  await show(open.id!, second);
  t.equal((await associate.send('GET', `/api/v1/files/${second}`)).status, 200, 'a manager put it where everybody sees it');

  await owner.giveConsent(he, { purposes: ['recognise', 'preferences'] });
  await owner.call('POST', `/customers/${he}/consents/withdraw`, { purposes: ['preferences'] });
  t.strictSame(await listed(owner), [plain], 'what the fields held goes with the purpose that they rest on');
});
