import { describe, expect, test } from '@jest/globals';
import { assert, constantFrom, integer, json, oneof, property, string } from 'fast-check';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import type { StoredRule } from '../../../lib/rules/version.ts';
import { readDeadMessage } from '../../../lib/tasks/dead-message.ts';
import type { PresentRecord } from '../../../lib/tasks/decide.ts';
import { redriveAt, redriveOf, redriveRecord, type RedriveView, settleMs } from '../../../lib/tasks/redrive.ts';
import { type Task, taskStatuses } from '../../../lib/tasks/task.ts';
import { ruleDefaults } from '../rules/rule-defaults.ts';

const now = Date.UTC(2027, 0, 10);
const movedTime = Date.UTC(2027, 0, 1);

const task: Task = {
  taskId: 'ab'.repeat(32),
  sk: 'task',
  memberId: 'cd'.repeat(16),
  record: { entityTypeId: 2, id: 17 },
  rule: { id: 'unlink', version: 1 },
  transition: { stageId: 'C5:LOSE', movedTime },
  run: 0,
  source: 'app',
  status: 'failed',
  attempts: 3,
  history: [],
  createdAt: movedTime,
  endedAt: now - 1,
};
const portal: Portal = {
  memberId: task.memberId,
  sk: 'portal',
  domain: 'demo.bitrix24.com',
  connection: 'webhook',
  state: 'active',
  mode: 'enforce',
  enforcedAt: movedTime - 1,
  tokenDigests: [],
  robotKeyDigests: [],
  limits: ordinaryLimits,
  createdAt: 1,
  updatedAt: 1,
};
const rule = {
  id: 'unlink',
  enabled: true,
  when: { type: 'deal', stages: 'all-lost' },
  where: [],
  waitMs: 0,
  waitFrom: 'loss',
  ...ruleDefaults,
  delete: [{ what: 'deal-contacts' }],
  since: 0,
} as unknown as StoredRule;
const record: Extract<PresentRecord, { found: true }> = {
  found: true,
  entityTypeId: 2,
  categoryId: 5,
  stageId: 'C5:LOSE',
  semantics: 'F',
  movedTime,
  companyId: 0,
  contactIds: [],
  fields: {},
};
const pause = { code: 'credentials-revoked', reason: 'Install it again.', since: 1 };
const view = (change: Partial<RedriveView> = {}): RedriveView => ({
  task,
  sentAt: now - 2 * settleMs,
  portal,
  rule,
  record,
  now,
  ...change,
});

describe('whether a failed task goes back', () => {
  test.each<[string, Partial<RedriveView>, ReturnType<typeof redriveOf>]>([
    ['all as it was', {}, { do: 'back' }],
    ['no such task', { task: undefined }, { do: 'keep', reason: 'task-unknown' }],
    ['done meanwhile', { task: { ...task, status: 'done' } }, { do: 'settled', reason: 'task-done' }],
    ['open again', { task: { ...task, status: 'open' } }, { do: 'settled', reason: 'task-open' }],
    [
      'open, and the letter is young',
      { task: { ...task, status: 'open' }, sentAt: now - settleMs + 1 },
      { do: 'keep', reason: 'task-in-work' },
    ],
    [
      'open, and our clock is behind',
      { task: { ...task, status: 'open' }, sentAt: now + settleMs },
      { do: 'keep', reason: 'task-in-work' },
    ],
    ['no portal', { portal: undefined }, { do: 'keep', reason: 'portal-unknown' }],
    ['disconnected', { portal: { ...portal, state: 'disconnected' } }, { do: 'keep', reason: 'portal-disconnected' }],
    ['paused', { portal: { ...portal, pause }, record: undefined }, { do: 'back', note: 'portal-paused' }],
    ['pending', { portal: { ...portal, state: 'pending' }, record: undefined }, { do: 'back', note: 'portal-pending' }],
    ['no rule', { rule: undefined }, { do: 'keep', reason: 'rule-removed' }],
    ['a disabled rule', { rule: { ...rule, enabled: false } }, { do: 'keep', reason: 'rule-disabled' }],
    ['no rule, and no record seen', { rule: undefined, record: undefined }, { do: 'keep', reason: 'rule-removed' }],
    ['not looked at', { record: undefined }, { do: 'back', note: 'record-not-looked-at' }],
    ['gone', { record: { found: false } }, { do: 'keep', reason: 'record-gone' }],
    ['won', { record: { ...record, semantics: 'S' } }, { do: 'keep', reason: 'no-longer-lost' }],
    ['elsewhere', { record: { ...record, stageId: 'C5:X' } }, { do: 'keep', reason: 'moved-to-another-stage' }],
    ['lost again', { record: { ...record, movedTime: now } }, { do: 'keep', reason: 'lost-again-later' }],
    ['a longer wait', { rule: { ...rule, waitMs: 1e11 } }, { do: 'back', note: 'not-due-yet' }],
    ['observed', { portal: { ...portal, mode: 'observe' } }, { do: 'back', note: 'would-be-observed' }],
  ])('%s', (_, change, expected) => {
    expect(redriveOf(view(change))).toEqual(expected);
  });

  test('only a failed task ever goes back', () => {
    assert(
      property(constantFrom(...taskStatuses), integer({ min: -1e9, max: 1e9 }), (status, age) => {
        const redrive = redriveOf(view({ task: { ...task, status }, sentAt: now - age }));
        expect(redrive.do === 'back').toBe(status === 'failed');
        // A letter is removed only when nobody can be about to mark its task.
        if (redrive.do === 'settled') expect(status !== 'open' || age >= settleMs).toBe(true);
      }),
    );
  });

  test('a record goes back unless it is gone or not lost', () => {
    expect(redriveRecord(portal, record)).toEqual({ do: 'back' });
    expect(redriveRecord(portal, undefined)).toEqual({ do: 'back', note: 'record-not-looked-at' });
    expect(redriveRecord(portal, { found: false })).toEqual({ do: 'keep', reason: 'record-gone' });
    expect(redriveRecord(portal, { ...record, semantics: 'P' })).toEqual({ do: 'keep', reason: 'no-longer-lost' });
    expect(redriveRecord(undefined, record)).toEqual({ do: 'keep', reason: 'portal-unknown' });
    expect(redriveAt({ ...portal, pause })).toEqual({ do: 'back', note: 'portal-paused' });
  });
});

describe('a message in a dead-letter queue', () => {
  test('any body at all is read as something', () => {
    assert(
      property(oneof(string(), json(), string({ unit: 'binary' })), (body) => {
        expect(readDeadMessage(body).kind).toBe('unreadable');
      }),
    );
  });

  test.each([
    [{ kind: 'task', taskId: task.taskId, memberId: task.memberId }, 'task'],
    [{ kind: 'task', taskId: 'short' }, 'unreadable'],
    [{ kind: 'task' }, 'unreadable'],
    [{ kind: 'record', memberId: task.memberId, record: task.record }, 'record'],
    [{ kind: 'record', record: task.record }, 'unreadable'],
    [{ kind: 'unreadable-message', body: 'x' }, 'unreadable'],
    [{ kind: 'other' }, 'unreadable'],
  ])('%j is %s', (fields, kind) => {
    const letter = { v: 1, code: 'X', description: '', attempts: 0, at: 1, ...fields };
    expect(readDeadMessage(JSON.stringify(letter)).kind).toBe(kind);
  });
});
