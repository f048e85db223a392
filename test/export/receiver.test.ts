/** The receiving end of the tests, held against what docs/head-office.md says of it, by a client that is written for this alone. */
import { createHmac } from 'node:crypto';
import { request } from 'node:https';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sha256, StoreReleases, type MadeRelease } from '../support/storeReleases.js';
import { BEHAVIOURS, makeClientCertificate, startReceiver, type Receiver } from './receiver.js';

interface Sent { status: number; body: Record<string, unknown>; headers: NodeJS.Dict<string | string[]> }

const headersOf = ({ archive, sha256, manifest: { store, day } }: MadeRelease): Record<string, string> => ({
  'content-type': 'application/zip', 'content-length': String(archive.length), 'idempotency-key': `${store}:${day}:${sha256}`,
  'portico-store': store, 'portico-day': day, 'portico-schema-version': '1', 'portico-sha256': sha256,
});

function send({ url, rootPem }: Receiver, { archive }: MadeRelease, headers: Record<string, string>, tls: { key?: string; cert?: string } = {}, patienceMs = 5_000): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method: 'POST', ca: rootPem, agent: false, timeout: patienceMs, headers, ...tls }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        resolve({ status: answer.statusCode!, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown>, headers: answer.headers });
      });
    });
    asking.on('timeout', () => asking.destroy(new Error('nothing was said')));
    asking.on('error', reject);
    asking.end(archive);
  });
}

const store = new StoreReleases('SH-01');
const [first, second, third] = ['2026-11-01', '2026-11-02', '2026-11-03'].map((day) => store.next(day)) as [MadeRelease, MadeRelease, MadeRelease];
const keysOf = (name: string) => (name === 'SH-01' ? store.keys : { keys: [] });

t.test('a release is kept before it is acknowledged; the same again is known, another of that day is a conflict', async (t) => {
  const receiver = await startReceiver(t, { keysOf });
  t.match(await send(receiver, first, headersOf(first)), { status: 201, body: { sha256: first.sha256 } });
  t.ok(receiver.kept('SH-01', '2026-11-01')!.equals(first.archive));
  t.strictSame(readdirSync(join(receiver.folder, 'SH-01')), [first.name], 'and nothing half');
  t.match(await send(receiver, first, headersOf(first)), { status: 208, body: { sha256: first.sha256 } });
  const another = store.make('2026-11-01', first.manifest.chain);
  t.match(await send(receiver, another, headersOf(another)), { status: 409, body: { sha256: first.sha256 } });
  t.ok(receiver.kept('SH-01', '2026-11-01')!.equals(first.archive));
  t.strictSame(receiver.alarms, []);
  t.strictSame(receiver.asked.map(({ status }) => status), [201, 208, 409]);
});

t.test('what is not as the box signed it is refused, a newer form in words of its own', async (t) => {
  const receiver = await startReceiver(t, { keysOf });
  const broken = { ...first, archive: first.archive.subarray(0, 5_000) };
  const newer = store.make('2026-11-04', { id: first.manifest.chain.id, number: 4, previous: third.sha256 }, null, 240, { manifest: (manifest) => Object.assign(manifest, { schemaVersion: 2 }) });
  const stranger = new StoreReleases('SH-01').next('2026-11-01');
  const cases: [what: string, made: MadeRelease, change: Record<string, string>, status: number, code: string][] = [
    ['other bytes than the headers say', broken, { 'content-length': '5000' }, 400, 'headers_wrong'],
    ['half of it, well described', broken, headersOf({ ...broken, sha256: sha256(broken.archive) }), 422, 'release_invalid'],
    ['another key', stranger, {}, 422, 'release_invalid'],
    ['a newer form', newer, {}, 422, 'schema_unknown'],
    ['an unknown store', first, { 'portico-store': 'SH-02', 'idempotency-key': `SH-02:2026-11-01:${first.sha256}` }, 422, 'release_invalid'],
    ['another day', first, { 'portico-day': '2026-11-09', 'idempotency-key': `SH-01:2026-11-09:${first.sha256}` }, 400, 'headers_wrong'],
    ['another kind', first, { 'content-type': 'text/plain' }, 415, 'content_type'],
  ];
  for (const [what, made, change, status, code] of cases) t.match(await send(receiver, made, { ...headersOf(made), ...change }), { status, body: { code } }, what);
  const large = { ...first, archive: Buffer.alloc(400_000) };
  t.equal((await send(receiver, large, headersOf(large))).status, 413);
  t.strictSame(readdirSync(receiver.folder), []);
});

t.test('the order of a chain: what is amiss is told to a person, and taken', async (t) => {
  const receiver = await startReceiver(t, { keysOf });
  await send(receiver, first, headersOf(first));
  await send(receiver, third, headersOf(third));
  t.strictSame(receiver.alarms, ['SH-01 2026-11-03: number 3 of its chain instead of 2']);
  t.match(await send(receiver, second, headersOf(second)), { status: 201 }, 'it comes late');
  const beside = store.make('2026-11-04', { id: first.manifest.chain.id, number: 4, previous: 'f'.repeat(64) });
  await send(receiver, beside, headersOf(beside));
  t.match(receiver.alarms.at(-1), 'SH-01 2026-11-04: the release before it is another');
});

t.test('a shared secret: over id, time and bytes', async (t) => {
  const secret = 'a secret of at least thirty-two characters';
  const receiver = await startReceiver(t, { keysOf, secret });
  const signed = (key: string, at = Math.floor(Date.now() / 1000), body = first.archive) => {
    const id = headersOf(first)['idempotency-key']!;
    const signature = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64');
    return { ...headersOf(first), 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
  };
  const now = Math.floor(Date.now() / 1000);
  for (const [what, headers] of [
    ['none', headersOf(first)], ['another secret', signed('another secret of at least thirty-two')], ['of an hour ago', signed(secret, now - 3_600)],
    ['over other bytes', signed(secret, now, second.archive)], ['for another id', { ...signed(secret), 'webhook-id': 'x' }], ['cut short', { ...signed(secret), 'webhook-signature': 'v1,AAAA' }],
  ] as const) t.match(await send(receiver, first, headers), { status: 401, body: { code: 'signature_wrong' } }, what);
  t.equal((await send(receiver, first, signed(secret))).status, 201);
  t.equal((await send(receiver, first, { ...signed(secret), 'webhook-signature': `v1,AAAA ${signed(secret)['webhook-signature']}` })).status, 208, 'while a secret is changed');
});

t.test('mutual TLS: a certificate for each store', async (t) => {
  const [own, other, unknown] = [makeClientCertificate(t, 'SH-01'), makeClientCertificate(t, 'SH-02'), makeClientCertificate(t, 'SH-01')];
  const receiver = await startReceiver(t, { keysOf, clients: [own.cert, other.cert] });
  await t.rejects(send(receiver, first, headersOf(first)), 'none');
  await t.rejects(send(receiver, first, headersOf(first), unknown), 'one that nobody knows');
  t.match(await send(receiver, first, headersOf(first), other), { status: 403, body: { code: 'not_your_store' } });
  t.equal((await send(receiver, first, headersOf(first), own)).status, 201);
});

t.test('it fails as it is told to, then works again', async (t) => {
  const receiver = await startReceiver(t, { keysOf });
  receiver.behave(BEHAVIOURS.fails, BEHAVIOURS.isBusy, BEHAVIOURS.redirects, BEHAVIOURS.doesNotKnowTheSchema, BEHAVIOURS.rejects, BEHAVIOURS.doesNotKnowTheBox, BEHAVIOURS.acknowledgesAnother);
  t.equal((await send(receiver, first, headersOf(first))).status, 500);
  t.match(await send(receiver, first, headersOf(first)), { status: 503, headers: { 'retry-after': '120' } });
  t.match(await send(receiver, first, headersOf(first)), { status: 307, headers: { location: /elsewhere/ } });
  t.match(await send(receiver, first, headersOf(first)), { status: 422, body: { code: 'schema_unknown' } });
  t.match(await send(receiver, first, headersOf(first)), { status: 422, body: { code: 'release_invalid' } });
  t.equal((await send(receiver, first, headersOf(first))).status, 401);
  t.equal(receiver.kept('SH-01', '2026-11-01'), null, 'up to here nothing was kept');
  const other = await send(receiver, first, headersOf(first));
  t.match(other, { status: 200, body: { sha256: /^[0-9a-f]{64}$/ } });
  t.not(other.body['sha256'], first.sha256);
  receiver.behave(BEHAVIOURS.cuts, BEHAVIOURS.hangs, BEHAVIOURS.storesThenCuts);
  await t.rejects(send(receiver, second, headersOf(second)), 'the line breaks');
  await t.rejects(send(receiver, second, headersOf(second), {}, 300), { message: 'nothing was said' });
  t.equal(receiver.kept('SH-01', '2026-11-02'), null);
  await t.rejects(send(receiver, second, headersOf(second)), 'stored, and the line breaks');
  t.ok(receiver.kept('SH-01', '2026-11-02')!.equals(second.archive));
  t.match(await send(receiver, second, headersOf(second)), { status: 208, body: { sha256: second.sha256 } });
  receiver.always(BEHAVIOURS.fails);
  t.strictSame([(await send(receiver, third, headersOf(third))).status, (await send(receiver, third, headersOf(third))).status], [500, 500]);
  receiver.always(null);
  t.equal((await send(receiver, third, headersOf(third))).status, 201);
  await receiver.stop();
  await t.rejects(send(receiver, third, headersOf(third)), { code: 'ECONNREFUSED' });
});
