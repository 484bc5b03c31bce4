import { limitsInForce } from '../lib/bitrix24/limits.ts';
import { minute } from '../lib/bitrix24/reactions.ts';
import type { Portal } from '../lib/portals/portal.ts';
import { PortalBusy } from '../lib/portals/waiting.ts';
import { limitAmong } from '../lib/tasks/look.ts';
import type { Ask } from '../lib/tasks/rules-plan/survey.ts';
import type { Deployment } from './deployment.ts';
import type { CliIo } from './io.ts';
import { LookingSession } from './looking-session.ts';
import { iso } from './time.ts';

/** For one request with its waits, in ms: longer than the window of the operating limit. */
const longestWaitMs = 15 * minute;
/** One request with a refresh of the token, in ms. */
const requestMs = 120_000;
/** A longer wait, in ms, is told of. */
const notableWaitMs = 5_000;
/** After so many requests the command takes no more than half of what the portal allows: the work goes on meanwhile. */
const quickRequests = 20;

/**
 * Asks a portal for a command that reads much: within its limits, waiting as long as they take, and leaving room for
 * the work that goes on there. What is wrong with the portal is said, and does not pause it.
 *
 * @throws what a PortalSession throws; PortalBusy when the portal has not answered for a quarter of an hour
 */
export function patientAsk(deployment: Deployment, io: Pick<CliIo, 'stderr'>, portal: Portal): Ask {
  const { clock, sleep } = deployment;
  let asked = 0;
  const waitUntil = async (until: number, end: number, why: PortalBusy): Promise<void> => {
    if (until > end) throw why;
    const wait = Math.max(100, until - clock());
    if (wait > notableWaitMs) io.stderr.write(`${portal.domain} takes no request before ${iso(until)}\n`);
    await sleep(wait);
  };
  return async (commands) => {
    const end = clock() + longestWaitMs;
    if (asked >= quickRequests) await sleep(Math.ceil(2_000 / limitsInForce(portal, clock()).requestsPerSecond));
    asked += 1;
    for (;;) {
      try {
        const session = new LookingSession(deployment, portal, clock() + requestMs);
        const answers = await session.batch(commands, { write: false });
        const limit = limitAmong(answers.values());
        if (!limit) return answers;
        const until = clock() + (limit.waitMs ?? minute);
        await waitUntil(until, end, new PortalBusy(`${portal.domain}: ${limit.meaning}`, { until, verdict: limit }));
      } catch (error) {
        if (!(error instanceof PortalBusy)) throw error;
        await waitUntil(error.until, end, error);
      }
    }
  };
}
