/** The dossier through the front door: bad input, two iPads, a request that is sent twice. */
import t from 'tap';
import type { AuditPage, Dossier, ErrorBody, FollowUp, Note, QuickNote } from '../../appliance/contract/index.js';
import { addAssociate, addStaff, startBox } from '../support/box.js';
import { refusal } from '../support/failures.js';
import { readPdf } from '../support/pdf.js';

const HOUR_MS = 3_600_000;
const box = await startBox(t);
const { owner } = box;
const { device: other } = await addAssociate(box, '小王');
const { device: officer } = await addStaff(box, '隐私', 'privacy_officer');
const send = (method: string, path: string, body: unknown) => owner.send<ErrorBody>(method, `/api/v1${path}`, body);
const logged = async (action: string) => (await officer.call<AuditPage>('GET', `/audit?action=${action}&limit=500`)).entries;

t.test('one number, two people', async (t) => {
  const her = await owner.createCustomer({ displayName: '林女士', phone: '13800138000' });
  const refused = await send('POST', '/customers', { displayName: '陈先生', phone: '13800138000' });
  t.match(refused, { status: 409, body: { code: 'phone_taken', details: { customerId: her.id } } });
  const him = await owner.createCustomer({ displayName: '陈先生', phone: '13800138000', sharedPhone: true });
  t.equal(him.phone, '13800138000');
  const friend = await owner.createCustomer({ displayName: '周女士' });
  await owner.call('PATCH', `/customers/${friend.id}`, { phone: '+8613800138000', sharedPhone: true });
  t.strictSame(await owner.call('GET', '/duplicates'), [], 'they were said to be three people');
  const third = await owner.createCustomer({ displayName: '又一位', memberNo: 'V-1' });
  t.match(await send('PATCH', `/customers/${third.id}`, { phone: '+8613800138000' }), { status: 409, body: { details: { customerId: her.id } } });
  t.match(await send('PATCH', `/customers/${him.id}`, { memberNo: 'v-1' }), { status: 409, body: { code: 'member_no_taken', details: { customerId: third.id } } });
});

t.test('names as they are: 40 characters are 40, whatever they are made of', async (t) => {
  const long = '龘'.repeat(40);
  const emoji = `${'名'.repeat(38)}👑💍`;
  for (const displayName of [long, emoji, '👩‍👩‍👧‍👦 林', 'زهرة ☕️', '𠮷野家'.repeat(10)]) {
    const made = await owner.createCustomer({ displayName });
    t.equal(made.displayName, displayName);
    t.equal((await owner.call<Dossier>('GET', `/customers/${made.id}`)).displayName, displayName);
  }
  for (const displayName of [`${long}龘`, `${emoji}👑`, '', '  ']) t.match(await send('POST', '/customers', { displayName }), { status: 400, body: { code: 'bad_request' } });
});

t.test('a name that cannot be seen is none, and nothing in it turns the page around', async (t) => {
  t.equal((await owner.createCustomer({ displayName: '\u202E王\u0000伟' })).displayName, '王伟');
  for (const form of [{ displayName: '\u200B\u200B' }, { displayName: '甲', salutation: '\u2066' }]) {
    t.match(await send('POST', '/customers', form), { status: 400, body: { code: 'bad_request', details: { where: `body/${Object.keys(form).at(-1)}` } } });
  }
});

t.test('29 February is a day, 30 February is none', async (t) => {
  const dates = [{ kind: 'birthday', label: null, month: 2, day: 29, year: null }];
  const { id } = await owner.call<Dossier>('POST', '/customers', { displayName: '闰日', dates });
  t.strictSame((await owner.call<Dossier>('GET', `/customers/${id}`)).dates, dates);
  for (const wrong of [{ day: 30 }, { day: 29, year: 2027 }, { month: 4, day: 31 }]) {
    t.match(await send('PATCH', `/customers/${id}`, { dates: [{ ...dates[0], ...wrong }] }), { status: 400, body: { code: 'date_invalid' } });
  }
});

t.test('two iPads edit one dossier', async (t) => {
  const { id } = await owner.createCustomer({ displayName: '两台', tier: '银卡', likes: ['茶'] });
  const [seen] = await Promise.all([owner.call<Dossier>('GET', `/customers/${id}`), other.call<Dossier>('GET', `/customers/${id}`)]);
  const base = { tier: seen.tier, likes: seen.likes, wechat: seen.wechat };
  t.match(await other.call<Dossier>('PATCH', `/customers/${id}`, { tier: '金卡', wechat: 'w', base }), { tier: '金卡', likes: ['茶'] });
  const answer = await send('PATCH', `/customers/${id}`, { tier: '黑卡', likes: ['茶', '花'], wechat: 'w', base });
  t.match(answer, { status: 409, body: { code: 'edit_conflict', details: { fields: 'tier' } } });
  t.match(await owner.call<Dossier>('GET', `/customers/${id}`), { tier: '金卡', likes: ['茶'] }, 'nothing of it was saved');
  t.match(await owner.call<Dossier>('PATCH', `/customers/${id}`, { likes: ['茶', '花'], base }), { tier: '金卡', likes: ['茶', '花'] }, 'another field goes through');
  t.match(await owner.call<Dossier>('PATCH', `/customers/${id}`, { tier: '黑卡', base: { tier: '金卡' } }), { tier: '黑卡' }, 'mine, having seen theirs');
  t.match(await owner.call<Dossier>('PATCH', `/customers/${id}`, { tier: '银卡' }), { tier: '银卡' }, 'without a base the last one wins');
});

t.test('what is sent twice is there once', async (t) => {
  const form = { displayName: '重发', id: crypto.randomUUID(), allergies: ['镍'] };
  const made = await owner.call<Dossier>('POST', '/customers', form);
  t.equal(made.id, form.id);
  t.match(await owner.call<Dossier>('POST', '/customers', form), { id: form.id });
  t.equal((await logged('customer_created')).filter(({ customer }) => customer?.id === form.id).length, 1, 'and told once');
  await other.call('PATCH', `/customers/${form.id}`, { displayName: '改过的' });
  t.match(await owner.call<Dossier>('POST', '/customers', form), { id: form.id, displayName: '改过的' }, 'after somebody edited it, too: no second dossier');
  t.equal(await refusal(other.call('POST', '/customers', form)), '409 id_taken', 'somebody else\'s');

  const note = { text: '离线时写的', id: crypto.randomUUID(), ageMs: HOUR_MS };
  const first = await owner.call<Note>('POST', `/customers/${made.id}/notes`, note);
  t.ok(Math.abs(Date.now() - Date.parse(first.at)) < 60_000, 'an hour ago there was no dossier');
  t.strictSame(await owner.call<Note>('POST', `/customers/${made.id}/notes`, { ...note, ageMs: HOUR_MS + 5_000 }), first);
  t.equal(await refusal(owner.call('POST', `/customers/${made.id}/notes`, { ...note, text: '别的' })), '409 id_taken');
  t.equal(await refusal(other.call('POST', `/customers/${made.id}/notes`, note)), '409 id_taken', 'somebody else\'s');
  t.equal((await logged('note_added')).filter(({ detail }) => detail['noteId'] === note.id).length, 1);
  t.equal(await refusal(owner.call('POST', `/customers/${made.id}/notes`, { text: 'x', ageMs: 8 * 24 * HOUR_MS })), '400 bad_request');

  const plan = { text: '回电', id: crypto.randomUUID(), ageMs: HOUR_MS };
  const promised = await owner.call<FollowUp>('POST', `/customers/${made.id}/follow-ups`, plan);
  t.strictSame(await owner.call<FollowUp>('POST', `/customers/${made.id}/follow-ups`, plan), promised);
  t.equal(await refusal(owner.call('POST', `/customers/${made.id}/follow-ups`, { ...plan, text: '写信' })), '409 id_taken');
});

t.test('a like says who wrote it down and when', async (t) => {
  const { id } = await other.call<Dossier>('POST', '/customers', { displayName: '喜好', likes: ['珐琅'] });
  t.match((await owner.call<Dossier>('GET', `/customers/${id}`)).tastes, [{ subject: '珐琅', evidence: 'stated', by: '小王', at: String }]);
});

t.test('quick notes are the manager\'s', async (t) => {
  const delivered = await other.call<QuickNote[]>('GET', '/quick-notes');
  t.ok(delivered.length > 0);
  const chosen = [{ text: { 'zh-CN': '看中珐琅表', en: 'Liked an enamel watch' } }];
  t.equal(await refusal(other.call('PUT', '/quick-notes', chosen)), '403 not_allowed');
  t.match(await owner.call('PUT', '/quick-notes', chosen), chosen);
  t.match(await other.call('GET', '/quick-notes'), chosen);
  t.match((await logged('setting_changed'))[0]?.detail, { setting: 'quick_notes', count: 1 });
  t.strictSame(await owner.call('PUT', '/quick-notes', []), delivered);
});

t.test('the copy for the customer has all of it, in both languages', async (t) => {
  const { id } = await owner.call<Dossier>('POST', '/customers', {
    displayName: '抄本 👑', memberNo: 'C-77', points: 1200, email: 'copy@example.cn', wechat: 'wx_77', contactBy: ['wechat'], contactWhen: '周末', contactNever: true,
    allergies: ['乳胶'], likes: ['珐琅'], dislikes: ['香水'], sizes: [{ label: '戒指', value: '12' }], dates: [{ kind: 'birthday', label: null, month: 2, day: 29, year: 1992 }],
    companions: [{ name: '陈先生', relation: '丈夫', customerId: null }],
  });
  const former = await owner.createCustomer({ displayName: '旧档', likes: ['翡翠'], email: 'old@example.cn' });
  await owner.call('POST', `/customers/${former.id}/merge`, { into: id });
  for (const [language, words] of [['zh-CN', ['会员号', '不希望被联系', '丈夫：陈先生', '生日：1992-02-29', '戒指：12']], ['en', ['Member number', 'does not want to be contacted', 'birthday: 1992-02-29']]] as const) {
    const answer = await officer.send<Buffer>('GET', `/api/v1/customers/${id}/access-copy.pdf?language=${language}`);
    t.equal(answer.status, 200, language);
    const { squeezed } = await readPdf(answer.body);
    for (const word of [...words, 'C-77', '1200', 'copy@example.cn', 'wx_77', '周末', '乳胶', '珐琅', '香水', '翡翠', 'old@example.cn']) t.match(squeezed, word.replaceAll(' ', ''), `${language}: ${word}`);
  }
});
