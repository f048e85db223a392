/** A stick on a box, from plugging it in to what it says afterwards. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadConfig } from '../../appliance/config/index.js';
import { everything, machineThat, newBox, OTHER, put, secretFor, settingsText } from '../support/stick.js';

const MANAGED = ['/etc/portico/box.env', '/etc/portico/portico.yaml', '/etc/systemd/network/10-portico.network', '/etc/hostname'];

t.test('what is unsigned, changed after signing or another organisation\'s changes nothing', async (t) => {
  const box = await newBox(t);
  const untouched = () => everything(box.root, /public\/stick\.json/);
  const before = untouched();

  put(box.stick, settingsText(1), { key: null });
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_unsigned', problems: [{ file: 'portico.yaml', code: 'stick_unsigned' }] });

  put(box.stick, settingsText(1));
  writeFileSync(join(box.stick, 'portico.yaml'), settingsText(1, '', '别的店'));
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_signature_wrong' });
  t.strictSame(untouched(), before, 'not a byte of the box');
  t.match(JSON.parse(box.read('/var/lib/portico-box/public/stick.json')!), { outcome: 'refused', problems: 1, code: 'stick_signature_wrong' });

  put(box.stick, settingsText(1));
  t.match(await box.apply(), { outcome: 'applied', code: null, serial: 1 });
  put(box.stick, settingsText(2), { key: OTHER });
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_other_organisation' });
  t.equal(box.read('/etc/portico/portico.yaml'), settingsText(1), 'the first organisation\'s stay');
  const text = readFileSync(join(box.stick, 'portico-result.txt'), 'utf8');
  t.match(text, /这台盒子属于另一个组织/);
  t.match(text, /belongs to another organisation/);
});

t.test('an older serial, and the same serial with other words, are refused; the very same stick is no news', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(7));
  t.match(await box.apply(), { outcome: 'applied', serial: 7 });
  const stick = everything(box.stick);
  t.match(await box.apply(), { outcome: 'unchanged', code: null, serial: 7 });
  t.strictSame([...everything(box.stick)], [...stick], 'plugged in again it is not written to');

  for (const [serial, name] of [[7, '别的店'], [6, '别的店'], [1, '别的店']] as const) {
    put(box.stick, settingsText(serial, '', name));
    t.match(await box.apply(), { outcome: 'refused', code: 'stick_serial_old', problems: [{ line: 3, column: 1, path: 'serial' }] });
  }
  put(box.stick, settingsText(8, '', '别的店'));
  t.match(await box.apply(), { outcome: 'applied', serial: 8 });
});

t.test('every problem is listed with its place, on the stick too, in both languages', async (t) => {
  const box = await newBox(t);
  put(box.stick, `${settingsText(1)}dayEndsAt: "25:00"\ncurency: CNY\nsecrets: { sftpKey: "hello" }\n`);
  const report = await box.apply();
  t.match(report, { outcome: 'refused', code: 'stick_invalid' });
  t.strictSame(report.problems.map(({ line, path }) => [line, path]), [[12, 'dayEndsAt'], [13, 'curency'], [14, 'secrets.sftpKey']]);
  const text = readFileSync(join(box.stick, 'portico-result.txt'), 'utf8');
  for (const { line } of report.problems) t.equal(text.split(`portico.yaml:${line}:`).length, 3, 'once in Chinese, once in English');
  t.equal(text.charCodeAt(0), 0xfeff);
  t.notMatch(text, /[^\r]\n/, 'as the editor of every Windows reads it');
  t.strictSame(box.result().problems, report.problems);
});

t.test('a secret that is for another box is refused with its line', async (t) => {
  const [box, neighbour] = [await newBox(t), await newBox(t)];
  const backup = `backup: { recipient: ${box.first.recipient}, to: "sftp://portico@10.1.2.3/backups", hostKey: "SHA256:${'A'.repeat(43)}" }\n`;
  put(box.stick, settingsText(1, `${backup}secrets:\n  sftpKey: |\n${await secretFor(neighbour.first.recipient, 'the key')}`));
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_secret_unreadable', problems: [{ line: 14, column: 3, path: 'secrets.sftpKey' }] });
  t.equal(box.read('/etc/portico/box.env'), null);
});

t.test('a dry run shows the change and makes none, on the box or on the stick', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  const backup = `backup: { recipient: ${box.first.recipient}, to: "sftp://portico@10.1.2.3/backups", hostKey: "SHA256:${'A'.repeat(43)}" }\n`;
  put(box.stick, settingsText(2, `${backup}secrets:\n  sftpKey: |\n${await secretFor(box.first.recipient, 'SFTP-SECRET')}`, '新名字'));
  const before = [everything(box.root), everything(box.stick)];
  const { changes, commands, outcome } = await box.apply({ dryRun: true });
  t.equal(outcome, 'unchanged');
  t.strictSame([everything(box.root), everything(box.stick)], before);
  const text = changes.join('\n');
  t.match(text, '- PORTICO_STORE_NAME="山茶表行南京路店"');
  t.match(text, '+ PORTICO_STORE_NAME="新名字"');
  t.match(text, /portico-sftp-key: changed \(a secret\)/);
  t.match(text, '+ IPAddressAllow=10.1.2.3');
  t.notMatch(text, /SFTP-SECRET/);
  t.notMatch(text, '/etc/hostname', 'what stays is not shown');
  t.strictSame(commands.at(-1), ['systemctl', 'restart', 'portico.service']);
});

t.test('settings become the files of a box, with modes that let the service read them and nobody else write them', async (t) => {
  const box = await newBox(t);
  const umask = process.umask(0o077);
  t.teardown(() => process.umask(umask));
  put(box.stick, settingsText(1, 'openingHours: "Mo-Fr 10:00-22:00"\nheadOffice: { url: "https://hq.example.cn/portico/" }\nretention: { visits: 365 }\n', '"引号\\"$`\\\\店"'));
  t.match(await box.apply(), { outcome: 'applied' });
  const environment = Object.fromEntries([...box.read('/etc/portico/box.env')!.matchAll(/^(\w+)="(.*)"$/gm)].map(([, name, value]) => [name, value!.replace(/\\([\\"$`])/g, '$1')]));
  const config = loadConfig(environment);
  t.match(config, { storeId: 'SH-NJR-01', storeName: '引号"$`\\店', mdns: true, hostNames: ['portico-njr.local'], allowedLan: ['192.168.1.0/24'], headOfficeUrl: 'https://hq.example.cn/portico/' });
  t.equal(box.read('/etc/hostname'), 'portico-njr\n');
  t.match(box.read('/etc/systemd/network/10-portico.network'), /Address=192\.168\.1\.20\/24\nGateway=192\.168\.1\.1\nDNS=192\.168\.1\.1/);
  const dropIn = box.read('/etc/systemd/system/portico.service.d/50-portico.conf')!;
  for (const line of ['IPAddressAllow=localhost multicast', 'IPAddressAllow=192.168.1.0/24', 'Environment=TZ=Asia/Shanghai']) t.match(dropIn, line);
  t.notMatch(dropIn, '10.0.0.0/8', 'the LAN that is named, and no other');
  for (const path of MANAGED) t.equal(statSync(join(box.root, path)).mode & 0o777, 0o644, path);
  t.equal(statSync(join(box.root, '/var/lib/portico-box/box.key')).mode & 0o777, 0o600);
  t.equal(statSync(join(box.root, '/var/lib/portico-box/generations')).mode & 0o777, 0o700);
  t.equal(statSync(join(box.root, '/var/lib/portico-box/public')).mode & 0o777, 0o755);
  t.match(JSON.parse(box.read('/etc/portico/organisation.json')!), { serial: 1, storeId: 'SH-NJR-01' });
});

t.test('what the next settings do not say any more is taken away', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  put(box.stick, settingsText(2).replace(/ {2}ethernet.*\n/, '').replace(/ {2}ntp.*\n/, ''));
  t.match(await box.apply(), { outcome: 'applied' });
  t.equal(box.read('/etc/systemd/timesyncd.conf.d/50-portico.conf'), null);
});

t.test('settings that say nothing of the cable mean DHCP: a box that had a fixed address keeps a network', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  const silent = settingsText(2).replace(/ {2}ethernet.*\n/, '');
  put(box.stick, silent);
  const look = await box.apply({ dryRun: true });
  const change = look.changes.slice(look.changes.indexOf('/etc/systemd/network/10-portico.network: changed'));
  for (const line of ['  - Address=192.168.1.20/24', '  + DHCP=yes']) t.ok(change.includes(line), line);
  const system = machineThat(() => true);
  t.match(await box.apply({ system }), { outcome: 'applied', warnings: [{ code: 'network_changed', what: /^DHCP, portico-njr\.local/ }] });
  const text = box.read('/etc/systemd/network/10-portico.network');
  t.match(text, /Type=ether[\s\S]*\nDHCP=yes\n/);
  t.notMatch(text, 'Address=');
  t.ok(system.ran.some((command) => command.join(' ') === 'systemctl restart systemd-networkd.service'));
  put(box.stick, silent.replace('serial: 2', 'serial: 3').replace('  ntp:', '  ethernet: { dhcp: true }\n  ntp:'));
  t.match(await box.apply(), { outcome: 'applied' });
  t.equal(box.read('/etc/systemd/network/10-portico.network'), text, 'the same as when it is said');
});

t.test('no secret ever comes onto a stick', async (t) => {
  const box = await newBox(t);
  mkdirSync(join(box.root, 'var/lib/portico/tls'), { recursive: true });
  const pem = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=Portico', '-days', '2'], { encoding: 'utf8' });
  t.equal(pem.status, 0);
  writeFileSync(join(box.root, 'var/lib/portico/tls/root.crt'), pem.stdout);
  const backup = `backup: { recipient: ${box.first.recipient}, to: "sftp://portico@10.1.2.3/backups", hostKey: "SHA256:${'A'.repeat(43)}" }\n`;
  put(box.stick, settingsText(1, `${backup}secrets:\n  sftpKey: |\n${await secretFor(box.first.recipient, 'SFTP-SECRET-8d1f')}`));
  const inputs = new Set(everything(box.stick).keys());
  t.match(await box.apply(), { outcome: 'applied' });
  put(box.stick, settingsText(1, '', '旧'));
  await box.apply(); // a refusal writes too

  const written = [...everything(box.stick)].filter(([name]) => !inputs.has(name));
  t.strictSame(written.map(([name]) => name).sort(), ['/box.json', '/portico-onboarding.pdf', '/portico-result.json', '/portico-result.txt', '/portico-root.crt']);
  const secrets = ['SFTP-SECRET-8d1f', 'AGE-SECRET-KEY-', 'ab'.repeat(32), 'PRIVATE KEY'];
  if (box.credentials !== null) secrets.push((await box.credentials.open('db-key', readFileSync(box.paths.databaseCredential))).toString());
  if (box.credentials !== null) secrets.push((await box.credentials.open('portico-box-key', readFileSync(box.paths.key))).toString().trim());
  for (const [name, bytes] of written) for (const secret of secrets) t.notOk(bytes.includes(secret) || bytes.includes(Buffer.from(secret).toString('base64')), name);
  t.match(JSON.parse(readFileSync(join(box.stick, 'box.json'), 'utf8')), { recipient: box.first.recipient, boxId: box.first.boxId, hostName: 'portico-njr' });
});

t.test('links, folders and twins under the box\'s own names do it no harm', async (t) => {
  const box = await newBox(t);
  const outside = join(box.root, 'outside.txt');
  writeFileSync(outside, 'not to be touched');
  put(box.stick, settingsText(1));
  for (const name of ['portico-result.json', 'portico-result.txt.new', 'box.json']) symlinkSync(outside, join(box.stick, name));
  t.match(await box.apply(), { outcome: 'applied' });
  t.equal(readFileSync(outside, 'utf8'), 'not to be touched');
  t.match(box.result(), { outcome: 'applied' }, 'the links are gone, and files in their place');

  rmSync(join(box.stick, 'portico.yaml'));
  symlinkSync(outside, join(box.stick, 'portico.yaml'));
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_file_refused' });
  rmSync(join(box.stick, 'portico-result.txt'));
  mkdirSync(join(box.stick, 'portico-result.txt'));
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_file_refused' });
  t.ok(existsSync(join(box.paths.outbox, 'portico-result.txt')), 'what could not be written waits');
});

t.test('hostile files are refused in good time: UTF-16, a bomb, a giant, traversal', { timeout: 60_000 }, async (t) => {
  const box = await newBox(t);
  const hostile: [string, string | Buffer][] = [
    ['encoding', Buffer.from(`\ufeff${settingsText(1)}`, 'utf16le')],
    ['alias', `a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n${settingsText(1)}`],
    ['file_too_large', 'x'.repeat(70_000)],
    ['duplicate_key', `${settingsText(1)}version: 1\n`],
    ['wrong_value', settingsText(1, 'models: { pack: "../../etc" }\n')],
    ['wrong_value', settingsText(1).replace('portico-njr', '"a\\nb"')],
  ];
  for (const [code, bytes] of hostile) {
    put(box.stick, bytes as string);
    const report = await box.apply();
    t.equal(report.outcome, 'refused');
    t.ok(report.problems.some((each) => each.code === code), `${code}: ${JSON.stringify(report.problems)}`);
  }
  t.equal(box.read('/etc/portico/box.env'), null);
  const crlf = `\ufeff${settingsText(1).replaceAll('\n', '\r\n')}`;
  put(box.stick, crlf);
  t.match(await box.apply(), { outcome: 'applied' }, 'CRLF and a byte order mark are fine');
});

t.test('a stick without settings learns the box\'s key and says nothing else', async (t) => {
  const box = await newBox(t);
  t.match(await box.apply(), { outcome: 'unchanged', code: null });
  t.strictSame([...everything(box.stick).keys()], ['/box.json']);
  t.equal(box.read('/var/lib/portico-box/public/stick.json'), null);
});

t.test('a folder that is not there is an error, and two at a time are not done', async (t) => {
  const box = await newBox(t);
  await t.rejects(box.apply({ stick: join(box.stick, 'nowhere') }), { code: 'stick_not_found' });
  put(box.stick, settingsText(1));
  mkdirSync(join(box.root, 'run/portico'), { recursive: true });
  writeFileSync(box.paths.lock, String(process.ppid));
  await t.rejects(box.apply(), { code: 'stick_busy' });
  writeFileSync(box.paths.lock, '999999999');
  t.match(await box.apply(), { outcome: 'applied' }, 'of a process that is no more');
  t.equal(statSync(join(box.root, 'run/portico')).mode & 0o777, 0o755);
});

t.test('the command line does the same, and its exit code tells', async (t) => {
  const box = await newBox(t);
  const portico = (...args: string[]) => spawnSync(process.execPath, [fileURLToPath(new URL('../../cli/portico.js', import.meta.url)), 'provision', ...args, '--root', box.root, '--json'], { encoding: 'utf8' });
  put(box.stick, settingsText(1), { key: null });
  const refused = portico('apply', '--stick', box.stick);
  t.equal(refused.status, 1);
  t.match(JSON.parse(refused.stdout), { outcome: 'refused', code: 'stick_unsigned' });
  put(box.stick, settingsText(1));
  const applied = portico('apply', '--stick', box.stick);
  t.equal(applied.status, box.credentials === null ? 3 : 0, applied.stderr);
  t.match(JSON.parse(applied.stdout), { outcome: 'applied', commands: [['systemctl', 'daemon-reload']] });
  t.match(JSON.parse(portico('settle').stdout), { stick: 'nothing', support: 'closed' });
  t.match(JSON.parse(portico('firstboot').stdout), { boxId: box.first.boxId });
  chmodSync(box.stick, 0o700);
});
