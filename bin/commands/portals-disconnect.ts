import type { Command } from 'commander';
import { unbindAll } from '../../lib/portals/bindings.ts';
import { pendingWebhookId, type Portal } from '../../lib/portals/portal.ts';
import { PortalSession } from '../../lib/portals/session.ts';
import { finishUninstall } from '../../lib/tasks/uninstall.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { confirmDomain } from '../confirm-domain.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { explainError } from '../explain-error.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { patiently } from '../patiently.ts';
import { portalTasks } from '../portal-tasks.ts';
import type { Report } from '../report.ts';

interface Options extends GlobalOptions {
  readonly confirm?: string;
}

/** Two minutes for what a command asks a portal, and for each part of the work, in ms. */
const deadlineMs = 120_000;
/** Parts of the work at most; the function goes on where the command ends. */
const mostParts = 30;

const about = `Gives a portal up: unbinds tidy24's events there, erases its tokens or its webhook and its app's secret,
cancels its open tasks, and keeps what was done as a record. Nothing is deleted on the portal, and nothing is read from
it any more. Remove the app or the webhooks on the portal yourself.

You type the portal's domain, or give it with --confirm. If the command dies, the rest is done by itself within minutes.`;

export function addPortalsDisconnect(portals: Command, run: CommandRun): void {
  const command = portals
    .command('disconnect')
    .summary('give a portal up: erase its credentials, cancel its open tasks')
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain')
    .option('--confirm <domain>', "the portal's domain, to go on without being asked");
  withGlobalOptions(command, 'npx tidy24 portals disconnect demo.bitrix24.com').action((id: string, options: Options) =>
    run.reportOn(options, async (deployment) => {
      const portal = await findPortal(deployment, id);
      const { domain } = portal;
      const what = `tidy24 will erase the credentials of ${domain} and cancel its open tasks`;
      await confirmDomain(run.lines, { domain, given: options.confirm, what });
      return disconnect(deployment, portal);
    }),
  );
}

async function disconnect(deployment: Deployment, portal: Portal): Promise<Report> {
  const { portals, credentials, tasks, clock } = deployment;
  const { memberId, domain, connection } = portal;
  if (memberId === pendingWebhookId(domain)) {
    // It was never more than a wish: no event has told yet whose it is.
    await credentials.remove(memberId);
    await portals.remove(memberId);
    return {
      data: { memberId, domain, cancelled: 0, unbound: null },
      text: [`${domain} is forgotten: it was pending.`],
    };
  }
  const { unbound, warnings } = await unbind(deployment, portal);
  const open = await openTasks(deployment, memberId);
  await tasks.appChores.wantDisconnect(memberId, clock());
  for (let part = 0; part < mostParts; part += 1) {
    if (await finishUninstall(deployment, memberId, clock() + deadlineMs)) break;
  }
  const after = await portals.get(memberId);
  if (after && after.state !== 'disconnected') {
    throw new CommandError(`The app was installed on ${domain} again at the same time, so it stays connected.`);
  }
  const rest =
    connection === 'oauth'
      ? 'Remove the app on the portal, if it is still there.'
      : 'Delete its incoming and its outgoing webhook on the portal.';
  return {
    data: { memberId, domain, cancelled: open, unbound: unbound ?? null },
    text: [
      `${domain} is disconnected: its credentials are erased, ${counted(open, 'open task')} cancelled.`,
      ...(unbound === undefined ? [] : [`${counted(unbound, 'event')} unbound.`]),
      rest,
    ],
    warnings,
  };
}

/** Only as far as the portal can be asked: that it cannot is one more reason to give it up. */
async function unbind(
  deployment: Deployment,
  portal: Portal,
): Promise<{ unbound: number | undefined; warnings: readonly string[] }> {
  const { credentials, clock, place } = deployment;
  const { memberId, domain, connection, state } = portal;
  if (connection === 'webhook' || state !== 'active') return { unbound: undefined, warnings: [] };
  try {
    if ((await credentials.get(memberId))?.kind !== 'oauth') return { unbound: undefined, warnings: [] };
    const session = new PortalSession(deployment, portal, clock() + deadlineMs);
    return { unbound: await patiently(deployment, () => unbindAll(session)), warnings: [] };
  } catch (error) {
    const why = explainError(error, place);
    return { unbound: undefined, warnings: [`the events on ${domain} could not be unbound: ${why}`] };
  }
}

async function openTasks({ tasks, clock }: Deployment, memberId: string): Promise<number> {
  let open = 0;
  for await (const { status } of portalTasks(tasks, memberId, clock())) if (status === 'open') open += 1;
  return open;
}
