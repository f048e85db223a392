import { MAX_FRAME_BYTES } from '../contract.js';
import { frameSize } from './fit.js';

const JPEG_QUALITY = 0.8;
const canvas = document.createElement('canvas');

/** The present picture of the video as a JPEG; null while there is none. */
export async function grabFrame(video: HTMLVideoElement | null, longest: number): Promise<Blob | null> {
  if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
  const size = frameSize({ width: video.videoWidth, height: video.videoHeight }, longest);
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return null;
  context.drawImage(video, 0, 0, size.width, size.height);
  const jpeg = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', JPEG_QUALITY));
  // Do not leave the face lying in the canvas.
  canvas.width = canvas.height = 0;
  return jpeg && jpeg.size <= MAX_FRAME_BYTES ? jpeg : null;
}
