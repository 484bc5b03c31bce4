import { openQueue } from '../../../lib/aws/queue.ts';
import { recordSchema } from '../../../lib/bitrix24/answers.ts';
import { sendDeadLetter } from '../../../lib/tasks/dead-letter.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import type { CliStage } from './cli-stage.ts';

/** In the pipeline that the stage's portal has. */
export const lostStage = 'C5:UC_7K2M';

const rules = `
version: 1
rules:
  - id: unlink
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]
  - id: other
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]
`;

/** A portal that enforces rules `unlink` and `other`, some seconds ago. */
export async function furnish(stage: CliStage): Promise<void> {
  const { domain } = stage.portal;
  await stage.connect();
  const file = await stage.file('rules.yaml', rules);
  await stage.run(`rules push ${file} --portal ${domain}`);
  await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
  pass(stage, 10_000);
}

/** Time passes, here and on the portal. */
export function pass(stage: CliStage, ms: number): void {
  stage.now += ms;
  stage.simulator.clockOffset(ms);
}

/** A deal that has just been lost. */
export function loseDeal({ portal }: CliStage): number {
  const id = portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds: [portal.addContact()] });
  portal.moveDeal(id, lostStage);
  return id;
}

interface Failure {
  readonly code?: string;
  readonly rule?: string;
  /** Without it the worker has died between the letter and the mark. */
  readonly marked?: boolean;
}

/** A task that failed as the worker lets it fail: dead-lettered, then marked. */
export async function failedTask(stage: CliStage, dealId: number, failure: Failure = {}): Promise<Task> {
  const { code = 'ACCESS_DENIED', rule = 'unlink', marked = true } = failure;
  const { movedTime } = recordSchema.parse(stage.portal.deal(dealId));
  const { taskId } = await stage.tasks.create(
    {
      memberId: stage.portal.memberId,
      record: { entityTypeId: 2, id: dealId },
      rule: { id: rule, version: 1 },
      transition: { stageId: lostStage, movedTime },
      run: 0,
    },
    { nextAt: stage.now, source: 'webhook', history: [{ at: stage.now, what: 'planned', text: 'Lost' }] },
  );
  await deadLetter(stage, await taskOf(stage, taskId), code);
  if (marked) await markFailed(stage, taskId);
  return taskOf(stage, taskId);
}

export async function markFailed(stage: CliStage, taskId: string): Promise<void> {
  await stage.tasks.end(taskId, {
    status: 'failed',
    reason: 'access-denied',
    attempts: 3,
    deletions: [
      {
        what: 'deal-contacts',
        method: 'crm.deal.contact.items.delete',
        entityTypeId: 2,
        id: 1,
        contactIds: [5],
        outcome: { result: 'refused', at: stage.now, proof: 'answer' },
      },
    ],
    history: [{ at: stage.now, what: 'ended', text: 'Failed and dead-lettered' }],
  });
}

export async function deadLetter(stage: CliStage, task: Task, code = 'ACCESS_DENIED'): Promise<void> {
  const { taskId, memberId, record } = task;
  const queue = openQueue(stage.sqs, stage.queueUrl('deletions-dlq.fifo'), () => crypto.randomUUID());
  await sendDeadLetter(queue, taskId, {
    kind: 'task',
    memberId,
    taskId,
    record,
    code,
    description: 'The portal says no.',
    status: 403,
    attempts: 3,
    at: stage.now,
  });
}

export async function taskOf(stage: CliStage, taskId: string): Promise<Task> {
  const task = await stage.tasks.get(taskId);
  if (!task) throw new Error('There is no such task');
  return task;
}
