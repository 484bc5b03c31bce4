import type { Position } from './schema.ts';

/** One thing that is wrong with a rules file. */
export interface Problem extends Position {
  /** `rules[0].delete[1]`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** Thrown when a rules file cannot be used. Has all problems at once, in the order of the file. */
export class RulesError extends Error {
  override readonly name = 'RulesError';
  readonly code = 'RULES';
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    super(sorted.map((problem) => formatProblem(file, problem)).join('\n'));
    this.problems = sorted;
  }
}

/** `rules.yaml:7:11 rules[0].delete[1]: what is wrong (how to mend it)` */
function formatProblem(file: string, { line, column, path, message, hint }: Problem): string {
  const where = path === '' ? '' : ` ${path}:`;
  return `${file}:${line}:${column}${where} ${message}${hint === undefined ? '' : ` (${hint})`}`;
}
