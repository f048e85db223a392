/** A disk that is to be copied for many stores: two boxes must never share a key, an id or a line of log. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { firstBoot, openBox, resetImage } from '../../provisioning/box.js';
import { OUTSIDE } from '../../provisioning/render.js';
import { everything, machineThat, newBox, put, settingsText } from '../support/stick.js';

const NETWORK = 'etc/systemd/network/10-portico.network';
const SECRET = 'what only this box may have';

t.test('a box that has had its stick is not reset: it may hold customers, and a wipe signs for them', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  t.match(await box.apply(), { outcome: 'applied' });
  const before = everything(box.root);
  const system = machineThat(() => true);
  await t.rejects(resetImage(box.paths, box.disk, system), { code: 'wipe_refused', details: { reason: /portico wipe/ } });
  t.strictSame([...everything(box.root)], [...before]);
  t.strictSame(system.ran, [], 'and it runs on');
});

t.test('nothing is removed from under a service that does not stop', async (t) => {
  const box = await newBox(t);
  const before = everything(box.root);
  await t.rejects(resetImage(box.paths, box.disk, { run: async () => false }), { code: 'wipe_refused', details: { reason: /portico\.service/ } });
  t.strictSame([...everything(box.root)], [...before]);
});

t.test('a disk that was reset holds nothing that was this box\'s own, and a copy that starts makes its own', async (t) => {
  const box = await newBox(t);
  const of = (path: string) => join(box.root, path);
  const own = [
    'var/lib/portico/portico.db', 'var/lib/portico/db-key', 'var/lib/portico/tls/root.key', 'var/lib/portico/vault/1', 'var/lib/portico-box/generations/1/portico.yaml', 'var/lib/portico-box/update/rest',
    'var/lib/portico-models/1/model.onnx', 'var/lib/portico-update/incoming/half.update', 'var/log/portico/portico.1.log', 'var/log/journal/0123/system.journal', 'etc/portico/box.env',
    'etc/portico/support_keys', 'etc/credstore/portico-sftp-key', 'etc/credstore.encrypted/portico-db-key', 'etc/credstore.encrypted/portico-sftp-key', 'etc/credstore.encrypted/portico-export-hmac', 'etc/portico/export-client.crt', 'var/lib/systemd/credential.secret',
    'var/lib/systemd/random-seed', 'etc/ssh/ssh_host_ed25519_key', 'etc/ssh/ssh_host_ed25519_key.pub', 'etc/machine-id',
    'etc/systemd/system/portico.service.d/50-portico.conf', 'etc/systemd/timesyncd.conf.d/50-portico.conf', 'etc/systemd/resolved.conf.d/50-portico.conf', NETWORK,
  ];
  const kept = ['opt/portico/releases/0.1.0/release.json', 'etc/portico/local.env', 'etc/credstore.encrypted/anothers', 'etc/ssh/sshd_config', 'etc/hostname', 'var/log/dpkg.log'];
  for (const path of [...own, ...kept]) {
    mkdirSync(dirname(of(path)), { recursive: true });
    writeFileSync(of(path), own.includes(path) ? SECRET : 'of every copy');
  }
  symlinkSync(of('var/log/dpkg.log'), of('var/log/portico/link.log'));

  const system = machineThat(() => true);
  const removed = await resetImage(box.paths, box.disk, system);
  t.match(system.ran, [['systemctl', 'stop', /timer$/], ['journalctl', '--relinquish-var']], 'stopped before');
  t.ok(removed.indexOf('/etc/credstore.encrypted/portico-db-key') < removed.indexOf('/var/lib/portico'), 'keys first');
  const left = everything(box.root);
  for (const [path, content] of left) t.notMatch(content, SECRET, path);
  for (const path of kept) t.equal(readFileSync(of(path), 'utf8'), 'of every copy', path);
  t.strictSame([...left.keys()].sort(), [...kept, 'etc/machine-id', NETWORK].map((path) => `/${path}`).sort(), 'and nothing else, not even the box\'s name');
  t.equal(statSync(of('etc/machine-id')).size, 0, 'empty, so that systemd makes another one');
  t.equal(readFileSync(of(NETWORK), 'utf8'), OUTSIDE.get(`/${NETWORK}`), 'DHCP: a copy is on the network');
  t.notOk(existsSync(box.paths.box));
  t.strictSame(readdirSync(of('etc/portico')), ['local.env']);
  t.strictSame(await resetImage(box.paths, box.disk, system), [], 'done again it finds nothing');

  const copy = await openBox(box.root, '');
  const second = await firstBoot(copy.paths, copy.disk, copy.credentials);
  t.not(second.boxId, box.first.boxId);
  t.not(second.recipient, box.first.recipient);
});
