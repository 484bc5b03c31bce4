import type { Command } from 'commander';
import { inboundFields } from '../../lib/bitrix24/inbound-event.ts';
import { PortalUnreachable } from '../../lib/bitrix24/failures.ts';
import { requestTimeoutMs } from '../../lib/bitrix24/rest-client.ts';
import { type ActingUser, describeUser, readActingUser } from '../acting-user.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { type Connected, connectWebhook } from '../connect-webhook.ts';
import type { Deployment } from '../deployment.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine, type Place } from '../place.ts';
import { portalView } from '../portal-view.ts';
import type { Report } from '../report.ts';
import { parseWebhookUrl } from '../webhook-url.ts';

interface Options extends GlobalOptions {
  readonly webhook?: string | true;
  readonly applicationToken?: string | true;
  readonly memberId?: string;
  readonly enterprise?: true;
}

const about = `Connects a portal by two webhooks that its administrator makes in Bitrix24:
an incoming one, with the right "crm", by which tidy24 reads and deletes; and an outgoing one for the
events ONCRMDEALADD and ONCRMDEALUPDATE, whose handler is tidy24's address /bitrix24/events.

Both secrets are asked for and not shown while you type. For scripts they can stand on standard input,
one a line, or in TIDY24_WEBHOOK_URL and TIDY24_APPLICATION_TOKEN. Run it again to replace a webhook or
to add another outgoing one; mode and rules stay.`;

export function addPortalsConnect(portals: Command, run: CommandRun): void {
  const command = portals
    .command('connect')
    .summary('connect a portal by an incoming and an outgoing webhook')
    .description(paragraphs(about))
    .option('--webhook [url]', 'URL of the incoming webhook; better not given here, where the shell keeps it')
    .option('--application-token [token]', "the outgoing webhook's application token; the same holds")
    .option('--member-id <id>', "the portal's member id, if you know it; else its first event tells it")
    .option('--enterprise', "the portal has the Enterprise plan's limits: 5 requests a second, not 2");
  withGlobalOptions(command, 'npx tidy24 portals connect\nnpx tidy24 portals connect --local < secrets.txt').action(
    (options: Options) => run.reportOn(options, (deployment) => connect(deployment, run, options)),
  );
}

async function connect(deployment: Deployment, { secrets }: CommandRun, options: Options): Promise<Report> {
  const { memberId, enterprise = false } = options;
  if (memberId !== undefined && !inboundFields.memberId.safeParse(memberId).success) {
    throw new UsageError('--member-id takes the id that stands in events as auth[member_id]: 32 letters and digits');
  }
  const url = { what: 'URL of the incoming webhook', option: '--webhook', variable: 'TIDY24_WEBHOOK_URL' };
  const webhook = parseWebhookUrl(await secrets.get(url, options.webhook), deployment);
  secrets.keep(webhook.endpoint);
  secrets.keep(webhook.code);
  const token = {
    what: "outgoing webhook's application token",
    option: '--application-token',
    variable: 'TIDY24_APPLICATION_TOKEN',
  };
  const applicationToken = await secrets.get(token, options.applicationToken);
  if (!inboundFields.applicationToken.safeParse(applicationToken).success) {
    throw new UsageError(
      'An application token has neither blanks nor letters beyond ASCII. Copy it from the form again.',
    );
  }

  const user = await actingUser(deployment, webhook.endpoint);
  const connected = await connectWebhook(deployment, {
    webhook,
    applicationToken,
    memberId,
    admin: user.admin,
    enterprise,
  });
  return describe(connected, user, deployment.place);
}

async function actingUser({ rest, clock }: Deployment, endpoint: string): Promise<ActingUser> {
  const deadline = clock() + requestTimeoutMs;
  try {
    return readActingUser((await rest.call({ endpoint }, 'profile', {}, { write: false, deadline })).result);
  } catch (error) {
    // What the table says is for a portal that was connected before: to resume it.
    if (!(error instanceof PortalUnreachable)) throw error;
    throw new CommandError(
      `${error.host} cannot be reached: there is no such address, or the network or the portal is down. Nothing was ` +
        "changed. Correct the address in the incoming webhook's URL and connect again.",
      { cause: error },
    );
  }
}

function describe({ portal, known, resumed }: Connected, user: ActingUser, place: Place): Report {
  const { domain, memberId, state, mode, pause } = portal;
  const text = [`${domain} is ${known ? 'connected again' : 'connected'}.`, `It acts for ${describeUser(user)}.`];
  if (state === 'pending') {
    text.push('It is pending: the first event from the outgoing webhook tells its member id and completes it.');
  } else text.push(`Its member id is ${memberId}.`);
  if (resumed) text.push('It was paused for want of credentials, and works again.');
  if (mode === 'observe') text.push('Mode observe: tidy24 plans and records, and deletes nothing.');
  if (portal.rulesVersion === undefined) {
    text.push(`Next, give it rules: ${commandLine(place, `rules push rules.yaml --portal ${domain}`)}`);
  }
  const warnings: string[] = [];
  if (!user.admin) {
    warnings.push(
      `user ${user.id} is no administrator of ${domain}: Bitrix24 hides records from them, so tidy24 will delete nothing ` +
        "there. Make the incoming webhook with an administrator's account and connect again.",
    );
  }
  if (pause) {
    warnings.push(`${domain} is still paused: ${pause.reason} Then: ${commandLine(place, `portals resume ${domain}`)}`);
  }
  return { data: { portal: portalView(portal), user, resumed }, text, warnings };
}
