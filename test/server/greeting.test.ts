/** The next step on the card through the front door: what is suggested, what staff say to it, and the manager's own words. */
import t from 'tap';
import { SUGGESTION_KINDS, type AuditPage, type Dossier, type ErrorBody, type GreetingWords, type Product, type VisitCard, type Wish } from '../../appliance/contract/index.js';
import { addAssociate, addStaff, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { refusal } from '../support/failures.js';

/** Noon in Shanghai. */
const clock = new TestClock(Date.parse('2026-05-20T04:00:00Z'));
const box = await startBox(t, { clock });
const { owner } = box;
const { device: associate, staff } = await addAssociate(box, '小周');
const { device: officer } = await addStaff(box, '隐私', 'privacy_officer');
const judge = (visitId: string, useful: boolean | null, kind: string, subject = '') => associate.call<VisitCard>('POST', `/visits/${visitId}/suggestion`, { kind, subject, useful });

t.test('a promise that is due stands on every iPad with its reason; not useful: the next one', async (t) => {
  const { id } = await owner.createCustomer({ displayName: '王晓安', salutation: '王女士' });
  const { id: subject } = await associate.call<{ id: string }>('POST', `/customers/${id}/follow-ups`, { text: '带一本新目录', dueOn: '2026-05-20' });
  const page = await owner.live().opened();
  await page.nextOf('live.snapshot');
  const { visitId } = await associate.call<VisitCard>('POST', '/visits', { customerId: id });
  const { data } = await page.nextOf('visit.opened');
  t.strictSame(data.visit.suggestion, {
    kind: 'follow_up_due', subject, useful: null, text: { 'zh-CN': '答应过王女士：带一本新目录', en: 'Promised to 王女士: 带一本新目录' },
    reason: { 'zh-CN': '小周5月20日记下，今天到期', en: 'Noted by 小周 on 20 May, due today' },
  });
  t.match((await judge(visitId, true, 'follow_up_due', subject)).suggestion, { kind: 'follow_up_due', useful: true });
  t.match((await page.nextOf('visit.updated')).data.visit.suggestion, { useful: true }, 'seen on the other iPad');
  t.match((await judge(visitId, null, 'follow_up_due', subject)).suggestion, { useful: null }, 'taken back');
  t.match((await judge(visitId, false, 'follow_up_due', subject)).suggestion, { kind: 'first_visit', useful: null, text: { en: /First visit on record for 王女士/ } });
  t.equal((await judge(visitId, false, 'first_visit')).suggestion, null);
  t.match((await judge(visitId, null, 'follow_up_due', subject)).suggestion, { kind: 'follow_up_due' });
  await owner.call('POST', `/follow-ups/${subject}/done`);
  t.equal((await judge(visitId, true, 'welcome_back')).suggestion, null, 'done: nothing is left to say');
  t.strictSame((await owner.call<Dossier>('GET', `/customers/${id}`)).tastes, []);
  await owner.call('POST', `/visits/${visitId}/close`);
  t.equal(await refusal(judge(visitId, true, 'welcome_back')), '409 visit_closed');
  clock.move(3 * 3_600_000);
  const again = await owner.call<VisitCard>('POST', '/visits', { customerId: id });
  t.match(again.suggestion, { kind: 'welcome_back', text: { 'zh-CN': '欢迎王女士回来，今天早些时候来过' } });
  page.close();
});

t.test('requests of another form are refused', async (t) => {
  const { id } = await owner.createCustomer({ displayName: '李四' });
  const { visitId } = await owner.call<VisitCard>('POST', '/visits', { customerId: id });
  for (const body of [{}, { kind: 'mood', subject: '', useful: true }, { kind: 'first_visit', subject: '她今天心情不好', useful: true }, { kind: 'first_visit', subject: '', useful: 1 }]) {
    t.equal(await refusal(owner.call('POST', `/visits/${visitId}/suggestion`, body)), '400 bad_request', JSON.stringify(body));
  }
  t.equal(await refusal(owner.call('PUT', '/greetings/mood', { enabled: true, text: null })), '400 bad_request');
  t.equal(await refusal(owner.call('PUT', '/greetings/first_visit', { enabled: true, text: { 'zh-CN': ' ', en: 'x' } })), '400 bad_request');
  t.equal(await refusal(judge(id, true, 'first_visit')), '404 visit_not_found');
});

t.test('the manager\'s own words are on the next card; staff may not write them', async (t) => {
  const words = await owner.call<GreetingWords[]>('GET', '/greetings');
  t.strictSame(words.map(({ kind }) => kind), SUGGESTION_KINDS);
  t.match(words.find(({ kind }) => kind === 'follow_up_due'), { enabled: true, placeholders: ['name', 'followUp', 'author', 'writtenOn'], notUseful: 0, useful: 0 }, 'what was taken back is not counted');
  t.match(words.find(({ kind }) => kind === 'first_visit'), { notUseful: 1 });
  for (const device of [associate, officer]) {
    t.equal(await refusal(device.call('GET', '/greetings')), '403 not_allowed');
    t.equal(await refusal(device.call('PUT', '/greetings/first_visit', { enabled: false, text: null })), '403 not_allowed');
  }
  const own = { 'zh-CN': '{name}，欢迎光临', en: 'A warm welcome to {name}' };
  t.match(await owner.call('PUT', '/greetings/first_visit', { enabled: true, text: own }), { text: own });
  const { id } = await owner.createCustomer({ displayName: '赵六' });
  t.strictSame((await owner.call<VisitCard>('POST', '/visits', { customerId: id })).suggestion?.text, { 'zh-CN': '赵六，欢迎光临', en: 'A warm welcome to 赵六' });
  const wrong = await owner.send<ErrorBody>('PUT', '/api/v1/greetings/first_visit', { enabled: true, text: { ...own, en: 'Hello {price}' } });
  t.match(wrong, { status: 400, body: { code: 'greeting_invalid', details: { placeholder: '{price}' } } });
  const { entries } = await officer.call<AuditPage>('GET', '/audit?action=setting_changed');
  t.match(entries, [{ staff: { id: box.ownerId }, detail: { setting: 'greeting', kind: 'first_visit' } }], 'written down, without the words; what was refused is not');
  t.equal(entries.length, 1);
});

t.test('a wish of 20 May, the article comes in, the customer comes: the card says so in both languages', async (t) => {
  const { id } = await owner.createCustomer({ displayName: '陈晨', salutation: '陈先生' });
  const watch = await owner.call<Product>('POST', '/products', { sku: 'M-38', name: '月相 38', category: '腕表', brand: '星辰', inStock: false });
  const wish = await associate.call<Wish>('POST', `/customers/${id}/wishes`, { productId: watch.id });
  const { visitId: first } = await associate.call<VisitCard>('POST', '/visits', { customerId: id });
  await associate.call('POST', `/visits/${first}/close`);
  clock.move(10 * 86_400_000);
  await owner.signIn(box.ownerId, OWNER_PIN);
  await associate.signIn(staff.id, '246802');
  await owner.call('POST', `/products/${watch.id}/arrived`);
  clock.move(3_600_000);
  const { visitId, suggestion } = await associate.call<VisitCard>('POST', '/visits', { customerId: id });
  t.strictSame(suggestion, {
    kind: 'wish_arrived', subject: wish.id, useful: null,
    text: { 'zh-CN': '陈先生5月20日问过的月相 38到货了，可以拿给陈先生看看', en: '月相 38, which 陈先生 asked about on 20 May, has arrived: offer to show it' },
    reason: { 'zh-CN': '5月20日记的心愿；5月30日到货', en: 'Wish noted on 20 May; in since 30 May' },
  });
  const inDossier = async () => (await associate.call<Dossier>('GET', `/customers/${id}?why=visit`)).suggestion;
  t.strictSame(await inDossier(), suggestion, 'the dossier says what the card says');
  const { suggestion: then } = await judge(visitId, false, 'wish_arrived', wish.id);
  t.match(then, { kind: 'welcome_back' }, 'not useful: the next one');
  t.strictSame(await inDossier(), then);
  await associate.call('POST', `/visits/${visitId}/close`);
  t.match(await inDossier(), { kind: 'wish_arrived', useful: null }, 'away, it says what the card would say next time');
});

t.test('an article comes in while customers are in the store: the cards of who wished for it and of who may like it change at once', async (t) => {
  const [wisher, liker, other] = [
    await owner.createCustomer({ displayName: '许愿' }), await owner.createCustomer({ displayName: '喜欢', likes: ['海浪'] }), await owner.createCustomer({ displayName: '别人' }),
  ];
  const { id } = await owner.call<Product>('POST', '/products', { sku: 'H-1', name: '海浪 40', brand: '海浪', inStock: false });
  const { visitId: first } = await owner.call<VisitCard>('POST', '/visits', { customerId: liker.id });
  await owner.call('POST', `/visits/${first}/close`);
  clock.move(3 * 3_600_000);
  await owner.signIn(box.ownerId, OWNER_PIN);
  for (const { id: customerId } of [wisher, liker, other]) await owner.call('POST', '/visits', { customerId });
  const wish = await owner.call<Wish>('POST', `/customers/${wisher.id}/wishes`, { productId: id });
  const page = await owner.live().opened();
  await page.nextOf('live.snapshot');
  clock.move(60_000);
  await owner.call('POST', `/products/${id}/arrived`);
  t.match((await page.nextOf('visit.updated')).data.visit, { customerId: wisher.id, suggestion: { kind: 'wish_arrived', subject: wish.id } });
  t.match((await page.nextOf('visit.updated')).data.visit, { customerId: liker.id, suggestion: { kind: 'taste_new', subject: id } });
  await owner.call('POST', '/visits', { customerId: (await owner.createCustomer({ displayName: '后来' })).id });
  t.match((await page.next()).type, 'visit.opened', 'and nobody else\'s');
  page.close();
});
