/** The copy that is taken while the box works, and looking at one. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, stat, statfs } from 'node:fs/promises';
import { PorticoError } from '../kit/index.js';
import { Database } from '../storage/index.js';

/** What the box goes on writing meanwhile, and its file system keeps for itself. */
const SPARE_BYTES = 64 * 1_048_576;

/**
 * One state of the database in a new file under the same key. It is read in one transaction, so writers go on, and what they write is not in it;
 * the write-ahead log cannot be emptied meanwhile. Each row is written anew (VACUUM), so what was deleted and lingers in gaps of pages does not come along.
 * @param from a file that may be open elsewhere @throws PorticoError storage_full, db_corrupt
 */
export async function copyDatabase(from: string, key: string, to: string): Promise<void> {
  const db = Database.open({ file: from, key, readOnly: true });
  try {
    db.run('VACUUM main INTO ?', to);
  } finally {
    db.close();
  }
  await chmod(to, 0o600);
}

/** @throws PorticoError storage_full when so many bytes do not fit into the folder */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes + SPARE_BYTES) throw new PorticoError('storage_full', { neededMb: Math.ceil((bytes + SPARE_BYTES) / 1_048_576) });
}

export interface Contents {
  /** Rows of each table. */
  rows: Record<string, number>;
  migrations: string[];
  lastDeletion: number;
  /** Of the vault beside it, hexadecimal. */
  vault: string;
}

/**
 * What is in a copy.
 * @param checking every page is gone through as well
 * @throws PorticoError db_key_wrong, db_corrupt
 */
export function contentsOf(file: string, key: string, checking: boolean): Contents {
  const db = Database.open({ file, key, readOnly: true });
  try {
    if (checking && db.pragma('integrity_check') !== 'ok') throw new PorticoError('db_corrupt');
    const tables = db.all<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`);
    const pair = db.get<{ last_deletion: number; vault: string }>('SELECT last_deletion, lower(hex(vault_id)) AS vault FROM vault_pair WHERE only_one = 1')!;
    return {
      rows: Object.fromEntries(tables.map(({ name }) => [name, db.get<{ n: number }>(`SELECT count(*) AS n FROM "${name}"`)!.n])),
      migrations: db.all<{ sha256: string }>('SELECT sha256 FROM migration ORDER BY number').map(({ sha256 }) => sha256),
      lastDeletion: pair.last_deletion, vault: pair.vault,
    };
  } finally {
    db.close();
  }
}

/** Whether two copies hold the same, by their counts. */
export function sameContents(a: Pick<Contents, 'rows'>, b: Pick<Contents, 'rows'>): boolean {
  const text = ({ rows }: Pick<Contents, 'rows'>) => JSON.stringify(Object.entries(rows).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

export async function digestOf(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1_048_576 })) hash.update(chunk as Buffer);
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}
