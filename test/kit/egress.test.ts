/** The guard against connections out of the box: each way out that Node has is tried. Nothing here leaves the machine if it holds. */
import dgram, { createSocket } from 'node:dgram';
import dns, { lookup as lookupByName } from 'node:dns';
import http2 from 'node:http2';
import https from 'node:https';
import net, { connect as connectByName, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { refuseEgress } from '../../appliance/kit/index.js';

/** Addresses and a name that are nobody's (RFC 5737, 3849, 6761): if the guard fails, the attempt leads nowhere. */
const NOWHERE = '192.0.2.1';
const NOWHERE_6 = '2001:db8::1';
const NO_NAME = 'box.invalid';

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? 'none');
const once = (emitter: NodeJS.EventEmitter, event: string) => new Promise<string>((resolve) => { emitter.once(event, (error) => resolve(codeOf(error))); });

function guard(t: Test, hosts: string[] = []): string[] {
  const refused: string[] = [];
  t.teardown(refuseEgress(hosts, (host) => refused.push(host)));
  return refused;
}

t.test('every way out is refused, and told', async (t) => {
  const refused = guard(t);
  const ways: Record<string, () => Promise<string>> = {
    'net.connect(port, host)': () => once(net.connect(443, NOWHERE), 'error'),
    'net.connect({host})': () => once(net.connect({ port: 443, host: NO_NAME }), 'error'),
    'net.connect by name of the function': () => once(connectByName({ port: 443, host: NOWHERE_6 }), 'error'),
    'new Socket().connect': () => once(new net.Socket().connect({ port: 443, host: NOWHERE }), 'error'),
    'an address in other clothes': () => once(net.connect(443, '127.1'), 'error'),
    'localhost with a dot, which is asked of the network': () => once(net.connect(443, 'localhost.'), 'error'),
    'a name that begins like loopback': () => once(net.connect(443, '127.0.0.1.box.invalid'), 'error'),
    'tls.connect': () => once(tls.connect(443, NOWHERE), 'error'),
    'https.get': () => once(https.get(`https://${NO_NAME}/`), 'error'),
    http2: () => once(http2.connect(`https://${NO_NAME}`), 'error'),
    fetch: () => fetch(`https://${NO_NAME}/`).then(() => 'connected', (error: Error) => codeOf(error.cause)),
    'fetch by address': () => fetch(`http://[${NOWHERE_6}]/`).then(() => 'connected', (error: Error) => codeOf(error.cause)),
    'udp send': () => new Promise((resolve) => { const socket = createSocket('udp4'); socket.send('x', 53, NOWHERE, (error) => { resolve(codeOf(error)); socket.close(); }); }),
    'udp send of a part': () => new Promise((resolve) => { const socket = createSocket('udp4'); socket.send('xyz', 1, 1, 53, NOWHERE, (error) => { resolve(codeOf(error)); socket.close(); }); }),
    'udp send without callback': () => { const socket = createSocket('udp4'); const code = once(socket, 'error'); socket.send('x', 53, NOWHERE); return code.finally(() => socket.close()); },
    'udp connect': () => new Promise((resolve) => { const socket = createSocket('udp6'); socket.connect(53, NOWHERE_6, ((error?: Error) => { resolve(codeOf(error)); socket.close(); }) as () => void); }),
    'dns.lookup': () => new Promise((resolve) => { dns.lookup(NO_NAME, (error) => resolve(codeOf(error))); }),
    'dns.lookup by name of the function': () => new Promise((resolve) => { lookupByName(NO_NAME, { all: true }, (error) => resolve(codeOf(error))); }),
    'promisify(dns.lookup)': () => promisify(dns.lookup)(NO_NAME).then(() => 'found', codeOf),
    'dns.resolveTxt': () => new Promise((resolve) => { dns.resolveTxt(`secret.${NO_NAME}`, (error) => resolve(codeOf(error))); }),
    'dns.reverse': () => new Promise((resolve) => { dns.reverse(NOWHERE, (error) => resolve(codeOf(error))); }),
    'dns.promises.resolve4': () => dns.promises.resolve4(NO_NAME).then(() => 'found', codeOf),
    'dns.promises.lookup': () => dns.promises.lookup(NO_NAME).then(() => 'found', codeOf),
    'new Resolver': () => new Promise((resolve) => { new dns.Resolver().resolve4(NO_NAME, (error) => resolve(codeOf(error))); }),
    'new promises.Resolver': () => new dns.promises.Resolver().resolve4(NO_NAME).then(() => 'found', codeOf),
  };
  for (const [name, way] of Object.entries(ways)) {
    const before = refused.length;
    t.equal(await way(), 'egress_refused', name);
    t.ok(refused.length > before, `${name}: told`);
  }
});

/** What Node takes in other forms than its documentation shows. The target is this machine's own address: were it let through, it would arrive. */
t.test('no way of writing it gets past: an empty path, a lookup of one\'s own, arguments that are nothing', async (t) => {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []).find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? NOWHERE;
  const refused = guard(t);
  const server = createServer((socket) => socket.end()).listen(0);
  const arrivals = createSocket('udp4');
  await new Promise<void>((resolve) => { arrivals.bind(0, resolve); });
  t.teardown(() => { server.close(); arrivals.close(); });
  const tcp = (server.address() as AddressInfo).port;
  const udp = arrivals.address().port;
  let arrived = 0;
  arrivals.on('message', () => { arrived += 1; });

  const lookup = ((_host: string, options: { all?: boolean } | number, callback: (...answer: unknown[]) => void) =>
    (typeof options === 'object' && options.all ? callback(null, [{ address: own, family: 4 }]) : callback(null, own, 4))) as never;
  const connecting = (options: object) => () => net.connect(options as net.NetConnectOpts);
  const sockets: Record<string, () => NodeJS.EventEmitter> = {
    'an empty path': connecting({ host: own, port: tcp, path: '' }),
    'an empty path, tls': () => tls.connect({ host: own, port: tcp, path: '' }),
    'a lookup of one\'s own': connecting({ host: 'localhost', port: tcp, lookup }),
    'a lookup and no host': connecting({ port: tcp, lookup }),
    'a lookup, https': () => https.request({ host: 'localhost', port: tcp, lookup }),
    'a port with a blank before it': () => net.connect(` ${tcp}` as unknown as number, own),
    'a port in hexadecimal': () => net.connect(`0x${tcp.toString(16)}` as unknown as number, own),
    'a host that is a list': connecting({ host: [own], port: tcp }),
    'a host that turns into text': connecting({ host: { toString: () => own }, port: tcp }),
    'a list with a host': () => new net.Socket().connect(Object.assign([{}], { host: own, port: tcp }) as unknown as net.SocketConnectOpts),
  };
  for (const [name, open] of Object.entries(sockets)) {
    const socket = open() as net.Socket;
    t.equal(await Promise.race([once(socket, 'error'), new Promise<string>((resolve) => { socket.once('connect', () => resolve('connected')); })]), 'egress_refused', name);
    socket.destroy();
  }

  const sends: Record<string, unknown[]> = {
    'null behind the address': ['x', udp, own, null], 'two of them, and a callback': ['x', udp, own, null, null, () => undefined], 'false behind it': ['x', udp, own, false],
    'nought and an empty address': ['x', udp, own, 0, ''],
  };
  for (const [name, args] of Object.entries(sends)) {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => { socket.bind(0, resolve); });
    socket.on('error', () => undefined);
    const before = refused.length;
    (socket.send as (...args: unknown[]) => void).apply(socket, args);
    t.equal(refused.length, before + 1, name);
    socket.close();
  }
  const UdpSocket = dgram.Socket as unknown as new (options: object) => dgram.Socket;
  for (const [name, make] of [['createSocket', createSocket], ['new Socket', (options: object) => new UdpSocket(options)]] as const) {
    const socket = make({ type: 'udp4', lookup: ((host: string, _family: number, done: (...answer: unknown[]) => void) => done(null, host === 'localhost' ? own : host)) as never });
    await new Promise<void>((resolve) => { socket.bind(0, '127.0.0.1', resolve); });
    t.equal(await new Promise((resolve) => { socket.send('x', udp, 'localhost', (error) => resolve(codeOf(error))); }), 'egress_refused', `a lookup of one's own, ${name}`);
    socket.close();
  }
  t.equal(await new Promise((resolve) => { const socket = createSocket('udp4'); socket.send('x', udp, '127.0.0.1', (error) => { resolve(codeOf(error)); socket.close(); }); }), 'none');
  await new Promise<void>((resolve) => { if (arrived > 0) resolve(); else arrivals.once('message', () => resolve()); });
  t.equal(arrived, 1, 'only what was sent to loopback');
});

t.test('loopback, files and addresses as names go on working', async (t) => {
  const refused = guard(t);
  const server = createServer((socket) => socket.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const target of [{ port }, { port, host: 'localhost' }, { port, host: '127.0.0.1' }, { port, host: 'LOCALHOST' }]) {
    const socket = net.connect(target);
    t.equal(await new Promise((resolve) => { socket.once('data', (data) => resolve(data.toString())).once('error', (error) => resolve(codeOf(error))); }), 'ok', JSON.stringify(target));
    socket.destroy();
  }
  t.match(await once(net.connect('/nonexistent/portico.sock'), 'error'), 'ENOENT');
  t.strictSame(await promisify(dns.lookup)('127.0.0.1'), { address: '127.0.0.1', family: 4 });
  t.strictSame(refused, []);
});

t.test('a host on the list passes the guard, by that name alone', async (t) => {
  const refused = guard(t, ['Head-Office.invalid', NOWHERE]);
  t.not(await new Promise((resolve) => { dns.lookup('head-office.invalid', (error) => resolve(codeOf(error))); }), 'egress_refused');
  const socket = net.connect(9, NOWHERE);
  t.equal(await Promise.race([once(socket, 'error'), new Promise<string>((resolve) => { setTimeout(resolve, 100, 'under way'); })]).then((code) => code === 'egress_refused'), false);
  socket.destroy();
  t.equal(await once(net.connect(9, 'www.head-office.invalid'), 'error'), 'egress_refused', 'no name below it');
  t.equal(await once(net.connect(9, '192.0.2.2'), 'error'), 'egress_refused', 'nor its neighbour');
  t.strictSame(refused, ['www.head-office.invalid', '192.0.2.2']);
});

t.test('two guards must both allow it; lifted, nothing is refused any more', async (t) => {
  const lift = [refuseEgress(['a.invalid']), refuseEgress(['a.invalid', 'b.invalid'])];
  const ask = (host: string) => new Promise<string>((resolve) => { dns.lookup(host, (error) => resolve(codeOf(error))); });
  t.equal(await ask('b.invalid'), 'egress_refused');
  t.not(await ask('a.invalid'), 'egress_refused');
  lift[0]!();
  t.not(await ask('b.invalid'), 'egress_refused');
  lift[1]!();
  t.not(await ask('c.invalid'), 'egress_refused');
});

t.test('a thread guards itself, as those of the box do', async (t) => {
  const kit = new URL('../../appliance/kit/index.js', import.meta.url).href;
  const worker = new Worker(`
    import(${JSON.stringify(kit)}).then(({ refuseEgress }) => {
      refuseEgress([]);
      require('node:net').connect(443, '${NOWHERE}').on('error', (error) => require('node:worker_threads').parentPort.postMessage(error.code));
    });`, { eval: true, execArgv: [] });
  t.equal(await new Promise((resolve) => { worker.once('message', resolve).once('error', resolve); }), 'egress_refused');
  await worker.terminate();
});
