import { ref, shallowRef } from 'vue';
import type { Paper } from '../api/privacy.js';
import { useTask } from './useTask.js';

/** A web app on the home screen: there a link to a file opens a viewer that has no way back, so the share sheet is used. */
const onHomeScreen = (): boolean =>
  matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true;

/** The share sheet took it, or was closed by the person; false: it may not open without a new tap. */
async function shared(file: File): Promise<boolean> {
  try {
    await navigator.share({ files: [file] });
    return true;
  } catch (error) {
    return error instanceof DOMException && error.name === 'AbortError';
  }
}

function saveAs(file: File): void {
  const url = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href: url, download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Gets a file from the box and hands it on: into the share sheet on the home screen, as a download elsewhere. */
export function useFile() {
  const task = useTask();
  const bytes = ref(0);
  /** Got, but the tap was too long ago for the share sheet: one more tap hands it on. */
  const waiting = shallowRef<File | null>(null);

  async function handOn(file: File): Promise<void> {
    waiting.value = null;
    if (!onHomeScreen() || !(navigator as { canShare?: Navigator['canShare'] }).canShare?.({ files: [file] })) saveAs(file);
    else if (!(await shared(file))) waiting.value = file;
  }

  /** True when the file is here. */
  async function get(paper: Paper): Promise<boolean> {
    bytes.value = 0;
    waiting.value = null;
    let file: File | null = null;
    const got = await task.run(async () => (file = await paper.fetch((n) => (bytes.value = n))));
    if (file) await handOn(file);
    return got;
  }

  return { busy: task.busy, error: task.error, bytes, waiting, get, handOn };
}
