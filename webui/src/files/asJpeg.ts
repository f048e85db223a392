/** Longest side of what is sent, pixels; the box keeps no more than 2048. */
const SIDE_MAX = 2_560;
const QUALITY = 0.88;

/** A picture that this browser can show (HEIC from an iPad's camera too), as a JPEG, upright. @throws when it cannot be read */
export async function asJpeg(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const jpeg = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  if (!jpeg) throw new Error('no picture');
  return jpeg;
}
