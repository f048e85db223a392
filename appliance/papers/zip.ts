import { PorticoError } from '../kit/index.js';

/** Signatures of the records of a zip archive, and their lengths without names (PKWARE APPNOTE 6.3.10, 4.3). */
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const;
const DESCRIPTOR = { signature: 0x08074b50, bytes: 16 } as const;
const CENTRAL = { signature: 0x02014b50, bytes: 46 } as const;
const END = { signature: 0x06054b50, bytes: 22 } as const;
/** Flags that change nothing about which bytes are the file's: a descriptor follows (3), the name is UTF-8 (11). */
const HARMLESS_FLAGS = 1 << 3 | 1 << 11;
/** Relative, without `.`, `..`, backslashes, drives or blanks. */
const PLAIN_NAME = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/;

/**
 * The files of a zip archive that every program unpacks alike: names once each, whatever their case; no other way to write a
 * path; nothing before, between or after the files that the directory names.
 * @param unpackedBytesMax of all files together
 * @throws PorticoError receipt_invalid
 */
export async function readPlainZip(bytes: Buffer, unpackedBytesMax = Number.MAX_SAFE_INTEGER): Promise<Map<string, Buffer>> {
  const { unzipSync } = await import('fflate');
  try {
    const names = plainNames(bytes, unpackedBytesMax);
    const unpacked = unzipSync(bytes);
    return new Map(names.map((name) => {
      if (!Object.hasOwn(unpacked, name)) throw refusal(`${name} cannot be read`);
      const { buffer, byteOffset, byteLength } = unpacked[name]!;
      return [name, Buffer.from(buffer, byteOffset, byteLength)];
    }));
  } catch (cause) {
    throw cause instanceof PorticoError ? cause : refusal('it is not a zip archive that can be read', cause);
  }
}

/** @throws RangeError, too, where it ends too early */
function plainNames(zip: Buffer, unpackedBytesMax: number): string[] {
  const end = zip.length - END.bytes; // no comment after it, which could hold another end
  if (zip.readUInt32LE(end) !== END.signature || zip.readUInt16LE(end + 20) !== 0) throw refusal('the archive does not end with its directory');
  const count = zip.readUInt16LE(end + 10);
  const directory = zip.readUInt32LE(end + 16);
  const names = new Map<string, string>();
  let fileAt = 0;
  let entryAt = directory;
  let unpackedBytes = 0;
  for (let i = 0; i < count; i++) {
    const entry = zip.subarray(entryAt, end);
    if (entry.readUInt32LE(0) !== CENTRAL.signature) throw refusal('the directory of the archive is broken');
    const flags = entry.readUInt16LE(8);
    const length = { packed: entry.readUInt32LE(20), name: entry.readUInt16LE(28), extra: entry.readUInt16LE(30), comment: entry.readUInt16LE(32) };
    const name = entry.toString('latin1', CENTRAL.bytes, CENTRAL.bytes + length.name);
    if (!PLAIN_NAME.test(name)) throw refusal(`${JSON.stringify(name)} is not a plain name`);
    if (names.has(name.toLowerCase())) throw refusal(`${name} is in it more than once`);
    names.set(name.toLowerCase(), name);
    unpackedBytes += entry.readUInt32LE(24); // no more than that is unpacked
    if (unpackedBytes > unpackedBytesMax) throw refusal(`unpacked it has more than ${unpackedBytesMax} bytes`);
    if ((flags & ~HARMLESS_FLAGS) !== 0) throw refusal(`${name} is stored in an unusual way`);

    const file = zip.subarray(fileAt, directory);
    const itsName = file.toString('latin1', LOCAL.bytes, LOCAL.bytes + file.readUInt16LE(26));
    if (entry.readUInt32LE(42) !== fileAt || file.readUInt32LE(0) !== LOCAL.signature || itsName !== name) throw refusal('the archive has more in it than its directory says');
    fileAt += LOCAL.bytes + length.name + file.readUInt16LE(28) + length.packed;
    if ((flags & 1 << 3) !== 0) fileAt += zip.readUInt32LE(fileAt) === DESCRIPTOR.signature ? DESCRIPTOR.bytes : DESCRIPTOR.bytes - 4;
    entryAt += CENTRAL.bytes + length.name + length.extra + length.comment;
  }
  if (fileAt !== directory || entryAt !== end) throw refusal('the archive has more in it than its directory says');
  return [...names.values()];
}

function refusal(reason: string, cause?: unknown): PorticoError {
  return new PorticoError('receipt_invalid', { reason }, { cause });
}
