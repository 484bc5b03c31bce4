import { describe, expect, test } from '@jest/globals';
import type { Task } from '../../../lib/tasks/task.ts';
import { alteredLists } from './altered-lists.ts';
import { type Bench, day, eachTestHas, through } from './bench.ts';

let bench: Bench;
eachTestHas((taken) => (bench = taken));

const process = 1044;
const file = (entries: string, protect = ''): string =>
  `version: 1\n${protect === '' ? '' : `protect: ${protect}\n`}rules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: ${entries} }\n`;

async function tidy(dealId: number, entries: string, protect = ''): Promise<Task> {
  await bench.pushFile(file(entries, protect));
  const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
  await bench.workFor(90);
  return bench.task(taskId);
}

const hold = (entityTypeId: number, id: number, more: { until?: number } = {}) =>
  bench.parts.portals.holds.put(bench.memberId, { entityTypeId, id, by: 'ada', at: bench.time.now, ...more });
const exists = (entityTypeId: number, id: number): boolean => bench.portal.item(entityTypeId, id) !== undefined;
const outcomes = (task: Task) => task.deletions?.map(({ what, outcome }) => [what, outcome?.result, outcome?.why]);
const calls = () =>
  bench.portal.requests.flatMap(({ commands }) => commands.filter(({ method }) => method.endsWith('.delete')));

/** Every way to protect a record; `put`: does it to one, and gives what the rules file says. */
const ways: [string, (type: number, id: number) => Promise<string> | string, RegExp][] = [
  [
    'a hold',
    async (type, id) => {
      await hold(type, id);
      return '';
    },
    /a hold \(tidy24 hold list\)$/,
  ],
  [
    'the hold field',
    (type, id) => {
      for (const each of [2, 3, 4]) bench.portal.addField(each, { name: 'UF_CRM_KEEP', type: 'boolean' });
      bench.portal.updateItem(type, id, { fields: { UF_CRM_KEEP: 'Y' }, silent: true });
      return '{ hold-field: UF_CRM_KEEP }';
    },
    /its field UF_CRM_KEEP is ticked$/,
  ],
  [
    'the list of ids',
    (type, id) =>
      `{ ids: { ${({ 2: 'deal', 3: 'contact', 4: 'company' } as Record<number, string>)[type]}: [${id}] } }`,
    /its id is in protect\.ids$/,
  ],
  [
    'its responsible user',
    (type, id) => {
      bench.portal.updateItem(type, id, { assignedById: 9, silent: true });
      return '{ responsible: [9] }';
    },
    /user 9 is responsible for it$/,
  ],
  [
    'its source',
    (type, id) => {
      bench.portal.updateItem(type, id, { fields: { sourceId: 'PARTNER' }, silent: true });
      return '{ sources: [PARTNER] }';
    },
    /its source is PARTNER$/,
  ],
];

function lostDeal() {
  const { portal } = bench;
  const contacts = [portal.addContact({ silent: true }), portal.addContact({ silent: true })] as const;
  const company = portal.addCompany({ silent: true });
  for (const contact of contacts) portal.updateItem(3, contact, { companyIds: [company], silent: true });
  const deal = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: contacts, companyId: company });
  return { contacts, company, deal };
}

describe.each(ways)('%s', (_name, protectBy, why) => {
  test('on the lost deal keeps everything, for good', async () => {
    const { contacts, company, deal } = lostDeal();
    const protect = await protectBy(2, deal);
    const task = await tidy(deal, '[deal-contacts, contacts, company, deal]', protect);
    expect(task).toMatchObject({ status: 'skipped', reason: 'held' });
    expect(task.history.at(-1)?.text).toMatch(/^Skipped: held\. deal \d+: /);
    expect(task.history.at(-1)?.text).toMatch(why);
    expect(calls()).toEqual([]);
    expect([exists(2, deal), exists(4, company), ...contacts.map((id) => exists(3, id))]).not.toContain(false);
  });

  test('on one contact keeps that one, and the rest goes on', async () => {
    const { contacts, company, deal } = lostDeal();
    const protect = await protectBy(3, contacts[0]);
    const task = await tidy(deal, '[contacts, company, deal]', protect);
    expect(task.status).toBe('done');
    expect(task.deletions?.map(({ what, id, outcome }) => [what, id, outcome?.result])).toEqual([
      ['contacts', contacts[0], 'held'],
      ['contacts', contacts[1], 'deleted'],
      ['company', company, 'deleted'],
      ['deal', deal, 'deleted'],
    ]);
    expect(task.deletions?.[0]?.outcome?.why).toMatch(why);
    expect(exists(3, contacts[0])).toBe(true);
  });

  test.each(['[deal-contacts]', '[company-contacts]'])(
    'on one of the contacts keeps all links of %s: none can be spared alone',
    async (entries) => {
      const { contacts, company, deal } = lostDeal();
      const protect = await protectBy(3, contacts[1]);
      const task = await tidy(deal, entries, protect);
      expect(task).toMatchObject({ status: 'skipped', reason: 'held' });
      expect(outcomes(task)?.[0]?.[2]).toMatch(new RegExp(`^contact ${contacts[1]}: .*${why.source}`));
      expect([bench.portal.contactsOf(deal), bench.portal.contactsOfCompany(company)]).toEqual([contacts, contacts]);
    },
  );

  test('on the company keeps it and its links', async () => {
    const { contacts, company, deal } = lostDeal();
    const protect = await protectBy(4, company);
    const task = await tidy(deal, '[company-contacts, company]', protect);
    expect(task).toMatchObject({ status: 'skipped', reason: 'held' });
    expect([exists(4, company), bench.portal.contactsOfCompany(company)]).toEqual([true, contacts]);
  });

  test('on something else keeps nothing', async () => {
    const { deal, contacts } = lostDeal();
    const protect = await protectBy(3, bench.portal.addContact({ silent: true }));
    const task = await tidy(deal, '[deal-contacts, contacts, company, deal]', protect);
    expect(task.status).toBe('done');
    expect([exists(2, deal), exists(3, contacts[0])]).toEqual([false, false]);
  });
});

describe('a hold', () => {
  test('on an item keeps the item and the deal that it belongs to', async () => {
    bench.portal.addType({ entityTypeId: process, title: 'Project' });
    const { contacts, deal } = lostDeal();
    const items = [1, 2].map(() => bench.portal.addItem(process, { parents: { 2: deal }, silent: true }));
    await hold(process, items[0] ?? 0);
    const task = await tidy(deal, `[{ items: { type: ${process} } }, contacts, deal]`);
    expect(task.status).toBe('done');
    expect(outcomes(task)?.map(([what, result]) => `${what} ${result}`)).toEqual([
      'contacts deleted',
      'contacts deleted',
      'deal held',
      'items held',
      'items deleted',
    ]);
    expect(outcomes(task)?.[2]?.[2]).toBe(`its item ${items[0]} of type ${process} has a hold`);
    expect([exists(process, items[0] ?? 0), exists(2, deal), exists(3, contacts[0])]).toEqual([true, true, false]);
  });

  test.each([
    ['a hold', ''],
    ['the list of ids', 'ids'],
    ['the hold field', 'field'],
  ])('(%s) on an open item keeps the contact and the company that the item names, and the links', async (_way, way) => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const { contacts, company, deal } = lostDeal();
    const parents = { 2: deal };
    const item = portal.addItem(process, { parents, contactIds: [contacts[1]], companyId: company, silent: true });
    const gone = portal.addItem(process, { parents, contactIds: [contacts[0]], silent: true });
    for (const type of [2, 3, 4, process]) portal.addField(type, { name: 'UF_CRM_KEEP', type: 'boolean' });
    if (way === '') await hold(process, item);
    if (way === 'field') portal.updateItem(process, item, { fields: { UF_CRM_KEEP: 'Y' }, silent: true });
    const protect = { '': '', ids: `{ ids: { '${process}': [${item}] } }`, field: '{ hold-field: UF_CRM_KEEP }' }[way];
    const entries = `[company-contacts, { items: { type: ${process} } }, contacts, company]`;
    const task = await tidy(deal, entries, protect);
    expect(task.status).toBe('done');
    expect([exists(process, item), exists(process, gone)]).toEqual([true, false]);
    expect([exists(3, contacts[0]), exists(3, contacts[1]), exists(4, company)]).toEqual([false, true, true]);
    expect(portal.contactsOfCompany(company)).toEqual([contacts[1]]);
    const why = `open-items: open item ${item} of type ${process}`;
    expect(outcomes(task)?.filter(([, result]) => result === 'guarded')).toEqual([
      ['company-contacts', 'guarded', why],
      ['contacts', 'guarded', why],
      ['company', 'guarded', why],
    ]);
  });

  test.each([
    ['a deal that is lost', 'deal', 'hold'],
    ['a deal that is lost', 'deal', 'ids'],
    ['a junk lead', 'lead', 'hold'],
    ['an item that is over', 'item', 'hold'],
  ])('on %s (%s, %s) keeps its contacts and its company from the rules of other deals', async (_what, type, way) => {
    const { portal } = bench;
    const pipeline = portal.addType({ entityTypeId: process, title: 'Project' });
    const { contacts, company, deal } = lostDeal();
    const clients = { contactIds: [contacts[1]], companyId: company, silent: true };
    const add = {
      deal: () => [2, portal.addDeal({ stageId: 'LOSE', ...clients })],
      lead: () => [1, portal.addLead({ stageId: 'JUNK', ...clients })],
      item: () => [process, portal.addItem(process, { stageId: `DT${process}_${pipeline}:FAIL`, ...clients })],
    }[type];
    const [entityTypeId = 0, id = 0] = add?.() ?? [];
    if (way === 'hold') await hold(entityTypeId, id);
    const protect = way === 'ids' ? `{ ids: { deal: [${id}] } }` : '';
    const task = await tidy(deal, '[company-contacts, contacts, company]', protect);
    expect([exists(3, contacts[0]), exists(3, contacts[1]), exists(4, company)]).toEqual([false, true, true]);
    const kept = outcomes(task)?.filter(([, result]) => result === 'held');
    expect(kept?.map(([what]) => what)).toEqual(['company-contacts', 'contacts', 'company']);
    expect(kept?.[0]?.[2]).toMatch(/^(deal|lead|item) \d+.*, which names it, is on hold$/);
  });

  test('that is over on another deal keeps nothing, nor one on a deal that is gone', async () => {
    const { contacts, deal } = lostDeal();
    const other = bench.portal.addDeal({ stageId: 'LOSE', contactIds: contacts, silent: true });
    await hold(2, other, { until: bench.time.now - 1 });
    await hold(2, 4_711);
    expect((await tidy(deal, '[contacts]')).status).toBe('done');
    expect(contacts.map((id) => exists(3, id))).toEqual([false, false]);
  });

  test('that comes between two steps stops the task where it is', async () => {
    const { contacts, company, deal } = lostDeal();
    bench.portal.faults.add({
      when: { method: /\.delete$/, inBatch: 'envelope' },
      give: { type: 'hook', work: 'after', run: () => hold(2, deal) },
    });
    const task = await tidy(deal, '[contacts, company, deal]');
    expect(task).toMatchObject({ status: 'skipped', reason: 'held' });
    expect(task.history.at(-1)?.text).toContain(
      `Before that: crm.item.delete of 3/${contacts[0]}, 3/${contacts[1]}: deleted`,
    );
    expect([exists(3, contacts[0]), exists(4, company), exists(2, deal)]).toEqual([false, true, true]);
  });

  test('that is over, or was taken away, holds nothing', async () => {
    const { contacts, deal } = lostDeal();
    await hold(3, contacts[0], { until: bench.time.now });
    await hold(3, contacts[1]);
    expect(await bench.parts.portals.holds.remove(bench.memberId, { entityTypeId: 3, id: contacts[1] })).toBe(true);
    expect(await bench.parts.portals.holds.remove(bench.memberId, { entityTypeId: 3, id: contacts[1] })).toBe(false);
    expect((await tidy(deal, '[contacts]')).deletions?.map(({ outcome }) => outcome?.result)).toEqual([
      'deleted',
      'deleted',
    ]);
  });

  test('of another portal holds nothing here', async () => {
    const { contacts, deal } = lostDeal();
    await bench.parts.portals.holds.put('f'.repeat(32), { entityTypeId: 3, id: contacts[0], by: 'ada', at: 1 });
    expect((await tidy(deal, '[contacts]')).status).toBe('done');
    expect(exists(3, contacts[0])).toBe(false);
  });

  test('whose row nobody can read holds', async () => {
    const { contacts, deal } = lostDeal();
    const { memberId } = bench;
    await bench.database.tables.portals.put({ memberId, sk: `hold#3#${contacts[0]}`, until: 'soon' });
    expect((await tidy(deal, '[contacts]')).deletions?.map(({ outcome }) => outcome?.result)).toEqual([
      'held',
      'deleted',
    ]);
  });

  test('beats a rule that has all its guards off, and is told in a portal that observes', async () => {
    const { contacts, deal } = lostDeal();
    await hold(3, contacts[0]);
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    const task = await tidy(deal, '[contacts, deal]');
    expect(task.status).toBe('observed');
    expect(task.history.at(-1)?.text).toContain(`crm.item.delete of 3/${contacts[0]}: kept by a hold: a hold`);
  });
});

test('a source that the portal gives as a number protects', async () => {
  const { contacts, deal } = lostDeal();
  bench.portal.updateItem(3, contacts[0], { fields: { sourceId: '5' }, silent: true });
  const asNumber = (row: unknown): unknown => {
    const { sourceId } = row as { sourceId?: unknown };
    return { ...(row as object), sourceId: sourceId === '5' ? 5 : sourceId };
  };
  const rest = alteredLists(
    bench,
    (params) => params.get('entityTypeId') === '3',
    (items) => items.map(asNumber),
  );
  await bench.pushFile(file('[contacts]', "{ sources: ['5'] }"));
  const taskId = await bench.taskOf({ entityTypeId: 2, id: deal }, 'tidy');
  await bench.workFor(30, { rest });
  expect(outcomes(await bench.task(taskId))?.[0]).toEqual(['contacts', 'held', 'its source is 5']);
  expect(exists(3, contacts[0])).toBe(true);
});

describe('the hold field', () => {
  const protect = '{ hold-field: UF_CRM_KEEP }';
  const define = () => {
    for (const type of [2, 3]) bench.portal.addField(type, { name: 'UF_CRM_KEEP', type: 'boolean' });
  };

  test.each([
    ['N', 'deleted'],
    ['0', 'deleted'],
    [false, 'deleted'],
    [null, 'deleted'],
    ['', 'deleted'],
    ['Y', 'held'],
    [1, 'held'],
    [true, 'held'],
    ['perhaps', 'held'],
  ])('%j: the contact is %s', async (value, result) => {
    define();
    const { contacts, deal } = lostDeal();
    bench.portal.updateItem(3, contacts[0], { fields: { UF_CRM_KEEP: value }, silent: true });
    expect((await tidy(deal, '[contacts]', protect)).deletions?.[0]?.outcome?.result).toBe(result);
  });

  test('that the portal does not tell of keeps everything', async () => {
    // Taken off the cards after the rules were pushed.
    const { contacts, deal } = lostDeal();
    const task = await tidy(deal, '[deal-contacts, contacts]', protect);
    expect(task).toMatchObject({ status: 'failed', reason: 'GUARD_UNREADABLE' });
    expect(calls()).toEqual([]);
    expect(exists(3, contacts[0])).toBe(true);
  });

  test('that cannot be read for a while is read later', async () => {
    define();
    const { deal } = lostDeal();
    await bench.pushFile(file('[deal-contacts]', protect));
    const taskId = await bench.taskOf({ entityTypeId: 2, id: deal }, 'tidy');
    let isDown = true;
    const rest = through(bench, {
      before: ({ commands }) =>
        isDown && commands.has('crm.item.list') && !commands.has('crm.deal.contact.items.get')
          ? new Response('', { status: 502 })
          : undefined,
    });
    await bench.work([taskId], { rest });
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 1 });
    expect(calls()).toEqual([]);
    isDown = false;
    bench.time.now += day;
    await bench.work([taskId], { rest });
    expect(await bench.task(taskId)).toMatchObject({ status: 'done' });
  });

  test('of a contact that is linked and does not exist any more holds nothing', async () => {
    define();
    const deal = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [4_711] });
    expect((await tidy(deal, '[deal-contacts]', protect)).status).toBe('done');
  });
});
