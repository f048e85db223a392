/** The thread of one run: reading, encrypting, sending and checking a whole database would keep iPads waiting. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { isPorticoError, osThreadId, refuseEgress, type AnyErrorCode } from '../kit/index.js';
import { makeBackup, type RunOrder, type RunResult, type Step } from './run.js';

export type FromBackupThread =
  | { type: 'step'; step: Step; share: number }
  | { type: 'done'; result: RunResult }
  | { type: 'failed'; code: AnyErrorCode | null; reason: string; details: Record<string, string | number | boolean> };

/**
 * Niceness (Linux, of this thread). Cameras come first; but while it copies, deletions cannot empty the log, so that is not to take minutes on a busy box.
 */
const NICENESS = { copying: 5, afterwards: 10 } as const;

const order = workerData as RunOrder;
const port = parentPort!;
const say = (message: FromBackupThread) => port.postMessage(message);
refuseEgress(order.target.kind === 'sftp' ? [order.target.host] : []);
const giveWay = (niceness: number) => {
  try {
    const threadId = osThreadId();
    if (threadId !== null) setPriority(threadId, niceness); // Linux takes a thread's id where others take a process
  } catch {
    // Only speed is at stake.
  }
};
giveWay(NICENESS.copying);
try {
  say({ type: 'done', result: await makeBackup(order, (step, share) => {
    if (step === 'hash') giveWay(NICENESS.afterwards);
    say({ type: 'step', step, share });
  }) });
} catch (error) {
  const reason = error instanceof Error ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}` : String(error);
  say({ type: 'failed', code: isPorticoError(error) ? error.code : null, reason, details: isPorticoError(error) ? error.details ?? {} : {} });
}
