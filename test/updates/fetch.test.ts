/** Head office's server, a real one over TLS: what does not prove itself is not listened to, and a broken line is gone on with. */
import { createHash, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadCertificates } from '../../appliance/http/index.js';
import { systemClock } from '../../appliance/kit/index.js';
import { fetchUpdate } from '../../updates/index.js';
import { makePlaces } from '../support/bundles.js';
import { temporaryDirectory } from '../support/scratch.js';

const CLI = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));
const file = randomBytes(3_000_000);
const good = { version: '1.1.0', file: 'portico-1.1.0-x64.update', sha256: createHash('sha256').update(file).digest('hex'), bytes: file.length };
let latest: object | string = good;
let content = file;
/** The line breaks after so many bytes; null: it holds. */
let breakAfter: number | null = null;
let ranges = true;
const asked: string[] = [];

const certificates = await loadCertificates(join(temporaryDirectory(t), 'tls'), ['localhost'], systemClock, 'a'.repeat(64));
const server = createServer({ key: certificates.keyPem, cert: certificates.chainPem }, (request, response) => {
  asked.push(`${request.url ?? ''} ${request.headers.range ?? ''}`.trim());
  if (request.url === '/portico/updates/latest.json') return response.end(typeof latest === 'string' ? latest : JSON.stringify(latest));
  if (request.url === '/portico/updates/moved.update') return response.writeHead(302, { location: 'https://elsewhere.example/x' }).end();
  if (request.url !== '/portico/updates/portico-1.1.0-x64.update') return response.writeHead(404).end();
  const from = ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  if (from > 0) response.writeHead(206, { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}`, 'content-length': content.length - from });
  const part = content.subarray(from);
  if (breakAfter === null) return response.end(part);
  response.write(part.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 50));
  return response;
});
await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
t.teardown(() => { server.closeAllConnections(); server.close(); });
const headOffice = `https://localhost:${(server.address() as AddressInfo).port}/portico/`;
const optionsFor = (folder: string) => ({ headOffice, running: '1.0.0', folder, roots: [certificates.rootPem] });

t.test('a server that does not prove itself, or says something else, is not listened to', async (t) => {
  const folder = temporaryDirectory(t);
  await t.rejects(fetchUpdate({ ...optionsFor(folder), roots: [] }), { code: 'update_not_reached' }, 'a root that nobody trusts');
  t.strictSame(asked, [], 'it was not even asked');
  for (const [what, says] of Object.entries({
    'no JSON': 'maintenance', 'another form': { version: '1.1.0' }, 'a path': { ...good, file: '../../etc/x.update' }, 'no version': { ...good, version: 'latest' },
    'too much': 'x'.repeat(5_000), 'a file of any size': { ...good, bytes: 9e12 },
  })) {
    latest = says;
    await t.rejects(fetchUpdate(optionsFor(folder)), { code: 'update_not_reached' }, what);
  }
  latest = { ...good, file: 'moved.update' };
  await t.rejects(fetchUpdate(optionsFor(folder)), { code: 'update_not_reached', details: { reason: 'the server answered 302' } });
  latest = good;
  content = Buffer.concat([file, Buffer.from('more')]);
  await t.rejects(fetchUpdate(optionsFor(folder)), { code: 'update_damaged' }, 'more than was announced');
  content = Buffer.from(file);
  content[5] = content[5]! ^ 1;
  await t.rejects(fetchUpdate(optionsFor(temporaryDirectory(t))), { code: 'update_damaged' }, 'something else than was announced');
  content = file;
  t.strictSame(readdirSync(folder).filter((name) => name.endsWith('.update')), []);
});

t.test('what is not newer, or known, is left where it is', async (t) => {
  const folder = join(temporaryDirectory(t), 'incoming');
  t.match(await fetchUpdate({ ...optionsFor(folder), running: '1.1.0' }), { outcome: 'up_to_date' });
  t.match(await fetchUpdate({ ...optionsFor(folder), running: '2.0.0' }), { outcome: 'up_to_date' });
  t.match(await fetchUpdate({ ...optionsFor(folder), known: good.sha256 }), { outcome: 'up_to_date' }, 'it failed here before');
  t.notOk(existsSync(folder));
  t.match(await fetchUpdate({ ...optionsFor(folder), known: 'f'.repeat(64) }), { outcome: 'fetched' }, 'of another file of this version that failed nothing follows');
  writeFileSync(join(folder, good.file), 'an older file of this name');
  await fetchUpdate(optionsFor(folder));
  t.ok(readFileSync(join(folder, good.file)).equals(file));
});

t.test('the settings of the box count: by stick, and nobody is asked; from head office, by the roots that they bring', async (t) => {
  const places = makePlaces(t, `PORTICO_HEAD_OFFICE_URL=${headOffice}\n`);
  const fetch = async () => {
    const child = spawn(process.execPath, [CLI, 'update', 'fetch', '--root', join(places.data, '../../..'), '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await text(child.stdout);
    return JSON.parse(said) as { outcome?: string; error?: { code: string } };
  };
  const settings = (from: string) => writeFileSync(join(places.settings, 'updates.json'), JSON.stringify({ from, headOffice }));
  asked.length = 0;
  settings('stick');
  writeFileSync(join(places.settings, 'extra-roots.pem'), certificates.rootPem);
  t.match(await fetch(), { outcome: 'not_asked' });
  t.strictSame(asked, []);
  settings('headOffice');
  t.match(await fetch(), { outcome: 'fetched' });
  t.equal(asked.length, 2);
  rmSync(join(places.settings, 'extra-roots.pem'));
  t.match(await fetch(), { error: { code: 'update_not_reached' } }, 'without them it proves nothing');
});

t.test('a broken line is gone on with, also where the server knows no ranges', async (t) => {
  for (const knows of [true, false]) {
    const folder = temporaryDirectory(t);
    [ranges, breakAfter] = [knows, 1_000_000];
    await t.rejects(fetchUpdate(optionsFor(folder)), { code: 'update_not_reached' });
    breakAfter = null;
    asked.length = 0;
    const fetched = await fetchUpdate(optionsFor(folder));
    t.match(fetched, { outcome: 'fetched', version: '1.1.0' });
    t.ok(fetched.resumedAt > 0 && fetched.resumedAt <= 1_000_000, `gone on at ${fetched.resumedAt}`);
    t.ok(asked[1]!.endsWith(`bytes=${fetched.resumedAt}-`));
    t.ok(readFileSync(fetched.file!).equals(file));
    t.strictSame(readdirSync(folder), [good.file]);
  }
});
