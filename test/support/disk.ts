/** What is really on the disk: decrypted without the product's help, free pages and write-ahead log included. */
import { createDecipheriv } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../appliance/storage/index.js';

/** SQLCipher 4: 4096-byte pages, each ending in a 16-byte IV and a 64-byte HMAC; page one begins with 16 bytes of salt. */
const PAGE = 4096;
const RESERVED = 80;
const SALT = 16;
/** SQLite's write-ahead log: a header, then frames of a header and a page each. */
const WAL_HEADER = 32;
const WAL_FRAME_HEADER = 24;

export function readKey(dataDirectory: string): string {
  return readFileSync(join(dataDirectory, 'db-key'), 'utf8').trim();
}

/** The two encrypted files of a box. */
export const DATABASE = 'portico.db';
export const VAULT = join('vault', 'vault.db');

/** Every page of both files and of their write-ahead logs in clear, in use or not. */
export function decryptedPages(dataDirectory: string): Buffer[] {
  return [DATABASE, VAULT].flatMap((name) => pagesOf(dataDirectory, name));
}

/** The same of one file. */
export function pagesOf(dataDirectory: string, name: string): Buffer[] {
  const key = Buffer.from(readKey(dataDirectory), 'hex');
  const file = existsSync(join(dataDirectory, name)) ? readFileSync(join(dataDirectory, name)) : Buffer.alloc(0);
  const pages: Buffer[] = [];
  for (let at = 0; at + PAGE <= file.length; at += PAGE) pages.push(decryptPage(file.subarray(at, at + PAGE), key, at === 0));
  const logFile = join(dataDirectory, `${name}-wal`);
  const log = existsSync(logFile) ? readFileSync(logFile) : Buffer.alloc(0);
  for (let at = WAL_HEADER; at + WAL_FRAME_HEADER + PAGE <= log.length; at += WAL_FRAME_HEADER + PAGE) {
    const pageNumber = log.readUInt32BE(at);
    pages.push(decryptPage(log.subarray(at + WAL_FRAME_HEADER, at + WAL_FRAME_HEADER + PAGE), key, pageNumber === 1));
  }
  return pages;
}

function decryptPage(page: Buffer, key: Buffer, first: boolean): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', key, page.subarray(PAGE - RESERVED, PAGE - RESERVED + 16)).setAutoPadding(false);
  return Buffer.concat([decipher.update(page.subarray(first ? SALT : 0, PAGE - RESERVED)), decipher.final()]);
}

/** How many of the 64-byte pieces of `secret` are somewhere in the decrypted pages; a page break may cut some. */
export function piecesOnDisk(dataDirectory: string, secret: Buffer): number {
  return piecesIn(decryptedPages(dataDirectory), secret);
}

/** The same of all these secrets together, in one pass over the pages. */
export function piecesIn(pages: readonly Buffer[], ...secrets: readonly Buffer[]): number {
  const all = Buffer.concat(pages);
  const byBeginning = new Map<number, { piece: Buffer; found: boolean }[]>();
  const pairs = new Uint8Array(65_536); // first two bytes of a piece: most places end here
  const wanted = secrets.flatMap((secret) => Array.from({ length: Math.floor(secret.length / 64) }, (_, i) => ({ piece: secret.subarray(i * 64, i * 64 + 64), found: false })));
  for (const each of wanted) {
    pairs[each.piece.readUInt16LE(0)] = 1;
    const beginning = each.piece.readUInt32LE(0);
    const others = byBeginning.get(beginning);
    if (others === undefined) byBeginning.set(beginning, [each]);
    else others.push(each);
  }
  for (let at = 0; at + 64 <= all.length; at++) {
    if (pairs[all[at]! | all[at + 1]! << 8] === 0) continue;
    for (const each of byBeginning.get(all.readUInt32LE(at)) ?? []) {
      if (!each.found && each.piece.equals(all.subarray(at, at + 64))) each.found = true;
    }
  }
  return wanted.filter(({ found }) => found).length;
}

/** All rows of all tables of both files, through a second read-only connection; of the search its words (`_word`), which is all that it has. */
export function dumpTables(dataDirectory: string): Record<string, unknown[]> {
  return reading(dataDirectory, (db) => {
    const tables = db.all<{ name: string }>(
      `SELECT name FROM main.sqlite_master WHERE type = 'table' AND sql NOT LIKE '%USING fts5 (%' UNION SELECT name FROM vault.sqlite_master WHERE type = 'table' ORDER BY name`);
    return Object.fromEntries(tables.map(({ name }) => [name, db.all(`SELECT * FROM "${name}"`)]));
  });
}

/** One answer from both files, through a second read-only connection. */
export function query<T extends object>(dataDirectory: string, sql: string): T[] {
  return reading(dataDirectory, (db) => db.all<T>(sql));
}

/** Does something with a connection of its own to both files. */
export function reading<T>(dataDirectory: string, use: (db: Database) => T, readOnly = true): T {
  const db = Database.open({ file: join(dataDirectory, DATABASE), vaultFile: join(dataDirectory, VAULT), key: readKey(dataDirectory), readOnly });
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Every file below a folder with its bytes. */
export function filesBelow(directory: string): { path: string; bytes: Buffer; mode: number }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path, bytes: readFileSync(path), mode: statSync(path).mode & 0o777 };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
