import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const CONSOLE_TOKEN_FILE = 'console-token';

/**
 * What the command line of this machine shows to be told the report: who can read the data folder may know how the box is. Another one at
 * each start, in a file for the box alone.
 * @returns null: it could not be written; then nobody is told
 */
export function makeConsoleToken(dataDirectory: string): string | null {
  const file = join(dataDirectory, CONSOLE_TOKEN_FILE);
  const token = randomBytes(32).toString('base64url');
  try {
    rmSync(`${file}.new`, { force: true });
    const handle = openSync(`${file}.new`, 'wx', 0o600);
    try {
      writeSync(handle, token);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(`${file}.new`, file);
    return token;
  } catch {
    return null;
  }
}

export function dropConsoleToken(dataDirectory: string): void {
  try {
    rmSync(join(dataDirectory, CONSOLE_TOKEN_FILE), { force: true });
  } catch {
    // A folder that cannot be written: the token in it is void all the same.
  }
}
