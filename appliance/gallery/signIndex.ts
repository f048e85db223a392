import { readFile } from 'node:fs/promises';

/** Length of a vector: what the embedders give. */
export const DIMENSIONS = 512;
const VECTOR_BYTES = DIMENSIONS * Float32Array.BYTES_PER_ELEMENT;
const CODE_BYTES = DIMENSIONS / 8;

/**
 * How many of the nearest sign codes are rescored exactly. On real faces the best match was never below rank 25 among
 * some thousand people (RECOGNITION); the more templates there are, the more of them lie by chance between a probe and
 * its mate, so the number grows with the gallery. Among 100,000 the mate of a faint probe (cosine .60) was at rank 543 at
 * worst (docs/recognition.md).
 */
const RESCORED_MIN = 100;
const RESCORED_MAX = 4_000;
const TEMPLATES_FOR_EACH_RESCORED = 100;
/** Length of the scan's lists: scan.ts. */
const CANDIDATES_FOR_EACH_WANTED = 4;

// Layout of the module's memory: in the first three pages probe, its code and the lists of the scan; then blocks, each the codes of
// 4096 rows and their vectors. Memory grows by a block (132 pages); the engine has the addresses reserved and copies nothing.
const PAGE_BYTES = 65_536;
const PROBE = 1_024;
const PROBE_CODE = PROBE + VECTOR_BYTES;
const COUNTS = PROBE_CODE + CODE_BYTES;
const CANDIDATES = 8_192;
const DISTANCES = CANDIDATES + 65_536;
const SCORES = DISTANCES + 65_536;
const BLOCKS = 3 * PAGE_BYTES;
const BLOCK_ROWS = 4_096;
const BLOCK_BYTES = BLOCK_ROWS * (CODE_BYTES + VECTOR_BYTES);

export interface IndexMatch {
  templateId: number;
  /** Cosine, -1..1. */
  score: number;
}

/** Node's own; its types come with the DOM's only. */
declare const WebAssembly: { instantiate(bytes: Uint8Array): Promise<{ instance: { exports: unknown } }> };

/** What scan/scan.ts exports; all numbers are addresses or counts. */
interface ScanModule {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  encode(vector: number, code: number): void;
  scan(blocks: number, rows: number, probe: number, wanted: number, candidates: number, counts: number): number;
  rescore(blocks: number, probe: number, candidates: number, count: number, scores: number): void;
}

/**
 * Templates in memory, searched in two steps: a scan of one bit a value (its sign) finds those that may be near, and
 * the exact cosine of these puts them in order. Exact as long as the best match is among those rescored.
 *
 * Memory: 2112 bytes a template (2048 the vector, 64 the signs) and about 50 for its id; a million take 2.2 GB, and two
 * million are the most that WebAssembly can address. What is removed is overwritten with zeros.
 */
export class SignIndex {
  readonly #module: ScanModule;
  /** Views of the module's memory; new ones after it has grown. */
  #bytes!: Uint8Array;
  #values!: Float32Array;
  #candidates!: Uint32Array;
  #scores!: Float32Array;
  #probe!: Float32Array;
  /** Row to template, and back. */
  readonly #ids: number[] = [];
  readonly #rows = new Map<number, number>();

  private constructor(module: ScanModule) {
    this.#module = module;
    this.#look();
  }

  /** @throws when the WebAssembly module is not there: `npm run build:server` makes it */
  static async create(): Promise<SignIndex> {
    const { instance } = await WebAssembly.instantiate(await readFile(new URL('./scan/scan.wasm', import.meta.url)));
    return new SignIndex(instance.exports as ScanModule);
  }

  get size(): number {
    return this.#ids.length;
  }

  /** All that the index holds but the ids, for looking whether something is still there. */
  get memory(): ArrayBuffer {
    return this.#module.memory.buffer;
  }

  /** All template ids, in no order. */
  templateIds(): readonly number[] {
    return this.#ids;
  }

  /** A view of a stored vector, valid until the next change; undefined: not stored. */
  vectorOf(templateId: number): Float32Array | undefined {
    const row = this.#rows.get(templateId);
    return row === undefined ? undefined : new Float32Array(this.memory, vectorAt(row), DIMENSIONS);
  }

  /**
   * Stores a template or replaces it.
   * @param vector 512 values, L2 norm 1; copied
   * @throws RangeError for another length, or when there is no memory left (then nothing has changed)
   */
  put(templateId: number, vector: Float32Array): void {
    if (vector.length !== DIMENSIONS) throw new RangeError(`a vector has ${DIMENSIONS} values, not ${vector.length}`);
    const row = this.#rows.get(templateId) ?? this.#ids.length;
    this.#makeRoom(row);
    this.#values.set(vector, vectorAt(row) / Float32Array.BYTES_PER_ELEMENT);
    this.#module.encode(vectorAt(row), codeAt(row));
    this.#ids[row] = templateId;
    this.#rows.set(templateId, row);
  }

  /** Removes a template: the last row takes its place and leaves zeros. @returns whether it was there */
  remove(templateId: number): boolean {
    const row = this.#rows.get(templateId);
    if (row === undefined) return false;
    const last = this.#ids.length - 1;
    if (row !== last) {
      const moved = this.#ids[last]!;
      this.#bytes.copyWithin(vectorAt(row), vectorAt(last), vectorAt(last) + VECTOR_BYTES);
      this.#bytes.copyWithin(codeAt(row), codeAt(last), codeAt(last) + CODE_BYTES);
      this.#ids[row] = moved;
      this.#rows.set(moved, row);
    }
    this.#bytes.fill(0, vectorAt(last), vectorAt(last) + VECTOR_BYTES);
    this.#bytes.fill(0, codeAt(last), codeAt(last) + CODE_BYTES);
    this.#ids.pop();
    this.#rows.delete(templateId);
    return true;
  }

  /** Removes all; the memory is kept and holds zeros. */
  clear(): void {
    this.#bytes.fill(0);
    this.#ids.length = 0;
    this.#rows.clear();
  }

  /**
   * The stored templates nearest to a probe, best first. Nothing of the probe or of who was near it stays in the index's memory.
   * @param probe 512 values, L2 norm 1
   * @param count how many, 1 to 100; fewer come back when fewer are stored
   * @throws RangeError
   */
  nearest(probe: Float32Array, count: number): IndexMatch[] {
    if (probe.length !== DIMENSIONS) throw new RangeError(`a probe has ${DIMENSIONS} values, not ${probe.length}`);
    if (!(count >= 1 && count <= RESCORED_MIN)) throw new RangeError(`1 to ${RESCORED_MIN} matches can be asked for, not ${count}`);
    const { encode, scan, rescore } = this.#module;
    const wanted = Math.min(RESCORED_MAX, Math.max(RESCORED_MIN, Math.ceil(this.size / TEMPLATES_FOR_EACH_RESCORED)));
    this.#probe.set(probe);
    encode(PROBE, PROBE_CODE);
    const found = scan(BLOCKS, this.size, PROBE_CODE, wanted, CANDIDATES, COUNTS);
    rescore(BLOCKS, PROBE, CANDIDATES, found, SCORES);
    const best: IndexMatch[] = [];
    for (let i = 0; i < found; i++) {
      const score = this.#scores[i]!;
      if (best.length === count && score <= best[count - 1]!.score) continue;
      let place = best.length;
      while (place > 0 && best[place - 1]!.score < score) place -= 1;
      best.splice(place, 0, { templateId: this.#ids[this.#candidates[i]!]!, score });
      if (best.length > count) best.pop();
    }
    // What the scan and the rescoring wrote; to clear the whole page takes four times as long.
    this.#bytes.fill(0, PROBE, CANDIDATES);
    const listed = Math.min(this.size, wanted * CANDIDATES_FOR_EACH_WANTED) * Uint32Array.BYTES_PER_ELEMENT;
    this.#bytes.fill(0, CANDIDATES, CANDIDATES + listed);
    this.#bytes.fill(0, DISTANCES, DISTANCES + listed);
    this.#bytes.fill(0, SCORES, SCORES + (found + 3) * Float32Array.BYTES_PER_ELEMENT); // rescored four at a time
    return best;
  }

  #makeRoom(row: number): void {
    if (row < ((this.#bytes.length - BLOCKS) / BLOCK_BYTES) * BLOCK_ROWS) return;
    this.#module.memory.grow(BLOCK_BYTES / PAGE_BYTES);
    this.#look();
  }

  #look(): void {
    const { buffer } = this.#module.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#values = new Float32Array(buffer);
    this.#candidates = new Uint32Array(buffer, CANDIDATES, RESCORED_MAX);
    this.#scores = new Float32Array(buffer, SCORES, RESCORED_MAX);
    this.#probe = new Float32Array(buffer, PROBE, DIMENSIONS);
  }
}

/** Where a row's code is. */
function codeAt(row: number): number {
  return BLOCKS + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES + (row % BLOCK_ROWS) * CODE_BYTES;
}

/** Where a row's vector is. */
function vectorAt(row: number): number {
  return BLOCKS + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES + BLOCK_ROWS * CODE_BYTES + (row % BLOCK_ROWS) * VECTOR_BYTES;
}
