/** The units: right in systemd's eyes, no more open than their table says, and the table says why. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { commandsFor, HOST_NAME, OUTSIDE } from '../../provisioning/render.js';
import { placesBelow } from '../../updates/index.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const UNITS = join(ROOT, 'systemd');
const services = readdirSync(UNITS).filter((name) => name.endsWith('.service')).sort();
const timers = readdirSync(UNITS).filter((name) => name.endsWith('.timer'));
const text = (name: string) => readFileSync(join(UNITS, name), 'utf8');
const readme = text('README.md');
const major = Number(/\d+/.exec(spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0] ?? 0);
const skip = major === 0 ? 'systemd-analyze is missing' : major < 252 ? `systemd ${major} does not know --offline with all of this` : false;

interface Finding { set: boolean | null; name: string; exposure: string | null }
const shortName = (unit: string) => unit.replace(/^portico-/, '').replace(/\.service$/, '');
const rows = (heading: string) => readme.slice(readme.indexOf(heading)).split('\n').slice(2).join('\n').split(/\n(?!\|)/)[0]!.split('\n')
  .filter((line) => line.startsWith('|')).map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|')));

function analysed(unit: string, limit: number, folder = UNITS): { findings: Finding[]; exceeds: boolean; exposure: number } {
  const { stdout, status } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', '--json=short', `--threshold=${Math.round(limit * 10)}`, join(folder, unit)], { encoding: 'utf8' });
  const overall = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', join(folder, unit)], { encoding: 'utf8', env: { ...process.env, SYSTEMD_COLORS: '0' } }).stdout;
  return { findings: JSON.parse(stdout) as Finding[], exceeds: status !== 0, exposure: Number(/: (\d+\.\d)/.exec(overall)?.[1]) };
}
const openOf = (findings: readonly Finding[]) => findings.filter(({ set, exposure }) => set === false && Number(exposure) > 0).map(({ name }) => name);
const limits = new Map(rows('| unit |').map(([unit, , , limit]) => [/`([^`]+)`/.exec(unit!)![1]!, Number(limit)]));

t.test('a unit that is open is found out', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-units-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'portico.service'), text('portico.service').replace('ProtectSystem=strict\n', '').replace('CapabilityBoundingSet=\n', ''));
  const { findings, exceeds } = analysed('portico.service', limits.get('portico.service')!, folder);
  t.ok(exceeds, 'over its figure');
  t.ok(openOf(findings).includes('ProtectSystem='));
});

t.test('systemd finds nothing wrong with any unit', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-units-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'units'));
  for (const name of [...services, ...timers]) {
    // The programs are not where the package puts them.
    writeFileSync(join(folder, 'units', name), text(name).replaceAll('/opt/portico/current/bin/node', process.execPath).replaceAll('/usr/lib/portico/', join(UNITS, 'libexec/')));
  }
  const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...[...services, ...timers].map((name) => join(folder, 'units', name))],
    { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: `${join(folder, 'units')}:` } });
  const ours = `${stdout}${stderr}`.split('\n').filter((line) => /portico/.test(line));
  t.strictSame(ours, []);
  t.equal(status, 0);
});

t.test('no unit is more open than its figure, and each has one', { skip }, async (t) => {
  t.strictSame([...limits.keys()].sort(), services);
  for (const unit of services) {
    const { exposure, exceeds } = analysed(unit, limits.get(unit)!);
    t.notOk(exceeds, `${unit}: ${exposure} of at most ${limits.get(unit)!}`);
  }
  for (const unit of ['portico.service', 'portico-update-fetch.service']) t.ok(limits.get(unit)! <= 1.5, `${unit}: what runs long, or speaks to the world`);
});

t.test('whatever is open stands in the table with its reason, and nothing else does', { skip: skip || (major === 252 ? false : `the table is of systemd 252, this is ${major}`) }, async (t) => {
  const table = new Map(rows('| open |').map(([name, units, why]) => [name!.replaceAll('`', ''), { units: units === 'all' ? services.map(shortName) : units!.split(' '), why: why! }]));
  const found = new Map<string, string[]>();
  for (const unit of services) for (const name of openOf(analysed(unit, 10).findings)) found.set(name, [...(found.get(name) ?? []), shortName(unit)]);
  t.strictSame([...table.keys()].sort(), [...found.keys()].sort());
  for (const [name, units] of found) {
    t.strictSame([...(table.get(name)?.units ?? [])].sort(), units.sort(), name);
    t.ok((table.get(name)?.why.length ?? 0) > 20, `${name}: says why`);
  }
});

t.test('what no analysis looks at: cores, swap, the key, the watchdog, bounds in time', async (t) => {
  const all = services.map((name) => [name, text(name)] as const);
  for (const [name, unit] of all) {
    t.match(unit, /^LimitCORE=0$/m, name);
    t.match(unit, /^MemorySwapMax=0$/m, name);
    // A wipe ends when all is gone: killed before, it would begin anew at each start.
    t.match(unit, name === 'portico-wipe.service' ? /^TimeoutStartSec=infinity$/m : /^TimeoutStartSec=\d+$/m, `${name} does not hang for ever`);
    t.notMatch(unit, /SetCredential=|Environment=.*(KEY|SECRET|PASSWORD)/i, `${name} has no secret in it`);
  }
  t.match(text('portico-wipe.service'), /^Before=portico-firstboot\.service /m, 'a wipe ends before anything makes new keys');
  const main = text('portico.service');
  for (const line of ['Type=notify', 'WatchdogSec=90', 'Restart=on-failure', 'RestartSec=10', 'StartLimitIntervalSec=900', 'StartLimitBurst=60', 'StartLimitAction=reboot', 'LoadCredentialEncrypted=db-key:/etc/credstore.encrypted/portico-db-key', 'User=portico', 'AmbientCapabilities=', 'IPAddressDeny=any']) {
    t.ok(main.split('\n').includes(line), line);
  }
  t.match(text('portico.tmpfiles'), /^d \/var\/lib\/portico 0700 portico portico$/m);
});

t.test('what root does for a stick, an update and a wipe reaches all that they write, in spite of ProtectSystem=strict', async (t) => {
  const places = placesBelow('/');
  const { releases, settings, data, state, incoming, logs, credentials, hostSecret } = places;
  const reach = (unit: string) => /^ReadWritePaths=(.*)$/m.exec(text(unit))![1]!.split(' ').map((path) => path.replace(/^-/, ''));
  const isReached = (unit: string, path: string) => reach(unit).some((each) => path === each || path.startsWith(`${each}/`));
  t.notOk(isReached('portico-stick@.service', '/var/log'), 'no more than that');
  for (const unit of ['portico-stick@.service', 'portico-update.service']) for (const path of [releases, settings, data, state, incoming, logs, credentials]) t.ok(isReached(unit, path), `${unit}: ${path}`);
  // The folder: a file that is bound on its own cannot be taken away.
  for (const unit of ['portico-stick@.service', 'portico-wipe.service']) for (const path of [settings, data, state, incoming, logs, credentials, dirname(hostSecret), ...OUTSIDE.keys()]) t.ok(isReached(unit, path), `${unit}: ${path}`);
  for (const path of [releases, data, state, incoming]) t.ok(isReached('portico-update-apply.service', path), path);
});

t.test('whoever writes the host name may set it: what starts later in that boot goes by the one that is set', { skip: spawnSync('unshare', ['--uts', 'true']).status === 0 ? false : 'no host name of a test\'s own here' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-units-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'hostname');
  writeFileSync(file, 'portico\n');
  const command = commandsFor([HOST_NAME])[0]!.map((word) => (word === HOST_NAME ? file : word)).join(' ');
  for (const unit of ['portico-stick@.service', 'portico-wipe.service']) {
    const caps = /^CapabilityBoundingSet=(.*)$/m.exec(text(unit))![1]!.split(' ').map((cap) => `+${cap.replace('CAP_', '').toLowerCase()}`).join(',');
    const { stdout } = spawnSync('unshare', ['--uts', 'sh', '-c', `hostname portico-njr; setpriv --bounding-set -all,${caps} ${command}; hostname`], { encoding: 'utf8' });
    t.equal(stdout, 'portico\n', unit);
    // What else would forbid it, or do it where nobody sees it.
    t.notMatch(text(unit), /^ProtectHostname=/m, unit);
    t.match(text(unit), /^SystemCallFilter=.*\bsethostname\b/m, unit);
  }
});

t.test('only volumes with our two names on USB start anything', async (t) => {
  const rules = text('60-portico.rules').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  t.equal(rules.length, 4);
  t.match(rules[0], /SUBSYSTEM=="block", SUBSYSTEMS=="usb", ENV\{PORTICO_USB\}="1"$/, 'by where the device hangs: ID_BUS is "ata" in some enclosures');
  for (const rule of rules.slice(1)) {
    t.match(rule, /ENV\{PORTICO_USB\}=="1"/);
    t.match(rule, /ENV\{ID_FS_LABEL\}=="PORTICO(-BAK|-OUT)?"/);
    const unit = /SYSTEMD_WANTS\}\+="(portico-[a-z-]+@)%k\.service"/.exec(rule)?.[1];
    t.ok(services.includes(`${unit}.service`), `${unit} is there`);
  }
});

t.test('a stick of another name, and a name that is no device, are refused before anything is mounted', async (t) => {
  for (const [script, ...words] of [['stick', 'mount'], ['disk', 'mount', 'backup'], ['disk', 'mount', 'export']] as const) {
    for (const name of ['../etc/passwd', '', 'sd a', '$(id)', 'no-such-device-0']) {
      const { status, stderr } = spawnSync('sh', [join(UNITS, 'libexec', script), ...words, name], { encoding: 'utf8' });
      t.not(status, 0, `${script} ${words.join(' ')}: ${name}`);
      t.match(stderr, /not the name of a block device|not there any more/);
    }
  }
});

t.test('scripts pass shellcheck', { skip: spawnSync('shellcheck', ['--version']).status === 0 ? false : 'shellcheck is missing' }, async (t) => {
  const scripts = ['systemd/libexec/stick', 'systemd/libexec/disk', 'packaging/deb/portico', 'packaging/deb/postinst', 'packaging/deb/prerm', 'packaging/deb/postrm'];
  t.doesNotThrow(() => execFileSync('shellcheck', scripts, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] }));
});
