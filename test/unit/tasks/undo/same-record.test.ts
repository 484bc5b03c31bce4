import { describe, expect, test } from '@jest/globals';
import type { KeptRow } from '../../../../lib/tasks/undo/kept.ts';
import { isSame, phonesAndMails } from '../../../../lib/tasks/undo/same-record.ts';

const created = '2026-07-01T10:00:00+02:00';
const deletion = Date.parse('2026-07-29T10:00:00.500Z');
const phone = (value: unknown) => ({ typeId: 'PHONE', value });
const mail = (value: unknown) => ({ typeId: 'EMAIL', value });
const ann: KeptRow = { id: 5, name: 'Ann', lastName: 'Lee', createdTime: created, fm: [phone('+49 30 1234')] };
const same = (fields: KeptRow, row: KeptRow) =>
  isSame({ entityTypeId: 3, id: 5, fields, requisites: [], productRows: [] }, row, deletion);

describe('a record with another id is the one that was deleted', () => {
  /** Alike in nothing but name and addresses. */
  const shares = (kept: object[], present: object[], changed: KeptRow = {}) =>
    same({ ...ann, age: 1, fm: kept }, { ...ann, id: 9, fm: present, ...changed });

  test('with its name and one of its telephone numbers, however they are written', () => {
    const [kept, present] = [[phone('+49 30 1234')], [phone('+1 555'), phone(' (+49) 30/12-34')]];
    expect(shares(kept, present)).toBe(true);
    expect(shares(kept, [phone('+49 30 1235')])).toBe(false);
    for (const name of ['title', 'name', 'lastName']) expect(shares(kept, present, { [name]: 'Eve' })).toBe(false);
  });

  test('with one of its e-mail addresses, whatever the case', () => {
    expect(shares([phone('1'), mail(' Ann@Example.com')], [mail('ann@example.com ')])).toBe(true);
    expect(shares([mail('ann@example.com')], [mail('other@example.com')])).toBe(false);
    expect(shares([mail('ann1@example.com')], [mail('other1@example.com')])).toBe(false);
  });

  test('not with a number that is an address, or without digits', () => {
    expect(shares([phone('1')], [mail('1')])).toBe(false);
    expect(shares([phone('ask Bob')], [phone('ask Eve')])).toBe(false);
    expect(shares([phone('ask Bob')], [phone('Ask Bob')])).toBe(true);
  });

  test('with its origin, which is two fields that are both told', () => {
    const fields = { ...ann, fm: [], originatorId: 'shop', originId: 7, age: 1 };
    const row = { ...ann, fm: [], originatorId: 'shop', originId: '7' };
    expect(same(fields, row)).toBe(true);
    expect(same(fields, { ...row, originId: '8' })).toBe(false);
    expect(same(fields, { ...row, originatorId: 'other' })).toBe(false);
    expect(same({ ...fields, originId: '' }, { ...row, originId: '' })).toBe(false);
    expect(same({ ...fields, originatorId: null }, { ...row, originatorId: null })).toBe(false);
  });

  test('created in the same second and like it in everything else', () => {
    const fields = { ...ann, fm: null, age: 1, note: null };
    expect(same(fields, { ...fields, id: 9, more: 2 })).toBe(true);
    expect(same(fields, { ...fields, note: undefined })).toBe(true);
    expect(same(fields, { ...fields, age: 2 })).toBe(false);
    expect(same({ ...fields, tags: [1, 2] }, { ...fields, tags: [1, 2] })).toBe(true);
    expect(same({ ...fields, tags: [1, 2] }, { ...fields, tags: [2, 1] })).toBe(false);
  });

  test.each([
    'id',
    'fm',
    'contactId',
    'contactIds',
    'companyId',
    'companyIds',
    'leadId',
    'parentId2',
    'parentId1044',
    'updatedTime',
    'updatedBy',
    'movedTime',
    'movedBy',
    'lastActivityTime',
    'lastActivityBy',
    'lastCommunicationTime',
    'lastCommunication',
    'isReturnCustomer',
    'isRepeatedApproach',
  ])('although the portal has changed %s', (name) => {
    const fields = { ...ann, fm: [] };
    expect(same({ ...fields, [name]: 1 }, { ...fields, [name]: 2 })).toBe(true);
  });

  test.each([
    'ids',
    'oldid',
    'xfm',
    'fmx',
    'contactIdx',
    'parentId',
    'parentIdx',
    'parentId1x',
    'updatedAt',
    'movedx',
    'xlastCommunicationTime',
    'UF_CRM_1',
  ])('but not when a person has changed %s', (name) => {
    const fields = { ...ann, fm: [] };
    expect(same({ ...fields, [name]: 1 }, { ...fields, [name]: 2 })).toBe(false);
  });
});

describe('when it was created', () => {
  const at = (createdTime: unknown) => same(ann, { ...ann, createdTime });

  test('at the same moment, or after the deletion had begun, to the second', () => {
    expect(at('2026-07-01T08:00:00Z')).toBe(true);
    expect(at('2026-07-29T10:00:00Z')).toBe(true);
    expect(at('2026-07-29T12:00:00Z')).toBe(true);
  });

  test('at another moment before: it is somebody else’s double', () => {
    expect(at('2026-07-29T09:59:59Z')).toBe(false);
    expect(at('2026-07-01T08:00:01Z')).toBe(false);
  });

  test.each([undefined, null, '', 'yesterday', 5, '2026-07-29 10:00:00'])('cannot be read as %j: it is not', (time) => {
    expect(at(time)).toBe(false);
    expect(same({ ...ann, createdTime: time }, { ...ann, createdTime: time })).toBe(false);
  });

  test('of a new one without address and origin, its likeness is not enough', () => {
    const fields = { ...ann, fm: [] };
    expect(same(fields, { ...fields, createdTime: '2026-07-29T12:00:00Z' })).toBe(false);
  });
});

describe('telephone numbers and e-mail addresses', () => {
  test('are told by their type, empty ones left out', () => {
    expect(
      phonesAndMails({ fm: [phone('1'), mail('a@b'), phone(2), { typeId: 'WEB', value: 'x' }, phone('')] }),
    ).toEqual([
      ['PHONE', ['1', '2']],
      ['EMAIL', ['a@b']],
    ]);
  });

  test.each([undefined, null, 'x', {}, [null], [{}], [phone(null)], [phone({})]])('%j has none', (fm) => {
    expect(phonesAndMails({ fm })).toEqual([
      ['PHONE', []],
      ['EMAIL', []],
    ]);
  });
});
