import type { Command } from 'commander';
import type { Portal } from '../../lib/portals/portal.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import { portalView } from '../portal-view.ts';
import type { Report } from '../report.ts';
import { textTable } from '../text-table.ts';

export function addPortalsList(portals: Command, run: CommandRun): void {
  const command = portals
    .command('list')
    .summary('list the portals')
    .description('Lists the portals, with their state and mode.');
  withGlobalOptions(command, 'npx tidy24 portals list').action((options: GlobalOptions) => run.reportOn(options, list));
}

async function list({ portals, place }: Deployment): Promise<Report> {
  const all = (await portals.list()).toSorted((a, b) => a.domain.localeCompare(b.domain));
  const data = all.map(portalView);
  if (all.length > 0) return { data, text: textTable(headings, all.map(row)) };
  const text = [
    'No portal is connected yet.',
    `By webhooks:    ${commandLine(place, 'portals connect')}`,
    `By a local app: install it on the portal, then ${commandLine(place, 'portals credentials')}`,
  ];
  return { data, text };
}

const headings = ['DOMAIN', 'MEMBER ID', 'STATE', 'MODE', 'RULES', 'PAUSED'] as const;

function row({ domain, memberId, state, mode, rulesVersion, pause }: Portal): string[] {
  return [domain, memberId, state, mode, rulesVersion === undefined ? '-' : `v${rulesVersion}`, pause?.code ?? '-'];
}
