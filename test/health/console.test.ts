/** `portico health` and `portico support-bundle` against a real box, and what keeps others from being told the same. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import t, { type Test } from 'tap';
import { BoxReport, type ErrorBody } from '../../appliance/contract/index.js';
import { packageRoot } from '../../models/manifest.js';
import { startBox } from '../support/box.js';
import { temporaryDirectory } from '../support/scratch.js';

const logs = temporaryDirectory(t);
const box = await startBox(t, { settings: { PORTICO_LOG_DIR: logs, PORTICO_STORE_NAME: '静安寺旗舰店', PORTICO_HOST_NAMES: 'jingan.local' } });
const port = new URL(box.url).port;
writeFileSync(join(logs, 'portico.2026-01-02.1.log'), '{"msg":"newer"}\n');

function portico(dataDirectory: string, ...line: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], PORTICO_DATA_DIR: dataDirectory, PORTICO_PORT: port, PORTICO_LOG_DIR: logs, PORTICO_STORE_NAME: '静安寺旗舰店' };
    const child = execFile(process.execPath, [join(packageRoot(), 'dist/cli/portico.js'), ...line], { env }, (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
  });
}

t.test('from elsewhere in the store, or without the token, there is nothing at these addresses', async (t) => {
  const token = readFileSync(join(box.dataDirectory, 'console-token'), 'utf8');
  t.equal(statSync(join(box.dataDirectory, 'console-token')).mode & 0o777, 0o600);
  for (const [method, path] of [['GET', '/console/report'], ['POST', '/console/checks'], ['POST', '/console/support-bundle'], ['POST', '/console/pairing-codes/device'], ['POST', '/console/pairing-codes/owner']] as const) {
    for (const authorization of ['', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, 'Bearer null']) {
      const { status, body } = await box.stranger().send<ErrorBody>(method, path, undefined, { authorization });
      t.strictSame([status, body.code], [404, 'not_found'], `${path} ${authorization.slice(0, 8)}`);
    }
  }
  t.equal((await box.owner.send('GET', '/console/report')).status, 404, 'a session is not what is asked for');
  const told = await box.stranger().send<BoxReport>('GET', '/console/report', undefined, { authorization: `Bearer ${token}` });
  t.equal(told.status, 200);
});

t.test('a box that does not run, or is another one, is told from one that is well', async (t) => {
  const empty = temporaryDirectory(t);
  const nothing = await portico(empty, 'health', '--json');
  t.equal(nothing.code, 1);
  t.equal((JSON.parse(nothing.out) as { error: ErrorBody }).error.code, 'box_not_running');
  // The root of this one and a token of nobody: another user's box.
  mkdirSync(join(empty, 'tls'));
  writeFileSync(join(empty, 'tls', 'root.crt'), readFileSync(join(box.dataDirectory, 'tls', 'root.crt')));
  writeFileSync(join(empty, 'console-token'), 'x'.repeat(43));
  t.match((await portico(empty, 'health')).err, /box_not_ours/);
});

t.test('portico health says each check in words, and by its exit code whether somebody is needed', async (t) => {
  for (let tries = 0; tries < 50 && (await box.stranger().send('GET', '/readyz')).status !== 200; tries++) await setTimeout(100);
  const { code, out, err } = await portico(box.dataDirectory, 'health');
  t.equal(err, '');
  t.equal(code, 3, 'backups are not set up');
  t.match(out, /look at +backup +Backups are not set up/);
  t.match(out, /fine +models +The recognition models pass their self-test/);
  t.notMatch(out, /\{\w+\}/, 'every number is filled in');
  const slow = JSON.parse((await portico(box.dataDirectory, 'health', '--check', '--json')).out) as BoxReport & { checks: { words: string }[] };
  t.match(slow.checks.find(({ id }) => id === 'database'), { state: 'ok', reason: 'fine', words: /The data is whole/ });
});

t.test('portico pair lets another iPad in once, and makes no owner where there is one', async (t) => {
  const refused = await portico(box.dataDirectory, 'pair', '--owner');
  t.equal(refused.code, 1);
  t.match(refused.err, /owner_exists/);
  const { code, out, err } = await portico(box.dataDirectory, 'pair', '--json');
  t.equal(code, 0, err);
  const made = JSON.parse(out) as { code: string; url: string };
  t.ok(made.url.endsWith(`/pair#${made.code}`));
  t.equal((await box.stranger().send('POST', '/api/v1/pairings', { code: made.code, deviceName: '新 iPad' })).status, 201);
  t.match((await box.stranger().send<ErrorBody>('POST', '/api/v1/pairings', { code: made.code, deviceName: '再来' })).body, { code: 'pairing_code_invalid' }, 'once');
});

async function readBundle(t: Test, file: string, running: boolean): Promise<string> {
  const { code, out, err } = await portico(box.dataDirectory, 'support-bundle', file);
  t.equal(err, '');
  t.equal(code, 0);
  t.equal(/does not run/.test(out), !running);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const files = unzipSync(readFileSync(file));
  t.strictSame(Object.keys(files).filter((name) => name !== 'units.txt').sort(),
    ['README.txt', 'database.json', 'log.jsonl', ...(running ? ['report.json'] : []), 'settings.json', 'versions.json']);
  return Object.values(files).map((bytes) => Buffer.from(bytes).toString('utf8')).join('\n');
}

t.test('a support bundle has nothing about anybody in it, whether the box runs or not', async (t) => {
  const secrets = ['王小明', '王先生', '13800138000', '不吃花生', '静安寺', 'jingan', '店长'];
  const customer = await box.owner.call<{ id: string }>('POST', '/customers', { displayName: '王小明', salutation: '王先生', phone: '13800138000' });
  await box.owner.call('POST', `/customers/${customer.id}/notes`, { text: '不吃花生' });
  const folder = temporaryDirectory(t);
  writeFileSync(join(folder, 'there.zip'), 'mine');
  t.equal((await portico(box.dataDirectory, 'support-bundle', join(folder, 'there.zip'))).code, 2, 'never over something that is there');
  t.equal(readFileSync(join(folder, 'there.zip'), 'utf8'), 'mine');

  const token = readFileSync(join(box.dataDirectory, 'console-token'), 'utf8');
  const key = readFileSync(join(box.dataDirectory, 'db-key'), 'utf8').trim();
  const texts = [await readBundle(t, join(folder, 'running.zip'), true)];
  await box.stop();
  t.notOk(existsSync(join(box.dataDirectory, 'console-token')), 'the token goes with the box');
  texts.push(await readBundle(t, join(folder, 'stopped.zip'), false));
  for (const text of texts) {
    for (const secret of [...secrets, token, key]) t.notOk(text.includes(secret), secret);
    t.notMatch(text, /PRIVATE KEY|AGE-SECRET|__Host-portico/);
    t.match(text, /"customer": 1/, 'how many rows there are it says');
    t.match(text, /"msg":"newer"/);
    t.match(text, /"storeName": "\(set\)"/);
  }
});
