import * as z from 'zod/mini';
import { domainSchema } from '../portals/addresses.ts';

/** Every variable that serverless.yml may give a function. Nothing else in the project's library reads `process.env`. */
const variables = {
  TIDY24_RUN: z._default(z.enum(['aws', 'local']), 'aws'),
  TIDY24_PUBLIC_URL: z.url(),
  /** The role names what follows the slash. */
  TIDY24_APP_PARAMETER: z.optional(z.string().check(z.regex(/^(\/[\w.-]+)+$/))),
  /** The operator's own domains, with commas between them: a portal may move there without being asked about. */
  TIDY24_PORTAL_DOMAINS: z.pipe(
    z.pipe(
      z._default(z.string(), ''),
      z.transform((list: string) =>
        list
          .split(',')
          .map((domain) => domain.trim())
          .filter((domain) => domain !== ''),
      ),
    ),
    z.array(domainSchema),
  ),
  /** For so many days snapshots are kept, and what was deleted can be undone. */
  TIDY24_UNDO_DAYS: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(365)), 30),
  PORTALS_TABLE: z.string().check(z.minLength(1)),
  CREDENTIALS_TABLE: z.string().check(z.minLength(1)),
  TASKS_TABLE: z.string().check(z.minLength(1)),
  SNAPSHOTS_TABLE: z.string().check(z.minLength(1)),
  EVENTS_QUEUE_URL: z.url(),
  EVENTS_DLQ_URL: z.url(),
  DELETIONS_QUEUE_URL: z.url(),
  DELETIONS_DLQ_URL: z.url(),
  RECONCILE_QUEUE_URL: z.url(),
};

type Variables = typeof variables;
type Values = { [K in keyof Variables]: z.infer<Variables[K]> };

/** Thrown at cold start when a variable is missing or malformed; names each one, never its value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly code = 'ENVIRONMENT';
}

/**
 * The named variables, checked once at cold start.
 *
 * @example const env = readEnvironment(process.env, ['EVENTS_QUEUE_URL']);
 * @throws EnvironmentError naming every variable that is missing or malformed
 */
export function readEnvironment<K extends keyof Variables>(
  source: Record<string, string | undefined>,
  keys: readonly K[],
): Pick<Values, K> {
  const problems: string[] = [];
  const values: Partial<Record<K, unknown>> = {};
  for (const key of keys) {
    const parsed = variables[key].safeParse(source[key] === '' ? undefined : source[key]);
    if (parsed.success) values[key] = parsed.data;
    else problems.push(`${key} ${source[key] === undefined ? 'is missing' : 'is malformed'}`);
  }
  if (problems.length > 0) {
    throw new EnvironmentError(`The function's environment is incomplete: ${problems.join('; ')}. See serverless.yml.`);
  }
  return values as Pick<Values, K>;
}
