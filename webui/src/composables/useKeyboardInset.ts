import { onScopeDispose } from 'vue';

/** Less than this is a bar of the browser, not a keyboard. */
const KEYBOARD_MIN_PX = 120;

/** Keeps `--keyboard` at the height that a keyboard on the screen covers: iPadOS lays it over the page and tells only the visual viewport. */
export function useKeyboardInset(): void {
  const seen = window.visualViewport;
  if (!seen) return;
  const measure = (): void => {
    // Zoomed in, the visual viewport is small without a keyboard.
    const coveredPx = seen.scale > 1 ? 0 : window.innerHeight - seen.height - seen.offsetTop;
    document.documentElement.style.setProperty('--keyboard', `${coveredPx >= KEYBOARD_MIN_PX ? Math.round(coveredPx) : 0}px`);
  };
  seen.addEventListener('resize', measure);
  seen.addEventListener('scroll', measure);
  onScopeDispose(() => {
    seen.removeEventListener('resize', measure);
    seen.removeEventListener('scroll', measure);
  });
}
