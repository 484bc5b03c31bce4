import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SnapshotStore } from '../../../lib/tasks/snapshots.ts';
import { CliStage } from './cli-stage.ts';
import { ended, everyKind, noted, planned } from './task-rows.ts';

const moved = Date.UTC(2027, 0, 1, 10);

describe('tasks show', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    stage.now = moved;
  });
  afterEach(() => stage.close());

  test('groups deletions by method and outcome, and says what was not done', async () => {
    const taskId = await planned(stage);
    await ended(stage, taskId, everyKind(moved + 500), { status: 'failed', reason: 'access-denied' });

    const { stdout } = await stage.run(`tasks show ${taskId}`);
    const [, after = ''] = stdout.split('Deletions:\n');
    const at = '2027-01-01T10:00:00.500Z';

    expect(after.split('\n').slice(0, 6)).toEqual([
      `  crm.deal.contact.items.delete of deal 1 (contacts 3, 4): deleted, as the portal answered, at ${at}`,
      '  crm.company.contact.items.delete of company 9 (contacts none): nothing was left to delete, as reading it again ' +
        `showed, at ${at}`,
      `  crm.item.delete of type 1044 500-599: deleted, as the portal answered, at ${at}`,
      `  crm.contact.delete of contact 3: refused, as the portal answered (access-denied), at ${at}`,
      `  crm.item.delete of contact 4: left alone, it was no longer linked, as the portal answered, at ${at}`,
      '  crm.item.delete of company 9: no answer is known; it may have been carried out',
    ]);
    expect(after).toContain('Not done:\n  crm.item.delete of company 9\n');
  });

  test('tells what was read and what was answered in the order of time', async () => {
    const taskId = await planned(stage);
    stage.now += 1_000;
    await ended(stage, taskId, everyKind(stage.now + 500));

    const { stdout } = await stage.run(`tasks show ${taskId}`);
    const events = [...stdout.matchAll(/^2027-01-01T10:00:(\S+)Z {2}(\w+)/gm)].map(
      ([, time, what]) => `${time} ${what}`,
    );

    expect([...new Set(events)]).toEqual([
      '00.000 planned',
      '01.000 read',
      '01.000 decided',
      '01.500 answer',
      '02.000 ended',
    ]);
  });

  test('says until when it can be undone, and when that is over', async () => {
    const taskId = await planned(stage);
    await noted(stage, taskId, everyKind(moved).slice(0, 1));
    const snapshots = new SnapshotStore(stage.tables.snapshots, () => stage.now, Math.random, 7);
    await snapshots.put(taskId, 0, { v: 1, takenAt: stage.now });
    const { stdout } = await stage.run(`tasks show ${taskId}`);
    expect(stdout).toContain('Undo is possible until 2027-01-08T10:00:00.000Z');
    expect(stdout).toContain('Still to do:');
    expect(await stage.json(`tasks show ${taskId}`)).toMatchObject({ undoUntil: '2027-01-08T10:00:00.000Z' });
    stage.now += 8 * 86_400_000;
    expect((await stage.run(`tasks show ${taskId}`)).stdout).toContain('Its time is over: it cannot be undone');
  });

  test('items that are only counted are told of', async () => {
    const taskId = await planned(stage);
    await stage.tasks.note(taskId, {
      deletions: [],
      items: { 1044: { after: 900, complete: false, gone: 450 } },
      before: undefined,
      history: [],
    });
    const { stdout } = await stage.run(`tasks show ${taskId}`);
    expect(stdout).toContain('450 more items of type 1044: gone');
    expect(stdout).toContain('items of type 1044 after number 900');
  });
});
