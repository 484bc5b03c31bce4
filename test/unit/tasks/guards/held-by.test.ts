import { describe, expect, test } from '@jest/globals';
import { nothingProtected, type Protect } from '../../../../lib/rules/protect.ts';
import { heldBy, protectFields, unknownHold } from '../../../../lib/tasks/guards/held-by.ts';

const contact = { entityTypeId: 3, id: 5 };
const none: ReadonlySet<string> = new Set();
const protect = (changed: Partial<Protect>): Protect => ({ ...nothingProtected, ...changed });
const held = (changed: Partial<Protect>, fields?: Record<string, unknown>) =>
  heldBy(contact, fields, protect(changed), none);

describe('what has to be read to know', () => {
  test('is what the rules file names, and nothing else', () => {
    expect(protectFields(nothingProtected, 3)).toEqual([]);
    expect(protectFields(protect({ ids: { 3: [5] } }), 3)).toEqual([]);
    expect(protectFields(protect({ holdField: 'UF_CRM_HOLD' }), 3)).toEqual(['UF_CRM_HOLD']);
    expect(protectFields(protect({ responsible: [1] }), 3)).toEqual(['assignedById']);
    expect(protectFields(protect({ sources: ['WEB'] }), 3)).toEqual(['sourceId']);
  });

  test('is the hold field by the name that it has in the type', () => {
    const both = protect({ holdField: 'UF_CRM_HOLD', holdFields: { 1044: 'UF_CRM_7_HOLD' } });
    expect(protectFields(both, 1044)).toEqual(['UF_CRM_7_HOLD']);
    expect(protectFields(both, 3)).toEqual(['UF_CRM_HOLD']);
  });
});

describe('a record is held', () => {
  test('by a person’s hold on it, before anything is read', () => {
    const all = protect({ holdField: 'UF_CRM_HOLD' });
    expect(heldBy(contact, undefined, all, new Set(['3:5']))).toBe('a hold (tidy24 hold list)');
    expect(heldBy(contact, undefined, nothingProtected, new Set(['2:5', '3:6']))).toBeUndefined();
  });

  test('by its id in the list of its type', () => {
    expect(held({ ids: { 3: [4, 5] } })).toBe('its id is in protect.ids');
    expect(held({ ids: { 3: [4], 2: [5] } })).toBeUndefined();
    expect(held({ ids: { 2: [5] } })).toBeUndefined();
  });

  test.each([true, 1, '1', 'Y', 'yes', [], ['Y'], {}])('by its field, ticked as %j', (value) => {
    expect(held({ holdField: 'UF_CRM_HOLD' }, { UF_CRM_HOLD: value })).toBe('its field UF_CRM_HOLD is ticked');
  });

  test.each([false, 0, '0', '', 'N', null])('not by its field as %j', (value) => {
    expect(held({ holdField: 'UF_CRM_HOLD' }, { UF_CRM_HOLD: value })).toBeUndefined();
  });

  test('by who is responsible for it', () => {
    expect(held({ responsible: [1, 7] }, { assignedById: 7 })).toBe('user 7 is responsible for it');
    expect(held({ responsible: [1, 7] }, { assignedById: '7' })).toBe('user 7 is responsible for it');
    expect(held({ responsible: [1, 7] }, { assignedById: 2 })).toBeUndefined();
  });

  test('by its source', () => {
    expect(held({ sources: ['WEB', '1'] }, { sourceId: 'WEB' })).toBe('its source is WEB');
    expect(held({ sources: ['WEB', '1'] }, { sourceId: 1 })).toBe('its source is 1');
    expect(held({ sources: ['WEB'] }, { sourceId: 'CALL' })).toBeUndefined();
    expect(held({ sources: ['null', 'undefined'] }, { sourceId: null })).toBeUndefined();
    expect(held({ sources: ['undefined'] }, {})).toBeUndefined();
  });

  test('by anything of what it names, whatever else is no', () => {
    const all = { holdField: 'UF_CRM_HOLD', responsible: [7], sources: ['WEB'] };
    const fields = { UF_CRM_HOLD: 'N', assignedById: 1, sourceId: 'CALL' };
    expect(held(all, fields)).toBeUndefined();
    expect(held(all, { ...fields, assignedById: 7 })).toBe('user 7 is responsible for it');
    expect(held(all, { ...fields, sourceId: 'WEB' })).toBe('its source is WEB');
  });
});

describe('it is not known whether a record is held', () => {
  test('when its row was not read, or does not tell of the field or of who is responsible', () => {
    expect(held({ sources: ['WEB'] })).toBe(unknownHold);
    expect(held({ holdField: 'UF_CRM_HOLD' }, {})).toBe(unknownHold);
    expect(held({ holdField: 'UF_CRM_HOLD' }, { UF_CRM_HOLD: undefined })).toBe(unknownHold);
    expect(held({ responsible: [7] }, {})).toBe(unknownHold);
    expect(held({ responsible: [7] }, { assignedById: null })).toBe(unknownHold);
    expect(held({ responsible: [7] }, { assignedById: 'x' })).toBe(unknownHold);
    expect(unknownHold).not.toBe('');
  });

  test('unless something else that is read holds it', () => {
    const some = { holdField: 'UF_CRM_HOLD', responsible: [7], sources: ['WEB'] };
    expect(held(some, { assignedById: 7 })).toBe('user 7 is responsible for it');
    expect(held(some, { sourceId: 'WEB' })).toBe('its source is WEB');
  });

  test('but a type without sources, or who is responsible where nobody is named, need not be told', () => {
    expect(held({ sources: ['WEB'] }, {})).toBeUndefined();
    expect(held({ holdField: 'UF_CRM_HOLD' }, { UF_CRM_HOLD: 'N' })).toBeUndefined();
  });

  test('a name that every object has is no field that was told', () => {
    expect(held({ holdField: 'toString' }, {})).toBe(unknownHold);
  });
});
