import { ApiError } from '../api/client.js';
import { dealings } from '../api/dealings.js';
import { asJpeg } from '../files/asJpeg.js';
import type { StoredFile } from '../contract.js';
import { useOwnId } from './useOwnId.js';
import { useTask } from './useTask.js';
import { useWords } from './useWords.js';

/** Adds a paper or a photo of a thing to a dossier; the box refuses faces. */
export function useFileAdding(customerId: () => string) {
  const { t, dayAndTime } = useWords();
  const task = useTask();

  /** What a camera calls its pictures says nothing. */
  function nameOf(file: File): string {
    const stem = file.name.replace(/\.[^.]*$/, '').trim().slice(0, 80);
    return stem === '' || /^(image|img|dsc|photo|pxl|capture|照片)?[-_\s\d()]*$/i.test(stem) ? t('files.photo', { when: dayAndTime(new Date().toISOString()) }) : stem;
  }

  /** What was chosen last and is not known to be with the box: sent again under its own id, it is there once. */
  let pending: { file: File; name: string; making: ReturnType<typeof useOwnId> } | null = null;
  const isSame = (one: File, other: File): boolean => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

  /** Once more what did not get through. @returns null: nothing waits, or see `error` */
  async function again(): Promise<StoredFile | null> {
    if (!pending) return null;
    const { file, name, making } = pending;
    let added: StoredFile | null = null;
    await task.run(async () => {
      const bytes = file.type === 'application/pdf' ? file : await asJpeg(file).catch(() => { throw new ApiError('file_kind_refused'); });
      added = await making((id) => dealings.addFile(customerId(), bytes, name, id));
    });
    if (added) pending = null;
    return added;
  }

  /** Of a file input that was changed. @returns null: nothing was chosen, or see `error` */
  async function addFrom(input: HTMLInputElement): Promise<StoredFile | null> {
    const [file] = input.files ?? [];
    if (!file) return null;
    if (!pending || !isSame(pending.file, file)) pending = { file, name: nameOf(file), making: useOwnId() };
    const added = await again();
    input.value = ''; // the same file may be chosen again
    return added;
  }
  return { busy: task.busy, error: task.error, addFrom, again };
}
