import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DeadLetterQueue } from '../../../lib/aws/dead-letter-queue.ts';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { TaskStore } from '../../../lib/tasks/store.ts';
import { CliStage } from './cli-stage.ts';
import { failedTask, furnish, loseDeal, taskOf } from './failed-tasks.ts';

describe('dlq drop', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await furnish(stage);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await stage.close();
  });

  const lettersLeft = async () => (await stage.visible('deletions-dlq.fifo')).length;
  const drop = (...words: string[]) => ['dlq', 'drop', ...words, '--reason', 'done by hand'];

  test('writes who and why into the task, which stays failed, and removes the letter', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const before = await taskOf(stage, taskId);

    const { code, stdout } = await stage.run(drop(taskId, '--yes'));

    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 dead letter dropped.\n' });
    const entry = {
      at: stage.now,
      what: 'given-up',
      text: 'Dead letter (ACCESS_DENIED) dropped by ada@laptop: done by hand',
    };
    expect(await taskOf(stage, taskId)).toEqual({ ...before, history: [...before.history, entry] });
    expect(await lettersLeft()).toBe(0);
    expect((await stage.run(`tasks show ${taskId}`)).stdout).toContain('dropped by ada@laptop: done by hand');
  });

  test('asks a person, who sees what it is about', async () => {
    const { record } = await failedTask(stage, loseDeal(stage));
    const no = await stage.run(drop('--all'), { typed: ['no'] });
    expect(no.code).toBe(1);
    expect(no.stderr).toContain(`deal ${record.id}`);
    expect(no.stderr).toContain('Drop 1 dead letter for good? Type yes: ');
    expect(no.stderr).toContain('error: Nothing was dropped.');
    expect(await lettersLeft()).toBe(1);

    expect((await stage.run(drop('--all'), { typed: ['yes'] })).stdout).toBe('1 dead letter dropped.\n');
    expect(await lettersLeft()).toBe(0);
  });

  test('Ctrl-C at the question drops nothing', async () => {
    await failedTask(stage, loseDeal(stage));
    const { code, stderr } = await stage.run(drop('--all'), { typed: ['\u0003'] });
    expect(code).toBe(1);
    expect(stderr).toContain('Cancelled. Nothing was changed.');
    expect(await lettersLeft()).toBe(1);
    expect(await stage.held('deletions-dlq.fifo')).toBe(0);
  });

  test('a script has to say --yes, and everybody why', async () => {
    await failedTask(stage, loseDeal(stage));
    expect((await stage.run(drop('--all'))).stderr).toContain('To drop 1 dead letter, confirm it: --yes');
    expect((await stage.run('dlq drop --all --yes')).code).toBe(2);
    expect((await stage.run(['dlq', 'drop', '--all', '--yes', '--reason', ' '])).code).toBe(2);
    expect((await stage.run(drop('--yes'))).code).toBe(2);
    expect(await lettersLeft()).toBe(1);
  });

  test('drops nothing when one of several ids is not there', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const { code, stderr } = await stage.run(drop(taskId, '00000000', '--yes'));
    expect(code).toBe(1);
    expect(stderr).toContain('There is no dead letter 00000000');
    expect(await lettersLeft()).toBe(1);
  });

  test('drops what nobody can read, what has no task, and what lies behind another', async () => {
    const { memberId } = stage.portal;
    const { taskId } = await failedTask(stage, loseDeal(stage));
    await stage.tables.tasks.delete({ taskId, sk: 'task' });
    await stage.send('events-dlq', '\u009b rubbish');
    for (let count = 0; count < 3; count += 1) {
      await stage.send('deletions-dlq.fifo', { v: 1, memberId, taskIds: ['ab'.repeat(32)] }, memberId);
    }
    expect((await stage.run(drop('--all', '--yes'))).stdout).toBe('5 dead letters dropped.\n');
    expect(await stage.visible('events-dlq')).toHaveLength(0);
    expect(await lettersLeft()).toBe(0);
    expect(await stage.tasks.get(taskId)).toBeUndefined();
  });

  test('a secret in the reason does not get into the history', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    await stage.run(['dlq', 'drop', '--all', '--yes', '--reason', 'see https://demo.bitrix24.com/rest/1/canary0123/']);
    expect(JSON.stringify(await taskOf(stage, taskId))).not.toContain('canary');
  });

  test('a letter is not removed before the table has taken the word', async () => {
    await failedTask(stage, loseDeal(stage));
    jest
      .spyOn(TaskStore.prototype, 'remark')
      .mockRejectedValue(new TableUnavailable('Update on table tasks failed: X'));
    const { code, stderr } = await stage.run(drop('--all', '--yes'));
    expect(code).toBe(1);
    expect(stderr).toContain('Update on table tasks failed');
    expect(await lettersLeft()).toBe(1);
  });

  test('says so when SQS does not remove it', async () => {
    await failedTask(stage, loseDeal(stage));
    jest.spyOn(DeadLetterQueue.prototype, 'remove').mockImplementation(async (ids) => [...ids]);
    const { code, stdout, stderr } = await stage.run(drop('--all', '--yes'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '0 dead letters dropped.\n' });
    expect(stderr).toContain('1 dead letter could not be removed. Run it again.');
  });
});
