import { execFile } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/**
 * How far the heap may grow between two full collections, per cent of what is in use. Frames and pixels are megabytes
 * outside the heap that V8 counts as growth: by its own choice (about 70 % here) each thread collected its 12 MB of heap
 * every fourth frame, 3 to 10 ms a time, and under load the main thread stood still for 5 to 20 ms twice a second. Young
 * collections, of which there are many, free the frames as well. Flag and formula: V8, heap/memory-controller.cc.
 */
const HEAP_GROWING_PER_CENT = 300;

/** For the whole process, also for threads that are started later. */
export function collectSeldom(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PER_CENT}`);
}

/** The system's id of the calling thread; null where it does not tell (not Linux). */
export function osThreadId(): number | null {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')));
  } catch {
    return null;
  }
}

/**
 * Lets all threads that there are, but the main one and those named, run only where nothing else on the machine wants to (Linux,
 * SCHED_IDLE: see sched(7)). With a niceness alone a thread that has just begun may finish its slice, up to 4 ms, before the
 * main thread can answer an iPad. It holds for the pool that reads files and checks PINs too: who decodes pictures there cannot
 * be told apart. For a machine that is the box's own: beside other busy programs recognition would starve.
 * Only speed is at stake: where this cannot be done, everything stays as it is.
 */
export function letMainThreadFirst(exceptOsThreadId: number | null = null): void {
  const spared = new Set([String(process.pid), String(exceptOsThreadId)]);
  try {
    const others = readdirSync('/proc/self/task').filter((threadId) => !spared.has(threadId));
    execFile('/bin/sh', ['-c', 'for thread; do chrt --idle --pid 0 "$thread"; done', 'sh', ...others], () => undefined);
  } catch {
    // Not Linux, or no process can be started now.
  }
}

/** Whether a process of this number runs, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
