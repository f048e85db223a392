/** The audit pack, checked in a folder of its own with openssl and sha256sum alone, and by the product's own command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import t, { type Test } from 'tap';
import { Audit, THE_BOX } from '../../appliance/audit/index.js';
import { auditPack, verifyPack, type PackContents } from '../../appliance/papers/index.js';
import { checkPack } from '../../cli/papersCheck.js';
import { temporaryDirectory } from '../support/scratch.js';
import { assessment, breach, deletion, evidence, openSigner, STORE } from '../support/papers.js';

function contents(audit: Audit, change: Partial<PackContents> = {}): PackContents {
  return {
    storeName: STORE.storeName, madeAt: '2026-03-06T02:00:00.000Z', notices: [], consents: [evidence(), evidence({ purposes: ['recognise'] })], deletions: [deletion()],
    assessments: [assessment()], breaches: [breach({ drill: true })], requests: [], stations: [], retention: { rules: [], ranAt: null },
    roles: { staff: [], permissions: { privacy_officer: ['audit.read'] } }, accesses: audit.stored(), ...change,
  };
}

async function packed(t: Test, change: Partial<PackContents> = {}, entries = 3) {
  const rooms = openSigner(t);
  const audit = new Audit({ db: rooms.db, clock: rooms.clock });
  rooms.db.transaction(() => {
    for (let i = 0; i < entries; i++) audit.record('dossier_opened', THE_BOX, { customerId: evidence().customerId, detail: { reason: 'visit', n: i, 汉: '字"' } });
  });
  const make = async (more: Partial<PackContents> = change) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of auditPack(contents(audit, more), rooms.signer)) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), chunks: chunks.length };
  };
  return { ...rooms, audit, make, ...(await make()) };
}
type Files = Record<string, Uint8Array>;
const zipped = (files: Files) => Buffer.from(zipSync(files));

/** Unpacks into a fresh folder and does what README.txt says. */
function publicTools(t: Test, files: Files): { signature: boolean; sums: boolean } {
  const directory = mkdtempSync(join(temporaryDirectory(t), 'pack-'));
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), data);
  }
  const run = (command: string, args: string[]) => spawnSync(command, args, { cwd: directory, encoding: 'utf8' });
  const openssl = run('openssl', ['dgst', '-sha256', '-verify', 'public.pem', '-signature', 'SHA256SUMS.sig', 'SHA256SUMS']);
  return { signature: openssl.status === 0 && openssl.stdout.includes('Verified OK'), sums: run('sha256sum', ['--strict', '-c', 'SHA256SUMS']).status === 0 };
}

t.test('C25: the pack verifies offline with openssl and sha256sum, and so does its audit log', async (t) => {
  const { bytes, signer, audit } = await packed(t);
  const file = join(temporaryDirectory(t), 'pack.zip');
  writeFileSync(file, bytes);
  t.equal(spawnSync('unzip', ['-tq', file]).status ?? 0, 0, 'a zip archive for others too');
  const files: Files = unzipSync(bytes);
  t.strictSame(publicTools(t, files), { signature: true, sums: true });
  const { manifest } = await verifyPack(bytes, signer.jwks());
  t.strictSame({ kid: manifest.kid, ...manifest.accesses }, { kid: signer.kid(), start: { seq: 0, hash: '0'.repeat(64) }, end: audit.head(), entries: 3 });
  const lines = (name: string) => Buffer.from(files[name]!).toString('utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as unknown);
  t.strictSame(lines('consents.jsonl'), [evidence(), evidence({ purposes: ['recognise'] })], 'with the strokes');
  t.strictSame(lines('deletions.jsonl'), [deletion()]);
  t.strictSame(lines('assessments.jsonl'), [assessment()]);
  t.equal(lines('accesses.jsonl').length, 3);
  const said: string[] = [];
  await checkPack(file, null, { line: (text) => void said.push(text) });
  t.match(said.join('\n'), /^valid .*和平路旗舰店[\s\S]*3 entries, whole[\s\S]*note/);
});

t.test('C25: one flipped byte of any file, a file more or a file less: refused, by public tools and by the command', async (t) => {
  const { bytes, signer } = await packed(t);
  const files: Files = unzipSync(bytes);
  for (const name of Object.keys(files)) {
    const data = Buffer.from(files[name]!);
    if (data.length === 0) continue; // an empty list has no byte to flip
    data[data.length >> 1]! ^= 1;
    const altered = { ...files, [name]: data };
    await t.rejects(verifyPack(zipped(altered), signer.jwks()), { code: 'receipt_invalid' }, name);
    const { signature, sums } = publicTools(t, altered);
    t.notOk(signature && sums, `${name}, with public tools`);
  }
  await t.rejects(verifyPack(zipped({ ...files, 'more.txt': Buffer.from('x') }), null), { code: 'receipt_invalid' });
  for (const name of ['consents.jsonl', 'public.pem', 'SHA256SUMS.sig', 'manifest.jws']) {
    const fewer = Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
    await t.rejects(verifyPack(zipped(fewer), null), { code: 'receipt_invalid' }, name);
  }
  for (const bad of [Buffer.alloc(0), Buffer.from('no zip'), bytes.subarray(0, bytes.length >> 1)]) await t.rejects(verifyPack(bad, null), { code: 'receipt_invalid' });
});

t.test('C25: a pack signed anew by somebody else passes by its own key, and not by the store\'s', async (t) => {
  const { signer } = await packed(t);
  const forged = await packed(t);
  await verifyPack(forged.bytes, null);
  await t.rejects(verifyPack(forged.bytes, signer.jwks()), { code: 'receipt_invalid' });
});

t.test('C25: a log that was changed before the pack was made is told by its own hashes', async (t) => {
  const { make, audit, signer } = await packed(t, {}, 5);
  const rows = [...audit.stored().entries];
  const { start } = audit.stored();
  const changed = rows.map((row) => (row.seq === 3 ? { ...row, customer_id: null } : row));
  for (const [entries, at] of [[changed, 3], [rows.filter(({ seq }) => seq !== 4), 4]] as const) {
    const { bytes } = await make({ accesses: { start, entries } });
    await t.rejects(verifyPack(bytes, signer.jwks()), { code: 'receipt_invalid', details: { reason: `the audit log is broken at entry ${at}` } });
  }
});

t.test('a long log is written in pieces, and reads the same', async (t) => {
  const { chunks, bytes, signer } = await packed(t, {}, 4_000);
  t.ok(chunks > 20, `${chunks} pieces`);
  t.equal((await verifyPack(bytes, signer.jwks())).manifest.accesses.entries, 4_000);
});

t.test('the formula in README.txt is the one that the log is made with, worked out by another program', async (t) => {
  const { bytes } = await packed(t, {}, 1);
  const files: Files = unzipSync(bytes);
  const entry = JSON.parse(Buffer.from(files['accesses.jsonl']!).toString('utf8')) as Record<string, unknown>;
  t.match(Buffer.from(files['README.txt']!).toString('utf8'), /\[seq,at_ms,action,staff_id,device_id,customer_id,detail\]/);
  const hashed = `${'0'.repeat(64)}\n${JSON.stringify(['seq', 'at_ms', 'action', 'staff_id', 'device_id', 'customer_id', 'detail'].map((name) => entry[name]))}`;
  const file = join(temporaryDirectory(t), 'entry');
  writeFileSync(file, hashed);
  t.equal(execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64), entry['hash']);
  t.ok(readFileSync(file).length > 100);
});
