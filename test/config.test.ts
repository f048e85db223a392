import t from 'tap';
import { Check } from 'typebox/value';
import { isOpenAt, loadConfig, readOpeningHours } from '../appliance/config/index.js';
import { ReleaseParameters } from '../appliance/contract/index.js';
import { PorticoError } from '../appliance/kit/index.js';

function problemOf(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof PorticoError && error.code === 'config_invalid') return String(error.details?.['setting']);
    throw error;
  }
  return 'accepted';
}

t.test('without settings: the documented defaults, frozen', async (t) => {
  const config = loadConfig({});
  t.match(config, { port: 8443, trustPort: 8080, host: '0.0.0.0', timeZone: 'Asia/Shanghai', fpir: { known: 0.003, candidate: 0.03 }, databaseMaxBytes: null, demo: false });
  t.throws(() => { (config as { port: number }).port = 1; }, TypeError);
  t.throws(() => { (config.fpir as { known: number }).known = 1; }, TypeError);
  t.throws(() => { (config.hostNames as string[]).push('x'); }, TypeError);
});

t.test('what is set is what is used; what is not ours is left alone', async (t) => {
  const config = loadConfig({
    PORTICO_PORT: '9443', PORTICO_HOST_NAMES: ' box.local, 10.0.0.5 ,', PORTICO_DEMO: 'true', PORTICO_DB_MAX_MB: '2', PORTICO_VISIT_GAP_MINUTES: '0.5',
    PORTICO_TIME_ZONE: 'Europe/Berlin', HOME: '/root', CREDENTIALS_DIRECTORY: '/run/credentials/portico',
  });
  t.match(config, {
    port: 9443, demo: true, databaseMaxBytes: 2_097_152, visitGapMs: 30_000, timeZone: 'Europe/Berlin', credentialsDirectory: '/run/credentials/portico',
  });
  t.strictSame(config.hostNames, ['box.local', '10.0.0.5']);
  t.equal(loadConfig({ PORTICO_DEMO: 'false' }).demo, false);
});

t.test('a setting nobody knows stops the start', async (t) => {
  t.equal(problemOf({ PORTICO_PROT: '8443' }), 'PORTICO_PROT');
  t.equal(problemOf({ PORTICO_: '' }), 'PORTICO_');
});

t.test('a value that does not fit stops the start and never means something else', async (t) => {
  for (const value of ['abc', '', ' ', '8443x', '84 43', '65536', '-1', '80.5', 'true', 'false', 'NaN', 'Infinity', 'null', '８４４３']) {
    t.equal(problemOf({ PORTICO_PORT: value }), 'PORTICO_PORT', `port ${JSON.stringify(value)}`);
  }
  for (const value of ['abc', '', '0', '0.2', '-0.003', 'true', '0,003', '0.003%']) {
    t.equal(problemOf({ PORTICO_FPIR_KNOWN: value }), 'PORTICO_FPIR_KNOWN', `share ${JSON.stringify(value)}`);
  }
  for (const value of ['yes', 'on', '', '2', 'ja']) t.equal(problemOf({ PORTICO_DEMO: value }), 'PORTICO_DEMO', `demo ${JSON.stringify(value)}`);
  t.equal(problemOf({ PORTICO_LOG_LEVEL: 'verbose' }), 'PORTICO_LOG_LEVEL');
  t.equal(problemOf({ PORTICO_STORE_NAME: '' }), 'PORTICO_STORE_NAME');
  t.equal(problemOf({ PORTICO_STORE_NAME: 'x'.repeat(61) }), 'PORTICO_STORE_NAME');
  t.equal(problemOf({ PORTICO_DB_MAX_MB: '-5' }), 'PORTICO_DB_MAX_MB');
  t.equal(problemOf({ PORTICO_VISION_WORKERS: '1.5' }), 'PORTICO_VISION_WORKERS');
});

t.test('hosts outside are names or addresses, and none by default', async (t) => {
  t.strictSame(loadConfig({}).egressAllow, []);
  t.strictSame(loadConfig({ PORTICO_EGRESS_ALLOW: ' hq.example.cn, 203.0.113.7 ,2001:db8::1' }).egressAllow, ['hq.example.cn', '203.0.113.7', '2001:db8::1']);
  for (const value of ['*', '*.example.cn', 'https://hq.example.cn', 'hq.example.cn:443', 'a b', '-a.cn', 'a..cn', '/etc', `${'a'.repeat(64)}.cn`]) {
    t.equal(problemOf({ PORTICO_EGRESS_ALLOW: value }), 'PORTICO_EGRESS_ALLOW', value);
  }
});

t.test('time zones must exist', async (t) => {
  for (const zone of ['Mars/Olympus', 'Asia/Shangai', 'UTC+8', '']) t.equal(problemOf({ PORTICO_TIME_ZONE: zone }), 'PORTICO_TIME_ZONE', zone);
  t.equal(problemOf({ PORTICO_TIME_ZONE: 'America/Los_Angeles' }), 'accepted');
});

t.test('asking must not be stricter than naming', async (t) => {
  t.equal(problemOf({ PORTICO_FPIR_KNOWN: '0.05', PORTICO_FPIR_CANDIDATE: '0.01' }), 'PORTICO_FPIR_CANDIDATE');
});

t.test('the problem never quotes the value: it may be a secret in the wrong place', async (t) => {
  try {
    loadConfig({ PORTICO_PORT: 'hunter2' });
    t.fail('accepted');
  } catch (error) {
    t.notMatch(JSON.stringify((error as PorticoError).toBody()), /hunter2/);
  }
});

t.test('opening hours: the plain part of what OpenStreetMap writes', async (t) => {
  const openAt = (text: string, iso: string, timeZone = 'Asia/Shanghai') => isOpenAt(readOpeningHours(text), Date.parse(iso), timeZone);
  const hours = 'Mo-Fr 10:00-22:00; Sa,Su 09:00-02:00';
  t.equal(openAt(hours, '2026-11-23T02:00:00Z'), true, 'Monday, ten in Shanghai');
  t.equal(openAt(hours, '2026-11-23T14:00:00Z'), false, 'Monday, ten at night: closed at that minute');
  t.equal(openAt(hours, '2026-11-22T17:59:00Z'), true, 'Sunday night reaches into Monday');
  t.equal(openAt(hours, '2026-11-22T18:00:00Z'), false);
  t.equal(openAt('Sa-Mo 10:00-24:00', '2026-11-22T15:59:00Z'), true, 'a range over Sunday, until midnight');
  t.equal(openAt('', '2026-11-22T15:59:00Z'), null, 'not known');
  for (const text of ['Mo-Fr', 'Mo 25:00-26:00', 'Mo 10:00-10:00', 'mo 10:00-12:00', 'Mo 24:00-25:00', 'Mo 10-12', 'PH off']) {
    t.equal(problemOf({ PORTICO_OPENING_HOURS: text }), 'PORTICO_OPENING_HOURS', text);
  }
});

t.test('where backups go: whole or not at all', async (t) => {
  const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
  t.equal(loadConfig({}).backup, null);
  t.equal(problemOf({ PORTICO_BACKUP_TO: '/mnt' }), 'PORTICO_BACKUP_RECIPIENT');
  t.equal(problemOf({ PORTICO_BACKUP_RECIPIENT: recipient }), 'PORTICO_BACKUP_TO');
  t.equal(problemOf({ PORTICO_BACKUP_RECIPIENT: recipient, PORTICO_BACKUP_TO: 'sftp://box@nas.local/portico' }), 'PORTICO_BACKUP_HOST_KEY');
  const hostKey = `SHA256:${'A'.repeat(43)}`;
  for (const to of ['sftp://nas.local/portico', 'sftp://box:secret@nas.local/portico', 'sftp://box@nas.local/portico?x=1', 'sftp:', 'sftp://box@nas.local/a%zz', 'sftp://b%zzx@nas.local/a', 'SFTP://nas.local/portico', 'usb', 'backups/here', 'ftp://box@nas.local/portico']) {
    t.equal(problemOf({ PORTICO_BACKUP_RECIPIENT: recipient, PORTICO_BACKUP_TO: to, PORTICO_BACKUP_HOST_KEY: hostKey }), 'PORTICO_BACKUP_TO', to);
  }
  const config = loadConfig({ PORTICO_BACKUP_RECIPIENT: recipient, PORTICO_BACKUP_TO: 'sftp://box@nas.local:2222/portico', PORTICO_BACKUP_HOST_KEY: hostKey });
  t.match(config.backup, { to: { kind: 'sftp', user: 'box', host: 'nas.local', port: 2222, folder: '/portico', hostKey }, at: '02:40', keep: 14 });
  t.strictSame(config.egressAllow, ['nas.local'], 'the box may connect there, and nowhere else');
  const toOf = (to: string) => loadConfig({ PORTICO_BACKUP_RECIPIENT: recipient, PORTICO_BACKUP_TO: to, PORTICO_BACKUP_HOST_KEY: hostKey }).backup!.to;
  t.match(toOf('SFTP://box@nas.local/portico'), { kind: 'sftp', host: 'nas.local' });
  t.match(toOf('sftp://box@[fd00::1]:2222/portico'), { kind: 'sftp', host: 'fd00::1', port: 2222 });
  t.match(toOf('/mnt/backup'), { kind: 'folder', folder: '/mnt/backup' });
});

t.test('networks, terms, head office', async (t) => {
  const config = loadConfig({ PORTICO_ALLOWED_LAN: '192.168.1.0/24, fd00::/8,10.0.0.7', PORTICO_RETENTION_DAYS: 'visits=365,notes=30', PORTICO_HEAD_OFFICE_URL: 'https://hq.example.cn/portico/' });
  t.strictSame(config.allowedLan, ['192.168.1.0/24', 'fd00::/8', '10.0.0.7']);
  t.strictSame([...config.retentionDays], [['visits', 365], ['notes', 30]]);
  t.strictSame(config.egressAllow, ['hq.example.cn']);
  for (const text of ['192.168.1.0/33', 'box.local', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/x']) t.equal(problemOf({ PORTICO_ALLOWED_LAN: text }), 'PORTICO_ALLOWED_LAN', text);
  t.equal(problemOf({ PORTICO_RETENTION_DAYS: 'visits:365' }), 'PORTICO_RETENTION_DAYS');
  t.equal(problemOf({ PORTICO_HEAD_OFFICE_URL: 'http://hq.example.cn/' }), 'PORTICO_HEAD_OFFICE_URL');
});

t.test('what systemd tells is read here', async (t) => {
  t.match(loadConfig({ NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '60000000' }), { notifySocket: '/run/systemd/notify', watchdogMs: 60_000 });
  t.match(loadConfig({}), { notifySocket: null, watchdogMs: null });
});

const EXPORT = { PORTICO_STORE_ID: 'SH-NJR-01', PORTICO_EXPORT_TO: 'https://hq.example.cn/portico/releases' };

t.test('nothing is released until it is said where to; what else is said of it has to fit all the same', async (t) => {
  t.equal(loadConfig({}).export, null);
  t.equal(loadConfig({ PORTICO_EXPORT_AT: '05:00', PORTICO_EXPORT_TIERS: '金卡', PORTICO_EXPORT_PARAMETERS: 'epsilon=0.5,epsilonVisitor=0.2', PORTICO_EXPORT_HOST_KEY: `SHA256:${'A'.repeat(43)}`, PORTICO_EXPORT_MOUNTED: 'true' }).export, null);
  t.equal(loadConfig({ PORTICO_DAY_ENDS_AT: '11:00' }).export, null, 'a day that the parts as delivered do not fit is nobody\'s business then');
  t.equal(problemOf({ PORTICO_EXPORT_PARAMETERS: 'epsilon=2' }), 'PORTICO_EXPORT_PARAMETERS');
  t.equal(problemOf({ ...EXPORT, PORTICO_DAY_ENDS_AT: '11:00' }), 'PORTICO_EXPORT_PARAMETERS');
  t.equal(problemOf({ ...EXPORT, PORTICO_STORE_ID: '' }), 'PORTICO_STORE_ID');
});

t.test('as delivered a release has the documented numbers, frozen', async (t) => {
  const config = loadConfig(EXPORT);
  t.strictSame(config.export, {
    to: { kind: 'https', url: 'https://hq.example.cn/portico/releases' }, at: '04:40',
    parameters: {
      epsilon: 1, epsilonVisitor: 0.4, delta: 0.000001, crowdMin: 20, cellMin: 10, cellsPerPerson: 4, minutesMax: 180, stayEdges: [15, 45, 90], partEdges: ['12:00', '17:00'], tiers: [], teams: [], epsilonYearMax: 366,
    },
  });
  t.strictSame(config.egressAllow, ['hq.example.cn'], 'the box may connect there, and nowhere else');
  const { parameters, to } = config.export!;
  for (const each of [config.export!, to, parameters, parameters.stayEdges, parameters.tiers]) t.ok(Object.isFrozen(each));
  t.ok(Check(ReleaseParameters, { ...parameters, crowdWithNoise: 20 }), 'and they are what a manifest may say');
});

t.test('where releases go: one host, one disk or one server, with nothing secret in the address', async (t) => {
  const hostKey = `SHA256:${'A'.repeat(43)}`;
  const exported = (to: string) => loadConfig({ ...EXPORT, PORTICO_EXPORT_TO: to, PORTICO_EXPORT_HOST_KEY: hostKey, PORTICO_EXPORT_MOUNTED: 'true' });
  t.match(exported('sftp://box@nas.local:2222/releases'), { export: { to: { kind: 'sftp', user: 'box', host: 'nas.local', port: 2222, folder: '/releases', hostKey } }, egressAllow: ['nas.local'] });
  t.match(exported('/run/portico/export'), { export: { to: { kind: 'folder', folder: '/run/portico/export', mounted: true } }, egressAllow: [] });
  t.match(exported('HTTPS://HQ.example.cn:8443?store=1'), { export: { to: { kind: 'https', url: 'https://hq.example.cn:8443/?store=1' } }, egressAllow: ['hq.example.cn'] });
  for (const to of ['http://hq.example.cn/', 'https://', 'https:hq.example.cn', 'https://box@hq.example.cn/', 'https://box:secret@hq.example.cn/', 'https://:secret@hq.example.cn/', 'https://hq.example.cn/#x', ' https://hq.example.cn/', 'hq.example.cn',
    'usb', 'headOffice', 'releases/here', 'ftp://box@nas.local/', 'sftp://nas.local/releases', 'sftp://box:secret@nas.local/releases', 'sftp://box@nas.local/a%zz']) {
    t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_TO: to, PORTICO_EXPORT_HOST_KEY: hostKey }), 'PORTICO_EXPORT_TO', to);
  }
  t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_TO: 'sftp://box@nas.local/releases' }), 'PORTICO_EXPORT_HOST_KEY');
  t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_HOST_KEY: 'SHA256:short' }), 'PORTICO_EXPORT_HOST_KEY');
  for (const at of ['4:40', '24:00', '']) t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_AT: at }), 'PORTICO_EXPORT_AT', at);
  const error = t.throws(() => exported('https://box:hunter2@hq.example.cn/')) as PorticoError;
  t.notMatch(JSON.stringify(error.toBody()), 'hunter2');
});

t.test('the numbers of a release: what is not said stays, what protects nobody is refused', async (t) => {
  const parametersOf = (text: string, more: Record<string, string> = {}) => loadConfig({ ...EXPORT, PORTICO_EXPORT_PARAMETERS: text, ...more }).export!.parameters;
  t.match(parametersOf('epsilon=0.5, epsilonVisitor=0.123456,crowdMin=50,stayEdges=10/20,partEdges=13:00'), { epsilon: 0.5, epsilonVisitor: 0.123456, crowdMin: 50, cellMin: 10, stayEdges: [10, 20], partEdges: ['13:00'] });
  t.match(parametersOf('delta=0.00001,cellsPerPerson=1,minutesMax=30,stayEdges=10/20,epsilonYearMax=1'), { delta: 0.00001, minutesMax: 30, epsilonYearMax: 1 });
  for (const text of [
    'epsilon', 'epsilon=', 'epsilon=0', 'epsilon=1.1', 'epsilon=1e-1', 'epsilon=-1', 'epsilon=0x1', 'epsilon=.5', 'epsilon=0,5', 'epsilon=0.5,epsilon=0.5', 'epsilon=0.1234567', 'Epsilon=1', 'epsilon=0.3', 'epsilonn=0.5', 'toString=1', 'crowdWithNoise=30',
    'tiers=a/b', 'teams=a', 'epsilonVisitor=1', 'epsilonVisitor=0', 'delta=0', 'delta=0.00002', 'delta=0.0000001', 'crowdMin=19', 'crowdMin=20.5', 'cellMin=9', 'cellsPerPerson=5', 'cellsPerPerson=0', 'minutesMax=181', 'minutesMax=29', 'minutesMax=90', 'epsilonYearMax=366.5',
    'epsilonYearMax=0.5', 'stayEdges=15', 'stayEdges=15/45/90/120', 'stayEdges=29/30/31', 'stayEdges=9/45', 'stayEdges=15/15', 'stayEdges=45/15', 'stayEdges=0/15', 'stayEdges=15/180', 'stayEdges=15/b', 'stayEdges=15//45', 'stayEdges=15.5/20', 'partEdges=12', 'partEdges=12:60', 'partEdges=12:00/12:00',
    'partEdges=17:00/12:00', 'partEdges=12:00/14:59', 'partEdges=06:59', 'partEdges=01:01', 'partEdges=04:00', 'partEdges=08:00/12:00/16:00/20:00',
  ]) t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_PARAMETERS: text }), 'PORTICO_EXPORT_PARAMETERS', text);
  t.strictSame(parametersOf('partEdges=07:00/10:00/23:59').partEdges, ['07:00', '10:00', '23:59'], 'three hours each; the last part goes on over midnight');
  t.strictSame(parametersOf('partEdges=03:00/21:00', { PORTICO_DAY_ENDS_AT: '00:00' }).partEdges, ['03:00', '21:00']);
  t.equal(problemOf({ ...EXPORT, PORTICO_DAY_ENDS_AT: '00:00', PORTICO_EXPORT_PARAMETERS: 'partEdges=03:00/21:01' }), 'PORTICO_EXPORT_PARAMETERS');
  t.strictSame(parametersOf('partEdges=18:00/23:00', { PORTICO_DAY_ENDS_AT: '12:00' }).partEdges, ['18:00', '23:00']);
  for (const partEdges of ['07:00/10:00/01:00', '07:00/01:00', '00:30']) t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_PARAMETERS: `partEdges=${partEdges}` }), 'PORTICO_EXPORT_PARAMETERS', `${partEdges}: a release does not count an edge after midnight`);
});

t.test('tiers and teams are head office\'s names, few, each once, and none that a release uses itself', async (t) => {
  t.match(loadConfig({ ...EXPORT, PORTICO_EXPORT_TIERS: ' 金卡, 银卡 ,VIP+', PORTICO_EXPORT_TEAMS: '南京路 A组,none-such' }).export!.parameters, { tiers: ['金卡', '银卡', 'VIP+'], teams: ['南京路 A组', 'none-such'] });
  for (const setting of ['PORTICO_EXPORT_TIERS', 'PORTICO_EXPORT_TEAMS']) {
    for (const text of ['金卡,金卡', 'Gold,gold', 'a,b,c,d,e,f,g', '-x', 'x'.repeat(21), 'a/b', '=SUM(A1)', '"a"']) t.equal(problemOf({ ...EXPORT, [setting]: text }), setting, text);
  }
  for (const text of ['other', 'OTHER']) t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_TIERS: text }), 'PORTICO_EXPORT_TIERS');
  for (const text of ['none', 'None']) t.equal(problemOf({ ...EXPORT, PORTICO_EXPORT_TEAMS: text }), 'PORTICO_EXPORT_TEAMS');
  t.match(loadConfig({ ...EXPORT, PORTICO_EXPORT_TIERS: 'none', PORTICO_EXPORT_TEAMS: 'other' }).export!.parameters, { tiers: ['none'], teams: ['other'] });
});
