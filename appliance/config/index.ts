import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isAbsolute, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Errors } from 'typebox/schema';
import { PorticoError } from '../kit/index.js';
import { EXPORT_SETTINGS, hostOf, readExport, type ExportSettings } from './export.js';
import { readOpeningHours, type Opening } from './openingHours.js';
import { readPlace, type FolderPlace, type ServerPlace } from './places.js';
import { listOf, NUMERALS, urlOf } from './texts.js';

export { EXPORT_DEFAULTS, problemsOfParameters, type ExportParameters, type ExportSettings, type ParameterProblem } from './export.js';
export { isOpenAt, readOpeningHours, type Opening } from './openingHours.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Every setting of the box: the environment variable, its form and its default. Listed for IT in docs/settings.md. */
const SETTINGS = {
  PORTICO_DATA_DIR: Type.String({ minLength: 1, default: '.portico' }),
  PORTICO_MODELS_DIR: Type.String({ default: '' }),
  PORTICO_HOST: Type.String({ minLength: 1, default: '0.0.0.0' }),
  PORTICO_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8443 }),
  /** Plain HTTP for the trust profile only; 0 turns it off. */
  PORTICO_TRUST_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }),
  /** Further names and addresses for the certificate, separated by commas. */
  PORTICO_HOST_NAMES: Type.String({ default: '' }),
  /** Hosts outside that the box may connect to, separated by commas. */
  PORTICO_EGRESS_ALLOW: Type.String({ default: '' }),
  PORTICO_STORE_NAME: Type.String({ minLength: 1, maxLength: 60, default: 'Portico' }),
  PORTICO_TIME_ZONE: Type.String({ minLength: 1, default: 'Asia/Shanghai' }),
  PORTICO_LOG_LEVEL: Type.Unsafe<'debug' | 'info' | 'warn' | 'error' | 'silent'>(
    { type: 'string', enum: ['debug', 'info', 'warn', 'error', 'silent'], default: 'info' }),
  /** Share of strangers that may be taken for a customer and named; asked about. */
  PORTICO_FPIR_KNOWN: Type.Number({ minimum: 0.0001, maximum: 0.1, default: 0.003 }),
  PORTICO_FPIR_CANDIDATE: Type.Number({ minimum: 0.0001, maximum: 0.2, default: 0.03 }),
  PORTICO_VISIT_GAP_MINUTES: Type.Number({ minimum: 0.1, maximum: 1440, default: 180 }),
  /** ISO 4217: what prices are in. */
  PORTICO_CURRENCY: Type.String({ pattern: '^[A-Z]{3}$', default: 'CNY' }),
  /** When the business day ends, in the store's time zone: a visit never reaches into the next one. */
  PORTICO_DAY_ENDS_AT: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', default: '04:00' }),
  /** Left alone this long, an iPad asks for the PIN again; at most a session's own 16 hours. */
  PORTICO_IDLE_LOCK_MINUTES: Type.Integer({ minimum: 1, maximum: 960, default: 10 }),
  PORTICO_VISION_WORKERS: Type.Integer({ minimum: 0, maximum: 16, default: 0 }),
  /** The database never grows beyond this many MiB; 0: no limit but the disk. */
  PORTICO_DB_MAX_MB: Type.Integer({ minimum: 0, default: 0 }),
  PORTICO_DEMO: Type.Boolean({ default: false }),
  /** Which of several stores this is, as head office names them. */
  PORTICO_STORE_ID: Type.String({ pattern: '^([A-Za-z0-9][A-Za-z0-9._-]{0,39})?$', default: '' }),
  /** Of the pages, the first one where nobody has chosen yet. */
  PORTICO_LANGUAGES: Type.String({ pattern: '^(zh-CN(,en)?|en(,zh-CN)?)$', default: 'zh-CN,en' }),
  /** Networks that may reach the box, such as 192.168.1.0/24, separated by commas; empty: all. Loopback always may. */
  PORTICO_ALLOWED_LAN: Type.String({ default: '' }),
  /** Such as Mo-Fr 10:00-22:00; Sa,Su 09:00-23:00. Empty: not known. */
  PORTICO_OPENING_HOURS: Type.String({ default: '' }),
  /** Terms that hold until the privacy officer chooses others, such as visits=365,notes=180: kinds as in the page, days. */
  PORTICO_RETENTION_DAYS: Type.String({ default: '' }),
  /**
   * SHA-256 of the first owner's code, hexadecimal: the code itself was printed where the stick was made (provisioning/laptop/ownerCode.ts). Of the code as
   * `normalisePairingCode` leaves it (16 letters and digits, no dashes), which is what is hashed when it is typed.
   */
  PORTICO_OWNER_CODE_SHA256: Type.String({ pattern: '^([0-9a-f]{64})?$', default: '' }),
  /** Of head office's server; its host may then be connected to. */
  PORTICO_HEAD_OFFICE_URL: Type.String({ pattern: '^(https://[^\\s]+)?$', default: '' }),
  /** Tell the LAN the box's name (mDNS). */
  PORTICO_MDNS: Type.Boolean({ default: false }),
  /** Who may read /metrics besides this machine: addresses and networks, separated by commas. */
  PORTICO_METRICS_ALLOW: Type.String({ default: '' }),
  /** Where logs are kept, rotated, besides standard output; empty: nowhere. */
  PORTICO_LOG_DIR: Type.String({ default: '' }),
  /** Where the services that run as root leave what IT should see; empty: there are none. */
  PORTICO_BOX_STATE_DIR: Type.String({ default: '' }),
  /** age1...: who can open the backups. Empty: no backups. */
  PORTICO_BACKUP_RECIPIENT: Type.String({ pattern: '^(age1[a-z0-9]{20,2000})?$', default: '' }),
  /** A folder (of a mounted disk) from the root on, or sftp://user@host[:port]/folder. */
  PORTICO_BACKUP_TO: Type.String({ default: '' }),
  /** HH:MM in the store's time zone. */
  PORTICO_BACKUP_AT: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', default: '02:40' }),
  /** How many of them are kept there. */
  PORTICO_BACKUP_KEEP: Type.Integer({ minimum: 2, maximum: 366, default: 14 }),
  /** Of an SFTP server, as ssh-keygen -l prints it: SHA256:... */
  PORTICO_BACKUP_HOST_KEY: Type.String({ pattern: '^(SHA256:[A-Za-z0-9+/]{43})?$', default: '' }),
  /** The folder must be another file system than the data: an unplugged disk must not fill the box. */
  PORTICO_BACKUP_MOUNTED: Type.Boolean({ default: false }),
  ...EXPORT_SETTINGS,
} as const;
/** Where mDNS speaks to all of the LAN, and no router passes it on (RFC 6762 3). */
const MDNS_GROUP = '224.0.0.251';
/** A host name (RFC 1123) or an address; no scheme, port or wildcard, which would be read as something else than was meant. */
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const Settings = Type.Object(SETTINGS, { additionalProperties: false });

export interface Config {
  readonly version: string;
  readonly webuiDirectory: string;
  readonly dataDirectory: string;
  readonly credentialsDirectory: string | null;
  readonly modelsDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly trustPort: number;
  readonly hostNames: readonly string[];
  readonly egressAllow: readonly string[];
  readonly storeName: string;
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
  /** HH:MM in the store's time zone. */
  readonly dayEndsAt: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly fpir: { readonly known: number; readonly candidate: number };
  readonly visitGapMs: number;
  readonly idleLockMs: number;
  /** 0: as many as there are cores. */
  readonly visionWorkers: number;
  readonly databaseMaxBytes: number | null;
  readonly demo: boolean;
  /** Empty: not given. */
  readonly storeId: string;
  readonly languages: readonly ('zh-CN' | 'en')[];
  /** CIDR or single addresses; empty: all may connect. */
  readonly allowedLan: readonly string[];
  readonly openingHours: readonly Opening[];
  /** Days by kind, not checked against the bounds of each kind. */
  readonly retentionDays: ReadonlyMap<string, number>;
  readonly ownerCodeSha256: string | null;
  readonly headOfficeUrl: string | null;
  readonly mdns: boolean;
  readonly metricsAllow: readonly string[];
  readonly logDirectory: string | null;
  readonly boxStateDirectory: string | null;
  /** Null: no backups are made. */
  readonly backup: BackupSettings | null;
  /** Null: nothing is released for head office. */
  readonly export: ExportSettings | null;
  /** What was set, NAME=value a line, for the next box: no secrets are among the settings. */
  readonly settings: string;
  /** From systemd (sd_notify(3), sd_watchdog_enabled(3)); null: not run by it, no watchdog. */
  readonly notifySocket: string | null;
  readonly watchdogMs: number | null;
}

export interface BackupSettings {
  readonly recipient: string;
  readonly to: FolderPlace | ServerPlace;
  /** HH:MM in the store's time zone. */
  readonly at: string;
  readonly keep: number;
}

/**
 * Reads the settings once, checks all of them and freezes the result. A value that does not fit, or a PORTICO_
 * variable that nobody knows, stops the start: a typing error must never mean "default".
 * @throws PorticoError config_invalid {setting, problem}
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  for (const name of Object.keys(environment)) {
    if (name.startsWith('PORTICO_') && !(name in SETTINGS)) throw new PorticoError('config_invalid', { setting: name, problem: 'is not a setting of Portico' });
  }
  const settings = Object.fromEntries((Object.entries(SETTINGS) as [string, { type?: string; default?: unknown }][]).map(([name, schema]) => {
    const text = environment[name];
    return [name, text === undefined ? schema.default : valueOf(name, schema.type, text)];
  })) as Static<typeof Settings>;
  const [error] = Errors(Settings, settings)[1];
  if (error !== undefined) {
    throw new PorticoError('config_invalid', { setting: error.instancePath.replace(/^\//, ''), problem: error.message });
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: settings.PORTICO_TIME_ZONE });
  } catch {
    throw new PorticoError('config_invalid', { setting: 'PORTICO_TIME_ZONE', problem: 'is not an IANA time zone such as Asia/Shanghai' });
  }
  if (settings.PORTICO_FPIR_CANDIDATE < settings.PORTICO_FPIR_KNOWN) {
    throw new PorticoError('config_invalid', { setting: 'PORTICO_FPIR_CANDIDATE', problem: 'must not be smaller than PORTICO_FPIR_KNOWN' });
  }
  const egressAllow = listOf(settings.PORTICO_EGRESS_ALLOW);
  if (egressAllow.some((host) => isIP(host) === 0 && !HOST.test(host))) {
    throw new PorticoError('config_invalid', { setting: 'PORTICO_EGRESS_ALLOW', problem: 'must be host names or addresses without scheme and port, separated by commas' });
  }
  const fromRoot = (path: string) => (isAbsolute(path) ? path : resolve(path));
  const headOffice = settings.PORTICO_HEAD_OFFICE_URL === '' ? null : urlOf('PORTICO_HEAD_OFFICE_URL', settings.PORTICO_HEAD_OFFICE_URL);
  const backup = readBackup(settings);
  const exporting = readExport(settings, { storeId: settings.PORTICO_STORE_ID, dayEndsAt: settings.PORTICO_DAY_ENDS_AT });
  const places = [headOffice?.hostname, backup?.to.kind === 'sftp' ? backup.to.host : undefined, exporting === null ? undefined : hostOf(exporting.to)];
  const mayReach = [...egressAllow, ...(settings.PORTICO_MDNS ? [MDNS_GROUP] : []), ...places.filter((host) => host !== undefined)];
  const watchdog = Number(environment['WATCHDOG_USEC'] ?? '0');
  return Object.freeze({
    version: (JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
    webuiDirectory: resolve(ROOT, 'dist/page'),
    dataDirectory: fromRoot(settings.PORTICO_DATA_DIR),
    credentialsDirectory: environment['CREDENTIALS_DIRECTORY'] ?? null,
    modelsDirectory: settings.PORTICO_MODELS_DIR === '' ? resolve(ROOT, 'models/files') : fromRoot(settings.PORTICO_MODELS_DIR),
    host: settings.PORTICO_HOST,
    port: settings.PORTICO_PORT,
    trustPort: settings.PORTICO_TRUST_PORT,
    hostNames: Object.freeze(listOf(settings.PORTICO_HOST_NAMES)),
    egressAllow: Object.freeze([...new Set(mayReach)]),
    storeName: settings.PORTICO_STORE_NAME,
    timeZone: settings.PORTICO_TIME_ZONE,
    currency: settings.PORTICO_CURRENCY,
    dayEndsAt: settings.PORTICO_DAY_ENDS_AT,
    logLevel: settings.PORTICO_LOG_LEVEL,
    fpir: Object.freeze({ known: settings.PORTICO_FPIR_KNOWN, candidate: settings.PORTICO_FPIR_CANDIDATE }),
    visitGapMs: settings.PORTICO_VISIT_GAP_MINUTES * 60_000,
    idleLockMs: settings.PORTICO_IDLE_LOCK_MINUTES * 60_000,
    visionWorkers: settings.PORTICO_VISION_WORKERS,
    databaseMaxBytes: settings.PORTICO_DB_MAX_MB === 0 ? null : settings.PORTICO_DB_MAX_MB * 1_048_576,
    demo: settings.PORTICO_DEMO,
    storeId: settings.PORTICO_STORE_ID,
    languages: Object.freeze(settings.PORTICO_LANGUAGES.split(',') as ('zh-CN' | 'en')[]),
    allowedLan: Object.freeze(networks('PORTICO_ALLOWED_LAN', settings.PORTICO_ALLOWED_LAN)),
    openingHours: readOpeningHours(settings.PORTICO_OPENING_HOURS),
    retentionDays: readDays(settings.PORTICO_RETENTION_DAYS),
    ownerCodeSha256: settings.PORTICO_OWNER_CODE_SHA256 || null,
    headOfficeUrl: headOffice?.href ?? null,
    mdns: settings.PORTICO_MDNS,
    metricsAllow: Object.freeze(networks('PORTICO_METRICS_ALLOW', settings.PORTICO_METRICS_ALLOW)),
    logDirectory: settings.PORTICO_LOG_DIR === '' ? null : fromRoot(settings.PORTICO_LOG_DIR),
    boxStateDirectory: settings.PORTICO_BOX_STATE_DIR === '' ? null : fromRoot(settings.PORTICO_BOX_STATE_DIR),
    backup: backup === null ? null : Object.freeze(backup),
    export: exporting,
    settings: Object.keys(SETTINGS).flatMap((name) => (environment[name] === undefined ? [] : [`${name}=${quoted(environment[name])}\n`])).join(''),
    notifySocket: environment['NOTIFY_SOCKET'] ?? null,
    watchdogMs: Number.isFinite(watchdog) && watchdog > 0 ? watchdog / 1000 : null,
  });
}

/** As a file of systemd's `EnvironmentFile=` and a shell both read it. */
const quoted = (text: string): string => `"${text.replace(/["\\$`]/g, '\\$&')}"`;

/** A setting's text as its schema's type; what is written otherwise is left for the schema to refuse. */
function valueOf(setting: string, type: string | undefined, text: string): unknown {
  if (type === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : text;
  if (type !== 'integer' && type !== 'number') return text;
  if (!NUMERALS[type].test(text)) throw new PorticoError('config_invalid', { setting, problem: `must be a number of type ${type}` });
  return Number(text);
}

/** Addresses and networks in CIDR form. @throws PorticoError config_invalid */
function networks(setting: string, text: string): string[] {
  const list = listOf(text);
  for (const each of list) {
    const [address, bits, more] = each.split('/') as [string, string | undefined, string | undefined];
    const most = isIP(address) === 4 ? 32 : 128;
    if (isIP(address) === 0 || more !== undefined || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most))) {
      throw new PorticoError('config_invalid', { setting, problem: `"${each}" is not an address or network such as 192.168.1.0/24` });
    }
  }
  return list;
}

/** @throws PorticoError config_invalid */
function readDays(text: string): ReadonlyMap<string, number> {
  return new Map(listOf(text).map((each) => {
    const match = /^([a-z_]+)=(\d{1,5})$/.exec(each);
    if (match === null) throw new PorticoError('config_invalid', { setting: 'PORTICO_RETENTION_DAYS', problem: `"${each}" is not of the form visits=365` });
    return [match[1]!, Number(match[2])];
  }));
}

/** @throws PorticoError config_invalid: half of it would be a box that everybody thinks is backed up */
function readBackup(settings: Static<typeof Settings>): BackupSettings | null {
  const { PORTICO_BACKUP_RECIPIENT: recipient, PORTICO_BACKUP_TO: to, PORTICO_BACKUP_HOST_KEY: hostKey, PORTICO_BACKUP_MOUNTED: mounted } = settings;
  if (recipient === '' && to === '') return null;
  if (recipient === '') throw new PorticoError('config_invalid', { setting: 'PORTICO_BACKUP_RECIPIENT', problem: 'is missing: who shall be able to open the backups?' });
  if (to === '') throw new PorticoError('config_invalid', { setting: 'PORTICO_BACKUP_TO', problem: 'is missing: where shall the backups go?' });
  const place = readPlace({ to, hostKey, mounted }, { to: 'PORTICO_BACKUP_TO', hostKey: 'PORTICO_BACKUP_HOST_KEY' }, 'a folder such as /mnt/backup, or of the form sftp://user@host/folder');
  return { recipient, to: place, at: settings.PORTICO_BACKUP_AT, keep: settings.PORTICO_BACKUP_KEEP };
}
