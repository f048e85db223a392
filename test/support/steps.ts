/** Stops at each step that a room takes on its database: for sabotage in between. */
import { cpSync } from 'node:fs';
import { Database } from '../../appliance/storage/index.js';

/**
 * Calls `at` before each writing statement, before and after each emptying of the logs, and after each commit.
 * @returns undoes it
 */
export function watchSteps(at: (step: string) => void): () => void {
  const { prototype } = Database;
  const { run, transaction, truncateLog } = prototype;
  let depth = 0;
  prototype.run = function (this: Database, sql, ...values) {
    at(sql.trim().split(/\s+/).slice(0, 4).join(' '));
    return run.call(this, sql, ...values);
  };
  prototype.truncateLog = function (this: Database) {
    at('before the log is emptied');
    const done = truncateLog.call(this);
    at('after the log is emptied');
    return done;
  };
  prototype.transaction = function <T>(this: Database, work: () => T): T {
    if (depth > 0) return transaction.call(this, work) as T;
    depth += 1;
    // Registered first, so called first: nothing follows the commit before this.
    const watched = () => {
      this.afterCommit(() => {
        depth -= 1;
        at('after a commit');
      });
      return work();
    };
    try {
      return transaction.call(this, watched) as T;
    } catch (error) {
      depth = 0;
      throw error;
    }
  };
  return () => { Object.assign(prototype, { run, transaction, truncateLog }); };
}

/** The folder as a kill at this moment would leave it: a file holds what was written, whether the writer lives or not. */
export function copyAsKilled(dataDirectory: string, copy: string): void {
  cpSync(dataDirectory, copy, { recursive: true, filter: (path) => !/portico\.lock|-shm$/.test(path) });
}
