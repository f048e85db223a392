/** What is inside a backup: a tar of few files with known names. Written and read as a stream, never to a path that it names. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { Header } from 'tar';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/schema';
import { PorticoError } from '../kit/index.js';
import type { Bytes } from './sealing.js';

/** Counts up when older versions could not read it any more. */
export const FORMAT = 1;
export const MANIFEST = 'manifest.json';
/** Over the manifest's bytes, as `openssl dgst -sha256 -verify` takes it. age says to whom a file is, not from whom. */
const SIGNATURE = 'manifest.sig';
export const DATABASE_PART = 'portico.db';
export const KEY_PART = 'db-key';
export const SETTINGS_PART = 'settings.env';
const NAMES = /^(portico\.db|db-key|settings\.env|tls\/[a-z0-9][a-z0-9.-]{0,60})$/;

const BLOCK = 512;
/** A manifest names some twenty files and two hundred tables. */
const MANIFEST_BYTES_MAX = 1_048_576;
/** ECDSA over P-256, in DER. */
const SIGNATURE_BYTES_MAX = 80;

const closed = { additionalProperties: false } as const;
export const Manifest = Type.Object(
  {
    kind: Type.Literal('portico-backup'),
    format: Type.Integer({ minimum: 1 }),
    storeId: Type.String(),
    /** Of the program that made it. */
    version: Type.String(),
    madeAt: Type.String(),
    /** SHA-256 of the migrations that the database had, in order. */
    migrations: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    parts: Type.Array(Type.Object({ name: Type.String({ pattern: NAMES.source }), bytes: Type.Integer({ minimum: 0 }), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, closed)),
    /** Rows of each table of the database. */
    rows: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
    /** The number of the newest deletion that the database knows of. */
    lastDeletion: Type.Integer({ minimum: 0 }),
    /** The id of the vault that the database worked with, hexadecimal. */
    vault: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    /** The public key of the box that made it, SPKI PEM. Anybody can put theirs here: its thumbprint says whose it is. */
    signedBy: Type.String({ maxLength: 400 }),
  }, closed);
export type Manifest = Static<typeof Manifest>;

export interface Part { name: string; bytes: number; read(): Bytes }

/** The public key of a box's signing key. @param privatePem as the box has it */
export const publicPemOf = (privatePem: string): string => createPublicKey(createPrivateKey(privatePem)).export({ type: 'spki', format: 'pem' }) as string;

/** One file of the archive after the other. @param signingKey of the box, PEM @param atMs goes into the headers */
export async function* pack(manifest: Manifest, signingKey: string, parts: readonly Part[], atMs: number): AsyncGenerator<Uint8Array> {
  const text = Buffer.from(JSON.stringify(manifest));
  const signature = sign('sha256', text, { key: signingKey, dsaEncoding: 'der' });
  for (const [name, content] of [[MANIFEST, text], [SIGNATURE, signature]] as const) yield* packOne({ name, bytes: content.length, read: () => oneChunk(content) }, atMs);
  for (const part of parts) yield* packOne(part, atMs);
  yield Buffer.alloc(2 * BLOCK);
}

async function* packOne({ name, bytes, read }: Part, atMs: number): AsyncGenerator<Uint8Array> {
  const header = Buffer.alloc(BLOCK);
  new Header({ path: name, size: bytes, mode: 0o600, uid: 0, gid: 0, type: 'File', mtime: new Date(atMs) }).encode(header, 0);
  yield header;
  let written = 0;
  for await (const chunk of read()) {
    written += chunk.length;
    yield chunk;
  }
  if (written !== bytes) throw new PorticoError('backup_failed', { reason: 'a file changed while it was read', file: name });
  if (bytes % BLOCK !== 0) yield Buffer.alloc(BLOCK - (bytes % BLOCK));
}

/**
 * Reads an archive from beginning to end. The manifest has to be signed by the key that it names; each part has to be the one that it names next, of its size and hash: nothing
 * more, nothing less.
 * @param onManifest sees it before anything else is read @param onPart has to read the whole part
 * @throws PorticoError backup_not_ours, restore_newer_version; what the two throw
 */
export async function unpack(source: Bytes, onManifest: (manifest: Manifest) => void, onPart: (name: string, content: Bytes) => Promise<void>): Promise<Manifest> {
  const bytes = new Puller(source);
  try {
    const text = await takeSmall(bytes, MANIFEST, MANIFEST_BYTES_MAX);
    const manifest = readManifest(text);
    if (!isSigned(text, manifest.signedBy, await takeSmall(bytes, SIGNATURE, SIGNATURE_BYTES_MAX))) throw notOurs();
    onManifest(manifest);
    for (const part of manifest.parts) {
      const next = await header(bytes);
      if (next === null || next.name !== part.name || next.bytes !== part.bytes) throw notOurs();
      const hash = createHash('sha256');
      let left = part.bytes;
      await onPart(part.name, (async function* () {
        for await (const chunk of bytes.flow(part.bytes)) {
          hash.update(chunk);
          left -= chunk.length;
          yield chunk;
        }
      })());
      if (left !== 0) throw new Error('a part was not read to its end');
      if (hash.digest('hex') !== part.sha256) throw notOurs();
      await bytes.skip(padding(part.bytes));
    }
    if (await header(bytes) !== null) throw notOurs();
    await bytes.drain(); // the last piece is authenticated too
    return manifest;
  } finally {
    await bytes.close();
  }
}

function readManifest(text: Buffer): Manifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text.toString('utf8'));
  } catch {
    throw notOurs();
  }
  const format = (manifest as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > FORMAT) throw new PorticoError('restore_newer_version', { format });
  if (!Check(Manifest, manifest)) throw notOurs();
  return manifest;
}

function isSigned(text: Buffer, publicPem: string, signature: Buffer): boolean {
  try {
    const key = createPublicKey(publicPem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && verify('sha256', text, { key, dsaEncoding: 'der' }, signature);
  } catch {
    return false; // no key at all
  }
}

/** The next part, which has to be this one. */
async function takeSmall(bytes: Puller, name: string, bytesMax: number): Promise<Buffer> {
  const next = await header(bytes);
  if (next?.name !== name || next.bytes > bytesMax) throw notOurs();
  const content = await bytes.take(next.bytes);
  await bytes.skip(padding(next.bytes));
  return content;
}

/** Null: the end of the archive. */
async function header(bytes: Puller): Promise<{ name: string; bytes: number } | null> {
  const { cksumValid, nullBlock, path, size, type } = new Header(await bytes.take(BLOCK), 0);
  if (nullBlock) return null;
  if (!cksumValid || type !== 'File' || path === undefined || size === undefined) throw notOurs();
  return { name: path, bytes: size };
}

const padding = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;
const notOurs = () => new PorticoError('backup_not_ours');
async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> { yield bytes; }

/** A stream taken by numbers of bytes. */
class Puller {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: Bytes) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Pieces of these many bytes in all. @throws PorticoError backup_not_ours when there are fewer */
  async *flow(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#source.next();
        if (done === true) throw notOurs();
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async take(count: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.flow(count)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async skip(count: number): Promise<void> {
    await this.take(count);
  }

  async drain(): Promise<void> {
    while ((await this.#source.next()).done !== true);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
