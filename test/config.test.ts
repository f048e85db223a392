import t from 'tap';
import { isOpenAt, loadConfig, readOpeningHours } from '../appliance/config/index.js';
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
