/**
 * The inner loops of the search, in AssemblyScript: `npm run build:server` makes them the WebAssembly module that
 * signIndex.ts loads; tsc and eslint leave this folder out. Numbers are addresses in the module's memory, whose layout
 * signIndex.ts decides, rows and counts: all of them usize, 32 bits. Nothing is allocated here.
 *
 * A vector is 512 float32 (2048 bytes). Its sign code has 512 bits (64 bytes): bit i is set when value i is negative.
 * The share of bits in which two codes differ is near the angle between the vectors divided by pi.
 */

const VECTOR_BYTES: usize = 2048;
const CODE_BYTES: usize = 64;
/** Templates lie in blocks: the codes of 16,384 rows, their vectors, their ids of 4 bytes. */
const BLOCK_ROWS: usize = 16_384;
const BLOCK_BYTES: usize = BLOCK_ROWS * (CODE_BYTES + VECTOR_BYTES + 4);
/** Distances are 0 to 512. */
const DISTANCES: usize = 513;
/** Length of the list of candidates. It is full when it has four times as many as are wanted. */
const CANDIDATES_MAX: usize = 16_384;

/** Overwrites `count` bytes with zeros: a typed array of shared memory does it byte by byte. */
export function wipe(from: usize, count: usize): void {
  memory.fill(from, 0, count);
}

/** Writes the sign code of the vector at `vector` to `code`. */
export function encode(vector: usize, code: usize): void {
  for (let i: usize = 0; i < CODE_BYTES / 2; i++) {
    const values = vector + i * 64;
    const bits = i32x4.bitmask(v128.load(values)) | (i32x4.bitmask(v128.load(values, 16)) << 4)
      | (i32x4.bitmask(v128.load(values, 32)) << 8) | (i32x4.bitmask(v128.load(values, 48)) << 12);
    store<u16>(code + i * 2, <u16>bits);
  }
}

/**
 * Finds the `wanted` (1 to 4096) codes nearest to the code at `probe` among those of the `rows` rows in `blocks`.
 *
 * One pass. A row nearer than `limit` becomes a candidate; when the list is full, all but the nearest are dropped and
 * `limit` falls to the farthest of those, so that soon hardly a row is noted at all. Bits are counted in words of 64:
 * i8x16.popcnt and the adding up of its lanes took 15 to 20 % longer (x86-64, 10,000 to a million rows).
 *
 * @param candidates room for 16,384 u32 row numbers and behind them as many u32 distances; holds the answer, in no order
 * @param counts room for 513 u32
 * @returns how many were found: `wanted`, or `rows` if there are fewer
 */
export function scan(blocks: usize, rows: usize, probe: usize, wanted: usize, candidates: usize, counts: usize): usize {
  const p0 = load<u64>(probe), p1 = load<u64>(probe, 8), p2 = load<u64>(probe, 16), p3 = load<u64>(probe, 24);
  const p4 = load<u64>(probe, 32), p5 = load<u64>(probe, 40), p6 = load<u64>(probe, 48), p7 = load<u64>(probe, 56);
  let found: usize = 0;
  let limit = DISTANCES;
  const full = wanted * 4;
  for (let first: usize = 0, block = blocks; first < rows; first += BLOCK_ROWS, block += BLOCK_BYTES) {
    const end = min(rows, first + BLOCK_ROWS);
    for (let row = first, code = block; row < end; row++, code += CODE_BYTES) {
      const distance = <usize>(
        popcnt(load<u64>(code) ^ p0) + popcnt(load<u64>(code, 8) ^ p1) + popcnt(load<u64>(code, 16) ^ p2) + popcnt(load<u64>(code, 24) ^ p3)
        + popcnt(load<u64>(code, 32) ^ p4) + popcnt(load<u64>(code, 40) ^ p5) + popcnt(load<u64>(code, 48) ^ p6) + popcnt(load<u64>(code, 56) ^ p7));
      if (distance >= limit) continue;
      store<u32>(candidates + found * 4, <u32>row);
      store<u32>(candidates + found * 4, <u32>distance, CANDIDATES_MAX * 4);
      if (++found == full) {
        limit = keepNearest(candidates, found, wanted, counts);
        found = wanted;
      }
    }
  }
  if (found > wanted) {
    keepNearest(candidates, found, wanted, counts);
    found = wanted;
  }
  return found;
}

/** Moves the `wanted` nearest of `found` candidates to the front. Among equals the first come first. @returns the farthest distance kept */
function keepNearest(candidates: usize, found: usize, wanted: usize, counts: usize): usize {
  const distances = candidates + CANDIDATES_MAX * 4;
  memory.fill(counts, 0, DISTANCES * 4);
  for (let i: usize = 0; i < found; i++) {
    const count = counts + load<u32>(distances + i * 4) * 4;
    store<u32>(count, load<u32>(count) + 1);
  }
  // The farthest distance to keep, and how many candidates at just that distance there is room for.
  let farthest: usize = 0;
  let room = wanted;
  while (load<u32>(counts + farthest * 4) < <u32>room) room -= load<u32>(counts + farthest++ * 4);
  let kept: usize = 0;
  for (let i: usize = 0; i < found; i++) {
    const distance: usize = load<u32>(distances + i * 4);
    if (distance > farthest || (distance == farthest && room == 0)) continue;
    if (distance == farthest) room--;
    store<u32>(candidates + kept * 4, load<u32>(candidates + i * 4));
    store<u32>(distances + kept * 4, <u32>distance);
    kept++;
  }
  return farthest;
}

/**
 * Writes the sum of products of the vector at `probe` and the vector of each of the first `count` rows in the list
 * `candidates` to `scores`, as f32. Four rows at a time: they lie anywhere, and so the waits for memory overlap. The
 * list is read, and `scores` written, up to the next multiple of four.
 */
export function rescore(blocks: usize, probe: usize, candidates: usize, count: usize, scores: usize): void {
  for (let i: usize = 0; i < count; i += 4) {
    const list = candidates + i * 4;
    const v0 = vectorOf(blocks, load<u32>(list)), v1 = vectorOf(blocks, load<u32>(list, 4));
    const v2 = vectorOf(blocks, load<u32>(list, 8)), v3 = vectorOf(blocks, load<u32>(list, 12));
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
    for (let at: usize = 0; at < VECTOR_BYTES; at += 16) {
      const p = v128.load(probe + at);
      s0 = f32x4.add(s0, f32x4.mul(p, v128.load(v0 + at)));
      s1 = f32x4.add(s1, f32x4.mul(p, v128.load(v1 + at)));
      s2 = f32x4.add(s2, f32x4.mul(p, v128.load(v2 + at)));
      s3 = f32x4.add(s3, f32x4.mul(p, v128.load(v3 + at)));
    }
    const at = scores + i * 4;
    store<f32>(at, total(s0));
    store<f32>(at, total(s1), 4);
    store<f32>(at, total(s2), 8);
    store<f32>(at, total(s3), 12);
  }
}

function vectorOf(blocks: usize, row: usize): usize {
  return blocks + (row / BLOCK_ROWS) * BLOCK_BYTES + BLOCK_ROWS * CODE_BYTES + (row % BLOCK_ROWS) * VECTOR_BYTES;
}

function total(lanes: v128): f32 {
  return f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3);
}
