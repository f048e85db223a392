/** A soft two-note bell, made on the spot: no file to load. */
let context: AudioContext | null = null;
let lastAtMs = -Infinity;

/** Several people through the door make one sound. */
const QUIET_MS = 1500;

/** iPadOS lets sound start only from a touch; the first one opens the way. */
export function unlockSound(): void {
  const unlock = (): void => {
    context ??= new AudioContext();
    if (context.state === 'suspended') void context.resume().catch(() => {});
  };
  document.addEventListener('pointerdown', unlock, { passive: true });
  document.addEventListener('keydown', unlock, { passive: true });
}

export function chime(): void {
  if (!context || context.state !== 'running') return;
  const nowMs = performance.now();
  if (nowMs - lastAtMs < QUIET_MS) return;
  lastAtMs = nowMs;
  note(context, 659.3, 0, 0.11); // E5
  note(context, 987.8, 0.14, 0.08); // B5
}

function note(audio: AudioContext, hertz: number, delaySeconds: number, loudness: number): void {
  const start = audio.currentTime + delaySeconds;
  const tone = audio.createOscillator();
  const gain = audio.createGain();
  tone.type = 'sine';
  tone.frequency.value = hertz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loudness, start + 0.015);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.9);
  tone.connect(gain).connect(audio.destination);
  tone.start(start);
  tone.stop(start + 1);
}
