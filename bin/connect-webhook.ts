import { enterpriseLimits, ordinaryLimits } from '../lib/bitrix24/limits.ts';
import { tokenDigest } from '../lib/bitrix24/token-digest.ts';
import { pendingWebhookId, type Portal, withTokenDigest } from '../lib/portals/portal.ts';
import { verifySender } from '../lib/portals/verify-sender.ts';
import { reconcileEveryMs } from '../lib/tasks/schedule.ts';
import { finishUninstall } from '../lib/tasks/uninstall.ts';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import type { WebhookUrl } from './webhook-url.ts';

/** What is left of a disconnection is waited for so long, in ms. */
const disconnectMs = 120_000;

export interface WebhookConnection {
  readonly webhook: WebhookUrl;
  readonly applicationToken: string;
  readonly memberId: string | undefined;
  /** Whether the webhook acts for an administrator. */
  readonly admin: boolean;
  readonly enterprise: boolean;
}

export interface Connected {
  readonly portal: Portal;
  /** It was connected before. */
  readonly known: boolean;
  /** It was paused for want of what was given now. */
  readonly resumed: boolean;
}

/**
 * Stores a webhook connection: the credentials first, so that a portal never stands there without them. Connecting
 * again replaces the webhook, adds the token, and keeps mode and rules.
 *
 * @throws CommandError when the portal is connected by an app
 */
export async function connectWebhook(deployment: Deployment, connection: WebhookConnection): Promise<Connected> {
  const { portals, credentials } = deployment;
  const { webhook, memberId } = connection;
  const before = await presentPortal(deployment, connection);
  // A disconnection that has not come to its end would take the new connection along.
  if (before && !(await finishUninstall(deployment, before.memberId, deployment.clock() + disconnectMs))) {
    throw new CommandError(`${before.domain} is still being disconnected. Run the command again in a minute.`);
  }
  const id = before?.memberId ?? memberId ?? pendingWebhookId(webhook.domain);

  await credentials.put({ memberId: id, kind: 'webhook', url: webhook.endpoint });
  if (before) await update(deployment, before, connection);
  else await create(deployment, id, connection);

  const portal = (await completed(deployment, connection)) ?? (await portals.get(id));
  if (!portal) throw new CommandError('The portal was removed while it was being connected. Run the command again.');
  if (portal.state === 'active') {
    await deployment.tasks.wantChore(portal.memberId, 'reconcile', deployment.clock() + reconcileEveryMs);
  }
  const resumed = mends(portal, connection) && (await portals.resume(portal.memberId));
  if (resumed) await deployment.tasks.hastenPortal(portal.memberId);
  return { portal: (resumed && (await portals.get(portal.memberId))) || portal, known: before !== undefined, resumed };
}

/** The portal as it stands: by its member id, else by the domain. */
async function presentPortal(
  { portals }: Deployment,
  { webhook: { domain }, memberId }: WebhookConnection,
): Promise<Portal | undefined> {
  const named = memberId === undefined ? undefined : await portals.get(memberId);
  const pending = await portals.get(pendingWebhookId(domain));
  const sameDomain = memberId === undefined ? (await portals.list()).filter((one) => one.domain === domain) : [];
  const portal = named ?? sameDomain.find(({ state }) => state === 'active') ?? pending ?? sameDomain[0];
  if (portal?.connection !== 'oauth' || portal.state === 'disconnected') return portal;
  if (portal.pause?.code.startsWith('credentials-')) return portal;
  throw new CommandError(
    `${portal.domain} is connected by an app already (member id ${portal.memberId}), whose tokens a webhook would ` +
      'replace. Uninstall the app on the portal first if that is what you want.',
  );
}

async function create(
  { portals }: Deployment,
  memberId: string,
  { webhook: { domain }, applicationToken, memberId: given, enterprise }: WebhookConnection,
): Promise<void> {
  await portals.create({
    memberId,
    domain,
    connection: 'webhook',
    state: given === undefined ? 'pending' : 'active',
    mode: 'observe',
    tokenDigests: [tokenDigest(applicationToken)],
    robotKeyDigests: [],
    limits: enterprise ? enterpriseLimits : ordinaryLimits,
  });
}

async function update(
  { portals, clock }: Deployment,
  { memberId, tokenDigests, state, domain: before }: Portal,
  { webhook: { domain }, applicationToken, enterprise }: WebhookConnection,
): Promise<void> {
  await portals.change(memberId, {
    domain,
    connection: 'webhook',
    // Another address may be another portal, by a typing error: nobody has said that it may be deleted from.
    ...(domain !== before && { mode: 'observe' as const, reconciledUntil: clock() }),
    state: state === 'disconnected' ? 'active' : state,
    tokenDigests: withTokenDigest(tokenDigests, tokenDigest(applicationToken)),
    ...(enterprise && { limits: enterpriseLimits }),
  });
}

/** A connection that waited for its member id, which is known now, becomes the portal's as by its first event. */
async function completed(
  { portals, credentials, clock }: Deployment,
  { webhook: { domain }, applicationToken, memberId }: WebhookConnection,
): Promise<Portal | undefined> {
  const pendingId = pendingWebhookId(domain);
  if (memberId === undefined || !(await portals.get(pendingId))) return undefined;
  const known = await portals.get(memberId);
  if (known) {
    await portals.remove(pendingId);
    await credentials.remove(pendingId);
    return known;
  }
  const claim = { unverified: { tokenDigest: tokenDigest(applicationToken), domain } };
  return (await verifySender({ portals, credentials, clock }, memberId, undefined, [claim])).portal;
}

function mends({ pause }: Portal, { admin }: WebhookConnection): boolean {
  if (pause === undefined) return false;
  const { code } = pause;
  return code.startsWith('credentials-') || code === 'invalid-credentials' || (admin && code === 'not-administrator');
}
