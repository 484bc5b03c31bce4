import { describe, expect, test } from '@jest/globals';
import { refusalAmong, troubleOfRefusal } from '../../../lib/tasks/refusal.ts';
import type { Deletion, Outcome } from '../../../lib/tasks/task.ts';

const outcome = (result: Outcome['result'], verdict?: string): Outcome => ({
  result,
  at: 1,
  proof: 'answer',
  ...(verdict !== undefined && { verdict }),
});
const contact = (id: number, ended?: Outcome): Deletion => ({
  what: 'contacts',
  method: 'crm.item.delete',
  entityTypeId: 3,
  id,
  ...(ended && { outcome: ended }),
});
const refused = contact(1, outcome('refused', 'terminated-by-event'));
const company: Deletion = { what: 'company', method: 'crm.item.delete', entityTypeId: 4, id: 9 };

describe('a refusal', () => {
  test('waits for the others of its step', () => {
    expect(refusalAmong([refused, contact(2)])).toBeUndefined();
    expect(refusalAmong([refused, contact(2, outcome('deleted'))])).toBe(refused);
  });

  test('keeps the steps after it from being begun', () => {
    expect(refusalAmong([refused, company])).toBe(refused);
  });

  test('is nothing else that ended without a deletion', () => {
    const ends = (['deleted', 'already-gone', 'spared', 'guarded', 'held'] as const).map((result, index) =>
      contact(index + 1, outcome(result)),
    );
    expect(refusalAmong(ends)).toBeUndefined();
    expect(refusalAmong([])).toBeUndefined();
  });

  test('is told by the code that the portal gave, as far as it is known', () => {
    expect(troubleOfRefusal(refused)).toMatchObject({
      code: 'TERMINATED_BY_EVENT_COMPATIBLE',
      row: { name: 'terminated-by-event' },
    });
    expect(troubleOfRefusal(contact(1, outcome('refused', 'of-another-version'))).code).toBe('of-another-version');
    expect(troubleOfRefusal(contact(1, outcome('refused')))).toMatchObject({ code: 'refused', row: undefined });
  });
});
