/** The box's name on a LAN of two machines: real multicast over a cable between two network namespaces. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadConfig } from '../../appliance/config/index.js';
import { temporaryDirectory } from '../support/scratch.js';

const PEER = fileURLToPath(new URL('./mdnsPeer.js', import.meta.url));
const SCRIPT = join(fileURLToPath(new URL('../../../', import.meta.url)), 'test/server/mdns.sh');
const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LANG: 'C.UTF-8' };
const WAIT_MS = 20_000;

const possible = spawnSync('unshare', ['--net', '--uts', 'sh', SCRIPT, 'true'], { encoding: 'utf8', timeout: 20_000, env });
const skip = possible.status === 0 ? false : `no two network namespaces can be joined here: ${(possible.error?.message ?? possible.stderr).trim().split('\n').at(-1)}`;

/** A process that talks in lines, each waited for in turn. */
class Talker {
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  constructor(command: string, args: string[]) {
    this.child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) createInterface(stream).on('line', (line) => this.lines.push(line));
  }
  /** The first line from `from` on that matches. */
  async until(pattern: RegExp, from = 0): Promise<string> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      const found = this.lines.slice(from).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (Date.now() > end || this.child.exitCode !== null) throw new Error(`no line like ${pattern}: ${this.lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await gone;
  }
}

t.test('as delivered nothing may be sent to the LAN\'s group; with the name on, that address and no other', async (t) => {
  t.strictSame(loadConfig({}).egressAllow, []);
  t.strictSame(loadConfig({ PORTICO_MDNS: 'true' }).egressAllow, ['224.0.0.251']);
});

t.test('two machines on a cable', { skip, timeout: 120_000 }, async (t) => {
  // A shell here and one over there, for as long as the test lasts.
  const wires = new Talker('unshare', ['--net', '--uts', 'sh', SCRIPT, 'sh', '-c', 'echo "shell $$ $BESIDE"; cat']);
  t.teardown(() => { wires.child.stdin!.end(); });
  const [, here, there] = (await wires.until(/^shell /)).split(' ') as [string, string, string];
  const on = (machine: string, ...args: string[]) => {
    const talker = new Talker('nsenter', ['-t', machine, '-n', '-u', ...args]);
    t.teardown(() => talker.end());
    return talker;
  };
  const peer = (machine: string, ...args: string[]) => on(machine, process.execPath, PEER, ...args);
  const run = (machine: string, ...args: string[]) => spawnSync('nsenter', ['-t', machine, '-n', '-u', ...args], { env });
  const ask = async (name: string) => JSON.parse(await peer(there, 'ask', name).until(/addresses/)) as { addresses: string[] };

  await t.test('nobody answers to a name that nobody has', async (t) => {
    t.strictSame(await ask('portico-njr.local'), { addresses: [] });
  });

  await t.test('where another machine has the name, the box says so, takes no other, and takes it once it is free', async (t) => {
    const squatter = peer(there, 'squat', 'portico-njr.local');
    await squatter.until(/squatting/);
    const box = peer(here, 'tell');
    t.match(JSON.parse(await box.until(/conflict/)), { name: 'portico-njr.local', state: 'conflict', takenBy: ['192.168.77.2'] });
    t.notOk(box.lines.some((line) => line.includes('"published"')));
    squatter.child.kill('SIGKILL');
    await box.until(/"published"/);
    t.strictSame(await ask('portico-njr.local'), { addresses: ['192.168.77.1'] }, 'no IPv6: nothing listens there');

    const seen = box.lines.length;
    run(here, 'ip', 'addr', 'add', '192.168.77.9/24', 'dev', 'cable0');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    t.ok((await ask('portico-njr.local')).addresses.includes('192.168.77.9'), 'a new address is told');
    run(here, 'ip', 'addr', 'del', '192.168.77.9/24', 'dev', 'cable0');
    run(here, 'hostname', 'portico-west');
    await box.until(/portico-west.*published/, seen);
    t.strictSame(await ask('portico-west.local'), { addresses: ['192.168.77.1'] });
    run(here, 'hostname', 'portico-njr');
    await box.end();
  });

  await t.test('somebody who claims the name with a thousand addresses fills nothing', async (t) => {
    const flood = peer(there, 'flood', 'portico-njr.local');
    await flood.until(/flooding/);
    const box = peer(here, 'tell');
    await box.until(/conflict/);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const kept = box.lines.map((line) => (JSON.parse(line) as { takenBy: string[] }).takenBy.length);
    t.equal(Math.max(...kept), 8, 'the first few are told, to find it by');
    await flood.end();
    await box.end();
  });

  await t.test('who is not of the allowed LAN is not answered at all, and the metrics are for who may read them', async (t) => {
    const data = temporaryDirectory(t);
    const status = (machine: string, path: string, of = '192.168.77.1') =>
      run(machine, 'curl', '-sk', '--max-time', '5', '-o', '/dev/null', '-w', '%{http_code}', `https://${of}:8443${path}`).stdout.toString();
    const boxWith = async (...settings: string[]) => {
      const box = peer(here, 'box', data, ...settings);
      await box.until(/"msg":"READY"/);
      return box;
    };
    const outside = await boxWith('192.168.78.0/24', '192.168.77.2');
    t.equal(status(there, '/metrics'), '000', 'closed, whatever is asked for');
    t.equal(status(there, '/healthz'), '000');
    t.equal(status(here, '/healthz', '127.0.0.1'), '200', 'the machine itself always may');
    await outside.end();
    const inside = await boxWith('192.168.77.0/24');
    t.equal(status(there, '/metrics'), '404', 'in the store, but nobody was allowed to');
    t.equal(status(there, '/console/report'), '404');
    t.equal(status(there, '/healthz'), '200');
    t.equal(status(here, '/metrics', '127.0.0.1'), '200');
    t.equal(status(here, '/metrics'), '200', 'this machine under its own address');
    await inside.end();
    const allowed = await boxWith('192.168.77.0/24', '192.168.77.2');
    t.equal(status(there, '/metrics'), '200');
    await allowed.end();
  });

  await t.test('the box itself is found by name, and its certificate follows the name', async (t) => {
    const data = temporaryDirectory(t);
    const box = peer(here, 'box', data);
    await box.until(/tells its name/);
    t.match(JSON.parse(await peer(there, 'find').until(/\{/)), { host: 'portico-njr.local', names: /DNS:portico-njr\.local/ });
    await box.end();
    t.strictSame(await ask('portico-njr.local'), { addresses: [] }, 'it said goodbye');
    run(here, 'hostname', 'portico-east');
    const again = peer(here, 'box', data);
    await again.until(/tells its name/);
    t.match(JSON.parse(await peer(there, 'find').until(/\{/)), { host: 'portico-east.local', names: /DNS:portico-east\.local/ });
    t.notOk(again.lines.some((line) => /egress|was refused/.test(line)), 'the guard lets it through');
    await again.end();
  });
});
