import type { Portal } from '../portals/portal.ts';
import { matches } from '../rules/match.ts';
import type { StoredRule } from '../rules/version.ts';
import type { PresentRecord } from './decide.ts';
import type { EventMessage } from './messages.ts';

/** A transition that was older than this when its event arrived is history, not news. */
const newsMs = 7 * 24 * 3600 * 1000;

/**
 * From when on a transition counts as news, in ms: 7 days before the event arrived, however long it took to read the
 * record. What reconciliation names was looked for on purpose and is never too old.
 */
export function newsSince({ source, receivedAt }: Pick<EventMessage, 'source' | 'receivedAt'>): number {
  return source === 'reconcile' ? 0 : receivedAt - newsMs;
}

/**
 * The rules that a record which may have changed calls for. Ignored are losses before the portal enforced, before the
 * rule said what it says now, or before `since` (see `newsSince`).
 */
export function rulesFor(
  record: PresentRecord,
  rules: readonly StoredRule[],
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  since: number,
): StoredRule[] {
  if (!record.found || record.semantics !== 'F') return [];
  const { movedTime } = record;
  if (movedTime < since) return [];
  if (portal.mode === 'enforce' && movedTime < (portal.enforcedAt ?? Number.POSITIVE_INFINITY)) return [];
  return rules.filter((rule) => rule.enabled && movedTime >= rule.since && matches(rule, record));
}
