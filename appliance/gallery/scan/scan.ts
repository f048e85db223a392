/**
 * The inner loops of the search, in AssemblyScript: `npm run build:server` makes them the WebAssembly module that
 * signIndex.ts loads; tsc and eslint leave this folder out. All arguments are addresses in the module's memory, whose
 * layout signIndex.ts decides. Nothing is allocated here.
 *
 * A vector is 512 float32 (2048 bytes). Its sign code has 512 bits (64 bytes): bit i is set when value i is negative.
 * The share of bits in which two codes differ is near the angle between the vectors divided by pi.
 */

const VECTOR_BYTES: usize = 2048;
const CODE_BYTES: usize = 64;
/** Distances are 0 to 512. */
const DISTANCES: u32 = 513;
/** Candidates that are collected before all but the nearest are dropped again; more than are ever asked for. */
const CANDIDATES_MAX: u32 = 4096;

/** Writes the sign code of the vector at `vector` to `code`. */
export function encode(vector: usize, code: usize): void {
  for (let i: usize = 0; i < CODE_BYTES / 2; i++) {
    const values = vector + i * 64;
    const bits = i32x4.bitmask(v128.load(values)) | (i32x4.bitmask(v128.load(values, 16)) << 4)
      | (i32x4.bitmask(v128.load(values, 32)) << 8) | (i32x4.bitmask(v128.load(values, 48)) << 12);
    store<u16>(code + i * 2, <u16>bits);
  }
}

/** The sum of the products of two vectors. Four sums side by side, so that no addition waits for the one before. */
export function dot(a: usize, b: usize): f32 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  for (let i: usize = 0; i < VECTOR_BYTES; i += 64) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a + i), v128.load(b + i)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a + i, 16), v128.load(b + i, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a + i, 32), v128.load(b + i, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a + i, 48), v128.load(b + i, 48)));
  }
  const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3);
}

/**
 * Finds the `wanted` (1 to 4095) codes nearest to the code at `probe` among the `rows` codes from `codes` on.
 *
 * One pass. A row nearer than `limit` becomes a candidate; when the list is full, all but the nearest are dropped and
 * `limit` falls to the farthest of those, so that soon hardly a row is noted at all.
 *
 * @param candidates room for 4096 u32 row numbers and behind them 4096 u32 distances; holds the answer, in no order
 * @param counts room for 513 u32
 * @returns how many were found: `wanted`, or `rows` if there are fewer
 */
export function scan(codes: usize, rows: u32, probe: usize, wanted: u32, candidates: usize, counts: usize): u32 {
  const p0 = v128.load(probe), p1 = v128.load(probe, 16), p2 = v128.load(probe, 32), p3 = v128.load(probe, 48);
  let found: u32 = 0;
  let limit: u32 = DISTANCES;
  for (let row: u32 = 0, code = codes; row < rows; row++, code += CODE_BYTES) {
    const differing = i8x16.add( // bits in each of 16 bytes of a quarter: at the most 4 x 8, so nothing overflows
      i8x16.add(i8x16.popcnt(v128.xor(v128.load(code), p0)), i8x16.popcnt(v128.xor(v128.load(code, 16), p1))),
      i8x16.add(i8x16.popcnt(v128.xor(v128.load(code, 32), p2)), i8x16.popcnt(v128.xor(v128.load(code, 48), p3))));
    const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(differing));
    const distance: u32 = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
    if (distance >= limit) continue;
    store<u32>(candidates + found * 4, row);
    store<u32>(candidates + found * 4, distance, CANDIDATES_MAX * 4);
    if (++found == CANDIDATES_MAX) {
      limit = keepNearest(candidates, found, wanted, counts);
      found = wanted;
    }
  }
  if (found > wanted) {
    keepNearest(candidates, found, wanted, counts);
    found = wanted;
  }
  return found;
}

/** Moves the `wanted` nearest of `found` candidates to the front. Among equals the first come first. @returns the farthest distance kept */
function keepNearest(candidates: usize, found: u32, wanted: u32, counts: usize): u32 {
  const distances = candidates + CANDIDATES_MAX * 4;
  memory.fill(counts, 0, DISTANCES * 4);
  for (let i: u32 = 0; i < found; i++) {
    const count = counts + load<u32>(distances + i * 4) * 4;
    store<u32>(count, load<u32>(count) + 1);
  }
  // The farthest distance to keep, and how many candidates at just that distance there is room for.
  let farthest: u32 = 0;
  let room = wanted;
  while (load<u32>(counts + farthest * 4) < room) room -= load<u32>(counts + farthest++ * 4);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < found; i++) {
    const distance = load<u32>(distances + i * 4);
    if (distance > farthest || (distance == farthest && room == 0)) continue;
    if (distance == farthest) room--;
    store<u32>(candidates + kept * 4, load<u32>(candidates + i * 4));
    store<u32>(distances + kept * 4, distance);
    kept++;
  }
  return farthest;
}
