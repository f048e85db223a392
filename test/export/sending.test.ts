/** From the outbox to head office's own service over real TLS, and back: what arrives, what is tried again, what a person has to look at. */
import 'reflect-metadata'; // @peculiar/x509 wants it loaded first
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { webcrypto } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import t, { type Test } from 'tap';
import { HttpsConnector } from '../../appliance/export/connectors/https.js';
import { waitMs } from '../../appliance/export/outbox.js';
import type { ExportsDeps } from '../../appliance/export/index.js';
import { systemClock } from '../../appliance/kit/index.js';
import { DAY, exportingStore, fillDay, HOUR, keysOf, MONDAY, toFolder, type ExportingStore } from '../support/exporting.js';
import { temporaryDirectory } from '../support/scratch.js';
import { loadCertificates } from '../../appliance/http/index.js';
import { BEHAVIOURS, makeClientCertificate, startReceiver, type Receiver, type ReceiverOptions } from './receiver.js';

const OFFICER = { staffId: 's', deviceId: 'd' };
const MINUTE = 60_000;
const NIGHT = 19 * HOUR;
const SECRET = 'a secret between this store and head office';

interface Line { store: ExportingStore; receiver: Receiver; secrets: string; exports: ReturnType<ExportingStore['exportsWith']>; more: Partial<ExportsDeps> }

async function line(t: Test, options: Partial<ReceiverOptions> = {}, url?: (receiver: Receiver) => string): Promise<Line> {
  const store = exportingStore(t);
  const receiver = await startReceiver(t, { keysOf: () => keysOf(store.rooms.db, store.clock), ...options });
  const secrets = temporaryDirectory(t);
  const connector = new HttpsConnector({
    url: url?.(receiver) ?? receiver.url, rootPem: receiver.rootPem, clock: systemClock, silenceMs: 700, secrets: { dataDirectory: temporaryDirectory(t), credentialsDirectory: secrets },
  });
  const more = { connector, chance: () => 1, tryMaxMs: 3_000 };
  const exports = store.exportsWith(toFolder(store.folder), more);
  fillDay(store.rooms.db, MONDAY, 150, 's');
  store.clock.move(NIGHT);
  return { store, receiver, secrets, exports, more };
}
const monday = ({ exports }: Line) => exports.day('2026-06-15').delivery;

t.test('it arrives once, as it was made, and head office can check it', async (t) => {
  const it = await line(t);
  const { store, receiver, exports } = it;
  await exports.work();
  t.match(monday(it), { state: 'delivered', tries: 1, errorCode: null });
  t.ok(receiver.kept('SH-01', '2026-06-15')!.equals(exports.file('2026-06-15', OFFICER).archive));
  await exports.work();
  await store.exportsWith(toFolder(store.folder), it.more).work();
  t.equal(receiver.asked.length, 1);
  t.throws(() => exports.sendAgain('2026-06-14', OFFICER), { code: 'export_day_not_found' });
  fillDay(store.rooms.db, MONDAY + DAY, 150, 's');
  store.clock.move(2 * DAY);
  await exports.work();
  t.strictSame(receiver.asked.map(({ day, status }) => [day, status]), [['2026-06-15', 201], ['2026-06-16', 201], ['2026-06-17', 201]]);
  t.strictSame(receiver.alarms, [], 'in order, each with the hash of the one before');
  exports.sendAgain('2026-06-15', OFFICER); // head office lost it
  await exports.work();
  t.match(monday(it), { state: 'delivered', tries: 2 });
  t.strictSame(receiver.asked.slice(3).map(({ day, status }) => [day, status]), [['2026-06-15', 208]], 'the same bytes, which it has');
  t.match(exports.forHealth(), { setUp: true, dead: 0, waitingSinceMs: null });
});

t.test('the line breaks after head office has stored it: it is sent again, and is there once', async (t) => {
  const it = await line(t);
  it.receiver.behave(BEHAVIOURS.storesThenCuts);
  await it.exports.work();
  t.match(monday(it), { state: 'waiting', tries: 1, errorCode: 'export_unreachable' });
  it.store.clock.move(2 * MINUTE);
  await it.exports.work();
  t.match(monday(it), { state: 'delivered', tries: 2 });
  t.strictSame(it.receiver.asked.map(({ key, status }) => [key, status]), [[it.receiver.asked[0]!.key, null], [it.receiver.asked[0]!.key, 208]], 'the same key both times');
});

t.test('what head office says is told apart: again, later, or never by itself', async (t) => {
  const it = await line(t);
  const { receiver, exports, store } = it;
  const seen: [string, string | null, number][] = [];
  for (const behaviour of [
    BEHAVIOURS.fails, BEHAVIOURS.cuts, BEHAVIOURS.hangs, BEHAVIOURS.redirects, BEHAVIOURS.doesNotKnowTheBox, BEHAVIOURS.doesNotKnowTheSchema, BEHAVIOURS.acknowledgesAnother,
    { kind: 'answers', status: 200, body: '<html>welcome</html>' }, { kind: 'answers', status: 204 }, { kind: 'answers', status: 200, body: 'x'.repeat(100_000) },
  ] as const) {
    receiver.behave(behaviour);
    await exports.work();
    const { state, errorCode, nextTryAt } = monday(it);
    seen.push([state, errorCode, (Date.parse(nextTryAt!) - store.clock.now()) / MINUTE]);
    await exports.work();
    store.clock.move(Date.parse(nextTryAt!) - store.clock.now());
  }
  t.strictSame(seen, [
    ['waiting', 'export_unreachable', 1], ['waiting', 'export_unreachable', 2], ['waiting', 'export_unreachable', 4], ['waiting', 'export_not_accepted', 8], ['waiting', 'export_not_accepted', 16],
    ['waiting', 'export_schema_too_new', 32], ['waiting', 'export_acknowledgement_wrong', 64], ['waiting', 'export_acknowledgement_wrong', 128], ['waiting', 'export_acknowledgement_wrong', 256],
    ['waiting', 'export_unreachable', 360],
  ]);
  t.equal(receiver.asked.length, 10, 'and in between nobody is asked');
  receiver.behave(BEHAVIOURS.isBusy);
  await exports.work();
  t.equal(Date.parse(monday(it).nextTryAt!) - store.clock.now(), 360 * MINUTE, 'two minutes were asked for; it waits longer anyhow');
  store.clock.move(6 * HOUR);
  receiver.behave({ kind: 'answers', status: 429, headers: { 'retry-after': '36000' } });
  await exports.work();
  t.equal(Date.parse(monday(it).nextTryAt!) - store.clock.now(), 10 * HOUR, 'ten hours were asked for');

  store.clock.move(10 * HOUR);
  receiver.behave(BEHAVIOURS.rejects);
  await exports.work();
  t.match(monday(it), { state: 'dead', errorCode: 'export_rejected', nextTryAt: null });
  t.match(exports.forHealth(), { dead: 1 });
  t.match(exports.state(null), { waiting: 0, dead: 1, days: [{ day: '2026-06-16', delivery: { state: 'delivered' } }, { delivery: { state: 'dead' } }] }, 'one that nobody takes holds nothing back');
  exports.sendAgain('2026-06-15', OFFICER);
  await exports.work();
  t.match(monday(it), { state: 'delivered' });
  const told = store.rooms.audit.page({ limit: 50 }).entries.map(({ action }) => action).filter((action) => action.startsWith('release_')).reverse();
  t.strictSame(told, ['release_made', 'release_skipped', 'release_given_up', 'release_sent', 'release_sent_again', 'release_sent']);
});

t.test('head office away for a week: everything arrives, in order, and nothing twice', async (t) => {
  const it = await line(t);
  const { receiver, exports, store } = it;
  receiver.always(BEHAVIOURS.fails);
  for (let hour = 0; hour < 7 * 24; hour += 1) {
    if (hour % 24 === 20) fillDay(store.rooms.db, MONDAY + Math.ceil(hour / 24) * DAY, 150, 's');
    await exports.work();
    store.clock.move(HOUR);
  }
  const tries = receiver.asked.length;
  t.ok(tries < 60, `${tries} tries in a week`);
  t.equal(exports.state(null).waiting, 7);
  receiver.always(null);
  for (let hour = 0; hour < 7; hour += 1) {
    await exports.work();
    store.clock.move(HOUR);
  }
  t.match(exports.state(null), { waiting: 0, dead: 0 });
  t.ok(receiver.asked.slice(tries).every(({ status }) => status === 201));
  t.equal(receiver.asked.length - tries, exports.state(null).days.length);
  t.strictSame(receiver.alarms, []);
});

t.test('sixty days in vain are enough; a clock set back does not wait for the old time', async (t) => {
  const it = await line(t);
  const { receiver, exports, store } = it;
  receiver.always(BEHAVIOURS.fails);
  await exports.work();
  store.clock.move(-5 * HOUR * 24);
  await exports.work();
  t.equal(receiver.asked.length, 2, 'tried at once');
  store.clock.move(66 * DAY);
  await exports.work();
  t.match(monday(it), { state: 'dead', errorCode: 'export_tried_too_long' });
  t.ok(Array.from({ length: 40 }, (_, i) => waitMs(i + 1, 0)).every((ms) => ms >= 30_000 && ms <= 3 * HOUR));
  t.equal(waitMs(1, 0.5), 45_000);
});

t.test('who the box is: a shared secret, a client certificate; what is wrong with them is said', async (t) => {
  const client = makeClientCertificate(t, 'SH-01');
  const it = await line(t, { secret: SECRET, clients: [client.cert] });
  const { exports, store, secrets } = it;
  const put = (name: string, text: string) => writeFileSync(join(secrets, name), text);
  const tryNow = async () => {
    const { nextTryAt } = exports.state(null).days.length === 0 ? { nextTryAt: null } : monday(it);
    if (nextTryAt !== null) store.clock.move(Math.max(0, Date.parse(nextTryAt) - store.clock.now()));
    await exports.work();
    return monday(it).errorCode ?? monday(it).state;
  };
  t.equal(await tryNow(), 'export_not_accepted', 'neither');
  put('export-client-key', client.key);
  t.equal(await tryNow(), 'export_not_accepted', 'half a certificate');
  put('export-client-cert', 'nonsense');
  t.equal(await tryNow(), 'export_not_accepted');
  const stranger = makeClientCertificate(t, 'SH-01');
  put('export-client-key', stranger.key);
  put('export-client-cert', stranger.cert);
  t.equal(await tryNow(), 'export_unreachable', 'another authority: this server hangs up without a word');
  put('export-client-key', client.key);
  put('export-client-cert', client.cert);
  t.equal(await tryNow(), 'export_not_accepted', 'no secret');
  put('export-hmac', 'short');
  t.equal(await tryNow(), 'export_not_accepted');
  put('export-hmac', `${SECRET}, another one\n`);
  t.equal(await tryNow(), 'export_not_accepted');
  put('export-hmac', `${SECRET}\n`);
  t.equal(await tryNow(), 'delivered');

  // Its own certificate has expired: nobody is asked at all.
  const over = new HttpsConnector({ url: it.receiver.url, rootPem: it.receiver.rootPem, clock: { now: () => Date.now() + 40 * DAY }, secrets: { dataDirectory: secrets, credentialsDirectory: null } });
  const asked = it.receiver.asked.length;
  await t.rejects(over.deliver({ store: 'SH-01', day: '2026-06-15', fileName: 'x', archive: Buffer.from('x'), sha256: 'x', schemaVersion: 1 }, () => undefined), { code: 'export_not_accepted', details: { reason: 'the box\'s client certificate has expired' } });
  t.equal(it.receiver.asked.length, asked);
});

/** A server with a certificate of its own making, and how many requests it got. */
async function serverWith(t: Test, days: { from: number; to: number }, name: string): Promise<{ url: string; certPem: string; requests: () => number }> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01', name: 'CN=head office', keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' }, notBefore: new Date(Date.now() + days.from * DAY), notAfter: new Date(Date.now() + days.to * DAY),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]), new x509.BasicConstraintsExtension(true, undefined, true)],
  }, webcrypto as never);
  const keyPem = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  let requests = 0;
  const server = createServer({ key: keyPem, cert: certificate.toString('pem') }, (_request, response) => { requests += 1; response.writeHead(500).end(); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => { server.close(); server.closeAllConnections(); });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/releases`, certPem: certificate.toString('pem'), requests: () => requests };
}

t.test('an expired certificate, one of to-morrow, another name, another authority, nobody: not a byte is sent', async (t) => {
  const parcel = { store: 'SH-01', day: '2026-06-15', fileName: 'x', archive: Buffer.from('x'), sha256: 'x', schemaVersion: 1 };
  const secrets = { dataDirectory: temporaryDirectory(t), credentialsDirectory: null };
  const good = await serverWith(t, { from: -1, to: 1 }, 'localhost');
  const codeOf = (url: string, rootPem: string) => new HttpsConnector({ url, rootPem, clock: systemClock, secrets }).deliver(parcel, () => undefined)
    .then(() => 'delivered', (error: { code: string; details?: { reason?: string } }) => `${error.code} ${error.details?.reason ?? ''}`);
  t.equal(await codeOf(good.url, good.certPem), 'export_unreachable ', 'this one would do, and answers 500');
  t.equal(good.requests(), 1);
  for (const [what, server, reason] of [
    ['expired', await serverWith(t, { from: -9, to: -1 }, 'localhost'), 'CERT_HAS_EXPIRED'], ['not valid yet', await serverWith(t, { from: 1, to: 9 }, 'localhost'), 'CERT_NOT_YET_VALID'],
    ['another name', await serverWith(t, { from: -1, to: 9 }, 'elsewhere.example'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const) {
    t.equal(await codeOf(server.url, server.certPem), `export_tls_untrusted ${reason}`, what);
    t.equal(server.requests(), 0, what);
  }
  t.match(await codeOf(good.url, (await serverWith(t, { from: -1, to: 9 }, 'localhost')).certPem), /^export_tls_untrusted /, 'another authority');
  t.equal(good.requests(), 1);
  t.equal(await codeOf('https://localhost:1/releases', good.certPem), 'export_unreachable ECONNREFUSED');
});

t.test('a server that answers in another protocol, or byte by byte for ever, holds nothing back', async (t) => {
  const folder = temporaryDirectory(t);
  const certificates = await loadCertificates(join(folder, 'tls'), ['localhost'], systemClock, 'a'.repeat(64));
  let how: 'switches' | 'drips' = 'switches';
  const server = createServer({ key: certificates.keyPem, cert: certificates.chainPem }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 100);
    response.on('close', () => { clearInterval(drip); });
  });
  server.on('connection', () => undefined);
  server.on('secureConnection', (socket) => { if (how === 'switches') socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n')); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => { server.close(); server.closeAllConnections(); });
  const store = exportingStore(t);
  const connector = new HttpsConnector({
    url: `https://localhost:${(server.address() as AddressInfo).port}/`, rootPem: certificates.rootPem, clock: systemClock, silenceMs: 700, secrets: { dataDirectory: folder, credentialsDirectory: null },
  });
  const exports = store.exportsWith(toFolder(store.folder), { connector, chance: () => 1, tryMaxMs: 1_500 });
  fillDay(store.rooms.db, MONDAY, 150, 's');
  store.clock.move(NIGHT);
  for (how of ['switches', 'drips'] as const) {
    await exports.work();
    t.match(exports.day('2026-06-15').delivery, { state: 'waiting', errorCode: 'export_unreachable' }, how);
    store.clock.move(DAY);
  }
  t.equal(exports.state(null).days.length, 2, 'and the next day was made');
});

t.test('what is stopped in the middle is sent at the next start', async (t) => {
  const it = await line(t);
  it.receiver.behave(BEHAVIOURS.hangs);
  const working = it.exports.work();
  while (it.receiver.asked.length === 0) await new Promise((resolve) => { setTimeout(resolve, 10); });
  await it.exports.stop();
  await working;
  t.match(monday(it), { state: 'waiting', tries: 0, errorCode: 'export_interrupted' });
  await it.store.exportsWith(toFolder(it.store.folder), it.more).work();
  t.match(monday(it), { state: 'delivered' });
});
