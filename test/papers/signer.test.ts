/** What the box signs: checked with public tools, refused when altered, found again in the paper. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { calculateJwkThumbprint, compactVerify, createLocalJWKSet, CompactSign } from 'jose';
import t, { type Test } from 'tap';
import { deletionReceiptPdf, findStatement, readKeys, receiptUrl, signDeletion, verifyStatement, type DeletionClaims } from '../../appliance/papers/index.js';
import { packageRoot } from '../../models/manifest.js';
import { checkReceipt } from '../../webui/src/receipt/verify.js';
import { decryptedPages, filesBelow } from '../support/disk.js';
import { deletion, openSigner, SEAL, STORE } from '../support/papers.js';
import { readPdf } from '../support/pdf.js';

const HEAD = { seq: 1234, hash: SEAL };

async function signed(t: Test, change: Parameters<typeof deletion>[0] = {}) {
  const rooms = openSigner(t);
  const jws = await signDeletion(rooms.signer, STORE.storeName, deletion(change), HEAD);
  return { ...rooms, jws, keys: rooms.signer.jwks() };
}
/** The same text with one character of one of its three parts replaced by another. */
function flipped(jws: string, part: 0 | 1 | 2, at: number): string {
  const parts = jws.split('.');
  const text = parts[part]!;
  parts[part] = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  return parts.join('.');
}

t.test('a statement is checked by jose, by node and by the page alike, and says what was deleted, without a name', async (t) => {
  const { signer, jws, keys } = await signed(t);
  const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(keys));
  t.strictSame(protectedHeader, { alg: 'ES256', kid: signer.kid(), typ: 'portico-deletion+jwt' });
  const { id, customerId, scope, reason, purposes, requestedAt, templatesDeleted, keyDestroyed } = deletion();
  const claims: DeletionClaims = {
    iss: STORE.storeName, jti: id, sub: customerId, iat: 1772728223, scope, reason, purposes, requestedAt, completedAt: '2026-03-05T16:30:23.001Z', templatesDeleted, keyDestroyed, audit: HEAD,
  };
  t.strictSame(JSON.parse(new TextDecoder().decode(payload)), claims);
  t.strictSame((await signer.verify(jws)).claims, claims);
  const [head, body, signature] = jws.split('.');
  t.ok(verify('sha256', Buffer.from(`${head}.${body}`), { key: createPublicKey(signer.publicPem()), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature!, 'base64url')));
  t.equal(signer.kid(), await calculateJwkThumbprint(keys.keys[0]!));
  const page = await checkReceipt(jws, keys, globalThis.crypto.subtle);
  t.match(page, { outcome: 'valid', kid: signer.kid(), statement: { templatesDeleted: 1, keyDestroyed: true } });
});

t.test('one changed character anywhere, another key, another algorithm: refused, by the box and by the page', async (t) => {
  const { jws, keys } = await signed(t);
  const { signer: other } = openSigner(t);
  const own = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const forge = (header: object) => new CompactSign(Buffer.from(jws.split('.')[1]!, 'base64url')).setProtectedHeader({ alg: 'ES256', ...header }).sign(own.privateKey);
  const kid = keys.keys[0]!.kid;
  const none = `${Buffer.from(JSON.stringify({ alg: 'none', kid, typ: 'portico-deletion+jwt' })).toString('base64url')}.${jws.split('.')[1]!}.${'A'.repeat(86)}`;
  const cases: [what: string, jws: string, page: string[]][] = [
    ['header', flipped(jws, 0, 20), ['altered', 'unknown_key', 'not_a_receipt']], ['claims', flipped(jws, 1, 40), ['altered']], ['signature', flipped(jws, 2, 5), ['altered']],
    ['forged with the right name of the key', await forge({ kid, typ: 'portico-deletion+jwt' }), ['altered']],
    ['forged with a key of its own', await forge({ kid: 'mine', typ: 'portico-deletion+jwt' }), ['unknown_key']],
    ['of another box', await signDeletion(other, STORE.storeName, deletion(), HEAD), ['unknown_key']],
    ['no algorithm', none, ['not_a_receipt']], ['half of it', jws.slice(0, -10), ['not_a_receipt']], ['nothing', '', ['not_a_receipt']],
  ];
  for (const [what, bad, outcomes] of cases) {
    await t.rejects(verifyStatement(bad, keys), { code: 'receipt_invalid' }, what);
    t.ok(outcomes.includes((await checkReceipt(bad, keys, globalThis.crypto.subtle)).outcome), `${what}, on the page`);
  }
  t.strictSame(await checkReceipt(jws, keys, undefined), { outcome: 'cannot_check' }, 'a browser that cannot check says nothing');
});

t.test('a statement of another kind is no receipt', async (t) => {
  const { signer, keys } = await signed(t);
  const pack = await signer.sign('pack', { iss: '店' });
  t.equal((await verifyStatement(pack, keys)).type, 'pack');
  t.strictSame(await checkReceipt(pack, keys, globalThis.crypto.subtle), { outcome: 'not_a_receipt' });
});

t.test('the key stays the same over restarts and is nowhere outside the encrypted file', async (t) => {
  const { signer, close, dataDirectory } = openSigner(t);
  const kid = signer.kid();
  close();
  const { signer: again, db, close: closeAgain } = openSigner(t, dataDirectory);
  t.equal(again.kid(), kid);
  t.notOk('d' in again.jwks().keys[0]!, 'the set of keys is public');
  const pem = db.get<{ private_pem: string }>('SELECT private_pem FROM box_key')!.private_pem;
  closeAgain();
  const secret = pem.split('\n')[1]!;
  t.ok(decryptedPages(dataDirectory).some((page) => page.includes(secret)), 'the search finds it in the decrypted file');
  t.notOk(filesBelow(dataDirectory).some(({ bytes }) => bytes.includes(secret)), 'and in no file as it is');
});

t.test('the statement is found in the PDF, in one that a viewer saved, in a link and in text with line breaks; never one of two', async (t) => {
  const { signer, jws } = await signed(t);
  const url = receiptUrl('https://192.168.1.20', jws);
  const pdf = await deletionReceiptPdf({ ...STORE, deletion: deletion(), jws, url, kid: signer.kid() }, 'zh-CN');
  t.equal(findStatement(pdf), jws);
  const packed = deflateSync(jws);
  const saved = Buffer.concat([Buffer.from(`%PDF-1.7\n5 0 obj\n<</Filter /FlateDecode /Length ${packed.length}>>\nstream\r\n`), packed, Buffer.from('\nendstream\nendobj\n')]);
  t.equal(findStatement(saved), jws);
  t.equal(findStatement(Buffer.from(url)), jws);
  t.equal(findStatement(Buffer.from(`${jws.replace(/(.{90})/g, '$1\r\n')}\n`)), jws);
  const another = await signDeletion(signer, STORE.storeName, deletion({ templatesDeleted: 2 }), HEAD);
  for (const bad of [Buffer.from(`${jws}\n${another}`), Buffer.from('%PDF-1.7\nnothing'), Buffer.alloc(0), Buffer.from('stream endstream %PDF- stream')]) {
    t.throws(() => findStatement(bad), { code: 'receipt_invalid' });
  }
});

t.test('the statement is found in text copied off the paper, whatever the store is called and wherever lines break; a changed letter does not pass', async (t) => {
  for (const [index, storeName] of ['Portico Store', '和平路旗舰店', 'eyJ-_9 Café 和平路'].entries()) {
    const rooms = openSigner(t);
    const keys = rooms.signer.jwks();
    const jws = await signDeletion(rooms.signer, storeName, deletion(), HEAD);
    const pdf = await deletionReceiptPdf({ ...STORE, storeName, deletion: deletion(), jws, url: receiptUrl('https://192.168.1.20', jws), kid: rooms.signer.kid() }, index % 2 === 0 ? 'en' : 'zh-CN');
    const { pages, lines } = await readPdf(pdf);
    const poppler = spawnSync('pdftotext', ['-', '-'], { input: pdf, encoding: 'utf8' });
    const copies: Record<string, string> = {
      'without line breaks': pages.join(''), 'line by line': lines.join('\n'),
      'as programs copy it, which drop a hyphen at the end of a line': lines.join('\n').replaceAll('-\n', ''), 'a letter a line': [...pages.join('')].join('\r\n'),
      'glued to the name of the store': `${jws}${storeName}`, ...(poppler.error === undefined ? { pdftotext: poppler.stdout } : {}),
    };
    for (const [how, copy] of Object.entries(copies)) {
      t.equal(findStatement(Buffer.from(copy)), jws, `${storeName}, ${how}`);
      const at = copy.replace(/\s+/g, '').indexOf(jws) + jws.length - 50;
      const squeezed = copy.replace(/\s+/g, '');
      const changed = `${squeezed.slice(0, at)}${squeezed[at] === 'A' ? 'B' : 'A'}${squeezed.slice(at + 1)}`;
      await t.rejects(verifyStatement(findStatement(Buffer.from(changed)), keys), { code: 'receipt_invalid' }, `${storeName}, ${how}, changed`);
    }
  }
});

t.test('key files of every usual form are read, and of no other', async (t) => {
  const { signer, keys } = await signed(t);
  for (const text of [JSON.stringify(keys), JSON.stringify(keys.keys[0]), signer.publicPem()]) t.strictSame(readKeys(text), keys);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }) as string;
  for (const bad of ['', '{', '{}', rsa, '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----']) t.throws(() => readKeys(bad), { code: 'receipt_invalid' });
  const misnamed = { keys: [{ ...keys.keys[0]!, kid: 'another' }] };
  t.equal(readKeys(JSON.stringify(misnamed)).keys[0]!.kid, signer.kid(), 'a key is known by its thumbprint, not by what a file calls it');
});

function portico(args: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), ...args], { cwd: packageRoot(), stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...ended, code }));
    child.stdin.end(input);
  });
}

t.test('portico receipt verify: 0 for a good one, 1 for a forged one, 2 for a wrong command line', async (t) => {
  const { signer, jws, keys } = await signed(t);
  const directory = t.testdir({ 'keys.json': JSON.stringify(keys) });
  const key = join(directory, 'keys.json');
  const file = join(directory, 'receipt.pdf');
  writeFileSync(file, await deletionReceiptPdf({ ...STORE, deletion: deletion(), jws, url: receiptUrl('https://b', jws), kid: signer.kid() }, 'en'));
  const [good, piped, forged, wrong] = await Promise.all([
    portico(['receipt', 'verify', file, '--key', key]), portico(['receipt', 'verify', '-', '--key', key], jws),
    portico(['receipt', 'verify', flipped(jws, 1, 40), '--key', key]), portico(['receipt', 'verify', file]),
  ]);
  t.equal(good.code, 0, good.err);
  for (const said of [/^valid/, /deletion/, /templatesDeleted +1/, /keyDestroyed +true/, new RegExp(`iss +${STORE.storeName}`)]) t.match(good.out, said);
  t.equal(piped.out, good.out);
  t.equal(forged.code, 1);
  t.match(forged.err, /receipt_invalid: .*\n +reason: the signature does not fit/);
  t.equal(forged.out, '');
  t.equal(wrong.code, 2);
});
