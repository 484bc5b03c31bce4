import type { Command } from 'commander';
import { pausedByHand } from '../../lib/portals/pause-codes.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import { portalView } from '../portal-view.ts';
import { printable, type Report } from '../report.ts';

interface Options extends GlobalOptions {
  readonly reason?: string;
}

const longestReason = 300;

const about = `Stops all work for a portal until somebody resumes it. Events are still taken in, tasks wait, nothing is read
from the portal or deleted there; what is being sent at this moment still is. An alarm says that a portal is paused.`;

export function addPortalsPause(portals: Command, run: CommandRun): void {
  const command = portals
    .command('pause')
    .summary('stop all work for a portal until it is resumed')
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain')
    .option('--reason <text>', 'why, for whoever looks at the portal later');
  withGlobalOptions(command, 'npx tidy24 portals pause demo.bitrix24.com --reason "Import until Monday"').action(
    (id: string, options: Options) => run.reportOn(options, (deployment) => pause(deployment, id, options.reason)),
  );
}

async function pause(deployment: Deployment, id: string, given: string | undefined): Promise<Report> {
  const { portals, operator, place } = deployment;
  if (given !== undefined && given.length > longestReason) {
    throw new UsageError(`--reason takes ${longestReason} characters at most`);
  }
  const text = printable(given ?? '').trim();
  const reason = `Paused by ${operator}${text === '' ? '.' : `: ${text}`}`;
  const { memberId, domain, state } = await findPortal(deployment, id);
  if (state === 'disconnected') throw new CommandError(`${domain} is disconnected: nothing is done for it anyway.`);
  const paused = await portals.pause(memberId, { code: pausedByHand, reason });
  const portal = await portals.get(memberId);
  if (!portal?.pause) throw new CommandError(`${domain} was changed at the same time. Run the command again.`);
  const resume = commandLine(place, `portals resume ${domain}`);
  return {
    data: { paused, portal: portalView(portal) },
    text: [
      paused
        ? `${domain} is paused. Its tasks wait until: ${resume}`
        : `${domain} is paused already (${portal.pause.code}): ${portal.pause.reason}`,
    ],
  };
}
