import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { multistream, pino, type Logger } from 'pino';
import { isPorticoError } from './errors.js';

export type { Logger };

/** Ten files of 10 MB: what a disk of 16 GB can spare, and half a year of a busy box. */
const LOG_FILES = 10;
const LOG_FILE_MB = 10;
/** Lines that wait for a disk that takes none; beyond that they are dropped. */
const WAITING_BYTES_MAX = 1_048_576;
/** Lines are written together, a second later at most. After a full disk this is also when it is tried again. */
const WRITE_TOGETHER_BYTES = 4_096;
const WRITE_EVERY_MS = 1_000;
/** How long the end waits for the last lines. */
const CLOSE_MS = 2_000;
/** Fields that no line has, whoever passes them. A code or a name that is about nobody goes under another: errorCode, hostName. */
export const NEVER_LOGGED: readonly string[] = [
  'displayName', 'salutation', 'name', 'phone', 'query', 'text', 'pin', 'code', 'token', 'cookie', 'authorization', 'key',
  'embedding', 'template', 'values', 'image', 'frame', 'body', 'headers', 'signature', 'facts', 'doNot',
];

/**
 * JSON lines to a stream (standard output by default). What must never be logged (pixels, vectors, names, phone
 * numbers, tokens) is kept out by what callers pass: ids, codes and counts. The redaction below is the net under
 * that: fields of those names are dropped wherever one level deep, and errors are cut to code and stack.
 */
export function createLogger(level: string, destination?: NodeJS.WritableStream): Logger {
  const secret = NEVER_LOGGED;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...secret, ...secret.map((key) => `*.${key}`)], remove: true },
      serializers: {
        err: (error: unknown) =>
          isPorticoError(error)
            ? { errorCode: error.code, details: error.details, stack: error.stack }
            : error instanceof Error
              ? { type: error.constructor.name, stack: stackWithoutMessage(error) }
              : { type: typeof error },
      },
    },
    destination ?? process.stdout,
  );
}

/**
 * The same lines also in files, portico.DAY.NUMBER.log for the box alone: a new one each day and each 10 MB, at most 100 MB of them. What cannot
 * be written is dropped and stops nobody; where the folder cannot be used, there is standard output.
 * @param directory null: no files
 * @param console in place of standard output @param fileMb for tests: of one file, MB, or with a unit
 */
export async function openLog(
  level: string, directory: string | null, console: NodeJS.WritableStream = process.stdout, fileMb: number | string = LOG_FILE_MB,
): Promise<{ log: Logger; close(): Promise<void> }> {
  if (directory === null) return { log: createLogger(level, console), close: () => Promise.resolve() };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    dropOldLogs(directory, LOG_FILES - 1);
    const { default: roll } = await import('pino-roll'); // no thread but the main one wants it
    const file = await roll({
      file: join(directory, 'portico.log'), frequency: 'daily', dateFormat: 'yyyy-MM-dd', size: fileMb, limit: { count: LOG_FILES - 1, removeOtherLogFiles: true },
      mode: 0o600, minLength: WRITE_TOGETHER_BYTES, maxLength: WAITING_BYTES_MAX, periodicFlush: WRITE_EVERY_MS,
    });
    file.on('error', () => undefined); // kept, tried again, in the end dropped
    const both = multistream([{ level: 'trace', stream: console }, { level: 'trace', stream: file }]) as unknown as NodeJS.WritableStream;
    const close = () => new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        file.destroy();
        resolve();
      }, CLOSE_MS);
      file.once('close', () => {
        clearTimeout(late);
        resolve();
      });
      file.end();
    });
    return { log: createLogger(level, both), close };
  } catch (error) {
    const log = createLogger(level, console);
    log.error({ reason: (error as NodeJS.ErrnoException).code ?? 'unknown' }, 'no log files: their folder cannot be used');
    return { log, close: () => Promise.resolve() };
  }
}

/** Only turning to a new file removes old ones, and a box that is off each night never turns. */
function dropOldLogs(directory: string, keep: number): void {
  const files = readdirSync(directory).filter((name) => /^portico\..*\.log$/.test(name)).map((name) => ({ name, atMs: statSync(join(directory, name)).mtimeMs }));
  for (const { name } of files.sort((a, b) => b.atMs - a.atMs).slice(keep)) rmSync(join(directory, name), { force: true });
}

/** Messages of foreign errors may quote data (SQL values, paths with names); where it happened is enough. */
function stackWithoutMessage(error: Error): string {
  return (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).join('\n');
}
