import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url';
import { frameSize } from './fit.js';

/** The reader comes from the box like everything else; left alone it would ask a host of the internet. */
prepareZXingModule({ overrides: { locateFile: (path: string, prefix: string) => (path.endsWith('.wasm') ? wasmUrl : prefix + path) } });

/** Enough for a QR code that fills a third of the picture and for a barcode that fills half; read in some ten milliseconds. */
const LONGEST = 960;
/** What member cards, tags and shop goods carry. */
const FORMATS = ['QRCode', 'DataMatrix', 'EAN13', 'EAN8', 'UPCA', 'UPCE', 'Code128', 'Code39', 'ITF'] as const;
const canvas = document.createElement('canvas');

/** The code in the present picture of the video; null: none. */
export async function readCode(video: HTMLVideoElement | null): Promise<string | null> {
  if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
  const { width, height } = frameSize({ width: video.videoWidth, height: video.videoHeight }, LONGEST);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) return null;
  context.drawImage(video, 0, 0, width, height);
  const [found] = await readBarcodes(context.getImageData(0, 0, width, height), { formats: [...FORMATS], maxNumberOfSymbols: 1, tryDownscale: false });
  return found?.isValid === true && found.text.trim() ? found.text : null;
}
