import { Bonjour } from 'bonjour-service';
import { createSocket, type Socket } from 'node:dgram';
import { hostname, networkInterfaces } from 'node:os';
import type { Logger } from '../kit/index.js';

const MDNS_PORT = 5353;
/** RFC 6762 8.1: three questions, 250 ms apart; an answer to the last has as long. */
const PROBES = 3;
const PROBE_EVERY_MS = 250;
/** How often the name and the addresses of this machine are looked at, and a name that is taken is asked for again. */
const LOOK_EVERY_MS = 30_000;
/** Addresses of others that are kept and told: enough to find the other machine by. */
const OTHERS_MAX = 8;

/** `off`: not started, or not yet asked for. `conflict`: another machine on the LAN answers to the name. `failed`: there is no network, or the port cannot be had; tried again. */
export type NameState = 'off' | 'published' | 'conflict' | 'failed';
export interface LanName {
  /** NAME.local */
  readonly name: string;
  readonly state: NameState;
  /** Who else answers to the name; empty: nobody. */
  readonly takenBy: readonly string[];
}

interface DnsRecord { name: string; type: string; data: unknown; ttl?: number }
interface Packet { answers: DnsRecord[]; additionals?: DnsRecord[] }
interface MulticastDns {
  on(event: 'response', listener: (packet: Packet) => void): void;
  on(event: 'error' | 'warning', listener: (error: Error) => void): void;
  query(questions: { name: string; type: string }[]): void;
}

/**
 * Tells the LAN where the box is: NAME.local with its IPv4 addresses, and an HTTPS service of that name. NAME is this machine's host name.
 * A name that another machine has is told and never changed here: certificates, iPads and IT know the box by it.
 */
export class Mdns {
  #port = 0;
  readonly #lookEveryMs: number;
  readonly #log: Logger;
  #bonjour: Bonjour | null = null;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #probing: NodeJS.Timeout | null = null;
  /** Who answered to the name since it was last asked for: the first few, anybody on the LAN can send any number. */
  readonly #others: string[] = [];
  /** Name and addresses as they were published. */
  #shown = '';
  #now: { name: string; state: NameState; takenBy: string[] };

  constructor(deps: { log: Logger; lookEveryMs?: number }) {
    this.#lookEveryMs = deps.lookEveryMs ?? LOOK_EVERY_MS;
    this.#log = deps.log;
    this.#now = { name: ownName(), state: 'off', takenBy: [] };
  }

  /** @param port of the HTTPS server */
  start(port: number): void {
    this.#port = port;
    this.#open();
    this.#timer = setInterval(() => this.#look(), this.#lookEveryMs);
    this.#timer.unref();
  }

  state(): LanName {
    return { ...this.#now, takenBy: [...this.#now.takenBy] };
  }

  /** Says goodbye, so that nobody keeps an address that no longer answers. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#close();
  }

  #open(): void {
    // Its own socket, so that what goes wrong with it is heard here and nowhere else.
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    const failed = (err: Error) => {
      if (this.#socket !== socket) return;
      this.#tell('failed', [], err);
      void this.#close();
    };
    socket.on('error', failed);
    const bonjour = new Bonjour({ socket, bind: false } as object, failed);
    const mdns = multicastOf(bonjour);
    mdns.on('error', failed);
    mdns.on('warning', (err) => this.#log.debug({ err }, 'mDNS'));
    mdns.on('response', (packet) => this.#heard(packet));
    this.#bonjour = bonjour;
    this.#socket = socket;
    socket.bind(MDNS_PORT, () => this.#probe(PROBES));
  }

  async #close(): Promise<void> {
    if (this.#probing !== null) clearTimeout(this.#probing);
    const bonjour = this.#bonjour;
    this.#probing = this.#bonjour = this.#socket = null;
    this.#shown = '';
    if (bonjour === null) return;
    await new Promise<void>((resolve) => bonjour.unpublishAll(() => resolve()));
    await new Promise<void>((resolve) => bonjour.destroy(() => resolve()));
  }

  /** Asks whether anybody has the name, as often as is left; nobody: takes it. */
  #probe(left: number): void {
    const bonjour = this.#bonjour;
    if (bonjour === null) return;
    this.#probing = null;
    if (left === PROBES) {
      this.#others.length = 0;
      if (this.#now.name !== ownName()) this.#now = { name: ownName(), state: 'off', takenBy: [] };
    }
    if (this.#others.length > 0) return;
    if (left === 0) {
      this.#publish(bonjour);
      return;
    }
    multicastOf(bonjour).query([{ name: this.#now.name, type: 'ANY' }]);
    this.#probing = setTimeout(() => this.#probe(left - 1), PROBE_EVERY_MS);
  }

  #publish(bonjour: Bonjour): void {
    const { name } = this.#now;
    this.#shown = shownAs(name);
    // The name was asked for already, by ourselves: what the library finds taken it prints to the console and gives up.
    // As the server listens and the certificate says: at an address of another kind nobody would answer.
    bonjour.publish({ name: name.replace(/\.local$/, ''), type: 'https', port: this.#port, host: name, probe: false, disableIPv6: true, txt: { path: '/' } });
    this.#tell('published', []);
  }

  /** An answer to our name with an address that is not ours: somebody else's. */
  #heard({ answers, additionals = [] }: Packet): void {
    const known = this.#others.length;
    let own: Set<string> | null = null;
    for (const records of [answers, additionals]) {
      for (const { name, type, data, ttl } of records) {
        if (this.#others.length >= OTHERS_MAX) break;
        if ((type !== 'A' && type !== 'AAAA') || ttl === 0 || typeof data !== 'string' || name.toLowerCase() !== this.#now.name || this.#others.includes(data)) continue;
        own ??= new Set(Object.values(networkInterfaces()).flatMap((list) => list ?? []).map(({ address }) => address.toLowerCase())); // the kernel is asked only where it matters
        if (!own.has(data.toLowerCase())) this.#others.push(data);
      }
    }
    if (this.#others.length > known) this.#tell('conflict', [...this.#others]);
  }

  /** Another name or other addresses (DHCP), or a name that was taken: begin anew. */
  #look(): void {
    if (this.#probing !== null || (this.#now.state === 'published' && this.#shown === shownAs(ownName()))) return;
    if (this.#socket === null) this.#open();
    else void this.#close().then(() => { if (this.#timer !== null) this.#open(); });
  }

  #tell(state: NameState, takenBy: string[], err?: Error): void {
    const changed = state !== this.#now.state;
    this.#now = { ...this.#now, state, takenBy };
    if (state === 'conflict' && changed) this.#log.error({ hostName: this.#now.name, takenBy }, 'another machine on this network has the box\'s name: change the host name of one of them');
    else if (state === 'failed' && changed) this.#log.warn({ err, hostName: this.#now.name }, 'the box cannot tell its name to the network; it is tried again');
    else if (changed && state === 'published') this.#log.info({ hostName: this.#now.name }, 'the box tells its name to the network');
  }
}

/** NAME.local, as certificates.ts names it too. */
function ownName(): string {
  return `${hostname().toLowerCase().split('.')[0]!}.local`;
}

const shownAs = (name: string): string =>
  [name, ...Object.values(networkInterfaces()).flatMap((list) => list ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address)].join(' ');

/** What the library speaks by; it names no type for it. */
const multicastOf = (bonjour: Bonjour): MulticastDns => (bonjour as unknown as { server: { mdns: MulticastDns } }).server.mdns;
