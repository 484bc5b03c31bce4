import { UsageError } from './command-error.ts';

/** ms since the epoch, as --since and --until give them. */
export interface AskedPeriod {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** @throws UsageError when the period ends before it begins, or as it begins */
export function checkPeriod({ since, until }: AskedPeriod): void {
  if (since !== undefined && until !== undefined && since >= until) {
    throw new UsageError('--since has to be before --until');
  }
}
