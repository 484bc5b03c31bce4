import { core } from 'zod';
import { QueueUnavailable } from '../lib/aws/queue.ts';
import { TableUnavailable } from '../lib/aws/table.ts';
import { Bitrix24Error, OutcomeUnknown, PortalError } from '../lib/bitrix24/failures.ts';
import { UnknownAuthorizationServer } from '../lib/bitrix24/oauth.ts';
import { redact } from '../lib/bitrix24/redact.ts';
import { TooLateToStart } from '../lib/bitrix24/rest-client.ts';
import { DirectoryUnreadable } from '../lib/portals/ask.ts';
import { CredentialsRevoked } from '../lib/portals/refresh.ts';
import { UnreadableRow } from '../lib/portals/unreadable-row.ts';
import { PortalBusy, PortalStopped } from '../lib/portals/waiting.ts';
import { RulesError } from '../lib/rules/rules-error.ts';
import { CommandError, UsageError } from './command-error.ts';
import type { Place } from './place.ts';
import { explainAwsError } from './aws-trouble.ts';
import { iso } from './time.ts';

/** What went wrong and how to mend it, in a line (rules: a line for each problem). `place`: where it was tried. */
export function explainError(error: unknown, place: Place | undefined): string {
  if (error instanceof CommandError || error instanceof UsageError || error instanceof RulesError) return error.message;
  if (error instanceof TableUnavailable || error instanceof QueueUnavailable) return explainAwsError(error, place);
  if (error instanceof PortalBusy) return `${error.message}. Try again after ${iso(error.until)}.`;
  // A command only reads from a portal, so it does not matter whether the call was carried out.
  if (error instanceof OutcomeUnknown) return `${error.host} did not answer (${error.method}). Try again.`;
  if (error instanceof Bitrix24Error) return explainCall(error);
  if (error instanceof CredentialsRevoked) return error.advice;
  if (error instanceof UnreadableRow) return `${error.message}: another version of tidy24 may have written it.`;
  if (
    error instanceof PortalStopped ||
    error instanceof DirectoryUnreadable ||
    error instanceof TooLateToStart ||
    error instanceof UnknownAuthorizationServer
  ) {
    return error.message;
  }
  // A schema's issues may quote what stands in the row: only the fields are named.
  const what =
    error instanceof core.$ZodError
      ? `Something has not the expected form: ${error.issues.map(({ path }) => path.join('.')).join(', ')}`
      : `An unexpected error: ${error instanceof Error ? error.name : typeof error}`;
  return `${what}. Run it again with TIDY24_DEBUG=1 to see where, and report it.`;
}

function explainCall(error: Bitrix24Error): string {
  const { message, row } = error;
  const quoted = error instanceof PortalError && error.description !== '' ? ` It says: ${error.description}` : '';
  return `${message}. ${row.meaning} ${row.mend ?? ''}`.trimEnd() + quoted;
}

/** Where an error came from, for TIDY24_DEBUG=1: names, codes and places in the code, and of messages what is harmless. */
export function traceOf(error: unknown): string {
  const lines: string[] = [];
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    const code = 'code' in cause && typeof cause.code === 'string' ? ` ${cause.code}` : '';
    lines.push(`${depth === 0 ? '' : 'caused by '}${cause.name}${code}: ${redact(cause.message)}`);
    lines.push(...(cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)));
  }
  return lines.join('\n');
}
