import { type AnswerTime, batchResultSchema } from './answers.ts';
import { queryString } from './query-string.ts';

/** The most commands that one `batch` call may carry (batch.md). */
export const maxBatchCommands = 50;

export interface Command {
  method: string;
  params: Record<string, unknown>;
}

/** What became of one command of a batch. `missing`: the answer does not mention it, so its outcome is unknown. */
export type CommandAnswer =
  | {
      kind: 'result';
      result: unknown;
      next?: number | undefined;
      /** Of a list: how many there are in all, unless it was asked for with `start: -1`. */
      total?: number | undefined;
      time?: AnswerTime | undefined;
    }
  | { kind: 'error'; error: string; description: string }
  | { kind: 'missing' };

/**
 * The parameters of a `batch` call. Keys must not be numbers: PHP turns 0..n into lists. `halt: 0` because one
 * refused command must not keep the others from running.
 */
export function batchParams(commands: ReadonlyMap<string, Command>): { halt: 0; cmd: Record<string, string> } {
  if (commands.size > maxBatchCommands) throw new RangeError(`A batch holds ${maxBatchCommands} commands at most`);
  const cmd: Record<string, string> = {};
  for (const [key, { method, params }] of commands) {
    if (/^\d/.test(key)) throw new RangeError(`The key of a batch command must not start with a digit: ${key}`);
    cmd[key] = `${method}?${queryString(params)}`;
  }
  return { halt: 0, cmd };
}

/**
 * The answer to each command that was sent, in the order of sending. A `result` that is no batch answer makes every
 * command `missing`: what happened is not known.
 */
export function readBatch(commands: ReadonlyMap<string, Command>, result: unknown): Map<string, CommandAnswer> {
  const parsed = batchResultSchema.safeParse(result);
  const answers = new Map<string, CommandAnswer>();
  for (const key of commands.keys()) {
    const error = parsed.data?.result_error?.[key];
    const results = parsed.data?.result ?? {};
    if (error !== undefined) answers.set(key, { kind: 'error', ...error });
    else if (Object.hasOwn(results, key)) {
      answers.set(key, {
        kind: 'result',
        result: results[key],
        next: parsed.data?.result_next?.[key],
        total: parsed.data?.result_total?.[key],
        time: parsed.data?.result_time?.[key],
      });
    } else answers.set(key, { kind: 'missing' });
  }
  return answers;
}
