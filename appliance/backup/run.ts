/** One backup from beginning to end. Runs in a thread of its own; pure Node streams, at no time more than some pieces in memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deletion } from '../contract/index.js';
import { isPorticoError, PorticoError, toInstant } from '../kit/index.js';
import { DATABASE_PART, FORMAT, KEY_PART, pack, publicPemOf, SETTINGS_PART, unpack, type Manifest, type Part } from './archive.js';
import { contentsOf, copyDatabase, digestOf, requireRoom, sameContents } from './copy.js';
import { writeList } from './list.js';
import { deletionsNameOf, freeNameOf, leftOver, partOf, toRemove, workFolderOf } from './names.js';
import { keyLike, seal, unseal, type Bytes } from './sealing.js';
import { openTarget, type Target, type TargetSettings } from './target.js';

export interface RunOrder {
  dataDirectory: string;
  credentialsDirectory: string | null;
  /** portico.db and its key. */
  file: string;
  key: string;
  target: TargetSettings;
  /** age1...: the store's. */
  recipient: string;
  keep: number;
  storeId: string;
  version: string;
  /** The settings as text, NAME=value a line: for whoever sets up the next box. */
  settings: string;
  /** All that the box knows of, for older backups on new hardware. */
  deletions: readonly Deletion[];
  /** The number of the newest of them. */
  lastDeletion: number;
  /** The id of the box's vault, hexadecimal. */
  vault: string;
  /** The box's, PEM: the manifest is signed with it. Whoever has the database's key has it anyway. */
  signingKey: string;
  atMs: number;
}
export interface RunResult {
  fileName: string;
  bytes: number;
  /** How long each took, milliseconds. */
  copyMs: number;
  sendMs: number;
  checkMs: number;
  /** Older ones that went. */
  removed: number;
}
/** In this order. */
export const STEPS = ['reach', 'copy', 'hash', 'send', 'deletions', 'read back', 'check', 'name', 'tidy'] as const;
export type Step = (typeof STEPS)[number];
/** @param share of the whole run that is done, 0..1 */
export type Report = (step: Step, share: number) => void;

/** Where on the scale of progress each long step begins. */
const SHARES = { copy: 0.02, hash: 0.15, send: 0.2, readBack: 0.6, check: 0.9, tidy: 0.99 } as const;
/** Beyond the database itself, at the target: headers, certificates, authentication of each 64 KiB. */
const MORE_BYTES = 2 * 1_048_576;

/**
 * @throws PorticoError backup_target_missing, backup_target_full, backup_target_refused, backup_unreadable, backup_failed, storage_full
 */
export async function makeBackup(order: RunOrder, report: Report): Promise<RunResult> {
  const work = workFolderOf(order.dataDirectory);
  let target: Target | null = null;
  const unfinished: string[] = [];
  try {
    report('reach', 0);
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
    target = await openTarget(order.target, order);
    for (const name of leftOver(order, await target.names())) await target.remove(name);

    const once = await keyLike(order.recipient); // in memory, for this run
    const copied = await takeCopy(order, work, report);
    const names = await target.names();
    const fileName = freeNameOf(order, order.atMs, names);
    const free = await target.freeBytes();
    if (free !== null && free < copied.bytes * 1.01 + MORE_BYTES) throw new PorticoError('backup_target_full', { reason: 'too little room' });

    report('send', SHARES.send);
    const sentAt = performance.now();
    const { manifest, parts } = await describe(order, copied);
    unfinished.push(partOf(fileName));
    const sealed = await seal([order.recipient, once.recipient], counted(pack(manifest, order.signingKey, parts, order.atMs), copied.bytes, (share) => report('send', SHARES.send + share * (SHARES.readBack - SHARES.send))));
    await target.write(partOf(fileName), sealed);
    const sendMs = performance.now() - sentAt;

    report('deletions', SHARES.readBack);
    unfinished.push(partOf(deletionsNameOf(order)));
    const { storeId, vault, lastDeletion: last, deletions } = order;
    const list = writeList({ header: { kind: 'portico-deletions', storeId, vault, madeAt: toInstant(order.atMs), last }, deletions }, order.key);
    await target.write(partOf(deletionsNameOf(order)), await seal([order.recipient, once.recipient], oneChunk(list)));
    await rm(copied.file); // makes room for what is read back

    report('read back', SHARES.readBack);
    const checkedAt = performance.now();
    await checkWhatLies(order, target, { fileName, manifest, list }, once.identity, work, report);
    const checkMs = performance.now() - checkedAt;

    // Both are good. The list first: no backup is ever beside a list that is older.
    report('name', SHARES.tidy);
    await target.rename(partOf(deletionsNameOf(order)), deletionsNameOf(order));
    await target.rename(partOf(fileName), fileName);
    unfinished.length = 0;
    const bytes = await target.sizeOf(fileName);
    report('tidy', SHARES.tidy);
    const old = toRemove(order, names, fileName, order.keep, order.atMs);
    for (const name of old) await target.remove(name);
    return { fileName, bytes, copyMs: copied.ms, sendMs, checkMs, removed: old.length };
  } finally {
    for (const name of unfinished) await target?.remove(name).catch(() => undefined); // a disk that is gone keeps its part until the next run
    await target?.close();
    await rm(work, { recursive: true, force: true });
  }
}

interface Copied { file: string; bytes: number; sha256: string; ms: number; contents: ReturnType<typeof contentsOf> }

async function takeCopy(order: RunOrder, work: string, report: Report): Promise<Copied> {
  report('copy', SHARES.copy);
  const startedAt = performance.now();
  await requireRoom(order.dataDirectory, (await stat(order.file)).size);
  const file = join(work, 'copy.db');
  await copyDatabase(order.file, order.key, file);
  const ms = performance.now() - startedAt;
  report('hash', SHARES.hash);
  return { file, ...await digestOf(file), ms, contents: contentsOf(file, order.key, false) };
}

/** What goes into the archive. */
async function describe(order: RunOrder, copied: Copied): Promise<{ manifest: Manifest; parts: Part[] }> {
  const tls = join(order.dataDirectory, 'tls');
  const certificates = (await readdir(tls).catch(() => [])).filter((name) => /^[a-z0-9][a-z0-9-]*\.(crt|key)$/.test(name)).sort();
  const small = [
    { name: KEY_PART, content: Buffer.from(`${order.key}\n`) },
    { name: SETTINGS_PART, content: Buffer.from(order.settings) },
    ...await Promise.all(certificates.map(async (name) => ({ name: `tls/${name}`, content: await readFile(join(tls, name)) }))),
  ];
  const parts: (Part & { sha256: string })[] = [
    { name: DATABASE_PART, bytes: copied.bytes, sha256: copied.sha256, read: () => createReadStream(copied.file, { highWaterMark: 262_144 }) as Bytes },
    ...small.map(({ name, content }) => ({
      name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex'), read: () => oneChunk(content),
    })),
  ];
  return {
    parts,
    manifest: {
      kind: 'portico-backup', format: FORMAT, storeId: order.storeId, version: order.version, madeAt: toInstant(order.atMs),
      parts: parts.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })), ...copied.contents, signedBy: publicPemOf(order.signingKey),
    },
  };
}

/**
 * Reads the finished file from where it lies, and looks at all that is in it. @throws PorticoError backup_unreadable, or what reaching the target says
 */
async function checkWhatLies(
  order: RunOrder, target: Target, { fileName, manifest, list }: { fileName: string; manifest: Manifest; list: Buffer }, identity: string, work: string, report: Report,
): Promise<void> {
  const checked = join(work, 'check.db');
  const unreadable = (cause: unknown) => new PorticoError('backup_unreadable', {}, { cause });
  try {
    const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
    const found: { key: string } = { key: '' };
    const read = counted(unseal(identity, target.read(partOf(fileName))), bytes, (share) => report('read back', SHARES.readBack + share * (SHARES.check - SHARES.readBack)));
    const there = await unpack(read, () => undefined, async (name, content) => {
      if (name === DATABASE_PART) await writeWhole(checked, content);
      else if (name === KEY_PART) found.key = (await whole(content)).toString('utf8').trim();
      else await whole(content);
    });
    if (JSON.stringify(there) !== JSON.stringify(manifest)) throw unreadable('another manifest');
    report('check', SHARES.check);
    if (!sameContents(contentsOf(checked, found.key, true), manifest)) throw unreadable('other rows');
    if (!(await whole(unseal(identity, target.read(partOf(deletionsNameOf(order)))))).equals(list)) throw unreadable('another list of deletions');
  } catch (error) {
    if (isPorticoError(error) && (error.code.startsWith('backup_target') || error.code === 'backup_unreadable' || error.code === 'storage_full')) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new PorticoError('storage_full', {}, { cause: error });
    throw unreadable(error);
  }
}

export async function writeWhole(file: string, content: Bytes): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of content) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function whole(content: Bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Passes on, and tells about every hundredth of it. */
export async function* counted(source: Bytes, expected: number, tell: (share: number) => void): AsyncGenerator<Uint8Array> {
  let [passed, told] = [0, 0];
  for await (const chunk of source) {
    passed += chunk.length;
    if (passed - told > expected / 100) {
      told = passed;
      tell(Math.min(1, passed / expected));
    }
    yield chunk;
  }
}
