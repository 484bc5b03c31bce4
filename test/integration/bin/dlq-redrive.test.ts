// oxlint-disable typescript/unbound-method -- methods that are replaced are called with the `this` of the call
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DeadLetterQueue } from '../../../lib/aws/dead-letter-queue.ts';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { TaskStore } from '../../../lib/tasks/store.ts';
import { allShards } from '../../../lib/tasks/due-ids.ts';
import { CliStage } from './cli-stage.ts';
import { deadLetter, failedTask, furnish, loseDeal, markFailed, pass, taskOf } from './failed-tasks.ts';

const minute = 60_000;

describe('dlq redrive', () => {
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
  const dueIds = async () => {
    const pages = await Promise.all(allShards.map((shard) => stage.tasks.due(shard, stage.now, 100)));
    return pages.flatMap(({ items }) => items).map(({ taskId }) => taskId);
  };
  const outcomes = async (command: string) => {
    const { deadLetters } = (await stage.json(command)) as {
      deadLetters: { outcome: string; reason: string | null }[];
    };
    return deadLetters.map(({ outcome, reason }) => reason ?? outcome).toSorted();
  };

  test('opens the failed task again, due now, with all its attempts, and removes the letter', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));

    const { code, stdout } = await stage.run(`dlq redrive ${taskId}`);

    expect(code).toBe(0);
    expect(stdout).toContain('1 dead letter: 1 went back, 0 were removed with nothing left to do, 0 stay.');
    const task = await taskOf(stage, taskId);
    expect(task).toMatchObject({ status: 'open', attempts: 0, nextAt: stage.now });
    expect(task).not.toHaveProperty('endedAt');
    expect(task).not.toHaveProperty('expiresAt');
    expect(task).not.toHaveProperty('reason');
    expect(task.deletions?.[0]).not.toHaveProperty('outcome');
    expect(task.history.at(-1)).toEqual({
      at: stage.now,
      what: 'reopened',
      text: 'Taken back from the dead letters by ada@laptop; it had failed with ACCESS_DENIED',
    });
    expect(await dueIds()).toContain(taskId);
    expect(await lettersLeft()).toBe(0);
  });

  test('a dry run looks and changes nothing', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const before = await taskOf(stage, taskId);

    const { stdout } = await stage.run('dlq redrive --all --dry-run');

    expect(stdout).toContain('1 would go back');
    expect(stdout).toContain('Nothing was changed.');
    expect(await taskOf(stage, taskId)).toEqual(before);
    expect(await lettersLeft()).toBe(1);
    expect(stage.portal.calls('crm.item.list').length).toBeGreaterThan(0);
  });

  test('takes those that are named: by code, by portal, by id', async () => {
    const denied = await failedTask(stage, loseDeal(stage));
    const other = await failedTask(stage, loseDeal(stage), { code: 'NOT_FOUND' });

    await stage.run('dlq redrive --code access_denied');
    expect((await taskOf(stage, denied.taskId)).status).toBe('open');
    expect((await taskOf(stage, other.taskId)).status).toBe('failed');
    await stage.run(`dlq redrive --portal ${'ab'.repeat(16)}`);
    expect(await lettersLeft()).toBe(1);
    await stage.run(`dlq redrive --portal ${stage.portal.domain}`);
    expect((await taskOf(stage, other.taskId)).status).toBe('open');
  });

  test('nothing is redriven unasked, and an unknown id is told', async () => {
    expect(await stage.run('dlq redrive')).toMatchObject({ code: 2, stdout: '' });
    expect(await stage.run('dlq redrive --queue deletions')).toMatchObject({ code: 2 });
    expect(await stage.run('dlq redrive 00000000 --all')).toMatchObject({ code: 2 });
    expect(await stage.run('dlq redrive --all')).toMatchObject({
      code: 0,
      stdout: 'No dead letter is meant by that.\n',
    });
    const missing = await stage.run('dlq redrive 00000000');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('There is no dead letter 00000000, or another command holds it.');
  });

  test('what would come to nothing stays, with the reason', async () => {
    const { portal } = stage;
    const won = loseDeal(stage);
    const gone = loseDeal(stage);
    const [elsewhere, removed] = [loseDeal(stage), loseDeal(stage)];
    for (const id of [won, gone, elsewhere]) await failedTask(stage, id);
    await failedTask(stage, removed, { rule: 'unheard-of' });
    portal.moveDeal(won, 'C5:WON');
    portal.removeDeal(gone);
    portal.moveDeal(elsewhere, 'C5:LOSE');

    expect(await outcomes('dlq redrive --all')).toEqual([
      'moved-to-another-stage',
      'no-longer-lost',
      'record-gone',
      'rule-removed',
    ]);
    expect(await lettersLeft()).toBe(4);
    expect(await dueIds()).not.toContain(
      (await stage.tasks.listByPortal(portal.memberId, { limit: 1 })).tasks[0]?.taskId,
    );
    expect((await stage.run('dlq redrive --all')).stdout).toContain('stays: the record is not lost any more');
  });

  test.each(['done', 'skipped', 'cancelled', 'observed'] as const)(
    'the letter of a task that is %s is removed, the task stays as it is',
    async (status) => {
      const { taskId } = await failedTask(stage, loseDeal(stage), { marked: false });
      await stage.tasks.end(taskId, { status, history: [] });
      expect(await outcomes('dlq redrive --all')).toEqual([`task-${status}`]);
      expect((await taskOf(stage, taskId)).status).toBe(status);
      expect(await lettersLeft()).toBe(0);
    },
  );

  test('a task that the worker may be about to mark keeps its letter, for ten minutes', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage), { marked: false });

    expect(await outcomes('dlq redrive --all')).toEqual(['task-in-work']);
    await markFailed(stage, taskId);
    expect(await outcomes('dlq redrive --all')).toEqual(['back']);

    const died = await failedTask(stage, loseDeal(stage), { marked: false });
    pass(stage, 11 * minute);
    expect(await outcomes('dlq redrive --all')).toEqual(['task-open']);
    expect((await taskOf(stage, died.taskId)).status).toBe('open');
    expect(await lettersLeft()).toBe(0);
  });

  test('two letters of one failure open the task once', async () => {
    const task = await failedTask(stage, loseDeal(stage));
    await deadLetter(stage, task);
    pass(stage, 11 * minute);

    expect(await outcomes('dlq redrive --all')).toEqual(['back', 'task-open']);

    const { history } = await taskOf(stage, task.taskId);
    expect(history.filter(({ what }) => what === 'reopened')).toHaveLength(1);
    expect(await lettersLeft()).toBe(0);
  });

  test('a crash between the write and the removal loses nothing and doubles nothing', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const remove = jest.spyOn(DeadLetterQueue.prototype, 'remove').mockRejectedValueOnce(new Error('killed'));
    expect((await stage.run('dlq redrive --all')).code).toBe(1);
    expect(remove).toHaveBeenCalledTimes(1);
    expect(await lettersLeft()).toBe(1);
    expect((await taskOf(stage, taskId)).status).toBe('open');

    pass(stage, 11 * minute);
    expect(await outcomes('dlq redrive --all')).toEqual(['task-open']);

    expect((await taskOf(stage, taskId)).history.filter(({ what }) => what === 'reopened')).toHaveLength(1);
    expect(await lettersLeft()).toBe(0);
  });

  test('a task that fails again after a redrive keeps its new letter', async () => {
    const task = await failedTask(stage, loseDeal(stage));
    await stage.run('dlq redrive --all');
    await deadLetter(stage, task, 'NOT_FOUND');
    expect(await outcomes('dlq redrive --all')).toEqual(['task-in-work']);
    await markFailed(stage, task.taskId);
    expect(await outcomes('dlq redrive --all')).toEqual(['back']);
  });

  test('a task that changes between look and write is left alone', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const seen = await taskOf(stage, taskId);
    const { get } = TaskStore.prototype;
    jest.spyOn(TaskStore.prototype, 'get').mockImplementation(async function afterwardsReopened(this: TaskStore, id) {
      const task = await get.call(this, id);
      await stage.tasks.reopen(seen, []);
      await markFailed(stage, taskId);
      return task;
    });
    pass(stage, 1_000);

    expect(await outcomes('dlq redrive --all')).toEqual(['task-changed']);
    expect(await lettersLeft()).toBe(1);
  });

  test('a table that does not answer stops it; what was written is settled, the rest is given back', async () => {
    const first = await failedTask(stage, loseDeal(stage));
    await failedTask(stage, loseDeal(stage));
    const { reopen } = TaskStore.prototype;
    jest.spyOn(TaskStore.prototype, 'reopen').mockImplementation(async function once(this: TaskStore, task, history) {
      if (task.taskId === first.taskId) return reopen.call(this, task, history);
      throw new TableUnavailable('Update on table tasks failed: TimeoutError');
    });

    const { code, stdout, stderr } = await stage.run('dlq redrive --all');

    expect(code).toBe(1);
    expect(stdout).toContain('1 went back');
    expect(stderr).toContain('Update on table tasks failed');
    expect((await taskOf(stage, first.taskId)).status).toBe('open');
    expect(await lettersLeft()).toBe(1);
    expect(await stage.held('deletions-dlq.fifo')).toBe(0);
  });

  test('SQS that does not remove a letter is told of; the next redrive removes it', async () => {
    await failedTask(stage, loseDeal(stage));
    jest.spyOn(DeadLetterQueue.prototype, 'remove').mockImplementationOnce(async (ids) => [...ids]);
    const { code, stderr } = await stage.run('dlq redrive --all');
    expect(code).toBe(0);
    expect(stderr).toContain('1 dead letter could not be removed although the work goes on');
    pass(stage, 11 * minute);
    expect(await outcomes('dlq redrive --all')).toEqual(['task-open']);
  });

  test('Ctrl-C ends it and gives back what was not redriven', async () => {
    for (let count = 0; count < 3; count += 1) await failedTask(stage, loseDeal(stage));
    const { take } = DeadLetterQueue.prototype;
    jest.spyOn(DeadLetterQueue.prototype, 'take').mockImplementation(async function pressed(
      this: DeadLetterQueue,
      how,
    ) {
      const taken = await take.call(this, how);
      if (taken.length > 0) stage.interrupt?.();
      return taken;
    });

    const { code, stderr } = await stage.run('dlq redrive --all');

    expect(code).toBe(1);
    expect(stderr).toContain('Interrupted. Run it again for the rest.');
    expect(await lettersLeft()).toBe(3);
    expect(await stage.held('deletions-dlq.fifo')).toBe(0);
    expect(stage.interrupt).toBeUndefined();
  });

  test('a portal that does not answer does not keep its tasks from going back', async () => {
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const { code, stdout, stderr } = await stage.run('dlq redrive --all', {
      fetch: async () => new Response('<html>', { status: 502 }),
    });
    expect(code).toBe(0);
    expect(stdout).toContain('went back; the record could not be looked at before');
    expect(stderr).toContain('warning: records could not be looked at before: ');
    expect((await taskOf(stage, taskId)).status).toBe('open');
  });

  test('a paused portal is said so and asked nothing; a disconnected one gets nothing back', async () => {
    const { memberId } = stage.portal;
    await failedTask(stage, loseDeal(stage));
    await stage.portals.pause(memberId, { code: 'credentials-revoked', reason: 'Install it again.' });
    const calls = stage.portal.calls('crm.item.list').length;
    expect((await stage.run('dlq redrive --all')).stdout).toContain(
      'the portal is paused: it waits for portals resume',
    );
    expect(stage.portal.calls('crm.item.list')).toHaveLength(calls);

    await failedTask(stage, loseDeal(stage));
    await stage.portals.change(memberId, { state: 'disconnected' });
    expect(await outcomes('dlq redrive --all')).toEqual(['portal-disconnected']);
    await stage.portals.remove(memberId);
    expect(await outcomes('dlq redrive --all')).toEqual(['portal-unknown']);
  });

  test('rows that nobody can read keep their letters, and no others', async () => {
    const odd = await failedTask(stage, loseDeal(stage));
    const good = await failedTask(stage, loseDeal(stage));
    await stage.tables.tasks.put({ taskId: odd.taskId, sk: 'task', memberId: 'x', createdAt: 1, status: 'odd' });
    expect(await outcomes('dlq redrive --all')).toEqual(['back', 'task-unreadable']);
    expect((await taskOf(stage, good.taskId)).status).toBe('open');

    await stage.tables.tasks.delete({ taskId: odd.taskId, sk: 'task' });
    expect(await outcomes('dlq redrive --all')).toEqual(['task-unknown']);
    await failedTask(stage, loseDeal(stage));
    await stage.tables.portals.put({ memberId: stage.portal.memberId, sk: 'portal', domain: '' });
    expect(await outcomes('dlq redrive --all')).toEqual(['portal-unreadable', 'task-unknown']);
  });

  test('a record goes back as the wish to read it, unless it is gone or no longer lost', async () => {
    const { memberId } = stage.portal;
    const [lost, won] = [loseDeal(stage), loseDeal(stage)];
    stage.portal.moveDeal(won, 'C5:WON');
    for (const id of [lost, won, 99_999]) {
      await stage.send('events-dlq', {
        v: 1,
        kind: 'record',
        memberId,
        record: { entityTypeId: 2, id },
        code: 'RECORD_UNREADABLE',
        description: '',
        attempts: 100,
        at: stage.now,
      });
    }
    expect(await outcomes('dlq redrive --queue events --all')).toEqual(['back', 'no-longer-lost', 'record-gone']);
    expect(await dueIds()).toEqual(expect.arrayContaining([`unread:${memberId}:2:${lost}`]));
    expect(await stage.visible('events-dlq')).toHaveLength(2);
  });

  test('messages that SQS moved go back by their own ways; the unreadable stays', async () => {
    const { memberId } = stage.portal;
    const { taskId } = await failedTask(stage, loseDeal(stage));
    const event = { v: 1, memberId, entityTypeId: 2, id: 5, source: 'app', receivedAt: stage.now };
    const unverified = { tokenDigest: 'ab'.repeat(32), domain: 'demo.bitrix24.com' };
    await stage.run('dlq redrive --all');
    await stage.send('events-dlq', event);
    await stage.send('events-dlq', { ...event, id: 6, memberId: 'cd'.repeat(16), unverified });
    await stage.send('events-dlq', { ...event, id: 7, memberId: 'cd'.repeat(16) });
    await stage.send('deletions-dlq.fifo', { v: 1, memberId, taskIds: [taskId] }, memberId);
    await stage.send('reconcile-dlq', { v: 1, memberId, chore: 'reconcile' });
    await stage.send('reconcile-dlq', 'rubbish');

    expect(await outcomes('dlq redrive --all')).toEqual([
      'back',
      'back',
      'back',
      'portal-unknown',
      'tasks-come-due',
      'unreadable-message',
    ]);
    expect(await dueIds()).toEqual(
      expect.arrayContaining([`unread:${memberId}:2:5`, `chore:${memberId}:reconcile`, taskId]),
    );
    const [sent] = await stage.visible('events');
    expect(JSON.parse(sent?.Body ?? '')).toMatchObject({ id: 6, unverified });
    expect(await stage.visible('events-dlq')).toHaveLength(1);
    expect(await stage.visible('reconcile-dlq')).toHaveLength(1);
  });

  test('letters behind one of the same group are reached as well', async () => {
    const { memberId } = stage.portal;
    for (let count = 0; count < 4; count += 1) {
      await stage.send('deletions-dlq.fifo', { v: 1, memberId, taskIds: ['ab'.repeat(32)] }, memberId);
    }
    expect(await outcomes('dlq redrive --all')).toHaveLength(4);
    expect(await lettersLeft()).toBe(0);
  });

  test('hundreds are redriven with a word on how far it is', async () => {
    const deal = loseDeal(stage);
    const task = await failedTask(stage, deal);
    const { memberId } = stage.portal;
    for (let id = 1; id <= 30; id += 1)
      await stage.send('events-dlq', { v: 1, memberId, entityTypeId: 2, id, source: 'app', receivedAt: 1 });
    const { take } = DeadLetterQueue.prototype;
    jest.spyOn(DeadLetterQueue.prototype, 'take').mockImplementation(function slow(this: DeadLetterQueue, how) {
      const onTaken = (count: number) => {
        stage.now += 3_000;
        how.onTaken?.(count);
      };
      return take.call(this, { ...how, onTaken });
    });
    const { stderr, code } = await stage.run('dlq redrive --all');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\d+ dead letters read$/m);
    expect((await taskOf(stage, task.taskId)).status).toBe('open');
  });

  test('it stops before what it holds shows to others again', async () => {
    await failedTask(stage, loseDeal(stage));
    const { take } = DeadLetterQueue.prototype;
    jest.spyOn(DeadLetterQueue.prototype, 'take').mockImplementation(async function slow(this: DeadLetterQueue, how) {
      const taken = await take.call(this, how);
      stage.now += 13 * minute;
      return taken;
    });
    const { code, stderr } = await stage.run('dlq redrive --all');
    expect(code).toBe(1);
    expect(stderr).toContain('It took too long and was stopped. Run it again for the rest.');
    expect(await lettersLeft()).toBe(1);
  });
});
