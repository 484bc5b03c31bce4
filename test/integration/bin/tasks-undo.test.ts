import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SnapshotStore } from '../../../lib/tasks/snapshots.ts';
import type { Deletion } from '../../../lib/tasks/task.ts';
import { CliStage } from './cli-stage.ts';
import { taskOf } from './failed-tasks.ts';
import { ended, planned } from './task-rows.ts';

const moved = Date.UTC(2027, 0, 1, 10);

describe('tasks undo', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = moved;
  });
  afterEach(() => stage.close());

  /** A task that has unlinked deal 1's contacts 3 and 4 and deleted contact 3. */
  async function done(): Promise<string> {
    const taskId = await planned(stage);
    const outcome = { result: 'deleted', at: moved, proof: 'answer' } as const;
    const deletions: Deletion[] = [
      { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 1, outcome },
      { what: 'contacts', method: 'crm.item.delete', entityTypeId: 3, id: 3, outcome },
    ];
    await ended(stage, taskId, deletions);
    const snapshots = new SnapshotStore(stage.tables.snapshots, () => stage.now, Math.random);
    await snapshots.put(taskId, 0, {
      v: 1,
      takenAt: stage.now,
      dealContacts: [{ dealId: 1, links: [{ CONTACT_ID: 3 }, { CONTACT_ID: 4 }] }],
      records: [{ entityTypeId: 3, id: 3, fields: { name: 'Anna' } }],
    });
    return taskId;
  }

  test('--dry-run says what would come back and what cannot, names no person, and changes nothing', async () => {
    const taskId = await done();
    const { code, stdout } = await stage.run(`tasks undo ${taskId} --recreate --dry-run`);
    expect(code).toBe(0);
    expect(stdout).toContain('the links of deal 1 to 2 contacts');
    expect(stdout).toContain('  - contact 3');
    expect(stdout).toContain('timeline, activities');
    expect(stdout).toContain('Nothing was changed.');
    expect(stdout).not.toContain('Anna');
    const { tasks } = await stage.tasks.listByPortal(stage.portal.memberId, { limit: 10 });
    expect(tasks).toHaveLength(1);
  });

  test('asks, and makes a task that is due now', async () => {
    const taskId = await done();
    const refused = await stage.run(`tasks undo ${taskId}`, { typed: ['no'] });
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('Nothing was changed');

    const { code, stdout, stderr } = await stage.run(`tasks undo ${taskId}`, { typed: ['yes'] });
    expect({ code, stderr: stderr.includes('Comes back:') }).toEqual({ code: 0, stderr: true });
    const id = /tasks show ([0-9a-f]{12})/.exec(stdout)?.[1] ?? '';
    expect(stdout).toContain(`npx tidy24 tasks show ${id} --portal ${stage.portal.domain} --local`);
    const { tasks } = await stage.tasks.listByPortal(stage.portal.memberId, { limit: 10 });
    const undo = tasks.find((task) => task.taskId.startsWith(id));
    expect(undo).toMatchObject({ status: 'open', run: 1, undo: { of: taskId, recreate: false }, nextAt: stage.now });
    expect(undo?.history[0]?.text).toContain('Asked for by ada@laptop');
    expect(await taskOf(stage, taskId)).toMatchObject({ status: 'done' });
  });

  test('refuses with a clear word what cannot be taken back', async () => {
    const open = await planned(stage, { rule: 'other' });
    expect((await stage.run(`tasks undo ${open} --yes`)).stderr).toContain('The task has not ended');

    const taskId = await done();
    await stage.run(`tasks undo ${taskId} --yes`);
    const again = await stage.run(`tasks undo ${taskId} --yes`);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('is being taken back by task');

    stage.now += 31 * 86_400_000;
    expect((await stage.run(`tasks undo ${taskId} --yes`)).stderr).toContain('no longer kept');
  });
});
