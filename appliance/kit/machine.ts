import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
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

/**
 * Lets all threads that there are, but the main one, run only where nothing else on the machine wants to (Linux,
 * SCHED_IDLE: see sched(7)). With a niceness alone a thread that has just begun may finish its slice, up to 4 ms, before the
 * main thread can answer an iPad. For a machine that is the box's own: beside other busy programs recognition would starve.
 * Only speed is at stake: where this cannot be done, everything stays as it is.
 */
export function letMainThreadFirst(): void {
  try {
    const others = readdirSync('/proc/self/task').filter((threadId) => threadId !== String(process.pid));
    execFile('/bin/sh', ['-c', 'for thread; do chrt --idle --pid 0 "$thread"; done', 'sh', ...others], () => undefined);
  } catch {
    // Not Linux.
  }
}
