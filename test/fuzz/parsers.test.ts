/** Property tests for what reads text and bytes from outside. FUZZ_SEED=n repeats a run. */
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import sharp from 'sharp';
import t from 'tap';
import { makePairingCode, normalisePairingCode } from '../../appliance/access/secrets.js';
import { loadConfig } from '../../appliance/config/index.js';
import { boxUrlFor } from '../../appliance/http/trust.js';
import { parseJson } from '../../appliance/http/wire.js';
import { isPorticoError, toDay, toInstant } from '../../appliance/kit/index.js';
import { decode } from '../../appliance/vision/decode.js';
import { SEED } from './child.js';

t.comment(`seed ${SEED}`);
const run = { seed: SEED };

/** The value that a setting got, or 'refused'. */
function setting<K extends keyof ReturnType<typeof loadConfig>>(name: string, text: string, key: K): ReturnType<typeof loadConfig>[K] | 'refused' {
  try {
    return loadConfig({ [name]: text })[key];
  } catch (error) {
    if (isPorticoError(error, 'config_invalid')) return 'refused';
    throw error;
  }
}

t.test('numbers in settings: what is read is what is written, or it is refused', async () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.integer().map(String), fc.double().map(String), fc.constantFrom('08443', '8443 ', '+8443', '8_443', '0x1f', '8443n', '1e3', '٨٤٤٣')), (text) => {
    const port = setting('PORTICO_PORT', text, 'port');
    return port === 'refused' || (/^\d+$/.test(text) && port === Number(text) && port >= 0 && port <= 65_535);
  }), run);
  fc.assert(fc.property(fc.integer({ min: 0, max: 65_535 }), (port) => setting('PORTICO_PORT', String(port), 'port') === port), run);
  fc.assert(fc.property(fc.double({ min: 0.1, max: 1440, noNaN: true }).map((minutes) => minutes.toFixed(3)), (minutes) => setting('PORTICO_VISIT_GAP_MINUTES', minutes, 'visitGapMs') === Number(minutes) * 60_000), run);
});

t.test('hosts in settings: never one that means more than one', async () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.domain(), fc.ipV4(), fc.ipV6(), fc.array(fc.domain()).map((names) => names.join(','))), (text) => {
    const hosts = setting('PORTICO_EGRESS_ALLOW', text, 'egressAllow');
    return hosts === 'refused' || hosts.every((host) => host !== '' && /^[\x21-\x7e]+$/.test(host) && !/[*/@?#,\\[\]%]/.test(host));
  }), run);
  fc.assert(fc.property(fc.domain(), (name) => JSON.stringify(setting('PORTICO_EGRESS_ALLOW', ` ${name},`, 'egressAllow')) === JSON.stringify([name])), run);
});

t.test('messages: an object or null, and never a throw', async () => {
  fc.assert(fc.property(fc.oneof(fc.uint8Array().map((bytes) => Buffer.from(bytes)), fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)), fc.json().map((text) => Buffer.from(text))), (bytes) => {
    const value = parseJson(bytes);
    return value === null || typeof value === 'object';
  }), run);
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => JSON.stringify(parseJson(Buffer.from(JSON.stringify(value)))) === JSON.stringify(value)), run);
});

t.test('the Host header: the box names itself and nobody else', async () => {
  const names = ['localhost', 'portico.local', 'box.example'];
  const own = /^https:\/\/(localhost|portico\.local|box\.example|10\.1\.2\.3)(:\d{1,5})?$/;
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webAuthority(), fc.domain(), fc.constantFrom(...names, 'portico.local:1', 'PORTICO.LOCAL', 'portico.local.', 'portico.local@evil', 'evil#portico.local', 'evil/portico.local', '[::1]')), fc.option(fc.nat(65_535)), (host, port) => {
    const request = { headers: { host }, socket: { localAddress: '::ffff:10.1.2.3', localPort: 8443 } } as unknown as IncomingMessage;
    return own.test(boxUrlFor(request, names, port ?? undefined));
  }), run);
});

t.test('days: an instant is on one day, and days follow one another', async () => {
  const instants = fc.integer({ min: Date.UTC(1990), max: Date.UTC(2100) });
  fc.assert(fc.property(instants, fc.constantFrom('Asia/Shanghai', 'Europe/Berlin', 'America/Los_Angeles', 'Pacific/Kiritimati'), (ms, zone) => {
    const [day, later] = [toDay(ms, zone), toDay(ms + 86_400_000, zone)];
    return /^\d{4}-\d{2}-\d{2}$/.test(day) && day <= later && toInstant(ms) === new Date(ms).toISOString();
  }), run);
});

t.test('picture headers: anything is a picture or a coded refusal, never a crash', { timeout: 60_000 }, async (t) => {
  const good = await Promise.all(([['jpeg', {}], ['png', {}], ['webp', { lossless: true }], ['gif', {}]] as const).map(([format, options]) =>
    sharp({ create: { width: 40, height: 40, channels: 3, background: '#a63' } }).toFormat(format, options).toBuffer()));
  const outcomes = new Set<string>();
  // A good picture with bytes of its header changed, cut, or begun with another's first bytes.
  const changed = fc.constantFrom(...good).chain((picture) => fc.tuple(
    fc.array(fc.tuple(fc.nat(Math.min(200, picture.length - 1)), fc.nat(255)), { maxLength: 5 }), fc.oneof(fc.constant(picture.length), fc.nat(picture.length)), fc.constantFrom(...good), fc.nat(20),
  ).map(([changes, length, other, head]) => {
    const copy = Buffer.from(picture);
    for (const [at, value] of changes) copy[at] = value;
    if (head > 15) other.copy(copy, 0, 0, head);
    return copy.subarray(0, length);
  }));
  await fc.assert(fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) }), async (bytes) => {
    try {
      const { width, height, data } = await decode(bytes);
      outcomes.add('read');
      return width * height <= 25_000_000 && data.length === width * height * 3;
    } catch (error) {
      if (!isPorticoError(error)) throw error;
      outcomes.add(error.code);
      return error.code.startsWith('image_') && error.status >= 400 && error.status < 500;
    }
  }), { ...run, numRuns: 400 });
  t.ok(outcomes.has('read') && outcomes.has('image_unreadable') && outcomes.has('image_truncated'), [...outcomes].join());
});

t.test('pairing codes: as people write them, and nothing else', async () => {
  const spoken = fc.tuple(fc.constantFrom('', ' ', '-', ' - ', '\u3000', '.'), fc.boolean(), fc.boolean());
  fc.assert(fc.property(fc.constant(null).map(makePairingCode), spoken, (code, [between, small, misread]) => {
    const letters = code.replace('-', '');
    const typed = `${letters.slice(0, 4)}${between}${letters.slice(4)}`.replace(/0/g, misread ? 'o' : '0').replace(/1/g, misread ? 'l' : '1');
    return normalisePairingCode(small ? typed.toLowerCase() : typed) === letters;
  }), run);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.constant(null).map(makePairingCode), (typed, code) =>
    /^[0-9A-HJKM-NP-Z]*$/.test(normalisePairingCode(typed)) && (normalisePairingCode(typed) !== normalisePairingCode(code) || typed.length >= 8)), run);
});
