/** Who may connect at all, and who may read the metrics: by the address of the connection. The refusals come first. */
import { get as httpGet } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import t from 'tap';
import { peersIn } from '../../appliance/http/peers.js';
import { limitConnections } from '../../appliance/http/limits.js';
import { startBox } from '../support/box.js';

t.test('addresses are compared as what they are, however they are written', async (t) => {
  const lan = peersIn(['192.168.1.0/24', '10.0.5.7', 'fd00:1::/64'], true);
  for (const no of ['192.168.2.1', '10.0.5.8', '::ffff:10.0.5.8', 'fd00:2::1', 'fe80::1%eth0', undefined, '', 'localhost']) t.notOk(lan(no), String(no));
  for (const yes of ['192.168.1.200', '::ffff:192.168.1.200', '10.0.5.7', 'fd00:1::9', '127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) t.ok(lan(yes), yes);
  t.ok(peersIn([], true)('8.8.8.8'), 'an empty list: everybody');
  t.notOk(peersIn([], false)('8.8.8.8'), 'for metrics: nobody');
  t.ok(peersIn([], false)('::1'));
});

t.test('who is not of the store is closed before a byte is read', async (t) => {
  let read = 0;
  const server = createServer((socket) => { socket.on('data', () => { read += 1; socket.end('answer'); }); });
  // In place of another machine: all of 127.0.0.0/8 is this one, and loopback itself always may.
  const elsewhere = (address: string) => address.endsWith('127.0.0.9');
  limitConnections(server, { perAddress: 8, inAll: 8 }, (address) => !elsewhere(address));
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.teardown(() => server.close());
  const ask = (localAddress: string) => new Promise<string>((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, localAddress }, () => socket.write('question'));
    socket.on('data', (bytes) => { answer += bytes.toString(); });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
  t.equal(await ask('127.0.0.9'), '');
  t.equal(read, 0);
  t.equal(await ask('127.0.0.1'), 'answer');
});

t.test('a box with an allowed LAN answers this machine on both servers, and tells Prometheus numbers about nobody', async (t) => {
  const trustPort = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
  const box = await startBox(t, { settings: { PORTICO_ALLOWED_LAN: '192.168.77.0/24', PORTICO_TRUST_PORT: String(trustPort) } });
  const status = await new Promise((resolve) => { httpGet({ host: '127.0.0.1', port: trustPort, path: '/trust' }, (response) => { response.resume(); resolve(response.statusCode); }); });
  t.equal(status, 200);
  await box.owner.call('POST', '/customers', { displayName: '王小明', phone: '13800138000' });
  const { status: told, headers, body } = await box.stranger().send<string>('GET', '/metrics', undefined, { 'x-forwarded-for': '8.8.8.8' });
  t.equal(told, 200, 'a header says nothing about who asks');
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) t.match(line, /^[a-z_]+(\{[a-z]+="[\w.+]+"(,[a-z]+="\w+")*\})? -?[\d.e+-]+$/, line);
  for (const name of ['process_resident_memory_bytes', 'portico_frame_seconds_bucket', 'portico_frames_dropped', 'portico_vision_queue', 'portico_visits_open 0', 'portico_database_bytes',
    'portico_check{check="disk",state="ok"} 1', 'portico_http_responses_total{class="2xx"}']) {
    t.ok(lines.some((line) => line.startsWith(name)), name);
  }
  t.notOk(lines.some((line) => line.startsWith('portico_backup_age_seconds')), 'what is not known has no line');
  for (const secret of ['王小明', '13800138000', box.ownerId]) t.notOk(body.includes(secret), secret);
});
