/** Ways in without a face, through the front door: member codes, tags, numbers, duplicates. */
import { Secret, TOTP } from 'otpauth';
import t from 'tap';
import { LINK_HEADER, type AuditPage, type CustomerSummary, type Dossier, type Duplicate, type MemberCodeLink, type OwnMemberCode, type ScanFound, type Tag } from '../../appliance/contract/index.js';
import { addAssociate, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { reading } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';

const clock = new TestClock();
const box = await startBox(t, { clock });
const { device: staff } = await addAssociate(box, '小林');
const officer = await addMember(box, '隐私官', 'privacy_officer');
const scan = (text: string) => staff.call<ScanFound>('POST', '/find', { scan: text });
const codeOf = ({ prefix, secret, digits, periodSeconds, algorithm }: OwnMemberCode, atMs = clock.now()) =>
  prefix + TOTP.generate({ secret: Secret.fromBase32(secret), algorithm, digits, period: periodSeconds, timestamp: atMs });
const tokenOf = ({ url }: MemberCodeLink) => new URL(url).hash.slice(1);
const own = async (link: MemberCodeLink): Promise<OwnMemberCode> => {
  const answer = await box.stranger().send<OwnMemberCode>('GET', '/api/v1/member', undefined, { [LINK_HEADER]: tokenOf(link) });
  if (answer.status !== 200) throw new Error(`${answer.status}`);
  return answer.body;
};
const wang = await staff.createCustomer({ displayName: '王芳', phone: '13812345678' });

t.test('a member code opens the right dossier once, for a minute and a half, and ends with the next one', async (t) => {
  t.equal(await refusal(officer.device.call('POST', `/customers/${wang.id}/member-code`)), '403 not_allowed');
  const link = await staff.call<MemberCodeLink>('POST', `/customers/${wang.id}/member-code`);
  t.match(link.url, /^https:\/\/[^/]+\/member#[A-Za-z0-9_-]{40}$/);
  const mine = await own(link);
  t.match(mine, { digits: 8, periodSeconds: 30, algorithm: 'SHA256', memberNo: null });
  const code = codeOf(mine);
  t.match(await scan(code.toLowerCase()), { kind: 'customer', by: 'member_code', customer: { id: wang.id, displayName: '王芳' } });
  t.equal(await refusal(scan(code)), '403 member_code_expired', 'shown again');
  clock.move(30_000);
  t.match(await scan(codeOf(mine)), { kind: 'customer' });
  t.equal(await refusal(scan(codeOf(mine, clock.now() - 30_000))), '403 member_code_expired', 'from before the last one');
  clock.move(120_000);
  t.equal(await refusal(scan(codeOf(mine, clock.now() - 60_000))), '403 member_code_expired', 'too old');
  t.equal(await refusal(scan(codeOf(mine).replace(/.$/, (last) => String((Number(last) + 1) % 10)))), '403 member_code_expired', 'a digit off');
  const renewed = await staff.call<MemberCodeLink>('POST', `/customers/${wang.id}/member-code`);
  t.equal(await refusal(scan(codeOf(mine))), '404 scan_unknown', 'the lost phone');
  await t.rejects(own(link), /403/);
  await t.rejects(own({ ...renewed, url: renewed.url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }), /403/);
  const next = await own(renewed);
  t.match(await scan(codeOf(next)), { kind: 'customer' });
  t.ok((await staff.call<Dossier>('GET', `/customers/${wang.id}`)).memberCodeSince);
  await staff.call('DELETE', `/customers/${wang.id}/member-code`);
  await t.rejects(own(renewed), /403/);
  clock.move(60_000);
  t.equal(await refusal(scan(codeOf(next))), '404 scan_unknown');
  t.equal((await staff.call<Dossier>('GET', `/customers/${wang.id}`)).memberCodeSince, null);
});

t.test('tags: one customer each, kept as a check value, moved by a merge and back', async (t) => {
  const other = await staff.createCustomer({ displayName: '汪芳', phone: '13912345678' });
  const tag = await staff.call<Tag>('POST', `/customers/${wang.id}/tags`, { tag: '04a2b3c4d5', label: '金卡' });
  t.match(tag, { label: '金卡', by: '小林' });
  t.equal((await staff.call<Tag>('POST', `/customers/${wang.id}/tags`, { tag: '04A2B3C4D5' })).id, tag.id, 'the same again');
  t.equal(await refusal(staff.call('POST', `/customers/${other.id}/tags`, { tag: '04A2B3C4D5' })), '409 tag_taken');
  t.match(await scan('04A2B3C4D5'), { kind: 'customer', by: 'tag', customer: { id: wang.id } });
  const merged = await staff.call<Dossier>('POST', `/customers/${wang.id}/merge`, { into: other.id });
  t.match(merged.tags, [{ id: tag.id }]);
  t.match(await scan('04A2B3C4D5'), { customer: { id: other.id } });
  await staff.call('POST', `/merges/${merged.merges[0]!.id}/undo`);
  t.match(await scan('04A2B3C4D5'), { customer: { id: wang.id } });
  await officer.device.call('PUT', `/customers/${wang.id}/restriction`, { restricted: true, reason: '本人要求' });
  t.equal(await refusal(staff.call('POST', `/customers/${wang.id}/tags`, { tag: 'another-tag' })), '409 customer_restricted');
  t.equal(await refusal(staff.call('POST', `/customers/${wang.id}/member-code`)), '409 customer_restricted');
  await officer.device.call('PUT', `/customers/${wang.id}/restriction`, { restricted: false, reason: '本人要求' });
  await staff.call('DELETE', `/tags/${tag.id}`);
  t.equal(await refusal(staff.call('DELETE', `/tags/${tag.id}`)), '404 tag_not_found');
  t.equal(await refusal(scan('04A2B3C4D5')), '404 scan_unknown');
});

t.test('what is read as something else is no tag', async (t) => {
  await box.owner.call('POST', '/products', { sku: 'SKU-77', name: '表', barcode: '6901234567890' });
  const { id } = await staff.createCustomer({ displayName: '赵敏', memberNo: 'M-77' });
  for (const tag of ['6901234567890', 'SKU-77', 'PM1-ABCDEFGHIJKLMNOP-12345678', '13911112222', '+86 139 1111 2222']) {
    t.equal(await refusal(staff.call('POST', `/customers/${wang.id}/tags`, { tag })), '409 tag_is_other', tag);
  }
  t.equal(await refusal(staff.call('POST', `/customers/${wang.id}/tags`, { tag: 'm-77' })), '409 tag_taken', 'another\'s member number');
  t.match(await staff.call('POST', `/customers/${id}/tags`, { tag: 'M-77' }), { id: String });
  t.match(await scan('6901234567890'), { kind: 'product' });
});

t.test('a member code of a dossier that was merged shows that dossier\'s number', async (t) => {
  const one = await staff.createCustomer({ displayName: '钱一', memberNo: 'A-1' });
  const two = await staff.createCustomer({ displayName: '钱二', memberNo: 'B-2' });
  const none = await staff.createCustomer({ displayName: '钱三' });
  const link = await staff.call<MemberCodeLink>('POST', `/customers/${one.id}/member-code`);
  const merged = await staff.call<Dossier>('POST', `/customers/${one.id}/merge`, { into: two.id });
  t.match(await own(link), { memberNo: 'A-1' });
  await staff.call('POST', `/merges/${merged.merges[0]!.id}/undo`);
  await staff.call('POST', `/customers/${one.id}/merge`, { into: none.id });
  t.match(await own(link), { memberNo: 'A-1' }, 'also where it went along');
});

t.test('numbers: with prefix and spaces, and several people of one; scans are in the log without the code', async (t) => {
  t.match(await scan('+86 138 1234 5678'), { kind: 'customer', by: 'phone', customer: { id: wang.id, phoneTail: '5678' } });
  t.match(await scan('0086 13812345678'), { kind: 'customer', by: 'phone' });
  t.equal(await refusal(staff.call('POST', '/customers', { displayName: '另一个', phone: '008613812345678' })), '409 phone_taken', 'one rule for both');
  t.equal(await refusal(scan('6901234567892')), '404 scan_unknown');
  const entries = (await officer.device.call<AuditPage>('GET', '/audit?action=customer_scanned')).entries;
  t.match(entries[0], { customer: { id: wang.id }, detail: { by: 'phone' } });
  t.notMatch(JSON.stringify(entries), /13812345678|04A2B3C4D5|PM1-/);
  for (let i = 0; i < 60; i++) await scan('no such thing').catch(() => undefined);
  t.equal(await refusal(scan('no such thing')), '429 too_many_requests');
});

t.test('search says where it was found; duplicates are told of and dismissed', async (t) => {
  await staff.call('POST', `/customers/${wang.id}/notes`, { text: '喜欢靠窗的座位' });
  const find = (query: string) => staff.call<CustomerSummary[]>('GET', `/customers?query=${encodeURIComponent(query)}`);
  t.match(await find('靠窗'), [{ id: wang.id, found: { in: 'note', text: '喜欢靠窗的座位' } }]);
  t.match(await find('WF 5678'), [{ found: { in: 'name' } }, { found: { in: 'name' } }]);
  t.match((await find(''))[0], { found: null });
  const twin = await staff.createCustomer({ displayName: '王方', phone: '13712345678' });
  const pairs = await staff.call<Duplicate[]>('GET', '/duplicates');
  const mine = pairs.find(({ a, b }) => [a.id, b.id].includes(twin.id) && [a.id, b.id].includes(wang.id))!;
  t.match(mine, { reasons: ['name_sound', 'phone_tail'], strength: 'maybe' });
  t.equal(await refusal(officer.device.call('GET', '/duplicates')), '403 not_allowed');
  await staff.call('POST', '/duplicates/dismiss', { a: twin.id, b: wang.id });
  t.notOk((await staff.call<Duplicate[]>('GET', '/duplicates')).some(({ a, b }) => a.id === mine.a.id && b.id === mine.b.id));
});

t.test('who signs out while the store is looked through for pairs is told nothing', async (t) => {
  const iPad = box.stranger();
  await iPad.pair(box.appliance.makePairingCode().code, '一台');
  reading(box.dataDirectory, (db) => {
    // So many that no sign-out comes after the look, however busy the machine is.
    db.run(`WITH RECURSIVE one (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM one WHERE i < 20000)
            INSERT INTO customer (id, display_name, created_at_ms) SELECT lower(hex(randomblob(16))), '顾客' || i, 1 FROM one`);
  }, false);
  let status = 200;
  for (let tries = 0; tries < 30 && status === 200; tries++) { // until a look is not answered out of the last one
    await iPad.signIn(box.ownerId, OWNER_PIN);
    const asked = iPad.send('GET', '/api/v1/duplicates');
    t.equal((await iPad.send('DELETE', '/api/v1/sessions/current')).status, 204);
    ({ status } = await asked);
  }
  t.equal(status, 401);
  t.match(await box.owner.call('GET', '/health'), { status: 'degraded', problems: ['search_incomplete'] }, 'and the box says that some are not found yet');
});
