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
/** `dns.lookup` as it is from then on. */
let guardedLookup: unknown;

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

/** Null when `host` may be connected to. As Node does it: nothing at all is this machine, and anything else is taken as text. */
function objection(host: unknown): PorticoError | null {
  const name = normal(host ? String(host as string) : 'localhost');
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
    const error = objectionToConnect(args);
    if (error === null) return connect.apply(this, args);
    const socket = this as net.Socket;
    process.nextTick(() => socket.destroy(error)); // as a connection that failed: later, as an event
    return socket;
  });

  // send(message[, offset, length][, port][, address][, callback]): which of the two it is, Node tells in these very words.
  wrap(dgram.Socket.prototype, 'send', (send) => guarded(send, ([, , length, port, address]) => textOf(address || (port && typeof port !== 'function') ? address : length)));
  // connect(port[, address][, callback])
  wrap(dgram.Socket.prototype, 'connect', (connect) => guarded(connect, (args) => textOf(args[1])));
  wrap(dgram, 'createSocket', (create) => function (this: unknown, ...args) {
    return create.apply(this, withCheckedLookup(args));
  });
  const Socket = new Proxy(dgram.Socket, {
    construct: (target, args, newTarget) => Reflect.construct(target, withCheckedLookup(args), newTarget) as object,
    apply: (target, self, args) => Reflect.apply(target as unknown as Callable, self, withCheckedLookup(args)),
  });
  Object.defineProperty(dgram, 'Socket', { value: Socket });

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
  guardedLookup = dns.lookup;
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

/** Other than text, where Node takes nothing else: a callback, a length. */
const textOf = (value: unknown): unknown => (typeof value === 'string' ? value : undefined);

/** createSocket(options or type): a lookup that the caller brings may answer as it likes, so what it answers is what is compared. */
function withCheckedLookup([options, ...rest]: unknown[]): unknown[] {
  const lookup = (options as { lookup?: unknown } | null | undefined)?.lookup;
  if (typeof lookup !== 'function' || lookup === guardedLookup) return [options, ...rest];
  const checked = (host: unknown, family: unknown, callback: (error: unknown, address?: unknown) => void): unknown =>
    (lookup as Callable).call(undefined, host, family, (error: unknown, address: unknown, ...more: unknown[]) => {
      const against = error ? null : objection(address);
      if (against === null) Reflect.apply(callback, undefined, [error, address, ...more]);
      else callback(against);
    });
  return [{ ...(options as object), lookup: checked }, ...rest];
}

/** connect(options), connect(port[, host]), connect(path); net.connect() hands its own arguments over as one list. */
function objectionToConnect([first, second]: unknown[]): PorticoError | null {
  if (typeof first !== 'object' || first === null) return isPipeName(first) ? null : objection(textOf(second));
  const lists = Array.isArray(first) ? (first as unknown[]).slice(0, 1) : [];
  for (const options of [...lists, first] as ({ host?: unknown; path?: unknown; lookup?: unknown } | null)[]) {
    const { host, path, lookup } = options ?? {};
    if (path) continue; // a socket of the file system; an empty one is none
    const error = objection(host) ?? objectionToLookup(host, lookup);
    if (error !== null) return error;
  }
  return null;
}

/** A name is looked up by what this file knows, or not at all: another lookup may answer that `localhost` is anywhere. */
function objectionToLookup(host: unknown, lookup: unknown): PorticoError | null {
  const name = host ? String(host as string) : 'localhost';
  if (net.isIP(name) !== 0 || (lookup || dns.lookup) === guardedLookup || guards.size === 0) return null;
  for (const guard of guards) guard.refused(name);
  return new PorticoError('egress_refused', { host: name, reason: 'lookup' });
}

/** As Node tells a path from a port. */
const isPipeName = (target: unknown): boolean => typeof target === 'string' && !(Number(target) >= 0);
