import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Language, Signature } from '../contract/index.js';

/** What every paper says about where it comes from. */
export interface Letterhead {
  storeName: string;
  /** IANA name; all times on paper are of this zone. */
  timeZone: string;
}
export interface SheetOptions extends Letterhead {
  language: Language;
  title: string;
  /** Printed in each footer. */
  documentId: string;
  /** Of the data, not of now: the same data give the same bytes. */
  createdAt: string;
  /** Printed on top of each page, for what must not be taken for the real thing. */
  banner?: string;
}

/** Noto Sans SC (SIL Open Font License), 10 MB; a document carries only the characters that it uses. */
const FONT_FILE = '@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf';
/** Points. A4 is 595.28 x 841.89. */
const MARGIN = { top: 54, bottom: 68, left: 58, right: 58 } as const;
const WIDTH = 595.28 - MARGIN.left - MARGIN.right;
const BOTTOM = 841.89 - MARGIN.bottom;
const SIZE = { title: 20, heading: 12.5, body: 10, small: 8.5, fine: 7.5, code: 7 } as const;
const LEADING = 3.2;
const INK = '#26211b';
const FAINT = '#5c5348';
const LINE = '#ddd4c6';
const ACCENT = '#1f5546';
const WARNING = '#93301f';
const LABEL_WIDTH = { 'zh-CN': 108, en: 118 } as const;
/** With fewer lines left than this a row begins on the next page. */
const LINES_TOGETHER = 3;
const ROWS_AT_ONCE = 20;
/** Letters of SIZE.code that fill a line: 100 of the average width of base64, with a tenth to spare. */
const CODE_LINE = /.{1,99}[^-]/g;

const WORDS = {
  'zh-CN': {
    page: (n: number, of: number) => `第 ${n} 页，共 ${of} 页`,
    times: (zone: string) => `时间均为门店所在时区（${zone}）`,
    id: (id: string) => `文件编号 ${id}`,
    missing: (list: string) => `说明：字库里没有下列字，正文中以方括号内的 Unicode 编码代替，没有省略：${list}`,
  },
  en: {
    page: (n: number, of: number) => `Page ${n} of ${of}`,
    times: (zone: string) => `All times: ${zone}`,
    id: (id: string) => `Document ${id}`,
    missing: (list: string) => `Note: the font lacks the characters below. Where they belong their Unicode numbers stand in brackets; nothing is left out: ${list}`,
  },
} as const;

/**
 * A document of A4 pages, written from top to bottom. Not a byte depends on the clock or on chance. A character that the
 * font lacks, or that cannot be seen, is printed as its code point, [U+20BB7], and listed at the end.
 */
export class Sheet {
  readonly #doc: PDFKit.PDFDocument;
  readonly #chunks: Buffer[] = [];
  readonly #options: SheetOptions;
  readonly #missing = new Set<string>();
  readonly #hasGlyph: (codePoint: number) => boolean;
  readonly #ended: Promise<void>;

  private constructor(doc: PDFKit.PDFDocument, options: SheetOptions) {
    this.#doc = doc;
    this.#options = options;
    // The font as it was parsed for the document; pdfkit has no other way to ask.
    const { font } = (doc as unknown as { _font: { font: { hasGlyphForCodePoint(codePoint: number): boolean } } })._font;
    this.#hasGlyph = (codePoint) => font.hasGlyphForCodePoint(codePoint);
    doc.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#ended = new Promise((resolve, reject) => { doc.once('end', resolve).once('error', reject); });
    if (options.banner !== undefined) doc.on('pageAdded', () => this.#banner());
  }

  static async open(options: SheetOptions): Promise<Sheet> {
    const { default: PDFDocument } = await import('pdfkit');
    const font = await readFile(createRequire(import.meta.url).resolve(FONT_FILE)); // not kept: it is 10 MB, and papers are rare
    const createdAt = new Date(options.createdAt);
    const doc = new PDFDocument({
      size: 'A4', margins: MARGIN, bufferPages: true, pdfVersion: '1.7', lang: options.language, displayTitle: true, autoFirstPage: false,
      // No text of a person or a store in here: pdfkit writes it into XML as it is.
      info: { Title: options.title, Creator: 'Portico', Producer: 'Portico', CreationDate: createdAt, ModDate: createdAt },
    });
    doc.registerFont('text', font).font('text');
    const sheet = new Sheet(doc, options);
    doc.addPage();
    sheet.#head();
    return sheet;
  }

  /** The first lines of a further document in the same file, on a new page. */
  nextDocument(title: string): void {
    this.#doc.addPage();
    this.#head(title);
  }

  /** @param withPt what has to follow on the same page, heading included, points */
  heading(text: string, withPt = 80): void {
    this.#gap(10);
    this.#need(withPt);
    this.#write(text, { size: SIZE.heading, colour: ACCENT });
    this.#gap(3);
  }

  paragraph(text: string): void {
    this.#need(SIZE.body * 2);
    this.#write(text, { size: SIZE.body });
    this.#gap(5);
  }

  /** Explanations, smaller and fainter. */
  aside(text: string): void {
    this.#need(SIZE.small * 2);
    this.#write(text, { size: SIZE.small, colour: FAINT });
    this.#gap(4);
  }

  /**
   * Text for a machine, to be copied letter by letter, and what it is; on one page. No line ends with a hyphen: programs that copy
   * text off a page take that for a word divided, and drop it.
   */
  fine(label: string, code: string): void {
    const text = code.replace(CODE_LINE, '$&\n').trimEnd();
    this.#need(SIZE.small * 2 + this.#doc.fontSize(SIZE.code).heightOfString(text, { width: WIDTH, lineGap: 1 }));
    this.#write(label, { size: SIZE.small, colour: FAINT });
    this.#write(text, { size: SIZE.code, colour: FAINT, leading: 1 });
    this.#gap(4);
  }

  bullets(lines: readonly string[]): void {
    for (const line of lines) this.#hanging('•', line, 12);
    this.#gap(3);
  }

  /** Labels on the left, values on the right; null: left out. */
  facts(rows: readonly (readonly [label: string, value: string | number | null])[]): void {
    for (const [label, value] of rows) if (value !== null) this.#hanging(label, String(value), LABEL_WIDTH[this.#options.language], FAINT);
    this.#gap(3);
  }

  /** Rows with a thin line between, as `facts`; `none` stands there when there are none. Long ones let other work go on in between. */
  async table(rows: readonly (readonly [left: string, right: string])[], none: string): Promise<void> {
    if (rows.length === 0) this.aside(none);
    for (const [index, [left, right]] of rows.entries()) {
      this.#hanging(left, right, LABEL_WIDTH[this.#options.language], FAINT, SIZE.small + 0.5);
      this.#rule();
      if (index % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await this.breathe();
    }
    this.#gap(3);
  }

  /** Lets the rest of the box work: a page takes some 10 ms. */
  breathe(): Promise<void> {
    return new Promise((resolve) => { setImmediate(resolve); });
  }

  /** A ticked or empty box, what it stands for, and more about it. */
  choice(ticked: boolean, text: string, more: string): void {
    const doc = this.#doc;
    this.#need(44);
    const { x, y } = doc;
    doc.lineWidth(0.9).strokeColor(ticked ? ACCENT : FAINT).roundedRect(x + 0.5, y + 3, 10, 10, 2).stroke();
    if (ticked) doc.lineWidth(1.5).lineCap('round').moveTo(x + 3, y + 8).lineTo(x + 5, y + 10.5).lineTo(x + 8.5, y + 5.5).stroke();
    this.#write(text, { size: SIZE.body, colour: ticked ? INK : FAINT, left: 20 });
    this.#write(more, { size: SIZE.small, colour: FAINT, left: 20 });
    this.#gap(3);
  }

  /** The strokes as lines, as they were drawn, in a box. */
  signature(signature: Signature): void {
    const doc = this.#doc;
    const scale = Math.min(260 / signature.width, 96 / signature.height);
    const [width, height] = [signature.width * scale, signature.height * scale];
    this.#need(height + 12);
    const { x, y } = doc;
    doc.save().lineWidth(0.7).strokeColor(LINE).roundedRect(x, y, width, height, 4).stroke();
    doc.rect(x, y, width, height).clip().lineWidth(1.3).lineCap('round').lineJoin('round').strokeColor(INK);
    for (const [first, ...rest] of signature.strokes) {
      if (first === undefined) continue;
      doc.moveTo(x + first.x * scale, y + first.y * scale);
      for (const point of rest.length === 0 ? [first] : rest) doc.lineTo(x + point.x * scale, y + point.y * scale);
      doc.stroke();
    }
    doc.restore();
    doc.y = y + height;
    this.#gap(8);
  }

  /** A QR code with what it is for beside it. @param sizePt side; long contents need more */
  async qr(content: string, lines: readonly string[], sizePt: number): Promise<void> {
    const { default: QrCode } = await import('qrcode');
    const doc = this.#doc;
    // Four pixels a module: a viewer that smooths pictures does no harm. Grey without transparency.
    const rendererOpts = { colorType: 0 } as unknown as { deflateLevel?: number };
    const png = await QrCode.toBuffer(content, { errorCorrectionLevel: content.length > 300 ? 'L' : 'M', margin: 2, scale: 4, rendererOpts });
    const left = sizePt + 14;
    const beside = lines.map((line, index) => ({ line, size: index === 0 ? SIZE.body : SIZE.small, colour: index === 0 ? INK : FAINT }));
    const height = ({ line, size }: { line: string; size: number }) =>
      doc.fontSize(size).heightOfString(this.#printable(line), { width: WIDTH - left, lineGap: LEADING }) + 4;
    // Code and words stay together: a page between them would leave the rest of both empty.
    this.#need(Math.max(sizePt, 4 + beside.reduce((sum, each) => sum + height(each), 0)) + 8);
    const { x, y } = doc;
    doc.image(png, x, y, { width: sizePt, height: sizePt });
    doc.y = y + 4;
    for (const { line, size, colour } of beside) {
      this.#write(line, { size, colour, left });
      this.#gap(4);
    }
    doc.y = Math.max(doc.y, y + sizePt);
    this.#gap(6);
  }

  /** Puts a short text into the file beside the pages, uncompressed, for programs. */
  attach(name: string, type: string, text: string): void {
    const doc = this.#doc;
    const createdAt = new Date(this.#options.createdAt);
    doc.compress = false;
    doc.file(Buffer.from(text), { name, type, creationDate: createdAt, modifiedDate: createdAt });
    doc.compress = true;
  }

  async end(): Promise<Buffer> {
    const words = WORDS[this.#options.language];
    if (this.#missing.size > 0) {
      this.#gap(12);
      this.aside(words.missing([...this.#missing].join(' ')));
    }
    this.#footers();
    this.#doc.end();
    await this.#ended;
    return Buffer.concat(this.#chunks);
  }

  #head(title = this.#options.title): void {
    this.#write(this.#options.storeName, { size: SIZE.small, colour: FAINT });
    this.#gap(2);
    this.#write(title, { size: SIZE.title });
    this.#gap(2);
    this.#rule();
    this.#gap(8);
  }

  #banner(): void {
    const doc = this.#doc;
    doc.fontSize(SIZE.small).fillColor(WARNING);
    doc.text(this.#printable(this.#options.banner ?? ''), MARGIN.left, 26, { width: WIDTH, align: 'center' });
    [doc.x, doc.y] = [MARGIN.left, MARGIN.top];
  }

  #footers(): void {
    const doc = this.#doc;
    const { language, storeName, documentId, timeZone } = this.#options;
    const words = WORDS[language];
    const { count } = doc.bufferedPageRange();
    const store = this.#printable(storeName);
    for (let page = 0; page < count; page++) {
      doc.switchToPage(page);
      doc.page.margins.bottom = 0; // text below the margin would begin a page
      doc.lineWidth(0.5).strokeColor(LINE).moveTo(MARGIN.left, BOTTOM + 18).lineTo(MARGIN.left + WIDTH, BOTTOM + 18).stroke();
      doc.fontSize(SIZE.fine).fillColor(FAINT);
      const half = { width: WIDTH / 2, height: SIZE.fine * 1.5, ellipsis: true, lineBreak: true };
      doc.text(store, MARGIN.left, BOTTOM + 24, half);
      doc.text(words.page(page + 1, count), MARGIN.left + WIDTH / 2, BOTTOM + 24, { ...half, align: 'right' });
      doc.text(words.id(documentId), MARGIN.left, BOTTOM + 36, half);
      doc.text(words.times(timeZone), MARGIN.left + WIDTH / 2, BOTTOM + 36, { ...half, align: 'right' });
    }
  }

  #write(text: string, { size, colour = INK, left = 0, leading = LEADING }: { size: number; colour?: string; left?: number; leading?: number }): void {
    const doc = this.#doc;
    doc.fontSize(size).fillColor(colour);
    doc.text(this.#printable(text), MARGIN.left + left, doc.y, { width: WIDTH - left, lineGap: leading });
    doc.x = MARGIN.left;
  }

  /** `label`, and `text` beside it that goes on below itself, over pages too. */
  #hanging(label: string, text: string, left: number, colour = INK, size: number = SIZE.body): void {
    const doc = this.#doc;
    const shown = this.#printable(text);
    doc.fontSize(size);
    const options = { width: WIDTH - left, lineGap: LEADING };
    const line = doc.currentLineHeight(true) + LEADING;
    const labelHeight = doc.heightOfString(this.#printable(label), { ...options, width: left - 8 });
    this.#need(Math.max(labelHeight, Math.min(LINES_TOGETHER * line, shown.length > 60 ? doc.heightOfString(shown.slice(0, 300), options) : line)));
    const { y } = doc;
    const page = doc.bufferedPageRange().count;
    doc.fillColor(colour).text(this.#printable(label), MARGIN.left, y, { width: left - 8, lineGap: LEADING });
    doc.fillColor(INK).text(shown, MARGIN.left + left, y, options);
    if (doc.bufferedPageRange().count === page) doc.y = Math.max(doc.y, y + labelHeight);
    doc.x = MARGIN.left;
  }

  #rule(): void {
    const doc = this.#doc;
    doc.lineWidth(0.5).strokeColor(LINE).moveTo(MARGIN.left, doc.y + 1).lineTo(MARGIN.left + WIDTH, doc.y + 1).stroke();
    doc.y += 4;
  }

  #gap(points: number): void {
    this.#doc.y += points;
  }

  /** What is to stand together begins on a new page when it does not fit any more. */
  #need(points: number): void {
    if (this.#doc.y + points > BOTTOM) this.#doc.addPage();
  }

  /** Nothing vanishes: what cannot be printed, or seen, is written as its number. */
  #printable(text: string): string {
    let out = '';
    for (const character of text.replace(/\r\n?/g, '\n').replace(/\t/g, ' ')) {
      const codePoint = character.codePointAt(0)!;
      if (character === '\n' || (this.#hasGlyph(codePoint) && !/[\p{C}\u2028\u2029]/u.test(character))) {
        out += character;
      } else {
        const number = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
        this.#missing.add(number);
        out += `[${number}]`;
      }
    }
    return out;
  }
}
