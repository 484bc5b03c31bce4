import type { Command } from 'commander';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { withGlobalOptions } from '../global-options.ts';
import type { Report } from '../report.ts';

export function addPortalsResume(portals: Command, run: CommandRun): void {
  const command = portals
    .command('resume')
    .summary('let the work for a paused portal go on')
    .description('Lets the work for a paused portal go on. Its tasks become due at once.')
    .argument('<ID>', 'member id or domain');
  withGlobalOptions(command, 'npx tidy24 portals resume demo.bitrix24.com').action(
    (id: string, options: GlobalOptions) => run.reportOn(options, (deployment) => resume(deployment, id)),
  );
}

async function resume({ portals, tasks }: Deployment, id: string): Promise<Report> {
  const { memberId, domain, pause } = await findPortal(portals, id);
  const resumed = await portals.resume(memberId);
  // Also when it was not paused: an earlier resume may have died before this.
  await tasks.hastenPortal(memberId);
  const was = pause ? ` It was paused (${pause.code}): ${pause.reason}` : '';
  return {
    data: { memberId, domain, resumed },
    text: [resumed ? `${domain} works again; its tasks are due now.${was}` : `${domain} is not paused.`],
  };
}
