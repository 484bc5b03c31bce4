import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { each } from '../../../lib/tasks/each.ts';
import { CliStage } from './cli-stage.ts';
import { ended, planned } from './task-rows.ts';

const day = 86_400_000;
const moved = Date.UTC(2027, 0, 1, 10);

describe('tasks list', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = moved;
  });
  afterEach(() => stage.close());

  const idsOf = async (command: string): Promise<unknown[]> => {
    const { tasks } = (await stage.json(command)) as { tasks: { taskId: string }[] };
    return tasks.map(({ taskId }) => taskId);
  };

  test('filters by several states, rule, reason, record and time, and by all of them together', async () => {
    const lead = await planned(stage, { record: { entityTypeId: 1, id: 7 } });
    stage.now += day;
    const observed = await planned(stage, { rule: 'other' });
    await ended(stage, observed, [], { status: 'observed', reason: 'portal-observes' });
    stage.now += day;
    const deal = await planned(stage, { record: { entityTypeId: 2, id: 101 } });

    expect(await idsOf('tasks list --status open observed')).toEqual([deal, observed, lead]);
    expect(await idsOf('tasks list --status done failed')).toEqual([]);
    expect(await idsOf('tasks list --rule other')).toEqual([observed]);
    expect(await idsOf('tasks list --reason portal-observes')).toEqual([observed]);
    expect(await idsOf('tasks list --record deal:101')).toEqual([deal]);
    expect(await idsOf('tasks list --record 1:7')).toEqual([lead]);
    expect(await idsOf('tasks list --since 36h')).toEqual([deal, observed]);
    expect(await idsOf('tasks list --until 2027-01-02')).toEqual([lead]);
    expect(await idsOf('tasks list --since 2027-01-02 --until 2027-01-03T00:00:00+01:00')).toEqual([observed]);
    expect(await idsOf('tasks list --since 3d --status open --rule spam --record lead:7')).toEqual([lead]);
    expect((await stage.run('tasks list --rule nobody')).stdout).toContain('has no such tasks');
  });

  test.each([
    '--since yesterday',
    '--since 2027-02-31',
    '--since 2027-01-01T10:00',
    '--since 99y',
    '--record deal',
    '--record quote:1',
    '--record 2:0',
    '--until 13-13-13',
    '--since 1d --until 2d',
  ])('%s is a wrong command line', async (options) => {
    expect(await stage.run(`tasks list ${options}`)).toMatchObject({ code: 2, stdout: '' });
  });

  test('the last line counts what is listed by state', async () => {
    await planned(stage, { record: { entityTypeId: 2, id: 1 } });
    await planned(stage, { record: { entityTypeId: 2, id: 2 } });
    await ended(stage, await planned(stage, { record: { entityTypeId: 2, id: 3 } }), []);
    expect((await stage.run('tasks list')).stdout).toMatch(/\n3 tasks: 2 open, 1 done\.\n$/);
    expect(await stage.json('tasks list')).toMatchObject({ counts: { open: 2, done: 1, failed: 0 } });
  });

  test('a row that cannot be read is named and hides no other', async () => {
    const good = await planned(stage);
    const { memberId } = stage.portal;
    const bad = 'f'.repeat(64);
    await stage.tables.tasks.put({ taskId: bad, sk: 'task', memberId, createdAt: moved, status: 'of-the-future' });

    const { code, stdout, stderr } = await stage.run('tasks list');
    expect(code).toBe(0);
    expect(stdout).toContain(good.slice(0, 12));
    expect(stderr).toContain(`1 task cannot be read and is left out here: ${bad.slice(0, 12)}`);
    expect(await stage.json('tasks list')).toMatchObject({ unreadable: [bad] });
    for (const id of [bad, bad.slice(0, 8)]) {
      expect(await stage.run(`tasks show ${id}`)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('cannot be read'),
      });
    }
  });

  test('3,000 tasks are paged through to the last, by --until', async () => {
    await each(
      Array.from({ length: 3_000 }, (_, index) => index + 1),
      async (id) => {
        stage.now += 1;
        await planned(stage, { record: { entityTypeId: 2, id } });
      },
    );
    const seen = new Set<unknown>();
    let until = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const page = (await stage.json(`tasks list --limit 1000${until}`)) as {
        tasks: { taskId: string }[];
        more: boolean;
        until: string;
      };
      for (const { taskId } of page.tasks) seen.add(taskId);
      if (!page.more) break;
      until = ` --until ${page.until}`;
    }
    expect(seen.size).toBe(3_000);
    expect(await idsOf('tasks list --record deal:1')).toHaveLength(1);
  }, 120_000);
});
