/** The file of an update: a plain tar of three files in this order, and nothing else. */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Header } from 'tar';
import { PorticoError } from '../appliance/kit/index.js';
import { MANIFEST_BYTES_MAX, PAYLOAD_BYTES_MAX, SIGNATURE_BYTES_MAX } from './manifest.js';

const BLOCK = 512;
const MEMBERS = [['manifest.json', MANIFEST_BYTES_MAX], ['manifest.json.sig', SIGNATURE_BYTES_MAX], ['payload.tar.gz', PAYLOAD_BYTES_MAX]] as const;
/** Two empty blocks end a tar; GNU tar fills up to 10,240 bytes. */
const END_BYTES_MAX = 20 * BLOCK;

export interface Container {
  manifest: Buffer;
  /** Empty: it was not signed yet. */
  signature: Buffer;
  payloadBytes: number;
  payload(): ReadStream;
}

const blocks = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;
const damaged = (reason: string) => new PorticoError('update_damaged', { reason });

/**
 * Reads the file's outside; nothing in it is believed yet. A link is not followed.
 * @throws PorticoError update_damaged {reason}
 */
export function openContainer(file: string): Container {
  const handle = openPlain(file);
  try {
    const { size } = fstatSync(handle);
    const parts: { at: number; bytes: number }[] = [];
    let at = 0;
    for (const [name, bytesMax] of MEMBERS) {
      const header = headerOf(readAt(handle, at, BLOCK), name);
      if (!header.cksumValid || header.path !== name || header.type !== 'File' || header.size === undefined) throw damaged(`${name} is not where it should be`);
      if (header.size < 0 || header.size > bytesMax) throw damaged(`${name} is too large`);
      parts.push({ at: at + BLOCK, bytes: header.size });
      at += BLOCK + blocks(header.size);
    }
    if (size < at || size > at + END_BYTES_MAX) throw damaged('the file is cut off, or something follows');
    if (readAt(handle, at, size - at).some((byte) => byte !== 0)) throw damaged('something follows');
    const [manifest, signature, payload] = parts as [typeof parts[0], typeof parts[0], typeof parts[0]];
    return {
      manifest: readAt(handle, manifest.at, manifest.bytes), signature: readAt(handle, signature.at, signature.bytes), payloadBytes: payload.bytes,
      payload: () => createReadStream(file, { start: payload.at, end: payload.at + payload.bytes - 1 }),
    };
  } finally {
    closeSync(handle);
  }
}

/** Writes such a file. @param payload the finished payload.tar.gz */
export async function writeContainer(file: string, manifest: Buffer, signature: Buffer, payload: { bytes: number; read: () => AsyncIterable<Buffer> }): Promise<void> {
  const out = await open(file, 'wx', 0o644);
  try {
    const member = async (name: string, bytes: number, content: AsyncIterable<Buffer> | Buffer) => {
      const header = Buffer.alloc(BLOCK);
      new Header({ path: name, type: 'File', size: bytes, mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) }).encode(header, 0);
      await out.writeFile(header);
      if (Buffer.isBuffer(content)) await out.writeFile(content);
      else for await (const chunk of content) await out.writeFile(chunk);
      await out.writeFile(Buffer.alloc(blocks(bytes) - bytes));
    };
    await member('manifest.json', manifest.length, manifest);
    await member('manifest.json.sig', signature.length, signature);
    await member('payload.tar.gz', payload.bytes, payload.read());
    await out.writeFile(Buffer.alloc(2 * BLOCK));
    await out.sync();
  } finally {
    await out.close();
  }
}

/** Of bytes that are no header some are not even numbers: the library throws then. */
function headerOf(block: Buffer, name: string): Header {
  try {
    return new Header(block, 0);
  } catch (cause) {
    throw new PorticoError('update_damaged', { reason: `${name} is not where it should be` }, { cause });
  }
}

function openPlain(file: string): number {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw new PorticoError('update_damaged', { reason: `it cannot be read (${(cause as NodeJS.ErrnoException).code ?? ''})` }, { cause });
  }
  if (fstatSync(handle).isFile()) return handle;
  closeSync(handle);
  throw damaged('it is not a plain file');
}

function readAt(handle: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (readSync(handle, buffer, 0, bytes, at) !== bytes) throw damaged('the file is cut off');
  return buffer;
}
