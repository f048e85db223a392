/**
 * `portico stick` as IT has it: the commands on a machine that has none of the box's native parts, and the one file that is copied to a laptop.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decrypter, generateIdentity, identityToRecipient, armor } from 'age-encryption';
import t, { type Test } from 'tap';
import { checkFile, SETTINGS_FILE, verifyFile } from '../../provisioning/index.js';
import { hashOwnerCode } from '../../provisioning/laptop/index.js';
import { packageRoot } from '../../models/manifest.js';
import { temporaryDirectory } from '../support/scratch.js';
import { certificates, FULL, RECIPIENT } from '../support/settingsFile.js';

/** What only a box has: each with compiled parts for one kind of machine, or with such below it. */
const NATIVE = ['better-sqlite3', 'onnxruntime-node', 'sharp', '@img', '@node-rs', 'sqlite-vec', 'ssh2', 'cpu-features'];

interface Ended { code: number | null; out: string; err: string }
interface Laptop { folder: string; run(...args: string[]): Promise<Ended>; at(...names: string[]): string }

/** A folder of the user's, with a program to run in it. @param program the script and the arguments that come first */
function laptop(t: Pick<Test, 'teardown'>, program: string[]): Laptop {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'portico-laptop-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'E'));
  writeFileSync(join(folder, 'passphrase'), 'correct horse battery\r\n');
  return {
    folder,
    at: (...names) => join(folder, ...names),
    run: (...args) => new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [...program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
      const ended: Ended = { code: null, out: '', err: '' };
      child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
      child.once('error', reject);
      child.once('close', (code) => resolve({ ...ended, code }));
    }),
  };
}
const STORE = ['--store-id', 'SH-NJR-01', '--store-name', '山茶表行 "南京路" <店> & Co', '--host-name', 'portico-njr'];
const KEY = ['--key', 'portico-organisation.key', '--passphrase-file', 'passphrase'];

/** A copy of the program where nothing native can be found. */
function withoutNative(t: Pick<Test, 'teardown'>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'portico-bare-')));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['cli', 'provisioning', 'appliance']) cpSync(join(packageRoot(), 'dist', name), join(root, 'dist', name), { recursive: true });
  writeFileSync(join(root, 'package.json'), readFileSync(join(packageRoot(), 'package.json')));
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(packageRoot(), 'node_modules'))) if (!NATIVE.includes(name)) symlinkSync(realpathSync(join(packageRoot(), 'node_modules', name)), join(root, 'node_modules', name), 'junction');
  return root;
}

/** From a key to a signed stick. */
async function wholeWay(t: Test, { at, run }: Laptop): Promise<void> {
  const made = await run('keys', 'new', '--passphrase-file', 'passphrase');
  t.match([made.code, made.err], [0, '']);
  t.match(readFileSync(at('portico-organisation.key'), 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  const created = await run('new', 'E', ...STORE);
  t.match([created.code, created.err], [0, ''], created.out);
  const unsigned = await run('check', 'E', '--json');
  t.equal(unsigned.code, 1);
  t.strictSame((JSON.parse(unsigned.out) as { problems: { code: string }[] }).problems.map(({ code }) => code), ['unsigned'], 'what it writes lacks nothing but the signature');
  const signed = await run('sign', 'E', ...KEY);
  t.match([signed.code, signed.err], [0, ''], signed.out);
  const checked = await run('check', 'E', '--key', 'portico-organisation.key.pub');
  t.match([checked.code, checked.err], [0, '']);
  t.match(checked.out, /No problems[\s\S]*store SH-NJR-01 [\s\S]*number 1\.[\s\S]*https:\/\/portico-njr\.local:8443/);
  t.strictSame(readdirSync(at('E')).sort(), ['portico.schema.json', 'portico.yaml', 'portico.yaml.sig'], 'nothing else is left on the stick');
  t.ok(checkFile(SETTINGS_FILE, readFileSync(at('E', 'portico.yaml'))).value);
}

t.test('the commands run where the box\'s database, models and pictures cannot be loaded', async (t) => {
  const root = withoutNative(t);
  const missing = spawnSync(process.execPath, ['--input-type=module', '-e', NATIVE.slice(0, 3).map((name) => `await import('${name}').then(() => process.exit(1), () => 0)`).join(';')], { cwd: root });
  t.equal(missing.status, 0, 'they really cannot');
  await wholeWay(t, laptop(t, [join(root, 'dist/cli/portico.js'), 'stick']));
});

t.test('one file in an empty folder is enough', async (t) => {
  const built = spawnSync(process.execPath, [join(packageRoot(), 'node_modules/vite/bin/vite.js'), 'build', '--config', 'packaging/stick.vite.mjs', '--logLevel', 'error'], { cwd: packageRoot(), encoding: 'utf8' });
  t.equal(built.status, 0, built.stderr);
  const here = laptop(t, ['portico-stick.mjs']);
  cpSync(join(packageRoot(), 'dist/portico-stick.mjs'), here.at('portico-stick.mjs'));
  t.strictSame([...new Set([...readFileSync(here.at('portico-stick.mjs'), 'utf8').matchAll(/^import .* from "([^"]+)"/gm)].map(([, from]) => from!))].filter((from) => !from.startsWith('node:')), [], 'it imports Node alone');
  t.notMatch(readFileSync(here.at('portico-stick.mjs'), 'utf8'), packageRoot().replace(/\/$/, ''), 'and names no folder of where it was built');
  await wholeWay(t, here);
  const help = await here.run('--help');
  t.match(help.out, /Usage: portico-stick[\s\S]*keys[\s\S]*new[\s\S]*sign[\s\S]*check[\s\S]*Exit codes:/);
});

const stick = (t: Pick<Test, 'teardown'>) => laptop(t, [join(packageRoot(), 'dist/cli/portico.js'), 'stick']);

t.test('a key is never overwritten, never weakly kept, and its passphrase is no argument', async (t) => {
  const { at, run } = stick(t);
  t.match(await run('keys', 'new'), { code: 2, err: /no terminal to ask at: --passphrase-file/ });
  writeFileSync(at('short'), 'horse\n');
  t.match(await run('keys', 'new', '--passphrase-file', 'short'), { code: 2, err: /12 characters or more/ });
  t.match(await run('keys', 'new', '--passphrase-file', 'absent'), { code: 2, err: /cannot be read/ });
  t.match(await run('keys', 'new', '--passphrase', 'correct horse'), { code: 2 });
  t.notOk(existsSync(at('portico-organisation.key')));
  t.equal((await run('keys', 'new', '--passphrase-file', 'passphrase')).code, 0);
  const before = readFileSync(at('portico-organisation.key'));
  t.match(await run('keys', 'new', '--no-passphrase'), { code: 1, err: /key_file_exists/ });
  t.strictSame(readFileSync(at('portico-organisation.key')), before);
  if (process.platform !== 'win32') t.equal(statSync(at('portico-organisation.key')).mode & 0o077, 0, 'nobody else reads it');
  const shown = [await run('keys', 'show', 'portico-organisation.key.pub'), await run('keys', 'show', 'portico-organisation.key', '--passphrase-file', 'passphrase')];
  t.equal(shown[0]!.out, shown[1]!.out);
  t.match(shown[0]!.out, /^id: [0-9a-f]{16}\npublic key: [A-Za-z0-9+/]{59}=\n$/);
  writeFileSync(at('wrong'), 'another horse battery\n');
  t.match(await run('keys', 'show', 'portico-organisation.key', '--passphrase-file', 'wrong'), { code: 1, err: /^key_passphrase_wrong: The passphrase does not open this key file/ });
  t.match(await run('keys', 'show', 'passphrase'), { code: 1, err: /key_file_invalid/ });
});

t.test('the owner\'s code goes to the sheet and never onto the stick', async (t) => {
  const { at, folder, run } = stick(t);
  symlinkSync(at('E'), at('link'));
  for (const sheet of [join('E', 'sheet.html'), join('E', 'deeper', '..', 'sheet.html'), join('link', 'sheet.html'), join('..', 'E', 'sheet.html').replace('..', folder)]) {
    t.match(await run('new', 'E', ...STORE, '--sheet', sheet), { code: 1, err: /stick_sheet_refused/ }, sheet);
  }
  t.match(await run('new', folder, ...STORE), { code: 1, err: /stick_sheet_refused/ }, 'nor where the folder that is worked in is the stick');
  t.strictSame(readdirSync(at('E')), [], 'and nothing was written');
  writeFileSync(at('taken.html'), 'mine');
  t.match(await run('new', 'E', ...STORE, '--sheet', 'taken.html'), { code: 1, err: /key_file_exists/ });
  t.strictSame([readFileSync(at('taken.html'), 'utf8'), readdirSync(at('E'))], ['mine', []]);

  t.equal((await run('new', 'E', ...STORE)).code, 0);
  const sheet = readFileSync(at('portico-owner-SH-NJR-01.html'), 'utf8');
  const code = /class="code">([^<]+)</.exec(sheet)![1]!;
  t.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/, '16 of 32 letters: 80 bits');
  const { value } = checkFile(SETTINGS_FILE, readFileSync(at('E', 'portico.yaml')));
  t.equal(value!.owner!.codeSha256, hashOwnerCode(code));
  t.equal(hashOwnerCode(` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `), hashOwnerCode(code), 'however it is typed');
  for (const name of readdirSync(at('E'))) t.notMatch(readFileSync(at('E', name), 'utf8').replaceAll('-', ''), code.replaceAll('-', ''), name);
  t.match(sheet, /<svg [\s\S]*<\/svg>/);
  t.match(sheet, '山茶表行 &quot;南京路&quot; &lt;店&gt; &amp; Co');
  t.notMatch(sheet, /<script|src=|@import|url\(/, 'it fetches nothing');
  t.match(await run('new', 'E', ...STORE, '--sheet', 'second.html'), { code: 1, err: /stick_has_settings/ }, 'a stick that has settings keeps them');
  t.notOk(existsSync(at('second.html')));
});

t.test('what does not fit is told whole, and nothing is written', async (t) => {
  const { at, run } = stick(t);
  t.match(await run('new', 'E'), { code: 2, err: /--store-id ID --store-name NAME --host-name NAME/ }, 'no terminal to ask at');
  t.match(await run('new', 'nowhere', ...STORE), { code: 1, err: /stick_not_found/ });
  t.match(await run('new', 'E', ...STORE, '--gateway', '10.0.0.1'), { code: 2, err: /go with --address/ });
  t.match(await run('new', 'E', ...STORE, '--backup-to', 'usb'), { code: 2, err: /go together/ });
  const wrong = await run('new', 'E', ...STORE.slice(0, 4), '--host-name', 'Box.local', '--time-zone', 'Mars', '--address', '10.0.0.1', '--json');
  t.equal(wrong.code, 1);
  t.strictSame((JSON.parse(wrong.out) as { problems: { path: string }[] }).problems.map(({ path }) => path), ['timeZone', 'network.hostName', 'network.ethernet.address']);
  t.strictSame(readdirSync(at('E')), []);
  t.notOk(existsSync(at('portico-owner-SH-NJR-01.html')));
});

t.test('everything that can be said on the command line stands in the file; another store\'s file keeps its comments', async (t) => {
  const { at, run } = stick(t);
  t.equal((await run('new', 'E', ...STORE, '--time-zone', 'Asia/Urumqi', '--languages', 'en,zh-CN', '--currency', 'HKD', '--opening-hours', 'Mo-Su 10:00-22:00', '--address', '192.168.1.20/24', '--gateway', '192.168.1.1',
    '--dns', '192.168.1.1,223.5.5.5', '--allowed-lan', '192.168.1.0/24', '--head-office', 'https://hq.example.cn/p/', '--backup-recipient', RECIPIENT, '--backup-to', 'sftp://u@h/f', '--backup-host-key', `SHA256:${'A'.repeat(43)}`)).code, 0);
  t.match(checkFile(SETTINGS_FILE, readFileSync(at('E', 'portico.yaml'))).value, {
    timeZone: 'Asia/Urumqi', languages: ['en', 'zh-CN'], currency: 'HKD', openingHours: 'Mo-Su 10:00-22:00', headOffice: { url: 'https://hq.example.cn/p/' },
    network: { ethernet: { address: '192.168.1.20/24', gateway: '192.168.1.1', dns: ['192.168.1.1', '223.5.5.5'] }, allowedLan: ['192.168.1.0/24'] }, backup: { to: 'sftp://u@h/f' },
  });
  mkdirSync(at('F'));
  writeFileSync(at('company.yaml'), FULL.replace('currency: CNY', '# 人民币\ncurrency: CNY  # 元'));
  t.equal((await run('new', 'F', '--from', 'company.yaml', '--store-id', 'BJ-01', '--store-name', '北京店', '--host-name', 'portico-bj')).code, 0);
  const text = readFileSync(at('F', 'portico.yaml'), 'utf8');
  t.match(text, /# 人民币\ncurrency: CNY +# 元/);
  const { value } = checkFile(SETTINGS_FILE, Buffer.from(text));
  t.match(value, { serial: 0, store: { id: 'BJ-01', name: '北京店' }, network: { hostName: 'portico-bj', ntp: ['ntp.aliyun.com'] }, retention: { visits: 365 } });
  t.equal(value!.secrets, undefined, 'a secret for another box is left out');
  t.not(value!.owner!.codeSha256, '0f'.repeat(32), 'and no code holds twice');
  writeFileSync(at('broken.yaml'), 'store: [');
  mkdirSync(at('G'));
  t.match(await run('new', 'G', '--from', 'broken.yaml', ...STORE, '--sheet', 'g.html'), { code: 1, out: /portico\.yaml:1:9/ });
});

t.test('nothing is signed while anything is wrong, and no number comes twice', async (t) => {
  const { at, run } = stick(t);
  await run('keys', 'new', '--passphrase-file', 'passphrase');
  t.match(await run('sign', 'E', ...KEY), { code: 1, out: /There is no portico\.yaml/ });
  writeFileSync(at('E', 'portico.yaml.txt'), FULL);
  t.match(await run('sign', 'E', ...KEY), { code: 1, out: /Rename "portico\.yaml\.txt"/ });
  renameSync(at('E', 'portico.yaml.txt'), at('E', 'portico.yaml'));
  writeFileSync(at('E', 'portico-wipe.yaml'), 'kind: wipe\nversion: 1\nuntil: 2026-01-01T00:00:00Z\n');
  t.match(await run('sign', 'E', ...KEY), { code: 1, out: /portico-wipe\.yaml:1:1: box is missing/ });
  rmSync(at('E', 'portico-wipe.yaml'));
  t.strictSame([readdirSync(at('E')), existsSync(at('portico-organisation.key.serial'))], [['portico.yaml'], false], 'nothing was written');

  const first = await run('sign', 'E', ...KEY, '--json');
  t.match(JSON.parse(first.out), { serial: 8, files: ['portico.yaml'] }, 'above the number in the file');
  t.equal(readFileSync(at('E', 'portico.yaml'), 'utf8'), FULL.replace('serial: 7', 'serial: 8'), 'and nothing else in it was touched');
  t.match(JSON.parse((await run('sign', 'E', ...KEY, '--json')).out), { serial: 9 });
  writeFileSync(at('E', 'portico.yaml'), FULL.replace('serial: 7\n', ''));
  t.match(JSON.parse((await run('sign', 'E', ...KEY, '--json')).out), { serial: 10 }, 'above the last one of this key, whatever the file says');
  writeFileSync(at('portico-organisation.key.serial'), 'ten');
  t.match(await run('sign', 'E', ...KEY), { code: 1, err: /key_file_invalid[\s\S]*number of the last signature/ });
  writeFileSync(at('portico-organisation.key.serial'), '2147483647\n');
  t.match(await run('sign', 'E', ...KEY), { code: 1, err: /no number is left/ });

  writeFileSync(at('E', 'portico.yaml'), `${readFileSync(at('E', 'portico.yaml'), 'utf8')}# changed\n`);
  t.match(await run('check', 'E'), { code: 1, out: /portico\.yaml:1:1: The signature does not fit/ });
});

t.test('another organisation\'s key is told from one\'s own', async (t) => {
  const { at, run } = stick(t);
  await run('keys', 'new', '--no-passphrase');
  await run('keys', 'new', '--no-passphrase', '--out', 'other.key');
  writeFileSync(at('E', 'portico.yaml'), FULL);
  t.equal((await run('sign', 'E', '--key', 'other.key')).code, 0);
  t.match(await run('check', 'E', '--key', 'portico-organisation.key.pub'), { code: 1, out: /signed by another key/ });
  t.equal((await run('check', 'E', '--key', 'other.key.pub')).code, 0);
  t.match(await run('check', 'E', '--key', 'other.key'), { code: 0 }, 'a key file without a passphrase tells its public part too');
});

t.test('requests are made for one box and a short time, and signed like settings', async (t) => {
  const { at, run } = stick(t);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+/, '');
  writeFileSync(at('it.pub'), `ssh-ed25519 ${'A'.repeat(68)} it@example.cn\n`);
  t.match(await run('request', 'E', 'reboot', '--until', inDays(1)), { code: 2, err: /wipe or support/ });
  t.match(await run('request', 'E', 'wipe', '--until', inDays(1)), { code: 2, err: /Which box/ });
  t.match(await run('request', 'E', 'support', '--store', 'SH-NJR-01', '--until', inDays(1)), { code: 2, err: /--ssh-key/ });
  t.match(await run('request', 'E', 'wipe', '--store', 'SH-NJR-01', '--until', inDays(1)), { code: 2, err: /--box and the box\.json[\s\S]*the next box there too/ }, 'a store outlives its box');
  writeFileSync(at('box.json'), '{}');
  t.match(await run('request', 'E', 'wipe', '--box', './box.json', '--until', inDays(1)), { code: 1, err: /box_card_invalid/ });
  writeFileSync(at('box.json'), JSON.stringify({ boxId: 'box-123456789abc', recipient: RECIPIENT, hostName: 'portico-njr' }));
  t.match(await run('request', 'E', 'wipe', '--box', 'box.json', '--until', 'tomorrow'), { code: 1, out: /portico-wipe\.yaml:\d+:\d+: until: tomorrow does not fit/ });
  t.strictSame(readdirSync(at('E')), []);
  t.match(await run('request', 'E', 'wipe', '--box', 'box.json', '--until', inDays(40)), { code: 2, err: /at most 31 days/ });
  t.strictSame(readdirSync(at('E')), []);
  t.equal((await run('request', 'E', 'wipe', '--box', 'box.json', '--until', inDays(2))).code, 0);
  writeFileSync(at('E/portico-wipe.yaml'), readFileSync(at('E/portico-wipe.yaml'), 'utf8').replace(/^until:.*$/m, `until: ${inDays(40)}`));
  t.match(await run('check', 'E'), { code: 1, out: /at most 31 days/ });
  t.equal((await run('request', 'E', 'wipe', '--box', 'box.json', '--until', inDays(2))).code, 0);
  t.equal((await run('request', 'E', 'support', '--box', 'box-1234', '--until', inDays(2), '--ssh-key', 'it.pub')).code, 0);
  await run('keys', 'new', '--no-passphrase');
  t.match(await run('sign', 'E', '--key', 'portico-organisation.key'), { code: 0, out: /with the id box-123456789abc DESTROYS ALL ITS DATA[\s\S]*with the id box-1234 lets it@example\.cn log in/ });
  for (const name of ['portico-wipe.yaml', 'portico-support.yaml']) t.doesNotThrow(() => verifyFile(readFileSync(at('E', name)), readFileSync(at('E', `${name}.sig`)), null), name);
  t.equal((await run('request', 'E', 'wipe', '--box', 'box.json', '--until', inDays(3))).code, 0);
  t.notOk(existsSync(at('E', 'portico-wipe.yaml.sig')), 'a new request is not signed by the old one\'s signature');
});

t.test('a secret can be read by the one box only', async (t) => {
  const { at, run } = stick(t);
  const identity = await generateIdentity();
  writeFileSync(at('E', 'portico.yaml'), FULL);
  writeFileSync(at('E', 'portico.yaml.sig'), 'of before');
  writeFileSync(at('id'), '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n');
  t.match(await run('secret', 'E', 'sftpKey', '--file', 'id'), { code: 2, err: /box\.json cannot be read/ });
  writeFileSync(at('E', 'box.json'), '{"boxId":"box-1234"}');
  t.match(await run('secret', 'E', 'sftpKey', '--file', 'id'), { code: 1, err: /box_card_invalid/ });
  writeFileSync(at('E', 'box.json'), JSON.stringify({ boxId: 'box-1234', recipient: await identityToRecipient(identity), hostName: 'portico-njr' }));
  t.match(await run('secret', 'E', 'password', '--file', 'id'), { code: 2, err: /sftpKey, exportHmac, exportClientKey, exportSftpKey/ });
  t.match(await run('secret', 'E', 'sftpKey', '--file', 'nothing'), { code: 2, err: /cannot be read/ });
  t.equal((await run('secret', 'E', 'sftpKey', '--file', 'id')).code, 0);
  t.notOk(existsSync(at('E', 'portico.yaml.sig')), 'what was signed before is not what stands there now');
  t.notMatch(readFileSync(at('E', 'portico.yaml'), 'utf8'), 'hunter2');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const { value } = checkFile(SETTINGS_FILE, readFileSync(at('E', 'portico.yaml')));
  t.match(await decrypter.decrypt(armor.decode(value!.secrets!.sftpKey!), 'text'), /hunter2/);
});

const pems = certificates(temporaryDirectory(t));
t.test('keys for releases: what could not be one is refused while somebody can still look at it; what is missing is said', { skip: pems === null ? 'openssl is missing' : false }, async (t) => {
  const { leaf, leafKey } = pems!;
  const { at, run } = stick(t);
  const identity = await generateIdentity();
  await run('keys', 'new', '--no-passphrase');
  const yaml = at('E', 'portico.yaml');
  const settings = (rest: string) => `${FULL.replace(/^export:.*$/m, rest).replace(/ {2}exportHmac[\s\S]*$/, '')}`;
  writeFileSync(yaml, settings('export: { to: headOffice }'));
  writeFileSync(at('E', 'box.json'), JSON.stringify({ boxId: 'box-1234', recipient: await identityToRecipient(identity), hostName: 'portico-njr' }));
  for (const [name, text] of Object.entries({ short: 'hunter2', hmac: `${'0123456789abcdef'.repeat(2)}\r\n`, 'client.key': leafKey, words: 'hunter2hunter2', 'other.key': readFileSync(at('portico-organisation.key'), 'utf8') })) writeFileSync(at(name), text);
  const secret = (name: string, file: string) => run('secret', 'E', name, '--file', file);
  const opened = async (name: 'exportHmac' | 'exportClientKey') => {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    return decrypter.decrypt(armor.decode(checkFile(SETTINGS_FILE, readFileSync(yaml)).value!.secrets![name]!), 'text');
  };
  const sign = async () => (await run('sign', 'E', '--key', 'portico-organisation.key')).out;
  t.match(await sign(), 'Releases for head office: each night at 04:40, to https://hq.example.cn/portico/releases; head office knows the box by the signature in each release.');

  const before = readFileSync(yaml, 'utf8');
  const short = await secret('exportHmac', 'short');
  t.match(short, { code: 1, out: /portico\.yaml:1:1: exportHmac is shorter than 32 characters[\s\S]*Nothing was written/ });
  t.notMatch(short.out + short.err, 'hunter2');
  t.match(await secret('exportClientKey', 'client.key'), { code: 1, out: /export\.clientCertificate is missing[\s\S]*Write it first/ });
  t.equal(readFileSync(yaml, 'utf8'), before);
  t.equal((await secret('exportHmac', 'hmac')).code, 0);
  t.equal(await opened('exportHmac'), '0123456789abcdef'.repeat(2), 'as head office has it, without the end of line');
  t.match(await sign(), /releases, signed with exportHmac\.\n/);

  writeFileSync(yaml, settings(`export: { to: headOffice, at: "05:00", clientCertificate: ${JSON.stringify(leaf)} }`));
  t.match(await sign(), /each night at 05:00, to https:\/\/hq\.example\.cn\/portico\/releases, its client certificate's key, exportClientKey, IS MISSING\./);
  t.match(await secret('exportClientKey', 'words'), { code: 1, out: /not a private key in PEM form without a passphrase/ });
  t.match(await secret('exportClientKey', 'other.key'), { code: 1, out: /not the key of export\.clientCertificate/ });
  t.equal((await secret('exportClientKey', 'client.key')).code, 0);
  t.equal(await opened('exportClientKey'), leafKey);
  t.match(await sign(), /releases, with its client certificate\.\n/);
  mkdirSync(at('F'));
  t.equal((await run('new', 'F', '--from', yaml, '--store-id', 'BJ-01', '--store-name', '北京店', '--host-name', 'portico-bj')).code, 0);
  const { value } = checkFile(SETTINGS_FILE, readFileSync(at('F', 'portico.yaml')));
  t.match(value, { export: { to: 'headOffice', at: '05:00' } });
  t.notOk('clientCertificate' in value!.export! || 'secrets' in value!, 'another box shows another certificate');

  writeFileSync(yaml, settings('export: { to: usb }'));
  t.match(await sign(), 'to the disk PORTICO-OUT.');
  writeFileSync(yaml, settings(`export: { to: "sftp://u@files.example.cn/in", hostKey: "SHA256:${'A'.repeat(43)}" }`));
  t.match(await sign(), 'to files.example.cn; its key, exportSftpKey, IS MISSING.');
  writeFileSync(yaml, settings('# nothing'));
  t.match(await sign(), 'Releases for head office: NONE.');
});

t.test('what is commented out in a new file fits as it stands', async (t) => {
  const { at, run } = stick(t);
  t.equal((await run('new', 'E', ...STORE)).code, 0);
  const text = readFileSync(at('E', 'portico.yaml'), 'utf8');
  const example = /^# export:\n(?:# {3}.*\n)+/m.exec(text)![0];
  const { problems, value } = checkFile(SETTINGS_FILE, Buffer.from(text.replace(example, example.replaceAll(/^# /gm, '')).replace('# headOffice:', 'headOffice:')));
  t.strictSame(problems, []);
  t.match(value, { export: { to: 'headOffice', tiers: [/./], teams: [/./, /./] } });
});

t.test('a model pack on the stick is read whole, and named in what is signed', async (t) => {
  const { at, run } = stick(t);
  await run('keys', 'new', '--no-passphrase');
  writeFileSync(at('E', 'portico.yaml'), FULL.replace('pack: builtin', 'pack: own'));
  const sign = () => run('sign', 'E', '--key', 'portico-organisation.key');
  t.match(await sign(), { code: 1, out: /no folder models\/own/ });
  cpSync(join(packageRoot(), 'models/files'), at('E', 'models', 'own'), { recursive: true, filter: (path) => !path.includes('as-fetched') });
  const manifest = JSON.parse(readFileSync(join(packageRoot(), 'models/manifest.json'), 'utf8')) as { models: { file: string; bytes: number; sha256: string; rewrite?: { bytes: number; sha256: string } }[] };
  const listed = { ...manifest, models: manifest.models.map(({ rewrite, ...model }) => ({ ...model, ...(rewrite === undefined ? {} : { bytes: rewrite.bytes, sha256: rewrite.sha256 }) })) };
  writeFileSync(at('E', 'models', 'own', 'manifest.json'), JSON.stringify(listed));
  const whole = await sign();
  t.equal(whole.code, 0, whole.out);
  t.match(readFileSync(at('E', 'portico.yaml'), 'utf8'), /manifestSha256: [0-9a-f]{64}/);
  writeFileSync(at('E', 'models', 'own', 'manifest.json'), JSON.stringify(listed, null, 1));
  t.match(await run('check', 'E'), { code: 1, out: /model pack is not the one/ });
  const model = readFileSync(at('E', 'models', 'own', listed.models[0]!.file));
  model[model.length >> 1]! ^= 1;
  writeFileSync(at('E', 'models', 'own', listed.models[0]!.file), model);
  t.match(await sign(), { code: 1, out: /not the one that its manifest names/ });
});
