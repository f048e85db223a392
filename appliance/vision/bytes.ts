import { MAX_FRAME_BYTES } from '../contract/limits.js';
import { PorticoError } from '../kit/index.js';

/** @throws PorticoError image_empty or image_too_many_bytes */
export function checkByteLength(bytes: number): void {
  if (bytes === 0) throw new PorticoError('image_empty');
  if (bytes > MAX_FRAME_BYTES) throw new PorticoError('image_too_many_bytes', { bytes, bytesMax: MAX_FRAME_BYTES });
}
