/** What the iPad keeps opens with its own key and in its own place only; and what a change is called. */
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { importKey, seal, unseal } from '../../webui/src/outbox/seal.js';
import { entryText, type Speech } from '../../webui/src/outbox/words.js';
import type { Entry, Work } from '../../webui/src/outbox/entry.js';

const newKey = () => importKey(randomBytes(32).toString('base64url'));

t.test('sealed under one key for one place', async (t) => {
  const key = await newKey();
  const content = { entry: { work: { kind: 'note', text: '喜欢细表带 🌷' } } };
  const record = await seal(key, 'staff 1', content);
  t.strictSame(await unseal(key, 'staff 1', record), content);
  t.equal(await unseal(key, 'staff 2', record), undefined, 'another record');
  t.equal(await unseal(await newKey(), 'staff 1', record), undefined, 'another key');
  t.notOk(Buffer.from(record.sealed).includes('细表带'));
  t.notSame((await seal(key, 'staff 1', content)).iv, record.iv);
  new Uint8Array(record.sealed)[3]! ^= 1;
  t.equal(await unseal(key, 'staff 1', record), undefined, 'altered');
  await t.rejects(crypto.subtle.exportKey('raw', key), 'the key stays in the browser');
});

t.test('everything that can wait can be read as text', async (t) => {
  const speech: Speech = { t: (key) => key, number: String, money: (minor) => `¥${minor / 100}`, longDay: (day) => day };
  const text = (work: Work) => entryText({ work } as Entry, speech);
  const edits = (change: Record<string, unknown>) => Object.fromEntries(Object.entries(change).map(([field, mine]) => [field, { base: null, mine }]));
  t.equal(text({ kind: 'follow_up', text: '到货通知', dueOn: '2026-05-03' }), '到货通知 · outbox.due');
  t.equal(text({ kind: 'customer', edits: edits({ phone: '138', contactNever: true, contactBy: ['sms'], sizes: [{ label: '戒指', value: '12' }], likes: [] }) }), [
    'person.phone: 138', 'person.contactNever: outbox.yes', 'person.contactBy: person.way_sms', 'person.sizes: 戒指 12', 'person.likes: outbox.nothing'].join('\n'));
  t.equal(text({ kind: 'fields', names: { f: '预算', o: '金色' }, edits: edits({ f: { moneyMinor: 50_000 }, g: { choices: ['o'] } }) }), '预算: ¥500\ng: 金色');
});
