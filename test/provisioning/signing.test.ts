/** Signatures of the organisation: exact bytes, one key, checkable by others too. */
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { isPorticoError } from '../../appliance/kit/index.js';
import { isEncrypted, makeSigningKey, readSigningKey, signFile, verifyFile, writeSigningKey, type Signature } from '../../provisioning/index.js';
import { LEAST } from '../support/settingsFile.js';

const bytes = Buffer.from(LEAST);
const key = makeSigningKey();
const other = makeSigningKey();
/** The code that it is refused with; else who signed. */
function verdict(file: Uint8Array, signature: Uint8Array | null, pinned: string | null): string {
  try {
    return verifyFile(file, signature, pinned).keyId;
  } catch (error) {
    if (isPorticoError(error)) return error.code;
    throw error;
  }
}
const altered = (change: (signature: Signature) => unknown) => Buffer.from(JSON.stringify(change(JSON.parse(signFile(bytes, key).toString()) as Signature)));

t.test('what is not signed, not by this key, or not these bytes is refused', async (t) => {
  t.equal(verdict(bytes, null, null), 'stick_unsigned');
  const cases: [what: string, signature: Buffer][] = [
    ['an empty one', Buffer.alloc(0)], ['not JSON', Buffer.from('signature')], ['null', Buffer.from('null')], ['a list', Buffer.from('[]')], ['a huge one', Buffer.alloc(100_000, ' ')],
    ['an entry more', altered((each) => ({ ...each, more: 1 }))], ['an entry less', altered(({ keyId, publicKey }) => ({ keyId, publicKey }))],
    ['another id', altered((each) => ({ ...each, keyId: other.keyId }))], ['another key', altered((each) => ({ ...each, publicKey: other.publicKey }))],
    ['another key with its id', altered((each) => ({ ...each, keyId: other.keyId, publicKey: other.publicKey }))],
    ['a key that is none', altered((each) => ({ ...each, publicKey: `${'A'.repeat(59)}=` }))], ['a signature of nothing', altered((each) => ({ ...each, signature: `${'A'.repeat(86)}==` }))],
    ['a signature of other bytes', signFile(Buffer.from(`${LEAST} `), key)],
    ['the same key written otherwise', altered((each) => ({ ...each, publicKey: each.publicKey.replace(/.=$/, (end) => `${end === 'A=' ? 'B' : String.fromCharCode(end.charCodeAt(0) + 1)}=`) }))],
  ];
  for (const [what, signature] of cases) {
    t.equal(verdict(bytes, signature, null), 'stick_signature_wrong', what);
    t.equal(verdict(bytes, signature, key.publicKey), 'stick_signature_wrong', what);
  }
  t.equal(verdict(Buffer.from(LEAST.replaceAll('\n', '\r\n')), signFile(bytes, key), null), 'stick_signature_wrong', 'other ends of lines are other bytes');
});

t.test('a second organisation is refused, and a forgery is not told which one', async (t) => {
  t.equal(verdict(bytes, signFile(bytes, other), key.publicKey), 'stick_other_organisation');
  t.equal(verdict(Buffer.from('forged'), signFile(bytes, other), key.publicKey), 'stick_signature_wrong');
});

t.test('any changed byte is seen', async () => {
  const signature = signFile(bytes, key);
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
    const changed = Buffer.from(bytes);
    changed[at]! ^= by;
    return verdict(changed, signature, key.publicKey) === 'stick_signature_wrong';
  }), { numRuns: 200 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1_200 }), (junk) => verdict(bytes, junk, null) === 'stick_signature_wrong'), { numRuns: 200 });
});

t.test('the organisation\'s own is taken, first by nobody\'s box and then by its own', async (t) => {
  t.equal(verdict(bytes, signFile(bytes, key), null), key.keyId);
  t.equal(verdict(bytes, signFile(bytes, key), key.publicKey), key.keyId);
  t.equal(verdict(bytes, Buffer.concat([Buffer.from('\ufeff'), signFile(bytes, key)]), key.publicKey), key.keyId, 'an editor may have put its mark before the signature');
  t.match(key.keyId, /^[0-9a-f]{16}$/);
});

t.test('a key file opens to its passphrase only, and holds no other kind of key', async (t) => {
  const sealed = writeSigningKey(key, 'correct horse battery');
  t.ok(isEncrypted(sealed));
  t.match(sealed, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  t.throws(() => readSigningKey(sealed, 'wrong'), { code: 'key_passphrase_wrong' });
  t.throws(() => readSigningKey(sealed, null), { code: 'key_passphrase_wrong' });
  t.throws(() => readSigningKey('nonsense', null), { code: 'key_file_invalid' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  t.throws(() => readSigningKey(rsa, null), { code: 'key_file_invalid', details: { problem: /another kind of key/ } });
  t.equal(readSigningKey(sealed, 'correct horse battery').publicKey, key.publicKey);
  const open = writeSigningKey(key, null);
  t.notOk(isEncrypted(open));
  t.equal(readSigningKey(open, null).keyId, key.keyId);
});

const openssl = spawnSync('openssl', ['version']).status === 0;
t.test('openssl agrees', { skip: openssl ? false : 'openssl is not installed here' }, async (t) => {
  const folder = t.testdir({});
  const { publicKey, signature } = JSON.parse(signFile(bytes, key).toString()) as Signature;
  const at = (name: string) => join(folder, name);
  writeFileSync(at('portico.yaml'), bytes);
  writeFileSync(at('changed.yaml'), `${LEAST}#`);
  writeFileSync(at('public.der'), Buffer.from(publicKey, 'base64'));
  writeFileSync(at('signature.bin'), Buffer.from(signature, 'base64'));
  const verify = (file: string) => execFileSync('openssl', ['pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', at('public.der'), '-in', at(file), '-sigfile', at('signature.bin')], { encoding: 'utf8', stdio: 'pipe' });
  t.throws(() => verify('changed.yaml'));
  t.match(verify('portico.yaml'), /Signature Verified Successfully/);
});
