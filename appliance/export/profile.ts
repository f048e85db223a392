/** The list of cells and the noise on them, out of the parameters. Pure; the same parameters always give the same list, whoever was there. */
import { NO_TEAM, NO_TIER, RELEASE_TABLES, STAGE_CELLS, VISITOR_CELLS, type ReleaseParameters, type ReleaseTable, type ReleaseTableSpec } from '../contract/index.js';
import { tailBound, type Scale } from './laplace.js';

/** Budgets are counted in whole millionths of epsilon: sums of them are exact. */
export const MILLION = 1_000_000;
export const millionths = (epsilon: number): number => Math.round(epsilon * MILLION);

/** What the settings of the box say; the crowd that is asked for with noise follows from it. */
export type ExportParameters = Omit<ReleaseParameters, 'crowdWithNoise'>;

export interface Profile {
  readonly parameters: ReleaseParameters;
  /** `visitor` first. */
  readonly tables: readonly ReleaseTableSpec[];
  /** Of the tables after `visitor`, how many one person counts in. */
  readonly drawn: number;
  /** Of a release. */
  readonly epsilonMillionths: number;
}

export function makeProfile(given: ExportParameters): Profile {
  const visitorScale = reduced(MILLION, millionths(given.epsilonVisitor));
  const parameters: ReleaseParameters = {
    ...given, crowdWithNoise: given.crowdMin + tailBound(VISITOR_CELLS.length, visitorScale, given.delta),
  };
  const further = RELEASE_TABLES.slice(1).map((table) => ({ table, cells: cellsOf(table, given) })).filter(({ cells }) => cells.length > 1);
  const drawn = Math.min(given.cellsPerPerson - 1, further.length);
  const epsilonMillionths = millionths(given.epsilon);
  // One person more or less changes `drawn` of these tables by one cell each: the L1 sensitivity.
  const scale = drawn === 0 ? null : reduced(drawn * MILLION, epsilonMillionths - millionths(given.epsilonVisitor));
  return {
    parameters, drawn, epsilonMillionths,
    tables: [
      { table: 'visitor', cells: [...VISITOR_CELLS], noiseScale: visitorScale, countedShare: { numerator: 1, denominator: 1 } },
      ...(scale === null ? [] : further.map(({ table, cells }) => ({ table, cells, noiseScale: scale, countedShare: reduced(drawn, further.length) }))),
    ],
  };
}

/** The names of a table's cells. Of a table with one cell nobody would learn anything; it is left out. */
function cellsOf(table: ReleaseTable, { partEdges, stayEdges, minutesMax, tiers, teams }: ExportParameters): string[] {
  switch (table) {
    case 'visitor': return [...VISITOR_CELLS];
    case 'part': return [`until_${partEdges[0]!}`, ...partEdges.map((edge, i) => (i + 1 === partEdges.length ? `from_${edge}` : `${edge}-${partEdges[i + 1]!}`))];
    case 'stay': return [0, ...stayEdges].map((edge, i) => `${edge}-${stayEdges[i] ?? minutesMax}`);
    case 'stage': return [...STAGE_CELLS];
    case 'tier': return [...tiers, ...(tiers.length === 0 ? [] : [NO_TIER])];
    case 'team': return [...teams, ...(teams.length === 0 ? [] : [NO_TEAM])];
  }
}

function reduced(numerator: number, denominator: number): Scale {
  let [a, b] = [numerator, denominator];
  while (b !== 0) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}
