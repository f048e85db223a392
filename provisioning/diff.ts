/** The change that a stick would make, for a person to read. */
import type { Target } from './render.js';

/** Lines of context around a change. */
const CONTEXT = 1;

/** @param before what is there; null: nothing. @returns lines; none: nothing changes */
export function readableChange(target: Target, before: string | null): string[] {
  if (before === target.text) return [];
  if (target.secret === true) return [`${target.path}: ${target.text === null ? 'removed' : 'changed'} (a secret)`];
  const word = before === null ? 'new' : target.text === null ? 'removed' : 'changed';
  return [`${target.path}: ${word}`, ...lineChanges(linesOf(before), linesOf(target.text)).map((line) => `  ${line}`)];
}

const linesOf = (text: string | null): string[] => (text === null || text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Longest common subsequence: files of some hundred lines at most. */
function lineChanges(before: readonly string[], after: readonly string[]): string[] {
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) common[i]![j] = before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  }
  const all: { mark: ' ' | '-' | '+'; line: string }[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    if (i < before.length && j < after.length && before[i] === after[j]) { all.push({ mark: ' ', line: before[i]! }); i++; j++; }
    else if (i < before.length && (j === after.length || common[i + 1]![j]! >= common[i]![j + 1]!)) all.push({ mark: '-', line: before[i++]! });
    else all.push({ mark: '+', line: after[j++]! });
  }
  const near = (index: number) => all.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== ' ');
  return all.filter((_, index) => near(index)).map(({ mark, line }) => `${mark} ${line}`);
}
