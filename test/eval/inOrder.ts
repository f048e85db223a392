import { availableParallelism } from 'node:os';

/**
 * Runs `work` on every item, a few at a time so that all cores are busy, and gives the results to `take` in the
 * order of the items. Memory holds only the window.
 */
export async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>, take: (result: R, index: number) => Promise<void>): Promise<void> {
  const windowSize = 4 * availableParallelism();
  const underWay: Promise<R>[] = [];
  let started = 0;
  for (let taken = 0; taken < items.length; taken++) {
    while (started < items.length && underWay.length < windowSize) {
      const promise = work(items[started++]!);
      promise.catch(() => undefined); // reported when its turn comes
      underWay.push(promise);
    }
    await take(await underWay.shift()!, taken);
  }
}
