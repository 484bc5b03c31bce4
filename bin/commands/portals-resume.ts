import type { Command } from 'commander';
import * as z from 'zod';
import type { Portal } from '../../lib/portals/portal.ts';
import { PortalSession } from '../../lib/portals/session.ts';
import { PortalStopped } from '../../lib/portals/waiting.ts';
import { describeUser, readActingUser } from '../acting-user.ts';
import { CommandError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { explainError } from '../explain-error.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { patiently } from '../patiently.ts';
import { commandLine } from '../place.ts';
import type { Report } from '../report.ts';

/** Two minutes for everything that a command asks a portal, in ms. */
const deadlineMs = 120_000;

const about = `Lets the work for a paused portal go on. The portal is asked first: what would pause it again at once is
named, and then it stays paused. Its tasks become due at once.`;

export function addPortalsResume(portals: Command, run: CommandRun): void {
  const command = portals
    .command('resume')
    .summary('let the work for a paused portal go on')
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain');
  withGlobalOptions(command, 'npx tidy24 portals resume demo.bitrix24.com').action(
    (id: string, options: GlobalOptions) => run.reportOn(options, (deployment) => resume(deployment, id)),
  );
}

async function resume(deployment: Deployment, id: string): Promise<Report> {
  const { portals, tasks } = deployment;
  const portal = await findPortal(deployment, id);
  const { memberId, domain, pause } = portal;
  const found: StillWrong = pause ? await lookAt(deployment, portal) : { warnings: [] };
  if (found.stops !== undefined) {
    return {
      data: { memberId, domain, resumed: false, stillWrong: found.stops },
      text: [],
      problem: `${domain} stays paused, because it would be paused again at once. ${found.stops}`,
    };
  }
  const resumed = await portals.resume(memberId);
  // Also when it was not paused: an earlier resume may have died before this.
  await tasks.hastenPortal(memberId);
  const was = pause ? ` It was paused (${pause.code}): ${pause.reason}` : '';
  return {
    data: { memberId, domain, resumed },
    text: [resumed ? `${domain} works again; its tasks are due now.${was}` : `${domain} is not paused.`],
    warnings: found.warnings,
  };
}

interface StillWrong {
  /** What would pause the portal again. */
  readonly stops?: string;
  readonly warnings: readonly string[];
}

const appSchema = z.object({ INSTALLED: z.boolean().optional(), PAYMENT_EXPIRED: z.string().optional() });

/** What is still wrong with a portal, as it says itself. */
async function lookAt(deployment: Deployment, portal: Portal): Promise<StillWrong> {
  const { clock, place } = deployment;
  const { domain, mode, connection } = portal;
  const session = new PortalSession(deployment, portal, clock() + deadlineMs);
  const ask = async (method: string) =>
    (await patiently(deployment, () => session.call(method, {}, { write: false }))).result;
  try {
    const user = readActingUser(await ask('profile'));
    const app = connection === 'oauth' ? appSchema.safeParse(await ask('app.info')).data : undefined;
    if (app?.PAYMENT_EXPIRED === 'Y') {
      return { stops: 'The paid or trial period of the app is over. Renew it on the portal.', warnings: [] };
    }
    const warnings =
      app?.INSTALLED === false ? [`the installation of the app on ${domain} is not finished: no event arrives`] : [];
    if (user.admin) return { warnings };
    const text = `${domain} acts for ${describeUser(user)}: Bitrix24 hides records from them`;
    return mode === 'enforce'
      ? { stops: `${text}. Connect it with credentials of an administrator.`, warnings }
      : { warnings: [...warnings, text] };
  } catch (error) {
    if (error instanceof PortalStopped) {
      const command = commandLine(place, `doctor --portal ${domain}`);
      return { stops: `${error.message} For more: ${command}`, warnings: [] };
    }
    const why = error instanceof CommandError ? error.message : explainError(error, place);
    return { warnings: [`${domain} could not be asked whether all is well: ${why}`] };
  }
}
