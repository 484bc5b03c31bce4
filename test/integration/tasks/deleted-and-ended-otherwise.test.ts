import { describe, expect, test } from '@jest/globals';
import { type Bench, eachTestHas, through } from './bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
const deal = (id: number) => ({ entityTypeId: 2, id });

const pushRule = (entries: string, more = '') =>
  bench.pushFile(`
version: 1
rules:
  - { id: tidy, ${more} when: { type: deal, stages: all-lost }, wait: 0m, delete: ${entries} }
`);

/** The worker dies right after the portal has deleted. */
async function dieAfterDeletion(taskId: string): Promise<void> {
  const { rest } = bench.parts;
  const dying = Object.create(rest) as typeof rest;
  dying.call = async (...args: Parameters<typeof rest.call>) => {
    const answer = await rest.call(...args);
    if (args[3].write) throw new Error('killed');
    return answer;
  };
  await expect(bench.work([taskId], { rest: dying })).rejects.toThrow('killed');
}

describe('a deletion whose worker died', () => {
  const turns: Record<string, (dealId: number) => Promise<void> | void> = {
    'is moved back': (id) => bench.portal.updateDeal(id, { stageId: 'NEW', silent: true }),
    'is removed': (id) => bench.portal.removeDeal(id, { silent: true }),
    'is held': (id) => bench.parts.portals.holds.put(bench.memberId, { ...deal(id), by: 'ada', at: bench.time.now }),
    'has no rule any more': () => pushRule('[contacts]', 'enabled: false,'),
  };
  test.each(Object.entries(turns))('is told of when the deal %s meanwhile', async (_, turn) => {
    const contact = bench.portal.addContact({ silent: true });
    const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    await pushRule('[contacts]');
    const taskId = await bench.taskOf(deal(id), 'tidy');
    await dieAfterDeletion(taskId);
    expect(bench.portal.item(3, contact)).toBeUndefined();

    await turn(id);
    await bench.workFor(60);

    const task = await bench.task(taskId);
    expect(task.status).toMatch(/cancelled|skipped/);
    expect(task.deletions).toMatchObject([{ id: contact, outcome: { result: 'already-gone', proof: 'read' } }]);
    expect(task.history.at(-1)?.text).toContain('nothing was left to delete');
  });

  test('is no end of the task while it cannot be read what became of it', async () => {
    const contact = bench.portal.addContact({ silent: true });
    const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    await pushRule('[contacts]');
    const taskId = await bench.taskOf(deal(id), 'tidy');
    await dieAfterDeletion(taskId);
    bench.portal.updateDeal(id, { stageId: 'NEW', silent: true });
    let requests = 0;
    const rest = through(bench, {
      before: () => {
        requests += 1;
        return requests === 2 ? new Response('<html>', { status: 502 }) : undefined;
      },
    });
    await bench.work([taskId], { rest });
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 1 });
    await bench.workFor(60);
    expect((await bench.task(taskId)).deletions?.[0]?.outcome?.result).toBe('already-gone');
  });

  test('is no end of the task while the portal refuses to say what became of it', async () => {
    const contact = bench.portal.addContact({ silent: true });
    const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    await pushRule('[contacts]');
    const taskId = await bench.taskOf(deal(id), 'tidy');
    await dieAfterDeletion(taskId);
    bench.portal.updateDeal(id, { stageId: 'NEW', silent: true });
    // The first list of the round is that of deals.
    bench.portal.faults.add({
      when: { method: 'crm.item.list', inBatch: 'command', nth: 2 },
      give: { type: 'error', error: 'INTERNAL_SERVER_ERROR' },
    });
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'open', attempts: 1 });
    await bench.workFor(60);
    expect((await bench.task(taskId)).deletions?.[0]?.outcome?.result).toBe('already-gone');
  });

  test('of links is not taken for left alone when the deal has another company now', async () => {
    const { portal } = bench;
    const [before, after] = [portal.addCompany({ silent: true }), portal.addCompany({ silent: true })];
    portal.addContact({ silent: true, companyIds: [before] });
    const id = portal.addDeal({ stageId: 'LOSE', silent: true, companyId: before });
    await pushRule('[company-contacts]', 'guards: { recent-activity: off },');
    const taskId = await bench.taskOf(deal(id), 'tidy');
    await dieAfterDeletion(taskId);
    expect(portal.contactsOfCompany(before)).toEqual([]);
    portal.updateDeal(id, { companyId: after, silent: true });
    await bench.workFor(30);
    expect((await bench.task(taskId)).deletions).toMatchObject([{ id: before, outcome: { result: 'already-gone' } }]);
  });
});

test('a hold that is put while a deletion is being prepared still keeps its record', async () => {
  const contact = bench.portal.addContact({ silent: true });
  const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  await pushRule('[contacts]');
  const taskId = await bench.taskOf(deal(id), 'tidy');
  const hold = { entityTypeId: 3, id: contact, by: 'ada', at: bench.time.now };
  const rest = through(bench, {
    before: async ({ commands }) => {
      if (commands.has('crm.requisite.list')) await bench.parts.portals.holds.put(bench.memberId, hold);
      return undefined;
    },
  });

  await bench.work([taskId], { rest });
  expect(bench.portal.item(3, contact)).toBeDefined();
  await bench.workFor(30);

  expect(bench.portal.item(3, contact)).toBeDefined();
  expect(await bench.task(taskId)).toMatchObject({ status: 'skipped', reason: 'held' });
});

test('a portal that only observes is not believed about a deletion that was begun, without the rights to see', async () => {
  const contact = bench.portal.addContact({ silent: true });
  const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  await pushRule('[contacts]');
  const taskId = await bench.taskOf(deal(id), 'tidy');
  bench.portal.faults.add({
    when: { method: 'crm.item.delete', inBatch: 'envelope' },
    give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
  });
  await bench.work([taskId]);
  await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
  bench.portal.changeUser(1, { admin: false, rights: 'own' });
  await bench.workFor(30);
  expect(await bench.task(taskId)).toMatchObject({ status: 'open', deletions: [{ id: contact }] });
  expect((await bench.parts.portals.get(bench.memberId))?.pause?.code).toBe('not-administrator');
});
