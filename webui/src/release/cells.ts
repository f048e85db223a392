/** The cells of a release in the order of its tables, and what the page calls each. Pure. */
import { NO_TEAM, NO_TIER, type ExportComparison, type ReleasedCell, type ReleaseTable } from '../contract.js';

/** A cell as it was released; with the true figure where somebody looks at it. */
export type ShownCell = Omit<ReleasedCell, 'cell'> & { readonly cell: string; readonly actual?: number };

/** What was released, with the true figures where they are here. Of a day of which nothing was released, the comparison's cells alone. */
export function withActual(released: readonly ReleasedCell[], compared: ExportComparison['cells']): readonly ShownCell[] {
  if (released.length === 0 || compared.length === 0) return released.length === 0 ? compared : released;
  const actual = new Map(compared.map((each) => [`${each.table} ${each.cell}`, each.actual]));
  return released.map((each) => {
    const figure = actual.get(`${each.table} ${each.cell}`);
    return figure === undefined ? each : { ...each, actual: figure };
  });
}

/** Cells that follow one another in the same table, together. */
export function byTable<C extends { readonly table: ReleaseTable }>(cells: readonly C[]): { readonly table: ReleaseTable; readonly cells: C[] }[] {
  const tables: { table: ReleaseTable; cells: C[] }[] = [];
  for (const cell of cells) {
    const last = tables.at(-1);
    if (last?.table === cell.table) last.cells.push(cell);
    else tables.push({ table: cell.table, cells: [cell] });
  }
  return tables;
}

/** `words`: a key of the messages, with its `values`. A text alone is shown as it is: head office chose it. */
export type CellName = string | { readonly words: string; readonly values: Readonly<Record<string, string>> };

const words = (key: string, values: Readonly<Record<string, string>> = {}): CellName => ({ words: key, values });

/** A name that this page does not know, from a newer box, is shown as it is. @param isLast of its table: the longest stays have no end */
export function cellName(table: ReleaseTable, cell: string, isLast: boolean): CellName {
  switch (table) {
    case 'visitor': return words(`headOffice.visitor.${cell}`);
    case 'stage': return words(`during.stage.${cell}`);
    case 'part': return partName(cell);
    case 'stay': return stayName(cell, isLast);
    case 'tier': return cell === NO_TIER ? words('headOffice.noTier') : cell;
    case 'team': return cell === NO_TEAM ? words('headOffice.noTeam') : cell;
  }
}

function partName(cell: string): CellName {
  const [, side, edge] = /^(until|from)_(\d\d:\d\d)$/.exec(cell) ?? [];
  if (side !== undefined && edge !== undefined) return words(`headOffice.part.${side}`, { edge });
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(cell) ?? [];
  return from !== undefined && to !== undefined ? words('headOffice.part.between', { from, to }) : cell;
}

function stayName(cell: string, isLast: boolean): CellName {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(cell) ?? [];
  if (from === undefined || to === undefined) return cell;
  if (from === '0') return words('headOffice.stay.under', { to });
  return isLast ? words('headOffice.stay.over', { from }) : words('headOffice.stay.between', { from, to });
}

/**
 * How much surer somebody can become by one release whether a customer was there that day: the factor on the odds, one decimal.
 * @param epsilon of one release, 0.1 to 1
 */
export const oddsFactor = (epsilon: number): number => Math.round(Math.exp(epsilon) * 10) / 10;

/** Budgets are sums of millionths; nobody reads more than two decimals. */
export const epsilonText = (epsilon: number): string => String(Math.round(epsilon * 100) / 100);
