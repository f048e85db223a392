import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import t from 'tap';
import { ERRORS, type ErrorCode } from '../../appliance/contract/index.js';
import { BoundedMap, createLogger, Embedding, isPorticoError, PorticoError, toDay, toInstant } from '../../appliance/kit/index.js';

type Factory = (schemas: unknown, options: unknown) => (route: unknown) => (data: unknown) => string;
/** What writes answers (http/compilers.ts). */
const anything = (createRequire(import.meta.url)('@fastify/fast-json-stringify-compiler') as () => Factory)()({}, {});

const NUMBERS = [0.6, 0.8];
const sealed = new Embedding(NUMBERS);
const digits = /0\.[68]|0\.59|0\.60|0\.79|0\.80/;

t.test('C19: an embedding cannot be serialised, printed or sent by accident', async (t) => {
  const holders: Record<string, unknown> = { plain: sealed, deep: { deep: [{ sealed }] }, spread: new Map([['a', sealed]]), details: new PorticoError('bad_request', { sealed } as never).toBody() };
  for (const [name, held] of Object.entries(holders)) {
    t.throws(() => structuredClone(held), { name: 'DataCloneError' }, `${name}: structured clone`);
    t.throws(() => serialize(held), `${name}: bytes`);
    const { port1, port2 } = new MessageChannel();
    t.throws(() => port1.postMessage(held), { name: 'DataCloneError' }, `${name}: a message to a thread`);
    port1.close();
    port2.close();
    t.notMatch(inspect(held, { depth: 9, showHidden: true, getters: true }), digits, `${name}: printed`);
    if (name === 'spread') continue; // JSON knows no maps
    t.throws(() => JSON.stringify(held), TypeError, `${name}: JSON`);
    const writer = anything({ schema: {}, method: 'GET', url: '/' });
    t.throws(() => writer(held), TypeError, `${name}: a response without a schema`);
    t.notMatch(logged((log) => log.info({ held, sealed, list: [sealed], err: new PorticoError('internal', undefined, { cause: held }) }, 'x %o %j', held as object, held as object)), digits, `${name}: a log line`);
  }
  for (const schema of [{ type: 'object', additionalProperties: true }, { type: 'array', items: { type: 'number' } }, { type: 'object', properties: { values: { type: 'array', items: { type: 'number' } } } }]) {
    let sent = '';
    try { sent = anything({ schema, method: 'GET', url: '/' })(sealed); } catch { sent = 'refused'; }
    t.notMatch(sent, digits, JSON.stringify(schema));
  }
  t.equal(`${sealed}`, 'Embedding(sealed)');
  t.equal(String(sealed), 'Embedding(sealed)');
  t.equal(inspect(sealed), 'Embedding(sealed)');
  t.notMatch(JSON.stringify([Object.entries(sealed), Reflect.ownKeys(sealed), { ...sealed }, Object.assign({}, sealed)]), digits, 'no number in any property');
  t.ok(Number.isNaN(Number(sealed)));
});

t.test('an embedding is a unit vector of its own, whatever it was made from', async (t) => {
  fc.assert(fc.property(fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 64 }), (values) => {
    fc.pre(values.some((value) => Math.abs(value) > 1e-3));
    const made = new Embedding(values);
    t.ok(Math.abs(made.similarity(made) - 1) < 1e-4);
  }));
  const source = Float32Array.from(NUMBERS);
  const made = new Embedding(source);
  source.fill(0);
  made.values().fill(0);
  t.ok(Math.abs(made.values()[1]! - 0.8) < 1e-6, 'copies go in and out');
  for (const bad of [[], [0, 0], [NaN, 1], [Infinity, 1]]) t.throws(() => new Embedding(bad), RangeError);
  t.throws(() => Embedding.mean([]), RangeError);
  const mean = Embedding.mean([new Embedding([1, 0]), new Embedding([0, 1])]);
  t.ok(Math.abs(mean.values()[0]! - Math.SQRT1_2) < 1e-6);
});

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(createLogger('debug', { write: (line: string) => { text += line; return true; } } as unknown as NodeJS.WritableStream));
  return text.replaceAll(/"time":"[^"]*"/g, '');
}

t.test('what must not be logged is taken out, on the surface and one level down', async (t) => {
  const secrets = {
    displayName: 's3cret', salutation: 's3cret', name: 's3cret', phone: 's3cret', query: 's3cret', text: 's3cret', pin: 's3cret', code: 's3cret',
    token: 's3cret', cookie: 's3cret', key: 's3cret', template: 's3cret', image: 's3cret', body: 's3cret', headers: { cookie: 's3cret' },
    signature: 's3cret', facts: ['s3cret'], doNot: ['s3cret'],
  };
  const text = logged((log) => log.info({ ...secrets, customer: secrets, visitId: 'v1' }, 'a line'));
  t.notMatch(text, /s3cret/);
  t.match(text, /"visitId":"v1"/, 'ids stay');
  t.notMatch(logged((log) => { try { log.info({ face: sealed, embedding: sealed }, 'a face'); } catch { /* refused: fine */ } }), digits);
});

t.test('errors are logged by code and place, without the words of foreign ones', async (t) => {
  const foreign = logged((log) => log.error({ err: new TypeError('bad value: 13800001111') }, 'failed'));
  t.notMatch(foreign, /13800001111/);
  t.match(foreign, /TypeError/);
  t.match(foreign, /kit\.test/);
  const own = logged((log) => log.error({ err: new PorticoError('storage_full', { freeBytes: 7 }, { cause: new Error('13800001111') }) }, 'failed'));
  t.match(own, /storage_full/);
  t.match(own, /"freeBytes":7/);
  t.notMatch(own, /13800001111/);
  t.notMatch(logged((log) => log.error({ err: 'text 13800001111' }, 'failed')), /13800001111/);
});

t.test('every error has a status, words that say what to do, and a body with nothing else', async (t) => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const error = new PorticoError(code, { retryAfterSeconds: 3 }, { cause: new Error('inner') });
    t.ok(error.status >= 400 && error.status < 600, code);
    t.strictSame(error.toBody(), { code, message: ERRORS[code][1], details: { retryAfterSeconds: 3 } });
    t.match(error.message, /^[A-Z].*\.$/);
  }
  t.strictSame(new PorticoError('internal').toBody(), { code: 'internal', message: ERRORS.internal[1] });
  t.ok(isPorticoError(new PorticoError('internal'), 'internal'));
  t.notOk(isPorticoError(new PorticoError('internal'), 'not_found'));
  t.notOk(isPorticoError(new Error('internal')));
});

t.test('a bounded map never grows beyond its bound and lets the oldest go', async (t) => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  t.strictSame([...map.entries()], [['a', 3], ['c', 4]], 'set again is newest');
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 20 })), fc.integer({ min: 1, max: 5 }), (keys, capacity) => {
    const each = new BoundedMap<number, number>(capacity);
    for (const key of keys) each.set(key, key);
    t.ok(each.size <= capacity);
    if (keys.length > 0) t.equal(each.get(keys.at(-1)!), keys.at(-1));
  }));
});

t.test('days are those of the store, instants are UTC', async (t) => {
  const late = Date.parse('2026-03-31T16:30:00Z');
  t.equal(toDay(late, 'Asia/Shanghai'), '2026-04-01');
  t.equal(toDay(late, 'Europe/Berlin'), '2026-03-31');
  t.equal(toDay(Date.parse('2026-03-29T00:59:59Z'), 'Europe/Berlin'), '2026-03-29', 'on the day the clocks change');
  t.equal(toInstant(late), '2026-03-31T16:30:00.000Z');
  t.throws(() => toDay(late, 'Mars/Olympus'), RangeError);
});

const canYield = platform() === 'linux' && spawnSync('chrt', ['--version']).status === 0;
t.test('every thread but the main one gives way', { skip: canYield ? false : 'only on Linux with chrt' }, async (t) => {
  // In a process of its own: here it would slow the test runner.
  const script = `
    const { letMainThreadFirst } = await import(process.argv[1]);
    const { readdirSync, readFileSync } = await import('node:fs');
    // proc(5): the 41st field of stat is the policy; what comes after the name has no brackets. 0 is SCHED_OTHER, 5 SCHED_IDLE.
    const policy = (id) => Number(readFileSync('/proc/self/task/' + id + '/stat', 'utf8').split(') ').at(-1).split(' ')[38]);
    const policies = () => readdirSync('/proc/self/task').map((id) => [id === String(process.pid) ? 'main' : 'other', policy(id)].join(' '));
    const before = [...new Set(policies())];
    letMainThreadFirst();
    for (let waited = 0; policies().includes('other 0') && waited < 100; waited++) await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(JSON.stringify([before.sort(), [...new Set(policies())].sort()]));`;
  const kit = new URL('../../appliance/kit/index.js', import.meta.url).href;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script, kit], { encoding: 'utf8' });
  t.strictSame(JSON.parse(out), [['main 0', 'other 0'], ['main 0', 'other 5']]);
});
