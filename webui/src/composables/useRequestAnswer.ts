import { office } from '../api/privacy.js';
import type { RequestClosing, RightsRequest } from '../contract.js';
import { useToasts } from '../stores/toasts.js';
import { useTask } from './useTask.js';
import { useWords } from './useWords.js';

/** Writes the answer to a request down, says so, and then tells the page that it is closed. */
export function useRequestAnswer(request: () => RightsRequest, closed: () => void) {
  const { t } = useWords();
  const toasts = useToasts();
  const task = useTask();
  async function answer(closing: RequestClosing): Promise<void> {
    if (!(await task.run(() => office.closeRequest(request().id, closing)))) return;
    toasts.say(t('requests.closedToast'));
    closed();
  }
  return { task, answer };
}
