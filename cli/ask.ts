/** Questions to a person at a terminal. */
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './output.js';

/** A file with a passphrase has one line. */
const LINE_BYTES_MAX = 4_096;

export const isTerminal = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

/** Asks until the answer is one. Standard output stays free for what the command gives. */
export class Questions {
  readonly #terminal: Interface = createInterface({ input: process.stdin, output: process.stderr });

  /**
   * @param initial taken where nothing is typed; null: an answer is needed
   * @param fault why an answer will not do; null: it will
   */
  async ask(question: string, initial: string | null, fault: (answer: string) => string | null = () => null): Promise<string> {
    for (;;) {
      const shown = initial === null || initial === '' ? '' : ` [${initial}]`;
      const answer = (await this.#terminal.question(`${question}${shown}: `)).trim() || initial;
      if (answer === null) continue;
      const wrong = answer === '' ? null : fault(answer);
      if (wrong === null) return answer;
      process.stderr.write(`  ${wrong}\n`);
    }
  }

  close(): void {
    this.#terminal.close();
  }
}

/**
 * A passphrase: from a file, or typed where nothing of it is shown. Never an argument, which everybody on the machine can see.
 * @param file null: it is asked for @param option what names the file
 * @throws UsageError where nobody can be asked
 */
export async function passphrase(question: string, file: string | null, option = '--passphrase-file'): Promise<string> {
  if (file !== null) return firstLine(file);
  if (!isTerminal()) throw new UsageError(`A secret is needed and there is no terminal to ask at: ${option} FILE`);
  const hidden = new Writable({ write: (_piece, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: hidden, terminal: true });
  process.stderr.write(`${question}: `);
  try {
    return await new Promise<string>((resolve, reject) => {
      terminal.on('SIGINT', () => reject(new UsageError('Stopped.')));
      terminal.on('close', () => reject(new UsageError('Stopped.')));
      terminal.question('').then(resolve, reject);
    });
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

function firstLine(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  const line = bytes.length > LINE_BYTES_MAX ? '' : bytes.toString('utf8').replace(/^\ufeff/, '').split(/\r?\n/)[0]!;
  if (line === '') throw new UsageError(`${file} holds no passphrase in its first line.`);
  return line;
}
