import { readDirectory } from '../lib/portals/directory.ts';
import type { Portal } from '../lib/portals/portal.ts';
import { directoryNeeds } from '../lib/rules/directory.ts';
import { resolveRules } from '../lib/rules/resolve.ts';
import type { RuleSet } from '../lib/rules/schema.ts';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { findPortal } from './find-portal.ts';
import { LookingSession } from './looking-session.ts';
import { patiently } from './patiently.ts';

/** Two minutes for everything that the command asks the portal, in ms. */
const deadlineMs = 120_000;

/**
 * Rules with codes in place of names, checked against what a connected portal has.
 *
 * @throws RulesError with everything that it does not have
 */
export async function resolveOnPortal(
  deployment: Deployment,
  id: string,
  rules: RuleSet,
): Promise<{ portal: Portal; resolved: RuleSet }> {
  const { clock } = deployment;
  const portal = await findPortal(deployment, id);
  const { domain, state } = portal;
  if (state === 'disconnected') throw new CommandError(`${domain} is disconnected. Connect it again first.`);
  const session = new LookingSession(deployment, portal, clock() + deadlineMs);
  const directory = await patiently(deployment, () =>
    readDirectory(session, directoryNeeds(rules.rules, rules.protect)),
  );
  return { portal, resolved: resolveRules(rules, directory) };
}
