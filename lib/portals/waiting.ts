import type { Verdict } from '../bitrix24/reactions.ts';

/**
 * Thrown when the portal can be called again at `until` (ms since the epoch) and not before: a limit, a refresh that
 * somebody else is at, a server that is down. Nothing of the call was carried out, unless `verdict` says otherwise.
 */
export class PortalBusy extends Error {
  override readonly name = 'PortalBusy';
  readonly code = 'PORTAL_BUSY';
  readonly until: number;
  /** What the portal answered; undefined when our own budget said to wait. */
  readonly verdict: Verdict | undefined;

  constructor(message: string, { until, verdict, cause }: { until: number; verdict?: Verdict; cause?: unknown }) {
    super(message, cause === undefined ? {} : { cause });
    this.until = until;
    this.verdict = verdict;
  }
}

/** Thrown before anything is sent, when what the call rests on was read too long ago, or no longer holds. */
export class OutOfDate extends Error {
  override readonly name = 'OutOfDate';
  readonly code = 'OUT_OF_DATE';
}

/** Thrown when all work for a portal has been stopped until a person acts. The portal is paused already. */
export class PortalStopped extends Error {
  override readonly name = 'PortalStopped';
  readonly code = 'PORTAL_STOPPED';
}
