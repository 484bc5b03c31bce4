import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import { type HeldClient, heldClients, type HeldClients } from '../../../../lib/tasks/guards/held-clients.ts';
import { answered, listed, refusal, trouble } from './answers.ts';

const now = 1_785_000_000_000;
const hold = (entityTypeId: number, id: number, until?: number) => ({
  entityTypeId,
  id,
  by: 'ada',
  at: 1,
  ...(until !== undefined && { until }),
});
const client = (entityTypeId: number, id: number) => ({ entityTypeId, id });
const [contact, company] = [client(3, 5), client(4, 9)];
const none = { ids: {} };

/** Asks, and gives the answers one after the other. */
function told(clients: HeldClients, ...answers: (JudgedAnswer | undefined)[]): HeldClients {
  const further = clients.take().flatMap((ask, index) => ask.read(answers[index]));
  expect(further).toEqual([]);
  return clients;
}
/** With one deal that is on hold, and its row as the portal gives it. */
const ofDeal = (row: Record<string, unknown>) =>
  told(heldClients([hold(2, 7)], none, now), listed({ id: 7, contactId: 0, contactIds: [], companyId: 0, ...row }));

const deal: HeldClient = { why: 'deal 7, which names it, is on hold' };

describe('what a record on hold names as its clients stays', () => {
  test.each<[string, Record<string, unknown>, typeof contact, HeldClient | undefined]>([
    ['its contact', { contactId: 5 }, contact, deal],
    ['its contact, as text', { contactId: '5' }, contact, deal],
    ['each of its contacts', { contactId: 4, contactIds: [4, '5'] }, contact, deal],
    ['its company', { companyId: '9' }, company, deal],
    ['no other contact', { contactId: 4, contactIds: [4, 6] }, contact, undefined],
    ['no other company', { companyId: 8 }, company, undefined],
    ['not the contact with the number of its company', { companyId: 5 }, contact, undefined],
    ['not the company with the number of its contact', { contactId: 9, contactIds: [9] }, company, undefined],
  ])('%s: %j', (_name, row, record, expected) => {
    expect(ofDeal(row).of(record)).toEqual(expected);
  });

  test('of each type that has clients, by its own name', () => {
    const holds = [hold(2, 7), hold(1, 8), hold(1044, 70), hold(2, 11)];
    const clients = told(
      heldClients(holds, none, now),
      listed({ id: 7, companyId: 0, contactId: 1 }, { id: 11, companyId: 0, contactId: 2 }),
      listed({ id: 8, companyId: 3, contactIds: [] }),
      listed({ id: 70, companyId: 0, contactIds: [4] }),
    );
    expect(
      [client(3, 1), client(3, 2), client(4, 3), client(3, 4), client(3, 3)].map((one) => clients.of(one)),
    ).toEqual([
      { why: 'deal 7, which names it, is on hold' },
      { why: 'deal 11, which names it, is on hold' },
      { why: 'lead 8, which names it, is on hold' },
      { why: 'item 70 of type 1044, which names it, is on hold' },
      undefined,
    ]);
  });

  test('also when its number stands in the rules file', () => {
    const clients = heldClients([], { ids: { 2: [7, 8], 1044: [70], 3: [5] } }, now);
    expect(clients.take().map(({ command }) => command.params)).toMatchObject([
      { entityTypeId: 2, filter: { '@id': [7, 8] } },
      { entityTypeId: 1044, filter: { '@id': [70] } },
    ]);
  });

  test.each<[string, number | undefined, number]>([
    ['without an end', undefined, 1],
    ['that ends in a millisecond', now + 1, 1],
    ['that ends now', now, 0],
    ['that is over', now - 1, 0],
  ])('by a hold %s', (_name, until, asks) => {
    expect(heldClients([hold(2, 7, until)], none, now).take()).toHaveLength(asks);
  });
});

describe('the portal is asked', () => {
  test('for the clients alone, in the order of the ids', () => {
    expect(heldClients([hold(2, 7)], none, now).take()).toMatchObject([
      {
        command: {
          method: 'crm.item.list',
          params: {
            entityTypeId: 2,
            filter: { '@id': [7] },
            select: ['id', 'contactId', 'contactIds', 'companyId'],
            order: { id: 'ASC' },
            start: -1,
          },
        },
      },
    ]);
  });

  test('once', () => {
    const clients = heldClients([hold(2, 7)], none, now);
    expect(clients.take()).toHaveLength(1);
    expect(clients.take()).toEqual([]);
  });

  test('for each record once, fifty at a time', () => {
    const ids = Array.from({ length: 101 }, (_, index) => index + 1);
    const holds = [...ids, 1, 2].map((id) => hold(2, id));
    const pages = heldClients(holds, { ids: { 2: [3] } }, now).take();
    expect(pages.map(({ command }) => command.params['filter'])).toEqual([
      { '@id': ids.slice(0, 50) },
      { '@id': ids.slice(50, 100) },
      { '@id': [101] },
    ]);
    expect(heldClients(holds.slice(0, 100), none, now).take()).toHaveLength(2);
  });

  test('of no contact and no company: they have no clients of their own', () => {
    expect(heldClients([hold(3, 5), hold(4, 9)], { ids: { 3: [6], 4: [8] } }, now).take()).toEqual([]);
  });

  test('of nothing that is there no more: it names nobody', () => {
    const clients = told(heldClients([hold(2, 7)], none, now), listed());
    expect(clients.of(contact)).toBeUndefined();
  });
});

describe('what could not be found out keeps every client', () => {
  test.each<[string, JudgedAnswer | undefined, 'now' | 'for-good']>([
    ['no answer', undefined, 'now'],
    ['trouble', trouble, 'now'],
    ['a refusal', refusal, 'for-good'],
    ['an answer in another form', answered('?'), 'now'],
    ['a list of something else', listed({ id: 8, contactId: 5, companyId: 9 }), 'now'],
    ['a row without an id', listed({ contactId: 5, companyId: 9 }), 'now'],
  ])('for %s', (_name, answer, unread) => {
    const clients = told(heldClients([hold(2, 7)], none, now), answer);
    expect(clients.of(contact)).toEqual({ unread });
    expect(clients.of(company)).toEqual({ unread });
  });

  test.each<[string, JudgedAnswer | undefined, JudgedAnswer | undefined, 'now' | 'for-good']>([
    ['refused twice', refusal, refusal, 'for-good'],
    ['refused, then not answered', refusal, trouble, 'now'],
    ['not answered, then refused', trouble, refusal, 'now'],
    ['refused, while the rest is known', refusal, listed(), 'for-good'],
  ])('%s: as long as something may still be found out, it is not given up', (_name, first, second, unread) => {
    const clients = told(heldClients([hold(2, 7), hold(1, 8)], none, now), first, second);
    expect(clients.of(contact)).toEqual({ unread });
  });

  test('but for what is known to be named', () => {
    const clients = told(
      heldClients([hold(2, 7), hold(1, 8)], none, now),
      listed({ id: 7, contactId: 5, companyId: 0 }),
      trouble,
    );
    expect(clients.of(contact)).toEqual(deal);
    expect(clients.of(company)).toEqual({ unread: 'now' });
  });

  test.each<[string, number, Record<string, unknown>, HeldClient | undefined]>([
    ['a deal without a word of its company', 2, { contactId: 4, contactIds: [4] }, { unread: 'now' }],
    ['a lead without a word of its contacts', 1, { companyId: 8 }, { unread: 'now' }],
    ['a deal with its contact alone', 2, { companyId: null, contactId: null }, undefined],
    ['a deal with its list of contacts alone', 2, { companyId: null, contactIds: null }, undefined],
    ['a deal whose company is no number', 2, { companyId: 'Acme', contactId: 4 }, { unread: 'now' }],
    ['an item that may have no clients', 1044, {}, undefined],
    ['an item whose contacts are no list', 1044, { contactIds: 'x' }, { unread: 'now' }],
  ])('%s', (_name, type, row, expected) => {
    const clients = told(heldClients([hold(type, 7)], none, now), listed({ id: 7, ...row }));
    expect(clients.of(contact)).toEqual(expected);
  });
});
