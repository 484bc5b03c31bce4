import { describe, expect, test } from '@jest/globals';
import { type Bench, deletion, eachTestHas, hour, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

const process = 1044;
const rule = (deletions: string, type: string | number = 'deal') => `
version: 1
rules:
  - id: tidy
    when: { type: ${type}, stages: all-lost }
    wait: 0m
    delete: ${deletions}
`;
const deal = (id: number) => ({ entityTypeId: 2, id });
const isThere = (type: number, id: number) => bench.portal.item(type, id) !== undefined;
const results = async (taskId: string) =>
  (await bench.task(taskId)).deletions?.map(({ what, outcome }) => `${what} ${outcome?.result ?? 'open'}`);

async function taskOn(dealId: number, deletions: string): Promise<string> {
  await bench.pushFile(rule(deletions));
  return bench.taskOf(deal(dealId), 'tidy');
}

/** The portal refuses the method once, for its operating time, and then a person acts. */
async function refusedOnce(method: string, taskId: string): Promise<void> {
  const give = { type: 'error', error: 'OPERATION_TIME_LIMIT', description: 'Blocked' } as const;
  const fault = bench.portal.faults.add({ when: { method, inBatch: 'command' }, times: 1_000, give });
  await bench.work([taskId]);
  fault.remove();
  expect((await bench.task(taskId)).status).toBe('open');
}

describe('what a person takes away from the lost deal before its turn', () => {
  test('an item that is given to another deal stays', async () => {
    const { portal } = bench;
    portal.addType({ entityTypeId: process, title: 'Project' });
    const [lost, won] = [portal.addDeal({ stageId: 'LOSE', silent: true }), portal.addDeal({ silent: true })];
    const moved = portal.addItem(process, { parents: { 2: lost }, silent: true });
    const kept = portal.addItem(process, { parents: { 2: lost }, silent: true });
    const taskId = await taskOn(lost, `[{ items: { type: ${process} } }]`);
    await refusedOnce('crm.item.delete', taskId);
    portal.updateItem(process, moved, { parents: { 2: won }, silent: true });
    bench.time.now += hour;
    await bench.workFor(60);
    expect(await results(taskId)).toEqual(['items spared', 'items deleted']);
    expect([isThere(process, moved), isThere(process, kept)]).toEqual([true, false]);
  });

  test('a contact that is taken off while the links are waiting to be removed stays', async () => {
    const { portal } = bench;
    const [anna = 0, boris = 0] = ['Anna', 'Boris'].map((name) => portal.addContact({ name, silent: true }));
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [anna, boris] });
    const taskId = await taskOn(dealId, '[deal-contacts, contacts]');
    await refusedOnce(deletion, taskId);
    portal.updateDeal(dealId, { contactIds: [boris], silent: true });
    bench.time.now += hour;
    await bench.workFor(60);
    expect((await bench.task(taskId)).status).toBe('done');
    expect([isThere(3, anna), isThere(3, boris)]).toEqual([true, false]);
  });

  test('a company that is exchanged stays, and so does the other', async () => {
    const { portal } = bench;
    const [old, other] = [portal.addCompany({ silent: true }), portal.addCompany({ silent: true })];
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, companyId: old });
    const taskId = await taskOn(dealId, '[company]');
    await refusedOnce('crm.item.delete', taskId);
    portal.updateDeal(dealId, { companyId: other, silent: true });
    bench.time.now += hour;
    await bench.workFor(60);
    expect(await results(taskId)).toEqual(['company spared']);
    expect([isThere(4, old), isThere(4, other)]).toEqual([true, true]);
  });
});

describe('what we have removed ourselves, by a call whose answer nobody saw', () => {
  test('links: the contacts are deleted all the same, and the links are recorded as gone', async () => {
    const { portal } = bench;
    const contactIds = [portal.addContact({ silent: true }), portal.addContact({ silent: true })];
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
    const taskId = await taskOn(dealId, '[deal-contacts, contacts, deal]');
    portal.faults.add({ when: { method: deletion, inBatch: 'envelope' }, give: { type: 'reset', work: 'after' } });
    // Nor does reading it back succeed.
    portal.faults.add({
      when: { method: 'crm.deal.contact.items.get', inBatch: 'envelope', nth: 2 },
      give: { type: 'html', status: 502 },
    });
    await bench.workFor(120);
    expect(await results(taskId)).toEqual([
      'deal-contacts already-gone',
      'contacts deleted',
      'contacts deleted',
      'deal deleted',
    ]);
    expect(contactIds.some((id) => isThere(3, id))).toBe(false);
  });

  test('a contact or a company: it is recorded as gone, not as spared', async () => {
    const { portal } = bench;
    const companyId = portal.addCompany({ silent: true });
    const contactIds = [portal.addContact({ silent: true })];
    const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds });
    const taskId = await taskOn(dealId, '[contacts, company]');
    for (const nth of [1, 2]) {
      portal.faults.add({
        when: { method: 'crm.item.delete', inBatch: 'envelope', nth },
        give: { type: 'reset', work: 'after' },
      });
    }
    portal.faults.add({
      when: { method: 'crm.item.list', inBatch: 'envelope', nth: 3 },
      give: { type: 'html', status: 502 },
    });
    await bench.workFor(120);
    expect((await bench.task(taskId)).status).toBe('done');
    expect((await results(taskId))?.every((text) => /deleted|already-gone/.test(text))).toBe(true);
    expect([isThere(3, contactIds[0] ?? 0), isThere(4, companyId)]).toEqual([false, false]);
  });
});

describe('a portal that does not tell all', () => {
  /** Changes the rows of every list of deals. */
  const changing = (change: (row: Record<string, unknown>) => unknown) =>
    through(bench, {
      after: (_, answer) => {
        const whole = answer as unknown as {
          result?: { result?: Record<string, { items?: Record<string, unknown>[] }> };
        };
        const list = whole.result?.result?.['t2p0'];
        if (list?.items) list.items = list.items.flatMap((row) => change(row) as Record<string, unknown>[]);
        return answer;
      },
    });

  test('of a deal’s contacts is asked again, and nothing of the deal is deleted', async () => {
    const contactIds = [bench.portal.addContact({ silent: true })];
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
    const taskId = await taskOn(dealId, '[contacts, deal]');
    await bench.work([taskId], { rest: changing((row) => [{ ...row, contactIds: undefined }]) });
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 1 });
    expect(isThere(2, dealId)).toBe(true);
  });

  test('and gives the rows of others does not make a record count as gone', async () => {
    const dealId = bench.addLostDeal();
    const taskId = await bench.createTask(dealId);
    await bench.work([taskId], { rest: changing((row) => [{ ...row, id: 4_711 }]) });
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 1 });
  });
});

describe('two rules about one record', () => {
  const both = `
version: 1
rules:
  - { id: whole, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal] }
  - { id: people, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }
`;

  test.each([[['whole', 'people']], [['people', 'whole']]])('what deletes it comes last: %j', async (order) => {
    const contactIds = [bench.portal.addContact({ silent: true })];
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
    await bench.pushFile(both);
    const taskIds: string[] = [];
    for (const id of order) taskIds.push(await bench.taskOf(deal(dealId), id));
    await bench.work(taskIds);
    expect((await bench.tasks()).map(({ status }) => status)).toEqual(['done', 'done']);
    expect([isThere(2, dealId), isThere(3, contactIds[0] ?? 0)]).toEqual([false, false]);
  });
});

test('an item that has moved to another pipeline ends as moved, not as unreadable', async () => {
  const { portal } = bench;
  const first = portal.addType({ entityTypeId: process, title: 'Project' });
  portal.addPipeline({ id: 77, name: 'Other', entityTypeId: process });
  const id = portal.addItem(process, { stageId: `DT${process}_${first}:FAIL`, silent: true });
  await bench.pushFile(rule('[item]', process));
  const taskId = await bench.taskOf({ entityTypeId: process, id }, 'tidy');
  portal.updateItem(process, id, { stageId: `DT${process}_77:FAIL`, silent: true });
  await bench.workFor(10);
  expect(await bench.task(taskId)).toMatchObject({ status: 'cancelled', reason: 'moved-to-another-stage' });
  expect(isThere(process, id)).toBe(true);
});

test('a task that a person ends between the look and the deletion deletes nothing', async () => {
  const dealId = bench.addLostDeal();
  const taskId = await bench.createTask(dealId);
  const end = async () => {
    await bench.parts.tasks.end(taskId, { status: 'cancelled', reason: 'by-hand', history: [] });
  };
  await refusedOnce(deletion, taskId);
  bench.time.now += hour;
  bench.portal.faults.add({ when: { inBatch: 'envelope', method: 'crm.item.list' }, give: { type: 'hook', run: end } });
  await bench.work([taskId]);
  expect(bench.portal.contactsOf(dealId)).toHaveLength(1);
});
