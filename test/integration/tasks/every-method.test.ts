import { describe, expect, test } from '@jest/globals';
import type { Deletion } from '../../../lib/tasks/task.ts';
import { type Bench, eachTestHas, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

const rule = (type: string | number, deletions: string) => `
version: 1
rules:
  - id: tidy
    when: { type: ${type}, stages: all-lost }
    wait: 0m
    delete: ${deletions}
`;
const process = 1044;

/** A deal in a lost stage with two contacts and a company that has one of them and one more; all linked. */
function furnish() {
  const { portal } = bench;
  const companyId = portal.addCompany({ title: 'Northwind', silent: true });
  const [anna = 0, boris = 0, clara = 0] = ['Anna', 'Boris', 'Clara'].map((name) =>
    portal.addContact({ name, silent: true, companyId: name === 'Boris' ? 0 : companyId }),
  );
  const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds: [anna, boris] });
  return { dealId, companyId, anna, boris, clara };
}

/** Carries out what the rule says about the record, and gives the task as it ended. */
async function tidy(record: { entityTypeId: number; id: number }, type: string | number, deletions: string) {
  await bench.pushFile(rule(type, deletions));
  const taskId = await bench.taskOf(record, 'tidy');
  await bench.workFor(30);
  return bench.task(taskId);
}
const deal = (id: number) => ({ entityTypeId: 2, id });
const called = (method: string) => bench.portal.calls(method).map(({ params }) => params);
const short = ({ what, entityTypeId, id, outcome }: Deletion) => [what, entityTypeId, id, outcome?.result];

describe('each method', () => {
  test('company-contacts unlinks every contact of the deal’s company, and nobody else is touched [method/crm.company.contact.items.delete/success]', async () => {
    const { dealId, companyId, anna, boris, clara } = furnish();
    const otherCompany = bench.portal.addCompany({ silent: true });
    const other = bench.portal.addContact({ companyId: otherCompany, silent: true });
    const task = await tidy(deal(dealId), 'deal', '[company-contacts]');
    expect(task.status).toBe('done');
    expect(called('crm.company.contact.items.delete')).toEqual([{ id: String(companyId) }]);
    expect(bench.portal.contactsOfCompany(companyId)).toEqual([]);
    expect(bench.portal.contactsOf(dealId)).toEqual([anna, boris]);
    expect(bench.portal.contactsOfCompany(otherCompany)).toEqual([other]);
    expect([anna, boris, clara].every((id) => bench.portal.item(3, id))).toBe(true);
    const [snapshot] = await bench.parts.snapshots.get(task.taskId);
    expect(snapshot?.companyContacts).toEqual([
      { companyId, links: expect.arrayContaining([expect.objectContaining({ CONTACT_ID: clara })]) },
    ]);
  });

  test('contacts deletes each contact of the deal by crm.item.delete [method/crm.item.delete/success]', async () => {
    const { dealId, anna, boris, clara } = furnish();
    const task = await tidy(deal(dealId), 'deal', '[contacts]');
    expect(task.status).toBe('done');
    expect(called('crm.item.delete').map(({ entityTypeId, id }) => [Number(entityTypeId), Number(id)])).toEqual([
      [3, anna],
      [3, boris],
    ]);
    expect([anna, boris, clara].map((id) => bench.portal.item(3, id) !== undefined)).toEqual([false, false, true]);
    expect(bench.portal.deal(dealId)).toBeDefined();
    expect((await bench.parts.snapshots.get(task.taskId))[0]?.records).toMatchObject([
      { entityTypeId: 3, id: anna, fields: { name: 'Anna' } },
      { entityTypeId: 3, id: boris, fields: { name: 'Boris' } },
    ]);
  });

  test('contacts via crm.contact.delete calls that method, few at a time because it is slow [method/crm.contact.delete/success]', async () => {
    const contactIds = Array.from({ length: 9 }, () => bench.portal.addContact({ silent: true }));
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
    const slow = { operating: 0, resetAt: bench.time.now, perCall: 10, at: bench.time.now };
    await bench.parts.budgets.setOperating(bench.memberId, new Map([['crm.contact.delete', slow]]));
    const task = await tidy(deal(dealId), 'deal', '[{ contacts: { via: crm.contact.delete } }]');
    expect(task.status).toBe('done');
    expect(bench.sizes('crm.contact.delete')[0]).toBe(4);
    expect(bench.sent('crm.contact.delete')).toBe(9);
    expect(contactIds.some((id) => bench.portal.item(3, id))).toBe(false);
    expect(called('crm.item.delete')).toEqual([]);
  });

  test('company deletes the deal’s company and leaves the deal', async () => {
    const { dealId, companyId } = furnish();
    const task = await tidy(deal(dealId), 'deal', '[company]');
    expect(task.deletions?.map(short)).toEqual([['company', 4, companyId, 'deleted']]);
    expect(bench.portal.item(4, companyId)).toBeUndefined();
    expect(bench.portal.deal(dealId)).toMatchObject({ companyId: 0 });
  });

  test('deal, lead and item delete the lost record itself', async () => {
    const { portal } = bench;
    const pipeline = portal.addType({ entityTypeId: process, title: 'Project' });
    const records: [{ entityTypeId: number; id: number }, string | number, string][] = [
      [deal(portal.addDeal({ stageId: 'LOSE', silent: true })), 'deal', '[deal]'],
      [{ entityTypeId: 1, id: portal.addLead({ stageId: 'JUNK', silent: true }) }, 'lead', '[lead]'],
    ];
    const kept = [portal.addDeal({ stageId: 'LOSE', silent: true }), portal.addLead({ silent: true })];
    for (const [record, type, entries] of records) {
      expect((await tidy(record, type, entries)).status).toBe('done');
      expect(portal.item(record.entityTypeId, record.id)).toBeUndefined();
    }
    const stageId = `DT${process}_${pipeline}:FAIL`;
    const item = { entityTypeId: process, id: portal.addItem(process, { stageId, silent: true }) };
    expect((await tidy(item, process, '[item]')).status).toBe('done');
    expect(portal.item(process, item.id)).toBeUndefined();
    expect([portal.deal(kept[0] ?? 0), portal.item(1, kept[1] ?? 0)].every(Boolean)).toBe(true);
  });

  test('items deletes every item that has the deal as its parent, all pages of them, and no other', async () => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true });
    const other = portal.addDeal({ stageId: 'LOSE', silent: true });
    const children = Array.from({ length: 132 }, () =>
      portal.addItem(process, { parents: { 2: dealId }, silent: true }),
    );
    const others = [
      portal.addItem(process, { parents: { 2: other }, silent: true }),
      portal.addItem(process, { silent: true }),
      portal.addItem(process, { parents: { 1: dealId }, silent: true }),
    ];
    const task = await tidy(deal(dealId), 'deal', `[{ items: { type: ${process} } }]`);
    expect(task.status).toBe('done');
    expect(children.filter((id) => portal.item(process, id))).toEqual([]);
    expect(others.filter((id) => !portal.item(process, id))).toEqual([]);
    expect(task.deletions).toHaveLength(132);
    const kept = (await bench.parts.snapshots.get(task.taskId)).flatMap(({ records }) => records.map(({ id }) => id));
    expect(kept).toEqual(children);
  });

  test('items of thousands are counted in the task when their names would not fit into one row, and none is left', async () => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true });
    const children = Array.from({ length: 1_020 }, () =>
      portal.addItem(process, { parents: { 2: dealId }, silent: true }),
    );
    const task = await tidy(deal(dealId), 'deal', `[deal, { items: { type: ${process} } }]`);
    expect(task.status).toBe('done');
    expect(children.filter((id) => portal.item(process, id))).toEqual([]);
    expect(portal.deal(dealId)).toBeUndefined();
    const named = task.deletions?.filter(({ what }) => what === 'items').length ?? 0;
    expect(named).toBeLessThanOrEqual(400);
    expect(named + (task.items?.[process]?.gone ?? 0)).toBe(1_020);
  }, 60_000);
});

describe('the order', () => {
  test('is links, items, contacts, company, and the lost record last, whatever the order of writing', async () => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const { dealId, companyId, anna, boris } = furnish();
    const child = portal.addItem(process, { parents: { 2: dealId }, silent: true });
    const entries = `[deal, company, contacts, { items: { type: ${process} } }, company-contacts, deal-contacts]`;
    const task = await tidy(deal(dealId), 'deal', entries);
    expect(task.status).toBe('done');
    const writes = portal.requests.flatMap(({ commands }) =>
      commands
        .filter(({ method }) => method.endsWith('.delete'))
        .map(({ method, params }) => `${method} ${Number(params['entityTypeId'] ?? 0)}/${Number(params['id'])}`),
    );
    expect(new Set(writes.slice(0, 2))).toEqual(
      new Set([`crm.deal.contact.items.delete 0/${dealId}`, `crm.company.contact.items.delete 0/${companyId}`]),
    );
    expect(writes.slice(2)).toEqual([
      `crm.item.delete ${process}/${child}`,
      `crm.item.delete 3/${anna}`,
      `crm.item.delete 3/${boris}`,
      `crm.item.delete 4/${companyId}`,
      `crm.item.delete 2/${dealId}`,
    ]);
  });

  test('stops where the portal refuses: nothing of a later step is deleted, and what was done stays noted', async () => {
    const { portal } = bench;
    const { dealId, companyId, anna, boris } = furnish();
    portal.forbidDeletion(3, boris, 'Not this one');
    const task = await tidy(deal(dealId), 'deal', '[contacts, company, deal]');
    expect(task).toMatchObject({ status: 'failed', reason: 'terminated-by-event' });
    expect(task.deletions?.map(short)).toEqual([
      ['contacts', 3, anna, 'deleted'],
      ['contacts', 3, boris, 'refused'],
      ['company', 4, companyId, undefined],
      ['deal', 2, dealId, undefined],
    ]);
    expect([portal.item(3, boris), portal.item(4, companyId), portal.deal(dealId)].every(Boolean)).toBe(true);
    expect(bench.deletionsDlq.sent).toHaveLength(1);
  });
});

describe('what a person changes between two steps', () => {
  /** Acts right after the first deleting request. */
  const afterFirst = (deed: () => void) =>
    bench.portal.faults.add({
      when: { method: /\.delete$/, inBatch: 'envelope' },
      give: { type: 'hook', work: 'after', run: deed },
    });

  test('a deal that is won again keeps what is left', async () => {
    const { dealId, companyId } = furnish();
    afterFirst(() => bench.portal.moveDeal(dealId, 'WON', { silent: true }));
    const task = await tidy(deal(dealId), 'deal', '[deal-contacts, company, deal]');
    expect(task).toMatchObject({ status: 'cancelled', reason: 'no-longer-lost' });
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
    expect([bench.portal.item(4, companyId), bench.portal.deal(dealId)].every(Boolean)).toBe(true);
  });

  test('a company that is no longer the deal’s is left alone', async () => {
    const { dealId, companyId } = furnish();
    const other = bench.portal.addCompany({ silent: true });
    afterFirst(() => bench.portal.updateDeal(dealId, { companyId: other, silent: true }));
    const task = await tidy(deal(dealId), 'deal', '[contacts, company]');
    expect(task.status).toBe('done');
    expect(task.deletions?.find(({ what }) => what === 'company')?.outcome?.result).toBe('spared');
    expect([bench.portal.item(4, companyId), bench.portal.item(4, other)].every(Boolean)).toBe(true);
  });

  test('a contact that is linked after the deal’s links were removed is left alone', async () => {
    const { dealId, anna, boris, clara } = furnish();
    afterFirst(() => bench.portal.updateDeal(dealId, { contactIds: [clara], silent: true }));
    const task = await tidy(deal(dealId), 'deal', '[deal-contacts, contacts]');
    expect(task.status).toBe('done');
    expect([anna, boris, clara].map((id) => bench.portal.item(3, id) !== undefined)).toEqual([false, false, true]);
  });

  test('a deal that is deleted by somebody keeps us from deleting what hung on it', async () => {
    const { dealId, companyId } = furnish();
    afterFirst(() => bench.portal.removeDeal(dealId, { silent: true }));
    const task = await tidy(deal(dealId), 'deal', '[contacts, company]');
    expect(task).toMatchObject({ status: 'skipped', reason: 'record-gone' });
    expect(bench.portal.item(4, companyId)).toBeDefined();
  });
});

describe('what is gone already', () => {
  test('a company that the portal does not know is not asked to unlink: it would say true [method/crm.company.contact.items.delete/unknown-company]', async () => {
    const { dealId, companyId } = furnish();
    await bench.pushFile(rule('deal', '[company-contacts]'));
    const taskId = await bench.taskOf(deal(dealId), 'tidy');
    // Deleted between the look at the deal and the look at the company.
    bench.portal.faults.add({
      when: { method: 'crm.company.contact.items.get', inBatch: 'envelope' },
      give: { type: 'hook', run: () => bench.portal.removeItem(4, companyId, { silent: true }) },
    });
    await bench.workFor(30);
    expect(await bench.task(taskId)).toMatchObject({
      status: 'done',
      deletions: [{ outcome: { result: 'already-gone', proof: 'read' } }],
    });
    expect(called('crm.company.contact.items.delete')).toEqual([]);
  });

  test.each([
    ['crm.item.delete says [method/crm.item.delete/missing]', 'crm.item.delete', '[contacts]', 'answer'],
    [
      'crm.contact.delete says and a read confirms [method/crm.contact.delete/missing]',
      'crm.contact.delete',
      '[{ contacts: { via: crm.contact.delete } }]',
      'read',
    ],
  ])('a contact that somebody deletes just before us is gone, as %s', async (_name, method, entries, proof) => {
    const contactId = bench.portal.addContact({ silent: true });
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contactId] });
    bench.portal.faults.add({
      when: { method, inBatch: 'envelope' },
      give: { type: 'hook', run: () => bench.portal.removeItem(3, contactId, { silent: true }) },
    });
    const task = await tidy(deal(dealId), 'deal', entries);
    expect(task).toMatchObject({ status: 'done', deletions: [{ outcome: { result: 'already-gone', proof } }] });
  });

  test('a contact that a handler keeps is not taken for gone: crm.contact.delete says the same of both [method/crm.contact.delete/vetoed]', async () => {
    const contactId = bench.portal.addContact({ silent: true });
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contactId] });
    bench.portal.forbidDeletion(3, contactId, 'Still needed');
    const task = await tidy(deal(dealId), 'deal', '[{ contacts: { via: crm.contact.delete } }]');
    expect(task).toMatchObject({ status: 'failed', deletions: [{ outcome: { result: 'refused', proof: 'read' } }] });
    expect(bench.portal.item(3, contactId)).toBeDefined();
  });

  test.each(['before', 'after'] as const)(
    'a contact whose deletion is reset %s the work is deleted once',
    async (work) => {
      const contactId = bench.portal.addContact({ silent: true });
      const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contactId] });
      bench.portal.faults.add({
        when: { method: 'crm.item.delete', inBatch: 'envelope' },
        give: { type: 'reset', work },
      });
      const task = await tidy(deal(dealId), 'deal', '[contacts]');
      expect(task).toMatchObject({ status: 'done', deletions: [{ outcome: { result: 'deleted' } }] });
      // What was reset before the work is in nobody's log.
      expect(bench.sent('crm.item.delete')).toBe(1);
    },
  );

  test('the lost record itself, deleted by a request whose answer never came, is done', async () => {
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true });
    const when = { inBatch: 'envelope' } as const;
    const unreadable = () => {
      // Nor can it be read back at once.
      bench.portal.faults.add({ when: { ...when, method: 'crm.item.list' }, give: { type: 'html', status: 502 } });
      return { type: 'reset', work: 'after' } as const;
    };
    bench.portal.faults.add({ when: { ...when, method: 'crm.item.delete' }, give: { type: 'hook', run: unreadable } });
    const task = await tidy(deal(dealId), 'deal', '[deal]');
    expect(task).toMatchObject({ status: 'done', deletions: [{ outcome: { result: 'already-gone', proof: 'read' } }] });
  });

  test.each(['[contacts]', '[company]', '[company-contacts]', `[{ items: { type: ${process} } }]`])(
    'a deal without any of %s is skipped',
    async (entries) => {
      bench.portal.addType({ entityTypeId: process, title: 'Project' });
      const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true });
      expect(await tidy(deal(dealId), 'deal', entries)).toMatchObject({ status: 'skipped', reason: 'nothing-linked' });
      expect(
        bench.portal.requests.some(({ commands }) => commands.some(({ method }) => method.endsWith('delete'))),
      ).toBe(false);
    },
  );
});

describe('a portal that lies', () => {
  test('by overlooking the filter for a parent loses no item of anybody else', async () => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true });
    const child = portal.addItem(process, { parents: { 2: dealId }, silent: true });
    const foreign = portal.addItem(process, { silent: true });
    await bench.pushFile(rule('deal', `[{ items: { type: ${process} } }]`));
    const taskId = await bench.taskOf(deal(dealId), 'tidy');
    const everything = (_: object, answer: Record<string, never>) => {
      const whole = answer as unknown as { result?: { result?: Record<string, { items?: unknown[] }> } };
      const key = `items${process}of2n${dealId}`;
      const list = whole.result?.result?.[key];
      list?.items?.push({ ...portal.item(process, foreign) });
      return answer;
    };
    await bench.work([taskId], { rest: through(bench, { after: everything }) });
    expect(portal.item(process, child)).toBeDefined();
    expect(portal.item(process, foreign)).toBeDefined();
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 1 });
  });
});

describe('a portal that observes', () => {
  test('is told all that would be deleted, and loses nothing', async () => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const { dealId, companyId, anna, boris } = furnish();
    const child = portal.addItem(process, { parents: { 2: dealId }, silent: true });
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    const before = portal.snapshotState();
    const entries = `[deal, company, contacts, { items: { type: ${process} } }, company-contacts, deal-contacts]`;
    const task = await tidy(deal(dealId), 'deal', entries);
    expect(task).toMatchObject({ status: 'observed', reason: 'portal-observes' });
    expect(new Set(task.deletions?.map(({ what, id }) => `${what} ${id}`))).toEqual(
      new Set([
        `deal ${dealId}`,
        `company ${companyId}`,
        `contacts ${anna}`,
        `contacts ${boris}`,
        `items ${child}`,
        `company-contacts ${companyId}`,
        `deal-contacts ${dealId}`,
      ]),
    );
    expect(portal.snapshotState()).toEqual(before);
  });
});
