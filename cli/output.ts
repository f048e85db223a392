/** How commands speak: to a person at a terminal, or to a program. */
import cliProgress from 'cli-progress';
import { isPorticoError } from '../appliance/kit/index.js';

/** The command line asks for what cannot be done: exit code 2. */
export class UsageError extends Error {}

/** How a command ends. Documented in the manual page and `portico --help`. */
export const EXIT = { fine: 0, refused: 1, usage: 2, warning: 3 } as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** What a number that a command ends with means. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, 'fine'],
  [1, 'refused or failed, with a code and what to do'],
  [2, 'the command line is wrong'],
  [3, 'done, but something needs attention'],
];

export const EPILOGUE = `
Exit codes: ${EXIT_CODES.map(([code, meaning]) => `${code} ${meaning}`).join('; ')}.
With --json one object is printed on standard output; of a failure {"error": {"code", "message", "details"}}.`;

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Output {
  /** For people, on standard output; nothing with --json. */
  line(text: string): void;
  /** For programs: with --json the one object on standard output. At most once a command. */
  result(value: { [key: string]: Json }): void;
  /** A bar on a terminal (standard error); nothing elsewhere, and nothing with --json. */
  progress(what: string, done: number, of: number): void;
}

/** @param json --json was given */
export function terminalOutput(json: boolean): Output & { end(): void } {
  const interactive = process.stderr.isTTY && !json;
  let bar: { what: string; bar: cliProgress.SingleBar } | null = null;
  const end = () => {
    bar?.bar.stop();
    bar = null;
  };
  return {
    line: (text) => { if (!json) console.log(text); },
    result: (value) => { if (json) console.log(JSON.stringify(value)); },
    progress: (what, done, of) => {
      if (!interactive) return;
      if (bar?.what !== what) {
        end();
        const made = new cliProgress.SingleBar({ format: `${what.padEnd(14)} [{bar}] {percentage} %`, barsize: 30, stream: process.stderr, hideCursor: true }, cliProgress.Presets.shades_classic);
        made.start(of, done);
        bar = { what, bar: made };
      } else {
        bar.bar.update(done);
      }
      if (done >= of) end();
    },
    end,
  };
}

/** An error in words for the console; null: a fault of the program. */
export function inWords(error: unknown): string | null {
  if (error instanceof UsageError) return error.message;
  if (!isPorticoError(error)) return null;
  const details = Object.entries(error.details ?? {}).map(([key, value]) => `\n  ${key}: ${String(value)}`);
  return `${error.code}: ${error.message}${details.join('')}`;
}

/** The same for a program. */
export function asJson(error: unknown): { error: { [key: string]: Json } } {
  if (isPorticoError(error)) return { error: { code: error.code, message: error.message, details: (error.details ?? {}) as { [key: string]: Json } } };
  return { error: error instanceof UsageError ? { code: 'usage', message: error.message } : { code: 'internal', message: 'A fault of the program; run it without --json to see where.' } };
}
