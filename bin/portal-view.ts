import type { Portal } from '../lib/portals/portal.ts';
import { iso } from './time.ts';

/** A portal as `--json` shows it: times in ISO, of tokens only how many there are. */
export function portalView(portal: Portal): Record<string, unknown> {
  const { memberId, domain, connection, state, mode, pause, rulesVersion, limits, health } = portal;
  return {
    memberId,
    domain,
    connection,
    state,
    mode,
    enforcedAt: iso(portal.enforcedAt) ?? null,
    pause: pause
      ? { code: pause.code, reason: pause.reason, newDomain: pause.newDomain ?? null, since: iso(pause.since) }
      : null,
    rulesVersion: rulesVersion ?? null,
    health: health ? { ...health, checkedAt: iso(health.checkedAt) } : null,
    eventsUrl: portal.eventsUrl ?? null,
    limits,
    tokens: portal.tokenDigests.length,
    robotKeys: portal.robotKeyDigests.length,
    createdAt: iso(portal.createdAt),
    updatedAt: iso(portal.updatedAt),
  };
}
