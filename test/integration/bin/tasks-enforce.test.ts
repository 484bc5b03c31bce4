import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { recordSchema } from '../../../lib/bitrix24/answers.ts';
import { CliStage } from './cli-stage.ts';
import { furnish, loseDeal, lostStage, pass, taskOf } from './failed-tasks.ts';
import { ended } from './task-rows.ts';

describe('tasks enforce', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await furnish(stage);
  });
  afterEach(() => stage.close());

  /** A task about a deal that was just lost, which ended so. */
  async function endedTask(
    dealId: number,
    end: Parameters<typeof ended>[3] = { status: 'observed', reason: 'portal-observes' },
    rule = 'unlink',
  ): Promise<string> {
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
    await ended(stage, taskId, [], end);
    return taskId;
  }

  const open = async () =>
    (await stage.tasks.listByPortal(stage.portal.memberId, { limit: 100 })).tasks.filter(
      ({ status }) => status === 'open',
    );

  test('plans an observed task anew, due now and by an operator, and notes it in both', async () => {
    const old = await endedTask(loseDeal(stage));

    const { code, stdout } = await stage.run(`tasks enforce ${old} --confirm 1`);

    expect(code).toBe(0);
    expect(stdout).toContain('1 task planned');
    const [task] = await open();
    expect(task).toMatchObject({ run: 1, source: 'operator', rule: { id: 'unlink', version: 1 }, nextAt: stage.now });
    expect(task?.history[0]?.text).toContain(`Asked for by ada@laptop: task ${old} was observed (portal-observes)`);
    expect(await taskOf(stage, old)).toMatchObject({ status: 'observed' });
    expect((await taskOf(stage, old)).history.at(-1)).toMatchObject({
      what: 'repeated',
      text: `Planned again as ${task?.taskId} by ada@laptop`,
    });
  });

  test('makes no task twice', async () => {
    const old = await endedTask(loseDeal(stage));
    await stage.run(`tasks enforce ${old} --confirm 1`);
    const { code, stdout } = await stage.run(`tasks enforce ${old} --confirm 1`);
    expect(code).toBe(0);
    expect(stdout).toContain('1 not: planned-already');
    expect(stdout).toContain('Nothing is planned.');
    expect(await open()).toHaveLength(1);
    expect((await taskOf(stage, old)).history.filter(({ what }) => what === 'repeated')).toHaveLength(1);
  });

  test('takes those of a rule, and of them what would come to something', async () => {
    const deals = [loseDeal(stage), loseDeal(stage), loseDeal(stage), loseDeal(stage)] as const;
    await endedTask(deals[0]);
    await endedTask(deals[1], { status: 'skipped', reason: 'guarded' });
    await endedTask(deals[2], { status: 'skipped', reason: 'record-gone' });
    await endedTask(deals[3]);
    await endedTask(deals[0], { status: 'observed', reason: 'portal-observes' }, 'other');
    stage.portal.moveDeal(deals[3], 'C5:NEW');

    const report = await stage.json('tasks enforce --rule unlink --since 1d --confirm 2');

    expect((report as { tasks: object[] }).tasks).toHaveLength(3);
    expect(report).toMatchObject({
      tasks: expect.arrayContaining([expect.objectContaining({ outcome: 'keep', reason: 'no-longer-lost' })]),
    });
    expect(new Set((await open()).map(({ record }) => record.id))).toEqual(new Set([deals[0], deals[1]]));
  });

  test('only looks with --dry-run, and plans nothing without the right number', async () => {
    const old = await endedTask(loseDeal(stage));
    expect((await stage.run('tasks enforce --rule unlink --dry-run')).stdout).toContain('1 task would act');
    expect((await stage.run(`tasks enforce ${old} --confirm 2`)).stderr).toContain('and not 2');
    expect((await stage.run(`tasks enforce ${old}`)).stderr).toContain('--confirm 1');
    expect((await stage.run(`tasks enforce ${old}`, { typed: ['yes'] })).code).toBe(1);
    expect(await open()).toEqual([]);
    const { code, stderr } = await stage.run(`tasks enforce ${old}`, { typed: ['1'] });
    expect(code).toBe(0);
    expect(stderr).toContain(`1 task will be planned to DELETE on ${stage.portal.domain}. Type 1`);
    expect(await open()).toHaveLength(1);
  });

  test('is refused on a portal that observes or is paused, and without a choice', async () => {
    const old = await endedTask(loseDeal(stage));
    const { domain } = stage.portal;
    expect((await stage.run('tasks enforce')).code).toBe(2);
    expect((await stage.run(`tasks enforce ${old} --rule unlink`)).code).toBe(2);
    expect(await stage.run('tasks enforce --rule unlink --since 1d --until 2d')).toMatchObject({
      code: 2,
      stderr: 'error: --since has to be before --until\n',
    });
    await stage.run(`portals pause ${domain}`);
    expect((await stage.run(`tasks enforce ${old} --confirm 1`)).stderr).toContain('is paused');
    await stage.run(`portals resume ${domain}`);
    await stage.run(`portals mode ${domain} observe`);
    expect((await stage.run(`tasks enforce ${old} --confirm 1`)).stderr).toContain('is in mode observe');
    expect(await open()).toEqual([]);
  });

  test('a task that was done, and a rule that is no more, are left alone', async () => {
    const done = await endedTask(loseDeal(stage), { status: 'done' });
    const orphan = await endedTask(loseDeal(stage), { status: 'observed' }, 'gone-rule');
    const report = await stage.json(`tasks enforce ${done} ${orphan}`);
    expect(report).toMatchObject({
      planned: [],
      tasks: [
        { outcome: 'keep', reason: 'is-done' },
        { outcome: 'keep', reason: 'rule-removed' },
      ],
    });
  });

  test('many are planned in one go', async () => {
    const count = 260;
    for (let index = 0; index < count; index += 1) await endedTask(loseDeal(stage));
    pass(stage, 120_000);
    const { stdout } = await stage.run(`tasks enforce --rule unlink --confirm ${count}`);
    expect(stdout).toContain(`${count} tasks planned`);
    expect((await stage.json(`tasks list --status open --limit 1000`)) as object).toMatchObject({
      counts: { open: count },
    });
  }, 120_000);
});
