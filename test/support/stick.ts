/** Sticks as IT makes them, and boxes that take them: folders with a box's layout. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { armor, Encrypter } from 'age-encryption';
import type { Test } from 'tap';
import { applyStick, firstBoot, openBox, type ApplyOptions, type StickReport } from '../../provisioning/box.js';
import type { System } from '../../provisioning/system.js';
import { makeSigningKey, signFile, type SigningKey } from '../../provisioning/index.js';
import { temporaryDirectory, TestClock } from './scratch.js';

export const NOW = Date.parse('2026-11-20T08:00:00Z');
export const ORGANISATION = makeSigningKey();
export const OTHER = makeSigningKey();

/** Settings that a box takes. */
export const settingsText = (serial: number, more = '', store = '山茶表行南京路店'): string => `kind: settings
version: 1
serial: ${serial}
store: { id: SH-NJR-01, name: ${store} }
timeZone: Asia/Shanghai
network:
  hostName: portico-njr
  ethernet: { address: 192.168.1.20/24, gateway: 192.168.1.1, dns: [192.168.1.1] }
  ntp: [ntp.aliyun.com]
  allowedLan: [192.168.1.0/24]
owner: { codeSha256: ${'ab'.repeat(32)} }
${more}`;

/** Puts a signed file onto a stick. */
export function put(stick: string, text: string, { name = 'portico.yaml', key = ORGANISATION }: { name?: string; key?: SigningKey | null } = {}): void {
  mkdirSync(dirname(join(stick, name)), { recursive: true });
  writeFileSync(join(stick, name), text);
  if (key !== null) writeFileSync(join(stick, `${name}.sig`), signFile(Buffer.from(text), key));
}

/** As "portico stick secret" makes it, as a block of YAML. */
export async function secretFor(recipient: string, secret: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(secret)).trim().split('\n').map((line) => `    ${line}\n`).join('');
}

/** A box in a folder, with its keys, and a stick beside it. */
export async function newBox(t: Pick<Test, 'teardown'>) {
  const folder = temporaryDirectory(t);
  const [root, stick] = [join(folder, 'box'), join(folder, 'stick')];
  mkdirSync(stick);
  mkdirSync(root);
  const clock = new TestClock(NOW);
  const made = await openBox(root, stick, { clock });
  const first = await firstBoot(made.paths, made.disk, made.credentials);
  const apply = (options: Partial<ApplyOptions> = {}): Promise<StickReport> => applyStick({ ...made, stick, dryRun: false, version: '0.1.0', ...options });
  const read = (path: string): string | null => {
    try {
      return readFileSync(join(root, path), 'utf8');
    } catch {
      return null;
    }
  };
  return { ...made, root, stick, clock, first, apply, read, result: () => JSON.parse(readFileSync(join(stick, 'portico-result.json'), 'utf8')) as StickReport };
}

/** All files below a folder with what is in them. */
export function everything(folder: string, but: RegExp = /$^/): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.filter((file) => !but.test(file)).sort().map((file) => [file.slice(folder.length), readFileSync(file).toString('latin1')]));
}

/** A machine that runs nothing and says of itself what the test says. */
export function machineThat(isWell: () => boolean | Promise<boolean>): System & { ran: string[][] } {
  const ran: string[][] = [];
  return {
    ran, isWell: async () => isWell(), startOf: async () => null, addressesOf: async () => [], ownAddresses: () => ['192.168.1.20'], openStick: async () => true, closeStick: async () => undefined,
    run: async (command) => { ran.push([...command]); return true; },
  };
}

/** Whether this machine can seal secrets. */
export async function canSeal(): Promise<boolean> {
  const undo: (() => unknown)[] = [];
  const root = temporaryDirectory({ teardown: (each: () => unknown) => { undo.push(each); } } as Pick<Test, 'teardown'>);
  try {
    return (await openBox(root, '')).credentials !== null;
  } finally {
    for (const each of undo) each();
  }
}
