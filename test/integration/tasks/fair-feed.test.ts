import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import type { DeletionMessage, EventMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import { memoryDatabase } from '../support/memory-tables.ts';
import { MemoryQueue } from '../portals/parts.ts';
import { type Bench, eachTestHas, hour, minute } from './bench.ts';

const second = 1_000;
/** Of one invocation of plan. */
const eventsAtOnce = 500;

let bench: Bench;
/** What is to be planned, in the order it came. */
let backlogOfEvents: EventMessage[];
/** The group of the portal in deletions.fifo: one message at a time, which is pushed on until `again`. */
let again: number;
let receives: number;
let reconcileQueue: MemoryQueue;
/** Ended tasks: when, by the deal. */
let ended: Map<number, number>;

eachTestHas(
  (fresh) => {
    bench = fresh;
  },
  { portal: { limits: { burst: 50 } }, changed: { limits: ordinaryLimits } },
  // Who comes when is the matter here, for tens of thousands of rows.
  async () => memoryDatabase(),
);
beforeEach(async () => {
  // The clock sees every row there is, whatever test it is of.
  for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
  [backlogOfEvents, again, receives] = [[], 0, 0];
  reconcileQueue = new MemoryQueue();
  ended = new Map();
});

/** A simulated second: plan reads what came, the worker goes on with its message; every minute the clock ticks. */
async function pass(seconds: number, until: () => boolean = () => false): Promise<void> {
  const { time, parts, deletions, events } = bench;
  for (let passed = 0; passed < seconds && !until(); passed += 1) {
    time.now += second;
    if (Math.floor(time.now / second) % 60 === 0) {
      await releaseDue({ ...parts, deletions, events, reconcile: reconcileQueue }, time.now + minute);
      backlogOfEvents.push(...events.bodies<EventMessage>());
      events.sent.length = 0;
    }
    const batch = backlogOfEvents.splice(0, eventsAtOnce);
    if (batch.length > 0) expect(await bench.plan(batch)).toEqual([]);
    await workUntil(time.now);
  }
}

async function workUntil(now: number): Promise<void> {
  const { deletions } = bench;
  while (again <= now) {
    const [message] = deletions.sent;
    if (!message) return;
    receives += 1;
    const { taskIds, holder } = message.body as DeletionMessage;
    const line = { deletions, reconcile: reconcileQueue, newId: randomUUID };
    const next = await bench.work(taskIds, { receives, line, holder });
    if (next !== undefined) {
      again = Math.max(next, now + 1);
      return;
    }
    deletions.sent.shift();
    receives = 0;
    for (const { message: said, fields } of bench.notes.lines) {
      const id = Number(fields['id']);
      if (said === 'task ended' && !ended.has(id)) ended.set(id, bench.time.now);
    }
    bench.notes.lines.length = 0;
  }
}

const event = (id: number, by: EventMessage['source'] = 'app') => bench.event(id, { source: by });
const importDeals = (count: number, by: number) =>
  bench.portal.importDeals(count, { stageId: 'LOSE', silent: true, by }, () => ({
    contactIds: [bench.portal.addContact({ silent: true })],
  }));
const refusals = () =>
  bench.portal.requests.filter(
    ({ status, commands }) => status === 503 || status === 429 || commands.some(({ error }) => error !== undefined),
  );
const open = async () => (await bench.openRows()).length;

describe('what is over the pace', () => {
  test('gets its turn in the table, goes when that has come, and is all done in the end', async () => {
    const deals = importDeals(600, 5);
    for (let start = 0; start < deals.length; start += eventsAtOnce) {
      await bench.plan(deals.slice(start, start + eventsAtOnce).map((id) => event(id)));
    }
    const sent = bench.deletions.bodies<DeletionMessage>().flatMap(({ taskIds }) => taskIds);
    expect(sent.length).toBeLessThanOrEqual(100);

    await pass(1_200, () => ended.size === 600);

    expect(ended.size).toBe(600);
    expect(deals.filter((id) => bench.portal.contactsOf(id).length > 0)).toEqual([]);
    expect(refusals()).toEqual([]);
    expect(await open()).toBe(0);
    expect(bench.notes.counts.get('OverdueTasks') ?? 0).toBe(0);
  }, 120_000);

  test('is found out for waits that end together as well: another’s task goes at once', async () => {
    await bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 1h, delete: [deal-contacts] }
`);
    const person = bench.portal.addUser({ admin: true }).id;
    const deals = importDeals(300, 5);
    await bench.plan(deals.map((id) => event(id)));
    const [fresh = 0] = importDeals(1, person);
    await bench.plan([event(fresh)]);
    bench.time.now += hour;
    again = 0;
    const { time, parts, deletions, events } = bench;
    // A slow deletion is known by now.
    const use = { operating: 0, resetAt: time.now, perCall: 5, at: time.now };
    await parts.budgets.setOperating(bench.memberId, new Map([['crm.deal.contact.items.delete', use]]));
    await releaseDue({ ...parts, deletions, events, reconcile: reconcileQueue }, time.now + minute);

    // Those that go at once: a few in the message, the others in line before all whose turns are counted.
    const sent = deletions.bodies<DeletionMessage>().flatMap(({ taskIds }) => taskIds);
    const line = await parts.tasks.line.first(bench.memberId, 1_000);
    const ahead = line.filter(({ turnAt }) => turnAt < time.now).map(({ taskId }) => taskId);
    expect(ahead.length).toBeGreaterThan(0);
    const tasks = await parts.tasks.getMany([...sent, ...ahead]);
    expect(tasks.map(({ record }) => record.id)).toContain(fresh);
    expect(tasks).toHaveLength(11);
    const slots = (await bench.tasks()).flatMap(({ slotAt, nextAt, claims }) =>
      slotAt === undefined ? [] : [{ same: slotAt === nextAt, claims }],
    );
    expect(slots.length).toBeGreaterThan(80);
    expect(slots.every(({ same, claims }) => same && claims === 0)).toBe(true);
  });

  test('is given back when the tasks were there already', async () => {
    const deals = importDeals(100, 5);
    for (let round = 0; round < 5; round += 1) await bench.plan(deals.map((id) => event(id)));
    const [fresh = 0] = importDeals(1, 5);
    bench.time.now += 3 * second;
    await bench.plan([event(fresh)]);
    const task = (await bench.tasks()).find(({ record }) => record.id === fresh);
    // The turn after the hundred's, at eight in a second.
    expect(task?.slotAt).toBeLessThan(bench.time.now + 9 * second);
  });

  test('is never further away than a day', async () => {
    const turns = await bench.parts.budgets.takeSends(bench.memberId, 'x', { perSecond: 0.001, burst: 10 }, 1_000);
    expect(turns.filter((turn) => turn === bench.time.now)).toHaveLength(10);
    expect(Math.max(...turns)).toBe(bench.time.now + 24 * hour);
    const [next = 0] = await bench.parts.budgets.takeSends(bench.memberId, 'x', { perSecond: 0.001, burst: 10 }, 1);
    expect(next).toBeGreaterThan(bench.time.now + 20 * hour);
    expect(next).toBeLessThanOrEqual(bench.time.now + 24 * hour);
  });
});

describe('what could not be read because there was too much', () => {
  const taken = (requests: number) => bench.parts.budgets.takeRequests(bench.memberId, ordinaryLimits, requests);
  const readAgain = (id: number) => bench.event(id, { stamp: 'one', attempts: 0 });

  test('finds room in the bucket, all of it together, though events trickle in', async () => {
    const deals = importDeals(60, 5);
    const [fresh = 0] = importDeals(1, 5);
    await taken(28);
    await bench.plan([event(fresh)]);
    expect(await bench.tasks()).toEqual([]);
    await bench.plan(deals.map(readAgain));
    expect((await bench.tasks()).map(({ record }) => record.id)).toEqual(deals);
  });

  test('is read by the minute only, where the portal has refused requests and somebody is at work', async () => {
    const { memberId, time } = bench;
    const refused = { steps: 1, since: time.now, at: time.now };
    await bench.parts.portals.change(memberId, { strictness: refused });
    const [fresh = 0, other = 0] = importDeals(2, 5);
    // While nobody asks it anything, the portal is asked at once.
    await bench.plan([event(fresh)]);
    expect((await bench.tasks()).map(({ record }) => record.id)).toEqual([fresh]);
    time.now += 60 * second;
    await taken(1);
    await bench.plan([event(other)]);
    expect(await bench.tasks()).toHaveLength(1);
    await bench.plan([readAgain(other)]);
    expect((await bench.tasks()).map(({ record }) => record.id)).toEqual([fresh, other]);
  });

  test('is read the newest first', async () => {
    const old = importDeals(150, 5);
    const [fresh = 0, first = 0] = importDeals(2, 5);
    // What the stages mean is known from here on.
    await bench.plan([event(first)]);
    bench.time.now += 10 * second;
    // There is room to read the records, but not the history of them all.
    await taken(33);
    const before = bench.time.now - second;
    await bench.plan([...old.map((id) => ({ ...readAgain(id), receivedAt: before })), readAgain(fresh)]);
    const planned = bench.notes.lines.filter(({ message }) => message === 'task planned');
    const read = new Set(planned.map(({ fields }) => fields['id']));
    expect(read.has(fresh)).toBe(true);
    expect(old.filter((id) => read.has(id)).length).toBeLessThan(50);
  });

  test('is read in the end all the same', async () => {
    const [old = 0] = importDeals(1, 5);
    await taken(50);
    await bench.plan([event(old)]);
    await pass(120, () => ended.has(old));
    expect(bench.portal.contactsOf(old)).toEqual([]);
  });
});

// The last, because it leaves so many rows.
describe('20,000 lost deals that one person imports', () => {
  test('do not hold up another’s loss, are all planned within the limits, and none is lost', async () => {
    // In mode enforce the cap on deletions would stop it: see caps-and-stop.test.ts.
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    const importer = bench.portal.addUser({ admin: true }).id;
    const person = bench.portal.addUser({ admin: true }).id;
    const deals = importDeals(20_000, importer);
    backlogOfEvents.push(...deals.map((id) => event(id)));
    // Of all of these a few could be read, and the clock brings the others again and again.
    await pass(50);
    const [fresh = 0] = importDeals(1, person);
    const lostAt = bench.time.now;
    // A queue of many readers gives no order; here it comes after everything that is there.
    backlogOfEvents.push(event(fresh));

    await pass(300, () => ended.has(fresh));

    expect((ended.get(fresh) ?? Number.POSITIVE_INFINITY) - lostAt).toBeLessThanOrEqual(2 * minute);
    while (backlogOfEvents.length > 0) await pass(10);
    expect((await open()) + ended.size).toBe(20_001);
    const waiting = bench.deletions.bodies<DeletionMessage>().flatMap(({ taskIds }) => taskIds);
    expect(waiting.length).toBeLessThan(200);
    expect(refusals()).toEqual([]);
  }, 240_000);
});
