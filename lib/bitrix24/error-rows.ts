import type { Verdict } from './reactions.ts';

/**
 * An answer that carries an `error` key, whatever its HTTP status; also one entry of a batch's `result_error`, with the
 * status of the batch around it.
 */
export interface Answer {
  readonly status: number;
  /** As the portal wrote it. The empty string is common, numbers come as their digits, the case varies. */
  readonly error: string;
  readonly description: string;
  /** The REST method that was called, `crm.item.delete`; inside a batch the command's own method. */
  readonly method: string;
}

/** One row of a table of error answers. All of the conditions that it names must hold; the first such row wins. */
export interface Row extends Verdict {
  /** In lower case; `*` is any. */
  readonly error: string;
  /** Looked for in the description, which is lower-cased and has lost its trailing dot. */
  readonly description?: RegExp;
  /** In lower case. */
  readonly methods?: readonly string[];
  /** First and last HTTP status. */
  readonly statuses?: readonly [from: number, to: number];
}

/** The first row that holds for the answer. A table ends in a row that always holds. */
export function firstRow(table: readonly Row[], answer: Answer): Row {
  const error = answer.error.trim().toLowerCase();
  const description = answer.description.trim().toLowerCase().replace(/\.$/, '');
  const method = answer.method.toLowerCase();
  const row = table.find(
    (candidate) =>
      (candidate.error === '*' || candidate.error === error) &&
      (candidate.description === undefined || candidate.description.test(description)) &&
      (candidate.methods === undefined || candidate.methods.includes(method)) &&
      (candidate.statuses === undefined ||
        (answer.status >= candidate.statuses[0] && answer.status <= candidate.statuses[1])),
  );
  if (row === undefined) throw new TypeError('A table of error answers must end in a row that always holds.');
  return row;
}
