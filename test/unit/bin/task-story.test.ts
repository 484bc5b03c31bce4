import { describe, expect, test } from '@jest/globals';
import { deletionLines } from '../../../bin/deletion-words.ts';
import { taskStory } from '../../../bin/task-story.ts';
import type { Task } from '../../../lib/tasks/task.ts';

const at = Date.UTC(2027, 0, 1);

describe('the story of a task', () => {
  test('an outcome, a proof and a history entry that this version does not know are told by their names', () => {
    const task = {
      taskId: 'a'.repeat(64),
      sk: 'task',
      memberId: 'm',
      record: { entityTypeId: 2, id: 1 },
      rule: { id: 'spam', version: 1 },
      transition: { stageId: 'LOSE', movedTime: at },
      run: 2,
      source: 'operator',
      status: 'skipped',
      attempts: 1,
      history: [{ at, what: 'guarded', text: 'Held by a guard' }],
      deletions: [
        {
          what: 'deal',
          method: 'crm.item.delete',
          entityTypeId: 2,
          id: 1,
          outcome: { result: 'kept-elsewhere', at, proof: 'rule' },
        },
      ],
      createdAt: at,
    } as unknown as Task;
    const story = taskStory(task, 'demo.bitrix24.com', undefined).join('\n');
    expect(story).toContain('crm.item.delete of deal 1: kept-elsewhere, rule');
    expect(story).toContain('guarded  Held by a guard');
    expect(story).toContain('Made by operator, run 2 for this loss.');
    expect(story).toContain('tried 1 time.');
  });

  test('what keeps a record is said with it, each reason in a line of its own', () => {
    const outcome = { result: 'guarded', at, proof: 'read' } as const;
    const contact = { what: 'contacts', method: 'crm.item.delete', entityTypeId: 3 } as const;
    const lines = deletionLines([
      { ...contact, id: 1, outcome: { ...outcome, why: 'open-deals: open deal 101' } },
      { ...contact, id: 2, outcome: { ...outcome, why: 'open-deals: open deal 101' } },
      { ...contact, id: 3, outcome: { ...outcome, result: 'held', why: 'its id is in protect.ids' } },
    ]);
    expect(lines).toEqual([
      expect.stringContaining('contact 1-2: kept by a guard, as reading it again showed (open-deals: open deal 101)'),
      expect.stringContaining('contact 3: kept by a hold, as reading it again showed (its id is in protect.ids)'),
    ]);
  });
});
