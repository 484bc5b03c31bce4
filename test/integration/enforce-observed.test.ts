import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enforceTask } from '../../lib/tasks/enforce.ts';
import type { Task } from '../../lib/tasks/task.ts';
import { Deployment } from './support/deployment.ts';
import { addDeal, connectWebhooks, enforce, furnish, lostStage, pushRules } from './support/scenario.ts';

describe('a task that was only observed', () => {
  let deployment: Deployment;
  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
    await connectWebhooks(deployment);
    await pushRules(deployment);
  });
  afterEach(() => deployment.close());

  /** A deal lost while the portal observes, and its task. */
  async function observed(): Promise<{ dealId: number; task: Task }> {
    const dealId = addDeal(deployment);
    await deployment.pass(1_000);
    deployment.portal.moveDeal(dealId, lostStage);
    await deployment.run();
    const task = await deployment.taskOf(dealId);
    expect(task).toMatchObject({ status: 'observed', reason: 'portal-observes' });
    return { dealId, task };
  }

  const linked = (dealId: number) => deployment.portal.deal(dealId)?.['contactIds'];

  async function askFor(task: Task): Promise<void> {
    const options = { tasks: deployment.tasks, clock: Date.now };
    await enforceTask(options, task, {
      by: 'ada',
      askedAt: Date.now(),
      dueAt: Date.now(),
      rulesVersion: task.rule.version,
    });
  }

  async function nextOf({ record }: Task): Promise<Task | undefined> {
    return (await deployment.tasksOf()).find((task) => task.record.id === record.id && task.run === 1);
  }

  test('is not carried out by switching the mode, and is when a person asks for it', async () => {
    const { dealId, task } = await observed();
    await deployment.pass(2_000);
    await enforce(deployment);
    await deployment.pass(3_600_000);
    expect(linked(dealId)).toHaveLength(3);

    await askFor(task);
    await deployment.pass(60_000);

    expect(linked(dealId)).toEqual([]);
    expect(await nextOf(task)).toMatchObject({ status: 'done', source: 'operator' });
  });

  test('goes through the checks again: a deal that came back keeps its contacts', async () => {
    const { dealId, task } = await observed();
    await deployment.pass(2_000);
    await enforce(deployment);
    await askFor(task);
    deployment.portal.moveDeal(dealId, 'C5:NEW');
    await deployment.pass(60_000);
    expect(linked(dealId)).toHaveLength(3);
    expect(await nextOf(task)).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
  });
});
