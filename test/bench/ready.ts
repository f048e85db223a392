/** From the start of a process to the first right answer to a camera, and what the process then holds in memory. */
import { firstAnswer, type Store } from './store.js';
import { median, round } from './statistics.js';

const SIZES = { '0': 0, '10k': 10_000, '100k': 100_000 } as const;
/** Starts with 100,000 enrolled; the median counts. */
const STARTS = 3;

export async function measureReady({ store, say }: { store: Store; say(text: string): void }) {
  const rssMb: Record<string, number> = {};
  const readySeconds: number[] = [];
  for (const [name, others] of Object.entries(SIZES)) {
    say(`a store with ${name} enrolled`);
    store.folder(others); // made before the clock runs
    for (let start = 0; start < (name === '100k' ? STARTS : 1); start++) {
      say(`start with ${name} enrolled`);
      const spawnedAt = performance.now();
      const box = await store.start(others);
      try {
        await firstAnswer(box, store.frame);
        if (name === '100k') readySeconds.push((performance.now() - spawnedAt) / 1000);
        rssMb[name] = round((await box.child.ask('residentBytes')) / 1_048_576, 0);
      } finally {
        await box.stop();
      }
    }
  }
  return { ready_s: round(median(readySeconds), 2), rss_mb: rssMb };
}
