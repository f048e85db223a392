/** Every screen of the clienteling desk with something on it, one after another: for axe-core and for the screenshots. */
import type { Browser, Page } from 'playwright-core';
import { LINK_HEADER, type CustomerCreate, type Language, type MemberCodeLink, type OwnForm, type OwnMemberCode, type Product } from '../../appliance/contract/index.js';
import type { TestBox } from '../support/box.js';
import { at, closeSheet } from './pages.js';

const TABS = ['overview', 'timeline', 'notes', 'followUps', 'dealings', 'files', 'visits', 'consent'] as const;
const SETTINGS = ['settings', 'settings/fields', 'settings/greetings', 'settings/products'] as const;

/** A paper to be seen in the list of files. */
const PAPER = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n');

export const SOMEBODY: CustomerCreate = {
  displayName: '林知夏', salutation: '林女士', phone: '13800001111', tier: '金卡', memberNo: 'M-1001', points: 1280, facts: ['喜欢细表带'], likes: ['月相'], doNot: ['试戴时请勿催促'], allergies: ['对镍过敏'],
  sizes: [{ label: '手腕', value: '15.5 厘米' }], dates: [{ kind: 'birthday', label: null, month: 2, day: 29, year: null }], companions: [{ name: '周先生', relation: '先生', customerId: null }],
};

/** Gives the customer something of every kind, a double, and an open visit that the owner serves. */
export async function furnish(box: TestBox, customerId: string): Promise<void> {
  const { owner } = box;
  const [watch, strap] = await Promise.all([
    owner.call<Product>('POST', '/products', { sku: 'L2-001', name: '月相自动机械腕表', category: '腕表', brand: '示例表厂', priceMinor: 1_280_000 }),
    owner.call<Product>('POST', '/products', { sku: 'B-017', name: '鳄鱼皮表带 20 毫米', category: '配件', priceMinor: 128_050 }),
  ]);
  await owner.call('POST', `/customers/${customerId}/wishes`, { productId: watch.id });
  await owner.call('POST', `/products/${watch.id}/arrived`);
  const { revision } = await owner.call<OwnForm>('GET', '/fields');
  const field = { required: false, visibleTo: 'everybody', options: [] };
  await owner.call('PUT', '/fields', {
    revision, card: [],
    sections: [{ name: { 'zh-CN': '腕表喜好', en: 'Watches' }, fields: [
      { ...field, name: { 'zh-CN': '表盘颜色', en: 'Dial colour' }, kind: 'text' }, { ...field, name: { 'zh-CN': '预算', en: 'Budget' }, kind: 'money' },
      { ...field, name: { 'zh-CN': '机芯', en: 'Movement' }, kind: 'choices', options: [{ name: { 'zh-CN': '自动', en: 'Automatic' } }, { name: { 'zh-CN': '石英', en: 'Quartz' } }] },
    ] }],
  });
  const { visitId } = await owner.call<{ visitId: string }>('POST', '/visits', { customerId });
  await owner.call('POST', `/visits/${visitId}/serve`);
  await owner.call('POST', `/visits/${visitId}/looks`, { productId: strap.id });
  await owner.call('POST', `/customers/${customerId}/purchases`, { productId: strap.id, receiptNo: 'A-1024' });
  await owner.call('POST', `/customers/${customerId}/tickets`, { subject: '换电池', detail: '停走' });
  await owner.call('POST', `/customers/${customerId}/appointments`, { day: new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10), time: '15:00', subject: '试戴' });
  await owner.call('POST', `/customers/${customerId}/follow-ups`, { text: '到货后打电话', dueOn: null });
  await owner.call('POST', `/customers/${customerId}/notes`, { text: '下次看月相款' });
  await owner.createCustomer({ displayName: SOMEBODY.displayName, tier: '银卡' });
  const sent = await owner.send('POST', `/api/v1/customers/${customerId}/files?name=${encodeURIComponent('保修卡')}`, PAPER, { 'content-type': 'application/pdf' });
  if (sent.status >= 400) throw new Error(`the paper was not taken: ${JSON.stringify(sent.body)}`);
}

/**
 * Goes through all of it; `see` is called on each screen as it stands, with its name.
 * @param customerId furnished as above; the page is that of who serves them, a manager
 */
export async function tourDesk(page: Page, customerId: string, see: (name: string, page: Page) => Promise<void>): Promise<void> {
  const sheet = async (opener: string, shown: string, name: string): Promise<void> => {
    await at(page, opener).first().click();
    await at(page, shown).first().waitFor();
    await see(name, page);
    await closeSheet(page);
  };
  await page.goto('/');
  await at(page, 'visit-card').first().waitFor();
  await see('board', page);
  await sheet('card-note', 'card-note-text', 'note-sheet');
  await sheet('card-look', 'look-sheet', 'look-sheet');
  await sheet('hand-over', 'hand-over-note', 'hand-over-sheet');
  await sheet('why', 'why-sheet', 'why-sheet');
  await at(page, 'find-customer').click();
  await at(page, 'customer-row').first().waitFor();
  await see('find-sheet', page);
  await at(page, 'scan').click();
  await at(page, 'scan-camera').waitFor();
  await see('scan-sheet', page);
  await closeSheet(page);

  await at(page, 'open-dossier').first().click();
  for (const tab of TABS) {
    await at(page, `tab-${tab}`).click();
    await page.locator(`[data-testid=tab-${tab}].segment-button-checked`).waitFor();
    await at(page, tab === 'overview' ? 'own-section' : 'dossier-name').first().waitFor();
    await see(`dossier-${tab}`, page);
    if (tab === 'overview') {
      await sheet('dossier-edit', 'customer-phone', 'edit-form');
      await sheet('own-edit', 'fields-form', 'fields-sheet');
    }
    if (tab === 'dealings') await sheet('wish-buy', 'purchase-form', 'purchase-form');
    if (tab !== 'notes') continue;
    await page.context().setOffline(true);
    await at(page, 'note-text').fill('下次带一本新目录');
    await at(page, 'note-save').click();
    await sheet('waiting-pill', 'waiting-sheet', 'outbox-sheet');
    await page.context().setOffline(false);
    await at(page, 'waiting-pill').waitFor({ state: 'detached' });
  }
  await page.goto('/customers');
  await sheet('duplicates', 'duplicate', 'duplicates');
  for (const address of SETTINGS) {
    await page.goto(`/${address}`);
    await page.locator('h1').first().waitFor();
    await page.waitForLoadState('networkidle');
    await see(address.replace('/', '-'), page);
  }
}

/** The customer's own phone with the rotating code. */
export async function ownPhone(box: TestBox, browser: Browser, customerId: string, language: Language, see: (name: string, page: Page) => Promise<void>): Promise<void> {
  const { url } = await box.owner.call<MemberCodeLink>('POST', `/customers/${customerId}/member-code`);
  const context = await browser.newContext({ locale: language, baseURL: box.url, viewport: { width: 390, height: 844 }, hasTouch: true });
  const phone = await context.newPage();
  await phone.goto(url);
  await at(phone, 'member-digits').waitFor();
  await see('member', phone);
  await context.close();
}

/** What the customer's phone makes its codes of. */
export async function memberCodeOf(box: TestBox, customerId: string): Promise<OwnMemberCode> {
  const { url } = await box.owner.call<MemberCodeLink>('POST', `/customers/${customerId}/member-code`);
  const { body } = await box.owner.send<OwnMemberCode>('GET', '/api/v1/member', undefined, { [LINK_HEADER]: new URL(url).hash.slice(1) });
  return body;
}
