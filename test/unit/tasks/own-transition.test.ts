import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../lib/portals/judge.ts';
import type { StageDirectory } from '../../../lib/portals/stage-directory.ts';
import { type FoundRecord, historyCommand, lostByHistory, movedIntoLoss } from '../../../lib/tasks/own-transition.ts';

const minute = 60_000;
const known = 1_785_000_000_000;
const record: FoundRecord = {
  found: true,
  entityTypeId: 2,
  categoryId: 5,
  stageId: 'C5:LOSE',
  semantics: 'F',
  movedTime: known,
  fields: {},
};

describe('by what is known of its stage', () => {
  type Stage = StageDirectory['pipelines'][number]['stages'][number];
  const moved = (stage: Partial<Stage>, movedTime = known) =>
    movedIntoLoss(
      { ...record, movedTime },
      {
        entityTypeId: 2,
        readAt: known,
        pipelines: [{ id: 5, stages: [{ code: 'C5:LOSE', semantics: 'F', ...stage }] }],
      },
    );

  test('a move after the stage was known as a lost one was a loss, once no clock can deny it', () => {
    expect(moved({ lostSince: known }, known + 10 * minute + 1)).toBe(true);
    expect(moved({ lostSince: known }, known + 10 * minute)).toBe('ask');
    expect(moved({ lostSince: known }, known - 1)).toBe('ask');
  });

  test('a move while the stage was none was no loss, once no clock can deny it', () => {
    expect(moved({ notLostAt: known }, known - 10 * minute - 1)).toBe(false);
    expect(moved({ notLostAt: known }, known - 10 * minute)).toBe('ask');
    expect(moved({ notLostAt: known }, known + 1)).toBe('ask');
  });

  test('a stage without those moments, one that is none or unknown: its history is asked', () => {
    expect(moved({})).toBe('ask');
    expect(moved({ semantics: 'P', lostSince: 1 })).toBe('ask');
    expect(moved({ code: 'C5:OTHER', lostSince: 1 })).toBe('ask');
  });
});

describe('by its history', () => {
  const result = (...items: object[]): JudgedAnswer => ({ kind: 'result', result: { items } });

  test('the newest of the one record, without counting', () => {
    expect(historyCommand(record, 7)).toEqual({
      method: 'crm.stagehistory.list',
      params: { entityTypeId: 2, filter: { OWNER_ID: 7 }, order: { ID: 'DESC' }, start: -1 },
    });
  });

  test('the last move to the present stage tells', () => {
    const lost = { STAGE_ID: 'C5:LOSE', STAGE_SEMANTIC_ID: 'F' };
    const open = { STAGE_ID: 'C5:LOSE', STAGE_SEMANTIC_ID: 'P' };
    const elsewhere = { STAGE_ID: 'C5:APOLOGY', STAGE_SEMANTIC_ID: 'F' };
    expect(lostByHistory(record, result(lost, open))).toBe(true);
    expect(lostByHistory(record, result(open, lost))).toBe(false);
    expect(lostByHistory(record, result({ STAGE_ID: 'C5:NEW', STAGE_SEMANTIC_ID: 'P' }, lost))).toBe(true);
    expect(lostByHistory(record, result(elsewhere))).toBe(false);
    expect(lostByHistory(record, result())).toBe(false);
    expect(lostByHistory(record, result({ STAGE_SEMANTIC_ID: 'F' }))).toBe(false);
  });

  test('a code without its prefix is the same stage', () => {
    expect(lostByHistory(record, result({ STAGE_ID: 'LOSE', STAGE_SEMANTIC_ID: 'F' }))).toBe(true);
  });

  test('of a lead it is in the columns of leads', () => {
    const lead: FoundRecord = { ...record, entityTypeId: 1, categoryId: 0, stageId: 'JUNK' };
    expect(lostByHistory(lead, result({ STATUS_ID: 'JUNK', STATUS_SEMANTIC_ID: 'F' }))).toBe(true);
    expect(lostByHistory(lead, result({ STATUS_ID: 'JUNK', STATUS_SEMANTIC_ID: 'P' }))).toBe(false);
  });

  test.each<[string, JudgedAnswer | undefined]>([
    ['no answer', undefined],
    ['none in the batch', { kind: 'missing' }],
    ['an answer of another form', { kind: 'result', result: [] }],
    ['rows that are none', { kind: 'result', result: { items: ['LOSE'] } }],
    ['codes that are none', { kind: 'result', result: { items: [{ STAGE_ID: 5 }] } }],
  ])('%s tells nothing', (_, answer) => {
    expect(lostByHistory(record, answer)).toBeUndefined();
  });

  test('what a stage means may be missing or null: then it is not a lost one', () => {
    expect(lostByHistory(record, result({ STAGE_ID: 'C5:LOSE', STAGE_SEMANTIC_ID: null }))).toBe(false);
    expect(lostByHistory(record, result({ STAGE_ID: 'C5:LOSE', STATUS_SEMANTIC_ID: null }))).toBe(false);
  });
});
