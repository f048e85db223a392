import { randomUUID } from 'node:crypto';
import { FILE_BYTES_MAX, type FILE_KINDS, type StoredFile } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { PorticoError, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';

export type FileKind = (typeof FILE_KINDS)[number];
/** What a customer's dossier may have: enough for papers and things, not a photo album. */
export const FILES_MAX = 40;

interface FileRow { id: string; customer_id: string; name: string; mime: FileKind; bytes: number; by: string; at_ms: number }
const SELECT = `SELECT file.id, customer_id, file.name, mime, length(content) AS bytes, staff.name AS "by", at_ms FROM file JOIN staff ON staff.id = staff_id`;
/** Own fields show files; those stay where they are. */
const IN_NO_FIELD = 'id NOT IN (SELECT file_id FROM field_value WHERE file_id IS NOT NULL)';

export interface NewFile { id: string | undefined; name: string; mime: FileKind; content: Buffer }

/** What kind of file these bytes are, whatever they are called. @throws PorticoError file_too_large, file_kind_refused */
export function kindOf(bytes: Uint8Array): 'picture' | 'pdf' {
  if (bytes.length > FILE_BYTES_MAX) throw new PorticoError('file_too_large', { bytes: bytes.length, bytesMax: FILE_BYTES_MAX });
  const starts = (text: string, at = 0) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(at, at + text.length).toString('latin1') === text;
  if (starts('%PDF-')) return 'pdf';
  if (starts('\xff\xd8\xff') || starts('\x89PNG\r\n\x1a\n') || (starts('RIFF') && starts('WEBP', 8))) return 'picture';
  throw new PorticoError('file_kind_refused');
}

/** Papers and photos of things, a customer's own. */
export class Files {
  /** What goes along when dossiers are merged. */
  readonly rows: MovableRows;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #events: EventBus;
  #mayAdd: (customerId: string) => void = () => undefined;

  constructor(deps: { db: Database; clock: Clock; events: EventBus }) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#events = deps.events;
    this.rows = movableRows(deps.db, 'file', () => IN_NO_FIELD);
  }

  /** @param mayAdd throws customer_not_found, customer_merged {into}, customer_restricted */
  need(mayAdd: (customerId: string) => void): void {
    this.#mayAdd = mayAdd;
  }

  /**
   * Before the bytes are looked at: whether one more may be added.
   * @returns one that is there under this id already: the request is repeated
   * @throws PorticoError files_too_many, id_taken, and as `need` says
   */
  mayAdd(customerId: string, id?: string): StoredFile | null {
    const row = id === undefined ? undefined : this.#db.get<FileRow>(`${SELECT} WHERE file.id = ?`, id);
    if (row !== undefined) {
      if (row.customer_id !== customerId) throw new PorticoError('id_taken');
      return toFile(row);
    }
    this.#mayAdd(customerId);
    if (this.#db.get<{ n: number }>('SELECT count(*) AS n FROM file WHERE customer_id = ?', customerId)!.n >= FILES_MAX) {
      throw new PorticoError('files_too_many', { filesMax: FILES_MAX });
    }
    return null;
  }

  /** @param file a picture that was looked at and holds no face, or a PDF @throws PorticoError as `mayAdd`, and id_taken */
  add(customerId: string, { id = randomUUID(), name, mime, content }: NewFile, staffId: string): StoredFile {
    return this.#db.transaction(() => {
      if (this.mayAdd(customerId, id) !== null) {
        const same = this.#db.get('SELECT 1 FROM file WHERE id = ? AND name = ? AND mime = ? AND content = ?', id, name.trim(), mime, content);
        if (same === undefined) throw new PorticoError('id_taken');
        return this.#byId(id);
      }
      this.#db.run('INSERT INTO file (id, customer_id, name, mime, content, staff_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
        id, customerId, name.trim(), mime, content, staffId, this.#clock.now());
      this.#tell(customerId);
      return this.#byId(id);
    });
  }

  /** @throws PorticoError file_not_found */
  open(id: string): { customerId: string; mime: FileKind; content: Buffer } {
    const row = this.#db.get<{ customer_id: string; mime: FileKind; content: Buffer }>('SELECT customer_id, mime, content FROM file WHERE id = ?', id);
    if (row === undefined) throw new PorticoError('file_not_found');
    return { customerId: row.customer_id, mime: row.mime, content: row.content };
  }

  /** @returns whose it was @throws PorticoError file_not_found, file_in_use */
  remove(id: string): string {
    return this.#db.transaction(() => {
      const { customerId } = this.open(id);
      if (this.#db.run(`DELETE FROM file WHERE id = ? AND ${IN_NO_FIELD}`, id).changes === 0) throw new PorticoError('file_in_use');
      this.#tell(customerId);
      return customerId;
    });
  }

  /** Deletes these, as far as no own field shows them. Safe to repeat. */
  drop(ids: readonly string[]): void {
    this.#db.run(`DELETE FROM file WHERE id IN (SELECT value FROM json_each(?)) AND ${IN_NO_FIELD}`, JSON.stringify(ids));
  }

  idsOf(customerId: string): string[] {
    return this.#db.all<{ id: string }>('SELECT id FROM file WHERE customer_id = ?', customerId).map(({ id }) => id);
  }

  /** Whether there is such a file of this customer: for an own field that shows it. */
  isOf(id: string, customerId: string): boolean {
    return this.#db.get('SELECT 1 FROM file WHERE id = ? AND customer_id = ?', id, customerId) !== undefined;
  }

  /** Newest first. */
  of(customerId: string): StoredFile[] {
    return this.#db.all<FileRow>(`${SELECT} WHERE customer_id = ? ORDER BY at_ms DESC, file.rowid DESC`, customerId).map(toFile);
  }

  /** Deletes all files of a customer. What own fields show has to be gone before. */
  erase(customerId: string): void {
    this.#db.run('DELETE FROM file WHERE customer_id = ?', customerId);
  }

  /** For the retention table. What an own field shows has no term of its own: it stays as long as the field's value does. */
  readonly retention = {
    kind: 'files',
    count: (): number => this.#db.get<{ n: number }>('SELECT count(*) AS n FROM file')!.n,
    deleteBefore: (ms: number, held: readonly string[]): number => this.#db.run(
      `DELETE FROM file WHERE at_ms < ? AND customer_id NOT IN (SELECT value FROM json_each(?)) AND ${IN_NO_FIELD}`, ms, JSON.stringify(held)).changes,
  } as const;

  #byId(id: string): StoredFile {
    return toFile(this.#db.get<FileRow>(`${SELECT} WHERE file.id = ?`, id)!);
  }

  #tell(customerId: string): void {
    this.#db.afterCommit(() => this.#events.emit('customerChanged', { customerId }));
  }
}

function toFile(row: FileRow): StoredFile {
  return { id: row.id, name: row.name, mime: row.mime, bytes: row.bytes, at: toInstant(row.at_ms), by: row.by };
}
