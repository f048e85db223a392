/** `portico gallery rekey` and `portico vault new`: what is done to a box that stands still. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Check } from 'typebox/schema';
import { Audit, THE_BOX } from '../appliance/audit/index.js';
import { Consent } from '../appliance/consent/index.js';
import { Deletion as DeletionForm, type Deletion } from '../appliance/contract/index.js';
import { Erasure, FACE_PURPOSES } from '../appliance/erasure/index.js';
import { EventBus } from '../appliance/events/index.js';
import { CustomerKeys, reconcile, rekey, rotationOf } from '../appliance/gallery/index.js';
import { createLogger, toInstant, type Clock } from '../appliance/kit/index.js';
import { isRenewing, markRenewing, openForReading, openStorage, type Storage, type WhichVault } from '../appliance/storage/index.js';
import { UsageError, type Output } from './output.js';

/** Where the box's files are, as in its settings. */
export interface BoxFiles {
  dataDirectory: string; credentialsDirectory: string | null;
  /** Of the database, where it is in no file. */
  key?: string;
}

/**
 * Gives the box another secret rotation and turns all templates by it: all or nothing, without new photos.
 * @returns how many were turned
 * @throws UsageError, PorticoError db_in_use while the box runs, and those of opening its files
 */
export function rekeyGallery(files: BoxFiles, clock: Clock, output: Pick<Output, 'line' | 'progress'>): number {
  return withStorage(files, clock, 'own', (storage, audit, keys) => {
    const { db } = storage;
    if (db.get('SELECT 1 FROM deletion_pending') !== undefined) throw new UsageError('A deletion is not finished yet. Start the box once, stop it, and try again.');
    forgetUnreadable(storage, audit, keys, clock);
    const templates = rekey({
      db, keys, clock, rotation: rotationOf(db, clock), progress: (done, of) => output.progress('templates', done, of),
      record: (count) => { audit.record('gallery_rekeyed', THE_BOX, { detail: { templates: count } }); },
    });
    if (!storage.dropTraces()) throw new Error('nobody else has these files open, and yet the log is held');
    output.line(`${templates} templates turned by a new secret. What was copied before matches nobody any more.`);
    return templates;
  });
}

/**
 * An empty vault for a box that lost its own. Every template is forgotten, because no key opens it any more, and every consent
 * ends, because nobody knows any more which were withdrawn since the database was copied. That comes first, with a mark while
 * which the box does not start; cut off anywhere, it is run again.
 * @param deletionsFile `deletions.jsonl` of an audit pack: whole dossiers deleted since are deleted again at the next start
 * @throws UsageError when there is a vault or the file is not such a list, PorticoError as above
 */
export function newVault(files: BoxFiles, clock: Clock, output: Pick<Output, 'line' | 'progress'>, deletionsFile: string | null): { forgotten: number; ended: number; deletedAgain: number } {
  const made = makeVault(files, clock, () => (deletionsFile === null ? [] : readDeletions(deletionsFile).filter(({ scope }) => scope === 'dossier')));
  output.line(`The vault is new and empty. ${made.forgotten} templates were forgotten and ${made.ended} consents ended: these customers are asked and photographed again.`);
  output.line(deletionsFile === null
    ? 'What was deleted after this database was copied is not known here: dossiers deleted since are back. With --deletions FILE (deletions.jsonl of the newest audit pack) they go again.'
    : `${made.deletedAgain} dossiers deleted since are deleted again when the box starts.`);
  return made;
}

/**
 * The same without words, for a restore. @param deletions done again at the next start
 * @throws as above
 */
export function makeVault(files: BoxFiles, clock: Clock, deletions: () => readonly Deletion[]): { forgotten: number; ended: number; deletedAgain: number } {
  const file = join(files.dataDirectory, 'vault', 'vault.db');
  if (existsSync(file) && statSync(file).size > 0 && !wasCutOff(files)) throw new UsageError(`${file} exists. Move it away first if it is really lost.`);
  const again = deletions();
  const { ended, adopted } = withStorage(files, clock, 'none', (storage, audit) => storage.db.transaction(() => {
    const { db } = storage;
    const erasure = new Erasure({ db, clock, audit, dropTraces: () => storage.dropTraces() });
    const requestedAt = toInstant(clock.now());
    const ended = new Consent({ db, clock, audit, events: new EventBus(createLogger('silent')), timeZone: 'UTC' }).endAll();
    // Match scores and the like go when the box starts, which knows where they are.
    erasure.adopt(ended.map((customerId) => (
      { id: randomUUID(), customerId, scope: 'face', reason: 'expired', purposes: FACE_PURPOSES, requestedAt, completedAt: null, templatesDeleted: 0, keyDestroyed: false })));
    markRenewing(db, true);
    return { ended: ended.length, adopted: erasure.adopt(again) };
  }));
  const forgotten = withStorage(files, clock, 'new', (storage, audit, keys) => {
    const { db } = storage;
    new Erasure({ db, clock, audit, dropTraces: () => storage.dropTraces() }).replay(); // so that receipts answer
    const forgotten = forgetUnreadable(storage, audit, keys, clock);
    markRenewing(db, false);
    storage.dropTraces();
    return forgotten;
  });
  return { forgotten, ended, deletedAgain: adopted };
}

/** Whether the vault that is there is one that was being made. */
function wasCutOff(files: BoxFiles): boolean {
  const { db } = openForReading(files);
  try {
    return isRenewing(db);
  } finally {
    db.close();
  }
}

/** @throws UsageError */
function readDeletions(file: string): Deletion[] {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split('\n').filter((line) => line !== '').map((line) => {
      const deletion: unknown = JSON.parse(line);
      if (!Check(DeletionForm, deletion)) throw new Error('another form');
      return deletion;
    });
  } catch (error) {
    throw new UsageError(`${file} is not a list of deletions: ${(error as Error).message}`);
  }
}

/** @returns how many templates no key opened any more */
function forgetUnreadable({ db }: Storage, audit: Audit, keys: CustomerKeys, clock: Clock): number {
  return reconcile({
    db, keys, rotation: rotationOf(db, clock),
    onForgotten: (customerId) => { audit.record('face_deleted', THE_BOX, { customerId, detail: { reason: 'no_key' } }); },
  })?.forgotten ?? 0;
}

function withStorage<T>(files: BoxFiles, clock: Clock, vault: WhichVault, work: (storage: Storage, audit: Audit, keys: CustomerKeys) => T): T {
  // Else opening would make a new box.
  if (!existsSync(join(files.dataDirectory, 'portico.db'))) throw new UsageError(`There is no database in ${files.dataDirectory}.`);
  const { dataDirectory, credentialsDirectory, key } = files;
  const storage = openStorage({ dataDirectory, credentialsDirectory, maxBytes: null, clock, vault, ...(key === undefined ? {} : { key }) });
  try {
    return work(storage, new Audit({ db: storage.db, clock }), new CustomerKeys({ db: storage.db, clock }));
  } finally {
    storage.close();
  }
}
