import type { StatusProfile } from './options.ts';

/** An error that a portal answers with: `{"error": code, "error_description": description}`. The code is often empty. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  readonly code: string | number;

  constructor(status: number, code: string | number, description: string) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

/** HTTP status by source, in the order docs, newest, source. */
const SYSTEM_ERRORS = {
  expired_token: [[401, 401, 401], 'The access token provided has expired.'],
  invalid_token: [[401, 401, 401], 'Unable to get application by token'],
  NO_AUTH_FOUND: [[401, 401, 401], 'Wrong authorization data'],
  INVALID_CREDENTIALS: [[403, 401, 401], 'Invalid request credentials'],
  authorization_error: [[401, 401, 401], 'Unable to authorize user'],
  APPLICATION_NOT_FOUND: [[401, 401, 401], 'Application not found'],
  PAYMENT_REQUIRED: [[401, 401, 401], 'Payment required'],
  user_access_error: [[403, 401, 401], 'The user does not have access to the application.'],
  allowed_only_intranet_user: [[403, 403, 403], 'Action is allowed for intranet users only'],
  WRONG_AUTH_TYPE: [[403, 403, 403], 'Current authorization type is denied for this method'],
  METHOD_CONFIRM_WAITING: [[401, 401, 401], 'Waiting for confirmation'],
  METHOD_CONFIRM_DENIED: [[403, 403, 403], 'Method call denied'],
  QUERY_LIMIT_EXCEEDED: [[503, 503, 503], 'Too many requests'],
  OPERATION_TIME_LIMIT: [[429, 429, 429], 'Method is blocked due to operation time limit.'],
  OVERLOAD_LIMIT: [[503, 401, 401], 'REST API is blocked due to overload.'],
  CONNECTION_ERROR: [[401, 401, 401], 'Error connecting to authorization server'],
  INTERNAL_SERVER_ERROR: [[500, 500, 500], 'Internal server error'],
  ERROR_UNEXPECTED_ANSWER: [[500, 500, 500], 'Server returned an unexpected response'],
  PORTAL_DELETED: [[500, 403, 403], 'Portal was deleted'],
  ERROR_METHOD_NOT_FOUND: [[404, 404, 404], 'Method not found!'],
  INVALID_REQUEST: [[400, 401, 401], 'Https required.'],
  ERROR_BATCH_LENGTH_EXCEEDED: [[400, 400, 400], 'Max batch length exceeded'],
  ERROR_BATCH_METHOD_NOT_ALLOWED: [[405, 405, 405], 'Method is not allowed for batch usage'],
  INTERNAL_WRONG_TRANSPORT: [[500, 500, 500], 'Wrong response format'],
} as const satisfies Record<string, readonly [readonly [number, number, number], string]>;

export type SystemErrorCode = keyof typeof SYSTEM_ERRORS;

export function systemError(code: SystemErrorCode, profile: StatusProfile): RestError {
  const [statuses, description] = SYSTEM_ERRORS[code];
  return new RestError(pick(statuses, profile), code, description);
}

/** The scope the credential lacks; a batch leaves the text of a command empty. */
export function insufficientScope(kind: 'access' | 'webhook', profile: StatusProfile): RestError {
  const text = `The request requires higher privileges than provided by the ${kind} token`;
  return new RestError(pick([403, 401, 401], profile), 'insufficient_scope', text);
}

/** The plan does not include REST (any more). */
export function planEnded(profile: StatusProfile): RestError {
  return new RestError(
    pick([403, 401, 401], profile),
    'ACCESS_DENIED',
    'REST (API) is available only on commercial plans.',
  );
}

/** No right on this one record, as the link methods say it: 400 in the documentation, 403 in the source. */
export function objectAccessDenied(profile: StatusProfile): RestError {
  return new RestError(pick([400, 400, 403], profile), 'ACCESS_DENIED', 'Access denied!');
}

/** An error with an empty code: its English text is all a client gets. */
export function unnamedError(description: string): RestError {
  return new RestError(400, '', description);
}

const COLUMN: Readonly<Record<StatusProfile, 0 | 1 | 2>> = { docs: 0, newest: 1, source: 2 };

function pick(statuses: readonly [number, number, number], profile: StatusProfile): number {
  return statuses[COLUMN[profile]];
}
