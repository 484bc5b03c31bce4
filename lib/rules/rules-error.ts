import type { Position } from './schema.ts';

/** One thing that is wrong with a rules file. */
export interface Problem extends Position {
  /** `rules[0].delete[1]`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

const mostProblems = 100;

/** Thrown when a rules file cannot be used. Has all problems at once, the first hundred of them, in the file's order. */
export class RulesError extends Error {
  override readonly name = 'RulesError';
  readonly code = 'RULES';
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const once = new Map(problems.map((problem) => [formatProblem(file, problem), problem]));
    const sorted = [...once.values()].toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, mostProblems);
    super(sorted.map((problem) => formatProblem(file, problem)).join('\n'));
    this.problems = sorted;
  }
}

/** `rules.yaml:7:11 rules[0].delete[1]: what is wrong (how to mend it)` */
function formatProblem(file: string, { line, column, path, message, hint }: Problem): string {
  const where = path === '' ? '' : ` ${path}:`;
  return `${file}:${line}:${column}${where} ${message}${hint === undefined ? '' : ` (${hint})`}`;
}
