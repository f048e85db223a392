/** portico.yaml from bytes: whatever was written, the answer is a value or all problems at their places. */
import fc from 'fast-check';
import t from 'tap';
import { checkFile, inWords, PROBLEM_CODES, PROBLEMS_MAX, SETTINGS_FILE, SUPPORT_FILE, WIPE_FILE, type Problem, type StickFileName } from '../../provisioning/index.js';
import { certificates, FULL, LEAST, RECIPIENT } from '../support/settingsFile.js';

const settings = (text: string | Uint8Array) => checkFile(SETTINGS_FILE, typeof text === 'string' ? Buffer.from(text) : text);
const check = (text: string | Uint8Array, name: StickFileName = SETTINGS_FILE) => checkFile(name, typeof text === 'string' ? Buffer.from(text) : text);
const problemsOf = (text: string | Uint8Array, name?: StickFileName): Problem[] => check(text, name).problems;
/** `line:column code path` of each. */
const placesOf = (text: string | Uint8Array, name?: StickFileName): string[] => problemsOf(text, name).map((each) => `${each.line}:${each.column} ${each.code} ${each.path}`.trim());
/** All of them in `.ci/run`. */
const RUNS = process.env['TEST_FULL'] === undefined ? 500 : 5_000;
/** A bound on what takes a few milliseconds, for a machine that does other things too. */
const MS_MAX = 5_000;

t.test('what is not UTF-8 text is refused with what to do in the editor', async (t) => {
  const cases: [what: string, bytes: Uint8Array, code: string, says: RegExp][] = [
    ['UTF-16 with its mark, as Windows Notepad wrote it', Buffer.from(`\ufeff${LEAST}`, 'utf16le'), 'encoding', /UTF-16.*"Save as".*UTF-8/],
    ['UTF-16, the other way round', Buffer.from(`\ufeff${LEAST}`, 'utf16le').swap16(), 'encoding', /UTF-16/],
    ['UTF-16 without a mark', Buffer.from('kind: settings\nversion: 1\n', 'utf16le'), 'encoding', /cannot be seen|UTF-16/],
    ['GBK, as a Chinese Windows may write it', Buffer.from([0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0xc9, 0xbd, 0xb2, 0xe8, 0x0a]), 'encoding', /ANSI or GBK/],
    ['a NUL', Buffer.from(LEAST.replace('CN', 'C\0N').replace('njr', 'n\0jr')), 'encoding', /U\+0000/],
    ['a bell', Buffer.from('kind: settings\u0007\n'), 'encoding', /U\+0007/],
    ['ends of lines of old Macs', Buffer.from(LEAST.replaceAll('\n', '\r')), 'encoding', /U\+000D/],
    ['nothing', Buffer.alloc(0), 'empty', /empty/],
    ['spaces', Buffer.from(' \n\n  \n'), 'empty', /empty/],
    ['comments only', Buffer.from('# kind: settings\n'), 'empty', /Only comments/],
    ['more than 64 KB', Buffer.alloc(65_537, '#'), 'file_too_large', /64 KB/],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]), 'encoding', /UTF-8/],
  ];
  for (const [what, bytes, code, says] of cases) {
    const [first, ...more] = problemsOf(bytes);
    t.equal(first?.code, code, what);
    t.match(first?.message, says, what);
    t.equal(more.length, 0, what);
  }
  t.equal(problemsOf(Buffer.from('kind: settings\u0007\n'))[0]!.column, 15);
});

t.test('what YAML would let pass is refused here, at its place', async (t) => {
  const cases: [what: string, line: string, place: string, says: RegExp][] = [
    ['an entry twice', 'store: { id: B, name: B }', '6:1 duplicate_key store', /second time/],
    ['an entry twice, further in', 'headOffice: { url: https://a.example, url: https://b.example }', '6:39 duplicate_key headOffice.url', /second time/],
    ['an unknown entry', 'retentoin: { visits: 3 }', '6:1 unknown_key retentoin', /Did you mean retention\?/],
    ['an unknown entry further in', 'backup: { recipent: x, to: usb }', '6:11 unknown_key backup.recipent', /Did you mean recipient\?/],
    ['an entry written otherwise', 'opening-hours: x', '6:1 unknown_key opening-hours', /Did you mean openingHours\?/],
    ['an entry like nothing known', 'kubernetes: {}', '6:1 unknown_key kubernetes', /There is no "kubernetes"\. Known: kind, /],
    ['a name that JavaScript knows', '__proto__: { x: 1 }', '6:1 unknown_key __proto__', /no "__proto__"/],
    ['another', 'constructor: 1', '6:1 unknown_key constructor', /no "constructor"/],
    ['an anchor', 'currency: &a CNY', '6:14 alias', /"&"/],
    ['an alias', 'currency: *a', '6:11 alias', /"\*"/],
    ['a merge', '<<: { currency: CNY }', '6:1 unknown_key <<', /Write them out/],
    ['a tag', 'currency: !!str CNY', '6:17 tag', /"!"/],
    ['a tag of a language', 'currency: !!js/function CNY', '6:25 tag', /"!"/],
    ['a second document', '---\ncurrency: CNY', '6:1 several_documents', /second document/],
    ['a tab', 'headOffice:\n\turl: https://a.example', '7:1 tab', /spaces/],
    ['a number where text belongs', 'currency: 156', '6:11 wrong_type currency', /156 does not fit\. Put it in quotes/],
    ['a number in quotes', 'serial: "7"', '6:9 wrong_type serial', /without quotes/],
    ['a broken number', 'serial: 1.5', '6:9 wrong_type serial', /1\.5 does not fit/],
    ['a number beyond all', 'serial: 99999999999999999999', '6:9 wrong_value serial', /does not fit/],
    ['a number below', 'serial: -1', '6:9 wrong_value serial', /does not fit/],
    ['infinity', 'serial: .inf', '6:9 wrong_type serial', /does not fit/],
    ['a time of one figure', 'dayEndsAt: 4:00', '6:12 wrong_value dayEndsAt', /"04:00", in quotes/],
    ['yes', 'updates: { from: yes }', '6:18 wrong_value updates.from', /Write one of: stick, headOffice/],
    ['a list where text belongs', 'currency: [CNY]', '6:11 wrong_type currency', /one value, not a list/],
    ['a group where a list belongs', 'languages: { a: 1 }', '6:12 wrong_type languages', /is a list/],
    ['text where a group belongs', 'backup: usb', '6:9 wrong_type backup', /group of entries: recipient, to/],
    ['a group with nothing in it', 'backup:', '6:8 missing_key backup', /delete this line/],
    ['an entry without a value', 'currency:', '6:10 missing_key currency', /has no value/],
    ['an empty list', 'languages: []', '6:12 wrong_value languages', /is empty/],
    ['a list that is too short', 'export: { to: usb, parameters: { stayEdges: [45] } }', '6:45 wrong_value export.parameters.stayEdges', /has one entry\. Write at least 2, or delete the entry/],
    ['a list that is too long', `roots: [${'x, '.repeat(9)}]`, '6:8 wrong_value roots', /8 are the most/],
    ['an open quotation mark', 'currency: "CNY', '7:1 syntax', /ends too early/],
    ['an open bracket', 'languages: [zh-CN', '7:1 syntax', /ends too early/],
    ['two entries on a line', 'currency: CNY: dayEndsAt', '6:11 syntax', /Two entries stand on one line/],
    ['a key that is a list', '? [a, b]\n: 1', '6:3 syntax', /not the name of an entry/],
    ['a key that is a number', '1: 2', '6:1 unknown_key', /"1" is not the name/],
    ['a line for the parser', '%YAML 1.1', '6:1 syntax', /./],
    ['a line that says nothing', 'currency', '6:1 syntax', /the ":" after a name/],
  ];
  for (const [what, line, place, says] of cases) {
    const problems = problemsOf(`${LEAST}${line}\n`);
    const found = problems.find((each) => `${each.line}:${each.column} ${each.code} ${each.path}`.trim() === place);
    t.ok(found, `${what}: ${problems.map((each) => `${inWords(each)} (${each.code} ${each.path})`).join(' | ')}`);
    if (found !== undefined) t.match(found.message, says, what);
  }
});

t.test('what does not go together is refused', async (t) => {
  const pems = certificates(t.testdir({}));
  const block = (pem: string) => `roots:\n  - |\n${pem.trimEnd().split('\n').map((each) => `    ${each}`).join('\n')}`;
  const secret = (name: string) => `secrets:\n  ${name}: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    YWdl\n    -----END AGE ENCRYPTED FILE-----\n`;
  const toHeadOffice = (rest: string) => `${LEAST}headOffice: { url: https://hq.example.cn }\nexport: { to: headOffice${rest}\n`;
  const withNetwork = (rest: string) => LEAST.replace('{ hostName: portico-njr }', `{ hostName: portico-njr, ${rest} }`);
  const cases: [what: string, text: string, place: string | null][] = [
    ['a time zone that there is not', LEAST.replace('Asia/Shanghai', 'Asia/Shangai'), '4:11 wrong_value timeZone'],
    ['opening hours in words', `${LEAST}openingHours: every day\n`, '6:15 wrong_value openingHours'],
    ['a language twice', `${LEAST}languages: [en, en]\n`, '6:12 contradiction languages'],
    ['a host name as an address', LEAST.replace('portico-njr', 'portico-njr.local'), '5:22 wrong_value network.hostName'],
    ['a host name of head office with a password', `${LEAST}headOffice: { url: "https://u:p@hq.example.cn/" }\n`, '6:20 wrong_value headOffice.url'],
    ['plain HTTP', `${LEAST}headOffice: { url: http://hq.example.cn/ }\n`, '6:20 wrong_value headOffice.url'],
    ['DHCP and an address', withNetwork('ethernet: { dhcp: true, address: 10.0.0.2/8 }'), '5:45 contradiction network.ethernet'],
    ['neither', withNetwork('ethernet: { dns: [10.0.0.1] }'), '5:45 missing_key network.ethernet'],
    ['an address without its network', withNetwork('ethernet: { address: 10.0.0.2 }'), '5:56 wrong_value network.ethernet.address'],
    ['a router of another kind', withNetwork('ethernet: { address: 10.0.0.2/8, gateway: "fd00::1" }'), '5:77 contradiction network.ethernet.gateway'],
    ['a gateway that the box cannot reach', withNetwork('ethernet: { address: 192.168.1.20/24, gateway: 192.168.2.1 }'), '5:82 contradiction network.ethernet.gateway'],
    ['the same, of IPv6', withNetwork('ethernet: { address: "fd00:1::20/64", gateway: "fd00:2::1" }'), '5:82 contradiction network.ethernet.gateway'],
    ['a box whose own network is kept out', withNetwork('allowedLan: [10.0.0.0/24, "fd00::/8"], ethernet: { address: 10.0.1.20/24 }'), '5:47 contradiction network.allowedLan'],
    ['a network of 33 bits', withNetwork('allowedLan: [10.0.0.0/33]'), '5:48 wrong_value network.allowedLan[0]'],
    ['a time server with a scheme', withNetwork('ntp: [ntp.aliyun.com, "https://x"]'), '5:57 wrong_value network.ntp[1]'],
    ['backups to sftp without the server\'s key', `${LEAST}backup: { recipient: ${RECIPIENT}, to: "sftp://u@h/f" }\n`, '6:9 missing_key backup'],
    ['a password in the address', `${LEAST}backup: { recipient: ${RECIPIENT}, to: "sftp://u:p@h/f", hostKey: "SHA256:${'A'.repeat(43)}" }\n`, '6:90 wrong_value backup.to'],
    ['a recipient with a slip of the pen', `${LEAST}backup: { recipient: ${RECIPIENT.replace('wkp3', 'wkp4')}, to: usb }\n`, '6:22 wrong_value backup.recipient'],
    ['updates from nowhere', `${LEAST}updates: { from: headOffice }\n`, '6:18 contradiction updates.from'],
    ['fewer days than the law allows', `${LEAST}retention: { audit_log: 1 }\n`, '6:25 wrong_value retention.audit_log'],
    ['a pack that climbs out', `${LEAST}models: { pack: ../../etc }\n`, '6:17 wrong_value models.pack'],
    ['a pack named like the folder above', `${LEAST}models: { pack: .. }\n`, '6:17 wrong_value models.pack'],
    ['a pack with a path', `${LEAST}models: { pack: a/b }\n`, '6:17 wrong_value models.pack'],
    ['a pack as Windows climbs out', `${LEAST}models: { pack: '..\\x' }\n`, '6:17 wrong_value models.pack'],
    ['a name of two lines', LEAST.replace('山茶表行南京路店', '"a\\nPORTICO_DEMO=true"'), '3:31 wrong_value store.name'],
    ['something that is no certificate', `${LEAST}roots: [abc]\n`, '6:9 wrong_value roots[0]'],
    ['a certificate of a server', pems === null ? `${LEAST}roots: [abc]\n` : `${LEAST}${block(pems.leaf)}\n`, pems === null ? '6:9 wrong_value roots[0]' : '7:5 wrong_value roots[0]'],
    ['releases to a head office that nobody knows', `${LEAST}export: { to: headOffice }\n`, '6:15 contradiction export.to'],
    ['releases to a head office that is known', `${LEAST}headOffice: { url: https://hq.example.cn }\nexport: { to: headOffice }\n`, null],
    ['releases over plain HTTP', `${LEAST}export: { to: "http://hq.example.cn/" }\n`, '6:15 wrong_value export.to'],
    ['releases to an address of their own', `${LEAST}export: { to: "https://hq.example.cn/" }\n`, '6:15 wrong_value export.to'],
    ['releases to sftp without the server\'s key', `${LEAST}export: { to: "sftp://u@h/f" }\n`, '6:9 missing_key export'],
    ['releases to sftp with a password', `${LEAST}export: { to: "sftp://u:p@h/f", hostKey: "SHA256:${'A'.repeat(43)}" }\n`, '6:15 wrong_value export.to'],
    ['a server\'s key for a disk', `${LEAST}export: { to: usb, hostKey: "SHA256:${'A'.repeat(43)}" }\n`, '6:29 contradiction export.hostKey'],
    ['a shared secret for a disk', `${LEAST}export: { to: usb }\n${secret('exportHmac')}`, '8:15 contradiction secrets.exportHmac'],
    ['a key of a certificate for a disk', `${LEAST}export: { to: usb }\n${secret('exportClientKey')}`, '8:20 contradiction secrets.exportClientKey'],
    ['a key of a server for a disk', `${LEAST}export: { to: usb }\n${secret('exportSftpKey')}`, '8:18 contradiction secrets.exportSftpKey'],
    ['a key without its certificate', `${toHeadOffice(' }')}${secret('exportClientKey')}`, '7:9 missing_key export'],
    ['a certificate whose key comes later', pems === null ? LEAST : toHeadOffice(`,\n  clientCertificate: ${JSON.stringify(pems.leaf)} }`), null],
    ['a certificate and the root that signed it', pems === null ? LEAST : toHeadOffice(`,\n  clientCertificate: ${JSON.stringify(pems.leaf + pems.root)} }`), null],
    ['a certificate for a disk', `${LEAST}export: { to: usb, clientCertificate: ${JSON.stringify(pems?.leaf ?? 'x')} }\n`, '6:39 contradiction export.clientCertificate'],
    ['a key where the certificate belongs', toHeadOffice(`,\n  clientCertificate: ${JSON.stringify(pems === null ? 'x' : pems.leaf + pems.leafKey)} }`), '8:22 wrong_value export.clientCertificate'],
    ['words where the certificate belongs', toHeadOffice(',\n  clientCertificate: "-----BEGIN CERTIFICATE-----" }'), '8:22 wrong_value export.clientCertificate'],
    ['a half of a certificate', toHeadOffice(`,\n  clientCertificate: ${JSON.stringify(`${pems?.leaf ?? 'x'}-----BEGIN CERTIFICATE-----\nabc`)} }`), '8:22 wrong_value export.clientCertificate'],
    ['a tier twice', `${LEAST}export: { to: usb, tiers: [VIP, vip] }\n`, '6:27 contradiction export.tiers'],
    ['a tier that a release uses itself', `${LEAST}export: { to: usb, tiers: [Other] }\n`, '6:27 wrong_value export.tiers'],
    ['a team that a release uses itself', `${LEAST}export: { to: usb, teams: [none] }\n`, '6:27 wrong_value export.teams'],
    ['a tier that is a number', `${LEAST}export: { to: usb, tiers: [1] }\n`, '6:28 wrong_type export.tiers[0]'],
    ['a tier that ends in a space', `${LEAST}export: { to: usb, tiers: ["VIP "] }\n`, '6:28 wrong_value export.tiers[0]'],
    ['seven teams', `${LEAST}export: { to: usb, teams: [a, b, c, d, e, f, g] }\n`, '6:27 wrong_value export.teams'],
    ['a number that protects nobody', `${LEAST}export: { to: usb, parameters: { epsilon: 2 } }\n`, '6:43 wrong_value export.parameters.epsilon'],
    ['a number in quotes', `${LEAST}export: { to: usb, parameters: { epsilon: "0.5" } }\n`, '6:43 wrong_type export.parameters.epsilon'],
    ['a number of more decimals than are counted', `${LEAST}export: { to: usb, parameters: { epsilon: 0.1234567 } }\n`, '6:43 wrong_value export.parameters.epsilon'],
    ['a part that is more than the whole', `${LEAST}export: { to: usb, parameters: { epsilon: 0.3 } }\n`, '6:32 contradiction export.parameters.epsilonVisitor'],
    ['a year that no night fits in', `${LEAST}export: { to: usb, parameters: { epsilonYearMax: 0.5 } }\n`, '6:50 contradiction export.parameters.epsilonYearMax'],
    ['stays that go down', `${LEAST}export: { to: usb, parameters: { stayEdges: [45, 15] } }\n`, '6:45 contradiction export.parameters.stayEdges'],
    ['one length of stay', `${LEAST}export: { to: usb, parameters: { stayEdges: [45] } }\n`, '6:45 wrong_value export.parameters.stayEdges'],
    ['a part of the day that is too short', `${LEAST}export: { to: usb, parameters: { partEdges: ["12:00", "14:00"] } }\n`, '6:45 contradiction export.parameters.partEdges'],
    ['a day whose first part is too short', `${LEAST}dayEndsAt: "10:00"\nexport: { to: usb }\n`, '7:9 contradiction export.parameters.partEdges'],
    ['an unknown number', `${LEAST}export: { to: usb, parameters: { epsilom: 0.5 } }\n`, '6:34 unknown_key export.parameters.epsilom'],
    ['a root', pems === null ? LEAST : `${LEAST}${block(pems.root)}\n`, null],
  ];
  for (const [what, text, place] of cases) {
    if (place === null) t.strictSame(placesOf(text), [], what);
    else t.ok(placesOf(text).includes(place), `${what}: ${placesOf(text).join(' | ')}`);
  }
});

t.test('a secret that was put there in the clear is refused and not repeated', async (t) => {
  for (const text of [`${LEAST}secrets: { sftpKey: hunter2hunter2 }\n`, `${LEAST}backup: { recipient: AGE-SECRET-KEY-1HUNTER2, to: usb }\n`, `${LEAST}secrets: { exportHmac: hunter2hunter2hunter2hunter2hunter2 }\n`,
    `${LEAST}headOffice: { url: https://hq.example.cn }\nexport: { to: headOffice, clientCertificate: "-----BEGIN PRIVATE KEY-----\\nhunter2\\n" }\n`, `${LEAST}secrets:\n  sftpKey: |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n    hunter2\n`]) {
    const problems = problemsOf(text);
    t.ok(problems.length > 0);
    t.notMatch(JSON.stringify(problems), /hunter2/i);
  }
});

t.test('all problems come at once, in order, and a file made of problems gets no endless answer', async (t) => {
  t.strictSame(placesOf('kind: wipe\nversion: 2\nserial: x\nstore: { id: "", naem: 3 }\ntimeZone: 8\nnetwork:\n  hostName: A\n  ntp: []\n'), [
    '1:7 other_kind kind', '2:10 other_version version', '3:9 wrong_type serial', '4:8 missing_key store.name', '4:14 wrong_value store.id', '4:18 unknown_key store.naem', '5:11 wrong_type timeZone',
    '7:13 wrong_value network.hostName', '8:8 wrong_value network.ntp',
  ]);
  const many = problemsOf(`${LEAST}${Array.from({ length: 300 }, (_, i) => `x${i}: 1`).join('\n')}\n`);
  t.equal(many.length, PROBLEMS_MAX + 1);
  t.match(many.at(-1), { code: 'more_problems', message: /^250 more problems/, line: 56 });
});

t.test('a bomb is refused before it goes off', async (t) => {
  const laughs = ['a: &a ["lol","lol","lol"]', ...'bcdefghi'.split('').map((letter, i) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)].join('\n');
  const bombs: [what: string, text: string, code: string][] = [
    ['a billion laughs', laughs, 'alias'],
    ['brackets in brackets', '['.repeat(60_000), 'too_complicated'],
    ['braces in braces', '{a: '.repeat(15_000), 'too_complicated'],
    ['lists in lists', '- '.repeat(30_000), 'too_complicated'],
    ['questions in questions', '? '.repeat(30_000), 'too_complicated'],
    ['entries in entries', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'too_complicated'],
    ['a list of twenty thousand', `a: [${'1,'.repeat(20_000)}]`, 'too_complicated'],
    ['ten thousand entries', Array.from({ length: 9_000 }, (_, i) => `a${i}: 1`).join('\n').slice(0, 65_000), 'too_complicated'],
    ['a key of sixty thousand letters', `${'k'.repeat(60_000)}: 1`, 'unknown_key'],
    ['an open quotation mark and lines', `a: "${'\\\n'.repeat(32_000)}`, 'syntax'],
    ['comments', '#\n'.repeat(32_000), 'too_complicated'],
    ['directives', '%a\n'.repeat(20_000), 'too_complicated'],
    ['documents', '---\n'.repeat(16_000), 'too_complicated'],
    ['anchors', '&a '.repeat(20_000), 'too_complicated'],
    ['a value of sixty thousand letters', `kind: ${'k'.repeat(60_000)}`, 'other_kind'],
  ];
  for (const [what, text, code] of bombs) {
    const before = performance.now();
    const problems = problemsOf(text);
    t.ok(performance.now() - before < MS_MAX, `${what}: in time`);
    t.ok(problems.some((each) => each.code === code), `${what}: ${problems.slice(0, 3).map(inWords).join(' | ')}`);
    t.ok(problems.length <= PROBLEMS_MAX + 1 && problems.every(({ message }) => message.length < 1_000), `${what}: a short answer`);
  }
});

t.test('what fits is read: with CRLF, with a byte order mark, in Chinese, with comments, in quotes or not', async (t) => {
  const plain = check(FULL);
  t.strictSame(plain.problems, []);
  t.match(plain.value, { serial: 7, store: { name: '山茶表行南京路店' }, network: { ethernet: { dns: ['192.168.1.1'] } }, dayEndsAt: '04:00', backup: { keep: 14 } });
  for (const text of [FULL.replaceAll('\n', '\r\n'), `\ufeff${FULL}`, `\ufeff${FULL.replaceAll('\n', '\r\n')}`, `# 设置\n---\n${FULL}...\n`, FULL.replace('dayEndsAt: "04:00"', 'dayEndsAt: 04:00   # 凌晨')]) {
    t.strictSame(check(text), plain);
  }
  t.strictSame(check(LEAST).problems, []);
  t.strictSame(settings(LEAST.replace('SH-NJR-01', '2026-11-22')).value!.store.id, '2026-11-22', 'a date is text');
  t.strictSame(settings(LEAST.replace('SH-NJR-01', 'no')).value!.store.id, 'no', 'and so is a word that other versions of YAML take for false');
});

t.test('no file passes for another kind', async (t) => {
  const wipe = 'kind: wipe\nversion: 1\nbox: box-123456789abc\nuntil: 2026-12-01T18:00:00+08:00\n';
  const support = `kind: support\nversion: 1\nbox: box-1234\nuntil: 2026-12-01T18:00:00Z\nsshKey: ssh-ed25519 ${'A'.repeat(68)} it@example.cn\n`;
  t.strictSame([check(wipe, WIPE_FILE).problems, check(support, SUPPORT_FILE).problems, check(LEAST, SETTINGS_FILE).problems], [[], [], []]);
  const files: [StickFileName, string][] = [[WIPE_FILE, wipe], [SUPPORT_FILE, support], [SETTINGS_FILE, LEAST]];
  for (const [name] of files) for (const [other, text] of files) if (other !== name) t.ok(problemsOf(text, name).some(({ code }) => code === 'other_kind'), `${other} as ${name}`);
  t.ok(placesOf(wipe.replace('box: box-123456789abc\n', 'store: SH-NJR-01\n'), WIPE_FILE).includes('1:1 missing_key box'), 'a wipe says of which box: the store\'s next one is another');
  t.ok(placesOf(wipe.replace('12-01T18', '02-31T18'), WIPE_FILE).includes('4:8 wrong_value until'), 'and until a day that there is');
  t.ok(placesOf(support.replace('ssh-ed25519', 'ssh-rsa'), SUPPORT_FILE).some((each) => each.endsWith('sshKey')));
});

t.test('any bytes give a value or problems with places in the file, in bounded time', async () => {
  const pieces = fc.constantFrom(...FULL.split('\n').map((each) => `${each}\n`), ...FULL.match(/[^\s:,{}[\]]+|[:,{}[\]]|\s+/g)!, '&a', '*a', '!!map', '<<', '- ', '? ', '|', '>', '"', "'", '\t', '\r\n', '\u2028', '#', '%', '@', '`', '---\n', '...\n', '~', 'null', '\ufeff', '𠮷');
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((list) => Buffer.from(list.join(''))),
    fc.tuple(pieces, fc.integer({ min: 1, max: 60_000 })).map(([piece, times]) => Buffer.from(piece.repeat(Math.ceil(times / piece.length)))),
    fc.tuple(fc.nat(FULL.length), fc.nat(40), fc.array(pieces, { maxLength: 4 })).map(([at, length, list]) => Buffer.from(FULL.slice(0, at) + list.join('') + FULL.slice(at + length))),
    fc.uint8Array({ maxLength: 2_000 }), fc.string({ unit: 'binary', maxLength: 500 }).map((text) => Buffer.from(text)),
    fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text)),
  );
  const codes: readonly string[] = PROBLEM_CODES;
  fc.assert(fc.property(texts, fc.constantFrom<StickFileName>(SETTINGS_FILE, WIPE_FILE, SUPPORT_FILE), (bytes, name) => {
    const before = performance.now();
    const { problems, value } = checkFile(name, bytes);
    if (performance.now() - before > MS_MAX) return false;
    if ((value === null) !== (problems.length > 0)) return false;
    const lines = Buffer.from(bytes).toString('utf8').replace(/^\ufeff/, '').split('\n');
    return problems.every((each) => each.file === name && codes.includes(each.code) && each.message.length > 10 && !/[\r\n]/.test(each.message)
      && Number.isInteger(each.line) && each.line >= 1 && each.line <= lines.length && Number.isInteger(each.column) && each.column >= 1 && each.column <= lines[each.line - 1]!.length + 2);
  }), { numRuns: RUNS });
});
