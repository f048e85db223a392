/** The rights desk through the front door: requests and deadlines, access copy, explanation, restriction, erasure. */
import { createRequire } from 'node:module';
import t from 'tap';
import type {
  AccessCopy, CustomerSummary, Deletion, Dossier, EnrolmentProgress, ErrorBody, Explanation, PrivacyOverview, Restriction, RightsRequest, VisitCard,
} from '../../appliance/contract/index.js';
import { addAssociate, OWNER_PIN, startBox, TestClock } from '../support/box.js';
import { decryptedPages, dumpTables, query, reading } from '../support/disk.js';
import { refusal } from '../support/failures.js';
import { addMember } from '../support/office.js';
import { portrait, scene } from '../support/scene.js';
import { drain, look, lookAtOne } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

const clock = new TestClock(Date.parse('2026-09-21T04:00:00Z'));
const box = await startBox(t, { clock });
const officer = await addMember(box, '隐私官', 'privacy_officer');
const { device: office } = officer;
const { device: associate, staff } = await addAssociate(box, '小陈');
const VALID = { validUntil: '2027-03-01' };
const camera = await box.owner.camera('look_up').opened();
await camera.nextOf('camera.ready');
const frameOf = async (person: string) => scene({ picture: await portrait(person), x: 640, y: 360, height: 420 });
/** Somebody stands still for three frames, after everybody else has gone. */
async function step(person: string) {
  clock.move(4_000);
  const frame = await frameOf(person);
  for (let i = 0; i < 2; i += 1) await look(camera, frame);
  return lookAtOne(camera, frame);
}
const overview = () => office.call<PrivacyOverview>('GET', '/privacy/overview');
const lastAudit = () => query<{ action: string; customer_id: string; detail: string }>(box.dataDirectory, 'SELECT action, customer_id, detail FROM audit_entry ORDER BY seq DESC LIMIT 1')[0]!;
const receive = (kind: string, change: object = {}) =>
  office.call<RightsRequest>('POST', '/privacy/requests', { customerId: null, kind, receivedOn: '2026-09-21', note: '到店口头提出', ...change });

const lin = await enrolPerson(box, 'P03', {
  displayName: '林小满', salutation: '林女士', phone: '13900001111', tier: '金卡', facts: ['喝乌龙'], doNot: ['不要打电话'], photos: [await portrait('P03', 'sample1.jpg')],
  purposes: ['recognise', 'greet', 'preferences', 'contact', 'keep_photo'], ...VALID,
});

t.test('C22: a request has its last day, is overdue after it, and a refusal tells its reason', async (t) => {
  t.equal(await refusal(office.call('POST', '/privacy/requests', { customerId: null, kind: 'access', receivedOn: '2026-09-22', note: '' })), '400 bad_request', 'not on a day to come');
  t.equal(await refusal(receive('access', { customerId: '0b6a8a1e-0000-4000-8000-000000000000' })), '404 customer_not_found');
  const request = await receive('access', { customerId: lin });
  // Fifteen working days, the mid-autumn and National Day weeks between, Saturday 10 October worked.
  t.match(request, { customerId: lin, displayName: '林小满', dueOn: '2026-10-19', overdue: false, closed: null });
  t.match(lastAudit(), { action: 'request_received', customer_id: lin });
  const complaint = await receive('complaint', { receivedOn: '2026-08-01' });
  t.equal(complaint.overdue, true);
  const soon = await receive('explain', { receivedOn: '2026-09-01' });
  t.equal(soon.dueOn, '2026-09-21', 'Sunday 20 September is worked');
  t.match(await overview(), { openRequests: 3, tasks: [{ task: 'requests_overdue', count: 1 }] });
  t.ok((await overview()).tasks.some(({ task, count }) => task === 'requests_due_soon' && count === 1));
  t.strictSame((await office.call<RightsRequest[]>('GET', '/privacy/requests')).map(({ id }) => id), [complaint.id, soon.id, request.id]);

  const close = (id: string, outcome: string, reason: string) => office.call<RightsRequest>('POST', `/privacy/requests/${id}/close`, { outcome, reason });
  t.equal(await refusal(close(complaint.id, 'refused', ' ')), '400 request_reason_missing');
  t.match(await close(complaint.id, 'refused', '与本店无关'), { overdue: false, closed: { by: '隐私官', outcome: 'refused', reason: '与本店无关' } });
  t.equal(await refusal(close(complaint.id, 'done', '')), '409 request_closed');
  t.match(await close(soon.id, 'done', ''), { closed: { outcome: 'done', reason: '' } });
  t.match(lastAudit(), { action: 'request_closed' });
  t.equal((await overview()).openRequests, 1);
});

t.test('C22: each naming and each question can be explained, as long as the consent holds', async (t) => {
  t.match(await step('P03'), { decision: 'known', person: { customerId: lin } });
  const [card] = (await box.owner.call<Dossier>('GET', `/customers/${lin}`)).visits;
  await associate.call('POST', `/visits/${card!.id}/serve`);
  const explain = () => office.call<Explanation[]>('GET', `/customers/${lin}/explanations`);
  const [first, ...others] = await explain();
  t.strictSame(others, []);
  t.match(first, { visitId: card!.id, outcome: 'named', templatePhotos: 1, judgedBy: '小陈', templateMadeAt: '2026-09-21T04:00:00.000Z' });
  t.ok(first!.score! >= first!.threshold! && first!.threshold! > 0.2, `${first!.score} of ${first!.threshold}`);
  t.ok(first!.modelPack!.length > 3);
  t.match(lastAudit(), { action: 'recognition_explained', customer_id: lin });
  await associate.call('POST', `/visits/${card!.id}/not-this-person`);
  t.match(await explain(), [{ visitId: card!.id, outcome: 'not_this_person', judgedBy: '小陈' }]);
  // From now on the box asks about this face rather than naming it.
  const asked = async (answer: string) => {
    clock.move(11 * 60_000);
    const { decision, sightingId } = await step('P03');
    t.equal(decision, 'candidate');
    await associate.call('POST', `/sightings/${sightingId}/answer`, { answer });
    return (await explain())[0]!;
  };
  const no = await asked('no');
  t.match(no, { visitId: null, outcome: 'asked_no', judgedBy: '小陈', templatePhotos: 1 });
  t.ok(no.score! >= no.threshold!, `${no.score} of ${no.threshold}`);
  t.match(await asked('unsure'), { visitId: null, outcome: 'asked_unsure' });
  const yes = await asked('yes');
  t.match(yes, { outcome: 'asked_yes', judgedBy: '小陈', templatePhotos: 1 });
  t.not(yes.visitId, null);
  t.equal((await explain()).length, 4);
  await associate.call('POST', `/visits/${yes.visitId}/close`);
  clock.move(3 * 60_000);
});

t.test('C22: the access copy has everything about the person, and no face', async (t) => {
  await associate.call('POST', `/customers/${lin}/notes`, { text: '喜欢靠窗的位子' });
  await associate.call('POST', `/customers/${lin}/follow-ups`, { text: '新茶到了打招呼' });
  const twin = await associate.createCustomer({ displayName: '小满' });
  await associate.call('POST', `/customers/${twin.id}/notes`, { text: '另一份档案里的话' });
  await associate.call('POST', `/customers/${twin.id}/merge`, { into: lin });
  const answer = await office.send<AccessCopy>('GET', `/api/v1/customers/${lin}/access-copy.json`);
  t.equal(answer.status, 200);
  t.match(answer.headers['content-disposition'], /attachment/);
  const copy = answer.body;
  t.match(copy, {
    dossier: {
      id: lin, displayName: '林小满', salutation: '林女士', phone: '13900001111', tier: '金卡', facts: ['喝乌龙'], doNot: ['不要打电话'],
      followUps: [{ text: '新茶到了打招呼', author: '小陈' }], visits: [{ arrival: 'confirmed' }, { endReason: 'not_this_person' }],
      template: { photos: [{ source: 'enrolment' }], photosKept: true, stricterUntil: null },
    },
    formerDossiers: [{ displayName: '小满' }], consents: [{ purposes: ['recognise', 'greet', 'preferences', 'contact', 'keep_photo'], witness: '店长', signature: { strokes: [[]] } }],
    explanations: [{ outcome: 'asked_yes' }, { outcome: 'asked_unsure' }, { outcome: 'asked_no' }, { outcome: 'not_this_person' }],
    requests: [{ kind: 'access', note: '到店口头提出' }], restriction: { restricted: false },
  });
  t.strictSame(copy.dossier.notes.map(({ text }) => text).sort(), ['另一份档案里的话', '喜欢靠窗的位子']);
  t.ok(copy.log.some(({ action }) => action === 'request_received'));
  t.notMatch(JSON.stringify(copy), /embedding|jpeg|[A-Za-z0-9+/]{200}/);
  t.match(lastAudit(), { action: 'access_copy_made', customer_id: lin });
  // All rows, not only those that a page shows.
  for (let i = 0; i < 205; i += 1) await associate.call('POST', `/customers/${lin}/follow-ups`, { text: `第${i}件` });
  t.equal((await office.call<AccessCopy>('GET', `/customers/${lin}/access-copy.json`)).dossier.followUps.length, 206);
});

t.test('C22: correct', async (t) => {
  t.match(await office.call<Dossier>('PATCH', `/customers/${lin}`, { displayName: '林小曼' }), { displayName: '林小曼', phone: '13900001111' });
});

t.test('C22: while restricted nothing is recognised, enrolled or asked for; a visit by hand still goes', async (t) => {
  t.match(await step('P03'), { person: { customerId: lin } });
  const before = await step('P03');
  t.equal(before.decision, 'known');
  const restrict = (restricted: boolean) => office.call<Restriction>('PUT', `/customers/${lin}/restriction`, { restricted, reason: '对记录有争议' });
  t.match(await restrict(true), { restricted: true, reason: '对记录有争议' });
  t.match(lastAudit(), { action: 'customer_restricted', customer_id: lin, detail: '{}' });
  const { since } = await office.call<Restriction>('GET', `/customers/${lin}/restriction`);
  t.equal(since, new Date(clock.now()).toISOString());
  for (const who of [office, associate, box.owner]) t.equal((await who.call<Dossier>('GET', `/customers/${lin}`)).restrictedSince, since, 'whoever opens the dossier is told');
  const still = await lookAtOne(camera, await frameOf('P03')); // still in view
  t.strictSame([still.person, still.greeting], [null, null]);
  t.match(await step('P03'), { decision: 'unknown', person: null });
  t.equal(await refusal(associate.call('POST', `/customers/${lin}/enrolments`)), '403 consent_required');
  t.equal(await refusal(associate.giveConsent(lin, VALID)), '409 customer_restricted');
  for (const [what, body] of [['notes', { text: '新的' }], ['follow-ups', { text: '新的' }]] as const) {
    t.equal(await refusal(associate.call('POST', `/customers/${lin}/${what}`, body)), '409 customer_restricted', what);
  }
  t.equal(await refusal(associate.call('PATCH', `/customers/${lin}`, { facts: ['喝乌龙', '新的'] })), '409 customer_restricted');
  for (const change of [{ facts: ['新的'] }, { email: 'a@b.cn' }, { wechat: 'w' }, { points: 5 }, { companions: [{ name: '全新的人', relation: '妻', customerId: null }] }]) {
    t.equal(await refusal(associate.call('PATCH', `/customers/${lin}`, change)), '409 customer_restricted', JSON.stringify(change));
  }
  t.match(await associate.call<Dossier>('PATCH', `/customers/${lin}`, { allergies: ['花生'] }), { allergies: ['花生'] }, 'what protects her is written down');
  t.match(await office.call<Dossier>('PATCH', `/customers/${lin}`, { email: 'lin@example.cn', facts: ['喝红茶'] }), { email: 'lin@example.cn', facts: ['喝红茶'] }, 'and put right by who answers for it');
  t.match(await associate.call<Dossier>('PATCH', `/customers/${lin}`, { email: null, allergies: [] }), { email: null }, 'taking out is always possible');
  // Nor by way of another dossier: neither a merge nor a new enrolment of the same face tells who it is.
  const other = await associate.createCustomer({ displayName: '新开的' });
  t.equal(await refusal(associate.call('POST', `/customers/${other.id}/merge`, { into: lin })), '409 customer_restricted');
  t.equal(await refusal(associate.call('POST', `/customers/${lin}/merge`, { into: other.id })), '409 customer_restricted');
  await associate.giveConsent(other.id, VALID);
  const { enrolmentId } = await associate.call<EnrolmentProgress>('POST', `/customers/${other.id}/enrolments`);
  await associate.call('POST', `/enrolments/${enrolmentId}/photos?pose=any`, await portrait('P03', 'sample1.jpg'));
  const alike = await associate.send<ErrorBody>('POST', `/api/v1/enrolments/${enrolmentId}/finish`, { acceptFewer: true });
  t.match(alike, { status: 409, body: { code: 'face_already_enrolled' } });
  t.notOk(JSON.stringify(alike.body).includes(lin), 'not whose');
  const open = (await box.owner.call<Dossier>('GET', `/customers/${lin}`)).openVisitId;
  if (open !== null) await associate.call('POST', `/visits/${open}/close`);
  const visit = await associate.call<VisitCard>('POST', '/visits', { customerId: lin });
  t.equal(visit.arrival, 'by_hand');
  await associate.call('POST', `/visits/${visit.visitId}/close`);
  t.equal((await box.owner.call<Dossier>('GET', `/customers/${lin}`)).enrolled, true, 'what is stored stays');
  t.match(await restrict(false), { restricted: false, since: null });
  t.equal((await associate.call<Dossier>('GET', `/customers/${lin}`)).restrictedSince, null);
  t.match(lastAudit(), { action: 'customer_released' });
  clock.move(3 * 60_000);
  t.match(await step('P03'), { decision: 'known', person: { customerId: lin } });
});

t.test('a withdrawal takes what explained the namings with it', async (t) => {
  const zhao = await enrolPerson(box, 'P20', { displayName: '赵', ...VALID });
  t.equal((await step('P20')).decision, 'known');
  await box.owner.call('POST', `/customers/${zhao}/consents/withdraw`);
  const [explanation] = await office.call<Explanation[]>('GET', `/customers/${zhao}/explanations`);
  t.match(explanation, { outcome: 'named', score: null, threshold: null, templateMadeAt: null, templatePhotos: null, modelPack: null });
});

/**
 * Every table that knows a customer, by its columns or through the rows that it belongs to, and where the access copy has it; or why it
 * does not. A new table has to be named here.
 */
const IN_COPY: Record<string, string | ((copy: AccessCopy) => unknown[])> = {
  customer: ({ dossier }) => [dossier.displayName], customer_line: ({ dossier }) => dossier.facts, customer_date: ({ dossier }) => dossier.dates,
  companion: ({ dossier, companionOf }) => (companionOf.length > 0 ? dossier.companions : []), customer_tag: ({ dossier }) => dossier.tags,
  member_code: ({ dossier }) => (dossier.memberCodeSince === null ? [] : [dossier.memberCodeSince]), customer_merge: ({ formerDossiers }) => formerDossiers,
  note: ({ dossier }) => dossier.notes, follow_up: ({ dossier }) => dossier.followUps, file: ({ dossier }) => dossier.files,
  wish: ({ dossier }) => dossier.wishes, ticket: ({ dossier }) => dossier.tickets, appointment: ({ dossier }) => dossier.appointments,
  purchase: ({ dossier }) => dossier.purchases.filter(({ returned }) => returned > 0),
  field_value: ({ ownFields }) => ownFields, field_choice: ({ ownFields }) => ownFields.filter(({ value }) => JSON.stringify(value).includes('珐琅')),
  field_change: ({ ownFields }) => ownFields.flatMap(({ history }) => history),
  visit: ({ dossier }) => dossier.visits, visit_service: ({ dossier }) => dossier.visits.flatMap(({ services }) => services),
  visit_stage: ({ dossier }) => dossier.visits.flatMap(({ stages }) => stages), look: ({ dossier }) => dossier.visits.flatMap(({ looks }) => looks),
  template: ({ dossier }) => [dossier.template].filter((each) => each !== null), template_photo: ({ dossier }) => dossier.template?.photos ?? [],
  kept_photo: ({ dossier }) => [dossier.template?.photosKept].filter(Boolean), sighting_answer: ({ explanations }) => explanations,
  score_offset: ({ dossier }) => [dossier.template?.stricterUntil].filter(Boolean),
  consent: ({ consents }) => consents, consent_purpose: ({ consents }) => consents.flatMap(({ purposes }) => purposes), refusal: ({ refusals }) => refusals,
  restriction: ({ restriction }) => (restriction.restricted ? [restriction] : []), rights_request: ({ requests }) => requests,
  deletion: ({ deletions }) => deletions, deletion_pending: ({ deletions }) => deletions, audit_entry: ({ log }) => log,
  deletion_done: 'the same as deletion, in the other file', customer_key: 'a secret of the box, of no meaning outside it',
  customer_merge_row: 'which rows came with a merge: they stand in the copy themselves', search_entry: 'words of what stands in the copy',
  duplicate_dismissed: 'that two dossiers are two people: whose the other is is not theirs to know',
  suggestion_verdict: 'judges the words of the box, see docs/compliance.md',
};
/** Of these lin has no row when the test looks: nothing is being deleted, and no confusion weighs any more. */
const WITHOUT_ROW = ['deletion_pending', 'score_offset'];

t.test('C22: every table that knows a customer is in the access copy, or left out with a reason', async (t) => {
  const on = (path: string, body?: unknown, method = 'POST') => associate.call<{ id: string }>(method, path.replace('{}', lin), body);
  const { id: productId } = await box.owner.call<{ id: string }>('POST', '/products', { sku: 'E-1', name: '珐琅腕表', priceMinor: 100 });
  const [section, field, option, taken] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const both = (text: string) => ({ 'zh-CN': text, en: text });
  await box.owner.call('PUT', '/fields', { revision: 0, card: [], sections: [{ id: section, name: both('喜好'), fields: [{
    id: field, name: both('表盘'), kind: 'choices', required: false, visibleTo: 'everybody', options: [{ id: option, name: both('珐琅') }, { id: taken, name: both('银') }],
  }] }] });
  for (const choices of [[taken], [option]]) await on('/customers/{}/fields', { values: [{ fieldId: field, value: { choices } }] }, 'PUT');
  const friend = await associate.createCustomer({ displayName: '同行的', companions: [{ name: '小林', relation: '朋友', customerId: lin }] });
  await on('/customers/{}', { dates: [{ kind: 'birthday', label: null, month: 2, day: 29, year: 1992 }], companions: [{ name: '同行的', relation: '朋友', customerId: friend.id }] }, 'PATCH');
  await on('/customers/{}/wishes', { productId });
  await on('/customers/{}/tickets', { subject: '换表带', detail: '' });
  await on('/customers/{}/appointments', { day: '2026-11-30', time: '10:00', subject: '试戴', minutes: 30 });
  await associate.send('POST', `/api/v1/customers/${lin}/files?name=a`, Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF'), { 'content-type': 'application/pdf' });
  await on('/customers/{}/tags', { tag: '04A2B3C4D5E6', label: '会员卡' });
  await on('/customers/{}/member-code');
  const { visitId } = await associate.call<VisitCard>('POST', '/visits', { customerId: lin });
  await on(`/visits/${visitId}/serve`);
  await on(`/visits/${visitId}/looks`, { productId });
  await on(`/visits/${visitId}/stages`, { stage: 'discover', reached: true });
  const { id: bought } = await on('/customers/{}/purchases', { productId, quantity: 1, amountMinor: 100 });
  await on(`/purchases/${bought}/return`, { quantity: 1, amountMinor: 100 });
  const { suggestion } = (await associate.call<VisitCard>('POST', '/visits', { customerId: lin }));
  await on(`/visits/${visitId}/suggestion`, { kind: suggestion!.kind, subject: suggestion!.subject, useful: true });
  await on('/duplicates/dismiss', { a: lin, b: friend.id });
  await on(`/follow-ups/${(await associate.call<Dossier>('GET', `/customers/${lin}`)).followUps[0]!.id}/done`);
  await on('/customers/{}/consents/refuse');
  await on('/customers/{}/consents/withdraw', { purposes: ['contact'] });
  await office.call('PUT', `/customers/${lin}/restriction`, { restricted: true, reason: '对记录有争议' });
  const copy = await office.call<AccessCopy>('GET', `/customers/${lin}/access-copy.json`);

  const { knowing, without } = reading(box.dataDirectory, (db) => {
    const without: string[] = [];
    const tables = ['main', 'vault'].flatMap((schema) => db.all<{ name: string }>(
      `SELECT name FROM ${schema}.sqlite_master WHERE type = 'table'`).map(({ name }) => ({
      name, schema, columns: db.all<{ name: string }>('SELECT name FROM pragma_table_info(?, ?)', name, schema).map((column) => column.name),
      points: db.all<{ to: string; from: string; key: string | null }>('SELECT "table" AS "to", "from", "to" AS key FROM pragma_foreign_key_list(?, ?)', name, schema),
    })));
    const knowing = new Set(['customer']);
    /** Which rows of a table are about this person: a condition in SQL. */
    const theirs = new Map([['customer', `id = '${lin}' OR merged_into_id = '${lin}'`]]);
    for (let found = 0; found < knowing.size;) {
      found = knowing.size;
      for (const { name, schema, columns, points } of tables) {
        if (knowing.has(name)) continue;
        const owners = points.filter(({ to }) => knowing.has(to) && to !== name);
        if (!columns.includes('customer_id') && owners.length === 0) continue;
        const conditions = [...(columns.includes('customer_id') ? [`customer_id = '${lin}'`] : []),
          ...owners.map(({ to, from, key }) => `"${from}" IN (SELECT "${key ?? 'id'}" FROM "${to}" WHERE ${theirs.get(to)!})`)];
        knowing.add(name);
        theirs.set(name, columns.includes('customer_id') ? conditions[0]! : conditions.join(' OR '));
        if (db.get(`SELECT 1 FROM ${schema}."${name}" WHERE ${theirs.get(name)!}`) === undefined) without.push(name);
      }
    }
    return { knowing: [...knowing].sort(), without: without.sort() };
  });
  t.strictSame(knowing, Object.keys(IN_COPY).sort(), 'a table that knows a customer is named in this test');
  t.strictSame(without, WITHOUT_ROW, 'and lin has something in each, so that the erasure below says something');
  for (const [table, place] of Object.entries(IN_COPY)) {
    if (typeof place === 'string' || WITHOUT_ROW.includes(table)) continue;
    t.ok(place(copy).length > 0, `${table} is in the access copy`);
  }
  await office.call('PUT', `/customers/${lin}/restriction`, { restricted: false, reason: '对记录有争议' });
});

t.test('C22: erasing leaves nothing of the person in any table but the log and the request, of merged dossiers too', async (t) => {
  const family = query<{ id: string }>(box.dataDirectory, `SELECT id FROM customer WHERE id = '${lin}' OR merged_into_id = '${lin}'`).map(({ id }) => id);
  t.equal(family.length, 2);
  const former = family.find((id) => id !== lin)!;
  const undone = await associate.createCustomer({ displayName: '误并的' });
  const merged = await associate.call<Dossier>('POST', `/customers/${undone.id}/merge`, { into: lin });
  await associate.call('POST', `/merges/${merged.merges[0]!.id}/undo`);
  await office.call('PUT', `/customers/${lin}/restriction`, { restricted: true, reason: '林小曼有争议' });
  const request = await receive('delete', { customerId: lin, note: '林小曼 13900001111 要求删除' });
  if ((await box.owner.call<Dossier>('GET', `/customers/${lin}`)).openVisitId === null) await associate.call('POST', '/visits', { customerId: lin });
  const live = await associate.live().opened();
  t.ok((await live.nextOf('live.snapshot')).data.visits.some(({ customerId }) => customerId === lin), 'in the store at this moment');
  const personal = ['林小曼', '小满', '13900001111', '喜欢靠窗的位子', '另一份档案里的话', '不要打电话', '误并的'];
  /** Reads every table there is, also those that come later. @returns a function that says in which ones a text stands */
  const walk = () => {
    const tables = Object.entries(dumpTables(box.dataDirectory)).map(([table, rows]) => [table, JSON.stringify(rows)] as const);
    return (needle: string, skip: readonly string[] = []) => tables.filter(([table, text]) => !skip.includes(table) && text.includes(needle)).map(([table]) => table);
  };
  const before = walk();
  t.ok(before(lin).length > 9, 'before: the walk through all tables finds them');
  for (const text of personal) t.ok(before(text).length > 0, text);

  t.equal(await refusal(office.call('DELETE', `/customers/${former}`)), '410 customer_merged');
  const deletion = await office.call<Deletion>('DELETE', `/customers/${lin}`);
  t.match(deletion, { customerId: lin, scope: 'dossier', reason: 'erased', templatesDeleted: 1 });
  t.match(lastAudit(), { action: 'deletion_completed', customer_id: lin });
  t.match(query(box.dataDirectory, `SELECT staff_id FROM audit_entry WHERE action = 'dossier_erased' AND customer_id = '${lin}'`), [{ staff_id: officer.staff.id }]);
  t.match((await live.nextOf('visit.closed')).data, { customerId: lin }, 'the card goes from the pages');
  t.strictSame((await drain(live)).flatMap((message) => (message.type === 'customer.forgotten' && message.data.erased ? [message.data.customerId] : [])).filter((id) => id === lin), [lin], 'and whatever is open of it');
  live.close();

  const after = walk();
  const MAY = ['audit_entry', 'rights_request', 'deletion', 'deletion_done'];
  for (const id of family) t.strictSame(after(id, MAY), [], `id ${id}`);
  for (const text of personal.filter((each) => each !== '误并的')) t.strictSame(after(text), [], text);
  t.strictSame(after('误并的'), ['customer', 'search_dossier_word', 'search_entry'], 'somebody else\'s dossier stays');
  t.strictSame(query(box.dataDirectory, 'PRAGMA foreign_key_check'), []);
  const pages = decryptedPages(box.dataDirectory);
  for (const text of ['13900001111', '喜欢靠窗的位子']) t.notOk(pages.some((page) => page.includes(text)), `no page holds ${text}`);

  t.match((await office.call<RightsRequest[]>('GET', '/privacy/requests')).find(({ id }) => id === request.id), { customerId: lin, displayName: null, note: '' });
  t.match(await office.call<RightsRequest>('POST', `/privacy/requests/${request.id}/close`, { outcome: 'done', reason: '' }), { closed: { outcome: 'done' } });
  t.equal(await refusal(office.call('GET', `/customers/${lin}`)), '404 customer_not_found');
  t.equal(await refusal(office.call('DELETE', `/customers/${lin}`)), '404 customer_not_found');
  t.notOk((await associate.call<CustomerSummary[]>('GET', '/customers')).some(({ id }) => id === lin));
  t.match(await step('P03'), { decision: 'unknown', person: null }, 'the same face is nobody\'s');
  t.equal(staff.name, '小陈');
});

// From here on the clock is beyond every session.
t.test('an answer that did not come in time stays a task', async (t) => {
  const request = await receive('access');
  const dueOn = async () => (await office.call<RightsRequest[]>('GET', '/privacy/requests')).find(({ id }) => id === request.id)!.dueOn;
  const { workdays } = createRequire(import.meta.url)('chinese-days/dist/chinese-days.json') as { workdays: Record<string, string> };
  workdays['2026-10-11'] = 'announced since';
  t.equal(await dueOn(), '2026-10-16', 'the day moves with the arrangement of the year');
  delete workdays['2026-10-11'];
  t.equal(await dueOn(), '2026-10-19');
  clock.move(29 * 86_400_000);
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  await officer.signIn();
  t.match((await office.call<RightsRequest[]>('GET', '/privacy/requests')).find(({ id }) => id === request.id), { dueOn: '2026-10-19', overdue: true });
  t.match((await overview()).tasks[0], { task: 'requests_overdue' });
});

// Last: leaves a deletion that cannot be finished.
t.test('a dossier that is being erased is merged with no other: what moved there would go with it', async (t) => {
  const [going, other] = [await box.owner.createCustomer({ displayName: '正在删' }), await box.owner.createCustomer({ displayName: '另一位' })];
  for (const { id } of [going, other]) await box.owner.call('POST', `/customers/${id}/notes`, { text: '一条' });
  reading(box.dataDirectory, (db) => db.exec(`CREATE TRIGGER stuck BEFORE DELETE ON note BEGIN SELECT RAISE(ABORT, 'stuck'); END`), false);
  t.match(await office.call<Deletion>('DELETE', `/customers/${going.id}`), { completedAt: null });
  t.equal(await refusal(box.owner.call('POST', `/customers/${other.id}/merge`, { into: going.id })), '404 customer_not_found');
  t.equal(await refusal(box.owner.call('POST', `/customers/${going.id}/merge`, { into: other.id })), '404 customer_not_found');
  t.equal((await box.owner.call<Dossier>('GET', `/customers/${other.id}`)).notes.length, 1);
});
