import type { Backlog } from '../lib/tasks/backlogs.ts';
import { counted } from './counted.ts';
import { iso } from './time.ts';

/** How many records have been named so far. */
export function namedBy({ types }: Backlog): number {
  return Object.values(types).reduce((sum, { found }) => sum + found, 0);
}

/** For `--json`. */
export function backlogView(backlog: Backlog): Record<string, unknown> {
  const { since, rules, by, startedAt, types, trouble, ended, endedAt } = backlog;
  return {
    state: ended ?? 'running',
    since: iso(since),
    rules: rules ?? null,
    by,
    startedAt: iso(startedAt),
    endedAt: iso(endedAt) ?? null,
    named: namedBy(backlog),
    types: Object.entries(types).map(([type, { found, done }]) => ({ entityTypeId: Number(type), named: found, done })),
    trouble: trouble ?? null,
  };
}

const states = { finished: 'All of it is named', stopped: 'It was stopped', failed: 'It was given up' } as const;

/** For a person. */
export function describeBacklog(backlog: Backlog): string[] {
  const { since, rules, by, startedAt, types, trouble, ended, endedAt } = backlog;
  const state = ended ? `${states[ended]}, at ${iso(endedAt) ?? '-'}` : 'It is being worked off';
  return [
    `Records lost since ${iso(since)}, for ${rules ? `the rules ${rules.join(', ')}` : 'all rules'}; asked for by ${by} at ${iso(startedAt)}.`,
    `${state}: ${counted(namedBy(backlog), 'record')} named so far.`,
    ...Object.entries(types).map(
      ([type, { found, done }]) => `  type ${type}: ${counted(found, 'record')}${done ? ', all of them' : ''}`,
    ),
    ...(trouble === undefined ? [] : [`It could not go on at last: ${trouble}`]),
  ];
}
