import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Deletion } from '../../../lib/tasks/task.ts';
import { CliStage } from './cli-stage.ts';

const moved = Date.UTC(2027, 0, 1, 10);

describe('tasks', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = moved;
  });
  afterEach(() => stage.close());

  async function addTask(dealId: number): Promise<string> {
    stage.now += 1_000;
    const { taskId } = await stage.tasks.create(
      {
        memberId: stage.portal.memberId,
        record: { entityTypeId: 2, id: dealId },
        rule: { id: 'spam', version: 2 },
        transition: { stageId: 'C5:UC_7K2M', movedTime: moved },
        run: 0,
      },
      {
        nextAt: moved + 3_600_000,
        source: 'webhook',
        history: [{ at: stage.now, what: 'planned', text: 'Lost in stage C5:UC_7K2M' }],
      },
    );
    return taskId;
  }

  async function finish(taskId: string): Promise<void> {
    const at = moved + 60_000;
    const deletion: Deletion = {
      what: 'deal-contacts',
      method: 'crm.deal.contact.items.delete',
      entityTypeId: 2,
      id: 1,
      contactIds: [3, 4],
    };
    await stage.tasks.note(taskId, {
      deletions: [deletion],
      items: {},
      before: undefined,
      snapshots: 1,
      history: [{ at, what: 'decided', text: 'Still lost' }],
    });
    await stage.tasks.end(taskId, {
      status: 'done',
      deletions: [{ ...deletion, outcome: { result: 'deleted', at, proof: 'answer' } }],
      history: [{ at, what: 'ended', text: 'deleted, as the portal answered' }],
    });
  }

  test('list shows the newest first, and only one status when asked', async () => {
    const first = await addTask(1);
    const second = await addTask(2);
    await finish(first);

    const all = (await stage.run(`tasks list --portal ${stage.portal.domain}`)).stdout.split('\n');
    const open = await stage.json('tasks list --status open');

    expect(all[0]).toMatch(/^TASK +RECORD +RULE +STATUS +REASON +LOST +NEXT OR END$/);
    expect(all[1]).toMatch(new RegExp(`^${second.slice(0, 12)} +deal 2 +spam +open +- +2027-01-01T10:00:00.000Z`));
    expect(all[2]).toMatch(new RegExp(`^${first.slice(0, 12)} +deal 1 +spam +done`));
    expect(open).toMatchObject({ tasks: [{ taskId: second, status: 'open' }], more: false });
  });

  test('list stops at its limit and says that there is more', async () => {
    for (const dealId of [1, 2, 3]) await addTask(dealId);
    const { stdout } = await stage.run('tasks list --limit 2');
    expect(stdout.trimEnd().split('\n')).toHaveLength(6);
    expect(stdout).toContain('There are more: --until 2027-01-01T10:00:01.000Z, or --limit 20');
    expect(stdout).toContain('2 tasks: 2 open.');
    expect((await stage.run('tasks list --status failed')).stdout).toContain('has no tasks that are failed');
    expect((await stage.run('tasks list --status odd')).code).toBe(2);
    expect((await stage.run('tasks list --limit 0')).code).toBe(2);
  });

  test('show tells the story, with deletions and outcomes', async () => {
    const taskId = await addTask(1);
    await finish(taskId);

    const { code, stdout } = await stage.run(`tasks show ${taskId}`);

    expect(code).toBe(0);
    expect(stdout).toContain(`Rule spam (version 2) for deal 1 on ${stage.portal.domain},`);
    expect(stdout).toContain('lost in stage C5:UC_7K2M since 2027-01-01T10:00:00.000Z.');
    expect(stdout).toMatch(/^2027-01-01T10:00:01\.000Z {2}planned {2}Lost in stage/m);
    expect(stdout).toMatch(/^2027-01-01T10:01:00\.000Z {2}ended {4}deleted/m);
    expect(stdout).toContain(
      'crm.deal.contact.items.delete of deal 1 (contacts 3, 4): deleted, as the portal answered, at 2027-01-01T10:01:00.000Z',
    );
  });

  test('show finds a task by its first digits', async () => {
    const taskId = await addTask(1);
    const digits = taskId.slice(0, 8);
    expect(await stage.json(`tasks show ${digits} --portal ${stage.portal.memberId}`)).toMatchObject({
      taskId,
      domain: stage.portal.domain,
    });
    expect((await stage.run(`tasks show ${digits.slice(0, 7)}`)).code).toBe(2);
    expect((await stage.run('tasks show 00000000')).stderr).toContain('There is no task 00000000');
    expect((await stage.run(`tasks show ${'0'.repeat(64)}`)).code).toBe(1);
  });

  test('several portals have to be told apart, none is said so', async () => {
    const other = await stage.simulator.addPortal();
    await stage.run(`portals connect --member-id ${other.memberId}`, { input: [other.createWebhook(), 'token'] });
    expect(await stage.run('tasks list')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There are 2 portals'),
    });
    for (const { memberId } of await stage.portals.list()) await stage.portals.remove(memberId);
    expect((await stage.run('tasks list')).stderr).toContain('No portal is connected yet');
  });
});
