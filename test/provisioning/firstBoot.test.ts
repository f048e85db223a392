/** The keys that a box has for life. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { isSealedWithNullKey, sealing } from '../../provisioning/credentials.js';
import { applyStick, firstBoot, openBox } from '../../provisioning/box.js';
import { placesBelow, systemdMachine } from '../../updates/index.js';
import { canSeal, put, newBox, settingsText } from '../support/stick.js';
import { temporaryDirectory } from '../support/scratch.js';

/** Sealing takes root, and a systemd that knows how. */
const skip = await canSeal() ? false : 'systemd-creds cannot seal here: it takes root';

t.test('a database whose key is gone never gets another one, and of two different keys none is thrown away', { skip }, async (t) => {
  const root = temporaryDirectory(t);
  const { paths, disk, credentials } = await openBox(root, '');
  mkdirSync(join(root, 'var/lib/portico'), { recursive: true });
  writeFileSync(paths.database, 'a database');
  await t.rejects(firstBoot(paths, disk, credentials), { code: 'db_key_missing' });
  writeFileSync(paths.dataKey, 'half a k');
  await t.rejects(firstBoot(paths, disk, credentials), { code: 'db_key_malformed' });
  writeFileSync(paths.dataKey, 'a'.repeat(64));
  t.match(await firstBoot(paths, disk, credentials), { sealed: true });
  writeFileSync(paths.dataKey, 'b'.repeat(64));
  await t.rejects(firstBoot(paths, disk, credentials), { code: 'db_key_ambiguous' });
  t.equal(readFileSync(paths.dataKey, 'utf8'), 'b'.repeat(64));
});

t.test('what is sealed with the empty key is not used, and what another machine sealed does not open', { skip }, async (t) => {
  const box = await newBox(t);
  const empty = execFileSync('systemd-creds', ['encrypt', '--with-key=tpm2-absent', '--name=portico-box-key', '-', '-'], { input: 'AGE-SECRET-KEY-1', stdio: ['pipe', 'pipe', 'ignore'] });
  t.ok(isSealedWithNullKey(empty));
  t.notOk(isSealedWithNullKey(readFileSync(box.paths.key)));
  writeFileSync(box.paths.key, empty);
  await t.rejects(box.apply(), { code: 'box_key_unsealed' });
  const neighbour = await newBox(t);
  writeFileSync(box.paths.key, readFileSync(neighbour.paths.key));
  await t.rejects(box.apply(), { code: 'box_key_unreadable' });
});

t.test('a database key that is sealed with the empty key opens nothing, for the service as for an update', { skip }, async (t) => {
  const box = await newBox(t);
  const places = placesBelow(box.root);
  mkdirSync(places.data, { recursive: true });
  const empty = execFileSync('systemd-creds', ['encrypt', '--with-key=tpm2-absent', '--name=db-key', '-', '-'], { input: 'a'.repeat(64), stdio: ['pipe', 'pipe', 'ignore'] });
  const opened = execFileSync('systemd-creds', ['decrypt', '--name=db-key', '-', '-'], { input: empty, stdio: ['pipe', 'pipe', 'ignore'], encoding: 'utf8' });
  t.equal(opened, 'a'.repeat(64), 'systemd itself opens it: so the box has to look');
  writeFileSync(box.paths.databaseCredential, empty);
  await t.rejects(firstBoot(box.paths, box.disk, box.credentials), { code: 'box_key_unsealed' }, 'and without this unit the service does not start');
  await t.rejects(systemdMachine(places, { scratch: join(box.root, 'run') }).withCredentials(async () => t.fail('it was lent')), { code: 'box_key_unsealed' });
});

t.test('with a TPM a secret hangs on the machine, and on no register of it: an update of the firmware locks no store out', { skip }, async (t) => {
  t.ok(sealing('host+tpm2', 'x').includes('--tpm2-pcrs='));
  t.notOk(sealing('host', 'x').some((each) => each.includes('pcr')));
  // Here there is no TPM: that this systemd knows the option, and takes none for an answer, can be shown without one.
  const args = sealing('host+tpm2', 'x').map((each) => each.replace('host+tpm2', 'host'));
  const sealed = execFileSync('systemd-creds', args, { input: 'secret', stdio: ['pipe', 'pipe', 'ignore'] });
  t.equal(execFileSync('systemd-creds', ['decrypt', '--name=x', '-', '-'], { input: sealed, stdio: ['pipe', 'pipe', 'ignore'], encoding: 'utf8' }), 'secret');
});

t.test('where nothing can be sealed a real box makes no keys and says what to do; below another root they lie in files that only root reads', async (t) => {
  const root = temporaryDirectory(t);
  const { paths, disk } = await openBox(root, '');
  await t.rejects(firstBoot({ ...paths, root: '/' }, disk, null), { code: 'box_cannot_seal', message: /systemd-creds/ }); // its files below the test's folder, should it go on
  t.notOk([paths.key, paths.boxJson].some((path) => existsSync(path)), 'nothing was begun');
  const made = await firstBoot(paths, disk, null);
  t.match(made, { sealed: false, recipient: /^age1/, boxId: /^box-[0-9a-f]{12}$/ });
  t.equal(statSync(paths.key).mode & 0o777, 0o600);
  t.strictSame(await firstBoot(paths, disk, null), made, 'the same box again');
});

t.test('a box without keys takes no stick', async (t) => {
  const root = temporaryDirectory(t);
  const stick = temporaryDirectory(t);
  put(stick, settingsText(1));
  await t.rejects(applyStick({ ...(await openBox(root, stick)), stick, dryRun: false, version: '0.1.0' }), { code: 'box_key_missing' });
});
