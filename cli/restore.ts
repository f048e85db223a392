/** `portico restore FILE`: a backup becomes the box's data, on this hardware or on new. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endEverySession } from '../appliance/access/index.js';
import { Audit, THE_BOX } from '../appliance/audit/index.js';
import { deletionListsOf, dropUnfinishedRuns, holdBackups, openBackup, readDeletionList, type DeletionList, type OpenedBackup } from '../appliance/backup/index.js';
import type { Deletion } from '../appliance/contract/index.js';
import { carryDeletions, holdsElsewhere } from '../appliance/erasure/index.js';
import { forgetReleases } from '../appliance/export/index.js';
import { forgetMachine } from '../appliance/health/index.js';
import { isPorticoError, PorticoError, type Clock } from '../appliance/kit/index.js';
import { beginReplacing, Database, isVaultOf, lockDataDirectory, openForReading, SEALED_KEY } from '../appliance/storage/index.js';
import { readIdentity, thumbprintOf, writeNew } from './backup.js';
import { UsageError, type Output } from './output.js';
import { makeVault, type BoxFiles } from './vault.js';

type Manifest = OpenedBackup['manifest'];

export interface RestoreOptions {
  keyFile: string;
  /** There may be a box in the folder already: it is replaced. */
  replace: boolean;
  /** Where the database's key goes, for systemd to seal; null: into the data folder, or with `sealing`. */
  keyOut: string | null;
  /** Thumbprint of the box that must have signed it; absent: whoever asked looks at it. */
  signedBy?: string;
  /** Of a box with systemd: seals the key, and once the new data are in place puts it where systemd looks. */
  sealing?: { seal(key: string): Promise<Uint8Array>; settle(): Promise<void> };
}
export interface Restored {
  madeAt: string;
  version: string;
  /** Whether the box's own vault was there: then faces stay enrolled. */
  sameBox: boolean;
  /** How many consents ended because nobody knows whether they were withdrawn since. */
  ended: number;
  /** Deletions out of the lists beside the backup that are done again at the next start; null: there is no list. */
  deletedAgain: number | null;
  /** When the list of the box that made the backup was made; null: there is none. */
  listMadeAt: string | null;
  /** Whether that list knows all that the backup does; without one nobody knows, whatever other boxes' lists say. */
  listIsComplete: boolean;
  /** Files that look like lists of this store and were not written by a box with its database: not read. */
  listsRefused: string[];
  /** Thumbprint of the key that signed the backup. */
  signedBy: string;
}

/**
 * Builds the new data beside the old and puts them in with one rename. A kill before that leaves the old data, after that the new. The key of the database
 * is in memory until its last place is known.
 * @param step told before each step, for the tests that cut it off
 * @throws PorticoError db_in_use while the box runs, restore_target_in_use, backup_not_ours, backup_key_wrong, backup_signed_by_another, restore_newer_version, storage_full, key_file_exists; UsageError
 */
export async function restore(file: string, files: BoxFiles, options: RestoreOptions, clock: Clock, output: Pick<Output, 'line' | 'progress'>, step: (name: string) => void = () => undefined): Promise<Restored> {
  const { dataDirectory } = files;
  const identity = readIdentity(options.keyFile);
  if (!existsSync(file)) throw new UsageError(`${file} is not there.`);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const lock = lockDataDirectory(join(dataDirectory, 'portico.lock'));
  try {
    if (isFilled(dataDirectory) && !options.replace && !holdsNothing(files)) throw new PorticoError('restore_target_in_use', { dataDirectory });
    step('begin');
    const replacement = beginReplacing(dataDirectory);
    const { folder } = replacement;
    try {
      step('unpack');
      const { manifest, key, parts } = await openBackup(file, identity, folder, (share) => output.progress('restoring', Math.round(share * 95), 100));
      const signedBy = thumbprintOf(manifest);
      if (options.signedBy !== undefined && options.signedBy !== signedBy) throw new PorticoError('backup_signed_by_another', { signedBy });
      const { lists, refused } = await listsBeside(file, manifest, identity, key);
      const own = lists.find(({ header }) => header.vault === manifest.vault) ?? null;
      const deletions = [...new Map(lists.flatMap((list) => list.deletions).map((each) => [each.id, each])).values()];
      const sameBox = isSameBox(folder, dataDirectory, key, manifest);
      putParts(folder, dataDirectory, parts, sameBox);
      step('vault');
      const { ended, deletedAgain } = sameBox
        ? { ended: 0, deletedAgain: tellVault(folder, dataDirectory, key, deletions) }
        : makeVault({ dataDirectory: folder, credentialsDirectory: null, key }, clock, () => deletions);
      step('record');
      prepare(folder, key, clock, { madeAt: manifest.madeAt, version: manifest.version, sameBox });
      for (const name of ['portico.lock', 'portico.db-wal', 'portico.db-shm', 'backups', 'ballast']) rmSync(join(folder, name), { recursive: true, force: true });
      // An empty one would take the place of the box's own.
      if (sameBox) rmSync(join(folder, 'vault'), { recursive: true, force: true });
      step('key');
      await putKey(folder, files, key, sameBox, options);
      step('commit');
      replacement.commit();
      step('settle');
      await options.sealing?.settle();
      step('done');
      output.progress('restoring', 100, 100);
      const restored: Restored = {
        madeAt: manifest.madeAt, version: manifest.version, sameBox, ended, deletedAgain: lists.length === 0 ? null : deletedAgain, listMadeAt: own?.header.madeAt ?? null,
        listIsComplete: own !== null && isComplete(own, manifest), listsRefused: refused, signedBy,
      };
      tell(restored, dataDirectory, options.keyOut, output);
      return restored;
    } catch (error) {
      replacement.abandon();
      throw error;
    }
  } finally {
    lock.release();
  }
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
const isFilled = (dataDirectory: string): boolean => ['portico.db', join('vault', 'vault.db')].some((name) => sizeOf(join(dataDirectory, name)) > 0);

/** A box that was switched on and not used: nobody works there, nobody is a customer. One that cannot be opened is somebody's. */
function holdsNothing(files: BoxFiles): boolean {
  try {
    const { db } = openForReading(files);
    try {
      return db.get<{ n: number }>('SELECT (SELECT count(*) FROM staff) + (SELECT count(*) FROM customer) AS n')!.n === 0;
    } finally {
      db.close();
    }
  } catch (error) {
    if (isPorticoError(error)) return false;
    throw error;
  }
}

/** Of every box that wrote for this store: each may know of a deletion that the others do not. One that does not check counts as not there. */
async function listsBeside(file: string, { storeId }: Manifest, identity: string, databaseKey: string): Promise<{ lists: DeletionList[]; refused: string[] }> {
  const [lists, refused]: [DeletionList[], string[]] = [[], []];
  for (const name of deletionListsOf({ storeId }, readdirSync(dirname(file)))) {
    try {
      lists.push(await readDeletionList(join(dirname(file), name), identity, { storeId, databaseKey }));
    } catch (error) {
      if (!isPorticoError(error, 'backup_list_not_ours')) throw error;
      refused.push(name);
    }
  }
  return { lists, refused };
}

/** The list of the same run may be behind by what was deleted while it ran: that is in the backup itself. */
const isComplete = ({ header }: DeletionList, manifest: Manifest): boolean => header.last >= manifest.lastDeletion || header.madeAt === manifest.madeAt;

/** Whether the vault that is here is the one that the backup's database worked with, and as new as that. */
function isSameBox(folder: string, dataDirectory: string, key: string, { vault, lastDeletion }: Manifest): boolean {
  const vaultFile = join(dataDirectory, 'vault', 'vault.db');
  if (sizeOf(vaultFile) === 0) return false;
  try {
    const db = Database.open({ file: join(folder, 'portico.db'), key, readOnly: true, vaultFile });
    try {
      return isVaultOf(db, { id: vault, lastDeletion });
    } finally {
      db.close();
    }
  } catch (error) {
    if (isPorticoError(error) && ['db_key_wrong', 'db_corrupt'].includes(error.code)) return false; // another box's, or damaged
    throw error;
  }
}

/** On the same box its own root and key are the newer ones. */
function putParts(folder: string, dataDirectory: string, parts: OpenedBackup['parts'], sameBox: boolean): void {
  const ownRoot = sameBox && existsSync(join(dataDirectory, 'tls', 'root.crt'));
  for (const [name, content] of parts) {
    if (name === 'settings.env') writeFileSync(join(folder, 'restored-settings.env'), content, { flag: 'wx', mode: 0o600 });
    else if (!ownRoot) writeFileSync(join(folder, name), content, { flag: 'wx', mode: 0o600 });
  }
  if (![...parts.keys()].some((name) => name.startsWith('tls/')) || ownRoot) rmSync(join(folder, 'tls'), { recursive: true, force: true });
}

/**
 * Another box may have stood in for this one: what was deleted there is in the list alone. Written into the vault before the new database is in place: cut off in between,
 * the old one deletes it too, and it was to be deleted.
 * @returns how many this box did not know
 */
function tellVault(folder: string, dataDirectory: string, key: string, deletions: readonly Deletion[]): number {
  if (deletions.length === 0) return 0;
  const db = Database.open({ file: join(folder, 'portico.db'), key, vaultFile: join(dataDirectory, 'vault', 'vault.db') });
  try {
    const carried = carryDeletions(db, deletions.filter(holdsElsewhere).map(({ id, customerId, scope, reason, purposes, requestedAt, templatesDeleted }) => (
      { id, customer_id: customerId, scope, reason, purposes: purposes.join(' '), requested_at_ms: Date.parse(requestedAt), templates: templatesDeleted })));
    db.truncateLog();
    return carried;
  } finally {
    db.close();
  }
}

/** In the restored log: from when its database is. And nothing of it speaks of a moment that is over. */
function prepare(folder: string, key: string, clock: Clock, about: { madeAt: string; version: string; sameBox: boolean }): void {
  const db = Database.open({ file: join(folder, 'portico.db'), key });
  try {
    db.transaction(() => {
      endEverySession(db);
      forgetMachine(db);
      dropUnfinishedRuns(db);
      if (!about.sameBox) holdBackups(db, clock.now());
      forgetReleases(db, clock.now(), about.sameBox);
      new Audit({ db, clock }).record('backup_restored', THE_BOX, { detail: about });
    });
    db.truncateLog();
  } finally {
    db.close();
  }
}

async function putKey(folder: string, { dataDirectory, credentialsDirectory }: BoxFiles, key: string, sameBox: boolean, { keyOut, sealing }: RestoreOptions): Promise<void> {
  if (sealing !== undefined) {
    await writeNew(join(folder, SEALED_KEY), await sealing.seal(key));
  } else if (keyOut !== null) {
    const there = existsSync(keyOut) && readFileSync(keyOut, 'utf8').trim() === key; // of a restore that was cut off
    if (!there) await writeNew(keyOut, Buffer.from(`${key}\n`));
  } else {
    const hasIt = sameBox && (existsSync(join(dataDirectory, 'db-key')) || (credentialsDirectory !== null && existsSync(join(credentialsDirectory, 'db-key'))));
    if (!hasIt) await writeNew(join(folder, 'db-key'), Buffer.from(`${key}\n`));
  }
}

function tell(restored: Restored, dataDirectory: string, keyOut: string | null, output: Pick<Output, 'line'>): void {
  const { madeAt, version, sameBox, ended, deletedAgain, listMadeAt, listIsComplete, listsRefused, signedBy } = restored;
  output.line(`The backup of ${madeAt} (Portico ${version}) is now in ${dataDirectory}.`);
  output.line(`It was signed by ${signedBy}: that has to be the thumbprint on the receipts and copies of consents of that box. If it is another, somebody else made this file: do not start the box with it.`);
  output.line(sameBox
    ? 'The vault of this box stays: faces are still enrolled, and whoever was deleted on this box since is deleted again when the box starts.'
    : `This is new hardware, or a box that did not make this backup: ${ended} consents ended and faces are enrolled anew, because face data never leaves a box. Dossiers and the records of consents are back.`);
  if (deletedAgain !== null) output.line(`${deletedAgain} deletions out of the lists beside the backup are done again when the box starts.${listMadeAt === null ? '' : ` The list of the box that made it is of ${listMadeAt}.`}`);
  for (const name of listsRefused) output.line(`ATTENTION: ${name} was not written by a box with this database, or is damaged (backup_list_not_ours). It was not read.`);
  if (listMadeAt === null) {
    output.line(sameBox
      ? 'ATTENTION: no list of deletions of the box that made the backup lies beside it. If another box stood in for this one, whoever was deleted there is back: delete them again by the receipts you have.'
      : 'ATTENTION: no list of deletions of the box that made the backup lies beside it. Whoever was deleted after it was made is back: delete them again by the receipts you have.');
  } else if (!listIsComplete) {
    output.line(`ATTENTION: that list is older than the backup. Whoever was deleted after ${listMadeAt} may be back: look for the newest list, or delete them again by the receipts you have.`);
  }
  if (!sameBox) output.line('This box makes no backups by itself yet. If it is the store\'s box from now on, back up now once it runs (page "The box"; or: portico backup now). On a spare for practice never do.');
  output.line(`Everybody is signed out. iPads and staff are those of ${madeAt}: remove, in Settings, any iPad that was lost and anybody who left since, and set a new PIN for whoever changed theirs for a reason, before the store opens.`);
  if (keyOut !== null) output.line(`The database's key is in ${keyOut}: on a box of the package restore without --data and --key-out, and it is sealed by itself; else "systemd-creds encrypt --name=db-key ${keyOut} /etc/credstore.encrypted/portico-db-key", then destroy that file.`);
  output.line(`The settings of the box that made it are in ${join(dataDirectory, 'restored-settings.env')}, to be compared with this one's.`);
}
