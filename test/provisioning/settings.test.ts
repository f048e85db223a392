/** What a checked file becomes on the box, and the JSON Schema that editors read. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { stringify } from 'yaml';
import { loadConfig } from '../../appliance/config/index.js';
import { RETENTION_KINDS } from '../../appliance/contract/index.js';
import { TERMS } from '../../appliance/compliance/terms.js';
import { checkFile, PROBLEM_CODES, Settings, SETTINGS_FILE, toEnvironment, whyNotNow, type Wipe } from '../../provisioning/index.js';
import { schemaFile } from '../../provisioning/laptop/index.js';
import { FULL, LEAST, RECIPIENT } from '../support/settingsFile.js';

/** All of them in `.ci/run`. */
const RUNS = process.env['TEST_FULL'] === undefined ? 300 : 3_000;

const read = (text: string): Settings => {
  const { problems, value } = checkFile(SETTINGS_FILE, Buffer.from(text));
  if (value === null) throw new Error(JSON.stringify(problems));
  return value;
};

t.test('what the file says is what the box is told, and the box takes it', async (t) => {
  const config = loadConfig(toEnvironment(read(FULL)));
  t.match(config, {
    storeId: 'SH-NJR-01', storeName: '山茶表行南京路店', languages: ['zh-CN', 'en'], timeZone: 'Asia/Shanghai', currency: 'CNY', dayEndsAt: '04:00', hostNames: ['portico-njr.local'], mdns: true,
    allowedLan: ['192.168.1.0/24', 'fd00::/8'], headOfficeUrl: 'https://hq.example.cn/portico/', ownerCodeSha256: '0f'.repeat(32), metricsAllow: ['10.0.0.5'],
    backup: { recipient: RECIPIENT, at: '02:40', keep: 14, to: { kind: 'sftp', user: 'portico', host: 'backup.example.cn', folder: '/njr' } },
    egressAllow: ['224.0.0.251', 'hq.example.cn', 'backup.example.cn'],
  });
  t.strictSame(config.export, {
    to: { kind: 'https', url: 'https://hq.example.cn/portico/releases' }, at: '05:10',
    parameters: {
      epsilon: 0.5, epsilonVisitor: 0.2, delta: 0.000002, crowdMin: 30, cellMin: 12, cellsPerPerson: 3, minutesMax: 120, stayEdges: [10, 30], partEdges: ['12:00', '18:00'], epsilonYearMax: 100, tiers: ['金卡', 'VIP+'], teams: ['A 组'],
    },
  });
  t.strictSame([...config.retentionDays], [['visits', 365], ['notes', 90]]);
  t.equal(config.openingHours.length, 7);
  t.match(loadConfig(toEnvironment(read(`${LEAST}backup: { recipient: ${RECIPIENT}, to: usb }\n`))).backup, { to: { kind: 'folder', folder: '/run/portico/backup', mounted: true } });
  t.match(loadConfig(toEnvironment(read(`${LEAST}export: { to: usb }\n`))).export, { to: { kind: 'folder', folder: '/run/portico/export', mounted: true }, at: '04:40' });
  t.match(loadConfig(toEnvironment(read(`${LEAST}export: { to: "sftp://p@files.example.cn/in", hostKey: "SHA256:${'A'.repeat(43)}" }\n`))), { export: { to: { kind: 'sftp', user: 'p', host: 'files.example.cn', folder: '/in' } }, egressAllow: ['224.0.0.251', 'files.example.cn'] });
  t.equal(toEnvironment(read(`${LEAST}models: { pack: own }\n`), '/packs/own')['PORTICO_MODELS_DIR'], '/packs/own');
  t.notOk('PORTICO_MODELS_DIR' in toEnvironment(read(FULL), '/packs/own'), 'the built-in pack stays where it is');
});

t.test('releases go to the folder that is called so below head office, wherever that is', async (t) => {
  for (const [url, releases] of [
    ['https://hq.example.cn', 'https://hq.example.cn/releases'], ['https://hq.example.cn/a/b', 'https://hq.example.cn/a/b/releases'], ['https://hq.example.cn:8443/a/?b=/c/', 'https://hq.example.cn:8443/a/releases?b=/c/'], ['https://[fd00::1]/', 'https://[fd00::1]/releases'],
  ] as const) t.match(loadConfig(toEnvironment(read(`${LEAST}headOffice: { url: "${url}" }\nexport: { to: headOffice }\n`))).export, { to: { kind: 'https', url: releases } }, url);
});

t.test('what is not said is left to the box', async (t) => {
  t.strictSame(Object.keys(toEnvironment(read(LEAST))).sort(), ['PORTICO_HOST_NAMES', 'PORTICO_MDNS', 'PORTICO_STORE_ID', 'PORTICO_STORE_NAME', 'PORTICO_TIME_ZONE']);
  t.strictSame(loadConfig(toEnvironment(read(LEAST))).languages, loadConfig({}).languages);
});

t.test('whatever passes the check starts the box: no setting is refused only there', async (t) => {
  const network = fc.oneof(fc.ipV4(), fc.ipV6(), fc.tuple(fc.ipV4(), fc.nat(34)).map(([ip, bits]) => `${ip}/${bits}`), fc.tuple(fc.ipV6(), fc.nat(130)).map(([ip, bits]) => `${ip}/${bits}`),
    fc.constantFrom('10.0.0.0/08', '10.0.0.0/', '1.2.3', 'fe80::1%eth0', 'localhost'));
  const word = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }), fc.constantFrom('a,b', 'a=b', '"', '\\', '$HOME', '%n', '#x', ' x ', '\u0085', '\u202e', 'a\rb', '👨‍👩‍👧', ' '));
  const backup = fc.record({
    recipient: fc.constant(RECIPIENT), hostKey: fc.constantFrom(undefined, `SHA256:${'A'.repeat(43)}`), at: fc.constantFrom(undefined, '02:40'), keep: fc.constantFrom(undefined, 2, 366, 1),
    to: fc.constantFrom('usb', 'sftp://u@h/f', 'sftp://u@h:22/f', 'sftp://u@h:99999/f', 'sftp://u%zz@h/f', 'sftp://u@h/%zz', 'sftp://@h/f', 'sftp://u@h/f?x', 'sftp://u@h,i/f', 'sftp://u@/f', 'sftp://u@[::1]/f'),
  });
  /** One entry of a good file, made anew. */
  const change = fc.oneof(
    fc.record({ store: fc.record({ id: fc.oneof(fc.constant('A'), fc.constantFrom('-x', 'a b', 'x'.repeat(40), 'x'.repeat(41)), word), name: word }) }),
    fc.record({ languages: fc.array(fc.constantFrom('zh-CN', 'en'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ timeZone: fc.constantFrom('Europe/Berlin', 'UTC', '+08:00', 'asia/shanghai', 'CST', 'Etc/GMT+8') }),
    fc.record({ currency: fc.constantFrom('cny', 'EUR'), dayEndsAt: fc.constantFrom('04:00', '24:00', '4:00', '23:59') }),
    fc.record({ openingHours: fc.constantFrom('Mo-Su 10:00-22:00', 'Mo-Su 10:00-24:00', 'Mo 10:00-10:00', 'Fr-Mo 22:00-04:00;', '; ;', 'Mo,Tu 9:00-10:00') }),
    fc.record({ network: fc.record({ hostName: fc.constantFrom('a', '-a', 'A', 'x'.repeat(63), 'x'.repeat(64)), allowedLan: fc.array(network, { minLength: 1, maxLength: 3 }) }) }),
    fc.record({ headOffice: fc.record({ url: fc.oneof(fc.webUrl({ validSchemes: ['https'] }), fc.constantFrom('https://', 'https://[::1]/', 'https://a b', 'https://a:99999/', 'https://例子.cn/', 'https://h/#x')) }) }),
    fc.record({ retention: fc.dictionary(fc.constantFrom(...RETENTION_KINDS), fc.integer({ min: 1, max: 4_000 })) }),
    fc.record({ metrics: fc.record({ allow: fc.array(network, { maxLength: 3 }) }) }),
    fc.record({ backup }),
  );
  let passed = 0;
  fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
    const { value } = checkFile(SETTINGS_FILE, Buffer.from(stringify(JSON.parse(JSON.stringify(Object.assign({ ...read(LEAST) }, ...changes))))));
    if (value === null) return;
    passed += 1;
    const environment = toEnvironment(value);
    for (const each of Object.values(environment)) if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(each)) throw new Error('more than a line');
    const config = loadConfig(environment);
    if (config.storeName !== value.store.name || config.allowedLan.join() !== (value.network.allowedLan ?? []).join()) throw new Error('not what was said');
  }), { numRuns: RUNS });
  t.ok(passed > RUNS / 10, `${passed} of them pass`);
});

t.test('the same of releases, and each number arrives as it was said', async (t) => {
  const name = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('金卡', 'VIP', 'vip', 'A 组', 'ｖｉｐ', 'é', 'a._:+-', '2') },
    { weight: 1, arbitrary: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 22 }), fc.constantFrom('VIP ', 'other', 'None', 'a,b', '=1', 'e\u0301')) });
  const decimal = fc.oneof(fc.double({ min: 0, max: 1.2, noNaN: true }), fc.integer({ min: 1, max: 1_100_000 }).map((millionths) => millionths / 1_000_000), fc.constantFrom(1e-7, 1e-6, 0.4, 1));
  const exported = fc.record({
    to: fc.constantFrom('headOffice', 'usb', 'usb', 'sftp://u@h/f', 'sftp://u@h/%zz'), hostKey: fc.constantFrom(undefined, undefined, `SHA256:${'A'.repeat(43)}`), at: fc.constantFrom(undefined, '05:00'),
    tiers: fc.option(fc.array(name, { maxLength: 3 }), { nil: undefined }), teams: fc.option(fc.array(name, { maxLength: 3 }), { nil: undefined }),
    parameters: fc.option(fc.array(fc.oneof(
      fc.record({ epsilon: decimal }), fc.record({ epsilonVisitor: decimal }), fc.record({ delta: fc.constantFrom(1e-6, 1e-5, 0.0000015, 2e-5) }), fc.record({ crowdMin: fc.constantFrom(20, 19, 1e12) }), fc.record({ cellMin: fc.constantFrom(10, 100_000, 9) }),
      fc.record({ cellsPerPerson: fc.integer({ min: 0, max: 5 }) }), fc.record({ minutesMax: fc.integer({ min: 29, max: 181 }) }), fc.record({ stayEdges: fc.array(fc.integer({ min: 0, max: 180 }), { minLength: 1, maxLength: 4 }) }),
      fc.record({ partEdges: fc.array(fc.integer({ min: 0, max: 24 }).map((hour) => `${String(hour).padStart(2, '0')}:00`), { minLength: 0, maxLength: 4 }) }), fc.record({ epsilonYearMax: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.double({ min: 0, max: 400, noNaN: true })) }),
    ), { minLength: 1, maxLength: 2 }).map((list) => Object.assign({}, ...list) as object), { nil: undefined }),
  }, { requiredKeys: ['to'] });
  let passed = 0;
  fc.assert(fc.property(exported, fc.constantFrom('00:00', '04:00', '08:00', '10:00'), (release, dayEndsAt) => {
    const { value } = checkFile(SETTINGS_FILE, Buffer.from(stringify(JSON.parse(JSON.stringify({ ...read(LEAST), dayEndsAt, headOffice: { url: 'https://hq.example.cn/' }, export: release })))));
    if (value === null) return;
    passed += 1;
    const config = loadConfig(toEnvironment(value));
    const { parameters = {}, teams = [], tiers = [] } = value.export!;
    for (const [key, said] of Object.entries({ ...parameters, teams, tiers })) if (!isDeepStrictEqual(config.export!.parameters[key as 'epsilon'], said)) throw new Error(`${key} is another`);
  }), { numRuns: RUNS });
  t.ok(passed > RUNS / 20, `${passed} of them pass`);
});

t.test('a request is for one box, until a time that is not too far off', async (t) => {
  const now = Date.parse('2026-11-22T10:00:00Z');
  const box = { boxId: 'box-1', storeId: 'SH-1' };
  const wipe = (rest: object) => whyNotNow({ kind: 'wipe', version: 1, until: '2026-11-23T10:00:00Z', ...rest } as Wipe, box, now);
  t.equal(wipe({}), 'other_box', 'a request that names none is for none');
  t.equal(wipe({ store: 'SH-2' }), 'other_box');
  t.equal(wipe({ store: 'SH-1', box: 'box-2' }), 'other_box', 'both must fit');
  t.equal(wipe({ box: 'box-1', until: '2026-11-22T10:00:00Z' }), 'over');
  t.equal(wipe({ box: 'box-1', until: '2027-11-22T10:00:00Z' }), 'too_long');
  t.equal(wipe({ box: 'box-1', until: 'never' }), 'over');
  t.equal(wipe({ store: 'SH-1' }), 'other_box', 'a store outlives its box');
  t.equal(wipe({ store: 'SH-1', box: 'box-1' }), null);
  t.equal(wipe({ box: 'box-1' }), null);
  t.equal(whyNotNow({ kind: 'support', version: 1, box: 'box-1', until: '2026-11-30T10:00:00Z', sshKey: 'x' }, box, now), 'too_long', 'a week for support');
});

t.test('the JSON Schema beside the code is the one that checks, and says of every entry what it is', async (t) => {
  const file = readFileSync(new URL('../../../provisioning/portico.schema.json', import.meta.url), 'utf8');
  t.equal(file, schemaFile(), 'make it anew: npm run --silent portico -- stick schema > provisioning/portico.schema.json');
  interface Form { description?: string; properties?: Record<string, Form>; items?: Form; additionalProperties?: boolean; pattern?: string }
  let entries = 0;
  const visit = (form: Form, path: string): void => {
    t.ok(form.description, `${path} is described`);
    if (form.properties !== undefined) t.equal(form.additionalProperties, false, `${path} is closed`);
    if (form.pattern !== undefined) t.doesNotThrow(() => new RegExp(form.pattern!, 'u'), path);
    entries += 1;
    for (const [name, each] of Object.entries(form.properties ?? {})) visit(each, `${path}.${name}`);
    if (form.items !== undefined) visit(form.items, `${path}[]`);
  };
  visit(JSON.parse(file) as Form, '');
  t.ok(entries > 50, `${entries} entries`);
});

t.test('the reference names every entry, every kind of retention with its bounds, and every code', async (t) => {
  const reference = readFileSync(new URL('../../../docs/stick.md', import.meta.url), 'utf8');
  interface Form { properties?: Record<string, Form> }
  const paths = (form: Form, path: string): string[] => (form.properties === undefined ? [path] : Object.entries(form.properties).flatMap(([name, each]) => paths(each, path === '' ? name : `${path}.${name}`)));
  for (const path of paths(Settings as Form, '')) {
    if (path.startsWith('network.ethernet.')) t.match(reference, `\`${path.split('.').at(-1)!}\``.replace('`dhcp`', '{ dhcp: true }'), path);
    else if (!path.startsWith('retention.')) t.match(reference, `\`${path}\``, path);
  }
  for (const kind of RETENTION_KINDS) t.match(reference, `| \`${kind}\` | ${TERMS[kind].days} | ${TERMS[kind].minDays} to ${TERMS[kind].maxDays} |`, kind);
  for (const code of PROBLEM_CODES) t.match(reference, `\`${code}\``, code);
});
