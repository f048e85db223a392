/** Updates from head office's server: fetched by an unprivileged service, checked and applied by another one. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import semver from 'semver';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';
import { PorticoError } from '../appliance/kit/index.js';
import { PAYLOAD_BYTES_MAX } from './manifest.js';
import { roomAt, sha256Of, syncFolder } from './whole.js';

const LATEST_BYTES_MAX = 4_096;
const FILE_BYTES_MAX = PAYLOAD_BYTES_MAX + 32_000_000;
const SPARE_BYTES = 128 * 1_048_576;
/** Without a byte for so long the line is dead; the next run goes on where this one stopped. */
const SILENCE_MS = 30_000;

/** What `updates/latest.json` at head office says. */
const Latest = Type.Object({
  version: Type.String({ maxLength: 60 }),
  /** Beside latest.json. */
  file: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\\.update$' }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  bytes: Type.Integer({ minimum: 1, maximum: FILE_BYTES_MAX }),
});
type Latest = Static<typeof Latest>;

/** `up_to_date`: what runs is as new, or the newer one is known. `fetched`: the file lies in the folder, whole. */
export interface Fetched { outcome: 'up_to_date' | 'fetched'; version: string; file: string | null; resumedAt: number }

/**
 * Looks what head office has and fetches it where it is newer. Whether it is genuine and fits is decided where it is applied.
 * @param options.headOffice https://host/folder/
 * @param options.running version of the box
 * @param options.known SHA-256 of a file that was fetched already, and waits, or did not do
 * @param options.roots further roots to trust besides the system's, PEM
 * @throws PorticoError update_not_reached {reason}, update_damaged, update_no_room
 */
export async function fetchUpdate(options: {
  headOffice: string; running: string; known?: string | null; folder: string; roots?: readonly string[]; told?: (done: number, of: number) => void;
}): Promise<Fetched> {
  const { folder, running } = options;
  const base = new URL('updates/', options.headOffice.endsWith('/') ? options.headOffice : `${options.headOffice}/`);
  const ca = [...rootCertificates, ...(options.roots ?? [])];
  const latest = readLatest(await small(new URL('latest.json', base), ca));
  if (!semver.gt(latest.version, running) || latest.sha256 === options.known) return { outcome: 'up_to_date', version: latest.version, file: null, resumedAt: 0 };
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = join(folder, latest.file);
  if (existsSync(file) && (await sha256Of(file)) === latest.sha256) return { outcome: 'fetched', version: latest.version, file, resumedAt: 0 };
  // Named by its content: what was begun of another file is not gone on with.
  const part = join(folder, `${latest.sha256}.part`);
  for (const name of readdirSync(folder)) if (name.endsWith('.part') && join(folder, name) !== part) rmSync(join(folder, name), { force: true });
  let resumedAt = existsSync(part) ? statSync(part).size : 0;
  if (resumedAt > latest.bytes) {
    rmSync(part);
    resumedAt = 0;
  }
  const missing = latest.bytes - resumedAt;
  if (roomAt(folder) < missing + SPARE_BYTES) throw new PorticoError('update_no_room', { needed: missing + SPARE_BYTES, free: roomAt(folder) });
  if (missing > 0) await download(new URL(latest.file, base), ca, part, resumedAt, latest.bytes, options.told);
  if ((await sha256Of(part)) !== latest.sha256) {
    rmSync(part);
    throw new PorticoError('update_damaged', { reason: 'what came is not what head office announced' });
  }
  renameSync(part, file);
  syncFolder(folder);
  return { outcome: 'fetched', version: latest.version, file, resumedAt };
}

function readLatest(text: string): Latest {
  try {
    const value: unknown = JSON.parse(text);
    if (Check(Latest, value) && semver.valid(value.version) !== null) return value;
  } catch {
    // Told below.
  }
  throw new PorticoError('update_not_reached', { reason: 'latest.json is of another form' });
}

/** @param status the one that is wanted; others, redirects too, are refused */
function request(url: URL, ca: string[], headers: Record<string, string>, statuses: readonly number[]): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string, cause?: unknown) => reject(new PorticoError('update_not_reached', { reason }, { cause }));
    const sent = get(url, { ca, headers, agent: false, minVersion: 'TLSv1.2', timeout: SILENCE_MS }, (response) => {
      if (statuses.includes(response.statusCode ?? 0)) {
        resolve(response);
      } else {
        response.destroy();
        refuse(`the server answered ${response.statusCode ?? 0}`);
      }
    });
    sent.once('timeout', () => sent.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })));
    sent.once('error', (error: NodeJS.ErrnoException) => refuse(error.code ?? 'the connection broke', error));
  });
}

async function small(url: URL, ca: string[]): Promise<string> {
  const response = await request(url, ca, {}, [200]);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > LATEST_BYTES_MAX) throw new PorticoError('update_not_reached', { reason: 'latest.json is too large' });
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function download(url: URL, ca: string[], part: string, from: number, total: number, told: ((done: number, of: number) => void) | undefined): Promise<void> {
  const response = await request(url, ca, from > 0 ? { range: `bytes=${from}-` } : {}, from > 0 ? [200, 206] : [200]);
  // A server that knows no ranges sends all of it again.
  let at = response.statusCode === 206 ? from : 0;
  if (response.statusCode === 206 && !new RegExp(`^bytes ${from}-\\d+/${total}$`).test(response.headers['content-range'] ?? '')) {
    response.destroy();
    throw new PorticoError('update_not_reached', { reason: 'the server sent another part than was asked for' });
  }
  const handle = openSync(part, at === 0 ? 'w' : 'r+', 0o644);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (at + chunk.length > total) throw new PorticoError('update_damaged', { reason: 'more came than head office announced' });
      writeSync(handle, chunk, 0, chunk.length, at);
      at += chunk.length;
      told?.(at, total);
    }
    if (at !== total) throw new PorticoError('update_not_reached', { reason: 'the connection broke; the next run goes on from here' });
  } catch (error) {
    response.destroy();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') throw new PorticoError('update_no_room', {}, { cause: error });
    if (error instanceof PorticoError) throw error;
    throw new PorticoError('update_not_reached', { reason: code ?? 'the connection broke' }, { cause: error });
  } finally {
    fsyncSync(handle);
    closeSync(handle);
  }
}
