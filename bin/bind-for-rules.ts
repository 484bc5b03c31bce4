import type { RuleScope } from '../lib/portals/bindings.ts';
import type { Portal } from '../lib/portals/portal.ts';
import { rebind, type Rebound } from '../lib/portals/rebind.ts';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { explainError } from './explain-error.ts';
import { patiently } from './patiently.ts';

/**
 * Has the portal send the events that its new rules need, at once; where that does not work from here, the function
 * `reconcile` is asked to do it.
 *
 * @returns what a person has to know of it
 */
export async function bindForRules(
  deployment: Deployment,
  portal: Portal,
  rules: readonly RuleScope[],
): Promise<string[]> {
  const { tasks, clock, place } = deployment;
  const { memberId, domain } = portal;
  const later = async (why: string): Promise<string[]> => {
    await tasks.wantChore(memberId, 'check-app', clock());
    return [`${why} It is tried again within a minute or two; until then reconciliation finds what is lost.`];
  };
  let rebound: Rebound;
  try {
    rebound = await patiently(deployment, () => rebind(deployment, portal, rules));
  } catch (error) {
    // What this command line lacks (the deployment's own app) the function has.
    const why = error instanceof CommandError ? error.message : explainError(error, place);
    return later(`The events for these rules are not bound on ${domain} yet: ${why}`);
  }
  if (rebound.result === 'address-unknown') {
    return later(`Where ${domain} has to send its events is not known here.`);
  }
  if (rebound.result === 'not-active') await tasks.wantChore(memberId, 'check-app', clock());
  if (rebound.result !== 'bound' || rebound.missing.length === 0) return [];
  return [`${domain} does not let the app listen to ${rebound.missing.join(', ')}; reconciliation finds what is lost.`];
}
