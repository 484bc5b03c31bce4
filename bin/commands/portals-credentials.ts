import type { Command } from 'commander';
import { type App, appSchema } from '../../lib/portals/credentials.ts';
import type { ProofResult } from '../../lib/portals/prove.ts';
import { proveInstallation } from '../../lib/tasks/chores.ts';
import { chooseAppPortal } from '../choose-app-portal.ts';
import { UsageError } from '../command-error.ts';
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
TIDY24_CLIENT_ID and TIDY24_CLIENT_SECRET. Run it again when the app's secret has changed.`;

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
  const { memberId, domain } = chosen;
  await credentials.setApp(memberId, app, clock());
  const proof: ProofResult = await proveInstallation(deployment, memberId, clock() + deadlineMs);
  return describeProof(proof, { memberId, domain, portal: await portals.get(memberId), place: deployment.place });
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
