/** The text of portico.yaml: from answers, with a comment for each thing that could be said; or from another store's file. */
import { parseDocument, stringify, type Document } from 'yaml';
import { SETTINGS_FILE } from '../check.js';
import { readYaml } from '../yamlText.js';
import type { Problem } from '../problems.js';

export const SCHEMA_FILE = 'portico.schema.json';

/** What has to be known of a store. The rest can be written into the file by hand. */
export interface Answers {
  storeId: string;
  storeName: string;
  hostName: string;
  timeZone: string;
  languages: string[];
  currency: string;
  openingHours: string | null;
  /** Null: the network gives the box its address. */
  ethernet: { address: string; gateway: string | null; dns: string[] } | null;
  allowedLan: string[];
  headOfficeUrl: string | null;
  backup: { recipient: string; to: string; hostKey: string | null } | null;
}

/** As YAML on one line: in quotes where they are needed. */
const inline = (value: unknown): string => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
/** A section as it is, or as an example that is commented out. */
const section = (lines: string[], given: boolean): string => lines.map((each) => (given ? each : `# ${each}`)).join('\n');

/** @returns UTF-8 text with LF; it passes checkFile where the answers fit */
export function composeSettings(answers: Answers, codeSha256: string): string {
  const { backup, ethernet } = answers;
  const fixed = ethernet === null ? { dhcp: true } : { address: ethernet.address, ...(ethernet.gateway === null ? {} : { gateway: ethernet.gateway }), ...(ethernet.dns.length === 0 ? {} : { dns: ethernet.dns }) };
  return `# yaml-language-server: $schema=${SCHEMA_FILE}
# Settings of one Portico box. Change what you like, then: portico stick sign. Lines behind a "#" are examples.
kind: settings
version: 1
serial: 0    # set by "portico stick sign"

store:
  id: ${inline(answers.storeId)}
  name: ${inline(answers.storeName)}
languages: ${inline(answers.languages)}    # of the pages, the first one where nobody has chosen yet
timeZone: ${inline(answers.timeZone)}
currency: ${inline(answers.currency)}
dayEndsAt: "04:00"    # a visit never reaches into the next business day
${section([`openingHours: ${inline(answers.openingHours ?? 'Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00')}`], answers.openingHours !== null)}

network:
  hostName: ${inline(answers.hostName)}    # the box is then https://${answers.hostName}.local:8443
  ethernet: ${inline(fixed)}    # or ${ethernet === null ? '{ address: 192.168.1.20/24, gateway: 192.168.1.1, dns: [192.168.1.1] }' : '{ dhcp: true }'}
  ntp: [ntp.aliyun.com, ntp.tencent.com]
  ${section([`allowedLan: ${inline(answers.allowedLan.length > 0 ? answers.allowedLan : ['192.168.1.0/24'])}    # who may reach the box; absent: every private network`], answers.allowedLan.length > 0)}

# The nightly release without personal data goes there, where "export" says so; updates may come from there.
${section([`headOffice: ${inline({ url: answers.headOfficeUrl ?? 'https://hq.example.cn/portico/' })}`], answers.headOfficeUrl !== null)}

# Nightly backups: to a disk labelled PORTICO-BAK that stays plugged in (usb), or to a server (sftp://user@host/folder, with its hostKey).
# The recipient is made by "portico backup key new"; the private key that belongs to it stays with the store.
${section([
    'backup:', `  recipient: ${backup?.recipient ?? 'age1...'}`, `  to: ${inline(backup?.to ?? 'usb')}`,
    ...(backup?.hostKey ? [`  hostKey: ${inline(backup.hostKey)}`] : []), '  at: "02:40"', '  keep: 14',
  ], backup !== null)}

# The nightly release for head office, figures and never people: to headOffice (by HTTPS, to releases below its url), to a disk labelled
# PORTICO-OUT (usb), or to a server (sftp://user@host/folder, with its hostKey). Tiers and teams: those that head office counts by name.
# Keys for it are written by "portico stick secret". All that can be said: docs/stick.md.
# export:
#   to: headOffice
#   at: "04:40"
#   tiers: [VIP]
#   teams: [A, B]

# How many days things are kept, until the privacy officer chooses otherwise. Kinds and bounds: docs/stick.md.
# retention: { visits: 365, notes: 365 }

# A folder below models/ on this stick, instead of the models that came with the box.
# models: { pack: my-pack }

# updates: { from: headOffice }    # absent: only from sticks
# metrics: { allow: [10.0.0.5] }    # who may read /metrics
# roots:    # where head office's certificate is from, if no public authority issued it
#   - |
#     -----BEGIN CERTIFICATE-----

# The code itself is on the owner's sheet. It is not on this stick.
owner:
  codeSha256: ${codeSha256}
`;
}

/**
 * Another store's file, or the company's own, made this store's: its comments stay, what was answered is put in, number and owner's code are new.
 * @returns the text, or what keeps the file from being read at all
 */
export function adaptSettings(bytes: Uint8Array, answers: Partial<Answers>, codeSha256: string): { text: string; problems: [] } | { text: null; problems: Problem[] } {
  const { problems, root } = readYaml(SETTINGS_FILE, bytes);
  if (problems.length > 0 || root === null) return { text: null, problems };
  const document = parse(bytes);
  const put = (path: string[], value: unknown) => { if (value !== undefined && value !== null) document.setIn(path, value); };
  put(['serial'], 0);
  put(['store', 'id'], answers.storeId);
  put(['store', 'name'], answers.storeName);
  put(['languages'], answers.languages);
  put(['timeZone'], answers.timeZone);
  put(['currency'], answers.currency);
  put(['openingHours'], answers.openingHours);
  put(['network', 'hostName'], answers.hostName);
  if (answers.ethernet !== undefined) put(['network', 'ethernet'], answers.ethernet === null ? { dhcp: true } : withoutNothing(answers.ethernet));
  put(['network', 'allowedLan'], answers.allowedLan);
  put(['headOffice', 'url'], answers.headOfficeUrl);
  if (answers.backup) put(['backup'], withoutNothing(answers.backup));
  put(['owner', 'codeSha256'], codeSha256);
  // They were for another box.
  document.deleteIn(['secrets']);
  document.deleteIn(['export', 'clientCertificate']);
  return { text: document.toString({ lineWidth: 0 }), problems: [] };
}

const withoutNothing = (value: object): object => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && !(Array.isArray(each) && each.length === 0)));

/**
 * A file that was read without problems, with one value put in; all else as it is, comments too.
 * @param path such as ['models', 'manifestSha256']
 */
export function withValue(bytes: Uint8Array, path: readonly string[], value: string | number): string {
  const text = plainText(bytes);
  const document = parse(bytes);
  const node: unknown = document.getIn(path, true);
  const range = (node as { range?: [number, number, number] } | undefined)?.range;
  // In its place, so that no line of the person's is touched.
  if (range !== undefined && typeof value === 'number') return `${text.slice(0, range[0])}${value}${text.slice(range[1])}`;
  document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}

const plainText = (bytes: Uint8Array): string => new TextDecoder('utf-8').decode(bytes);
const parse = (bytes: Uint8Array): Document => parseDocument(plainText(bytes), { version: '1.2', schema: 'core', logLevel: 'error', prettyErrors: false });
