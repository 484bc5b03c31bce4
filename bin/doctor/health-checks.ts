import { day, hour } from '../../lib/bitrix24/reactions.ts';
import { refreshTokenLifetimeMs } from '../../lib/portals/keep-alive.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { commandLine } from '../place.ts';
import type { Deployment } from '../deployment.ts';
import { iso } from '../time.ts';
import { failure, type Finding, ok, warning } from './finding.ts';

/** The daily look is late when the last one is longer ago, in ms. */
const lateMs = 26 * hour;
/** A refresh token that was not used for so long, in ms, is used by nobody any more. */
const oldMs = 90 * day;

/** Whether the daily look at the portal is taken, and what it has found. */
export function checkHealth(
  { state, pause, health, createdAt, domain }: Portal,
  { clock, place }: Pick<Deployment, 'clock' | 'place'>,
): Finding[] {
  if (state !== 'active' || pause) return [];
  const isLate = clock() - (health?.checkedAt ?? createdAt) > lateMs;
  const last = health === undefined ? 'none yet' : `the last was ${iso(health.checkedAt)}`;
  const where = place.local ? 'Is the local run on (npm start)?' : 'Look into the log of the function reconcile.';
  const findings = [
    isLate
      ? warning('daily check', `${last}, and there should have been one`, where)
      : ok('daily check', health === undefined ? 'none yet: the first comes within a day' : last),
  ];
  const missing = health?.missingEvents ?? [];
  if (missing.length > 0) {
    const mend = `Reconciliation finds what they would tell of. Try again: ${commandLine(place, `rules push rules.yaml --portal ${domain}`)}`;
    findings.push(warning('daily check', `the portal does not let us listen to ${missing.join(', ')}`, mend));
  }
  return findings;
}

/** How long the refresh token has been lying there: unused for 180 days it is worth nothing. */
export async function checkRefreshToken(
  { credentials, clock }: Pick<Deployment, 'credentials' | 'clock'>,
  { memberId, connection }: Portal,
): Promise<Finding[]> {
  if (connection === 'webhook') return [];
  const held = await credentials.get(memberId);
  if (held?.kind !== 'oauth') return [];
  if (held.refreshedAt === undefined) return [ok('refresh token', 'it is not known when it was last used')];
  const age = clock() - held.refreshedAt;
  const text = `last used ${age < day ? 'less than a day' : `${Math.floor(age / day)} days`} ago; it lives 180 days`;
  const mend = 'The daily check uses it after 60 days. If it is dead by now, install the app again on the portal.';
  if (age > refreshTokenLifetimeMs) return [failure('refresh token', text, mend)];
  return [age > oldMs ? warning('refresh token', text, mend) : ok('refresh token', text)];
}
