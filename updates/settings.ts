import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, type Config } from '../appliance/config/index.js';
import { PorticoError } from '../appliance/kit/index.js';
import type { Places } from './places.js';

/** As the service gets them: what the stick said, then what was set by hand. */
const FILES = ['box.env', 'local.env'] as const;

/** The settings of the box's service, as its unit reads them (EnvironmentFile, systemd.exec(5)). @throws PorticoError config_invalid */
export function readSettings({ settings }: Places): Record<string, string> {
  return Object.assign({}, ...FILES.map((name) => {
    const file = join(settings, name);
    return existsSync(file) ? parseEnvironmentFile(readFileSync(file, 'utf8'), file) : {};
  })) as Record<string, string>;
}

/** The same, checked. @throws PorticoError config_invalid */
export function readConfig(places: Places): Config {
  return loadConfig(readSettings(places));
}

/**
 * Where the settings let updates come from; null: nothing is said, as on a box that was set up by hand.
 * @throws PorticoError config_invalid: a broken file never means that anything goes
 */
export function readUpdatesFrom({ settings }: Places): 'stick' | 'headOffice' | null {
  const file = join(settings, 'updates.json');
  if (!existsSync(file)) return null;
  let from: unknown = null;
  try {
    ({ from } = JSON.parse(readFileSync(file, 'utf8')) as { from?: unknown });
  } catch {
    // Told below.
  }
  if (from !== 'stick' && from !== 'headOffice') throw new PorticoError('config_invalid', { setting: file, problem: 'from is neither stick nor headOffice' });
  return from;
}

/** Certificates to trust besides the system's, as the settings have them, PEM. */
export function readExtraRoots({ settings }: Places): string[] {
  const file = join(settings, 'extra-roots.pem');
  return existsSync(file) ? [readFileSync(file, 'utf8')] : [];
}

/** One NAME=VALUE a line; in double quotes a backslash keeps what follows as it is, in single ones everything stays. */
export function parseEnvironmentFile(text: string, file = 'box.env'): Record<string, string> {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^[#;]/.test(line));
  return Object.fromEntries(lines.map((line) => {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^"']*))$/.exec(line);
    if (match === null) throw new PorticoError('config_invalid', { setting: file, problem: 'a line is not of the form NAME=VALUE' });
    return [match[1]!, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? match[4]!.trim()];
  }));
}

/** Public key (DER, base64) of the organisation that the box belongs to, from its first stick on; null: it belongs to none yet. */
export function readPinned({ settings }: Places): string | null {
  const file = join(settings, 'organisation.json');
  if (!existsSync(file)) return null;
  const { publicKey } = JSON.parse(readFileSync(file, 'utf8')) as { publicKey?: unknown };
  if (typeof publicKey !== 'string') throw new PorticoError('key_file_invalid', { file });
  return publicKey;
}
