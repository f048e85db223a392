/** A machine on the LAN of the mDNS test: asks for names, or has one. `ask NAME`, `find`, `squat NAME`, `flood NAME`, `tell`,
 * `box DATA_DIR [ALLOWED_LAN [METRICS_ALLOW]]`. */
import { Bonjour } from 'bonjour-service';
import { connect } from 'node:tls';
import { loadConfig } from '../../appliance/config/index.js';
import { Mdns } from '../../appliance/http/index.js';
import { createLogger, refuseEgress } from '../../appliance/kit/index.js';
import { startAppliance } from '../../appliance/main.js';

interface Packet { answers: { name: string; type: string; data: unknown }[] }
interface Multicast { on(event: 'response', listener: (packet: Packet) => void): void; query(questions: { name: string; type: string }[]): void; respond(packet: object): void }
const multicastOf = (bonjour: Bonjour): Multicast => (bonjour as unknown as { server: { mdns: Multicast } }).server.mdns;
const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const ANSWER_MS = 4000;
/** After the first: each kind of address comes in a message of its own. */
const MORE_MS = 1000;

const [what, name = '', lan = '', scraper = ''] = process.argv.slice(2);
process.on('SIGTERM', () => process.exit(0));
switch (what ?? '') {
  case 'ask': {
    const bonjour = new Bonjour();
    const found = new Set<string>();
    multicastOf(bonjour).on('response', ({ answers }) => {
      for (const { name: of, type, data } of answers) if (of.toLowerCase() === name && /^A/.test(type)) found.add(String(data));
    });
    const asking = setInterval(() => multicastOf(bonjour).query([{ name, type: 'A' }, { name, type: 'AAAA' }]), 300);
    const until = Date.now() + ANSWER_MS;
    while (found.size === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    if (found.size > 0) await new Promise((resolve) => setTimeout(resolve, MORE_MS));
    clearInterval(asking);
    say({ addresses: [...found].sort() });
    process.exit(0);
  }
  case 'find':
    new Bonjour().findOne({ type: 'https' }, ANSWER_MS, (service: { host: string; port: number } | null) => {
      if (service === null) {
        say({ service: null });
        process.exit(0);
      }
      const socket = connect({ host: '192.168.77.1', port: service.port, servername: service.host, rejectUnauthorized: false }, () => {
        say({ host: service.host, names: socket.getPeerCertificate().subjectaltname ?? '' });
        process.exit(0);
      });
    });
    break;
  case 'squat':
    new Bonjour().publish({ name: 'squatter', type: 'https', port: 9, host: name, probe: false });
    say({ squatting: name });
    break;
  case 'flood': { // answers to the name with a thousand addresses
    const bonjour = new Bonjour();
    const addresses = Array.from({ length: 1_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
    setInterval(() => {
      for (let from = 0; from < addresses.length; from += 50) {
        multicastOf(bonjour).respond({ answers: addresses.slice(from, from + 50).map((data) => ({ name, type: 'A', ttl: 120, data })) });
      }
    }, 200);
    say({ flooding: name });
    break;
  }
  case 'tell': {
    refuseEgress(['224.0.0.251']);
    const mdns = new Mdns({ log: createLogger('silent'), lookEveryMs: 300 });
    mdns.start(8443);
    let before = '';
    setInterval(() => {
      const now = JSON.stringify(mdns.state());
      if (now !== before) process.stdout.write(`${before = now}\n`);
    }, 50);
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => void mdns.stop().then(() => process.exit(0)));
    break;
  }
  default: {
    const appliance = await startAppliance(loadConfig({ PORTICO_DATA_DIR: name, PORTICO_PORT: '8443', PORTICO_TRUST_PORT: '0', PORTICO_VISION_WORKERS: '1', PORTICO_MDNS: 'true', PORTICO_ALLOWED_LAN: lan, PORTICO_METRICS_ALLOW: scraper }), { log: createLogger('info') });
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => void appliance.stop().then(() => process.exit(0)));
  }
}
