import { enterpriseLimits } from '../../lib/bitrix24/limits.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import type { Deployment } from '../deployment.ts';
import { type Finding, ok, warning } from './finding.ts';

/** Less than this part of a method's working time left is worth a word. */
const scarce = 0.8;

/** Whether we know what the portal allows, and how much of it is used. */
export async function checkLimits(
  { budgets, clock }: Deployment,
  { memberId, limits }: Portal,
  family: string | undefined,
): Promise<Finding[]> {
  const { requestsPerSecond, burst, operatingSeconds, operatingWindowSeconds } = limits;
  const text = `${requestsPerSecond} requests a second, ${burst} at once; ${operatingSeconds} s of each method in ${operatingWindowSeconds} s`;
  const isEnterprise = /^ent/i.test(family ?? '');
  const findings = [
    isEnterprise && requestsPerSecond < enterpriseLimits.requestsPerSecond
      ? warning('limits', `${text}; its plan allows more`, 'Install the app again: that reads the plan.')
      : ok('limits', text),
  ];
  const now = clock();
  const windowMs = operatingWindowSeconds * 1000;
  for (const [method, { operating, at, blockedUntil = 0 }] of await budgets.operating(memberId)) {
    const used = now - at < windowMs ? operating : 0;
    if (used < scarce * operatingSeconds && blockedUntil <= now) continue;
    const state =
      blockedUntil > now
        ? `is refused until ${new Date(blockedUntil).toISOString()}`
        : `has used ${Math.round(used)} s`;
    findings.push(warning('limits', `${method} ${state}`, 'Nothing to do: the work waits and goes on by itself.'));
  }
  return findings;
}
