import { describe, expect, test } from '@jest/globals';
import { lookAtUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import { type Bench, eachTestHas, through } from '../tasks/bench.ts';
import { undo } from './undo-bench.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});
const deal = (id: number) => ({ entityTypeId: 2, id });

const file = (deletions: string, more = '') =>
  `version: 1\nrules:\n  - { id: tidy, ${more} when: { type: deal, stages: all-lost }, wait: 0m, delete: ${deletions} }\n`;

/** The worker dies right after the portal has deleted. */
async function dieAfterDeletion(taskId: string): Promise<void> {
  const dying = Object.create(bench.parts.rest) as typeof bench.parts.rest;
  dying.call = async (...args: Parameters<typeof dying.call>) => {
    const answer = await bench.parts.rest.call(...args);
    if (args[3].write) throw new Error('killed');
    return answer;
  };
  await expect(bench.work([taskId], { rest: dying })).rejects.toThrow('killed');
}

describe('a contact that was deleted by a worker that died then can be put back although', () => {
  const ways: Readonly<Record<string, (dealId: number, taskId: string) => Promise<unknown> | void>> = {
    'the deal was moved back': (dealId) => bench.portal.updateDeal(dealId, { stageId: 'NEW', silent: true }),
    'the task was cancelled': (_, taskId) =>
      bench.parts.tasks.end(taskId, { status: 'cancelled', reason: 'by-hand', history: [] }),
    'the deal was put on hold': (dealId) =>
      bench.parts.portals.holds.put(bench.memberId, { ...deal(dealId), by: 'ada', at: bench.time.now }),
    'the rule was switched off': () => bench.pushFile(file('[contacts]', 'enabled: false,')),
    'the portal only observes now': () => bench.parts.portals.change(bench.memberId, { mode: 'observe' }),
  };

  test.each(Object.keys(ways))('%s', async (how) => {
    const contact = bench.portal.addContact({ name: 'Anna', silent: true });
    const dealId = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    await bench.pushFile(file('[contacts]'));
    const taskId = await bench.taskOf(deal(dealId), 'tidy');
    await dieAfterDeletion(taskId);
    await ways[how]?.(dealId, taskId);
    await bench.workFor(60);
    const task = await bench.task(taskId);
    const plan = await lookAtUndo(bench.parts.snapshots, task);
    expect(plan.records.map(({ id }) => id)).toEqual([contact]);

    const undone = await undo(bench, task, { recreate: true });
    expect(undone.status).toBe('done');
    expect(bench.portal.contactsOf(dealId)).toEqual([undone.undo?.restored[0]?.newId]);
  });
});

test('links of a company that were taken off by a call whose answer was lost are put back, although the deal has another one', async () => {
  const { portal } = bench;
  const [company, other] = [portal.addCompany({ silent: true }), portal.addCompany({ silent: true })];
  const contact = portal.addContact({ silent: true, companyIds: [company] });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, companyId: company });
  await bench.pushFile(file('[company-contacts]'));
  const taskId = await bench.taskOf(deal(lost), 'tidy');
  await dieAfterDeletion(taskId);
  portal.updateDeal(lost, { companyId: other, silent: true });
  await bench.workFor(30);
  const task = await bench.task(taskId);
  expect((await undo(bench, task)).status).toBe('done');
  expect(portal.contactsOfCompany(company)).toEqual([contact]);
});

test('what turns out to be there is left as it is: its links are not put back, and nothing is held', async () => {
  const { portal } = bench;
  const contact = portal.addContact({ name: 'Anna', silent: true });
  const lost = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
  await bench.pushFile(file('[contacts]'));
  const taskId = await bench.taskOf(deal(lost), 'tidy');
  const rest = through(bench, {
    before: ({ commands }) => (commands.has('crm.item.delete') ? new Response('<html>', { status: 503 }) : undefined),
  });
  await bench.work([taskId], { rest });
  await bench.parts.tasks.end(taskId, { status: 'cancelled', reason: 'by-hand', history: [] });
  portal.updateDeal(lost, { contactIds: [], silent: true });
  const undone = await undo(bench, await bench.task(taskId), { recreate: true });
  expect(undone).toMatchObject({ status: 'done' });
  expect(undone.history.at(-1)?.text).toContain('1 were there all the time');
  expect(portal.contactsOf(lost)).toEqual([]);
  expect(bench.sent('crm.item.add')).toBe(0);
  expect(await bench.parts.portals.holds.list(bench.memberId)).toEqual([]);
});
