/** `portico update` as a person and a timer call it: signing with an encrypted key, and an hour in which there is nothing to do. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { newKeyFile } from '../../provisioning/laptop/index.js';
import { lockUpdates, openBundle, placesBelow } from '../../updates/index.js';
import { makeBundleFile } from '../support/bundles.js';
import { temporaryDirectory } from '../support/scratch.js';

const CLI = fileURLToPath(new URL('../../cli/portico.js', import.meta.url));

t.test('without its passphrase, or with a wrong one, nothing is signed; with it the update is the organisation\'s', async (t) => {
  const folder = temporaryDirectory(t);
  const [keyFile, right, wrong] = ['organisation.key', 'right', 'wrong'].map((name) => join(folder, name)) as [string, string, string];
  const { keyId, publicKey } = newKeyFile(keyFile, 'a long passphrase');
  writeFileSync(right, 'a long passphrase\n');
  writeFileSync(wrong, 'another passphrase\n');
  const file = await makeBundleFile(t, { by: null });
  const unsigned = readFileSync(file);
  const sign = (...more: string[]) => spawnSync(process.execPath, [CLI, 'update', 'sign', file, '--key', keyFile, ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  t.match(sign(), { status: 2, stderr: /no terminal to ask at: --passphrase-file/ });
  t.match(sign('--passphrase-file', wrong), { status: 1, stderr: /passphrase/ });
  t.ok(readFileSync(file).equals(unsigned));
  t.throws(() => openBundle(file, publicKey), { code: 'update_unsigned' });
  t.match(sign('--passphrase-file', right), { status: 0, stdout: new RegExp(keyId) });
  t.equal(openBundle(file, publicKey).keyId, keyId);
});

t.test('the timer finds nothing to do on a box without a stick, and waits while somebody else is at it: neither is a failure', async (t) => {
  const root = temporaryDirectory(t);
  const apply = (...more: string[]) => spawnSync(process.execPath, [CLI, 'update', 'apply', ...more, '--root', root], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  t.match(apply(), { status: 0, stdout: /nothing to apply/ });
  const file = await makeBundleFile(t, {});
  t.match(apply(file), { status: 1, stderr: /update_unsigned[\s\S]*no organisation yet/ }, 'a person is told');
  const places = placesBelow(root);
  const { publicKey } = newKeyFile(join(root, 'organisation.key'), null);
  mkdirSync(places.settings, { recursive: true });
  writeFileSync(join(places.settings, 'organisation.json'), JSON.stringify({ publicKey }));
  const unlock = lockUpdates(places);
  t.match(apply(), { status: 3, stdout: /under way/ });
  t.match(apply(file), { status: 1, stderr: /update_running/ });
  unlock();
});
