import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';
import { taskOf } from './failed-tasks.ts';
import { ended, everyKind, noted, planned } from './task-rows.ts';

describe('tasks cancel', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = Date.UTC(2027, 0, 1, 10);
  });
  afterEach(() => stage.close());

  const reason = ['--reason', 'the customer called'];

  test('ends open tasks, with who did it and why, and leaves the others', async () => {
    const open = await planned(stage);
    const done = await planned(stage, { record: { entityTypeId: 2, id: 2 } });
    await ended(stage, done, []);

    const { code, stdout, stderr } = await stage.run(['tasks', 'cancel', open, done, ...reason]);

    expect(code).toBe(0);
    expect(stdout).toContain('1 task cancelled.');
    expect(stderr).toContain(`task ${done.slice(0, 12)} had ended already (done)`);
    const task = await taskOf(stage, open);
    expect(task).toMatchObject({ status: 'cancelled', reason: 'cancelled-by-operator' });
    expect(task.nextAt).toBeUndefined();
    expect(task.history.at(-1)?.text).toBe('Cancelled by ada@laptop: the customer called');
    expect((await taskOf(stage, done)).status).toBe('done');
  });

  test('what the portal did at the same moment is noted, although the task is cancelled', async () => {
    const taskId = await planned(stage);
    const deletions = everyKind(stage.now);
    await noted(stage, taskId, deletions);
    await stage.run(['tasks', 'cancel', taskId, ...reason]);

    // The worker had sent them before.
    const end = { status: 'done', deletions, history: [{ at: stage.now, what: 'ended', text: 'deleted' }] } as const;
    expect(await stage.tasks.end(taskId, { ...end, history: [...end.history] })).toBe(false);

    const task = await taskOf(stage, taskId);
    expect(task.status).toBe('cancelled');
    expect(task.deletions?.filter(({ outcome }) => outcome?.result === 'deleted')).toHaveLength(101);
    expect(task.history.at(-1)).toMatchObject({ what: 'answered', text: 'deleted' });
  });

  test('a task that people were told of owes them a word, and comes due for it', async () => {
    const taskId = await planned(stage);
    const promised = { state: 'promised', at: stage.now, tries: 0 };
    await stage.tables.tasks.update({ taskId, sk: 'task' }, { set: 'SET #report = :promised', values: { promised } });
    await stage.run(['tasks', 'cancel', taskId, ...reason]);
    const task = await taskOf(stage, taskId);
    expect(task).toMatchObject({ status: 'cancelled', report: { state: 'owed' }, nextAt: stage.now });
  });

  test('a reason is asked for, and kept without what may be a secret', async () => {
    const taskId = await planned(stage);
    expect((await stage.run(`tasks cancel ${taskId}`)).code).toBe(2);
    const secret = 'https://demo.bitrix24.com/rest/1/abcdef1234567890/';
    await stage.run(['tasks', 'cancel', taskId, '--reason', `see ${secret}`]);
    expect(JSON.stringify((await taskOf(stage, taskId)).history)).not.toContain('abcdef1234567890');
  });
});
