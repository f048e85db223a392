/**
 * The child that works on the data folder, as the service's user: `node dataWork.js WORK {"data", "credentials", ...}`. One JSON object comes back. Root
 * itself never opens a file there: who owns a folder could lead it elsewhere by a link.
 */
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { carryDeletions, everyFace, knownDeletions, type CarriedDeletion } from '../appliance/erasure/index.js';
import { isPorticoError, systemClock } from '../appliance/kit/index.js';
import { Database, loadDatabaseKey, lockDataDirectory } from '../appliance/storage/index.js';
import { overwriteAndRemove, overwriteFolder, syncFile, syncFolder } from './whole.js';
import type { Form, Given, Work, Works } from './data.js';

process.umask(0o077);
const DATABASE = 'portico.db';
const VAULT = join('vault', 'vault.db');
const KEY = 'db-key';

const [work, given] = [process.argv[2] as Work, JSON.parse(process.argv[3]!) as Given];
const { data, credentials, folder } = given;
const key = () => loadDatabaseKey({ credentialsDirectory: credentials, keyFile: join(data, KEY), databaseFile: join(data, DATABASE) });

const works: { [W in Work]: () => Works[W] } = {
  size: () => ({ database: sizeOf(DATABASE), vault: sizeOf(VAULT) }),
  copy, aside, back,
  form: () => formOf(given.of ?? data),
  destroy: () => {
    const gone = `${folder!}.gone`;
    overwriteFolder(gone);
    // Out of the way first: cut off in the middle, nobody may take half of it for a copy.
    if (existsSync(folder!)) renameSync(folder!, gone);
    syncFolder(dirname(gone));
    overwriteFolder(gone);
    return {};
  },
};
process.stdout.write(JSON.stringify(works[work]()));

function sizeOf(name: string): number {
  return [name, `${name}-wal`].reduce((sum, each) => sum + (statSync(join(data, each), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** A whole copy of both files while the box goes on: as SQLite sees them at one moment each, under the same key. */
function copy(): Form {
  overwriteFolder(folder!);
  mkdirSync(join(folder!, 'vault'), { recursive: true, mode: 0o700 });
  for (const name of [DATABASE, VAULT]) {
    if (!existsSync(join(data, name))) continue;
    const file = join(folder!, name);
    const db = Database.open({ file: join(data, name), key: key(), readOnly: true });
    try {
      db.run('VACUUM INTO ?', file);
    } finally {
      db.close();
    }
  }
  if (credentials === null && existsSync(join(data, KEY))) copyFileSync(join(data, KEY), join(folder!, KEY), constants.COPYFILE_EXCL);
  return formOf(folder!);
}

/** What a version has made of the files: compared, it tells whether another one changed their form. */
function formOf(of: string): Form {
  const [file, vaultFile] = [join(of, DATABASE), join(of, VAULT)];
  if (!existsSync(file)) return { migrations: [], vault: 0 };
  const db = Database.open({ file, key: key(), readOnly: true, ...(existsSync(vaultFile) ? { vaultFile } : {}) });
  try {
    const migrations = db.all<{ sha256: string }>('SELECT sha256 FROM main.migration ORDER BY number').map(({ sha256 }) => sha256);
    return { migrations, vault: existsSync(vaultFile) ? Number(db.pragma('vault.user_version')) : 0 };
  } finally {
    db.close();
  }
}

/** Copies what the new version will change, while the box stands still. */
function aside(): Record<string, never> {
  const lock = lockDataDirectory(join(data, 'portico.lock'));
  try {
    overwriteFolder(folder!);
    mkdirSync(join(folder!, 'vault'), { recursive: true, mode: 0o700 });
    for (const name of [...(given.database === true ? [DATABASE] : []), ...(given.vault === true ? [VAULT] : [])]) {
      const file = join(data, name);
      const db = Database.open({ file, key: key() }); // takes over what a kill left in the log
      const empty = db.truncateLog();
      db.close();
      if (!empty) throw new Error('the write-ahead log could not be emptied');
      copyFileSync(file, join(folder!, name), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      syncFile(join(folder!, name));
    }
    syncFolder(join(folder!, 'vault'));
    syncFolder(folder!);
    return {};
  } finally {
    lock.release();
  }
}

/**
 * Puts back what stands aside. What was deleted since is told to the older files first, so that nothing deleted comes back. Safe to repeat: what was
 * put back already knows these deletions too. Where they are lost everybody's face is deleted: whoever withdrew is among them.
 */
function back(): Works['back'] {
  const lock = lockDataDirectory(join(data, 'portico.lock'));
  try {
    const names = [DATABASE, VAULT].filter((name) => isThere(join(folder!, name)));
    if (names.length === 0) return { carried: 0, unread: false };
    // Of portico.db. Where only the vault goes back, the present portico.db has its records, and its next start tells the vault.
    const mark = join(folder!, 'unread');
    const deletions = !names.includes(DATABASE) ? [] : isThere(mark) ? null : deletionsSince();
    // Before the first change that lasts: done again after it, this would read what was put back, and call that all there was. And no sooner: until then it
    // is right to read again, and what cannot be undone is not settled by a try that came to nothing.
    const markUnread = () => {
      if (deletions !== null) return;
      writeFileSync(mark, '', { flush: true });
      syncFolder(folder!);
    };
    for (const name of names) {
      const file = `${join(data, name)}.back`;
      removeWithLog(file);
      copyFileSync(join(folder!, name), file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    }
    if (!names.includes(VAULT)) markUnread(); // what is carried goes into the vault that stands
    const carried = carryInto(names, deletions);
    markUnread();
    // The vault first: with it what was deleted is on the disk before the file that knows goes.
    for (const name of [...names].reverse()) {
      const file = join(data, name);
      for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
      syncFile(`${file}.back`);
      renameSync(`${file}.back`, file);
      syncFolder(dirname(file));
    }
    return { carried, unread: deletions === null };
  } finally {
    lock.release();
  }
}

/**
 * @returns null: they are lost with the files that are to go
 * @throws what may be otherwise the next time: a full disk, a lock, a key or a disk that does not answer
 */
function deletionsSince(): CarriedDeletion[] | null {
  if (![DATABASE, VAULT].every((name) => isThere(join(data, name)))) return null;
  try {
    const db = Database.open({ file: join(data, DATABASE), vaultFile: join(data, VAULT), key: key() });
    try {
      const deletions = knownDeletions(db);
      // The logs go before their files do: read again after a power cut between the two, a file may be damaged without the log that a kill left.
      if (!db.truncateLog()) throw new Error('the write-ahead log could not be emptied');
      return deletions;
    } finally {
      db.close();
    }
  } catch (error) {
    if (isLost(error)) return null;
    throw error;
  }
}

/** The bytes are no database under this key, or the new version keeps deletions in another form. */
function isLost(error: unknown): boolean {
  return isPorticoError(error, 'db_corrupt') || isPorticoError(error, 'db_key_wrong') || (error instanceof Error && /^no such (table|column): /.test(error.message));
}

/** @throws where that cannot be told: existsSync would say no */
function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** @param deletions null: nobody knows them */
function carryInto(names: readonly string[], deletions: readonly CarriedDeletion[] | null): number {
  if (!names.includes(DATABASE)) return 0;
  const vaultFile = names.includes(VAULT) ? `${join(data, VAULT)}.back` : join(data, VAULT);
  const db = Database.open({ file: `${join(data, DATABASE)}.back`, key: key(), ...(existsSync(vaultFile) ? { vaultFile } : {}) });
  try {
    const carried = existsSync(vaultFile) ? carryDeletions(db, deletions ?? everyFace(db, systemClock.now())) : 0;
    if (!db.truncateLog()) throw new Error('the write-ahead log could not be emptied');
    return carried;
  } finally {
    db.close();
    for (const end of ['-wal', '-shm']) rmSync(`${join(data, DATABASE)}.back${end}`, { force: true });
  }
}

function removeWithLog(file: string): void {
  for (const end of ['', '-wal', '-shm']) overwriteAndRemove(`${file}${end}`);
}

