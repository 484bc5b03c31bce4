import { describe, expect, test } from '@jest/globals';
import { hasClients, HolderNotes, keyOf, timeFields } from '../../../../lib/tasks/guards/holders.ts';

const contact = { entityTypeId: 3, id: 5 };

describe('what is noted of a contact or company', () => {
  test('are its times, as its fields tell them', () => {
    const notes = new HolderNotes(contact);
    notes.noteTimes({ lastActivityTime: '2026-07-29T10:00:00+02:00', createdTime: '2026-07-01T00:00:00Z' });
    expect(notes.lastActivityTime).toBe(Date.UTC(2026, 6, 29, 8));
    expect(notes.createdTime).toBe(Date.UTC(2026, 6, 1));
    expect(notes.unread.size).toBe(0);
    expect(timeFields).toEqual(['id', 'createdTime', 'lastActivityTime']);
  });

  test.each([undefined, {}, { lastActivityTime: null }, { lastActivityTime: 5 }, { lastActivityTime: 'soon' }])(
    'that the portal does not say when the last activity was: %j',
    (fields) => {
      const notes = new HolderNotes(contact);
      notes.noteTimes(fields);
      expect(notes.lastActivityTime).toBeUndefined();
      expect([...notes.unread]).toEqual([['recent-activity', 'refused']]);
    },
  );

  test('what is not known for good is not made less certain by what may pass', () => {
    const notes = new HolderNotes(contact);
    notes.noteUnread(['open-deals', 'quotes'], 'unanswered');
    notes.noteUnread(['open-deals'], 'too-many');
    notes.noteUnread(['quotes'], 'refused');
    notes.noteUnread(['quotes'], 'unanswered');
    expect([...notes.unread]).toEqual([
      ['open-deals', 'too-many'],
      ['quotes', 'refused'],
    ]);
  });
});

test('a record is known by type and id', () => {
  expect(keyOf(contact)).toBe('3:5');
});

test('contacts and companies can be named as clients, others cannot', () => {
  expect([1, 2, 3, 4, 1044].filter((entityTypeId) => hasClients({ entityTypeId, id: 1 }))).toEqual([3, 4]);
});
