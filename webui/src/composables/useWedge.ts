import { onScopeDispose } from 'vue';
import { Wedge } from '../finding/wedge.js';

/** Hears a reader that types while the scope lives; what goes into a text field is the field's. */
export function useWedge(onScan: (scan: string) => void): void {
  const wedge = new Wedge();
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTextField(event.composedPath()[0])) return;
    const scan = wedge.key(event.key, event.timeStamp);
    if (scan === null) return;
    // The Enter of the reader must not press whatever button has the focus.
    event.preventDefault();
    event.stopPropagation();
    onScan(scan);
  };
  document.addEventListener('keydown', onKey, { capture: true });
  onScopeDispose(() => document.removeEventListener('keydown', onKey, { capture: true }));
}

function isTextField(target: EventTarget | undefined): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
    || (target instanceof HTMLInputElement && !['button', 'checkbox', 'radio', 'submit', 'reset', 'range', 'file', 'color'].includes(target.type));
}
