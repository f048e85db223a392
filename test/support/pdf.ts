/** Reads PDFs back as a reader's program would, and the QR codes in them as a phone would. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { getDocument, OPS } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';

const require = createRequire(import.meta.url);
const STANDARD_FONTS = fileURLToPath(new URL('.', `file://${require.resolve('pdfjs-dist/package.json')}`)) + 'standard_fonts/';
/** From the package, never from a server. */
prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(readFileSync(require.resolve('zxing-wasm/reader/zxing_reader.wasm'))).buffer } });

interface Grey { width: number; height: number; data: Uint8Array; kind: number }

export interface ReadPdf {
  /** Text of each page, without its line breaks. */
  pages: string[];
  /** Its lines, as they stand below each other. */
  lines: string[];
  /** All of it, without spaces: a line may break anywhere. */
  squeezed: string;
  /** Names of the fonts that are in the file. */
  embeddedFonts: string[];
  qrCodes: string[];
  attachments: Record<string, string>;
  info: Record<string, unknown>;
  /** How many lines and curves are drawn on each page. */
  strokes: number[];
}

export async function readPdf(bytes: Buffer): Promise<ReadPdf> {
  const task = getDocument({ data: new Uint8Array(bytes), standardFontDataUrl: STANDARD_FONTS, verbosity: 0, fontExtraProperties: true, useSystemFonts: false });
  const pdf = await task.promise;
  const read: ReadPdf = { pages: [], lines: [], squeezed: '', embeddedFonts: [], qrCodes: [], attachments: {}, info: (await pdf.getMetadata()).info as Record<string, unknown>, strokes: [] };
  const fonts = new Set<string>();
  for (let number = 1; number <= pdf.numPages; number++) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    const text = items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : '')).join('');
    read.pages.push(text.replaceAll('\n', ''));
    read.lines.push(...text.split('\n'));
    const { fnArray, argsArray } = await page.getOperatorList();
    let strokes = 0;
    for (const [index, fn] of fnArray.entries()) {
      const args = argsArray[index] as unknown[];
      if (fn === OPS.setFont) {
        const font = page.commonObjs.get(args[0] as string) as { name: string; data?: Uint8Array; missingFile?: boolean };
        if (font.missingFile !== true && font.data !== undefined) fonts.add(font.name);
      } else if (fn === OPS.paintImageXObject) {
        const image = await new Promise<Grey>((resolve) => { page.objs.get(args[0] as string, resolve as (image: unknown) => void); });
        for (const { text } of await readBarcodes(toImageData(image), { formats: ['QRCode'] })) read.qrCodes.push(text);
      } else if (fn === OPS.constructPath) {
        strokes += 1;
      }
    }
    read.strokes.push(strokes);
  }
  read.squeezed = read.pages.join('').replace(/\s+/g, '');
  read.embeddedFonts = [...fonts];
  const attachments = (await pdf.getAttachments() ?? {}) as Record<string, { content: Uint8Array }>;
  for (const [name, { content }] of Object.entries(attachments)) read.attachments[name] = Buffer.from(content).toString('latin1');
  await task.destroy();
  return read;
}

/** pdfjs gives grey pictures as one bit a pixel (kind 1), RGB (2) or RGBA (3). */
function toImageData({ width, height, data, kind }: Grey): Parameters<typeof readBarcodes>[0] {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  const rowBytes = (width + 7) >> 3;
  for (let i = 0; i < width * height; i++) {
    const value = kind === 1 ? (((data[Math.floor(i / width) * rowBytes + ((i % width) >> 3)]! >> (7 - (i % width & 7))) & 1) * 255) : data[i * (kind === 2 ? 3 : 4)]!;
    pixels.fill(value, i * 4, i * 4 + 3);
  }
  return { width, height, data: pixels, colorSpace: 'srgb' } as unknown as Parameters<typeof readBarcodes>[0];
}
