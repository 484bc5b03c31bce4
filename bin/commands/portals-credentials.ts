import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { PortalError } from '../../lib/bitrix24/failures.ts';
import { refusesClient } from '../../lib/bitrix24/oauth-errors.ts';
import { type App, appSchema } from '../../lib/portals/credentials.ts';
import type { ProofResult } from '../../lib/portals/prove.ts';
import { CredentialsRevoked, refreshCredentials } from '../../lib/portals/refresh.ts';
import { proveInstallation } from '../../lib/tasks/chores.ts';
import { chooseAppPortal } from '../choose-app-portal.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import type { Deployment } from '../deployment.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { PendingInstallation } from '../pending-installations.ts';
import { describeProof } from '../proof-words.ts';
import type { Report } from '../report.ts';
import type { Secrets } from '../secrets.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly clientId?: string | true;
  readonly clientSecret?: string | true;
}

/** The proof refreshes the token and then binds events: two minutes are plenty, in ms. */
const deadlineMs = 120_000;

const about = `Gives a portal the client id and secret of its local app, which Bitrix24 shows after the app is saved,
and proves the installation with them. Proved, the portal is active in mode observe.

Without MEMBER_ID it is the one installation that waits; if several do, they are listed. Both values are
asked for and not shown while you type. For scripts they can stand on standard input, one a line, or in
TIDY24_CLIENT_ID and TIDY24_CLIENT_SECRET. Run it again when the app's secret has changed: what works is
replaced only when a refresh of the portal's token with the new one has succeeded.`;

export function addPortalsCredentials(portals: Command, run: CommandRun): void {
  const command = portals
    .command('credentials')
    .summary("give a portal its app's client id and secret, and prove its installation")
    .description(paragraphs(about))
    .argument('[MEMBER_ID]', 'member id or domain')
    .option('--client-id [id]', 'the client id, local.…')
    .option('--client-secret [secret]', 'the client secret; better not given here, where the shell keeps it');
  withGlobalOptions(command, 'npx tidy24 portals credentials').action((id: string | undefined, options: Options) =>
    run.reportOn(options, (deployment) => giveCredentials(deployment, run.secrets, id, options)),
  );
}

async function giveCredentials(
  deployment: Deployment,
  secrets: Secrets,
  id: string | undefined,
  options: Options,
): Promise<Report> {
  const chosen = await chooseAppPortal(deployment, id);
  if ('undecided' in chosen) return toBeDecided(chosen.undecided);
  const app = await readApp(secrets, options);

  const { credentials, portals, clock } = deployment;
  const { memberId, domain, waits } = chosen;
  const deadline = clock() + deadlineMs;
  // What tokens work with already is not touched before the authorization server has taken what is given.
  const isForLater = waits || (await credentials.get(memberId))?.kind !== 'oauth';
  if (isForLater) await credentials.setApp(memberId, app, clock());
  const proof: ProofResult = await proveInstallation(deployment, memberId, deadline);
  const isProved = await proveForTokens(deployment, { proof, app, memberId, deadline });
  const portal = await portals.get(memberId);
  return describeProof(proof, { memberId, domain, portal, isProved, place: deployment.place });
}

/**
 * Whether the tokens of the portal are now refreshed with what was given. An installation may have been proved by other
 * means, or there is none: then a refresh tells.
 *
 * @throws CommandError when the authorization server does not take it; what the tokens work with stays
 */
async function proveForTokens(
  deployment: Deployment,
  { proof, app, memberId, deadline }: { proof: ProofResult; app: App; memberId: string; deadline: number },
): Promise<boolean> {
  const { credentials, clock } = deployment;
  const held = await credentials.get(memberId);
  if (held?.kind !== 'oauth' || proof.result === 'later' || proof.result === 'app-unknown') return false;
  if (proof.result === 'active' && isDeepStrictEqual(held.app, app)) return true;
  try {
    await refreshCredentials(deployment, { memberId, stale: held.generation, deadline, app });
  } catch (error) {
    if (error instanceof CredentialsRevoked) throw notTaken(error, proof, new URL(held.clientEndpoint).host);
    throw error;
  }
  // An installation that comes next is proved with the same.
  await credentials.setApp(memberId, app, clock());
  return true;
}

function notTaken(error: CredentialsRevoked, proof: ProofResult, domain: string): CommandError {
  const { cause } = error;
  const forgotten =
    proof.result === 'refused' ? ' An installation that somebody posted for it was refused and is forgotten.' : '';
  if (cause instanceof PortalError && refusesClient(cause.row)) {
    return new CommandError(
      `This client id and secret are not accepted. ${cause.row.meaning} ${domain} keeps those it has.${forgotten}`,
      { cause },
    );
  }
  return new CommandError(`Nothing was stored. ${error.advice} Then run this command again.${forgotten}`, {
    cause: error,
  });
}

async function readApp(secrets: Secrets, options: Options): Promise<App> {
  const id = { what: "app's client id", option: '--client-id', variable: 'TIDY24_CLIENT_ID' };
  const secret = { what: "app's client secret", option: '--client-secret', variable: 'TIDY24_CLIENT_SECRET' };
  const app = appSchema.safeParse({
    clientId: await secrets.get(id, options.clientId),
    clientSecret: await secrets.get(secret, options.clientSecret),
  });
  if (!app.success) throw new UsageError('Client id and client secret must not be empty');
  return app.data;
}

function toBeDecided(waiting: readonly PendingInstallation[]): Report {
  const rows = waiting.map(({ memberId, domain, receivedAt }) => [memberId, domain, iso(receivedAt)]);
  return {
    data: { pending: waiting.map((one) => ({ ...one, receivedAt: iso(one.receivedAt) })) },
    text: textTable(['MEMBER ID', 'DOMAIN', 'INSTALLED'], rows),
    problem: 'Several installations wait for their app. Run the command again with the member id of one of them.',
  };
}
