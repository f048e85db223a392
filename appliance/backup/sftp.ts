import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import SftpClient from 'ssh2-sftp-client';
import { isPorticoError, PorticoError } from '../kit/index.js';
import type { Bytes } from './sealing.js';
import type { Target, TargetSettings } from './target.js';

type Server = Extract<TargetSettings, { kind: 'sftp' }>;
type Wrapper = Awaited<ReturnType<SftpClient['connect']>>;

const READY_TIMEOUT_MS = 20_000;
/** A server that does not answer three of these is gone. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVES_MISSED_MAX = 3;
/** Kinds of host keys, best first. A server shows one a connection, and IT may have noted down the one of any kind. */
const HOST_KEY_KINDS = [['ssh-ed25519'], ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'], ['rsa-sha2-512', 'rsa-sha2-256']] as const;
/** With less free than this, "failure" means that it is full: SFTP has no word for it in version 3. */
const NEARLY_FULL_BYTES = 1_048_576;
/** Status codes of SFTP version 3 (draft-ietf-secsh-filexfer-02, 7). */
const STATUS = { noSuchFile: 2, permissionDenied: 3, failure: 4 } as const;

/**
 * Signs in with a key, at the one server whose own key is known; nothing is sent to another.
 * @throws PorticoError backup_target_missing, backup_target_refused
 */
export async function openSftp(settings: Server, where: { dataDirectory: string; credentialsDirectory: string | null; keyName?: string }): Promise<Target> {
  const privateKey = readPrivateKey(where);
  let client: SftpClient | null = null;
  let wrapper: Wrapper | null = null;
  const lost = new AbortController();
  for (const kinds of HOST_KEY_KINDS) {
    let strange = false;
    const tried = new SftpClient('portico', { error: () => undefined, end: () => undefined, close: () => { if (tried === client) lost.abort(new PorticoError('backup_target_missing', { reason: 'connection lost' })); } });
    try {
      wrapper = await tried.connect({
        host: settings.host, port: settings.port, username: settings.user, privateKey,
        readyTimeout: READY_TIMEOUT_MS, keepaliveInterval: KEEPALIVE_MS, keepaliveCountMax: KEEPALIVES_MISSED_MAX,
        algorithms: { serverHostKey: [...kinds] },
        hostVerifier: (key: Buffer) => {
          const known = fingerprintOf(key) === settings.hostKey;
          strange = !known;
          return known;
        },
      });
      client = tried;
      break;
    } catch (error) {
      await tried.end().catch(() => undefined);
      // Not that key, or it has none of this kind: perhaps the next one.
      if (!strange && !/no matching host key/i.test((error as Error).message)) throw inOurWords(error, 'connect');
    }
  }
  if (client === null || wrapper === null) throw new PorticoError('backup_target_refused', { reason: 'another host key' });
  return new SftpFolder(client, wrapper, settings.folder, lost.signal);
}

/** As `ssh-keygen -l` prints it. @param key the public key as it comes over the wire */
export const fingerprintOf = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

function readPrivateKey({ dataDirectory, credentialsDirectory, keyName = 'sftp-key' }: { dataDirectory: string; credentialsDirectory: string | null; keyName?: string }): Buffer {
  const credential = credentialsDirectory === null ? null : join(credentialsDirectory, keyName);
  if (credential !== null && existsSync(credential)) return readFileSync(credential);
  const file = join(dataDirectory, keyName);
  if (!existsSync(file)) throw new PorticoError('backup_target_refused', { reason: 'no private key', expectedAt: file });
  chmodSync(file, 0o600); // a copy put there by hand may be readable by all
  return readFileSync(file);
}

class SftpFolder implements Target {
  readonly #client: SftpClient;
  readonly #wrapper: Wrapper;
  readonly #folder: string;
  /** What waits for an answer over a connection that is gone would wait for ever. */
  readonly #lost: AbortSignal;

  constructor(client: SftpClient, wrapper: Wrapper, folder: string, lost: AbortSignal) {
    this.#lost = lost;
    this.#client = client;
    this.#wrapper = wrapper;
    this.#folder = folder;
  }

  names(): Promise<string[]> {
    return this.#told(async () => (await this.#client.list(this.#folder)).map(({ name }) => name));
  }

  sizeOf(name: string): Promise<number> {
    return this.#told(async () => (await this.#client.stat(this.#at(name))).size);
  }

  freeBytes(): Promise<number | null> {
    return new Promise((resolve) => {
      try {
        this.#wrapper.ext_openssh_statvfs(this.#folder, (error, info) => {
          const { f_frsize: blockBytes, f_bavail: blocks } = (info ?? {}) as { f_frsize?: number; f_bavail?: number };
          resolve(error != null || blockBytes === undefined || blocks === undefined ? null : blockBytes * blocks);
        });
      } catch {
        resolve(null); // not an OpenSSH server
      }
    });
  }

  write(name: string, content: Bytes): Promise<void> {
    return this.#told(async () => {
      const handle = await this.#call<Buffer>((done) => this.#wrapper.open(this.#at(name), 'wx', { mode: 0o600 }, done));
      try {
        await pipeline(Readable.from(content), this.#wrapper.createWriteStream(this.#at(name), { handle, autoClose: false }), { signal: this.#lost });
        await this.#flush(handle);
      } catch (error) {
        this.#wrapper.close(handle, () => undefined); // what failed counts; the stream may have closed it already
        throw error;
      }
      await this.#call<void>((done) => this.#wrapper.close(handle, done));
    });
  }

  /** Else what is read back may come from the server's memory, and the older backup that goes for it was the only one on a disk. */
  async #flush(handle: Buffer): Promise<void> {
    await this.#call<void>((done) => {
      try {
        this.#wrapper.ext_openssh_fsync(handle, done);
      } catch {
        done(null); // a server that does not offer it (docs/backup.md)
      }
    });
  }

  #call<T>(ask: (done: (error?: Error | null, value?: T) => void) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      ask((error, value) => (error == null ? resolve(value as T) : reject(error)));
    });
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    this.#lost.throwIfAborted();
    const stream = this.#wrapper.createReadStream(this.#at(name));
    const end = () => stream.destroy(this.#lost.reason as Error);
    this.#lost.addEventListener('abort', end);
    try {
      yield* stream as Bytes;
      this.#lost.throwIfAborted();
    } catch (error) {
      throw inOurWords(this.#lost.aborted ? this.#lost.reason : error, 'read');
    } finally {
      this.#lost.removeEventListener('abort', end);
      await this.#closed(stream);
    }
  }

  /** Its handle on the server too: a connection that is ended before the answer comes throws where nobody can catch it. */
  async #closed(stream: Readable): Promise<void> {
    if (stream.closed) return;
    await new Promise<void>((resolve) => {
      stream.once('close', () => resolve());
      this.#lost.addEventListener('abort', () => resolve());
      stream.destroy();
      if (this.#lost.aborted) resolve();
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#told(async () => {
      try {
        await this.#client.posixRename(this.#at(from), this.#at(to));
      } catch (error) {
        if (!/does not support|unsupported/i.test((error as Error).message)) throw error;
        await this.#client.delete(this.#at(to), true);
        await this.#client.rename(this.#at(from), this.#at(to));
      }
    });
  }

  remove(name: string): Promise<void> {
    return this.#told(async () => { await this.#client.delete(this.#at(name), true); });
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  #at(name: string): string {
    return posix.join(this.#folder, name);
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    let end = (): void => undefined;
    try {
      this.#lost.throwIfAborted();
      return await Promise.race([work(), new Promise<never>((_resolve, reject) => {
        end = () => reject(this.#lost.reason as Error);
        this.#lost.addEventListener('abort', end);
      })]);
    } catch (error) {
      if (this.#lost.aborted) throw this.#lost.reason;
      if ((error as { code?: unknown }).code === STATUS.failure) {
        const free = await this.freeBytes();
        if (free !== null && free < NEARLY_FULL_BYTES) throw new PorticoError('backup_target_full', { reason: 'failure' }, { cause: error });
      }
      throw inOurWords(error, 'files');
    } finally {
      this.#lost.removeEventListener('abort', end);
    }
  }
}

/** Reasons are few and fixed: what a server says may hold anything. */
function inOurWords(cause: unknown, step: 'connect' | 'files' | 'read'): PorticoError {
  if (isPorticoError(cause)) return cause;
  const { code, message = '' } = cause as { code?: unknown; message?: string };
  const refused = (reason: string) => new PorticoError('backup_target_refused', { reason }, { cause });
  if (/authentication methods failed|ERR_BAD_AUTH/.test(`${message} ${String(code)}`)) return refused('key not accepted');
  if (/privateKey|parse|passphrase/i.test(message) && step === 'connect') return refused('private key cannot be read');
  if (code === STATUS.permissionDenied || code === 'EACCES') return refused('not allowed to write there');
  if (code === STATUS.noSuchFile || code === 'ENOENT') return new PorticoError('backup_target_missing', { reason: 'no such folder' }, { cause });
  if (code === STATUS.failure) return new PorticoError('backup_failed', { reason: 'the server says no more than "failure"' }, { cause });
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return new PorticoError('backup_target_missing', { reason: code }, { cause });
  return new PorticoError('backup_target_missing', { reason: 'no connection' }, { cause });
}
