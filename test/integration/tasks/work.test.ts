import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import { workMessage } from '../../../lib/tasks/work.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, MemoryQueue, type Parts, partsOf, portalOf, TestTime } from '../portals/parts.ts';

let database: Database;
let simulator: Simulator;
let time: TestTime;
let parts: Parts;
let deletionsDlq: MemoryQueue;
let memberId: string;
let seed = 9_000;
const method = 'crm.deal.contact.items.delete';

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
  deletionsDlq = new MemoryQueue();
  seed += 1;
  simulator = await startSimulator({ seed, clock: time.clock });
  const { portal } = simulator;
  memberId = portal.memberId;
  await parts.portals.create(portalOf(memberId, { domain: portal.domain, connection: 'webhook' }));
  await parts.credentials.put({ memberId, kind: 'webhook', url: portal.createWebhook() });
  const rule = (id: string) => `
  - id: ${id}
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]`;
  const source = `version: 1\nrules:${rule('one')}${rule('two')}\n`;
  await parts.portals.pushRules(memberId, nextVersion(undefined, loadRules(source), source, time.now - 60_000, 'test'));
});
afterEach(async () => {
  await simulator.close();
});

/** A lost deal with so many contacts and a task of that rule for it. */
const addLostDeal = (contacts: number): number =>
  simulator.portal.addDeal({
    stageId: 'LOSE',
    silent: true,
    contactIds: Array.from({ length: contacts }, () => simulator.portal.addContact({ silent: true })),
  });
async function createTask(dealId: number, rule = 'one'): Promise<string> {
  const movedTime = Date.parse(String(simulator.portal.deal(dealId)?.['movedTime']));
  const { taskId } = await parts.tasks.create(
    {
      memberId,
      record: { entityTypeId: 2, id: dealId },
      rule: { id: rule, version: 1 },
      transition: { stageId: 'LOSE', movedTime },
      run: 0,
    },
    { nextAt: time.now, source: 'app', history: [] },
  );
  return taskId;
}
const work = (taskIds: string[], receives = 1) =>
  workMessage({ ...parts, deletionsDlq }, { v: 1, memberId, taskIds }, { deadline: time.now + 300_000, receives });
const taskOf = async (taskId: string) => (await parts.tasks.get(taskId)) as Task;

describe('a deal that changes between two tries', () => {
  const refuseOnce = () =>
    simulator.portal.faults.add({
      when: { method, inBatch: 'command' },
      give: { type: 'error', error: 'OPERATION_TIME_LIMIT', description: 'Method is blocked.' },
    });

  test('keeps the snapshot of the first look', async () => {
    const dealId = addLostDeal(2);
    const taskId = await createTask(dealId);
    refuseOnce();
    time.now = (await work([taskId])) ?? time.now;
    expect((await taskOf(taskId)).deletions?.[0]?.contactIds).toHaveLength(2);
    time.now += 600_000;
    await work([taskId]);
    expect((await taskOf(taskId)).status).toBe('done');
    const snapshots = await parts.snapshots.get(taskId);
    expect(snapshots.map(({ dealContacts }) => dealContacts[0]?.links.length)).toEqual([2]);
  });

  test('loses no contact that no snapshot knows', async () => {
    const dealId = addLostDeal(2);
    const taskId = await createTask(dealId);
    refuseOnce();
    await work([taskId]);
    const added = simulator.portal.addContact({ silent: true });
    simulator.portal.updateDeal(dealId, { contactIds: [...simulator.portal.contactsOf(dealId), added], silent: true });
    time.now += 600_000;
    await work([taskId]);
    const links = (await parts.snapshots.get(taskId)).flatMap(({ dealContacts }) => dealContacts[0]?.links ?? []);
    const known = links.map(({ CONTACT_ID }) => CONTACT_ID);
    expect([...known, ...simulator.portal.contactsOf(dealId)]).toContain(added);
  });
});

describe('a task that is to be tried again later', () => {
  test('is not tried before its time because the message comes again for another task', async () => {
    const dealId = addLostDeal(1);
    const taskIds = [await createTask(dealId, 'one'), await createTask(dealId, 'two')];
    simulator.portal.faults.add({
      when: { method, inBatch: 'command' },
      times: Number.POSITIVE_INFINITY,
      give: { type: 'error', error: 'INTERNAL_SERVER_ERROR', description: '' },
    });
    const started = time.now;
    for (let receives = 1; receives < 40 && time.now < started + 25_000; receives += 1) {
      const again = await work(taskIds, receives);
      if (again === undefined) break;
      time.now = Math.max(again, time.now + 500);
    }
    const attempts = (await Promise.all(taskIds.map(taskOf))).map((task) => task.attempts);
    expect(Math.max(...attempts)).toBe(1);
    expect(deletionsDlq.sent).toEqual([]);
  });
});
