/** What a stick says of releases for head office, on the box: where they go, and by which keys. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseEnvironmentFile } from '../../updates/index.js';
import { loadConfig } from '../../appliance/config/index.js';
import { certificates } from '../support/settingsFile.js';
import { everything, machineThat, newBox, put, secretFor, settingsText } from '../support/stick.js';

const made = certificates(t.testdir({}));
const skip = made === null ? 'openssl is missing' : false;
const { leaf, leafKey } = made ?? { leaf: '', leafKey: '' };
const HMAC = 'SHARED-0123456789abcdef0123456789abcdef';
const DROP_IN = '/etc/systemd/system/portico.service.d/50-portico.conf';
const CERTIFICATE = '/etc/portico/export-client.crt';

const toHeadOffice = (more = '') => `headOffice: { url: "https://203.0.113.9/portico/" }\nexport:\n  to: headOffice\n${more}`;
const withCertificate = toHeadOffice(`  clientCertificate: |\n${leaf.trim().split('\n').map((line) => `    ${line}\n`).join('')}`);
const secrets = async (recipient: string, given: Record<string, string>) =>
  `secrets:\n${(await Promise.all(Object.entries(given).map(async ([name, secret]) => `  ${name}: |\n${await secretFor(recipient, secret)}`))).join('')}`;
type Box = Awaited<ReturnType<typeof newBox>>;
/** As systemd would give it to the service. */
async function given(box: Box, name: string): Promise<string | null> {
  if (box.credentials === null) return box.read(`/etc/credstore/portico-${name}`);
  const sealed = box.read(`/etc/credstore.encrypted/portico-${name}`);
  return sealed === null ? null : (await box.credentials.open(name, Buffer.from(sealed))).toString();
}

t.test('the service is told where releases go and gets their keys sealed; what the next stick does not say any more is gone', { skip }, async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1, `${withCertificate}${await secrets(box.first.recipient, { exportHmac: `${HMAC}\n`, exportClientKey: leafKey })}`));
  t.match(await box.apply(), { outcome: 'applied', problems: [] });
  t.match(loadConfig(parseEnvironmentFile(box.read('/etc/portico/box.env')!)).export, { to: { kind: 'https', url: 'https://203.0.113.9/portico/releases' } });
  const dropIn = box.read(DROP_IN)!;
  for (const name of ['export-hmac', 'export-client-key']) t.match(dropIn, new RegExp(`^LoadCredential(Encrypted)?=${name}:/etc/credstore(\\.encrypted)?/portico-${name}$`, 'm'));
  t.match(dropIn, `LoadCredential=export-client-cert:${CERTIFICATE}\n`);
  t.match(dropIn, 'IPAddressAllow=203.0.113.9\n');
  t.notMatch(dropIn, /sftp-key/);
  t.equal(await given(box, 'export-hmac'), HMAC, 'without the end of line that an editor puts there');
  t.equal(await given(box, 'export-client-key'), leafKey);
  t.equal(box.read(CERTIFICATE), leaf);
  t.equal(statSync(join(box.root, CERTIFICATE)).mode & 0o777, 0o644);
  for (const [path, bytes] of everything(box.root)) if (box.credentials !== null) t.notOk(bytes.includes(HMAC) || bytes.includes('PRIVATE KEY'), path);

  const system = machineThat(() => true);
  const before = box.read('/etc/credstore.encrypted/portico-export-hmac');
  put(box.stick, settingsText(2, `${withCertificate}${await secrets(box.first.recipient, { exportHmac: HMAC })}`));
  t.match(await box.apply({ system }), { outcome: 'applied' });
  t.equal(box.read('/etc/credstore.encrypted/portico-export-hmac'), before, 'the same secret is not sealed anew');
  t.equal(await given(box, 'export-client-key'), null);
  t.equal(box.read(CERTIFICATE), null, 'a certificate without its key shows nothing, and waits for it in the settings');
  t.notMatch(box.read(DROP_IN), /export-client/);
  t.ok(system.ran.some((command) => command.join(' ') === 'systemctl restart portico.service'));

  put(box.stick, settingsText(3, `export: { to: "sftp://portico@203.0.113.10/in", hostKey: "SHA256:${'A'.repeat(43)}" }\n${await secrets(box.first.recipient, { exportSftpKey: 'SFTP-SECRET' })}`));
  t.match(await box.apply(), { outcome: 'applied' });
  t.equal(await given(box, 'export-sftp-key'), 'SFTP-SECRET');
  t.equal(await given(box, 'export-hmac'), null);
  t.match(box.read(DROP_IN), /credstore(\.encrypted)?\/portico-export-sftp-key\n/);
  t.match(box.read(DROP_IN), 'IPAddressAllow=203.0.113.10\n');
  put(box.stick, settingsText(4));
  t.match(await box.apply(), { outcome: 'applied' });
  t.notMatch(box.read(DROP_IN), /LoadCredential|203\.0\.113/);
  t.notMatch(box.read('/etc/portico/box.env'), 'PORTICO_EXPORT');
});

t.test('a secret that could not be one is refused with its line, all at once, and nobody repeats it', { skip }, async (t) => {
  const box = await newBox(t);
  const { privateKey } = generateKeyPairSync('ed25519');
  const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' }) as string;
  const other = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const cases: [given: Record<string, string>, problems: [path: string, says: RegExp][]][] = [
    [{ exportHmac: 'hunter2-short', exportClientKey: locked }, [['secrets.exportHmac', /shorter than 32 characters/], ['secrets.exportClientKey', /without a passphrase/]]],
    [{ exportHmac: `hunter2${'x'.repeat(40)}\nsecond line` }, [['secrets.exportHmac', /not one line of text/]]],
    [{ exportHmac: HMAC, exportClientKey: other }, [['secrets.exportClientKey', /not the key of export\.clientCertificate/]]],
    [{ exportClientKey: leaf }, [['secrets.exportClientKey', /not a private key in PEM form/]]],
  ];
  for (const [secretsGiven, wanted] of cases) {
    put(box.stick, settingsText(1, `${withCertificate}${await secrets(box.first.recipient, secretsGiven)}`));
    const report = await box.apply();
    t.match(report, { outcome: 'refused', code: 'stick_invalid' });
    t.strictSame(report.problems.map(({ path }) => path), wanted.map(([path]) => path));
    for (const [i, [path, says]] of wanted.entries()) {
      t.match(report.problems[i]!.message, says, path);
      t.match(readFileSync(join(box.stick, 'portico.yaml'), 'utf8').split('\n')[report.problems[i]!.line - 1], path.replace('secrets.', ''), 'at its line');
    }
    t.notMatch(readFileSync(join(box.stick, 'portico-result.txt'), 'utf8'), /hunter2|PRIVATE KEY-----/);
  }
  t.equal(box.read('/etc/portico/box.env'), null);
});

t.test('a dry run shows where releases would go, and of their keys only that they change', { skip }, async (t) => {
  const box = await newBox(t);
  put(box.stick, settingsText(1, `${withCertificate}${await secrets(box.first.recipient, { exportHmac: HMAC, exportClientKey: leafKey })}`));
  const text = (await box.apply({ dryRun: true })).changes.join('\n');
  t.match(text, '+ PORTICO_EXPORT_TO="https://203.0.113.9/portico/releases"');
  t.match(text, /portico-export-hmac: changed \(a secret\)/);
  t.match(text, /portico-export-client-key: changed \(a secret\)/);
  t.match(text, '/etc/portico/export-client.crt: new');
  t.notMatch(text, /SHARED-|PRIVATE KEY/);
});
