import { readFileSync } from 'node:fs';

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
const TEMPLATES_FOR_EACH_RESCORED = 125;
/** Length of the scan's lists: scan.ts. */
const CANDIDATES_FOR_EACH_WANTED = 4;

// Layout of the memory: for the index and for the readers three pages each (probe, its code, the lists of the scan), with
// how many rows there are in front; then blocks, each the codes of 16,384 rows, their vectors and their template ids.
// Memory grows by a block (529 pages); the engine has the addresses reserved and copies nothing.
const PAGE_BYTES = 65_536;
const SCRATCH_BYTES = 3 * PAGE_BYTES;
const STATE = 64;
const PROBE = 1_024;
const PROBE_CODE = PROBE + VECTOR_BYTES;
const COUNTS = PROBE_CODE + CODE_BYTES;
const CANDIDATES = 8_192;
const DISTANCES = CANDIDATES + 65_536;
const SCORES = DISTANCES + 65_536;
const BLOCKS = 2 * SCRATCH_BYTES;
const BLOCK_ROWS = 16_384;
const ID_BYTES = 4;
const BLOCK_BYTES = BLOCK_ROWS * (CODE_BYTES + VECTOR_BYTES + ID_BYTES);
const PAGES_MAX = 65_536;

export interface IndexMatch {
  templateId: number;
  /** Cosine, -1..1. */
  score: number;
}

/** Memory that two threads share; it only grows. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** Node's own; its types come with the DOM's only. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { env: { memory: SharedMemory } }) => { exports: unknown };
};

/** What scan/scan.ts exports; all numbers are addresses or counts. */
interface ScanModule {
  wipe(from: number, count: number): void;
  encode(vector: number, code: number): void;
  scan(blocks: number, rows: number, probe: number, wanted: number, candidates: number, counts: number): number;
  rescore(blocks: number, probe: number, candidates: number, count: number, scores: number): void;
}

/** What an index lives in: memory, and the code that searches it. Can be sent to a thread. */
export interface IndexHome {
  readonly memory: SharedMemory;
  readonly code: object;
}

/** @throws when the WebAssembly module is not there: `npm run build:server` makes it */
export function makeIndexHome(): IndexHome {
  return {
    memory: new WebAssembly.Memory({ initial: BLOCKS / PAGE_BYTES, maximum: PAGES_MAX, shared: true }),
    code: new WebAssembly.Module(readFileSync(new URL('./scan/scan.wasm', import.meta.url))),
  };
}

function scanModule({ memory, code }: IndexHome): ScanModule {
  return new WebAssembly.Instance(code, { env: { memory } }).exports as ScanModule;
}

/** The shared memory as numbers; looked at anew after it has grown. */
class View {
  readonly memory: SharedMemory;
  #buffer!: SharedArrayBuffer;
  bytes!: Uint8Array;
  words!: Uint32Array;
  floats!: Float32Array;

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.look();
  }

  look(): void {
    const { buffer } = this.memory;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
  }
}

/**
 * Searches an index, from its own thread or from one other: the two have different pages for what a search writes. The
 * other must know by itself that the index does not change meanwhile: see `changes`.
 */
export class SignReader {
  readonly #module: ScanModule;
  readonly #view: View;
  readonly #scratch: number;

  constructor(home: IndexHome, of: 'the index' | 'the other thread' = 'the other thread') {
    this.#module = scanModule(home);
    this.#view = new View(home.memory);
    this.#scratch = of === 'the index' ? 0 : SCRATCH_BYTES;
  }

  get size(): number {
    return Atomics.load(this.#view.words, STATE / 4);
  }

  /** The number that the index was told with its last change. */
  get changes(): number {
    return Atomics.load(this.#view.words, STATE / 4 + 1);
  }

  /** Overwrites everything, when the thread whose index this was is gone and could not do it. */
  wipe(): void {
    this.#view.look();
    this.#module.wipe(0, this.#view.bytes.length);
  }

  /**
   * The stored templates nearest to a probe, best first. Nothing of the probe or of who was near it stays in the memory.
   * @param probe 512 values, L2 norm 1
   * @param count how many, 1 to 100; fewer come back when fewer are stored
   * @throws RangeError
   */
  nearest(probe: Float32Array, count: number): IndexMatch[] {
    if (probe.length !== DIMENSIONS) throw new RangeError(`a probe has ${DIMENSIONS} values, not ${probe.length}`);
    if (!(count >= 1 && count <= RESCORED_MIN)) throw new RangeError(`1 to ${RESCORED_MIN} matches can be asked for, not ${count}`);
    this.#view.look();
    const { words, floats } = this.#view;
    const { encode, rescore, scan, wipe } = this.#module;
    const at = this.#scratch;
    const { size } = this;
    const wanted = Math.min(RESCORED_MAX, Math.max(RESCORED_MIN, Math.ceil(size / TEMPLATES_FOR_EACH_RESCORED)));
    const best: IndexMatch[] = [];
    try {
      floats.set(probe, (at + PROBE) / 4);
      encode(at + PROBE, at + PROBE_CODE);
      const found = scan(BLOCKS, size, at + PROBE_CODE, wanted, at + CANDIDATES, at + COUNTS);
      rescore(BLOCKS, at + PROBE, at + CANDIDATES, found, at + SCORES);
      for (let i = 0; i < found; i++) {
        const score = floats[(at + SCORES) / 4 + i]!;
        if (best.length === count && score <= best[count - 1]!.score) continue;
        let place = best.length;
        while (place > 0 && best[place - 1]!.score < score) place -= 1;
        best.splice(place, 0, { templateId: words[idAt(words[(at + CANDIDATES) / 4 + i]!) / 4]!, score });
        if (best.length > count) best.pop();
      }
    } finally {
      // What the scan and the rescoring wrote; to clear the whole pages takes four times as long.
      const listed = Math.min(size, wanted * CANDIDATES_FOR_EACH_WANTED) * 4;
      wipe(at + PROBE, CANDIDATES - PROBE);
      wipe(at + CANDIDATES, listed);
      wipe(at + DISTANCES, listed);
      wipe(at + SCORES, (wanted + 3) * 4); // rescored four at a time
    }
    return best;
  }
}

/**
 * Templates in memory, searched in two steps: a scan of one bit a value (its sign) finds those that may be near, and
 * the exact cosine of these puts them in order. Exact as long as the best match is among those rescored.
 *
 * Memory: 2116 bytes a template (2048 the vector, 64 the signs, 4 its id) and about 40 to find it again; a million take
 * 2.2 GB, and two million are the most that WebAssembly can address. What is removed is overwritten with zeros.
 */
export class SignIndex {
  readonly #module: ScanModule;
  readonly #view: View;
  readonly #reader: SignReader;
  /** Template to row. */
  readonly #rows = new Map<number, number>();

  /** Empty, whatever was in the home before. */
  constructor(home: IndexHome) {
    this.#module = scanModule(home);
    this.#view = new View(home.memory);
    this.#reader = new SignReader(home, 'the index');
    this.clear();
  }

  get size(): number {
    return this.#rows.size;
  }

  /** All template ids, in no order. */
  templateIds(): readonly number[] {
    return [...this.#rows.keys()];
  }

  /** A view of a stored vector, valid until the next change; undefined: not stored. */
  vectorOf(templateId: number): Float32Array | undefined {
    const row = this.#rows.get(templateId);
    return row === undefined ? undefined : this.#view.floats.subarray(vectorAt(row) / 4, vectorAt(row) / 4 + DIMENSIONS);
  }

  /**
   * Stores a template or replaces it.
   * @param templateId 0 to 2^32 - 1
   * @param vector 512 values, L2 norm 1; copied
   * @throws RangeError for another length or id, or when there is no memory left (then nothing has changed)
   */
  put(templateId: number, vector: Float32Array): void {
    if (vector.length !== DIMENSIONS) throw new RangeError(`a vector has ${DIMENSIONS} values, not ${vector.length}`);
    if (templateId >>> 0 !== templateId) throw new RangeError('a template id has 32 bits');
    const row = this.#rows.get(templateId) ?? this.size;
    this.#makeRoom(row);
    this.#view.floats.set(vector, vectorAt(row) / 4);
    this.#module.encode(vectorAt(row), codeAt(row));
    this.#view.words[idAt(row) / 4] = templateId;
    this.#rows.set(templateId, row);
    this.#tellSize();
  }

  /** Removes a template: the last row takes its place and leaves zeros. @returns whether it was there */
  remove(templateId: number): boolean {
    const row = this.#rows.get(templateId);
    if (row === undefined) return false;
    const { bytes, words } = this.#view;
    const last = this.size - 1;
    if (row !== last) {
      const moved = words[idAt(last) / 4]!;
      bytes.copyWithin(vectorAt(row), vectorAt(last), vectorAt(last) + VECTOR_BYTES);
      bytes.copyWithin(codeAt(row), codeAt(last), codeAt(last) + CODE_BYTES);
      words[idAt(row) / 4] = moved;
      this.#rows.set(moved, row);
    }
    this.#module.wipe(vectorAt(last), VECTOR_BYTES);
    this.#module.wipe(codeAt(last), CODE_BYTES);
    words[idAt(last) / 4] = 0;
    this.#rows.delete(templateId);
    this.#tellSize();
    return true;
  }

  /** Removes all; the memory is kept and holds zeros. */
  clear(): void {
    this.#rows.clear();
    this.#module.wipe(0, this.#view.bytes.length);
  }

  /** Says which change was the last: what a reader elsewhere goes by. */
  tellChanges(changes: number): void {
    Atomics.store(this.#view.words, STATE / 4 + 1, changes);
  }

  /** As `SignReader.nearest`. */
  nearest(probe: Float32Array, count: number): IndexMatch[] {
    return this.#reader.nearest(probe, count);
  }

  #tellSize(): void {
    Atomics.store(this.#view.words, STATE / 4, this.size);
  }

  #makeRoom(row: number): void {
    if (row < ((this.#view.bytes.length - BLOCKS) / BLOCK_BYTES) * BLOCK_ROWS) return;
    this.#view.memory.grow(BLOCK_BYTES / PAGE_BYTES);
    this.#view.look();
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

/** Where a row's template id is. */
function idAt(row: number): number {
  return BLOCKS + Math.floor(row / BLOCK_ROWS) * BLOCK_BYTES + BLOCK_ROWS * (CODE_BYTES + VECTOR_BYTES) + (row % BLOCK_ROWS) * ID_BYTES;
}
