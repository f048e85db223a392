import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ReaderTicket } from './index.js';

/** `damaged`: a file does not hold together; `failed`: it could not be looked at. */
export type Integrity = 'whole' | 'damaged' | 'failed';

/** A file of 10 GB on a slow card takes a quarter of an hour; after this long it hangs. */
const DEADLINE_MS = 30 * 60_000;

/**
 * Looks through both files page by page (SQLite, quick_check) over a connection that only reads. Meanwhile the write-ahead logs cannot
 * be emptied, so a deletion completes when this is done: it is for the night, or for when somebody asks. In a process of its own, not in
 * a thread: the engine looks through a file in one go, and no thread can be ended before it is through.
 * @param stopping ends it at once @returns null: it was ended so, nothing is known
 */
export function checkIntegrity(ticket: ReaderTicket, stopping?: AbortSignal): Promise<Integrity | null> {
  if (stopping?.aborted === true) return Promise.resolve(null);
  // Nothing of our environment, and the key by a pipe: arguments and environment can be read by others.
  const child = fork(fileURLToPath(new URL('./integrityProcess.js', import.meta.url)), [], { execArgv: [], env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const end = () => child.kill('SIGKILL'); // it only reads: nothing can be left half done
  return new Promise((resolve) => {
    const deadline = setTimeout(end, DEADLINE_MS).unref();
    stopping?.addEventListener('abort', end);
    let found: Integrity = 'failed';
    const over = () => {
      clearTimeout(deadline);
      stopping?.removeEventListener('abort', end);
      resolve(stopping?.aborted === true ? null : found);
    };
    child.on('message', (message) => { found = message as Integrity; });
    child.once('error', over); // it could not be started, or not be sent to
    child.once('exit', over);
    child.send(ticket, () => undefined);
  });
}
