export interface Size { readonly width: number; readonly height: number }
export interface Box { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** Size of the frame to send: never enlarged, long side at most `longest`, aspect kept, whole pixels. */
export function frameSize(video: Size, longest: number): Size {
  const scale = Math.min(1, longest / Math.max(video.width, video.height));
  return { width: Math.round(video.width * scale), height: Math.round(video.height * scale) };
}

/**
 * A box in frame pixels, as it lies on a view that shows the frame with `object-fit: cover`, mirrored if the
 * preview is.
 */
export function boxOnView(box: Box, frame: Size, view: Size, mirrored: boolean): Box {
  const scale = Math.max(view.width / frame.width, view.height / frame.height);
  const left = (view.width - frame.width * scale) / 2;
  const top = (view.height - frame.height * scale) / 2;
  const x = left + box.x * scale;
  const width = box.width * scale;
  return { x: mirrored ? view.width - x - width : x, y: top + box.y * scale, width, height: box.height * scale };
}
