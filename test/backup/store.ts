/** A filled store and its backups, for the tests of this folder. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Backups, newKey } from '../../appliance/backup/index.js';
import type { RunOrder } from '../../appliance/backup/run.js';
import type { TargetSettings } from '../../appliance/backup/target.js';
import { createLogger, Embedding, type Clock } from '../../appliance/kit/index.js';
import { Signer } from '../../appliance/papers/index.js';
import { Database } from '../../appliance/storage/index.js';
import { readKey } from '../support/disk.js';
import { openRooms, type TestRooms } from '../support/rooms.js';
import { temporaryDirectory, TestClock } from '../support/scratch.js';
import { TemplateMaker } from '../support/templates.js';

export const maker = new TemplateMaker(47);
export const quiet = { line: () => undefined, progress: () => undefined };

export interface Person { id: string; name: string; look(): Embedding }

/** A customer with consent, a template, a kept picture, a fact and a follow-up. */
export function enrol({ customers, grant, followUps, consent, gallery }: TestRooms, displayName: string): Person {
  const { id } = customers.create({ displayName });
  grant(id, ['recognise', 'keep_photo', 'preferences', 'contact']);
  customers.change(id, { facts: [`${displayName}爱喝明前龙井`] });
  followUps.add(id, { text: `${displayName}的表到了` }, 's');
  const face = maker.template();
  const photos = [0, 1].map((i) => ({
    embedding: new Embedding(maker.mate(face, 0.9)), pose: 'front' as const, norm: 4, picture: Buffer.from(Array.from({ length: 6_000 }, (_, at) => (at * 7 + i * 13 + (at >> 5) * 31) & 255)),
  }));
  consent.withProof(id, 'recognise', (proof) => gallery.enrol(proof, photos));
  return { id, name: displayName, look: () => new Embedding(maker.mate(face, 0.85)) };
}

/** Rows without meaning, so that the database has these many megabytes. */
export function fatten({ db }: Pick<TestRooms, 'db'>, megabytes: number): void {
  db.exec('CREATE TABLE IF NOT EXISTS ballast (n INTEGER PRIMARY KEY, bytes BLOB)');
  for (let done = 0; done < megabytes; done += 4) db.run('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1024) INSERT INTO ballast (bytes) SELECT randomblob(4000) FROM n');
}

/** What the store's files begin with: the first digits of its vault's id are always the same here, the others never. */
export const START = 'portico-sh-01-c0ffee01';
export const LIST = `${START}-deletions.age`;

/** A store with a box's certificates in name, two customers, and a key. */
export async function filledStore(t: Pick<Test, 'teardown'>, options: { dataDirectory?: string; megabytes?: number } = {}) {
  const clock = new TestClock(Date.parse('2026-06-15T04:00:00Z'));
  const dataDirectory = options.dataDirectory ?? temporaryDirectory(t);
  const rooms = openRooms(t, { dataDirectory, clock });
  rooms.db.exec(`UPDATE vault.vault_state SET id = CAST(x'c0ffee01' || randomblob(12) AS BLOB); UPDATE main.vault_pair SET vault_id = (SELECT id FROM vault.vault_state)`);
  mkdirSync(join(dataDirectory, 'tls'), { mode: 0o700 });
  for (const name of ['root.crt', 'root.key', 'server.crt', 'server.key']) writeFileSync(join(dataDirectory, 'tls', name), `${name} of this box\n`, { mode: 0o600 });
  const [leaving, staying] = [enrol(rooms, '要走的人'), enrol(rooms, '留下的人')];
  if (options.megabytes !== undefined) fatten(rooms, options.megabytes);
  const key = await newKey();
  const keyFile = join(temporaryDirectory(t), 'store.key');
  writeFileSync(keyFile, `# the store's\n${key.identity}\n`);
  return { dataDirectory, clock, rooms, leaving, staying, ...key, keyFile };
}
export type FilledStore = Awaited<ReturnType<typeof filledStore>>;

export const toFolder = (folder: string, mounted = false): TargetSettings => ({ kind: 'folder', folder, mounted });

export const signerOf = ({ rooms, clock }: Pick<FilledStore, 'rooms' | 'clock'>) => new Signer({ db: rooms.db, clock });
export const vaultOf = ({ rooms }: Pick<FilledStore, 'rooms'>): string => rooms.db.get<{ vault: string }>('SELECT lower(hex(vault_id)) AS vault FROM vault_pair')!.vault;

/** The room over a store, as main.ts makes it. */
export function backupsOf(store: FilledStore, to: TargetSettings | null, options: { keep?: number; clock?: Clock; staffed?: boolean; credentialsDirectory?: string; onStep?: (step: string, share: number) => void } = {}) {
  const { rooms, dataDirectory, recipient } = store;
  return new Backups({
    db: rooms.db, clock: options.clock ?? store.clock, audit: rooms.audit, log: createLogger('silent'),
    config: {
      backup: to === null ? null : { recipient, to, at: '02:40', keep: options.keep ?? 14 }, storeId: 'sh-01', version: '9.9.9', timeZone: 'Asia/Shanghai',
      settings: 'PORTICO_STORE_ID="sh-01"\n', dataDirectory, credentialsDirectory: options.credentialsDirectory ?? null,
    },
    storage: { readerTicket: rooms.readerTicket, keyFor: () => 'ab'.repeat(32) }, deletions: () => rooms.erasure.everyone(),
    signingKey: () => signerOf(store).privatePem(), staffed: () => options.staffed ?? true, ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  });
}

/** One run's order, for those who run it in this thread. */
export function orderOf(store: FilledStore, target: TargetSettings, change: Partial<RunOrder> = {}): RunOrder {
  const { dataDirectory, rooms, recipient, clock } = store;
  return {
    dataDirectory, credentialsDirectory: null, file: rooms.readerTicket.file, key: rooms.readerTicket.key, target, recipient, keep: 14, storeId: 'sh-01', version: '9.9.9',
    settings: 'PORTICO_STORE_ID="sh-01"\n', deletions: rooms.erasure.everyone(), lastDeletion: rooms.db.get<{ n: number }>('SELECT last_deletion AS n FROM vault_pair')!.n,
    vault: vaultOf(store), signingKey: signerOf(store).privatePem(), atMs: clock.now(), ...change,
  };
}

export const namesIn = (folder: string): string[] => readdirSync(folder).sort();

/** What stands in an unpacked or restored database, without its vault. */
export function ask<T extends object = Record<string, unknown>>(folder: string | { folder: string; key: string }, sql: string, ...values: string[]): T[] {
  const [where, key] = typeof folder === 'string' ? [folder, readKey(folder)] : [folder.folder, folder.key];
  const db = Database.open({ file: join(where, 'portico.db'), key, readOnly: true });
  try {
    return db.all<T>(sql, ...values);
  } finally {
    db.close();
  }
}
