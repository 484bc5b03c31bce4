import type { Portal } from '../lib/portals/portal.ts';
import { counted } from './counted.ts';
import type { Judged } from './enforce-choice.ts';
import { recordText, shortIdLength } from './task-view.ts';
import { textTable } from './text-table.ts';
import { iso } from './time.ts';

/** So many are named before a person is asked. */
const mostNamed = 20;

/** What will happen to the tasks that are meant, and why nothing will to the others. */
export function describeEnforcement(judged: readonly Judged[], domain: string, now: number): string[] {
  if (judged.length === 0) return [`No task of ${domain} that was observed or kept back is meant by that.`];
  const plan = judged.flatMap(({ task, verdict }) => (verdict.do === 'plan' ? [{ task, verdict }] : []));
  const rows = plan
    .slice(0, mostNamed)
    .map(({ task, verdict }) => [
      task.taskId.slice(0, shortIdLength),
      recordText(task.record),
      task.rule.id,
      iso(task.transition.movedTime),
      verdict.unseen ? 'acts at once, if it is still so' : verdict.dueAt > now ? iso(verdict.dueAt) : 'acts at once',
    ]);
  const kept = Map.groupBy(
    judged.flatMap(({ verdict }) => (verdict.do === 'keep' ? [verdict.reason] : [])),
    (reason) => reason,
  );
  return [
    ...(rows.length === 0 ? [] : textTable(['TASK', 'RECORD', 'RULE', 'LOST', 'ACTS'], rows)),
    ...(plan.length > rows.length ? [`… and ${plan.length - rows.length} more`] : []),
    `${counted(plan.length, 'task')} would act, ${judged.length - plan.length} would not.`,
    ...[...kept].map(([reason, some]) => `  ${some.length} not: ${reason}`),
  ];
}

/** The same for --json. */
export function enforcementView(
  { memberId, domain }: Portal,
  judged: readonly Judged[],
  made: readonly string[],
): Record<string, unknown> {
  return {
    memberId,
    domain,
    planned: made,
    tasks: judged.map(({ task: { taskId, record, rule }, verdict }) => ({
      taskId,
      record,
      rule: rule.id,
      outcome: verdict.do,
      reason: verdict.do === 'keep' ? verdict.reason : null,
      dueAt: verdict.do === 'plan' ? iso(verdict.dueAt) : null,
    })),
  };
}
