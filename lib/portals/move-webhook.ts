import { atHost } from './addresses.ts';
import type { CredentialStore } from './credentials.ts';
import { pendingWebhookId, type Portal } from './portal.ts';
import type { PortalStore } from './store.ts';

interface Stores {
  readonly portals: PortalStore;
  readonly credentials: CredentialStore;
}

/**
 * A portal by webhooks is at another host from now on, as a person has said and as was seen there. A connection that
 * waits for its first event is kept under its domain, so it moves as a whole. Safe to repeat from any point.
 *
 * @param url the webhook as it was tried at the new host
 * @returns the portal there; undefined when somebody has changed its webhook meanwhile
 */
export async function moveWebhook(
  { portals, credentials }: Stores,
  portal: Portal,
  { from: url, to: host }: { from: string; to: string },
): Promise<Portal | undefined> {
  const { memberId, domain } = portal;
  if (memberId === pendingWebhookId(domain)) return movePending({ portals, credentials }, portal, { url, host });
  const target = atHost(url, host);
  if (target !== url && !(await credentials.moveWebhook(memberId, url, target))) return undefined;
  if (host !== domain) await portals.moveDomain(memberId, domain, host);
  return portals.get(memberId);
}

async function movePending(
  { portals, credentials }: Stores,
  portal: Portal,
  { url, host }: { url: string; host: string },
): Promise<Portal | undefined> {
  const { memberId, domain, pause: _pause, rulesVersion, ...fields } = portal;
  if (host === domain) return portal;
  const id = pendingWebhookId(host);
  const rules = rulesVersion === undefined ? undefined : await portals.rules(memberId, rulesVersion);
  await credentials.put({ memberId: id, kind: 'webhook', url: atHost(url, host) });
  const created = await portals.create({ ...fields, memberId: id, domain: host });
  if (rules && (created || (await portals.get(id))?.rulesVersion === undefined)) await portals.pushRules(id, rules);
  await portals.remove(memberId);
  await credentials.remove(memberId);
  return portals.get(id);
}
