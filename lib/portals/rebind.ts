import { bindEvents, eventsOfRules, type RuleScope } from './bindings.ts';
import type { Portal } from './portal.ts';
import { PortalSession, type SessionOptions } from './session.ts';
import type { PortalStore } from './store.ts';

/** ms that it may take when nothing else is said: a handful of calls, and a refresh. */
const patienceMs = 120_000;

/**
 * - `bound`: the portal sends what these rules need, but for the events in `missing`.
 * - `by-webhook`: a person ticks the events in the outgoing webhook's form.
 * - `address-unknown`: the portal was connected by an earlier version, which did not store where its events go: the
 *   chore `check-app` knows.
 * - `not-active`: bound when it is.
 */
export type Rebound =
  { result: 'bound'; missing: readonly string[] } | { result: 'by-webhook' | 'address-unknown' | 'not-active' };

/**
 * Makes a portal send the events that its rules need, and no others.
 *
 * @param rules those in force
 * @param deadline ms since the epoch
 * @throws what a PortalSession throws
 */
export async function rebind(
  options: SessionOptions,
  portal: Portal,
  rules: readonly RuleScope[],
  deadline: number = options.clock() + patienceMs,
): Promise<Rebound> {
  const { memberId, eventsUrl } = portal;
  if (portal.connection === 'webhook') return { result: 'by-webhook' };
  if (portal.state !== 'active') return { result: 'not-active' };
  if (eventsUrl === undefined) return { result: 'address-unknown' };
  const session = new PortalSession(options, portal, deadline);
  const wanted = { eventsUrl, events: eventsOfRules(rules) };
  return { result: 'bound', missing: await bindEvents(session, wanted, { log: options.log, memberId }) };
}

/** The rules that a portal has in force; none before the first push. */
export async function rulesInForce(
  portals: Pick<PortalStore, 'rules'>,
  { memberId, rulesVersion }: Pick<Portal, 'memberId' | 'rulesVersion'>,
): Promise<readonly RuleScope[]> {
  if (rulesVersion === undefined) return [];
  return (await portals.rules(memberId, rulesVersion))?.rules ?? [];
}
