/** Consent by its routes, with real cameras: notices, a material change, refusals, the customer's own link. */
import t from 'tap';
import {
  LINK_HEADER, NOTICE_FIELDS, type ConsentLink, type ConsentRequest, type Dossier, type ErrorBody, type Notice, type NoticeDraft, type NoticeDraftState,
  type NoticeVersion, type OwnConsent, type PrivacyOverview, type Purpose, type Refusal, type StaffMember, type WithdrawalReceipt,
} from '../../appliance/contract/index.js';
import { startBox, TestClock } from '../support/box.js';
import { query } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { portrait, scene } from '../support/scene.js';
import { drain, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const HOUR_MS = 3_600_000;
/** Noon in the store, today. */
const clock = new TestClock(Date.parse(`${new Date().toISOString().slice(0, 10)}T04:00:00Z`));
const box = await startBox(t, { clock });
const officer = box.stranger();
const { id: officerId } = await box.owner.call<StaffMember>('POST', '/staff', { name: '隐私负责人', role: 'privacy_officer', pin: '246802' });
await officer.pair((await box.owner.makePairingCode()).code, 'iPad 2');
await officer.signIn(officerId, '246802');

const phone = box.stranger();
const NOBODY = '0b6a8a1e-0000-4000-8000-000000000000';
const day = (days: number) => new Date(clock.now() + days * 24 * HOUR_MS).toISOString().slice(0, 10);
const dossier = (id: string) => box.owner.call<Dossier>('GET', `/customers/${id}`);
const customer = async (displayName: string) => (await box.owner.createCustomer({ displayName })).id;
const draft = async () => (await officer.call<NoticeDraftState>('GET', '/notices/draft')).draft;
const saveDraft = (body: NoticeDraft) => officer.call<NoticeDraftState>('PUT', '/notices/draft', body);
const reworded = ({ sections, ...rest }: NoticeDraft, added: string): NoticeDraft => ({
  ...rest, sections: sections.map((section) => (section.field === 'purpose' ? { ...section, text: section.text + added } : section)),
});
const publish = async (added: string, material: boolean) => {
  await saveDraft(reworded(await draft(), added));
  return officer.call<Notice>('POST', '/notices/draft/publish', { material });
};
const audited = (action: string, customerId: string) =>
  query<{ staff_id: string | null; detail: string }>(box.dataDirectory,
    `SELECT staff_id, detail FROM audit_entry WHERE action = '${action}' AND customer_id = '${customerId}' ORDER BY seq`);
const frameOf = async (person: string) => scene({ picture: await portrait(person), x: 640, y: 360, height: 500 });
const camera = async (mode: 'look_up' | 'front_desk') => {
  const opened = await box.owner.camera(mode).opened();
  t.teardown(() => opened.close());
  return opened;
};

// ---- Notices ---------------------------------------------------------------------------------------------------

t.test('C2: a notice that lacks a field cannot be published', async (t) => {
  t.equal(await refusal(box.owner.call('PUT', '/notices/draft', await draft())), '403 not_allowed', 'nor by a manager');
  t.equal(await refusal(officer.call('POST', '/notices/draft/publish')), '400 notice_material_unsaid');
  t.equal(await refusal(officer.call('POST', '/notices/draft/publish', { material: false })), '409 notice_unchanged');
  const begun = await officer.call<NoticeDraftState>('GET', '/notices/draft');
  t.match(begun, { changed: false, missing: [], savedAt: null, draft: { maxTermDays: 366 } });
  const { sections } = begun.draft;
  t.equal(sections.length, 2 * NOTICE_FIELDS.length);
  for (const left of sections) {
    const without = { ...begun.draft, sections: sections.filter((section) => section !== left) };
    t.match(await saveDraft(without), { changed: true, missing: [{ language: left.language, field: left.field }] });
    t.match(await officer.send('POST', '/api/v1/notices/draft/publish', { material: true }), { status: 409, body: { code: 'notice_incomplete', details: { missing: 1 } } }, `${left.language} ${left.field}`);
  }
  const blank = { ...begun.draft, sections: sections.map((section) => (section.language === 'en' ? { ...section, text: ' \n' } : section)) };
  t.equal((await saveDraft(blank)).missing.length, NOTICE_FIELDS.length, 'nor is blank text any');
  t.equal(await refusal(saveDraft({ ...begun.draft, sections: [...sections, sections[0]!] })), '400 bad_request', 'one section twice');
  t.equal(await refusal(saveDraft({ ...begun.draft, maxTermDays: 1097 })), '400 bad_request');
  t.match(await officer.call<NoticeDraftState>('GET', '/notices/draft'), { savedAt: new Date(clock.now()).toISOString(), missing: { length: NOTICE_FIELDS.length } }, 'what is saved stays');
  await officer.call('DELETE', '/notices/draft');
  t.match(await officer.call<NoticeDraftState>('GET', '/notices/draft'), { changed: false, savedAt: null });
  t.equal((await officer.call<NoticeVersion[]>('GET', '/notices')).length, 1);
});

t.test('C2: nothing is published while nobody says whether the change is material', async (t) => {
  await saveDraft(reworded(await draft(), '试一试。'));
  for (const body of [undefined, {}, { material: null }, { material: 'no' }, { material: false, sections: [] }]) {
    t.match(await refusal(officer.call('POST', '/notices/draft/publish', body)), /^400 (notice_material_unsaid|bad_request)$/, JSON.stringify(body));
  }
  t.equal(await refusal(officer.call('POST', '/notices/draft/publish', {})), '400 notice_material_unsaid');
  t.equal(await refusal(saveDraft({ ...await draft(), material: false } as NoticeDraft)), '400 bad_request', 'nor is it left in a draft for later');
  t.equal((await officer.call<NoticeVersion[]>('GET', '/notices')).length, 1);
  await officer.call('DELETE', '/notices/draft');
});

t.test('C2: a consent holds version, hash and language of the notice it was given under', async (t) => {
  const [first] = await officer.call<NoticeVersion[]>('GET', '/notices');
  t.match(first, { version: 1, by: null, material: false, consents: 0 });
  const early = await customer('早签');
  await box.owner.giveConsent(early, { language: 'en' });
  const second = await publish('更好看的说法。', false);
  t.match(second, { version: 2, material: false });
  t.equal(await refusal(box.owner.giveConsent(await customer('旧告知'), { noticeId: first!.id })), '409 consent_notice_outdated');
  const late = await customer('晚签');
  await box.owner.giveConsent(late);
  const stored = (id: string) => query(box.dataDirectory, `SELECT notice_hash, notice_id, language FROM consent WHERE customer_id = '${id}'`);
  t.strictSame(stored(early), [{ notice_hash: first!.hash, notice_id: first!.id, language: 'en' }]);
  t.strictSame(stored(late), [{ notice_hash: second.hash, notice_id: second.id, language: 'zh-CN' }]);
  t.match((await dossier(early)).consents, [{ noticeVersion: 1, outdated: false, endedAt: null }], 'a change of words alone asks nobody again');
  t.match(await officer.call<NoticeVersion[]>('GET', '/notices'), [{ version: 2, by: '隐私负责人', consents: 1 }, { version: 1, by: null, consents: 1 }]);
  t.notMatch((await officer.call<Notice>('GET', `/notices/${first!.id}`)).sections, second.sections, 'the old text can still be read');
  t.equal(await refusal(officer.call('GET', `/notices/${NOBODY}`)), '404 not_found');
});

t.test('C4: after a material change the next frame of an old consenter matches nobody, until they sign anew', async (t) => {
  const id = await enrolPerson(box, 'P18', { displayName: '老顾客' });
  const [frame, staff, desk] = [await frameOf('P18'), await camera('look_up'), await camera('front_desk')];
  const live = await box.owner.live().opened();
  for (let i = 0; i < 5; i++) t.match(await lookAtOne(staff, frame), { decision: 'known', person: { customerId: id } }, 'and settled: followed without being read');
  t.match(await lookAtOne(desk, frame), { greeting: '老顾客' });
  await drain(live);

  await publish('另外用于统计到店次数。', true);
  const after = await lookAtOne(staff, frame);
  t.match(after, { decision: 'unknown', person: null, sightingId: null }, 'the very next frame');
  t.match(await lookAtOne(desk, frame), { greeting: null });
  for (let i = 0; i < 4; i++) t.match(await lookAtOne(staff, frame), { person: null, sightingId: null });
  t.strictSame((await drain(live)).filter(({ type }) => type === 'visit.opened' || type === 'sighting.candidate'), []);
  t.match(await dossier(id), { enrolled: true, templatePhotos: 1, consents: [{ outdated: true, endedAt: null }] }, 'the template waits');
  t.equal(await refusal(box.owner.call('POST', `/customers/${id}/enrolments`)), '403 consent_required');

  await box.owner.giveConsent(id);
  t.match((await dossier(id)).consents, [{ outdated: false, endReason: null }, { outdated: false, endReason: 'replaced' }]);
  let again = await lookAtOne(staff, frame);
  for (let i = 0; i < 5 && again.decision !== 'known'; i++) again = await lookAtOne(staff, frame); // a track that was nobody's is read anew once a second
  t.match(again, { decision: 'known', person: { customerId: id } }, 'without new photos');
  live.close();
});

// ---- Giving, refusing, taking back -----------------------------------------------------------------------------

t.test('C1: no enrolment without its own consent, and each purpose can be taken back alone', async (t) => {
  const id = await customer('逐项');
  t.equal(await refusal(box.owner.call('POST', `/customers/${id}/enrolments`)), '403 consent_required');
  t.equal(await refusal(box.owner.giveConsent(id, { purposes: ['greet', 'contact'] })), '400 consent_purpose_missing', 'membership or marketing is no consent to a face');
  const withdraw = (purposes?: Purpose[]) => box.owner.call<WithdrawalReceipt>('POST', `/customers/${id}/consents/withdraw`, purposes === undefined ? undefined : { purposes });
  t.equal(await refusal(withdraw(['greet'])), '409 consent_not_active');
  const all: Purpose[] = ['recognise', 'greet', 'preferences', 'contact', 'keep_photo', 'refresh'];
  const add = { preferences: () => box.owner.call('PATCH', `/customers/${id}`, { facts: ['喜欢靠窗', '喝乌龙'] }), contact: () => box.owner.call('POST', `/customers/${id}/follow-ups`, { text: '到货通知' }) };
  await box.owner.call('PATCH', `/customers/${id}`, { facts: ['喜欢靠窗'], doNot: ['不要打电话'] });
  await add.contact(); // who gave no consent at all is a customer like any other
  await box.owner.giveConsent(id, { purposes: all });
  await box.owner.enrol(id, [await portrait('P20')]);
  for (const write of Object.values(add)) await write();
  t.match(await dossier(id), { facts: ['喜欢靠窗', '喝乌龙'], followUps: [{}, {}] });
  let left = all;
  for (const purpose of all.slice(1)) {
    left = left.filter((each) => each !== purpose);
    t.match(await withdraw([purpose]), { purposesLeft: left, templatesDeleted: 0 });
    const now = await dossier(id);
    t.match(now, { enrolled: true, doNot: ['不要打电话'], consents: [{ purposes: left, endedAt: null }] });
    t.strictSame([now.facts.length, now.followUps.length], [left.includes('preferences') ? 2 : 0, left.includes('contact') ? 2 : 0], `without ${purpose}`);
    for (const each of ['preferences', 'contact'] as const) {
      if (!left.includes(each)) t.equal(await refusal(add[each]()), `403 ${each}_not_agreed`);
    }
    t.equal(await refusal(withdraw([purpose])), '409 consent_not_active', 'once');
  }
  t.match(await withdraw(['recognise']), { purposesLeft: [], templatesDeleted: 1 });
  t.match(await dossier(id), { enrolled: false, consents: [{ endReason: 'withdrawn' }] });
  for (const body of [{ purposes: [] }, { purposes: ['everything'] }, { purposes: ['greet', 'greet'] }, { all: true }, []]) {
    t.equal(await refusal(box.owner.call('POST', `/customers/${id}/consents/withdraw`, body)), '400 bad_request', JSON.stringify(body));
  }
});

t.test('C6: a 13-year-old without a guardian is refused; with one, the dossier says who signed', async (t) => {
  const id = await customer('小朋友');
  const birthDay = `${Number(day(0).slice(0, 4)) - 13}-01-01`;
  const give = (change: Partial<ConsentRequest>) => box.owner.giveConsent(id, { ageConfirmed: false, ...change });
  t.equal(await refusal(give({})), '403 consent_guardian_required');
  t.equal(await refusal(box.owner.call('POST', `/customers/${id}/enrolments`)), '403 consent_required');
  t.equal(await refusal(give({ guardian: { name: '  ', relation: 'mother', childBirthDay: birthDay } })), '400 bad_request');
  t.equal(await refusal(give({ guardian: { name: '王父', relation: 'neighbour' as 'other', childBirthDay: birthDay } })), '400 bad_request');
  t.equal(await refusal(give({ guardian: { name: '王父', relation: 'father', childBirthDay: day(-15 * 366) } })), '400 consent_guardian_invalid');
  await give({ guardian: { name: '王父', relation: 'father', childBirthDay: birthDay }, validUntil: day(10) });
  t.match((await dossier(id)).consents, [{ guardian: { name: '王父', relation: 'father' }, validUntil: day(10) }]);
});

t.test('C8: a second prompt inside the window is blocked and audited', async (t) => {
  const id = await customer('不用了');
  const ask = () => box.owner.send<ErrorBody>('POST', `/api/v1/customers/${id}/consents/ask`);
  t.equal((await ask()).status, 200);
  const said = await box.owner.call<Refusal>('POST', `/customers/${id}/consents/refuse`);
  t.equal(said.notBefore, new Date(clock.now() + 48 * HOUR_MS).toISOString());
  const { notBefore } = said;
  t.match(await ask(), { status: 409, body: { code: 'consent_cool_off', details: { notBefore } } });
  t.equal(await refusal(box.owner.giveConsent(id)), '409 consent_cool_off');
  t.strictSame(audited('consent_ask_blocked', id).map((entry) => [entry.staff_id, JSON.parse(entry.detail) as unknown]), [[box.ownerId, { notBefore }], [box.ownerId, { notBefore }]]);
  t.strictSame([audited('consent_asked', id).length, audited('consent_refused', id).length], [1, 1]);
  t.equal((await box.owner.send('GET', '/api/v1/notices/current')).status, 200, 'reading the notice in the settings asks nobody');
  t.strictSame((await dossier(id)).consents, []);
});

// ---- The customer's own link -----------------------------------------------------------------------------------

const linkOf = (id: string) => box.owner.call<ConsentLink>('POST', `/customers/${id}/consents/link`);
const tokenOf = (link: ConsentLink) => new URL(link.url).hash.slice(1);
const mine = <T = OwnConsent>(token: string, method = 'GET', path = '/mine', body?: unknown) =>
  phone.send<T>(method, `/api/v1${path}`, body, { [LINK_HEADER]: token });
const invalid = { status: 403, body: { code: 'consent_link_invalid' } };
let spent = '';

t.test('C9: a link that this box did not make opens nothing', async (t) => {
  const id = await customer('链接');
  t.equal(await refusal(linkOf(id)), '409 consent_not_active');
  await box.owner.giveConsent(id);
  const link = await linkOf(id);
  const token = tokenOf(link);
  t.match(link, { validUntil: (await dossier(id)).consents[0]!.validUntil });
  t.match(new URL(link.url), { protocol: 'https:', pathname: '/mine', search: '' }, 'the secret is in the fragment, which no server ever sees');
  t.not(new URL(link.url).hostname, 'localhost', 'a phone can reach it');
  t.ok(token.length >= 22, '128 bits at least');
  t.match(await phone.send('GET', '/api/v1/mine'), invalid, 'no header');
  for (const guess of ['', 'x', token.slice(0, -1), `${token}A`, token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), `${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`]) {
    t.match(await mine(guess), invalid, guess);
  }
  t.match(await mine(token, 'POST', '/mine/withdraw', { purposes: ['nothing'] }), { status: 400 });
  t.equal(await refusal(phone.call('GET', `/customers/${id}`)), '401 device_not_paired', 'and it opens nothing else');
  t.match(await phone.send('POST', '/api/v1/mine/withdraw', undefined, { [LINK_HEADER]: token, origin: 'https://evil.example' }), { status: 403, body: { code: 'wrong_origin' } });
  t.match((await dossier(id)).consents, [{ endedAt: null }]);
  t.equal(audited('consent_link_made', id).length, 1);
  for (const secret of [token, tokenOf(link).slice(24)]) t.notOk(box.logged().includes(secret));
});

t.test('C9: the customer takes it back on their own phone, and the same face is unknown', async (t) => {
  const id = await enrolPerson(box, 'P20', { displayName: '自己撤回', phone: '13800138000', facts: ['喜欢靠窗'], purposes: ['recognise', 'greet', 'preferences', 'contact'] });
  const [frame, staff] = [await frameOf('P20'), await camera('look_up')];
  for (let i = 0; i < 3; i++) t.match(await lookAtOne(staff, frame), { decision: 'known', person: { customerId: id } });
  spent = tokenOf(await linkOf(id));
  const own = await mine(spent);
  t.match(own, { status: 200, body: { displayName: '自己撤回', consent: { purposes: ['recognise', 'greet', 'preferences', 'contact'], endedAt: null }, notice: { version: 3 }, withdrawal: null } });
  t.strictSame(Object.keys(own.body).sort(), ['consent', 'displayName', 'notice', 'storeName', 'withdrawal']);
  for (const other of ['13800138000', '喜欢靠窗', 'strokes']) t.notOk(JSON.stringify(own.body).includes(other), `no ${other}`);

  t.match(await mine(spent, 'POST', '/mine/withdraw', { purposes: ['contact'] }), { status: 200, body: { purposesLeft: ['recognise', 'greet', 'preferences'] } });
  t.match((await mine(spent)).body.withdrawal, { purposesLeft: ['recognise', 'greet', 'preferences'], deletion: { scope: 'purposes', reason: 'narrowed', purposes: ['contact'] } });
  t.match(await lookAtOne(staff, frame), { decision: 'known' });
  t.match(await mine(spent, 'POST', '/mine/withdraw'), { status: 200, body: { customerId: id, purposesLeft: [], templatesDeleted: 1 } });
  t.match(await lookAtOne(staff, frame), { decision: 'unknown', person: null }, 'the very next frame');
  t.match(await dossier(id), { enrolled: false, facts: [], consents: [{ endReason: 'withdrawn', purposes: ['recognise', 'greet', 'preferences'] }] });
  t.match([...audited('consent_narrowed', id), ...audited('consent_ended', id)], [{ staff_id: null }, { staff_id: null }], 'by nobody of the staff');

  const after = await mine(spent);
  t.match(after, { status: 200, body: { consent: { endReason: 'withdrawn' }, withdrawal: { purposesLeft: [], templatesDeleted: 1 } } }, 'the link still shows that it is done');
  const deletion = after.body.withdrawal!.deletion!;
  t.match(deletion, { customerId: id, scope: 'face', reason: 'withdrawn', keyDestroyed: true });
  t.match(await box.owner.call('GET', `/deletions/${deletion.id}`), { ...deletion, receiptUrl: String });
  t.equal(await refusal(phone.call('GET', `/deletions/${deletion.id}`)), '401 device_not_paired');
  t.match(await mine(spent, 'POST', '/mine/withdraw'), { status: 409, body: { code: 'consent_not_active' } });
  await box.owner.giveConsent(id);
  t.match(await mine(spent, 'POST', '/mine/withdraw'), { status: 409, body: { code: 'consent_not_active' } }, 'what was signed since has a link of its own');
});

t.test('whoever guesses is slowed down', async (t) => {
  const answers = new Set<number>();
  for (let i = 0; i < 40; i++) answers.add((await mine('x')).status);
  t.strictSame([...answers], [403, 429]);
});

t.test('C2: the notice counts as unreviewed until the store says who it is and where it is reached, in both languages', async (t) => {
  const unreviewed = async () => (await officer.call<PrivacyOverview>('GET', '/privacy/overview')).tasks.some(({ task }) => task === 'notice_unreviewed');
  const write = async (language: 'zh-CN' | 'en', field: 'handler' | 'contact', text: string) => {
    const before = await draft();
    return saveDraft({ ...before, sections: before.sections.map((section) => (section.language === language && section.field === field ? { ...section, text } : section)) });
  };
  t.ok(await unreviewed(), 'two versions of the purpose later');
  const places = (await officer.call<NoticeDraftState>('GET', '/notices/draft')).builtIn;
  t.strictSame(places.map(({ language, field }) => `${field} ${language}`), ['handler zh-CN', 'handler en', 'contact zh-CN', 'contact en']);
  const text = (await draft()).sections.find(({ language, field }) => language === 'zh-CN' && field === 'contact')!.text;
  t.equal((await write('zh-CN', 'contact', ` ${text.replaceAll('。', '！')}\n`)).builtIn.length, 4, 'a stroke is not a telephone number');
  t.equal((await write('zh-CN', 'contact', '请联系方静，电话 021-5555 0000。')).builtIn.length, 3);
  await write('zh-CN', 'handler', '上海山茶钟表有限公司，上海市静安区示例路 1 号。');
  await write('en', 'contact', 'Ask Fang Jing, telephone 021-5555 0000.');
  await officer.call('POST', '/notices/draft/publish', { material: false });
  t.ok(await unreviewed(), 'one of the four is left');
  t.strictSame((await write('en', 'handler', 'Shanghai Camellia Watches Ltd, 1 Example Road, Shanghai.')).builtIn, []);
  t.ok(await unreviewed(), 'a draft is no notice');
  await officer.call('POST', '/notices/draft/publish', { material: false });
  t.notOk(await unreviewed());
});

// Last: starts the box anew, later, under another name.
t.test('C2: once the store has its own notice, neither a start nor an update puts the built-in one back', async (t) => {
  const current = await officer.call<Notice>('GET', '/notices/current');
  t.equal(current.version, 5);
  const { dataDirectory } = box;
  await box.stop();
  clock.move(29 * 24 * HOUR_MS);
  const later = await startBox(t, { clock, dataDirectory, settings: { PORTICO_STORE_NAME: '新店名' } });
  t.strictSame(query(dataDirectory, 'SELECT version, origin FROM notice ORDER BY version'),
    [{ version: 1, origin: 'built_in' }, { version: 2, origin: 'store' }, { version: 3, origin: 'store' }, { version: 4, origin: 'store' }, { version: 5, origin: 'store' }]);
  const again = (token: string) => later.stranger().send('GET', '/api/v1/mine', undefined, { [LINK_HEADER]: token });
  t.equal((await again(spent)).status, 200, 'a link outlives the restart');
  clock.move(2 * 24 * HOUR_MS);
  t.match(await again(spent), invalid, '30 days after the consent ended it is over');
  t.match(query(dataDirectory, `SELECT count(*) AS refused FROM refusal`), [{ refused: 1 }]);
});
