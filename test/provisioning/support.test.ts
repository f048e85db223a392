/** Requests: support access that ends by itself, and a wipe. Neither comes with settings alone. (What a wipe does: stickWipe.test.ts.) */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settleBox } from '../../provisioning/box.js';
import { machineThat, newBox, NOW, OTHER, put, settingsText } from '../support/stick.js';

const SSH_KEY = `ssh-ed25519 ${'A'.repeat(68)} it@hq`;
const HOUR_MS = 3_600_000;
const support = (until: number, more = 'store: SH-NJR-01') => `kind: support\nversion: 1\n${more}\nuntil: ${new Date(until).toISOString().slice(0, 19)}Z\nsshKey: ${SSH_KEY}\n`;
const wipe = (until: number, more = 'store: SH-NJR-01') => `kind: wipe\nversion: 1\n${more}\nuntil: ${new Date(until).toISOString().slice(0, 19)}Z\n`;
const keys = (root: string) => join(root, 'etc/portico/support_keys');

t.test('settings open nothing; a request of nobody, of others, for others, or that is over opens nothing', async (t) => {
  const box = await newBox(t);
  put(box.stick, support(NOW + HOUR_MS), { name: 'portico-support.yaml' });
  t.match(await box.apply(), { outcome: 'refused', code: 'stick_request_refused' }, 'the box belongs to nobody yet');
  execFileSync('rm', [join(box.stick, 'portico-support.yaml'), join(box.stick, 'portico-support.yaml.sig')]);
  put(box.stick, settingsText(1));
  t.match(await box.apply(), { outcome: 'applied', requests: [] });
  t.notOk(existsSync(keys(box.root)), 'closed');

  const refused: [string, Parameters<typeof put>[2], object][] = [
    [support(NOW + HOUR_MS), { key: null }, { code: 'stick_unsigned' }],
    [support(NOW + HOUR_MS), { key: OTHER }, { code: 'stick_other_organisation' }],
    [support(NOW - 1_000), {}, { code: 'stick_request_refused', problems: [{ line: 4 }] }],
    [support(NOW + 9 * 24 * HOUR_MS), {}, { code: 'stick_request_refused' }],
    [support(NOW + HOUR_MS, 'store: ELSEWHERE'), {}, { code: 'stick_request_refused', problems: [{ line: 3 }] }],
    [support(NOW + HOUR_MS, 'box: box-000000000000'), {}, { code: 'stick_request_refused' }],
    [settingsText(5), {}, { code: 'stick_invalid' }],
  ];
  for (const [text, options, expected] of refused) {
    put(box.stick, text, { ...options, name: 'portico-support.yaml' });
    t.match(await box.apply(), { outcome: 'refused', ...expected });
    t.notOk(existsSync(keys(box.root)), 'closed');
  }
});

t.test('SSH that does not start, or an end that cannot be set, is no support: told as not done, and closed', async (t) => {
  for (const broken of ['start', 'systemd-run']) {
    const box = await newBox(t);
    put(box.stick, settingsText(1));
    await box.apply();
    put(box.stick, support(NOW + 2 * HOUR_MS), { name: 'portico-support.yaml' });
    const system = machineThat(() => true);
    const ran: string[][] = [];
    const run = async (command: readonly string[]) => { ran.push([...command]); return !command.includes(broken); };
    t.match(await box.apply({ system: { ...system, run } }), { requests: [{ kind: 'support', done: false, code: 'support_not_opened' }], warnings: [{ code: 'command_failed' }] }, broken);
    t.match(JSON.parse(readFileSync(box.paths.stickJson, 'utf8')), { outcome: 'refused', errorCode: 'support_not_opened' });
    t.strictSame(ran.slice(-2), [['systemctl', 'stop', 'ssh.service'], ['loginctl', 'terminate-user', 'portico-support']]);
    t.notOk(existsSync(keys(box.root)) || existsSync(box.paths.supportGrant), 'closed');
  }
});

t.test('support is open until its end, for that key, and closed again by itself', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  put(box.stick, support(NOW + 2 * HOUR_MS), { name: 'portico-support.yaml' });
  const system = machineThat(() => true);
  t.match(await box.apply({ system }), { outcome: 'unchanged', requests: [{ kind: 'support', done: true }] });
  const said = readFileSync(join(box.stick, 'portico-result.txt'), 'utf8');
  t.match(said, /已开启远程支持（SSH）。设置没有改动。[\s\S]*Support access \(SSH\) was opened\. The settings were not changed\./);
  t.notMatch(said, 'Nothing was changed', 'SSH was opened');
  t.equal(box.read('/etc/portico/support_keys'), `restrict,pty,expiry-time="20261120100000Z" ${SSH_KEY}\n`);
  t.equal(statSync(keys(box.root)).mode & 0o777, 0o644, 'sshd reads it only when nobody else can write it');
  t.match(system.ran[0], ['systemctl', 'start', 'ssh.service']);
  t.match(system.ran[2], ['systemd-run', /support-end/, '--collect', '--on-calendar=2026-11-20 10:00:00 UTC', '/usr/bin/portico', 'provision', 'settle']);

  box.clock.move(HOUR_MS);
  system.ran.length = 0;
  t.match(await settleBox({ ...box, system }), { support: 'open' }, 'a restart in between opens it again');
  t.match(system.ran[0], ['systemctl', 'start', 'ssh.service']);
  box.clock.move(HOUR_MS);
  system.ran.length = 0;
  t.match(await settleBox({ ...box, system }), { support: 'closed' });
  t.strictSame(system.ran, [['systemctl', 'stop', 'ssh.service'], ['loginctl', 'terminate-user', 'portico-support']]);
  t.notOk(existsSync(keys(box.root)));
  t.notOk(existsSync(box.paths.supportGrant));
  t.match(await box.apply({ system }), { outcome: 'refused', code: 'stick_request_refused' }, 'the stick that is still plugged in does not open it again');
});

/** With timers as systemd has them: none is made under a name that is there. */
function machineWithTimers() {
  const timers = new Set<string>();
  const system = machineThat(() => true);
  const run = async (command: readonly string[]) => {
    await system.run(command);
    const name = command.find((word) => word.startsWith('--unit='))?.slice('--unit='.length);
    if (name !== undefined) return !timers.has(name) && timers.add(name).size > 0;
    const stopped = command[1] === 'stop' ? /^(.+)\*\.timer$/.exec(command[2]!)?.[1] : undefined;
    for (const timer of timers) if (stopped !== undefined && timer.startsWith(stopped)) timers.delete(timer);
    return true;
  };
  return { ...system, run, timers };
}

t.test('the same stick seen again, while support is open, closes nothing; another request has an end of its own', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  await box.apply();
  put(box.stick, support(NOW + 2 * HOUR_MS), { name: 'portico-support.yaml' });
  const system = machineWithTimers();
  for (const time of ['first', 'second', 'third']) {
    t.match(await box.apply({ system }), { requests: [{ kind: 'support', done: true }], warnings: box.credentials === null ? [{}] : [] }, time);
    t.ok(existsSync(keys(box.root)) && existsSync(box.paths.supportGrant), `${time}: open`);
    t.strictSame([...system.timers], ['portico-support-end-20261120100000000']);
  }
  t.notOk(system.ran.some((command) => command.includes('ssh.service') && command.includes('stop')), 'nobody was thrown out');
  put(box.stick, support(NOW + 3 * HOUR_MS), { name: 'portico-support.yaml' });
  t.match(await box.apply({ system }), { requests: [{ done: true }] });
  t.strictSame([...system.timers], ['portico-support-end-20261120110000000']);
});

t.test('a key without its grant, a grant from the future, a grant that cannot be read: closed', async (t) => {
  const box = await newBox(t);
  for (const grant of [null, '{"until":"2027-01-01T00:00:00.000Z","openedAt":"2026-12-31T00:00:00.000Z"}', 'half of', '{"until":5}']) {
    put(box.root, SSH_KEY, { name: 'etc/portico/support_keys', key: null });
    if (grant !== null) writeFileSync(box.paths.supportGrant, grant);
    t.match(await settleBox(box), { support: 'closed', commands: [['systemctl', 'stop', 'ssh.service'], []] });
    t.notOk(existsSync(keys(box.root)), String(grant));
  }
});

t.test('a wipe is asked for by name, with its own signature, and nothing else of the stick is done then', async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1));
  const system = machineThat(() => true);
  await box.apply({ system });
  system.ran.length = 0;
  put(box.stick, wipe(NOW + HOUR_MS, 'box: box-000000000000'), { name: 'portico-wipe.yaml' });
  t.match(await box.apply({ system }), { outcome: 'refused', code: 'stick_request_refused' });
  put(box.stick, support(NOW + HOUR_MS), { name: 'portico-wipe.yaml' });
  t.match(await box.apply({ system }), { outcome: 'refused', code: 'stick_invalid' }, 'no signed file passes for another');
  t.strictSame(system.ran, []);

  put(box.stick, wipe(NOW + HOUR_MS, `box: ${box.first.boxId}`), { name: 'portico-wipe.yaml' });
  put(box.stick, settingsText(2, '', '新名字'));
  t.match(await box.apply({ system }), { outcome: 'unchanged', requests: [{ kind: 'wipe', done: false, code: null }] }, 'below another root nothing is destroyed');
  t.match(await box.apply({ system, dryRun: true }), { requests: [{ kind: 'wipe', done: false }] });
  t.equal(box.read('/etc/portico/portico.yaml'), settingsText(1));
});
