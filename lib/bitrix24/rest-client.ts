import { envelopeSchema, errorEnvelopeSchema, type RestAnswer } from './answers.ts';
import type { Clock } from './clock.ts';
import { classify } from './errors.ts';
import { type Call, PortalError, UnusableAnswer } from './failures.ts';
import { postForJson } from './http.ts';

/** Where and as whom to call: the REST endpoint, ending in a slash, and a token unless the endpoint is a webhook's. */
export interface Access {
  /** `https://demo.bitrix24.com/rest/` or `https://demo.bitrix24.com/rest/1/code/`. Secret in the second form. */
  readonly endpoint: string;
  readonly token?: string;
}

export interface CallOptions {
  /** A write is not started unless its answer can be waited for. */
  readonly write: boolean;
  /** ms since the epoch: when the caller must have ended, for example with its Lambda. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

/** The cloud cuts a request at 60 s; to give up before that would leave outcomes unknown without need. */
export const requestTimeoutMs = 65_000;
/** The time-out and what is needed afterwards to note what happened. */
const writeNeedsMs = 75_000;
const readNeedsMs = 5_000;
/** Left to the caller after a read has been given up. */
const marginMs = 2_000;

/** Thrown before anything is sent, when too little time is left to wait for the answer. */
export class TooLateToStart extends Error {
  override readonly name = 'TooLateToStart';
  readonly code = 'TOO_LATE_TO_START';
}

export interface RestClientOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** ms; 65 s unless a test cannot wait so long. */
  readonly timeoutMs?: number;
}

/**
 * A thin client for Bitrix24's REST interface (general-principles.md): one JSON POST per call, the token in the body,
 * never a retry. What went wrong is one of the errors of failures.ts, each with the row of the table that says what to
 * do.
 */
export class RestClient {
  readonly #fetch: typeof globalThis.fetch;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor({ fetch, clock, timeoutMs = requestTimeoutMs }: RestClientOptions) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @throws TooLateToStart before anything is sent
   * @throws PortalError when the answer has an `error` key, even an empty one
   * @throws PortalUnreachable, OutcomeUnknown, PortalMoved, UnusableAnswer
   */
  async call(
    access: Access,
    method: string,
    params: Record<string, unknown>,
    { write, deadline, signal }: CallOptions,
  ): Promise<RestAnswer> {
    const left = deadline - this.#clock();
    if (left < (write ? writeNeedsMs : readNeedsMs)) {
      throw new TooLateToStart(`${method} was not started: ${Math.max(0, left)} ms are left`);
    }

    const url = new URL(method, access.endpoint);
    const call: Call = { host: url.host, method };
    const { status, json } = await postForJson(this.#fetch, url.href, {
      call,
      contentType: 'application/json',
      body: JSON.stringify(access.token === undefined ? params : { ...params, auth: access.token }),
      timeoutMs: Math.min(this.#timeoutMs, left - marginMs),
      signal,
    });

    const error = errorEnvelopeSchema.safeParse(json);
    if (error.success) {
      const answer = { status, ...error.data };
      throw new PortalError(call, answer, classify({ ...answer, method }), secretsIn(access));
    }
    const answer = envelopeSchema.safeParse(json);
    if (!answer.success || !('result' in json)) {
      throw new UnusableAnswer(call, { kind: 'unusable', status, body: 'other' });
    }
    return answer.data;
  }
}

/** What an answer may quote and we may not: the token, or the parts of a webhook's path. */
function secretsIn({ endpoint, token }: Access): string[] {
  if (token !== undefined) return [token];
  return new URL(endpoint).pathname.split('/').filter((part) => part.length > 5);
}
