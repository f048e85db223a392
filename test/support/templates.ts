/**
 * Made-up templates for galleries larger than there are photos for, spread as real ones are. Those of 1,964 people
 * (LFW-a, first model pack) do not fill their 512 dimensions: strangers' cosines have a standard deviation of .11,
 * as in 83 dimensions, and their sign codes differ in 254 bits with one of 20.6 (11.3 if signs were independent). A
 * falling spectrum turned out of the axes does the same here: .113 and 21.6.
 */
import { randomUUID } from 'node:crypto';
import type { TemplateSearch } from '../../appliance/gallery/templateSearch.js';
import { rotationOf } from '../../appliance/gallery/index.js';
import { Embedding, RotatedEmbedding, systemClock } from '../../appliance/kit/index.js';
import type { Database } from '../../appliance/storage/index.js';

export const DIMENSIONS = 512;
/** Variance of component i is 1 / (i + SPECTRUM_START). */
const SPECTRUM_START = 3;

export class TemplateMaker {
  #state: number;
  readonly #deviations = Float64Array.from({ length: DIMENSIONS }, (_, i) => 1 / Math.sqrt(i + SPECTRUM_START));
  readonly #signs: Float64Array;

  /** @param seed the same seed makes the same templates */
  constructor(seed: number) {
    this.#state = seed | 0;
    this.#signs = Float64Array.from({ length: DIMENSIONS }, () => (this.uniform() < 0.5 ? -1 : 1));
  }

  /** 0 up to 1. (Steele and Vigna's mixing of a counter, 32 bits.) */
  uniform(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  /** The template of somebody new: 512 values, L2 norm 1. */
  template(): Float32Array {
    const values = new Float32Array(DIMENSIONS);
    for (let i = 0; i < DIMENSIONS; i++) values[i] = this.#deviations[i]! * (this.uniform() + this.uniform() + this.uniform() - 1.5);
    turn(values);
    for (let i = 0; i < DIMENSIONS; i++) values[i] = values[i]! * this.#signs[i]!;
    return unit(values);
  }

  /** Another view of the same face, at the given cosine; the difference is spread like that between people. */
  mate(template: Float32Array, cosine: number): Float32Array {
    const other = this.template();
    const along = dot(template, other);
    const across = unit(other.map((value, i) => value - along * template[i]!));
    const share = Math.sqrt(1 - cosine * cosine);
    return unit(template.map((value, i) => cosine * value + share * across[i]!));
  }
}

/**
 * Enrols made-up customers straight into the tables, 1,000 a transaction; 100,000 take some ten seconds. No consents.
 * A Gallery that runs does not see them before its next start.
 */
export function fillTables(db: Database, modelId: string, count: number, maker: TemplateMaker): void {
  const rotation = rotationOf(db, systemClock);
  for (let done = 0; done < count; done += 1_000) {
    db.transaction(() => {
      for (let i = done; i < Math.min(count, done + 1_000); i++) {
        const customerId = randomUUID();
        db.run('INSERT INTO customer (id, display_name, created_at_ms) VALUES (?, ?, ?)', customerId, `made up ${i}`, 0);
        const { lastInsertRowid } = db.run('INSERT INTO template (customer_id, model_id, made_at_ms) VALUES (?, ?, ?)', customerId, modelId, 0);
        db.run('INSERT INTO template_vector (template_id, model_id, embedding) VALUES (?, ?, ?)',
          BigInt(lastInsertRowid), modelId, Buffer.from(rotation.turn(new Embedding(maker.template())).values().buffer));
      }
    });
  }
}

/**
 * Puts made-up templates into a search that runs, past the file: for sizes that a file would take too long for. Id 1 has
 * the maker's next template, and so on up to id `count`.
 */
export async function fillSearch(search: TemplateSearch, count: number, maker: TemplateMaker): Promise<void> {
  const probe = new RotatedEmbedding(new TemplateMaker(0).template());
  for (let id = 1; id <= count; id++) {
    search.put(id, new RotatedEmbedding(maker.template()));
    // An answer says that all before it is stored: so no more than these are ever on their way.
    if (id % 1_000 === 0 || id === count) await search.nearest(probe, 1, () => undefined);
  }
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(values, values));
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / norm;
  return values;
}

/** The fast Walsh-Hadamard transform, in place: a rotation (but for its scale) that mixes all values. */
function turn(values: Float32Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let start = 0; start < values.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = values[i]!;
        const b = values[i + half]!;
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
}
