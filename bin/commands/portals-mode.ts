import { Argument, type Command } from 'commander';
import type { Portal } from '../../lib/portals/portal.ts';
import { PortalSession } from '../../lib/portals/session.ts';
import { describeUser, readActingUser } from '../acting-user.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { confirmDomain } from '../confirm-domain.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { LineReader } from '../line-reader.ts';
import { patiently } from '../patiently.ts';
import { portalView } from '../portal-view.ts';
import type { Report } from '../report.ts';
import { fullSecond, iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly confirm?: string;
}

/** Two minutes for everything that a command asks a portal, in ms. */
const deadlineMs = 120_000;

const about = `Says what tidy24 may do to a portal. In mode observe, which every portal begins in, it plans and
records what it would delete. In mode enforce it deletes, for deals that are lost from that moment on.

To enforce you type the portal's domain, or give it with --confirm. It is refused while the portal is
not active or its credentials are not an administrator's.`;

export function addPortalsMode(portals: Command, run: CommandRun): void {
  const command = portals
    .command('mode')
    .summary('let tidy24 delete (enforce) or only record (observe)')
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain')
    .addArgument(new Argument('<MODE>', 'what it may do').choices(['observe', 'enforce']))
    .option('--confirm <domain>', "the portal's domain, to enforce without being asked");
  withGlobalOptions(command, 'npx tidy24 portals mode demo.bitrix24.com enforce').action(
    (id: string, mode: Portal['mode'], options: Options) =>
      run.reportOn(options, async (deployment) => {
        const portal = await findPortal(deployment, id);
        return mode === 'enforce'
          ? enforce(deployment, portal, run.lines, options.confirm)
          : observe(deployment, portal);
      }),
  );
}

async function observe({ portals }: Deployment, portal: Portal): Promise<Report> {
  const changed = portal.mode === 'observe' ? portal : await portals.change(portal.memberId, { mode: 'observe' });
  return {
    data: portalView(changed ?? portal),
    text: [`${portal.domain} is in mode observe: tidy24 plans and records, and deletes nothing.`],
  };
}

async function enforce(
  deployment: Deployment,
  portal: Portal,
  lines: LineReader,
  confirm: string | undefined,
): Promise<Report> {
  const { portals, clock } = deployment;
  const { domain, memberId, mode, state, rulesVersion, pause } = portal;
  if (mode === 'enforce') {
    const text = [`${domain} is in mode enforce already, for losses since ${iso(portal.enforcedAt) ?? 'never'}.`];
    return { data: portalView(portal), text };
  }
  if (state !== 'active') {
    throw new CommandError(`${domain} is ${state}, and only an active portal can be enforced. Connect it first.`);
  }
  const user = await actingUser(deployment, portal);
  if (!user.admin) {
    throw new CommandError(
      `${domain} acts for ${describeUser(user)}: Bitrix24 hides records from them, so the rules' conditions could not be ` +
        'trusted. Connect the portal with credentials of an administrator.',
    );
  }
  await confirmDomain(lines, { domain, given: confirm, what: `tidy24 will delete on ${domain}` });

  const changed = await portals.change(memberId, { mode: 'enforce', enforcedAt: fullSecond(clock()) });
  if (!changed) throw new CommandError(`${domain} was removed meanwhile.`);
  const rules = rulesVersion === undefined ? 'it has no rules yet' : `by version ${rulesVersion} of its rules`;
  return {
    data: portalView(changed),
    text: [`${domain} is in mode enforce: tidy24 deletes, for losses since ${iso(changed.enforcedAt)}; ${rules}.`],
    warnings: pause ? [`${domain} is paused (${pause.code}), so nothing happens yet: ${pause.reason}`] : [],
  };
}

async function actingUser(deployment: Deployment, portal: Portal) {
  const session = new PortalSession(deployment, portal, deployment.clock() + deadlineMs);
  return readActingUser((await patiently(deployment, () => session.call('profile', {}, { write: false }))).result);
}
