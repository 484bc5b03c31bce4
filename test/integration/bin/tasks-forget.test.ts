import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Table } from '../../../lib/aws/table.ts';
import { SnapshotStore } from '../../../lib/tasks/snapshots.ts';
import { CliStage } from './cli-stage.ts';
import { failedTask, furnish, loseDeal, taskOf } from './failed-tasks.ts';
import { ended, everyKind, noted, planned } from './task-rows.ts';

const moved = Date.UTC(2027, 0, 1, 10);

describe('tasks forget', () => {
  let stage: CliStage;
  let table: Table;
  let snapshots: SnapshotStore;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = moved;
    table = stage.tables.snapshots;
    snapshots = new SnapshotStore(table, () => stage.now, Math.random);
  });
  afterEach(() => stage.close());

  const rowsOf = async (taskId: string): Promise<number> =>
    (await table.query({ where: '#taskId = :taskId', values: { taskId } })).count;

  /** A task that has ended and has two snapshots, the second too large for one row. */
  async function withSnapshots(): Promise<string> {
    const taskId = await planned(stage);
    await ended(stage, taskId, everyKind(stage.now));
    const noise = Array.from({ length: 60_000 }, () => Math.random().toString(36)).join('');
    const record = (text: string) => ({ entityTypeId: 3, id: 1, fields: { text } });
    await snapshots.put(taskId, 0, { v: 1, takenAt: stage.now, records: [record('short')] });
    await snapshots.put(taskId, 1, { v: 1, takenAt: stage.now, records: [record(noise)] });
    return taskId;
  }

  test('erases every part, notes who and when, and says that undo is over', async () => {
    const taskId = await withSnapshots();
    const parts = await rowsOf(taskId);
    expect(parts).toBeGreaterThan(2);

    const { code, stdout } = await stage.run(`tasks forget ${taskId} --yes`);

    expect(code).toBe(0);
    expect(stdout).toContain(`${parts} parts of its snapshots erased. It cannot be undone any more.`);
    expect(await rowsOf(taskId)).toBe(0);
    const task = await taskOf(stage, taskId);
    expect(task.forgottenAt).toBe(stage.now);
    expect(task.history.at(-1)).toEqual({
      at: stage.now,
      what: 'forgotten',
      text: 'Snapshots erased by ada@laptop: it cannot be undone any more',
    });
    expect((await stage.run(`tasks show ${taskId}`)).stdout).toContain(
      'erased by a person at 2027-01-01T10:00:01.000Z',
    );
  });

  test('to forget again changes nothing, and finishes what a killed command has begun', async () => {
    const taskId = await withSnapshots();
    const task = await taskOf(stage, taskId);
    // Killed after the first part was erased.
    await stage.tasks.forget(task, [{ at: stage.now, what: 'forgotten', text: 'Snapshots erased' }]);
    await table.delete({ taskId, part: 0 });

    expect((await stage.run(`tasks forget ${taskId} --yes`)).stdout).toContain('erased');
    expect(await rowsOf(taskId)).toBe(0);
    const { stdout, code } = await stage.run(`tasks forget ${taskId} --yes`);
    expect(code).toBe(0);
    expect(stdout).toContain('keeps no snapshot: they were erased at');
    expect((await taskOf(stage, taskId)).history.filter(({ what }) => what === 'forgotten')).toHaveLength(1);
  });

  test('an open task is refused, and nothing of it is erased', async () => {
    const taskId = await planned(stage);
    await noted(stage, taskId, everyKind(stage.now));
    await snapshots.put(taskId, 0, { v: 1, takenAt: stage.now });
    expect(await stage.run(`tasks forget ${taskId} --yes`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is open and may be at work. Cancel it first'),
    });
    expect(await rowsOf(taskId)).toBe(1);
  });

  test('without a word of a person nothing is erased', async () => {
    const taskId = await withSnapshots();
    expect((await stage.run(`tasks forget ${taskId}`)).stderr).toContain('--yes');
    expect((await stage.run(`tasks forget ${taskId}`, { typed: ['no'] })).code).toBe(1);
    expect(await rowsOf(taskId)).toBeGreaterThan(2);
    expect((await stage.run(`tasks forget ${taskId}`, { typed: ['yes'] })).code).toBe(0);
    expect(await rowsOf(taskId)).toBe(0);
  });

  test('a task that is opened again after it was forgotten takes its snapshot anew', async () => {
    stage.now = Date.now();
    await furnish(stage);
    const task = await failedTask(stage, loseDeal(stage));
    await stage.tasks.reopen(task, []);
    await noted(stage, task.taskId, everyKind(stage.now).slice(0, 1));
    await stage.tasks.end(task.taskId, { status: 'failed', history: [] });
    await snapshots.put(task.taskId, 0, { v: 1, takenAt: stage.now });

    await stage.run(`tasks forget ${task.taskId} --yes`);

    const [deletion] = (await taskOf(stage, task.taskId)).deletions ?? [];
    expect(deletion).not.toHaveProperty('snapshotAt');
  });

  test('ids that do not exist are said so, and nothing is erased before all are known', async () => {
    const taskId = await withSnapshots();
    const unknown = '0'.repeat(64);
    expect(await stage.run(`tasks forget ${taskId} ${unknown} --yes`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`There is no task ${unknown}`),
    });
    expect(await rowsOf(taskId)).toBeGreaterThan(2);
  });
});
