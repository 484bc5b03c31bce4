/**
 * What the caller must do after an answer that is no success.
 *
 * - `wait-for-limit`: the portal asks for less. Nothing was done. Wait (`waitMs`, or what the budget says) and send the
 *   same again; the wait is not an attempt. `limit` says which budget has run out.
 * - `retry-later`: may work later as it is. Wait with growing delays; each try is an attempt. With `verifyBeforeRepeat`
 *   the work may have been done: read back first, and what is gone is done.
 * - `refresh`: refresh the access token and send once more. With a webhook, or when the token has just been refreshed,
 *   there is nothing to refresh: use `withoutRefresh(row)`.
 * - `reread`: another refresher may have won. Wait out its lease and read the stored credentials again; when they have
 *   not changed, stop the portal as for `operator`.
 * - `already-gone`: the record does not exist (any more). A deletion counts as done, a read says that it is gone.
 * - `verify`: the answer alone cannot tell "gone" from "refused". Read the record: gone is done, still there is
 *   permanent.
 * - `moved`: the portal has a new address. Have it confirmed by the authorization server or a person, then repeat the
 *   POST there.
 * - `permanent`: will never work for this record. Fail the task and dead-letter it.
 * - `operator`: a person must act (`mend`). With `stopsPortal` the whole portal pauses and its tasks wait.
 * - `bug`: the request was wrong, and so is our code. Dead-letter it and raise an alarm.
 */
export type Reaction =
  | 'wait-for-limit'
  | 'retry-later'
  | 'refresh'
  | 'reread'
  | 'already-gone'
  | 'verify'
  | 'moved'
  | 'permanent'
  | 'operator'
  | 'bug';

/** What an answer means and what to do about it: the right-hand side of every table row. */
export interface Verdict {
  /** Names the row in logs, tests and dead letters. Stable and unique in its table. */
  readonly name: string;
  readonly reaction: Reaction;
  /** In plain words, for a person. */
  readonly meaning: string;
  /** What a person must do. On every row that can end at a person. */
  readonly mend?: string;
  /** Nothing will work for this portal until a person has acted: pause all of it once the reaction is `operator`. */
  readonly stopsPortal?: boolean;
  /** Whether this try counts against the task's number of attempts. */
  readonly countsAttempt: boolean;
  /** The work may have been done although the answer says otherwise: read back before anything is sent again. */
  readonly verifyBeforeRepeat?: boolean;
  /** For `wait-for-limit`: `rate` holds for every method of the portal, `operating` for the called method alone. */
  readonly limit?: 'rate' | 'operating';
  /** The first wait in ms when nothing better is known; later ones grow. For a stopped portal: when to look again. */
  readonly waitMs?: number;
  /** When trying again has not helped for so many attempts or so many ms, go on as `to` says. */
  readonly escalate?: {
    readonly to: 'permanent' | 'operator';
    readonly afterAttempts?: number;
    readonly afterMs?: number;
  };
  /** Harmless for one record, but when every record of a portal ends here, the right itself is missing: `operator`. */
  readonly operatorWhenEvery?: boolean;
}

/**
 * After so many attempts, seven to eight minutes with their waits, a portal that fails hardly mends itself. A restart or a
 * proxy that is in trouble is over by then, and what was no fault of the record has not used them up.
 */
export const fewAttempts = 5;

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** The same row for a caller that cannot refresh, or has just done so in vain: what was `refresh` is `operator`. */
export function withoutRefresh<T extends Verdict>(row: T): T {
  return row.reaction === 'refresh' ? { ...row, reaction: 'operator' } : row;
}
