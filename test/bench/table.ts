import type { Target } from './targets.js';

/** The result for a reader: first the figures, then the targets. */
export function table(result: { targets: Record<string, Target> } & Record<string, unknown>): string {
  const { targets, ...figures } = result;
  const rows = Object.entries(figures).map(([key, value]) => [key, inWords(value)] as const);
  const held = Object.entries(targets).map(([name, { value, limit, ok }]) => [name, `${String(value).padStart(8)}   ${limit.padEnd(8)} ${ok ? 'held' : 'MISSED'}`] as const);
  return [...columns(rows), '', ...columns(held)].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => name.padEnd(width) + value);
}

function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return Object.entries(value).map(([key, each]) => `${key} ${String(each)}`).join(', ');
}
