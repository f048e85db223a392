import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isAbsolute, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Errors } from 'typebox/schema';
import { PorticoError } from '../kit/index.js';

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
} as const;
/** A host name (RFC 1123) or an address; no scheme, port or wildcard, which would be read as something else than was meant. */
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
/** How numbers are written. */
const NUMERALS = { integer: /^\d{1,9}$/, number: /^\d{1,9}(\.\d{1,9})?$/ } as const;
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
    egressAllow: Object.freeze(egressAllow),
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
  });
}

const listOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

/** A setting's text as its schema's type; what is written otherwise is left for the schema to refuse. */
function valueOf(setting: string, type: string | undefined, text: string): unknown {
  if (type === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : text;
  if (type !== 'integer' && type !== 'number') return text;
  // Number() is generous: it reads '' as 0 and '0x50' as 80.
  if (!NUMERALS[type].test(text)) throw new PorticoError('config_invalid', { setting, problem: `must be a number of type ${type}` });
  return Number(text);
}
