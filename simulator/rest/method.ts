import type { Operations } from '../crm/operations.ts';
import type { Announcer } from '../events/announcer.ts';
import type { Hit } from '../events/hit.ts';
import type { PortalConfig } from '../options.ts';
import type { App, PortalState, User } from '../state.ts';
import type { Params } from './params.ts';

/** Who calls: a user by incoming webhook, or a user by an app's access token. */
export interface Caller {
  readonly kind: 'webhook' | 'oauth';
  readonly user: User;
  readonly scope: readonly string[];
  /** What operating time is kept by: one webhook or one app. */
  readonly key: string;
  readonly app?: App;
  /** Of a token that came inside an event. */
  readonly eventRounds?: number;
}

/** The parts of a portal that methods work on. */
export interface MethodPortal {
  readonly state: PortalState;
  readonly config: PortalConfig;
  readonly crm: Operations;
  readonly announcer: Announcer;
  /** Ms since the epoch. */
  readonly now: () => number;
}

export interface Call {
  readonly portal: MethodPortal;
  readonly caller: Caller;
  readonly hit: Hit;
  readonly params: Params;
}

export interface MethodAnswer {
  readonly result: unknown;
  readonly total?: number;
  readonly next?: number;
}

export interface RestMethod {
  /** The scope the credential needs; none for the general methods. */
  readonly scope?: string;
  /** Refused with WRONG_AUTH_TYPE when called by webhook. */
  readonly appOnly?: boolean;
  /** Throws a RestError for everything the portal refuses. */
  readonly run: (call: Call) => MethodAnswer;
}

export type MethodTable = Readonly<Record<string, RestMethod>>;

export const PAGE_SIZE = 50;

/** One page of rows. Without counting (`start: -1`) there is neither `total` nor `next`, and the page is the first. */
export function page<Row>(
  rows: readonly Row[],
  start: number,
  render: (row: Row) => unknown,
  wrap?: string,
): MethodAnswer {
  const from = Math.max(0, start);
  const shown = rows.slice(from, from + PAGE_SIZE).map((row) => render(row));
  const result = wrap === undefined ? shown : { [wrap]: shown };
  if (start === -1) return { result };
  const next = from + PAGE_SIZE;
  return { result, ...(next < rows.length ? { next } : {}), total: rows.length };
}
