/** Finds faces in bytes: templates in every form we could think of, and pictures. */
import { inflateRawSync, inflateSync } from 'node:zlib';
import type { Embedding } from '../../appliance/kit/index.js';

/** What must be nowhere. */
export interface Secrets {
  embeddings: readonly Embedding[];
  photos: readonly Buffer[];
}

/** Of a template of 512 values, a piece that nothing else equals by chance. */
const PIECE_BYTES = 64;
const RUN_FLOATS = 64;
const RUN_DOUBLES = 32;
/** Pieces of a photo that are looked for: its header is like that of others. */
const PHOTO_PIECES = 40;

/**
 * Everything of `secrets` that is in `bytes`, and everything that looks like a template or a picture whoever's it is: so a
 * template that was turned or fused is found, too. Empty: nothing.
 * @param options.noise encrypted or compressed: three bytes of a picture's beginning are there by chance
 */
export function leaksIn(bytes: Buffer, secrets: Secrets, options: { noise?: boolean } = {}): string[] {
  const found = new Set<string>();
  for (const part of [bytes, ...unpacked(bytes)]) {
    const text = part.toString('latin1');
    for (const [form, pieces] of formsOf(secrets)) if (pieces.some((piece) => part.includes(piece))) found.add(form);
    if (hasRun(part, 4, RUN_FLOATS, (at) => part.readFloatLE(at))) found.add('a run of float32');
    if (hasRun(part, 8, RUN_DOUBLES, (at) => part.readDoubleLE(at))) found.add('a run of float64');
    if (/(?:-?\d*\.?\d+(?:e[-+]?\d+)?\s*,\s*){31}-?\d/i.test(text)) found.add('a list of numbers');
    if (/(?:"\d+":-?\d*\.\d+(?:e-?\d+)?,){31}/.test(text)) found.add('numbered numbers'); // JSON of a typed array
    if (options.noise !== true && /\xff\xd8\xff|\x89PNG\r\n|RIFF[^]{4}WEBP/.test(text)) found.add('the beginning of a picture');
    if (/"(?:data:image|\/9j\/|iVBORw0KGgo|UklGR)/.test(text)) found.add('the beginning of a picture in base64');
  }
  return [...found];
}

/** Small numbers one after another, as the values of a unit vector are; in text and in noise that does not happen. */
function hasRun(bytes: Buffer, size: number, wanted: number, read: (at: number) => number): boolean {
  for (let shift = 0; shift < size; shift++) {
    let run = 0;
    for (let at = shift; at + size <= bytes.length; at += size) {
      const top = bytes[at + size - 1]! & 0x7f;
      // Sign and exponent first: most bytes end here.
      const value = top >= 0x35 && top <= 0x3f ? Math.abs(read(at)) : 0;
      run = value > 1e-6 && value < 0.7 ? run + 1 : 0;
      if (run >= wanted) return true;
    }
  }
  return false;
}

/** The bytes to look for, by form. */
function formsOf({ embeddings, photos }: Secrets): [form: string, pieces: (Buffer | string)[]][] {
  const templates = embeddings.flatMap((embedding) => {
    const values = embedding.values();
    return [values, Float64Array.from(values), Int8Array.from(values, (value) => Math.round(value * 127)), Int8Array.from(values, (value) => Math.round(value * 512))];
  }).map((values) => Buffer.from(values.buffer));
  const signs = embeddings.flatMap((embedding) => [...signCodes(embedding.values())]);
  const pieces = templates.flatMap(inPieces);
  const ofPhotos = photos.flatMap((photo) => Array.from({ length: PHOTO_PIECES }, (_, i) => {
    const from = Math.floor(((i + 1) * (photo.length - PIECE_BYTES)) / (PHOTO_PIECES + 1));
    return photo.subarray(from, from + PIECE_BYTES);
  })).filter((piece) => new Set(piece).size > PIECE_BYTES / 2); // a plain wall is made of bytes that are everywhere
  return [
    ['a template', pieces], ['the signs of a template', signs], ['a photo', ofPhotos],
    ['a template in base64', templates.flatMap(base64Pieces)], ['a photo in base64', ofPhotos.flatMap(base64Pieces)],
    ['a template in hexadecimal', pieces.flatMap((piece) => [piece.toString('hex'), piece.toString('hex').toUpperCase()])],
    ['a template as JSON', embeddings.map((embedding) => [...embedding.values()].slice(0, 4).join(','))],
  ];
}

const inPieces = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.floor(bytes.length / PIECE_BYTES) }, (_, i) => bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));

/** Base64 of the middle of some bytes, for each of the three ways they may lie in a longer text; with both alphabets. */
function base64Pieces(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes.subarray(0, PIECE_BYTES)]).toString('base64').slice(4, 80);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** One bit a value, as the search holds it: first bit high or low, set for plus or for minus. */
function* signCodes(values: Float32Array): Generator<Buffer> {
  for (const flip of [0, 0xff]) {
    for (const place of [(i: number) => 1 << i, (i: number) => 0x80 >> i]) {
      const code = Buffer.alloc(values.length / 8);
      values.forEach((value, i) => { if (value > 0) code[i >> 3]! |= place(i & 7); });
      yield Buffer.from(code.map((byte) => byte ^ flip));
    }
  }
}

/** What is packed inside: streams of PDFs, files of zip archives. */
function unpacked(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  const tryAt = (at: number, inflate: (bytes: Buffer) => Buffer): void => {
    try {
      parts.push(inflate(bytes.subarray(at)));
    } catch {
      // Not the beginning of one.
    }
  };
  for (let at = bytes.indexOf('stream\n'); at >= 0; at = bytes.indexOf('stream\n', at + 1)) tryAt(at + 7, inflateSync);
  for (let at = bytes.indexOf('PK\x03\x04'); at >= 0 && at + 30 < bytes.length; at = bytes.indexOf('PK\x03\x04', at + 1)) {
    tryAt(at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28), inflateRawSync);
  }
  return parts;
}
