import type { Row } from './error-rows.ts';
import type { Verdict } from './reactions.ts';
import { redact } from './redact.ts';
import { classifySymptom, type Symptom, type SymptomRow } from './symptoms.ts';

/** Which call failed. */
export interface Call {
  /** The portal's or authorization server's host name alone: a path may hold a webhook's code. */
  readonly host: string;
  /** The REST method, `crm.item.list`, or `oauth.token`. */
  readonly method: string;
}

/** The base of all that can go wrong with a call. Names host and method, never a token, a path or a body. */
export abstract class Bitrix24Error extends Error {
  override readonly name: string = 'Bitrix24Error';
  /** Stable, one for each class. */
  abstract readonly code: string;
  /** What to do: the row of the table for what came, or did not come, back. */
  abstract readonly row: Verdict;
  readonly host: string;
  readonly method: string;
  readonly status: number | undefined;

  constructor(call: Call, what: string, { status, cause }: { status?: number | undefined; cause?: unknown } = {}) {
    const suffix = status === undefined ? '' : ` (HTTP ${status})`;
    super(`${call.method} at ${call.host} failed: ${what}${suffix}`, cause === undefined ? {} : { cause });
    this.host = call.host;
    this.method = call.method;
    this.status = status;
  }
}

/** Thrown when the answer carries an `error` key. `row` is from `classify` or `classifyOAuth`. */
export class PortalError extends Bitrix24Error {
  override readonly name = 'PortalError';
  readonly code = 'PORTAL_ERROR';
  readonly row: Row;
  /** The answer's `error`; the empty string is common. */
  readonly error: string;
  /** The answer's `error_description`, cut and without anything that looks like a credential. */
  readonly description: string;

  /** `secrets`: the credentials of this call, so that an answer that quotes them cannot carry them on. Not kept. */
  constructor(
    call: Call,
    answer: { readonly status: number; readonly error: string; readonly description: string },
    row: Row,
    secrets: readonly string[] = [],
  ) {
    const error = redact(answer.error, secrets);
    super(call, codeIn(error, row), { status: answer.status });
    this.row = row;
    this.error = error;
    this.description = redact(answer.description, secrets);
  }
}

/** For a message, which may stand in a log: what is no code is a sentence, and nobody knows who is named in it. */
function codeIn(error: string, { name }: Row): string {
  if (error === '') return `${name}, an error without a code`;
  return isErrorCode(error) ? error : `${name}, an error with a text for its code`;
}

/** Whether the `error` of an answer is a code; some carry a sentence there. */
export function isErrorCode(error: string): boolean {
  return /^[\w.:-]{1,80}$/.test(error);
}

/** Thrown when nothing was sent, or surely nothing of it arrived: no DNS name, connection refused, no TLS. */
export class PortalUnreachable extends Bitrix24Error {
  override readonly name = 'PortalUnreachable';
  readonly code = 'PORTAL_UNREACHABLE';
  readonly row: SymptomRow = classifySymptom({ kind: 'unreachable' });

  constructor(call: Call, options: { cause?: unknown } = {}) {
    super(call, 'the host could not be reached, nothing was sent', options);
  }
}

/** Thrown when the request was sent and no answer came in time: it may have been carried out. Read back first. */
export class OutcomeUnknown extends Bitrix24Error {
  override readonly name = 'OutcomeUnknown';
  readonly code = 'OUTCOME_UNKNOWN';
  readonly row: SymptomRow = classifySymptom({ kind: 'no-answer' });
  /** How long we waited, in ms: it is charged to the budget as if the portal had worked all the time. */
  readonly waitedMs: number;

  constructor(call: Call, waitedMs: number, options: { cause?: unknown } = {}) {
    super(call, `sent, but no answer within ${Math.round(waitedMs)} ms; it may have been carried out`, options);
    this.waitedMs = waitedMs;
  }
}

const bodyWords = {
  html: 'HTML',
  empty: 'empty',
  truncated: 'cut-off JSON',
  other: 'something else',
} as const;

/**
 * Thrown when an answer came whose body is no Bitrix24 answer: HTML, nothing, cut-off JSON. Takes no cause, because a
 * JSON parser's message quotes the body.
 */
export class UnusableAnswer extends Bitrix24Error {
  override readonly name = 'UnusableAnswer';
  readonly code = 'UNUSABLE_ANSWER';
  readonly row: SymptomRow;
  readonly symptom: Extract<Symptom, { kind: 'unusable' }>;

  constructor(call: Call, symptom: Extract<Symptom, { kind: 'unusable' }>) {
    super(call, `the answer is no JSON answer but ${bodyWords[symptom.body]}`, { status: symptom.status });
    this.symptom = symptom;
    this.row = classifySymptom(symptom);
  }
}

/** Thrown when the answer is a redirect: to another host when the portal was renamed, to the same when it is closed. */
export class PortalMoved extends Bitrix24Error {
  override readonly name = 'PortalMoved';
  readonly code = 'PORTAL_MOVED';
  readonly row: SymptomRow;
  /** The host in `Location`, and nothing else of it. Not to be trusted before it is confirmed. */
  readonly locationHost: string;

  constructor(call: Call, redirect: { readonly status: number; readonly locationHost: string }) {
    const elsewhere = redirect.locationHost.toLowerCase() !== call.host.toLowerCase();
    super(call, elsewhere ? `moved to ${redirect.locationHost}` : 'redirected to a page of the same host', {
      status: redirect.status,
    });
    this.locationHost = redirect.locationHost;
    this.row = classifySymptom({
      kind: elsewhere ? 'redirect-elsewhere' : 'redirect-same-host',
      status: redirect.status,
    });
  }
}
