import { describe, expect, test } from '@jest/globals';
import { saysSemantics, semanticsFrom, stageCommands } from '../../../lib/tasks/stage-semantics.ts';

const list = (...rows: object[]) => new Map([['stages1044p3', { kind: 'result', result: rows } as const]]);

describe('what stages mean', () => {
  test('deals and leads say themselves, others do not', () => {
    expect([2, 1, 31, 1044].map(saysSemantics)).toEqual([true, true, false, false]);
  });

  test('is asked once for each pipeline, and not of stages that name none', () => {
    const of = (entityTypeId: number, ...stageIds: string[]) => stageIds.map((stageId) => ({ entityTypeId, stageId }));
    const commands = stageCommands([
      ...of(1044, 'DT1044_3:NEW', 'DT1044_3:FAIL', 'DT1044_4:NEW', 'NEW', 'DT31_3:NEW'),
      ...of(2, 'DT2_3:NEW'),
      ...of(1, 'DT1_3:NEW'),
    ]);
    expect([...commands.keys()]).toEqual(['stages1044p3', 'stages1044p4']);
  });

  test('is what the directory says; a stage that it does not have is in progress', () => {
    const semantics = semanticsFrom(list({ STATUS_ID: 'FAIL', NAME: 'Lost', SEMANTICS: 'F' }));
    expect(semantics(1044, 'DT1044_3:FAIL')).toBe('F');
    expect(semantics(1044, 'DT1044_3:NEW')).toBe('P');
  });

  test('is unknown without an answer, without stages, and of a code without a pipeline', () => {
    expect(semanticsFrom(new Map())(1044, 'DT1044_3:FAIL')).toBeUndefined();
    expect(semanticsFrom(new Map([['stages1044p3', { kind: 'missing' }]]))(1044, 'DT1044_3:FAIL')).toBeUndefined();
    expect(semanticsFrom(list())(1044, 'DT1044_3:FAIL')).toBeUndefined();
    expect(semanticsFrom(list({ STATUS_ID: 5 }))(1044, 'DT1044_3:FAIL')).toBeUndefined();
    expect(
      semanticsFrom(list({ STATUS_ID: 'FAIL', NAME: 'Lost', SEMANTICS: 'F' }))(1044, 'DT1044_4:FAIL'),
    ).toBeUndefined();
    const odd = new Map([
      ['stages1044pundefined', { kind: 'result', result: [{ STATUS_ID: 'X', NAME: 'X' }] } as const],
    ]);
    expect(semanticsFrom(odd)(1044, 'FAIL')).toBeUndefined();
  });
});
