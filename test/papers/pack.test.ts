/** The audit pack, checked in a folder of its own with openssl and sha256sum alone, and by the product's own command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { unzipSync, zipSync } from 'fflate';
import t, { type Test } from 'tap';
import { THE_BOX } from '../../appliance/audit/index.js';
import { sealOf } from '../../appliance/consent/seal.js';
import type { SealedEvidence } from '../../appliance/contract/index.js';
import { auditPack, Signer, verifyPack, type ChainEntry, type PackContents } from '../../appliance/papers/index.js';
import { checkPack } from '../../cli/papersCheck.js';
import { packageRoot } from '../../models/manifest.js';
import { temporaryDirectory } from '../support/scratch.js';
import { openRooms } from '../support/rooms.js';
import { assessment, breach, deletion, STORE } from '../support/papers.js';

/** A store with three signed consents: one narrowed since, one by a guardian. */
function store(t: Test) {
  const rooms = openRooms(t);
  const { audit, clock, consent, customers, db, grant } = rooms;
  const [one, two, child] = ['王晓安', '李宁', '小安'].map((displayName) => customers.create({ displayName }).id) as [string, string, string];
  grant(one, ['recognise', 'greet']);
  grant(two, ['greet', 'recognise']);
  consent.withdraw(two, THE_BOX, ['greet']);
  const year = new Date(clock.now()).getUTCFullYear();
  consent.grant(child, {
    noticeId: consent.currentNotice().id, language: 'en', purposes: ['recognise'], ageConfirmed: false,
    validUntil: new Date(clock.now() + 30 * 86_400_000).toISOString().slice(0, 10),
    guardian: { name: '李母', relation: 'mother', childBirthDay: `${year - 8}-03-01` },
    signature: { width: 600, height: 200, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 99, y: 99.5, t: 9 }]] },
  }, { staffId: 's', deviceId: 'd' });
  const signer = new Signer({ db, clock });
  const contents = (change: Partial<PackContents>): PackContents => ({
    storeName: STORE.storeName, madeAt: new Date(clock.now()).toISOString(), notices: [], consents: consent.records.allEvidence(), deletions: [deletion()],
    assessments: [assessment()], breaches: [breach({ drill: true })], requests: [], stations: [], retention: { rules: [], ranAt: null },
    roles: { staff: [], permissions: { privacy_officer: ['audit.read'] } }, accesses: audit.stored(), ...change,
  });
  const make = async (change: Partial<PackContents> = {}) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of auditPack(contents(change), signer)) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), chunks: chunks.length };
  };
  return { ...rooms, signer, make, customerId: one };
}

async function packed(t: Test, entries = 3) {
  const rooms = store(t);
  rooms.db.transaction(() => {
    for (let i = 0; i < entries; i++) rooms.audit.record('dossier_opened', THE_BOX, { customerId: rooms.customerId, detail: { reason: 'visit', n: i, 汉: '字"' } });
  });
  return { ...rooms, ...(await rooms.make()) };
}
type Files = Record<string, Uint8Array>;
const zipped = (files: Files) => Buffer.from(zipSync(files));
const text = (files: Files, name: string) => Buffer.from(files[name]!).toString('utf8');
const lines = <T = unknown>(files: Files, name: string) => text(files, name).trimEnd().split('\n').map((line) => JSON.parse(line) as T);

/** Unpacks into a fresh folder. */
function unpacked(t: Test, files: Files): string {
  const directory = mkdtempSync(join(temporaryDirectory(t), 'pack-'));
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), data);
  }
  return directory;
}
/** The commands of each step of "How to check", exactly as they stand in README.txt. */
function stepsOf(readme: string): string[] {
  const [, section] = /How to check\n-+\n([\s\S]*?)\n\S[^\n]*\n-+\n/.exec(readme)!;
  return section!.split(/\n\n/).filter((block) => block.startsWith('  ')).map((block) => `${block}\n`);
}
const pasted = (directory: string, commands: string) => spawnSync('/bin/sh', { cwd: directory, input: commands, encoding: 'utf8' });

/** Does what the untouched README.txt says, with public tools. */
function publicTools(t: Test, files: Files, readme: string): { signature: boolean; sums: boolean } {
  const [first] = stepsOf(readme);
  const { stdout, status } = pasted(unpacked(t, files), first!);
  return { signature: stdout.includes('Verified OK'), sums: status === 0 };
}

t.test('C25: the pack verifies offline with openssl and sha256sum, and so does its audit log', async (t) => {
  const { bytes, signer, audit, consent } = await packed(t);
  const file = join(temporaryDirectory(t), 'pack.zip');
  writeFileSync(file, bytes);
  t.equal(spawnSync('unzip', ['-tq', file]).status ?? 0, 0, 'a zip archive for others too');
  const files: Files = unzipSync(bytes);
  t.strictSame(publicTools(t, files, text(files, 'README.txt')), { signature: true, sums: true });
  const { manifest, consents } = await verifyPack(bytes, signer.jwks());
  const entries = [...audit.stored().entries];
  t.strictSame({ kid: manifest.kid, ...manifest.accesses }, { kid: signer.kid(), start: { seq: 0, hash: '0'.repeat(64) }, end: audit.head(), entries: entries.length });
  t.strictSame(consents, { checked: 3, byGuardian: 1 });
  t.strictSame(lines(files, 'consents.jsonl'), [...consent.records.allEvidence()], 'with the strokes');
  t.match(lines<SealedEvidence>(files, 'consents.jsonl').find(({ displayName }) => displayName === '李宁'),
    { purposes: ['recognise'], sealed: { purposes: ['greet', 'recognise'], staffId: 's', deviceId: 'd' } }, 'what was signed, and what is left of it');
  t.notMatch(text(files, 'consents.jsonl'), /-03-01"/, 'and no birth day of a child');
  t.strictSame(lines(files, 'deletions.jsonl'), [deletion()]);
  t.strictSame(lines(files, 'assessments.jsonl'), [assessment()]);
  t.strictSame(lines(files, 'accesses.jsonl'), entries);
  const said: string[] = [];
  await checkPack(file, null, { result: () => undefined, line: (line) => void said.push(line) });
  t.match(said.join('\n'), new RegExp(`^valid .*和平路旗舰店[\\s\\S]*${entries.length} entries, whole[\\s\\S]*3 as they were sealed; 1 [\\s\\S]*note`));
});

t.test('C25: the commands in README.txt work out the thumbprint of the key, and another one for another key', async (t) => {
  const { bytes, signer } = await packed(t);
  const files: Files = unzipSync(bytes);
  const steps = stepsOf(text(files, 'README.txt'));
  t.equal(steps.length, 3);
  const document = readFileSync(join(packageRoot(), 'docs/receipts.md'), 'utf8');
  for (const step of steps.slice(0, 2)) t.ok(document.includes(step.replaceAll(/^ {2}/gm, '')), 'docs/receipts.md has the same commands');
  const thumbprint = (pem: string | Uint8Array) => pasted(unpacked(t, { 'public.pem': Buffer.from(pem) }), steps[1]!).stdout;
  t.equal(thumbprint(files['public.pem']!), `${signer.kid()}\n`);
  const asPem = (der: Buffer) => `-----BEGIN PUBLIC KEY-----\n${der.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END PUBLIC KEY-----\n`;
  const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });
  const another = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const ofAnother = thumbprint(asPem(spki(another)));
  t.match(ofAnother, /^[\w-]{43}\n$/);
  t.not(ofAnother, `${signer.kid()}\n`);
  // The same point on a curve that somebody describes in the key itself, with a generator to their liking.
  const der = spki(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey);
  const point = spki(createPublicKey(signer.publicPem())).subarray(-64);
  point.copy(der, der.length - 64);
  t.equal(thumbprint(asPem(der)), '', 'a curve that is spelt out');
  point.copy(der, der.indexOf('6b17d1f2e12c4247f8bce6e563a440f2', 'hex')); // where the generator of P-256 stands
  t.equal(thumbprint(asPem(der)), '', 'and with another generator');
  t.equal(thumbprint('nothing'), '');
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
    const { signature, sums } = publicTools(t, altered, text(files, 'README.txt'));
    t.notOk(signature && sums, `${name}, with public tools`);
  }
  await t.rejects(verifyPack(zipped({ ...files, 'more.txt': Buffer.from('x') }), null), { code: 'receipt_invalid' });
  for (const name of ['consents.jsonl', 'public.pem', 'SHA256SUMS.sig', 'manifest.jws']) {
    const fewer = Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
    await t.rejects(verifyPack(zipped(fewer), null), { code: 'receipt_invalid' }, name);
  }
  for (const bad of [Buffer.alloc(0), Buffer.from('no zip'), bytes.subarray(0, bytes.length >> 1)]) await t.rejects(verifyPack(bad, null), { code: 'receipt_invalid' });
});

/** A zip archive of files as they are, by hand: `entries` in its directory, whatever their names; `hidden` stands among them and is not in it. */
function zippedByHand(entries: readonly (readonly [name: string, data: Uint8Array, localName?: string])[], hidden: readonly (readonly [string, Uint8Array])[] = [], comment = ''): Buffer {
  const header = (signature: number, bytes: number, at: number, name: string, data: Uint8Array) => {
    const head = Buffer.alloc(bytes);
    head.writeUInt32LE(signature);
    head.writeUInt16LE(20, at);
    head.writeUInt32LE(crc32(data), at + 10);
    head.writeUInt32LE(data.length, at + 14);
    head.writeUInt32LE(data.length, at + 18);
    head.writeUInt16LE(Buffer.byteLength(name), at + 22);
    return head;
  };
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, data, localName] of [...hidden.map(([name, data]) => [name, data, null] as const), ...entries]) {
    if (localName !== null) {
      const head = header(0x02014b50, 46, 6, name, data);
      head.writeUInt32LE(at, 42);
      directory.push(head, Buffer.from(name));
    }
    files.push(header(0x04034b50, 30, 4, localName ?? name, data), Buffer.from(localName ?? name), Buffer.from(data));
    at += 30 + Buffer.byteLength(localName ?? name) + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  for (const place of [8, 10]) end.writeUInt16LE(entries.length, place);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...files, ...directory, end, Buffer.from(comment)]);
}

t.test('C25: an archive that two programs unpack differently is refused: a name twice, written another way, or beside the directory', async (t) => {
  const { bytes, signer } = await packed(t);
  const files = Object.entries(unzipSync(bytes));
  const forged = Buffer.from('{"forged":true}\n');
  const refused = (archive: Buffer) => verifyPack(archive, signer.jwks()).then(() => 'valid', (error: { code?: string; details?: { reason: string } }) => `${error.code}: ${error.details?.reason}`);
  t.equal(await refused(zippedByHand(files)), 'valid', 'the same files by another hand');

  const twice = zippedByHand([['consents.jsonl', forged], ...files]);
  t.equal(await refused(twice), 'receipt_invalid: consents.jsonl is in it more than once');
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'twice.zip'), twice);
  const { error } = spawnSync('unzip', ['-qn', 'twice.zip'], { cwd: directory });
  if (error === undefined) t.strictSame(readFileSync(join(directory, 'consents.jsonl')), forged, 'unzip -n writes the first of the two');

  t.match(await refused(zippedByHand([...files, ['consents.jsonl', forged]])), /more than once/);
  for (const name of ['Consents.jsonl', 'CONSENTS.JSONL', './consents.jsonl', 'a/../consents.jsonl', 'rules/./notices.jsonl', '/consents.jsonl', 'rules\\notices.jsonl', 'rules//notices.jsonl',
    'C:consents.jsonl', '../consents.jsonl', 'consents.jsonl ', 'consents.jsonl\0', 'ｃonsents.jsonl', 'rules/', 'more.txt', '__proto__', 'rules/more.json', '']) {
    for (const entries of [[[name, forged], ...files], [...files, [name, forged]]] as [string, Uint8Array][][]) {
      t.match(await refused(zippedByHand(entries)), /^receipt_invalid: /, JSON.stringify(name));
    }
  }
  for (const [what, archive] of [
    ['a file that the directory does not name', zippedByHand(files, [['consents.jsonl', forged]])], ['bytes before it', Buffer.concat([forged, zippedByHand(files)])],
    ['a comment', zippedByHand(files, [], 'PK')], ['another archive after it', Buffer.concat([zippedByHand([['consents.jsonl', forged]]), bytes])],
    ['another name beside the file', zippedByHand(files.map(([name, data]) => (name === 'README.txt' ? [name, data, 'README.TXT'] : [name, data])))],
  ] as const) t.match(await refused(archive), /^receipt_invalid: /, what);
});

t.test('C25: what the signed list has and the manifest does not is refused', async (t) => {
  const { bytes, signer } = await packed(t);
  const files: Files = { ...unzipSync(bytes), 'more.txt': Buffer.from('x') };
  files['SHA256SUMS'] = Buffer.from(`${text(files, 'SHA256SUMS')}${createHash('sha256').update('x').digest('hex')}  more.txt\n`);
  files['SHA256SUMS.sig'] = signer.signBytes(files['SHA256SUMS']);
  await t.rejects(verifyPack(zipped(files), signer.jwks()), { code: 'receipt_invalid', details: { reason: 'more.txt is not as the manifest lists it' } });
});

t.test('C25: a pack signed anew by somebody else passes by its own key, and not by the store\'s', async (t) => {
  const { signer } = await packed(t);
  const forged = await packed(t);
  await verifyPack(forged.bytes, null);
  await t.rejects(verifyPack(forged.bytes, signer.jwks()), { code: 'receipt_invalid' });
});

t.test('C25: a log that was changed before the pack was made is told by its own hashes', async (t) => {
  const { make, audit, signer } = await packed(t, 5);
  const { start, entries: stored } = audit.stored();
  const rows = [...stored];
  const { seq } = rows.at(-3)!;
  const changed = rows.map((row) => (row.seq === seq ? { ...row, customer_id: null } : row));
  for (const [entries, at] of [[changed, seq], [rows.filter((row) => row.seq !== seq + 1), seq + 1]] as const) {
    const { bytes } = await make({ accesses: { start, entries } });
    await t.rejects(verifyPack(bytes, signer.jwks()), { code: 'receipt_invalid', details: { reason: `the audit log is broken at entry ${at}` } });
  }
});

t.test('C25: a consent that was changed in the box before the pack was made is named, whoever signs the pack', async (t) => {
  const { make, signer, consent, audit, clock, db } = await packed(t, 0);
  const whole = [...consent.records.allEvidence()];
  const named = async (consents: object[]) =>
    verifyPack((await make({ consents: consents as SealedEvidence[] })).bytes, signer.jwks()).then(() => 'whole', (error: { details?: { reason: string } }) => error.details?.reason);
  t.equal(await named(whole), 'whole');
  for (const [at, record] of whole.entries()) {
    const { sealed, notice, signature: { strokes: [[first, ...more]] } } = record as SealedEvidence & { signature: { strokes: [[{ x: number; y: number; t: number }]] } };
    const changes: Record<string, Partial<SealedEvidence>> = {
      seal: { seal: 'ab'.repeat(32) }, 'no seal': { seal: null }, customer: { customerId: whole[(at + 1) % whole.length]!.customerId }, term: { validUntil: '2031-01-01' },
      language: { language: record.language === 'en' ? 'zh-CN' : 'en' }, notice: { notice: { ...notice, hash: 'cd'.repeat(32) } },
      'a purpose more': { purposes: [...record.purposes, 'keep_photo'] }, 'a purpose signed': { sealed: { ...sealed, purposes: [...sealed.purposes, 'keep_photo'] } },
      guardian: { guardian: record.guardian === null ? { name: '李母', relation: 'mother' } : null },
      // What the log does not say, and only the seal covers.
      ...(record.guardian !== null ? {} : {
        stroke: { signature: { ...record.signature, strokes: [[{ ...first, x: first.x + 0.5 }, ...more]] } }, time: { givenAt: new Date(Date.parse(record.givenAt) + 1).toISOString() },
        staff: { sealed: { ...sealed, staffId: 'd' } }, device: { sealed: { ...sealed, deviceId: 's' } },
      }),
    };
    for (const [what, change] of Object.entries(changes)) {
      t.match(await named(whole.map((each, i) => (i === at ? { ...record, ...change } : each))), new RegExp(`^consents\\.jsonl: consent ${record.id} `), `${what} of ${record.displayName!}`);
    }
  }
  const own = whole.find(({ guardian }) => guardian === null)!;
  const forged = { ...own, id: 'forged' };
  forged.seal = sealOf({
    id: forged.id, customer_id: forged.customerId, notice_id: forged.notice.id, notice_hash: forged.notice.hash, language: forged.language, given_at_ms: Date.parse(forged.givenAt),
    valid_until: forged.validUntil, staff_id: forged.sealed.staffId, device_id: forged.sealed.deviceId, signature: JSON.stringify(forged.signature),
    purposes_given: forged.sealed.purposes.join(','), guardian_name: null, guardian_relation: null, child_birth_day: null,
  });
  t.match(await named([...whole, forged]), /^consents\.jsonl: consent forged is not in the audit log/, 'one that nobody gave, with a seal that fits');
  t.match(await named([...whole, { id: 'half' }]), /consent half is not a whole record/);

  // The log of that day over its term: its own seal is left.
  clock.move(185 * 86_400_000);
  audit.record('signed_out', THE_BOX);
  t.equal(audit.stored().start.seq, 0);
  db.exec('SAVEPOINT untouched'); // nothing is cut off; an entry says that until tomorrow nothing need be in the log
  audit.record('audit_pruned', THE_BOX, { detail: { startSeq: 0, startHash: '0'.repeat(64), beforeMs: clock.now() + 86_400_000 } });
  t.match(await named([...whole, forged]), /beginning of the audit log/);
  db.exec('ROLLBACK TO untouched');
  db.exec('RELEASE untouched');
  audit.prune(clock.now());
  t.equal(await named(whole), 'whole');
  t.match(await named([{ ...own, validUntil: '2031-01-01' }]), /does not fit its seal/);
});

t.test('a long log is written in pieces, and reads the same', async (t) => {
  const { chunks, bytes, signer, audit } = await packed(t, 4_000);
  t.ok(chunks > 20, `${chunks} pieces`);
  t.equal((await verifyPack(bytes, signer.jwks())).manifest.accesses.entries, audit.head().seq);
});

t.test('the formulas in README.txt are those that log and consents are sealed with, worked out by another program', async (t) => {
  const { bytes } = await packed(t, 0);
  const files: Files = unzipSync(bytes);
  const sha256sum = (hashed: string) => execFileSync('sha256sum', { input: hashed, encoding: 'utf8' }).slice(0, 64);
  t.match(text(files, 'README.txt'), /\[seq,at_ms,action,staff_id,device_id,customer_id,detail\]/);
  const [entry] = lines<Record<keyof ChainEntry, unknown>>(files, 'accesses.jsonl');
  const names = ['seq', 'at_ms', 'action', 'staff_id', 'device_id', 'customer_id', 'detail'] as const;
  t.equal(sha256sum(`${'0'.repeat(64)}\n${JSON.stringify(names.map((name) => entry![name]))}`), entry!.hash);
  const [, formula] = /^ {2}(\["portico consent 1",[^\]]*\])/m.exec(text(files, 'README.txt'))!;
  for (const record of lines<SealedEvidence>(files, 'consents.jsonl').filter(({ guardian }) => guardian === null)) {
    const values: Record<string, unknown> = {
      PURPOSES: record.sealed.purposes.join(','), SIGNATURE: JSON.stringify(record.signature), GIVEN_AT_MS: Date.parse(record.givenAt),
      'guardian.name': null, 'guardian.relation': null, CHILD_BIRTH_DAY: null,
    };
    const at = (path: string): unknown => path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], record);
    const [tag, ...paths] = formula!.slice(1, -1).split(/,\s*/);
    t.equal(sha256sum(JSON.stringify([JSON.parse(tag!), ...paths.map((path) => (path in values ? values[path] : at(path)))])), record.seal);
  }
});
