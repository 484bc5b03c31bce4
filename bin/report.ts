import type { CliIo } from './io.ts';

/** What a command has to say. */
export interface Report {
  /** For `--json`: the one document on standard output. */
  readonly data: unknown;
  /** For a person: lines. */
  readonly text: readonly string[];
  /** On standard error, in both forms. */
  readonly warnings?: readonly string[];
  /** Set when it did not work: on standard error, and the exit code is 1. */
  readonly problem?: string;
}

/** @returns the exit code */
export function print({ stdout, stderr }: Pick<CliIo, 'stdout' | 'stderr'>, report: Report, json: boolean): number {
  const { data, text, warnings = [], problem } = report;
  if (json) stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  else if (text.length > 0) stdout.write(`${printable(text.join('\n'))}\n`);
  for (const warning of warnings) stderr.write(`warning: ${printable(warning)}\n`);
  if (problem === undefined) return 0;
  stderr.write(`error: ${printable(problem)}\n`);
  return 1;
}

/** Names and texts of a portal may hold anything; a terminal would obey some of it. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is removed here
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
