/** C19 of the nightly release: every byte that goes to head office's server, behind the TLS: the archive as it is kept, and nothing about anybody in it. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RELEASE_COLUMNS, rowsOf } from '../../appliance/export/archive.js';
import { HttpsConnector } from '../../appliance/export/connectors/https.js';
import { openRelease } from '../../appliance/export/index.js';
import { loadCertificates } from '../../appliance/http/index.js';
import { Embedding, systemClock } from '../../appliance/kit/index.js';
import { GIVEN } from '../support/dayRows.js';
import { DAY, exportingStore, fillDay, HOUR, keysOf, MONDAY, toFolder } from '../support/exporting.js';
import { leaksIn } from '../support/leaks.js';
import { temporaryDirectory } from '../support/scratch.js';

const TYPED = ['她说想要那只蓝色表盘的手表', '13800138000', '王小姐的生日是三月'];

/** A server that writes down what comes over each connection, whatever it is, and acknowledges it. */
async function startTap(t: Test): Promise<{ url: string; rootPem: string; streams: Buffer[] }> {
  const certificates = await loadCertificates(join(temporaryDirectory(t), 'tls'), ['localhost'], systemClock, 'a'.repeat(64));
  const streams: Buffer[] = [];
  const server = createServer({ key: certificates.keyPem, cert: certificates.chainPem }, (socket) => {
    const at = streams.push(Buffer.alloc(0)) - 1;
    socket.on('error', () => undefined).on('data', (piece: Buffer) => {
      streams[at] = Buffer.concat([streams[at]!, piece]);
      const { headers, body } = parted(streams[at]);
      if (body.length < Number(headers.get('content-length') ?? Infinity)) return;
      const answer = JSON.stringify({ sha256: headers.get('portico-sha256') });
      socket.end(`HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\nconnection: close\r\n\r\n${answer}`);
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => { server.close(); });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/releases`, rootPem: certificates.rootPem, streams };
}

/** An HTTP request as it came. */
function parted(stream: Buffer): { line: string; headers: Map<string, string>; body: Buffer } {
  const end = stream.indexOf('\r\n\r\n');
  const [line = '', ...fields] = stream.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n');
  return { line, headers: new Map(fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()])), body: end < 0 ? Buffer.alloc(0) : stream.subarray(end + 4) };
}

/** Every string in a value; names of fields are those of the schema. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

t.test('C19: what is posted is the archive and the listed headers; every string in it is of a fixed list', async (t) => {
  const store = exportingStore(t);
  const { rooms: { db, customers, consent, gallery, grant }, clock } = store;
  const head = await startTap(t);
  const connector = new HttpsConnector({ url: head.url, rootPem: head.rootPem, clock: systemClock, secrets: { dataDirectory: temporaryDirectory(t), credentialsDirectory: null } });
  const exports = store.exportsWith(toFolder(store.folder), { connector, storedPersons: () => gallery.persons() });
  // People who are recognised, with what staff typed wherever they can: also as tiers that head office does not know.
  const faces = Array.from({ length: 30 }, (_, n) => new Embedding(Float32Array.from({ length: 512 }, (_each, at) => Math.sin(at * 7 + n * 13))));
  const people = faces.map((face, n) => {
    const { id } = customers.create({ displayName: `${TYPED[2]!}${n}`, phone: `1380013${8000 + n}` });
    grant(id, ['recognise']);
    consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, [{ embedding: face, pose: 'front', norm: 4 }]));
    customers.addNote(id, TYPED[0]!, 's');
    db.run('UPDATE customer SET tier = ? WHERE id = ?', TYPED[n % 3]!, id);
    db.run(`INSERT INTO visit (id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, adviser_id) VALUES (?, ?, ?, ?, ?, 'left', 'recognised', 's')`, randomUUID(), id, MONDAY + n * 60_000, MONDAY + n * 60_000, MONDAY + HOUR);
    return id;
  });
  fillDay(db, MONDAY, 120, 's');
  clock.move(19 * HOUR);
  await exports.work();
  clock.move(DAY); // a day with nobody
  await exports.work();
  t.match(exports.state(null).days, [{ day: '2026-06-16', status: 'skipped', delivery: { state: 'delivered' } }, { day: '2026-06-15', status: 'released', delivery: { state: 'delivered' } }]);

  t.equal(head.streams.length, 2, 'one connection a release');
  const all = Buffer.concat(head.streams);
  const rows = db.all<{ id: string; name: string }>('SELECT id, display_name AS name FROM customer').concat(db.all('SELECT id, id AS name FROM visit'), db.all(`SELECT id, name FROM staff WHERE length(id) > 3`));
  t.ok(rows.length >= 300 && people.every((id) => rows.some((row) => row.id === id)));
  for (const [at, day] of ['2026-06-15', '2026-06-16'].entries()) {
    const { line, headers, body } = parted(head.streams[at]!);
    t.equal(line, 'POST /releases HTTP/1.1');
    const { archive } = exports.file(day, { staffId: 's', deviceId: 'd' });
    t.ok(body.equals(archive), `${day}: the bytes that are kept, and none after them`);
    const { sha256, manifest, document, files } = await openRelease(body, keysOf(db, clock));
    t.strictSame(Object.fromEntries(headers), {
      'content-type': 'application/zip', 'content-length': String(archive.length), accept: 'application/json', 'idempotency-key': `SH-01:${day}:${sha256}`, 'portico-store': 'SH-01', 'portico-day': day,
      'portico-schema-version': '1', 'portico-sha256': sha256, host: new URL(head.url).host, connection: 'close',
    }, 'these headers and no other: no agent, no time, no name of the box');
    const listed = new Set([
      'portico-release', 'SH-01', day, 'released', 'skipped', 'crowd', 'Asia/Shanghai', '04:00', '0.2.0', 'release.json', 'release.csv', 'release.parquet',
      'visitor', 'part', 'stay', 'stage', 'tier', 'team', 'new', 'known_recognised', 'known_confirmed', 'known_by_hand', 'until_12:00', '12:00-17:00', 'from_17:00', '0-15', '15-45', '45-90', '90-180',
      'arrive', 'attract', 'complete', 'other', 'none', ...GIVEN.tiers, ...GIVEN.teams, ...GIVEN.partEdges,
    ]);
    const { chain, files: sums, ...rest } = manifest;
    t.strictSame(stringsIn([rest, document, sums.map(({ name }) => name)]).filter((text) => !listed.has(text)), [], `${day}: all of fixed lists`);
    t.match([chain.id, chain.previous ?? '', ...sums.map(({ sha256: sum }) => sum)].join(), /^[0-9a-f-]{36},([0-9a-f]{64})?(,[0-9a-f]{64}){3}$/);
    t.strictSame(rowsOf(document, manifest.tables).flatMap((row) => RELEASE_COLUMNS.map(({ name }) => row[name])).filter((value) => typeof value === 'string' && !listed.has(value) && !value.startsWith(`SH-01:${day}:`)), []);
    const payload = Buffer.from(body.toString('latin1').match(/eyJ[\w-]+\.([\w-]+)\./)![1]!, 'base64url');
    t.strictSame(JSON.parse(payload.toString('utf8')), manifest);
    for (const bytes of [head.streams[at]!, payload, ...files.map((file) => file.bytes)]) {
      t.strictSame(leaksIn(bytes, { embeddings: faces, photos: [] }), [], 'no template, turned or not, and nothing that looks like one');
      for (const text of TYPED) if (bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le'))) t.fail(`${day}: what staff typed went out`);
      for (const { id, name } of rows) if (bytes.includes(id) || bytes.includes(id.replaceAll('-', '')) || bytes.includes(name)) t.fail(`${day}: an id or a name went out`);
    }
  }
  t.notMatch(all.toString('latin1'), /T\d\d:\d\d:\d\d|\b1[78]\d{11}\b/, 'no time of the day and no instant');
  t.not(leaksIn(Buffer.from(faces[0]!.values().buffer), { embeddings: faces, photos: [] }).length, 0, 'the control: it would be found');
});
