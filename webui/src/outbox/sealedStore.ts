import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { isOver, type Clocks } from './keeping.js';
import { seal, unseal, type Sealed, type SealingKey } from './seal.js';

/** `owner`: a member of staff's id. `atMs`: when it was written, by the box's clock. Nothing else stands there in clear. */
interface Row extends Sealed { id: string; owner: string; atMs: number }
interface Schema extends DBSchema { sealed: { key: string; value: Row; indexes: { owner: string } } }

export interface Kept { id: string; atMs: number; content: unknown }

let connection: Promise<IDBPDatabase<Schema>> | null = null;
function database(): Promise<IDBPDatabase<Schema>> {
  const forget = (): void => void (connection = null);
  connection ??= openDB<Schema>('portico-outbox', 1, {
    upgrade: (db) => void db.createObjectStore('sealed', { keyPath: 'id' }).createIndex('owner', 'owner'),
    terminated: forget, // Safari does so to pages that slept long: the next use opens it anew
  });
  connection.catch(forget);
  return connection;
}

/** What one person keeps on this iPad, under their key. */
export class SealedStore {
  private last: Promise<unknown> = Promise.resolve();

  constructor(readonly owner: string, private readonly key: SealingKey) {}

  /** What does not open stays until its time is over: it is of a pairing that was. */
  async read(): Promise<Kept[]> {
    const rows = await (await database()).getAllFromIndex('sealed', 'owner', this.owner);
    const opened = await Promise.all(rows.map(async (row) => ({ id: row.id, atMs: row.atMs, content: await unseal(this.key, this.place(row.id), row) })));
    return opened.filter(({ content }) => content !== undefined);
  }

  /** All of it or nothing; in the order in which it was asked for. */
  write(put: readonly Kept[], gone: readonly string[]): Promise<void> {
    const written = this.last.then(() => this.writeNow(put, gone));
    this.last = written.catch(() => undefined);
    return written;
  }

  private async writeNow(put: readonly Kept[], gone: readonly string[]): Promise<void> {
    const rows = await Promise.all(put.map(async ({ id, atMs, content }) => ({ id, atMs, owner: this.owner, ...await seal(this.key, this.place(id), content) })));
    const transaction = (await database()).transaction('sealed', 'readwrite', { durability: 'strict' });
    await Promise.all([...rows.map((row) => transaction.store.put(row)), ...gone.map((id) => transaction.store.delete(id)), transaction.done]);
  }

  private place(id: string): string {
    return `${this.owner} ${id}`;
  }
}

/** Deletes, unread, what is over its time and what people left behind who do not work here any more. */
export async function sweep(clocks: Clocks, staffIds: readonly string[]): Promise<void> {
  const transaction = (await database()).transaction('sealed', 'readwrite');
  for (let cursor = await transaction.store.openCursor(); cursor; cursor = await cursor.continue()) {
    const { owner, atMs } = cursor.value;
    if (isOver(atMs, clocks) || !staffIds.includes(owner)) await cursor.delete();
  }
  await transaction.done;
}
