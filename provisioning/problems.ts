/** What is wrong with a file, for the person who wrote it. */

export interface Problem {
  /** As on the stick: portico.yaml. */
  file: string;
  /** Both from 1; columns count UTF-16 units, as editors do. A missing entry: where the entry would go. */
  line: number;
  column: number;
  /** Where in the file, such as network.ntp[1]; empty: the file as a whole. */
  path: string;
  /** For programs: see PROBLEM_CODES. */
  code: ProblemCode;
  /** What to do, in English. Holds no secret. */
  message: string;
}

/** Stable; explained in docs/stick.md. */
export const PROBLEM_CODES = [
  // The file as a whole
  'file_missing', 'file_refused', 'file_too_large', 'file_twice', 'encoding', 'empty', 'too_complicated', 'other_kind', 'other_version',
  // YAML
  'syntax', 'tab', 'duplicate_key', 'several_documents', 'alias', 'tag',
  // Who says it, and when
  'unsigned', 'signature_wrong', 'other_organisation', 'over',
  // What is said
  'unknown_key', 'missing_key', 'wrong_type', 'wrong_value', 'contradiction', 'more_problems',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** More help nobody, and a hostile file could have any number. */
export const PROBLEMS_MAX = 50;

/** In the order of the file, at most PROBLEMS_MAX and then one that says how many more there are. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  // The parser may stumble twice over the same thing.
  const once = new Map(problems.map((problem) => [`${problem.file}:${problem.line} ${problem.path} ${problem.message}`, problem]));
  const sorted = [...once.values()].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
  const last = sorted[PROBLEMS_MAX];
  if (last === undefined) return sorted;
  const more = sorted.length - PROBLEMS_MAX;
  return [...sorted.slice(0, PROBLEMS_MAX), { ...last, path: '', code: 'more_problems', message: `${more} more problem${more === 1 ? '' : 's'} from here on. Put these right first.` }];
}

/** `portico.yaml:12:3: ...`, as compilers write it, so that editors can jump there. */
export function inWords(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}
