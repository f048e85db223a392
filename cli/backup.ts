/** `portico backup ...`: what IT does by hand. */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Audit, THE_BOX } from '../appliance/audit/index.js';
import { Backups, identityIn, madeAtOf, newKey, openBackup, openTarget, recipientOf } from '../appliance/backup/index.js';
import type { Config } from '../appliance/config/index.js';
import type { BackupRun, Language } from '../appliance/contract/index.js';
import { Erasure } from '../appliance/erasure/index.js';
import { isAlive, createLogger, isPorticoError, PorticoError, refuseEgress, toInstant, type Clock } from '../appliance/kit/index.js';
import { checkLineOf, readKeys, recoverySheetPdf, Signer } from '../appliance/papers/index.js';
import { openBeside } from '../appliance/storage/index.js';
import { UsageError, type Output } from './output.js';

type Speaks = Pick<Output, 'line' | 'progress'>;

/** A backup now, beside the box. @throws PorticoError backup_not_set_up, backup_running; and why it failed */
export async function backupNow(config: Config, clock: Clock, output: Speaks): Promise<BackupRun> {
  if (config.backup === null) throw new PorticoError('backup_not_set_up');
  const storage = openBeside(config);
  const { db } = storage;
  const audit = new Audit({ db, clock });
  const erasure = new Erasure({ db, clock, audit, dropTraces: () => false });
  const backups = new Backups({
    db, clock, audit, log: createLogger('silent'), config, storage, deletions: () => erasure.everyone(), signingKey: () => new Signer({ db, clock }).privatePem(), staffed: () => true, onStep: (_step, share) => output.progress('backup', Math.round(share * 100), 100),
  });
  try {
    const run = await backups.begin('console', THE_BOX).done;
    output.progress('backup', 100, 100);
    if (run.outcome !== 'done') throw new PorticoError(run.errorCode ?? 'backup_failed');
    output.line(`${run.fileName} (${megabytes(run.bytes)}) was made, read back from where it lies, and opened: it is good.`);
    return run;
  } finally {
    await backups.stop();
    storage.close();
  }
}

/** What lies where backups go, newest first; null: it cannot be reached. */
export async function listBackups(config: Config, output: Speaks): Promise<{ files: { name: string; madeAt: string; bytes: number }[] | null; code: string | null }> {
  if (config.backup === null) throw new PorticoError('backup_not_set_up');
  const { to } = config.backup;
  const lift = refuseEgress(to.kind === 'sftp' ? [to.host] : []);
  try {
    const target = await openTarget(to, config);
    try {
      const files: { name: string; madeAt: string; bytes: number }[] = [];
      for (const name of await target.names()) {
        const match = /^portico-(.+)-([0-9a-f]{8})-\d{8}-\d{6}\.age$/.exec(name);
        const atMs = match === null ? null : madeAtOf({ storeId: match[1]!, vault: match[2]! }, name);
        if (atMs !== null) files.push({ name, madeAt: toInstant(atMs), bytes: await target.sizeOf(name) });
      }
      files.sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1));
      for (const { name, madeAt, bytes } of files) output.line(`${madeAt}  ${megabytes(bytes).padStart(10)}  ${name}`);
      output.line(`backups: ${files.length}`);
      return { files, code: null };
    } finally {
      await target.close();
    }
  } catch (error) {
    if (!isPorticoError(error)) throw error;
    output.line(`${error.code}: ${error.message}`);
    return { files: null, code: error.code };
  } finally {
    lift();
  }
}

/** Opens a backup with the store's key, checks all of it, and leaves nothing behind. @param workDirectory room for the database, on a disk of its own if need be */
export async function verifyBackup(file: string, keyFile: string, workDirectory: string | null, output: Speaks): Promise<{ [key: string]: string | number }> {
  const room = workDirectory ?? tmpdir();
  clearLeft(room);
  const folder = mkdtempSync(join(room, `portico-verify-${process.pid}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const stopped = (signal: NodeJS.Signals) => {
    remove();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, stopped);
  try {
    const { manifest, bytes } = await openBackup(file, readIdentity(keyFile), folder, (share) => output.progress('checking', Math.round(share * 100), 100));
    const customers = manifest.rows['customer'] ?? 0;
    output.line(`valid      made ${manifest.madeAt} by Portico ${manifest.version} for ${manifest.storeId}`);
    output.line(`contents   ${megabytes(bytes)}, ${customers} customers, ${manifest.rows['consent'] ?? 0} consents; every page of the database was checked`);
    const signedBy = thumbprintOf(manifest);
    output.line(`signed by  ${signedBy}: has to be the thumbprint on the receipts and copies of consents of that box (docs/backup.md)`);
    return { madeAt: manifest.madeAt, version: manifest.version, storeId: manifest.storeId, signedBy, bytes, customers };
  } finally {
    for (const signal of SIGNALS) process.off(signal, stopped);
    remove();
  }
}

/** Of the key that signed a backup, as on papers. */
export const thumbprintOf = ({ signedBy }: { signedBy: string }): string => readKeys(signedBy).keys[0]!.kid;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a run that was killed left: encrypted, and large. Only one's own, and none of a run that is still under way. */
function clearLeft(room: string): void {
  for (const name of existsSync(room) ? readdirSync(room) : []) {
    const pid = Number(/^portico-verify-(\d+)-\w+$/.exec(name)?.[1] ?? NaN);
    const path = join(room, name);
    if (Number.isNaN(pid) || isAlive(pid) || lstatSync(path, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

/**
 * The key of a store, and the sheet to print. Written whole or not at all, never over anything.
 * @returns the public half, for PORTICO_BACKUP_RECIPIENT
 * @throws PorticoError key_file_exists
 */
export async function makeStoreKey(out: string, language: Language, about: { storeName: string; timeZone: string }, clock: Clock, output: Speaks): Promise<{ recipient: string; identity: string; sheet: string }> {
  const { identity, recipient } = await newKey();
  const sheet = `${out}.pdf`;
  const createdAt = toInstant(clock.now());
  const pdf = await recoverySheetPdf({ ...about, identity, recipient, createdAt }, language);
  const text = `# created: ${createdAt}\n# public key: ${recipient}\n# check: ${checkLineOf(identity)}\n${identity}\n`;
  mkdirSync(dirname(out), { recursive: true });
  await writeNew(out, Buffer.from(text));
  try {
    await writeNew(sheet, pdf);
  } catch (error) {
    rmSync(out);
    throw error;
  }
  output.line(`The store's key is in ${out}. Print ${sheet} now, then keep both away from the box, and delete what you do not need.`);
  output.line(`For the box (PORTICO_BACKUP_RECIPIENT):\n  ${recipient}`);
  output.line(`check of the private key: ${checkLineOf(identity)}`);
  return { recipient, identity, sheet };
}

/** What a key file holds, without showing the key: for one that was typed in from the sheet. @throws PorticoError key_file_invalid */
export async function checkStoreKey(file: string, output: Speaks): Promise<{ recipient: string; check: string }> {
  const identity = readIdentity(file);
  const [recipient, check] = [await recipientOf(identity), checkLineOf(identity)];
  output.line(`public key  ${recipient}\ncheck       ${check}\nBoth have to be those on the sheet.`);
  return { recipient, check };
}

/** @throws UsageError, PorticoError key_file_invalid */
export function readIdentity(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`);
  }
  return identityIn(text);
}

/** For its owner alone, on the disk when this is done. @throws PorticoError key_file_exists */
export async function writeNew(file: string, content: Uint8Array): Promise<void> {
  let handle;
  try {
    handle = await open(file, 'wx', 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw new PorticoError('key_file_exists', { file }, { cause });
    throw cause;
  }
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

const megabytes = (bytes: number | null): string => `${((bytes ?? 0) / 1_048_576).toFixed(1)} MB`;
