/** Reads the payload of an update against its manifest, which is signed: every byte is accounted for, or the whole is refused. */
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, constants, fchmodSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { PorticoError } from '../appliance/kit/index.js';
import type { Container } from './container.js';
import { unpackedBytes, type Manifest } from './manifest.js';
import { syncFolder } from './whole.js';

/** Of a file in a tar besides its content: header, filling, and a header of its own for a long path. */
const OVERHEAD_BYTES_MAX = 4_096;
/** First bytes of gzip and zstd. */
const PACKED = [0x1f, 0x28];

export interface Sink {
  begin(path: string, executable: boolean): void;
  write(bytes: Buffer): void;
  end(): void;
}
/** For checking without unpacking. */
const NOWHERE: Sink = { begin: () => undefined, write: () => undefined, end: () => undefined };

/**
 * Goes through the payload once.
 * @param told share that is done, 0..1
 * @throws PorticoError update_damaged {reason}; storage errors of `sink`
 */
export async function readPayload(container: Container, manifest: Manifest, sink: Sink = NOWHERE, told: (share: number) => void = () => undefined): Promise<void> {
  const refuse = (reason: string, cause?: unknown) => new PorticoError('update_damaged', { reason }, { cause });
  if (container.payloadBytes !== manifest.payload.bytes) throw refuse('the payload has another size than the manifest says');
  const waiting = new Set(Object.keys(manifest.files));
  const compressed = createHash('sha256');
  let read = 0;
  const count = new Transform({ transform(chunk: Buffer, _encoding, done) {
    compressed.update(chunk);
    read += chunk.length;
    told(read / manifest.payload.bytes);
    done(null, chunk);
  } });
  let failure: unknown = null;
  const fail = (error: unknown) => { failure ??= error; };
  const parser = new Parser({ strict: true, onReadEntry: (entry) => {
    try {
      take(entry);
    } catch (error) {
      fail(error);
      entry.resume();
    }
  } });
  parser.on('error', (error: unknown) => fail(refuse('the payload cannot be read', error)));
  function take(entry: ReadEntry): void {
    const path = entry.path;
    const expected = Object.hasOwn(manifest.files, path) ? manifest.files[path]! : undefined;
    if (failure !== null) { entry.resume(); return; }
    if (entry.type !== 'File' && entry.type !== 'OldFile') throw refuse('there is something else than plain files in it');
    if (expected === undefined || !waiting.delete(path)) throw refuse('there is a file in it that the manifest does not have');
    if (entry.size !== expected.bytes) throw refuse('a file has another size than the manifest says');
    const hash = createHash('sha256');
    const guarded = (work: () => void) => { try { if (failure === null) work(); } catch (error) { fail(error); } };
    guarded(() => sink.begin(path, expected.executable));
    entry.on('data', (chunk: Buffer) => guarded(() => { hash.update(chunk); sink.write(chunk); }));
    entry.on('end', () => guarded(() => {
      sink.end();
      if (hash.digest('hex') !== expected.sha256) throw refuse('a file is not the one of the manifest');
    }));
  }

  const bytesMax = unpackedBytes(manifest) + Object.keys(manifest.files).length * OVERHEAD_BYTES_MAX + 10_240;
  let unpacked = 0;
  try {
    await pipeline(container.payload(), count, createGunzip(), async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        // The parser would unpack what is packed twice by itself, past the limit.
        if (unpacked === 0 && PACKED.includes(chunk[0]!)) throw refuse('the payload is packed twice');
        unpacked += chunk.length;
        if (unpacked > bytesMax) throw refuse('the payload is larger than the manifest says');
        parser.write(chunk);
        if (failure !== null) throw failure;
      }
      await new Promise<void>((resolve) => { parser.once('end', resolve); parser.end(); });
      if (failure !== null) throw failure;
    });
  } catch (error) {
    if (failure !== null) throw failure;
    if (error instanceof PorticoError || typeof (error as NodeJS.ErrnoException).syscall === 'string') throw error;
    throw refuse('the payload cannot be read', error);
  }
  if (waiting.size > 0) throw refuse('a file of the manifest is missing');
  if (compressed.digest('hex') !== manifest.payload.sha256) throw refuse('the payload is not the one of the manifest');
}

/**
 * Unpacks into a folder that is not there yet, and waits until it is on the disk.
 * @throws PorticoError update_damaged, update_no_room; then the folder may be there in part
 */
export async function unpack(container: Container, manifest: Manifest, folder: string, told?: (share: number) => void): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  const made = new Set<string>([folder]);
  let handle: number | null = null;
  const close = () => {
    if (handle === null) return;
    closeSync(handle);
    handle = null;
  };
  try {
    await readPayload(container, manifest, {
      begin: (path, executable) => {
        const target = join(folder, path);
        for (let at = dirname(target); !made.has(at); at = dirname(at)) made.add(at);
        mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
        handle = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
        fchmodSync(handle, executable ? 0o755 : 0o644); // whatever the umask: the service is another user
      },
      write: (bytes) => { writeSync(handle!, bytes); },
      end: () => { fsyncSync(handle!); close(); },
    }, told);
  } catch (error) {
    if (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw new PorticoError('update_no_room', {}, { cause: error });
    throw error;
  } finally {
    close();
  }
  for (const each of made) {
    chmodSync(each, 0o755);
    syncFolder(each);
  }
}
