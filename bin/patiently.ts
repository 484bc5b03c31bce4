import { PortalBusy } from '../lib/portals/waiting.ts';
import type { Deployment } from './deployment.ts';

/** A person may wait so long, in ms, for a portal that is over its limits. */
const longestWaitMs = 60_000;

/** Repeats a reading call when the portal asks to wait, for a minute at most. */
export async function patiently<T>(
  { clock, sleep }: Pick<Deployment, 'clock' | 'sleep'>,
  work: () => Promise<T>,
): Promise<T> {
  const end = clock() + longestWaitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PortalBusy) || error.until > end) throw error;
      await sleep(Math.max(100, error.until - clock()));
    }
  }
}
