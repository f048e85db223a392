import { pino, type Logger } from 'pino';
import { isPorticoError } from './errors.js';

export type { Logger };

/**
 * JSON lines to a stream (standard output by default). What must never be logged (pixels, vectors, names, phone
 * numbers, tokens) is kept out by what callers pass: ids, codes and counts. The redaction below is the net under
 * that: fields of those names are dropped wherever one level deep, and errors are cut to code and stack.
 */
export function createLogger(level: string, destination?: NodeJS.WritableStream): Logger {
  const secret = [
    'displayName', 'salutation', 'name', 'phone', 'query', 'text', 'pin', 'code', 'token', 'cookie', 'authorization', 'key',
    'embedding', 'template', 'values', 'image', 'frame', 'body', 'headers', 'signature', 'facts', 'doNot',
  ];
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

/** Messages of foreign errors may quote data (SQL values, paths with names); where it happened is enough. */
function stackWithoutMessage(error: Error): string {
  return (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).join('\n');
}
