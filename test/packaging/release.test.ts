/** The release tree's sums, times and refusals, and what the package's scripts leave alone. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { filesBelow, sourceEpochSeconds, stamp } from '../../packaging/releaseTree.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EPOCH = 1_767_225_600;
const tree = () => ({ bin: { node: 'binary' }, app: { 'package.json': '{"name":"portico","version":"0.1.0"}', dist: { b: 'b', a: 'a' }, empty: {} } });

t.test('a version that could leave the folder, a link, and a time that is none are refused', async (t) => {
  for (const version of ['../1.0.0', '1.0', '1.0.0/x', '', '1.0.0-', 'v1.0.0']) await t.rejects(stamp(t.testdir(tree()), version, EPOCH), /not a version/, version);
  const linked = t.testdir(tree());
  symlinkSync('/etc/passwd', join(linked, 'app/link'));
  await t.rejects(stamp(linked, '1.0.0', EPOCH), /neither a file nor a folder/);
  for (const time of ['', 'now', '-1', '1.5', '0']) t.throws(() => sourceEpochSeconds(ROOT, time), /SOURCE_DATE_EPOCH/, time);
});

t.test('release.json has the sum of every file, in order, and the same tree gives the same bytes', async (t) => {
  const [one, other] = [t.testdir({ one: tree(), other: tree() })].flatMap((dir) => [join(dir, 'one'), join(dir, 'other')]) as [string, string];
  writeFileSync(join(other, 'app/dist/a'), 'a', { mode: 0o600 });
  const release = await stamp(one, '1.2.3', EPOCH);
  await stamp(other, '1.2.3', EPOCH);
  t.strictSame(Object.keys(release.files), ['app/dist/a', 'app/dist/b', 'app/package.json', 'bin/node']);
  for (const [path, sum] of Object.entries(release.files)) t.equal(createHash('sha256').update(readFileSync(join(one, path))).digest('hex'), sum, path);
  t.equal(readFileSync(join(one, 'release.json'), 'utf8'), readFileSync(join(other, 'release.json'), 'utf8'));
  t.match(release, { version: '1.2.3', builtAt: '2026-01-01T00:00:00.000Z', arch: process.arch });
  t.equal((JSON.parse(readFileSync(join(one, 'app/package.json'), 'utf8')) as { version: string }).version, '1.2.3');
  for (const root of [one, other]) {
    for (const path of await filesBelow(root)) {
      t.equal(statSync(path).mtimeMs, EPOCH * 1000);
      t.equal(statSync(path).mode & 0o777, path.endsWith('bin/node') ? 0o755 : 0o644);
    }
  }
  t.throws(() => statSync(join(one, 'app/empty')), { code: 'ENOENT' }, 'an empty folder would be lost on the way');
});

t.test('removing keeps what is not a program, and nothing but purging touches keys and data', async (t) => {
  const script = (name: string) => readFileSync(join(ROOT, 'packaging/deb', name), 'utf8').split('\n').filter((line) => !line.trim().startsWith('#')).join('\n');
  for (const name of ['postinst', 'prerm']) {
    t.notMatch(script(name), /rm [^\n]*(\/etc\/portico|\/var\/lib|credstore)/, `${name} deletes no state`);
    t.notMatch(script(name), />\s*\/etc\/portico/, `${name} writes no settings`);
  }
  const [removing, purging] = script('postrm').split('if [ "$1" = purge ]; then') as [string, string];
  t.notMatch(removing, /\/var\/lib\/portico|\/etc\/portico|credstore/);
  t.ok(purging.indexOf('shred') < purging.indexOf('rm -rf /var/lib/portico'), 'keys before data');
  t.ok(purging.indexOf('keep-on-purge') < purging.indexOf('shred'), 'the marker is looked at first');
  for (const path of ['/var/lib/portico', '/var/lib/portico-box', '/etc/portico', '/var/log/portico', '/etc/credstore.encrypted/portico-*']) t.ok(purging.includes(path), path);
});
