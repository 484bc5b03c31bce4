import type { Deletion, Task } from '../../../lib/tasks/task.ts';
import type { CliStage } from './cli-stage.ts';
import { lostStage, taskOf } from './failed-tasks.ts';

interface Row {
  readonly record?: Task['record'];
  readonly rule?: string;
  readonly movedTime?: number;
  readonly run?: number;
}

/** An open task of the stage's portal, as planning leaves it. */
export async function planned(
  stage: CliStage,
  { record, rule = 'spam', movedTime, run = 0 }: Row = {},
): Promise<string> {
  const { taskId } = await stage.tasks.create(
    {
      memberId: stage.portal.memberId,
      record: record ?? { entityTypeId: 2, id: 1 },
      rule: { id: rule, version: 1 },
      transition: { stageId: lostStage, movedTime: movedTime ?? stage.now },
      run,
    },
    {
      nextAt: stage.now + 3_600_000,
      source: 'webhook',
      history: [{ at: stage.now, what: 'planned', text: `Lost in stage ${lostStage}` }],
    },
  );
  return taskId;
}

/** Notes these deletions as the worker does before it sends them, with one snapshot. */
export async function noted(stage: CliStage, taskId: string, deletions: Deletion[]): Promise<void> {
  const { snapshots } = await taskOf(stage, taskId);
  await stage.tasks.note(taskId, {
    deletions: deletions.map((deletion) => ({ ...deletion, outcome: undefined, snapshotAt: stage.now })),
    items: {},
    before: snapshots,
    snapshots: (snapshots ?? 0) + 1,
    history: [{ at: stage.now, what: 'decided', text: 'Still lost' }],
  });
}

/** The same deletions with what became of them, a second later; the task ends. */
export async function ended(
  stage: CliStage,
  taskId: string,
  deletions: Deletion[],
  { status = 'done', reason }: { status?: Exclude<Task['status'], 'open'>; reason?: string } = {},
): Promise<void> {
  await noted(stage, taskId, deletions);
  const snapshotAt = stage.now;
  stage.now += 1_000;
  await stage.tasks.end(taskId, {
    status,
    reason,
    deletions: deletions.map((deletion) => ({ ...deletion, snapshotAt })),
    history: [{ at: stage.now, what: 'ended', text: `Ended as ${status}` }],
  });
}

/** One deletion of each method, each with another outcome, and a hundred items. */
export function everyKind(at: number): Deletion[] {
  const answer = { at, proof: 'answer' } as const;
  return [
    {
      what: 'deal-contacts',
      method: 'crm.deal.contact.items.delete',
      entityTypeId: 2,
      id: 1,
      contactIds: [3, 4],
      outcome: { ...answer, result: 'deleted' },
    },
    {
      what: 'company-contacts',
      method: 'crm.company.contact.items.delete',
      entityTypeId: 4,
      id: 9,
      contactIds: [],
      outcome: { at, proof: 'read', result: 'already-gone' },
    },
    ...Array.from({ length: 100 }, (_, index): Deletion => {
      const item = { what: 'items', method: 'crm.item.delete', entityTypeId: 1044, id: 500 + index } as const;
      return { ...item, outcome: { ...answer, result: 'deleted' } };
    }),
    {
      what: 'contacts',
      method: 'crm.contact.delete',
      entityTypeId: 3,
      id: 3,
      outcome: { ...answer, result: 'refused', verdict: 'access-denied' },
    },
    { what: 'contacts', method: 'crm.item.delete', entityTypeId: 3, id: 4, outcome: { ...answer, result: 'spared' } },
    { what: 'company', method: 'crm.item.delete', entityTypeId: 4, id: 9 },
  ];
}
