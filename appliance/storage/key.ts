import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hkdfSync, randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { PorticoError } from '../kit/index.js';
import { writeWhole } from './whole.js';

/**
 * The 256-bit key of the database as 64 lower-case hexadecimal digits. From systemd's credentials when the
 * service runs under systemd, else from a file that only its owner may read. A new key is made only when there
 * is neither a key nor a database: a database whose key is gone must never get another one.
 *
 * @throws PorticoError db_key_missing, db_key_malformed
 */
export function loadDatabaseKey(options: {
  credentialsDirectory: string | null;
  keyFile: string;
  databaseFile: string;
}): string {
  const { credentialsDirectory, keyFile, databaseFile } = options;
  const credential = credentialsDirectory === null ? null : join(credentialsDirectory, 'db-key');
  if (credential !== null && existsSync(credential)) return parseKey(readFileSync(credential, 'utf8'), credential);
  if (existsSync(keyFile)) {
    chmodSync(keyFile, 0o600); // a copy put back by hand may be readable by all
    return parseKey(readFileSync(keyFile, 'utf8'), keyFile);
  }
  if (existsSync(databaseFile)) throw new PorticoError('db_key_missing', { expectedAt: keyFile });

  const key = randomBytes(32).toString('hex');
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  writeWhole(keyFile, `${key}\n`);
  return key;
}

/** Another key, for something else that must not lie in clear beside the database: 64 hexadecimal digits (HKDF, RFC 5869). */
export function keyFor(purpose: string, databaseKey: string): string {
  return Buffer.from(hkdfSync('sha256', Buffer.from(databaseKey, 'hex'), '', `portico ${purpose}`, 32)).toString('hex');
}

function parseKey(text: string, file: string): string {
  const key = text.trim().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(key)) throw new PorticoError('db_key_malformed', { file });
  return key;
}
