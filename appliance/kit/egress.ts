import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { PorticoError } from './errors.js';

/**
 * The guard against connections out of the box. Node has no switch for that, so the three ways out are wrapped where all
 * others pass: `net.Socket.connect` (TCP: also tls, http, https, http2, fetch), `dgram.Socket` send and connect (UDP) and the
 * functions of `dns`, which would carry data in the names asked for. A host is compared as it is written by the caller, before
 * it is looked up; an address that was looked up elsewhere is a host that is not on the list.
 *
 * What it cannot see: native add-ons that call the system themselves, child processes, and threads that did not load this file
 * (those of the box do, see `refuseEgress` in each). It is a lock on a door of the house, not a wall around it: the test in a
 * network namespace and the service unit's address filter are the wall.
 *
 * Never refused: loopback (it does not leave the box) and sockets of the file system.
 */
interface Guard {
  allowed: ReadonlySet<string>;
  refused: (host: string) => void;
}

/** More than one only where tests run several boxes in a process: then all must allow it. */
const guards = new Set<Guard>();
let installed = false;

const loopback = new net.BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addAddress('0.0.0.0', 'ipv4'); // as a target: this machine
loopback.addAddress('::', 'ipv6');

/**
 * From now on this thread connects to loopback and to `hosts`, and nowhere else.
 * @param hosts names or addresses, as they will be written when connecting; compared without case
 * @param refused told of each attempt, with the host
 * @returns lifts this guard again
 */
export function refuseEgress(hosts: readonly string[], refused: (host: string) => void = () => undefined): () => void {
  if (!installed) install();
  const guard: Guard = { allowed: new Set(hosts.map(normal)), refused };
  guards.add(guard);
  return () => guards.delete(guard);
}

/** Lower case, without the brackets of an IPv6 literal. */
const normal = (host: string): string => host.toLowerCase().replace(/^\[|\]$/g, '');

/** Null when `host` may be connected to. */
function objection(host: unknown): PorticoError | null {
  const name = normal(typeof host === 'string' && host !== '' ? host : 'localhost');
  const family = net.isIP(name);
  if (name === 'localhost' || (family !== 0 && loopback.check(name, family === 4 ? 'ipv4' : 'ipv6'))) return null;
  const against = [...guards].filter(({ allowed }) => !allowed.has(name));
  for (const guard of against) guard.refused(name);
  return against.length === 0 ? null : new PorticoError('egress_refused', { host: name });
}

type Callable = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, Callable>;

function wrap(holder: object, name: string, around: (original: Callable) => Callable): void {
  const original = (holder as Methods)[name];
  if (typeof original !== 'function') return;
  const wrapped = Object.defineProperties(around(original), Object.getOwnPropertyDescriptors(original)); // promisify asks for more than the name
  Object.defineProperty(holder, name, { value: wrapped, configurable: true, writable: true, enumerable: Object.prototype.propertyIsEnumerable.call(holder, name) });
}

function install(): void {
  installed = true;
  wrap(net.Socket.prototype, 'connect', (connect) => function (this: unknown, ...args) {
    const error = objection(hostOfConnect(args));
    if (error === null) return connect.apply(this, args);
    const socket = this as net.Socket;
    process.nextTick(() => socket.destroy(error)); // as a connection that failed: later, as an event
    return socket;
  });

  // send(message[, offset, length][, port][, address][, callback]); connect(port[, address][, callback])
  wrap(dgram.Socket.prototype, 'send', (send) => guarded(send, ([, , length, port, address]) =>
    (address !== undefined || (port !== undefined && typeof port !== 'function') ? address : length)));
  wrap(dgram.Socket.prototype, 'connect', (connect) => guarded(connect, (args) => args[1]));

  const queries = ['lookup', 'lookupService', 'reverse', ...Object.keys(dns).filter((name) => /^resolve/.test(name))];
  for (const holder of [dns, dns.Resolver.prototype]) for (const name of queries) wrap(holder, name, (ask) => guarded(ask, askedFor(name)));
  for (const holder of [dns.promises, dns.promises.Resolver.prototype]) {
    for (const name of queries) {
      wrap(holder, name, (ask) => async function (this: unknown, ...args) {
        const error = objection(askedFor(name)(args));
        if (error !== null) throw error;
        return ask.apply(this, args);
      });
    }
  }
  syncBuiltinESMExports(); // for those who imported the functions by name
}

/** An address asked for as a name is no question to anybody; asked for its name it is. */
const askedFor = (query: string) => ([host]: unknown[]): unknown =>
  (query === 'lookup' && typeof host === 'string' && net.isIP(host) !== 0 ? 'localhost' : host);

/** A call with a callback, or with an `error` event where there is none. */
function guarded(original: Callable, hostOf: (args: unknown[]) => unknown): Callable {
  return function (this: unknown, ...args) {
    const error = objection(hostOf(args));
    if (error === null) return original.apply(this, args);
    const callback = args.at(-1);
    process.nextTick(() => {
      if (typeof callback === 'function') callback(error);
      else if (this instanceof dgram.Socket) this.emit('error', error);
    });
    return undefined;
  };
}

/** connect(options), connect(port[, host]), connect(path); net.connect() hands its own arguments over as one list. */
function hostOfConnect([first, second]: unknown[]): unknown {
  const target = Array.isArray(first) ? (first as unknown[])[0] : first;
  if (typeof target !== 'object' || target === null) return typeof second === 'string' && isPort(target) ? second : 'localhost';
  const { host, path } = target as { host?: unknown; path?: unknown };
  return typeof path === 'string' ? 'localhost' : host;
}

const isPort = (target: unknown): boolean => typeof target === 'number' || (typeof target === 'string' && /^\d+$/.test(target));
