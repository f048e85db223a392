/** The REST edge: forms, errors, the OpenAPI document, uploads, and what a page may read. */
import sharp from 'sharp';
import t from 'tap';
import { ERRORS, type Dossier, type EnrolmentProgress, type ErrorBody, type ErrorCode } from '../../appliance/contract/index.js';
import { OWNER_PIN, startBox } from '../support/box.js';
import { bomb } from '../support/pictures.js';
import { answerToRaw } from '../support/raw.js';
import { emptyScene, portrait, scene } from '../support/scene.js';

const box = await startBox(t);
const send = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => box.owner.send<ErrorBody>(method, `/api/v1${path}`, body, headers);
const NOBODY = '0b6a8a1e-0000-4000-8000-000000000000';

function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, details, ...more } = value as Record<string, unknown>;
  return typeof code === 'string' && code in ERRORS && message === ERRORS[code as ErrorCode][1] && (details === undefined || typeof details === 'object')
    && Object.keys(more).length === 0;
}

t.test('requests of another form are refused with the one form of error', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '表单' });
  const cases: [method: string, path: string, body: unknown, status: number, code: ErrorCode, headers?: Record<string, string>][] = [
    ['POST', '/customers', '{', 400, 'malformed_json'],
    ['POST', '/customers', '', 400, 'malformed_json'],
    ['POST', '/customers', undefined, 400, 'bad_request'],
    ['POST', '/customers', '[]', 400, 'bad_request'],
    ['POST', '/customers', {}, 400, 'bad_request'],
    ['POST', '/customers', { displayName: '' }, 400, 'bad_request'],
    ['POST', '/customers', { displayName: '   ' }, 400, 'bad_request'],
    ['POST', '/customers', { displayName: 'x'.repeat(41) }, 400, 'bad_request'],
    ['POST', '/customers', { displayName: 7 }, 400, 'bad_request'],
    ['POST', '/customers', { displayName: 'x', admin: true }, 400, 'bad_request'],
    ['POST', '/customers', '{"displayName":"x","__proto__":{"tier":"y"}}', 400, 'malformed_json'],
    ['POST', '/customers', { displayName: 'x', phone: '138-0000' }, 400, 'bad_request'],
    ['POST', '/customers', { displayName: 'x', facts: ['1', '2', '3', '4'] }, 400, 'bad_request'],
    ['POST', '/customers', 'displayName=x', 415, 'unsupported_media_type', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['POST', '/customers', JSON.stringify({ displayName: 'x'.repeat(1_000_001) }), 413, 'body_too_large'],
    ['GET', '/customers?limit=0', undefined, 400, 'bad_request'],
    ['GET', '/customers?limit=51', undefined, 400, 'bad_request'],
    ['GET', '/customers?sort=name', undefined, 400, 'bad_request'],
    ['GET', '/customers/7', undefined, 400, 'bad_request'],
    ['GET', `/customers/${NOBODY}`, undefined, 404, 'customer_not_found'],
    ['PATCH', `/customers/${id}`, { displayName: null }, 400, 'bad_request'],
    ['PATCH', `/customers/${id}`, { id: NOBODY }, 400, 'bad_request'],
    ['POST', `/customers/${id}/follow-ups`, { text: 'x', dueOn: '2026-02-30' }, 400, 'bad_request'],
    ['POST', `/customers/${NOBODY}/notes`, { text: 'x' }, 404, 'customer_not_found'],
    ['POST', '/visits', { customerId: NOBODY }, 404, 'customer_not_found'],
    ['POST', `/visits/${NOBODY}/serve`, undefined, 404, 'visit_not_found'],
    ['POST', `/follow-ups/${NOBODY}/done`, undefined, 404, 'follow_up_not_found'],
    ['GET', '/nothing', undefined, 404, 'not_found'],
    ['DELETE', '/customers', undefined, 404, 'not_found'],
    ['POST', '/box', {}, 404, 'not_found'],
    ['GET', '/customers/%E0%A4%A', undefined, 400, 'bad_request'],
  ];
  for (const [method, path, body, status, code, headers] of cases) {
    const name = `${method} ${path} ${JSON.stringify(body)?.slice(0, 50) ?? ''}`;
    const answer = await send(method, path, body, headers);
    t.equal(answer.status, status, name);
    t.equal(answer.body.code, code, name);
    t.ok(isErrorBody(answer.body), `${name}: ${JSON.stringify(answer.body).slice(0, 120)}`);
    t.match(answer.headers['content-type'], /^application\/json/);
  }
  t.match((await send('POST', '/customers', { displayName: 'x', admin: true })).body.details, { where: 'body' });
});

t.test('a missing address of the page is the page, a missing file or API address is not', async (t) => {
  for (const path of ['/api/', '/api/v2/box', '/api/v1/', '/assets/missing.js', '/favicon.ico', '/../package.json', '/.env', '/trustworthy']) {
    const answer = await box.owner.send<ErrorBody>('GET', path);
    t.equal(answer.status, 404, path);
    t.equal(answer.body.code, 'not_found', path);
  }
  t.equal((await box.owner.send<ErrorBody>('POST', '/customers')).body.code, 'not_found');
  t.match(await box.owner.send('GET', '/healthz'), { status: 200, body: { status: 'ok' } });
});

t.test('HTTP that is no HTTP is told so in the one form of error, and the box lives', async (t) => {
  const answer = await answerToRaw(box, 'GET /api/v1/box HTTP/1.1\r\nbroken header\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 400 [\s\S]*content-security-policy: default-src 'none'/);
  t.ok(isErrorBody(JSON.parse(answer.split('\r\n\r\n')[1]!)));
  t.notMatch(answer, /node_modules|at .*\.js/);
  t.match(await send('GET', '/box'), { status: 200, body: { timeZone: 'Asia/Shanghai' } });
});

t.test('security headers are on pages, files, API and refusals alike', async (t) => {
  for (const path of ['/', '/api/v1/box', '/api/v1/customers', '/api/openapi.json', '/healthz', '/trust', '/trust/portico-root.crt', '/manifest.webmanifest', '/nothing.js', '/api/v1/customers/%E0%A4%A']) {
    const { headers } = await box.stranger().send('GET', path);
    const policy = String(headers['content-security-policy']);
    t.match(policy, /^default-src 'none'; ?/, path);
    t.match(policy, /frame-ancestors 'none'/, path);
    // The page alone may compile WebAssembly: the reader of codes.
    t.notMatch(path === '/' ? policy.replace("'wasm-unsafe-eval'", '') : policy, /unsafe|\*|https?:/, `${path}: nothing inline, nobody else`);
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin' }, path);
    t.match(headers['permissions-policy'], /^camera=\((self)?\), .*\bmicrophone=\(\)/, path);
    for (const name of ['strict-transport-security', 'access-control-allow-origin', 'x-powered-by', 'server']) t.equal(headers[name], undefined, `${path} ${name}`);
  }
});

t.test('HSTS under a host name, never for localhost or an address', async (t) => {
  const hsts = async (host: string) => (await box.stranger().send('GET', '/healthz', undefined, { host })).headers['strict-transport-security'];
  for (const host of ['portico.local:8443', 'portico.local', 'PORTICO.local']) t.equal(await hsts(host), 'max-age=604800', host);
  for (const host of ['localhost', 'localhost:8443', '127.0.0.1:8443', '[::1]:8443']) t.equal(await hsts(host), undefined, host);
});

t.test('what Node would answer by itself has the policies, too', async (t) => {
  const noHost = await answerToRaw(box, 'GET /api/v1/box HTTP/1.1\r\nConnection: close\r\n\r\n');
  t.match(noHost, /^HTTP\/1\.1 400 [\s\S]*content-security-policy: default-src 'none'[\s\S]*"code":"bad_request"/);
  const expecting = await answerToRaw(box, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nConnection: close\r\n\r\n');
  t.match(expecting, /^HTTP\/1\.1 200 [\s\S]*content-security-policy: default-src 'none'/);
});

t.test('nothing but the build\'s own files is kept by a browser', async (t) => {
  for (const path of ['/healthz', '/nothing.js', '/api/nothing', '/api/v1/customers', '/', '/trust']) {
    t.equal((await box.stranger().send('GET', path)).headers['cache-control'], 'no-store', path);
  }
  const page = String((await box.stranger().send('GET', '/')).body);
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)![1]!;
  t.match((await box.stranger().send('GET', script)).headers['cache-control'], /immutable/);
});

t.test('the page goes out with its nonce only, whichever way its address is written', async (t) => {
  for (const path of ['//index.html', '/./index.html', '/assets/../index.html', '/assets/%2e%2e/index.html', '/assets//../index.html', '/%69ndex.html', '///index.html', '/index.html/', '/INDEX.html']) {
    const answer = await answerToRaw(box, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 (404|200) /, path);
    t.notMatch(answer, /__STYLE_NONCE__/, path);
  }
});

interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, { tags?: string[]; parameters?: { name: string; in: string; required?: boolean }[]; responses: Record<string, { description?: string; content?: Record<string, { schema: unknown }> }> }>>;
}

t.test('the OpenAPI document lists every route, with a type for every answer', async (t) => {
  const answer = await box.stranger().send<OpenApi>('GET', '/api/openapi.json');
  t.equal(answer.status, 200);
  const { openapi, paths } = answer.body;
  t.match(openapi, /^3\.1\./);
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
  t.ok(operations.length >= 30, `${operations.length} operations`);
  for (const { path, method, operation } of operations) {
    const name = `${method} ${path}`;
    t.ok((operation.tags?.length ?? 0) > 0, `${name} has a tag`);
    for (const [, parameter] of path.matchAll(/\{(\w+)\}/g)) {
      t.ok(operation.parameters?.some((each) => each.name === parameter && each.in === 'path' && each.required === true), `${name} describes ${parameter}`);
    }
    const codes = Object.keys(operation.responses);
    t.ok(codes.some((code) => code.startsWith('2')), `${name} says what comes back`);
    t.ok(codes.includes('4XX') && codes.includes('5XX'), `${name} says what an error looks like: ${codes.join()}`);
    for (const [code, response] of Object.entries(operation.responses)) {
      t.type(response.description, 'string', `${name} ${code}`);
      if (code !== '204') t.ok(Object.values(response.content ?? {}).some(({ schema }) => schema), `${name} ${code} has a schema`);
    }
  }
  const text = JSON.stringify(answer.body);
  t.notMatch(text, /embedding|vector/i, 'no place for a vector');
  const dossier = (answer.body as { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> }).paths['/api/v1/customers/{id}']!['get']!.responses['200'];
  const told = fieldsOf(propertyOf(dossier, 'template'));
  t.strictSame(told.sort(), ['confirmedBy', 'photos', 'photosKept', 'source', 'state', 'stricterUntil', 'takenAt'], 'what is told of a template');
  t.notMatch(text, /"\$id"|\/work\/|node_modules/);
});

/** Every object schema below, with where it stands. */
function objectsIn(schema: unknown, where: string): { where: string; schema: Record<string, unknown> }[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap((each, i) => objectsIn(each, `${where}[${i}]`));
  const own = (schema as { type?: unknown }).type === 'object' || 'properties' in schema ? [{ where, schema: schema as Record<string, unknown> }] : [];
  return [...own, ...Object.entries(schema).flatMap(([key, value]) => objectsIn(value, `${where}.${key}`))];
}

t.test('C19: every answer is cut down to a written list, and no list has a place for a face', async (t) => {
  const { paths } = (await box.owner.send<OpenApi>('GET', '/api/openapi.json')).body;
  let objects = 0;
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      for (const [code, response] of Object.entries(responses).filter(([each]) => each.startsWith('2') && each !== '204')) {
        const name = `${method} ${path} ${code}`;
        for (const [type, { schema }] of Object.entries(response.content ?? {})) {
          t.ok(schema, `${name} ${type} has a schema`);
          // Files that people download are text or papers, never a picture, but for one place: photos of things, which are refused with a
          // face in them (test/files/files.test.ts).
          t.match(type, name === 'get /api/v1/files/{id} 200' ? /^(image\/jpeg|application\/pdf)$/ : /^(application\/(json|pdf|zip|jose|jwk-set\+json)|text\/(csv|plain))/, name);
          if (!type.startsWith('application/json')) continue;
          t.not(JSON.stringify(schema), '{}', `${name} is not "anything"`);
          for (const { where, schema: each } of objectsIn(schema, name)) {
            objects += 1;
            // Names that are not listed may only have single values, as the details of an error or of a log line.
            const others = each['additionalProperties'] ?? (each['patternProperties'] as Record<string, unknown> | undefined);
            const single = others !== undefined && others !== true && !/"(array|object)"/.test(JSON.stringify(others));
            t.ok(others === false || single, `${where}: what is not listed is cut off`);
            for (const property of Object.keys((each['properties'] ?? {}) as object)) {
              t.notMatch(property, /embedding|vector|descriptor|template(values|data)$|^values$|jpe?g|png|pixels|image|photo(data|bytes|url)?$|thumbnail|avatar|base64|blob/i, `${where}.${property}`);
            }
          }
        }
      }
    }
  }
  t.ok(objects > 40, `${objects} lists looked at`);
});

t.test('a dossier through its life', async (t) => {
  const made = await box.owner.createCustomer({ displayName: ' 王小明 ', phone: '13800001111', facts: ['a'], doNot: ['b'] });
  t.match(made, { displayName: '王小明', phone: '13800001111', enrolled: false, openVisitId: null, notes: [], visits: [], consents: [], salutation: null });
  t.match((await send('POST', '/customers', { displayName: '同号', phone: '13800001111' })), { status: 409, body: { code: 'phone_taken' } });
  const other = await box.owner.createCustomer({ displayName: "O'Brien %_\\" });
  t.match(await send('PATCH', `/customers/${other.id}`, { phone: '13800001111' }), { status: 409, body: { code: 'phone_taken' } });

  const found = async (query: string) => (await box.owner.call<{ id: string; phoneTail: string }[]>('GET', `/customers?query=${encodeURIComponent(query)}`));
  t.match(await found('0001'), [{ id: made.id, phoneTail: '1111' }], 'by part of the number; the list shows its end only');
  for (const typed of ['138 0000 1111', '138-0000-1111', '１３８００００１１１１']) t.match(await found(typed), [{ id: made.id }], typed);
  t.notMatch(JSON.stringify(await found('王小')), /13800001111/);
  for (const sign of ['%', '_', '"', '*', 'NEAR(', 'a OR b', 'name:王']) t.strictSame(await found(sign), [], `${sign}: signs of a query language mean nothing`);
  t.match(await found("o'brien %"), [{ id: other.id }]);
  t.strictSame((await found("' OR 1=1 --")), []);

  const note = await box.owner.call<{ id: string }>('POST', `/customers/${made.id}/notes`, { text: '  记下  ' });
  const followUp = await box.owner.call<{ id: string }>('POST', `/customers/${made.id}/follow-ups`, { text: '回电', dueOn: '2030-01-02' });
  const visit = await box.owner.call<{ visitId: string }>('POST', '/visits', { customerId: made.id });
  t.equal((await box.owner.call<{ visitId: string }>('POST', '/visits', { customerId: made.id })).visitId, visit.visitId, 'one visit at a time');
  t.match(await box.owner.call('POST', `/visits/${visit.visitId}/serve`), { adviser: { id: box.ownerId, name: '店长' }, openFollowUp: { id: followUp.id } });
  await box.owner.call('PATCH', `/customers/${made.id}`, { tier: '金卡', facts: ['c', 'd'] });
  const dossier = await box.owner.call<Dossier>('GET', `/customers/${made.id}`);
  t.match(dossier, {
    displayName: '王小明', tier: '金卡', facts: ['c', 'd'], doNot: ['b'], openVisitId: visit.visitId, notes: [{ id: note.id, text: '记下', author: '店长' }],
    visits: [{ id: visit.visitId, arrival: 'by_hand', adviser: '店长', closedAt: null }], followUps: [{ id: followUp.id, doneAt: null }],
  });
  t.equal((await send('POST', `/visits/${visit.visitId}/close`)).status, 204);
  t.match(await send('POST', `/visits/${visit.visitId}/close`), { status: 409, body: { code: 'visit_closed' } });
  t.match(await send('POST', `/visits/${visit.visitId}/serve`), { status: 409, body: { code: 'visit_closed' } });
  t.ok((await box.owner.call<{ doneAt: string }>('POST', `/follow-ups/${followUp.id}/done`)).doneAt);
  const again = await box.owner.call<{ lastVisitAt: string; lastAdviser: string; openFollowUp: unknown }>('POST', '/visits', { customerId: made.id });
  t.match(again, { lastAdviser: '店长', openFollowUp: null });
  t.ok(again.lastVisitAt);
});

t.test('photos for enrolment: each refusal says why, and nothing is taken', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '录入' });
  await box.owner.giveConsent(id);
  const { enrolmentId } = await box.owner.call<{ enrolmentId: string }>('POST', `/customers/${id}/enrolments`);
  const offer = (photo: Buffer, pose = '?pose=any', type = 'image/jpeg') => send('POST', `/enrolments/${enrolmentId}/photos${pose}`, photo, { 'content-type': type });
  const face = await portrait('P18');

  for (const [name, photo, status, code] of [
    ['0 bytes', Buffer.alloc(0), 422, 'image_empty'], ['text', Buffer.from('no photo'), 422, 'image_unreadable'],
    ['truncated', face.subarray(0, face.length / 2), 422, 'image_truncated'], ['100 MP', bomb(), 413, 'image_too_many_pixels'],
    ['5 MB', Buffer.alloc(5_000_000, 1), 413, 'image_too_many_bytes'], ['9 MB', Buffer.alloc(9_000_000), 413, 'body_too_large'],
  ] as const) t.match(await offer(photo), { status, body: { code } }, name);
  t.match(await offer(Buffer.from('{}'), '?pose=any', 'application/json'), { status: 415, body: { code: 'unsupported_media_type' } });
  t.match(await offer(face, '?pose=upside-down'), { status: 400, body: { code: 'bad_request' } });

  const two = await scene({ picture: face, x: 360, y: 360, height: 420 }, { picture: await portrait('P20'), x: 920, y: 360, height: 420 });
  const far = await scene({ picture: face, x: 640, y: 360, height: 90 });
  for (const [name, photo, problem] of [['nobody', await emptyScene(), 'face_not_found'], ['two people', two, 'face_several'], ['far away', far, 'face_too_small'], ['turned away', await portrait('P05'), 'face_turned'], ['lids lowered', await portrait('P04'), 'face_eyes_closed']] as const) {
    t.match(await offer(photo), { status: 200, body: { accepted: false, problem, collected: 0 } }, name);
  }
  t.match(await send('POST', `/enrolments/${enrolmentId}/finish`, {}), { status: 409, body: { code: 'enrolment_incomplete', details: { collected: 0, wanted: 3 } } });
  t.match(await send('POST', `/enrolments/${enrolmentId}/finish`, { acceptFewer: true }), { status: 409, body: { code: 'enrolment_incomplete' } });

  t.match(await offer(face), { status: 200, body: { accepted: true, collected: 1, problem: null } });
  t.match(await offer(await portrait('P20')), { status: 200, body: { accepted: false, problem: 'face_not_same_person', collected: 1 } });
  t.match(await send('POST', `/enrolments/${enrolmentId}/finish`, {}), { status: 409, body: { code: 'enrolment_incomplete', details: { collected: 1 } } });
  t.match(await offer(face), { status: 200, body: { accepted: true, collected: 2 } });
  const three = await Promise.all([offer(face), offer(face)]);
  t.strictSame(three.map(({ status }) => status).sort(), [200, 409], 'two photos at once do not make four');
  t.match(await offer(face), { status: 409, body: { code: 'enrolment_complete' } });
  t.match(await send('POST', `/enrolments/${enrolmentId}/finish`, {}), { status: 201, body: { customerId: id, photos: 3 } });
  t.match(await send('POST', `/enrolments/${enrolmentId}/finish`, {}), { status: 404, body: { code: 'enrolment_not_found' } });
  t.match(await box.owner.call('GET', `/customers/${id}`), { enrolled: true, templatePhotos: 3 });
  t.match(await send('POST', `/customers/${NOBODY}/enrolments`), { status: 403, body: { code: 'consent_required' } });
});

t.test('the guide asks for one pose after the other', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '引导' });
  await box.owner.giveConsent(id);
  const started = await box.owner.call<EnrolmentProgress>('POST', `/customers/${id}/enrolments`);
  t.match(started, { collected: 0, wanted: 3, nextPose: 'front', accepted: false, hint: 'look_straight', box: null });
  const offer = async (photo: Buffer) => box.owner.call<EnrolmentProgress>('POST', `/enrolments/${started.enrolmentId}/photos`, photo);
  // Looks a little to the own right, which is near enough to straight; mirrored, and a little more, to the left.
  const straight = await portrait('P18');
  const left = await sharp(straight).flop().png().toBuffer();
  const first = await offer(straight);
  t.match(first, { accepted: true, collected: 1, nextPose: 'left', problem: null, hint: 'captured' });
  t.ok(first.box!.width > 50 && first.box!.height > 50);
  t.match(await offer(straight), { accepted: false, collected: 1, nextPose: 'left', problem: null, hint: 'turn_left' }, 'a good photo of another pose');
  t.match(await offer(left), { accepted: true, collected: 2, nextPose: 'right', hint: 'captured' });
  t.match(await offer(left), { accepted: false, collected: 2, nextPose: 'right', problem: null, hint: 'turn_right' });
  t.equal((await send('DELETE', `/enrolments/${started.enrolmentId}`)).status, 204);
  t.match(await send('POST', `/enrolments/${started.enrolmentId}/finish`, { acceptFewer: true }), { status: 404, body: { code: 'enrolment_not_found' } });
});

t.test('a session that ends while a photo is looked at adds nothing more', async (t) => {
  const { id } = await box.owner.createCustomer({ displayName: '拍到一半' });
  await box.owner.giveConsent(id);
  const { enrolmentId } = await box.owner.call<EnrolmentProgress>('POST', `/customers/${id}/enrolments`);
  const photo = await portrait('P18');
  const offer = () => box.owner.send<EnrolmentProgress & ErrorBody>('POST', `/api/v1/enrolments/${enrolmentId}/photos?pose=any`, photo);
  await Promise.all(Array.from({ length: 2 }, () => send('GET', '/box'))); // a connection for each
  const offered = offer();
  await box.owner.call('POST', '/sessions/current/lock');
  t.match(await offered, { status: 401, body: { code: 'session_locked' } });
  await box.owner.signIn(box.ownerId, OWNER_PIN);
  t.match(await offer(), { status: 200, body: { accepted: true, collected: 1 } }, 'the first to be taken');
});

/** The schema of the property of this name, wherever it stands. */
function propertyOf(schema: unknown, name: string): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { properties } = schema as { properties?: Record<string, unknown> };
  return properties?.[name] ?? Object.values(schema).map((value) => propertyOf(value, name)).find((found) => found !== undefined);
}

/** The names of all properties in a schema, at any depth. */
function fieldsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: Record<string, unknown> };
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap((value) => (value === properties ? Object.values(value as object).flatMap(fieldsOf) : fieldsOf(value)))];
}
