import { describe, expect, test } from '@jest/globals';
import type { Semantics, StageRow } from '../../../lib/bitrix24/stages.ts';
import {
  lostStages,
  nextDirectory,
  semanticsIn,
  type StageDirectory,
  stageOf,
} from '../../../lib/portals/stage-directory.ts';

const read = (stages: Record<string, Semantics>, pipeline = 0) =>
  new Map<number, StageRow[]>([
    [pipeline, Object.entries(stages).map(([code, semantics]) => ({ code, name: code, semantics }))],
  ]);
const first = nextDirectory(2, undefined, read({ NEW: 'P', HOLD: 'P', WON: 'S', LOSE: 'F' }), 1_000);
const hold = (directory: StageDirectory) => stageOf(directory, { categoryId: 0, stageId: 'HOLD' });

describe('since when a stage is lost', () => {
  test('is not known from before the pipeline was first read', () => {
    const lose = stageOf(first, { categoryId: 0, stageId: 'LOSE' });
    expect(lose).toEqual({ code: 'LOSE', semantics: 'F', lostSince: 1_000 });
    expect(hold(first)).toEqual({ code: 'HOLD', semantics: 'P' });
  });

  test('is when it was found, and stays that as long as it is one', () => {
    const found = nextDirectory(2, first, read({ NEW: 'P', HOLD: 'F', WON: 'S', LOSE: 'F' }), 5_000);
    const later = nextDirectory(2, found, read({ NEW: 'P', HOLD: 'F', WON: 'S', LOSE: 'F' }), 9_000);
    expect(hold(found)).toEqual({ code: 'HOLD', semantics: 'F', lostSince: 5_000, notLostAt: 1_000 });
    expect(hold(later)).toEqual(hold(found));
    expect(stageOf(later, { categoryId: 0, stageId: 'LOSE' })?.lostSince).toBe(1_000);
  });

  test('begins anew when it was none in between', () => {
    const found = nextDirectory(2, first, read({ HOLD: 'F' }), 5_000);
    const back = nextDirectory(2, found, read({ HOLD: 'P' }), 6_000);
    expect(hold(back)).toEqual({ code: 'HOLD', semantics: 'P' });
    expect(hold(nextDirectory(2, back, read({ HOLD: 'F' }), 7_000))?.lostSince).toBe(7_000);
  });

  test('is when it was found for a stage that is new, because it may have been in progress first', () => {
    const directory = nextDirectory(2, first, read({ NEW: 'P', GONE: 'F' }), 5_000);
    expect(stageOf(directory, { categoryId: 0, stageId: 'GONE' })).toMatchObject({
      lostSince: 5_000,
      notLostAt: 1_000,
    });
  });
});

test('a directory is newer than the one it replaces, whatever the clock says', () => {
  expect(nextDirectory(2, first, read({ NEW: 'P' }), 400).readAt).toBe(1_001);
});

test.each([
  ['C5:LOSE', 'C5:LOSE'],
  ['LOSE', 'C5:LOSE'],
])('a deal’s stage written %s is found as %s', (stageId, code) => {
  const directory = nextDirectory(2, undefined, read({ LOSE: 'F' }, 5), 1_000);
  expect(stageOf(directory, { categoryId: 5, stageId })?.code).toBe(code);
  expect(lostStages(directory)).toEqual(['C5:LOSE']);
});

test.each<[string, Semantics | undefined]>([
  ['DT1044_3:FAIL', 'F'],
  ['DT1044_3:SUCCESS', 'S'],
  ['DT1044_3:REMOVED', 'P'],
  ['DT1044_4:FAIL', undefined],
  ['DT1045_3:FAIL', undefined],
])('the stage %s of a smart process means %s', (stageId, expected) => {
  const directory = nextDirectory(1044, undefined, read({ 'DT1044_3:FAIL': 'F', SUCCESS: 'S' }, 3), 1_000);
  expect(semanticsIn(directory, stageId)).toBe(expected);
});
