import { computed, onScopeDispose, shallowRef } from 'vue';
import { boxCare } from '../api/box.js';
import { running } from '../box/report.js';
import type { Backups } from '../contract.js';
import { useTask } from './useTask.js';

const WHILE_RUNNING_MS = 1000;
const OTHERWISE_MS = 30_000;

/** The backups, followed closely while one runs, whoever began it. */
export function useBackups() {
  const backups = shallowRef<Backups | null>(null);
  const reading = useTask();
  const starting = useTask();
  const current = computed(() => running(backups.value?.runs ?? []));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;

  async function read(): Promise<void> {
    clearTimeout(timer);
    if (document.visibilityState === 'visible' || backups.value === null) await reading.run(async () => { backups.value = await boxCare.backups(); });
    if (!gone) timer = setTimeout(() => void read(), current.value ? WHILE_RUNNING_MS : OTHERWISE_MS);
  }
  async function start(): Promise<void> {
    await starting.run(() => boxCare.backUp());
    await read();
  }
  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
  });
  void read();
  return { backups, current, error: reading.error, read, start, starting };
}
