import type { Portal } from '../portals/portal.ts';
import { matches } from '../rules/match.ts';
import type { StoredRule } from '../rules/version.ts';
import type { PresentRecord } from './decide.ts';

/** A transition that was older than this when its event arrived is history, not news. */
const newsMs = 7 * 24 * 3600 * 1000;

/**
 * The rules that a record which may have changed calls for. Ignored are losses before the portal enforced, before the
 * rule said what it says now, or more than 7 days before the event.
 *
 * @param receivedAt when the event arrived, in ms: a portal that was paused for weeks loses nothing by it
 */
export function rulesFor(
  record: PresentRecord,
  rules: readonly StoredRule[],
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  receivedAt: number,
): StoredRule[] {
  if (!record.found || record.semantics !== 'F') return [];
  const { movedTime } = record;
  if (movedTime < receivedAt - newsMs) return [];
  if (portal.mode === 'enforce' && movedTime < (portal.enforcedAt ?? Number.POSITIVE_INFINITY)) return [];
  return rules.filter((rule) => rule.enabled && movedTime >= rule.since && matches(rule, record));
}
