import type { Portal } from '../../lib/portals/portal.ts';
import type { Deployment } from '../deployment.ts';
import { commandLine } from '../place.ts';
import { iso } from '../time.ts';
import { failure, type Finding, ok, warning } from './finding.ts';

/** Which rules are in force, and since when. */
export async function checkRules({ portals, place }: Deployment, portal: Portal): Promise<Finding[]> {
  const { memberId, domain, rulesVersion } = portal;
  const push = commandLine(place, `rules push rules.yaml --portal ${domain}`);
  if (rulesVersion === undefined) return [warning('rules', 'none yet, so nothing is done', `Give it some: ${push}`)];
  const stored = await portals.rules(memberId, rulesVersion);
  if (!stored)
    return [failure('rules', `version ${rulesVersion} is in force and not in the table`, `Push them again: ${push}`)];

  const on = stored.rules.filter(({ enabled }) => enabled);
  const off = stored.rules.length - on.length;
  const list = on.map(({ id, since }) => `${id} (losses since ${iso(since)})`).join(', ');
  const text = `version ${stored.version}, pushed ${iso(stored.pushedAt)} by ${stored.pushedBy}: ${list || 'none is switched on'}`;
  const rest = off === 0 ? '' : `; ${off} switched off`;
  return [on.length > 0 ? ok('rules', `${text}${rest}`) : warning('rules', `${text}${rest}`, `Switch one on: ${push}`)];
}
