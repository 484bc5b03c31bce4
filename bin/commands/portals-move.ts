import type { Command } from 'commander';
import { requestTimeoutMs } from '../../lib/bitrix24/rest-client.ts';
import { atHost, domainSchema } from '../../lib/portals/addresses.ts';
import { confirmMove, MoveNotConfirmed } from '../../lib/portals/moved.ts';
import { moveWebhook } from '../../lib/portals/move-webhook.ts';
import { isAboutTheAddress } from '../../lib/portals/pause-codes.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { PortalSession } from '../../lib/portals/session.ts';
import { describeUser, readActingUser } from '../acting-user.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { findPortal } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { LineReader } from '../line-reader.ts';
import { commandLine } from '../place.ts';
import { portalView } from '../portal-view.ts';
import type { Report } from '../report.ts';
import type { Secrets } from '../secrets.ts';

/** Two minutes for everything that a command asks a portal, in ms. */
const deadlineMs = 120_000;

const about = `Confirms that a portal has another address now. When a portal answers with a redirect to another host and
nobody confirms that host, tidy24 pauses the portal and sends nothing there: whoever can redirect could take the
credentials. You confirm by giving the new host here, or by typing it when you are asked.

Of a portal by webhooks the same webhook is tried at the new host. Of one by an app the authorization server must name
the new host as well. Then the address is stored and the work goes on.`;

export function addPortalsMove(portals: Command, run: CommandRun): void {
  const command = portals
    .command('move')
    .summary('confirm the new address of a portal')
    .description(paragraphs(about))
    .argument('<ID>', 'member id or domain, as it was before')
    .argument('[NEW-HOST]', 'the new host: new.bitrix24.com');
  withGlobalOptions(command, 'npx tidy24 portals move old.bitrix24.com new.bitrix24.com').action(
    (id: string, newHost: string | undefined, options: GlobalOptions) =>
      run.reportOn(options, async (deployment) => {
        const portal = await findPortal(deployment, id);
        const host = await chosenHost(portal, newHost, { lines: run.lines, deployment });
        return move(deployment, run.secrets, portal, host);
      }),
  );
}

async function chosenHost(
  { domain, pause }: Portal,
  given: string | undefined,
  { lines, deployment }: { lines: LineReader; deployment: Deployment },
): Promise<string> {
  if (given !== undefined) {
    const host = domainSchema.safeParse(given);
    if (host.success) return host.data;
    throw new UsageError('NEW-HOST takes the name of a host alone: new.bitrix24.com');
  }
  const named = pause?.newDomain;
  if (named === undefined)
    throw new CommandError(`${domain} names no new address. Give it: portals move ${domain} NEW-HOST`);
  if (!lines.interactive) {
    const again = commandLine(deployment.place, `portals move ${domain} ${named}`);
    throw new CommandError(`To confirm that ${domain} is at ${named} now: ${again}`);
  }
  const question = `The credentials of ${domain} will be sent to ${named}. Type ${named} to confirm that it is yours`;
  const answer = (await lines.ask(question, { echo: true })) ?? '';
  if (answer.toLowerCase() === named) return named;
  throw new CommandError(`That is not the address that ${domain} has named, ${named}. Nothing was changed.`);
}

async function move(deployment: Deployment, secrets: Secrets, portal: Portal, host: string): Promise<Report> {
  const { credentials, portals, tasks, place } = deployment;
  const held = await credentials.get(portal.memberId);
  if (held === undefined) throw new CommandError(`${portal.domain} has no credentials. Connect it again.`);
  const moved =
    held.kind === 'webhook'
      ? await byWebhook(deployment, secrets, { portal, url: held.url, host })
      : await byApp(deployment, { portal, held, host });

  const { memberId, domain, pause } = moved;
  const resumed = pause !== undefined && isAboutTheAddress(pause) && (await portals.resume(memberId, pause.code));
  // Also when it was not paused: an earlier try may have died before this.
  await tasks.hastenPortal(memberId);
  const present = (await portals.get(memberId)) ?? moved;
  const text = [`${portal.domain} is at ${domain} now.`];
  if (resumed) text.push('It works again; its tasks are due now.');
  return {
    data: { from: portal.domain, resumed, portal: portalView(present) },
    text,
    warnings: present.pause
      ? [`${domain} is still paused: ${present.pause.reason} Then: ${commandLine(place, `portals resume ${domain}`)}`]
      : [],
  };
}

interface ByWebhook {
  readonly portal: Portal;
  readonly url: string;
  readonly host: string;
}

async function byWebhook(deployment: Deployment, secrets: Secrets, { portal, url, host }: ByWebhook): Promise<Portal> {
  const { rest, clock } = deployment;
  const endpoint = atHost(url, host);
  const [, , userId = '', code = ''] = new URL(endpoint).pathname.split('/');
  secrets.keep(code);
  const deadline = clock() + requestTimeoutMs;
  const user = readActingUser((await rest.call({ endpoint }, 'profile', {}, { write: false, deadline })).result);
  if (String(user.id) !== userId) {
    throw new CommandError(
      `${host} answers for ${describeUser(user)}, but the webhook is user ${userId}'s: that is another portal. Nothing was changed.`,
    );
  }
  const moved = await moveWebhook(deployment, portal, { from: url, to: host });
  if (moved) return moved;
  throw new CommandError(`${portal.domain} was changed at the same time. Nothing was stored; run the command again.`);
}

interface ByApp {
  readonly portal: Portal;
  readonly held: Extract<Awaited<ReturnType<Deployment['credentials']['get']>>, { kind: 'oauth' }>;
  readonly host: string;
}

async function byApp(deployment: Deployment, { portal, held, host }: ByApp): Promise<Portal> {
  const { clock, portals } = deployment;
  const { memberId } = portal;
  const deadline = clock() + deadlineMs;
  const from = new URL(held.clientEndpoint).host;
  // The operator's word stands for the list of own domains; the authorization server's is needed all the same.
  const options = { ...deployment, ownDomains: [...(deployment.ownDomains ?? []), host] };
  try {
    if (from !== host) await confirmMove(options, { memberId, from, to: host }, held, deadline);
  } catch (error) {
    if (!(error instanceof MoveNotConfirmed)) throw error;
    throw new CommandError(`${error.why} Nothing was changed.`);
  }
  await new PortalSession(options, portal, deadline).call('profile', {}, { write: false });
  return (await portals.get(memberId)) ?? portal;
}
