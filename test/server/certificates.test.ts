/** Trust: the chain, its renewal, the profile for iPads, the plain trust server. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer as createTlsServer, type PeerCertificate } from 'node:tls';
import t from 'tap';
import { loadCertificates, type Certificates } from '../../appliance/http/index.js';
import { makeLeaf } from '../../appliance/http/issuing.js';
import { openStorage } from '../../appliance/storage/index.js';
import { findFreePort } from '../../demo/freePort.js';
import { startBox, TestClock, temporaryDirectory } from '../support/box.js';

const DAY_MS = 86_400_000;

/** Connects as an iPad would: with only the root trusted. @returns the certificate, or the reason it was refused */
function visit(host: string, port: number, ca: string): Promise<PeerCertificate | string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ca, ...(/^[\d.]+$/.test(host) ? {} : { servername: host }) }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code ?? ''} ${error.message}`));
  });
}

const PASSPHRASE = 'ab'.repeat(32);
const load = (directory: string, names: readonly string[], clock: TestClock): Promise<Certificates> => loadCertificates(directory, names, clock, PASSPHRASE);

/** Whether a server can be run with them and is trusted. */
async function serves(certificates: Pick<Certificates, 'keyPem' | 'chainPem' | 'rootPem'>, host = '127.0.0.1'): Promise<PeerCertificate | string> {
  const server = createTlsServer({ key: certificates.keyPem, cert: certificates.chainPem }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await visit(host, (server.address() as AddressInfo).port, certificates.rootPem);
  } finally {
    server.close();
  }
}
const leafOf = (certificates: Certificates) => new X509Certificate(certificates.chainPem);

const trustPort = await findFreePort(0);
const box = await startBox(t, { settings: { PORTICO_TRUST_PORT: String(trustPort), PORTICO_STORE_NAME: '<店&"铺\'>' } });

t.test('the chain is good for localhost and 127.0.0.1, and for nobody who does not trust the root', async (t) => {
  const port = Number(new URL(box.url).port);
  for (const host of ['localhost', '127.0.0.1']) t.type(await visit(host, port, box.appliance.rootPem), 'object', host);
  const other = await load(temporaryDirectory(t), [], new TestClock());
  t.match(await visit('localhost', port, other.rootPem), /UNABLE_TO_VERIFY|SELF_SIGNED|LEAF_SIGNATURE/, 'another box\'s root');
  for (const name of ['root.key', 'server.key']) t.equal(statSync(join(box.dataDirectory, 'tls', name)).mode & 0o777, 0o600, name);
});

t.test('what Apple asks of a private server certificate', async (t) => {
  const now = Date.now();
  const certificates = await load(temporaryDirectory(t), ['box.example', '10.1.2.3'], new TestClock(now));
  const leaf = leafOf(certificates);
  const root = new X509Certificate(certificates.rootPem);
  t.ok((Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / DAY_MS <= 825);
  t.ok(Date.parse(leaf.validFrom) <= now && Date.parse(root.validTo) > Date.parse(leaf.validTo));
  t.match(leaf.subjectAltName, /DNS:localhost/);
  t.match(leaf.subjectAltName, /DNS:box\.example/);
  t.match(leaf.subjectAltName, /IP Address:10\.1\.2\.3/);
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers');
  t.equal(leaf.ca, false);
  t.equal(root.ca, true);
  t.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey) && root.verify(root.publicKey));
  t.not(leaf.serialNumber, root.serialNumber);
  t.match(certificates.rootDer.toString('base64'), root.raw.toString('base64'));
});

t.test('the root signs for this box and nobody else, even in the hands of whoever took its key', async (t) => {
  const directory = temporaryDirectory(t);
  const certificates = await load(directory, ['box.example', '203.0.113.9', '2001:db8::9'], new TestClock());
  t.match(certificates.warnings, [{ code: 'root_public_address', details: { addresses: /203\.0\.113\.9 2001:db8::9$/ } }]);
  t.type(await serves(certificates), 'object');
  const root = { pem: certificates.rootPem, keyPem: createPrivateKey({ key: readFileSync(join(directory, 'root.key')), passphrase: PASSPHRASE }).export({ type: 'pkcs8', format: 'pem' }) as string };
  const forged = async (name: string) => {
    const { keyPem, pem } = await makeLeaf(root, [name, '127.0.0.1'], Date.now());
    return serves({ keyPem, chainPem: `${pem}\n${root.pem}`, rootPem: root.pem });
  };
  const good = ['box.example', 'a.box.example', 'shop.local', 'localhost', '10.9.8.7', '172.31.0.1', '192.168.3.4', '169.254.7.7', 'fe80::1', 'fd00::1', '203.0.113.9', '2001:db8::9'];
  for (const name of good) t.type(await forged(name), 'object', name);
  for (const name of ['www.icloud.com', 'notbox.example', 'example', 'local.example', '8.8.8.8', '172.32.0.1', '203.0.113.10', '2001:db8::a', '2606:4700::1111']) {
    t.match(await forged(name), /permitted subtree violation/i, name);
  }
});

t.test('a name that the root cannot sign is left out and warned of; a root without limits from before stays, and is warned of', async (t) => {
  const directory = temporaryDirectory(t);
  const clock = new TestClock();
  const first = await load(directory, ['a.example'], clock);
  t.ok(first.warnings.every(({ code }) => code === 'root_public_address'), 'at most for an address that this machine has');
  const later = await load(directory, ['a.example', 'b.example', '198.51.100.7', 'other.local', '10.200.0.1'], clock);
  t.match(later.warnings, [{ code: 'root_too_narrow', details: { names: 'b.example 198.51.100.7', certificate: join(directory, 'root.crt') } }]);
  t.equal(later.rootPem, first.rootPem, 'no new root unasked');
  t.ok(later.names.includes('other.local') && later.names.includes('10.200.0.1') && !later.names.includes('b.example'));
  t.match(leafOf(later).subjectAltName, /DNS:other\.local.*IP Address:10\.200\.0\.1/);
  t.notMatch(leafOf(later).subjectAltName, /b\.example|198\.51/);
  t.type(await serves(later), 'object', 'served by the names it may have');
  t.equal((await load(directory, ['a.example', 'b.example', 'other.local'], clock)).chainPem, later.chainPem, 'not made anew at each start');

  const old = temporaryDirectory(t);
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '365', '-subj', '/CN=Portico old', '-keyout', 'root.key', '-out', 'root.crt',
  ], { cwd: old, stdio: 'ignore' });
  const before = readFileSync(join(old, 'root.crt'), 'utf8');
  const kept = await load(old, ['b.example'], new TestClock(Date.now()));
  t.match(kept.warnings, [{ code: 'root_unlimited' }]);
  t.equal(new X509Certificate(kept.rootPem).raw.toString('hex'), new X509Certificate(before).raw.toString('hex'));
  t.ok(kept.names.includes('b.example'));
  t.type(await serves(kept), 'object');
});

t.test('both keys are sealed on the disk; those in clear from before are sealed at the next start, over the bytes they had', async (t) => {
  const directory = temporaryDirectory(t);
  const made = await load(directory, [], new TestClock());
  const file = (name: string) => join(directory, name);
  const text = (name: string) => readFileSync(file(name), 'utf8');
  const inClear = (name: string) => createPrivateKey({ key: text(name), passphrase: PASSPHRASE }).export({ type: 'pkcs8', format: 'pem' }) as string;
  for (const name of ['root.key', 'server.key']) {
    t.match(text(name), /BEGIN ENCRYPTED PRIVATE KEY/);
    t.throws(() => createPrivateKey({ key: text(name), passphrase: 'another' }), name);
    writeFileSync(file(name), inClear(name), { mode: 0o644 });
    writeFileSync(file(`${name}.new`), inClear(name));
    linkSync(file(name), file(`${name}.seen`)); // what stays on the disk of the file that is replaced
    linkSync(file(`${name}.new`), file(`${name}.new.seen`));
  }
  const again = await load(directory, [], new TestClock());
  t.equal(again.chainPem, made.chainPem, 'the same certificates');
  t.equal(again.keyPem, made.keyPem);
  for (const name of ['root.key', 'server.key']) {
    t.match(text(name), /BEGIN ENCRYPTED PRIVATE KEY/);
    t.equal(statSync(file(name)).mode & 0o777, 0o600);
    t.notOk(existsSync(file(`${name}.new`)));
    for (const seen of [`${name}.seen`, `${name}.new.seen`]) t.notMatch(readFileSync(file(seen), 'latin1'), /PRIVATE KEY|MIG/, seen);
  }
  await t.rejects(loadCertificates(directory, [], new TestClock(), 'cd'.repeat(32)), { code: 'certificate_unreadable' }, 'with another database key: no new root in silence');
});

t.test('kept as it is while it fits; renewed from the same root when it does not', async (t) => {
  const directory = temporaryDirectory(t);
  const clock = new TestClock();
  const first = await load(directory, ['a.example'], clock);
  const again = await load(directory, ['a.example'], clock);
  t.equal(again.chainPem, first.chainPem, 'the same names: nothing changes');
  t.equal(again.keyPem, first.keyPem);

  const more = await load(directory, ['a.example', 'b.a.example'], clock);
  t.not(more.chainPem, first.chainPem);
  t.equal(more.rootPem, first.rootPem, 'no iPad has to trust anew');
  t.match(leafOf(more).subjectAltName, /DNS:b\.a\.example/);
  t.type(await serves(more), 'object');
  t.equal((await load(directory, ['a.example'], clock)).chainPem, more.chainPem, 'a name too many does not matter');

  clock.move(366 * DAY_MS);
  t.equal((await load(directory, ['a.example'], clock)).chainPem, more.chainPem, '31 days left');
  clock.move(2 * DAY_MS);
  const renewed = await load(directory, ['a.example'], clock);
  t.not(renewed.chainPem, more.chainPem, '29 days left');
  t.equal(renewed.rootPem, first.rootPem);
  clock.move(-300 * DAY_MS);
  const setBack = await load(directory, ['a.example'], clock);
  t.not(setBack.chainPem, renewed.chainPem, 'not valid yet after the clock was set back');
  clock.move(-200 * DAY_MS);
  t.equal((await load(directory, ['a.example'], clock)).chainPem, setBack.chainPem, 'from before the root itself: that is the clock, and iPads know better');
});

t.test('a power cut between two writes leaves files that still serve', async (t) => {
  for (const [name, cut] of [
    ['no server certificate', (directory: string) => rmSync(join(directory, 'server.crt'))],
    ['no server key', (directory: string) => rmSync(join(directory, 'server.key'))],
    ['no root certificate', (directory: string) => rmSync(join(directory, 'root.crt'))],
  ] as const) {
    const directory = temporaryDirectory(t);
    await load(directory, [], new TestClock());
    cut(directory);
    t.type(await serves(await load(directory, [], new TestClock())), 'object', name);
  }

  // Renewing writes the key first, then the certificate: the cut comes between.
  const [directory, other] = [temporaryDirectory(t), temporaryDirectory(t)];
  await load(directory, [], new TestClock());
  await load(other, [], new TestClock());
  writeFileSync(join(directory, 'server.key'), readFileSync(join(other, 'server.key')));
  let outcome: unknown;
  try {
    outcome = await serves(await load(directory, [], new TestClock()));
  } catch (error) {
    outcome = (error as Error).message;
  }
  t.type(outcome, 'object', `a new key beside the old certificate: ${String(outcome)}`);

  // A lost root key is not replaced in silence: every iPad would have to trust a new root.
  const halfRoot = temporaryDirectory(t);
  await load(halfRoot, [], new TestClock());
  rmSync(join(halfRoot, 'root.key'));
  await t.rejects(load(halfRoot, [], new TestClock()), { code: 'certificate_unreadable' });

  const damaged = temporaryDirectory(t);
  await load(damaged, [], new TestClock());
  writeFileSync(join(damaged, 'server.crt'), 'rubbish');
  t.type(await serves(await load(damaged, [], new TestClock())), 'object', 'a damaged server certificate is made anew');
});

interface Plain { status: number; headers: Record<string, unknown>; body: Buffer }
function plain(port: number, path: string, method = 'GET', host = `127.0.0.1:${port}`): Promise<Plain> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }));
    }).on('error', reject).end();
  });
}

const httpsPort = new URL(box.url).port;
const fingerprint = new X509Certificate(box.appliance.rootPem).fingerprint256.replaceAll(':', '');

t.test('C19: the plain server gives out the steps and the profile, and nothing else', async (t) => {
  t.strictSame(box.appliance.trustUrls, [`http://localhost:${trustPort}/trust`]);
  const page = await plain(trustPort, '/trust');
  t.match(page, { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } });
  const html = page.body.toString();
  t.notMatch(html, /<店/, 'the name of the store is escaped');
  t.notMatch(html, /<script|\bon\w+=|style=|<img|<form/i);
  for (const words of ['指纹', '“设置”', 'fingerprint', 'Settings', 'SHA-256']) t.match(html, words);
  const shown = /id="fingerprint">([^<]+)</.exec(html)![1]!;
  t.match(shown, /^(([0-9A-F]{4} ){3}[0-9A-F]{4}\n?){4}$/, 'in groups that can be read aloud');
  t.equal(shown.replace(/\s/g, ''), fingerprint);
  t.equal(shown, box.appliance.rootFingerprint, 'the same as the console prints');

  const profile = await plain(trustPort, '/trust/portico.mobileconfig');
  t.match(profile, { status: 200, headers: { 'content-type': 'application/x-apple-aspen-config' } });
  const xml = profile.body.toString('utf8');
  const embedded = /com\.apple\.security\.root[\s\S]*?<data>([A-Za-z0-9+/=\s]+)<\/data>/.exec(xml)![1]!;
  const root = new X509Certificate(Buffer.from(embedded, 'base64'));
  t.equal(root.fingerprint256.replaceAll(':', ''), fingerprint, 'the root in the profile is the one of the fingerprint');
  t.match(root.subject, /CN=\S/, 'a root without a common name does not show up in the settings of an iPad');
  t.notMatch(xml, /<店|店&"/);
  t.notMatch(xml, /PRIVATE KEY/);
  t.equal((await plain(trustPort, '/trust/portico.mobileconfig')).body.toString(), xml, 'the same identifiers each time');
  t.match(xml, new RegExp(`<key>URL</key><string>https://127.0.0.1:${httpsPort}/</string>`));

  t.match(await plain(trustPort, '/'), { status: 302, headers: { location: '/trust' } }, 'an address typed without its path');
  for (const path of [
    '/trust/portico-root.crt', '/api/v1/customers', '/api/v1/box', '/index.html', '/healthz', '/pair?code=ABCD-EFGH', '/trust/server.key', '/trust/..%2f..%2fdb-key',
    '/trust/../portico.db', '//evil.example/trust', '/trust//', '/TRUST', 'http://evil.example/', '*',
  ]) {
    const answer = await plain(trustPort, path);
    t.equal(answer.status, 404, path);
    t.equal(answer.headers['location'], undefined, path);
    t.equal(answer.body.toString(), '404\n', path);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) t.equal((await plain(trustPort, '/trust', method)).status, 404, method);
  const head = await plain(trustPort, '/trust', 'HEAD');
  t.strictSame([head.status, head.body.length], [200, 0]);
});

t.test('every answer of the plain server has the headers that apply without TLS', async (t) => {
  for (const path of ['/trust', '/trust/portico.mobileconfig', '/', '/nothing']) {
    const { headers } = await plain(trustPort, path);
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY', 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' }, path);
    t.match(headers['content-security-policy'], /^default-src 'none'; (?!.*unsafe).*frame-ancestors 'none'$/, path);
    t.match(headers['permissions-policy'], /camera=\(\)/);
    for (const name of ['server', 'x-powered-by', 'set-cookie', 'access-control-allow-origin', 'strict-transport-security']) t.equal(headers[name], undefined, `${path} ${name}`);
  }
});

t.test('the address on the home screen is the box\'s own, whatever the Host header says', async (t) => {
  const clip = async (host: string) => /<key>URL<\/key><string>([^<]*)<\/string>/.exec((await plain(trustPort, '/trust/portico.mobileconfig', 'GET', host)).body.toString())?.[1];
  const own = `https://127.0.0.1:${httpsPort}/`;
  for (const host of ['evil.example', 'evil.example"><script>', 'evil.example:8443', `portico.local.evil.example`, 'localhost@evil.example', '127.0.0.1.evil.example', 'x'.repeat(3_000)]) {
    t.equal(await clip(host), own, host.slice(0, 40));
    t.notMatch((await plain(trustPort, '/trust', 'GET', host)).body.toString(), /evil/);
  }
  t.equal(await clip(`portico.local:${trustPort}`), `https://portico.local:${httpsPort}/`, 'a name of the certificate is taken over');
  t.equal(await clip(`PORTICO.local:${trustPort}`), `https://portico.local:${httpsPort}/`);
  const overTls = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(httpsPort), ca: box.appliance.rootPem, servername: 'localhost' }, () => {
      socket.write('GET /trust HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    });
    let text = '';
    socket.on('data', (chunk) => { text += chunk.toString(); }).on('close', () => resolve(text)).on('error', reject);
  });
  t.match(overTls, /^HTTP\/1\.1 200 /);
  t.notMatch(overTls, /evil/);
  t.match(overTls, `https://127.0.0.1:${httpsPort}/`);
});

t.test('over HTTPS the certificate by itself is there, too', async (t) => {
  const root = await box.owner.send<string>('GET', '/trust/portico-root.crt');
  t.match(root, { status: 200, headers: { 'content-type': 'application/x-x509-ca-cert' } });
  t.equal(new X509Certificate(root.body).fingerprint256, new X509Certificate(box.appliance.rootPem).fingerprint256);
  t.match((await box.owner.send<string>('GET', '/trust/portico.mobileconfig')).body, /com\.apple\.security\.root/);
  const page = await box.owner.send<string>('GET', '/trust');
  t.match(page.body, new RegExp(`https://localhost:${httpsPort}/trust/portico-root\\.crt`), 'the port stays');
  t.match(page.headers['content-security-policy'], /style-src 'sha256-/);
});

t.test('a port that is taken says so, and nothing is left running', async (t) => {
  const { port } = new URL(box.url);
  const dataDirectory = temporaryDirectory(t);
  await t.rejects(startBox(t, { dataDirectory, settings: { PORTICO_PORT: port } }), { code: 'port_in_use', details: { port: Number(port) } });
  const storage = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: new TestClock() });
  t.ok(storage.db.get('SELECT 1 FROM notice'), 'the folder is free again, and whole');
  storage.close();
});
