import { explainError } from '../explain-error.ts';
import type { Place } from '../place.ts';

export type Status = 'ok' | 'warning' | 'failure';

/** One line of the doctor: what was looked at, how it is, and if it is not well, how to mend it. */
export interface Finding {
  readonly check: string;
  readonly status: Status;
  readonly text: string;
  readonly mend?: string | undefined;
}

export function ok(check: string, text: string): Finding {
  return { check, status: 'ok', text };
}

export function warning(check: string, text: string, mend?: string): Finding {
  return { check, status: 'warning', text, mend };
}

export function failure(check: string, text: string, mend?: string): Finding {
  return { check, status: 'failure', text, mend };
}

/** What a check finds; that it cannot be made is a finding as well, and never the end of the others. */
export async function guarded(
  check: string,
  place: Place,
  work: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [failure(check, explainError(error, place))];
  }
}
