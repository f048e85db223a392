/** Store days in numbers, and chance that can be played again: for what is measured on the release itself. */
import { createCipheriv, createHash } from 'node:crypto';
import type { RandomSource } from '../../appliance/export/random.js';
import type { ExportParameters } from '../../appliance/export/profile.js';
import type { VisitorRow } from '../../appliance/export/rows.js';

/** As a box is delivered, with head office's lists. */
export const GIVEN: ExportParameters = {
  epsilon: 1, epsilonVisitor: 0.4, delta: 0.000001, crowdMin: 20, cellMin: 10, cellsPerPerson: 4, minutesMax: 180, stayEdges: [15, 45, 90], partEdges: ['12:00', '17:00'],
  tiers: ['金卡', '银卡'], teams: ['A', 'B'], epsilonYearMax: 366,
};

const POOL_BYTES = 65_536;
/** Up to here 32 bits are drawn, above 48. */
const WORD = 2 ** 32;

/** AES-256 in counter mode: as even as the operating system's, and the same each time. */
export function seeded(seed: number | string): RandomSource {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(`portico ${seed}`).digest(), Buffer.alloc(16));
  const zeros = Buffer.alloc(POOL_BYTES);
  let pool = Buffer.alloc(0);
  let at = 0;
  const draw = (bytes: 4 | 6): number => {
    if (at + bytes > pool.length) {
      pool = cipher.update(zeros);
      at = 0;
    }
    at += bytes;
    return bytes === 4 ? pool.readUInt32LE(at - 4) : pool.readUIntLE(at - 6, 6);
  };
  return {
    below: (bound) => {
      const [bytes, range] = bound <= WORD ? [4, WORD] as const : [6, 2 ** 48] as const;
      const fair = range - (range % bound);
      for (;;) {
        const drawn = draw(bytes);
        if (drawn < fair) return drawn % bound;
      }
    },
  };
}

const STAGES = ['arrive', 'attract', 'complete'] as const;
const NOTICED = ['recognised', 'recognised', 'recognised', 'confirmed', 'by_hand'] as const;

/** One visit each, spread over all cells: the same people each time. */
export function crowd(people: number): VisitorRow[] {
  return Array.from({ length: people }, (_, person) => ({
    person, known: person % 4 > 0, noticed: NOTICED[person % 5]!, part: person % 3, minutes: (person * 37) % 181, stage: STAGES[person % 3]!, tier: (person % 4) - 1 > 1 ? -1 : (person % 4) - 1, team: (person % 3) - 1,
  }));
}

/** Somebody who counts in cells that are well filled. */
export const TARGET: Omit<VisitorRow, 'person'> = { known: true, noticed: 'recognised', part: 1, minutes: 60, stage: 'attract', tier: 0, team: 0 };
