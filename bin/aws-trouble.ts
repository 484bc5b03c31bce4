import * as z from 'zod';
import { QueueUnavailable } from '../lib/aws/queue.ts';
import type { TableUnavailable } from '../lib/aws/table.ts';
import type { Place } from './place.ts';

/** Names of the SDK's errors that mean that AWS does not accept who asks. */
const refused = new Set([
  'CredentialsProviderError',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'InvalidClientTokenId',
  'ExpiredTokenException',
  'ExpiredToken',
  'TokenProviderError',
  'IncompleteSignature',
]);

/** The SDK's names for a table or a queue that is not there. */
const missing = ['ResourceNotFoundException', 'QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'];

/** Why a table or a queue did not answer and what to do, from the SDK's error; its text is not passed on. */
export function explainAwsError(error: TableUnavailable | QueueUnavailable, place: Place | undefined): string {
  const names = namesOf(error.cause);
  if (place?.local) return explainLocal(error, names, place);
  if (missing.some((name) => names.has(name))) {
    const where = place?.region === undefined ? 'in the AWS region of your environment' : `in ${place.region}`;
    return (
      `There is no tidy24 of stage ${place?.stage ?? 'prod'} ${where}. Deploy it with npm run deploy, say where it is ` +
      'with --stage and --region, or use --local.'
    );
  }
  if (names.has('RegionMissing')) {
    return 'No AWS region is set. Say where tidy24 is deployed with --region or AWS_REGION, or use --local.';
  }
  if ([...names].some((name) => refused.has(name))) {
    return 'AWS does not accept the credentials of your environment, or there are none. Set AWS_PROFILE or log in, or use --local.';
  }
  if (names.has('AccessDeniedException') || names.has('AccessDenied')) {
    const what = error instanceof QueueUnavailable ? 'queue' : 'table';
    return `${error.message}. Your AWS user lacks the right to use this ${what}.`;
  }
  return `${error.message}. Look whether AWS can be reached from here, and try again.`;
}

function explainLocal(
  error: TableUnavailable | QueueUnavailable,
  names: ReadonlySet<string>,
  { endpoint: tables, queueEndpoint }: Place,
): string {
  const isQueue = error instanceof QueueUnavailable;
  const endpoint = isQueue ? queueEndpoint : tables;
  if (names.has('ECONNREFUSED')) {
    return `The local run does not answer at ${endpoint ?? ''}: start it with npm start, in another terminal.`;
  }
  if (missing.some((name) => names.has(name))) {
    return `What answers at ${endpoint ?? ''} has no ${isQueue ? 'queues' : 'tables'} of tidy24: stop it, and start the local run with npm start.`;
  }
  return `${error.message}. Is it the local run of tidy24 (npm start) that listens at ${endpoint ?? ''}?`;
}

/** Of an error and its causes, whichever part of the SDK or of Node they come from. */
const causeSchema = z.object({
  name: z.string().catch(''),
  message: z.string().catch(''),
  code: z.string().catch(''),
  cause: z.unknown().optional(),
  errors: z.array(z.unknown()).catch([]),
});

function namesOf(error: unknown, depth = 0): Set<string> {
  const parsed = causeSchema.safeParse(error);
  if (!parsed.success || depth > 5) return new Set();
  const { name, message, code, cause, errors } = parsed.data;
  const names = new Set([name, code]);
  // The SDK may wrap what Node threw, and then its code stands in the message alone.
  for (const [inMessage] of message.matchAll(/\bE[A-Z]{5,}\b/g)) names.add(inMessage);
  // The SDK's error for it has neither a name nor a code of its own.
  if (message.startsWith('Region is missing')) names.add('RegionMissing');
  for (const one of [cause, ...errors]) for (const inner of namesOf(one, depth + 1)) names.add(inner);
  return names;
}
