import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { OutgoingMessage } from '../../../lib/aws/queue.ts';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { lineOf } from '../../../lib/tasks/line.ts';
import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import type { WorkOptions } from '../../../lib/tasks/run.ts';
import type { LineOptions } from '../../../lib/tasks/work.ts';
import { MemoryQueue, partsOf, TestTime } from '../portals/parts.ts';
import { type Bench, deletion, eachTestHas, hour, minute, through } from './bench.ts';

const second = 1_000;

let bench: Bench;
let reconcileQueue: MemoryQueue;
let line: LineOptions;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(() => {
  reconcileQueue = new MemoryQueue();
  line = { deletions: bench.deletions, reconcile: reconcileQueue, newId: randomUUID };
});

type Begun = Parameters<typeof lineOf>[1];
const unlinking: Begun = { when: { type: 'deal', stages: 'all-lost' }, delete: [{ what: 'deal-contacts' }] };
const deletingContacts: Begun = {
  when: { type: 'deal', stages: 'all-lost' },
  delete: [{ what: 'contacts', via: 'crm.item.delete' }],
};

/** Lost deals whose tasks wait for turns that are an hour and more away. */
async function inLine(count: number, { rule = 'one', as = unlinking } = {}) {
  const deals = Array.from({ length: count }, () => bench.addLostDeal());
  const ids: string[] = [];
  for (const [nth, dealId] of deals.entries()) ids.push(await stand(dealId, nth, { rule, as }));
  return { deals, ids };
}

async function stand(dealId: number, nth: number, { rule = 'one', as = unlinking } = {}): Promise<string> {
  const slotAt = bench.time.now + hour + nth;
  return bench.taskOf({ entityTypeId: 2, id: dealId }, rule, {
    line: lineOf(bench.memberId, as),
    slotAt,
    nextAt: slotAt,
  });
}

const one = () => bench.createTask(bench.addLostDeal());
const work = (taskIds: string[], changed: Partial<WorkOptions> & { holder?: string; hops?: number } = {}) =>
  bench.work(taskIds, { line, ...changed });
const untouched = (deals: readonly number[]) => deals.filter((id) => bench.portal.contactsOf(id).length > 0);
const messages = () => bench.deletions.bodies<DeletionMessage>();

/** No deletion is answered until a second round is looked at: if that waited for the answer, all would stand still. */
function heldUntilSecondLook() {
  const secondLook = Promise.withResolvers<void>();
  let looks = 0;
  return through(bench, {
    before: async ({ commands }) => {
      if (commands.has('profile')) looks += 1;
      if (looks === 2) secondLook.resolve();
      if (commands.has(deletion)) await secondLook.promise;
      return undefined;
    },
  });
}

describe('what waits for its turn', () => {
  test('is gone on with in full rounds when the message is done, in the order of the turns', async () => {
    const { deals, ids } = await inLine(100);
    expect(await work([await one()])).toBeUndefined();
    expect(untouched(deals)).toEqual([]);
    expect(bench.sizes(deletion)).toEqual([48, 48, 5]);
    const ends = (await bench.parts.tasks.getMany(ids)).map(({ status, turnAt }) => ({ status, turnAt }));
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['done']));
    expect(ends.every(({ turnAt }) => turnAt === undefined)).toBe(true);
    expect(messages()).toEqual([]);
  });

  test('is looked at and prepared while the round before deletes', async () => {
    await inLine(60);
    await work([await one()], { rest: heldUntilSecondLook() });
    expect(bench.sizes(deletion)).toEqual([48, 13]);
  });

  test('is written down when the next batch is on its way, and does not hold it up', async () => {
    await inLine(60);
    const order: string[] = [];
    const { tasks } = bench.parts;
    const end = tasks.end.bind(tasks);
    tasks.end = (...args) => {
      order.push('end');
      return end(...args);
    };
    const rest = through(bench, {
      before: ({ commands }) => {
        if (commands.has(deletion)) order.push('delete');
        return Promise.resolve(undefined);
      },
    });
    await work([await one()], { rest });
    expect(order.slice(0, 3)).toEqual(['delete', 'delete', 'end']);
    expect(order.filter((what) => what === 'end')).toHaveLength(61);
  });

  test('is not prepared in full beside the first few deletions, which measure how long one takes', async () => {
    await inLine(80);
    await bench.database.tables.portals.put({ memberId: bench.memberId, sk: 'budget#operating' });
    await work([await one()], { rest: heldUntilSecondLook() });
    expect(bench.sizes(deletion)).toEqual([5, 18, 48, 10]);
  });

  test('is read again when the round before has taken so long that it would be too old to act on', async () => {
    const { ids } = await inLine(60);
    const looks: number[] = [];
    let begun: () => void = () => {};
    const secondLook = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const rest = through(bench, {
      before: async ({ commands }) => {
        if (commands.has('profile')) looks.push(bench.time.now);
        if (looks.length === 2) begun();
        if (commands.get(deletion) !== 48) return undefined;
        await secondLook;
        bench.time.now += 56 * second;
        return undefined;
      },
    });
    await work([await one()], { rest });
    expect(looks).toHaveLength(3);
    const tasks = await bench.parts.tasks.getMany(ids);
    expect(tasks.filter(({ status, attempts }) => status !== 'done' || attempts > 0)).toEqual([]);
  });

  test('is left by a round that would delete what the round before is just deleting', async () => {
    await bench.pushFile(
      'version: 1\nrules:\n  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }\n',
    );
    // A batch holds one of them.
    const use = { operating: 0, resetAt: bench.time.now, perCall: 40, at: bench.time.now };
    await bench.parts.budgets.setOperating(bench.memberId, new Map([['crm.item.delete#3', use]]));
    const shared = bench.portal.addContact({ silent: true });
    const deals = [0, 1].map(() => bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [shared] }));
    const ids = [];
    for (const [nth, dealId] of deals.entries()) ids.push(await stand(dealId, nth, { as: deletingContacts }));
    await work([await bench.createTask(bench.portal.addDeal({ stageId: 'LOSE', silent: true }))]);
    const ends = (await bench.parts.tasks.getMany(ids)).map(({ status, reason }) => reason ?? status);
    expect(bench.sent('crm.item.delete')).toBe(1);
    expect(ends.toSorted()).toEqual(['done', 'nothing-linked']);
  });
});

describe('who goes on', () => {
  /** Each deletion takes so long. */
  const slow = (ms: number) =>
    through(bench, {
      before: ({ commands }) => {
        if (commands.has(deletion)) bench.time.now += ms;
        return Promise.resolve(undefined);
      },
    });

  test('ends after a minute, with what it has begun, and sends the message that goes on', async () => {
    const { deals } = await inLine(250);
    await work([await one()], { rest: slow(50 * second) });
    expect(bench.sizes(deletion)).toEqual([48, 48]);
    const [next, ...others] = messages();
    expect(others).toEqual([]);
    expect(next?.taskIds).toHaveLength(48);
    expect(await bench.parts.tasks.line.isHeld(bench.memberId)).toBe(true);

    await work(next?.taskIds ?? [], { holder: next?.holder ?? '' });
    expect(untouched(deals)).toEqual([]);
    // Nothing is deleted while the first of these is read.
    expect(bench.sizes(deletion)).toEqual([48, 48, 16, 48, 48, 43]);
    expect(messages()).toHaveLength(1);
    expect(await bench.parts.tasks.line.isHeld(bench.memberId)).toBe(false);
  });

  test('is one at a time: another message does what is its own and ends, and sends none that goes on', async () => {
    await inLine(250);
    await work([await one()], { rest: slow(50 * second) });
    await work([await one()]);
    expect(bench.sizes(deletion).at(-1)).toBe(1);
    expect(messages()).toHaveLength(1);
  });

  test('sends the message that goes on although no round held all that there was to do', async () => {
    await inLine(100);
    const use = { operating: 0, resetAt: bench.time.now, perCall: 5, at: bench.time.now };
    await bench.parts.budgets.setOperating(bench.memberId, new Map([[deletion, use]]));
    await work([await one()], { rest: slow(55 * second) });
    expect(bench.sent(deletion)).toBeLessThan(48);
    expect(messages().map(({ taskIds, hops }) => [taskIds.length, hops])).toEqual([[48, 1]]);
  });

  test('sends no message after one that has brought nothing', async () => {
    const taskId = 'f'.repeat(64);
    const row = { taskId, sk: 'task', line: lineOf(bench.memberId, unlinking), turnAt: bench.time.now, status: 'odd' };
    await bench.database.tables.tasks.put(row);
    await work([await one()]);
    const [next] = messages();
    expect(next?.taskIds).toEqual([taskId]);
    await work([taskId], { holder: next?.holder ?? '' });
    expect(messages()).toHaveLength(1);
    expect(await bench.parts.tasks.line.isHeld(bench.memberId)).toBe(false);
  });

  test('leaves it to the clock after 500 messages in a row', async () => {
    await inLine(250);
    await work([await one()], { rest: slow(50 * second), hops: 499 });
    expect(messages().map(({ hops }) => hops)).toEqual([500]);
    await inLine(250);
    bench.deletions.sent.length = 0;
    await work([await one()], { rest: slow(50 * second), hops: 500, holder: 'one' });
    expect(messages()).toEqual([]);
  });

  test('lets go when the queue does not take the message, so that another may go on', async () => {
    await inLine(250);
    bench.deletions.refuse = () => true;
    await work([await one()], { rest: slow(50 * second) });
    expect(await bench.parts.tasks.line.isHeld(bench.memberId)).toBe(false);
  });

  test('leaves everything where it is when the portal is paused meanwhile', async () => {
    const { ids } = await inLine(250);
    const rest = through(bench, {
      before: async ({ commands }) => {
        if (commands.has(deletion)) await bench.parts.portals.pause(bench.memberId, { code: 'test', reason: 'A test' });
        return undefined;
      },
    });
    await work([await one()], { rest });
    const tasks = [
      ...(await bench.parts.tasks.getMany(ids.slice(0, 100))),
      ...(await bench.parts.tasks.getMany(ids.slice(100))),
    ];
    expect(tasks.filter(({ status }) => status === 'done')).toHaveLength(47);
    expect(tasks.filter(({ turnAt }) => turnAt !== undefined).length).toBeGreaterThanOrEqual(150);
    expect(messages()).toEqual([]);
  });

  test('writes down what was deleted although the tables fail for the round beside', async () => {
    await inLine(60);
    const { portals } = bench.parts;
    let gets = 0;
    const failing = Object.assign(Object.create(portals) as typeof portals, {
      get: async (memberId: string) => {
        gets += 1;
        if (bench.sent(deletion) > 0 || gets > 4) throw new Error('The table does not answer');
        return portals.get(memberId);
      },
    });
    const first = await one();
    await expect(work([first], { portals: failing })).rejects.toThrow();
    const deleted = bench.sent(deletion);
    const done = (await bench.tasks()).filter(({ status }) => status === 'done').length;
    expect(done).toBe(deleted);
  });
});

describe('a method that has no operating time left', () => {
  const pushTwoRules = () =>
    bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts] }
  - { id: two, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts] }
`);
  const blocked = async (method: string, ms: number) => {
    const until = bench.time.now + ms;
    const use = { operating: 480, resetAt: until, perCall: 1, at: bench.time.now, blockedUntil: until };
    await bench.parts.budgets.setOperating(bench.memberId, new Map([[method, use]]));
  };

  test('holds up no other: what waits for it stays in line untouched, and the rest is done', async () => {
    await pushTwoRules();
    await blocked(deletion, 90 * second);
    const links = await inLine(30);
    const contacts = await inLine(5, { rule: 'two', as: deletingContacts });
    await work([await bench.createTask(bench.addLostDeal(), 'two')]);
    expect(untouched(contacts.deals)).toEqual([]);
    expect(bench.sent(deletion)).toBe(0);
    for (const task of await bench.parts.tasks.getMany(links.ids)) {
      expect(task).toMatchObject({ status: 'open', history: [], turnAt: task.slotAt });
    }
    expect(reconcileQueue.sent).toEqual([
      {
        body: { v: 1, memberId: bench.memberId, chore: 'go-on' },
        group: bench.memberId,
        delaySeconds: 90,
      } satisfies OutgoingMessage,
    ]);
    expect(messages()).toEqual([]);
  });

  test('is gone on with as soon as it is free', async () => {
    await blocked(deletion, 90 * second);
    const { deals, ids } = await inLine(30);
    const own = await one();
    await work([own]);
    expect(bench.sent(deletion)).toBe(0);
    await bench.reconcile({ chore: 'go-on' });
    expect(messages()).toEqual([]);
    bench.time.now += 90 * second;
    await bench.reconcile({ chore: 'go-on' });
    const [next] = messages();
    // What was to go at once stands before those whose turns come later.
    expect(next?.taskIds).toEqual([own, ...ids]);
    await work(next?.taskIds ?? []);
    expect(untouched(deals)).toEqual([]);
  });

  test('lets what finds it so stand in its line, once, and due when it is free', async () => {
    await blocked(deletion, 90 * second);
    const own = await one();
    const [now, until] = [bench.time.now, bench.time.now + 90 * second];
    await work([own]);
    bench.time.now += second;
    await work([own]);
    expect(await bench.parts.tasks.get(own)).toMatchObject({
      status: 'open',
      attempts: 0,
      line: lineOf(bench.memberId, unlinking),
      turnAt: now,
      nextAt: until,
      history: [{ what: 'put-off', text: expect.stringContaining(new Date(until).toISOString()) }],
    });
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90]);
    bench.time.now = until;
    await work([own]);
    expect(await bench.parts.tasks.get(own)).toMatchObject({ status: 'done' });
  });

  test('is not asked again and again by what has begun with another method that is free', async () => {
    await bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts, deal] }
`);
    await blocked('crm.item.delete', 90 * second);
    const { deals, ids } = await inLine(60);
    await work([await one()]);
    expect(untouched(deals)).toEqual([]);
    expect(messages()).toEqual([]);
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90]);
    const lines = (await bench.parts.tasks.getMany(ids)).map(({ line: name }) => name);
    expect(new Set(lines)).toEqual(new Set([lineOf(bench.memberId, deletingContacts)]));
    bench.time.now += 90 * second;
    await bench.reconcile({ chore: 'go-on' });
    const [next] = messages();
    await work(next?.taskIds ?? [], { holder: next?.holder ?? '' });
    expect(bench.sent('crm.item.delete')).toBe(61);
  });

  test('is not asked again and again for one that takes longer than what it has left', async () => {
    await bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal] }
`);
    const until = bench.time.now + 90 * second;
    const use = { operating: 468, resetAt: until, perCall: 1, at: bench.time.now };
    await bench.parts.budgets.setOperating(
      bench.memberId,
      new Map([
        ['crm.item.delete', use],
        ['crm.item.delete#2', { ...use, perCall: 5 }],
      ]),
    );
    const { ids } = await inLine(60, { as: deletingContacts });
    await work([await one()]);
    // One round is read to find that out.
    expect(bench.portal.requests).toHaveLength(4);
    expect(bench.sent('crm.item.delete')).toBe(0);
    expect(messages()).toEqual([]);
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90]);
    bench.time.now = until;
    await bench.reconcile({ chore: 'go-on' });
    expect(messages()[0]?.taskIds.slice(1)).toEqual(ids.slice(0, 47));
  });

  test('is let go by whoever has gone on with the lines and has found nothing to take from them', async () => {
    const { ids } = await inLine(30);
    await bench.parts.tasks.line.hold(bench.memberId, 'somebody', bench.time.now + 15 * minute);
    await blocked(deletion, 90 * second);
    // The rule of this one is no more, so that something is done.
    const other = await inLine(1, { rule: 'two', as: deletingContacts });
    await work(other.ids, { holder: 'somebody' });
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90]);
    bench.time.now += 90 * second;
    await bench.reconcile({ chore: 'go-on' });
    expect(messages().flatMap(({ taskIds }) => taskIds)).toEqual(expect.arrayContaining(ids));
  });

  test('is not held by a clock that is a little ahead', async () => {
    await blocked(deletion, 90 * second);
    await inLine(30);
    await work([await one()]);
    bench.time.now += 90 * second - 900;
    expect(await bench.parts.tasks.line.isHeld(bench.memberId)).toBe(false);
  });

  test('is gone on with by one only, however many messages have found it closed', async () => {
    await blocked(deletion, 90 * second);
    await inLine(30);
    // The rule of these is no more, so that something is done.
    for (let nth = 0; nth < 3; nth += 1) {
      await work([await bench.createTask(bench.addLostDeal(), 'gone')]);
    }
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90]);
  });

  test('holds up nothing that comes for another method while it is waited for', async () => {
    await pushTwoRules();
    await blocked(deletion, 90 * second);
    const links = await inLine(3);
    await work([await bench.createTask(bench.addLostDeal(), 'two')]);
    expect(reconcileQueue.sent).toHaveLength(1);
    const contacts = await inLine(30, { rule: 'two', as: deletingContacts });
    await work([await bench.createTask(bench.addLostDeal(), 'two')]);
    expect(untouched(contacts.deals)).toEqual([]);
    expect(untouched(links.deals)).toEqual(links.deals);
    expect(reconcileQueue.sent).toHaveLength(1);
  });

  test('is gone on with earlier when another of them is free before', async () => {
    await blocked(deletion, 90 * second);
    await inLine(3);
    await work([await bench.createTask(bench.addLostDeal(), 'gone')]);
    await blocked('crm.item.delete', 30 * second);
    await inLine(3, { as: deletingContacts });
    await work([await bench.createTask(bench.addLostDeal(), 'gone')]);
    await work([await bench.createTask(bench.addLostDeal(), 'gone')]);
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90, 30]);
  });

  test('is gone on with when it is free in truth, where that is later than it was said at first', async () => {
    await blocked(deletion, 90 * second);
    await inLine(3);
    await work([await bench.createTask(bench.addLostDeal(), 'gone')]);
    bench.time.now += 30 * second;
    await blocked(deletion, 90 * second);
    await work([await bench.createTask(bench.addLostDeal(), 'gone')]);
    expect(reconcileQueue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([90, 90]);
    bench.time.now += 60 * second;
    await bench.reconcile({ chore: 'go-on' });
    expect(messages()).toEqual([]);
    bench.time.now += 30 * second;
    await bench.reconcile({ chore: 'go-on' });
    expect(messages()).toHaveLength(1);
  });

  test('is left to who is at work already', async () => {
    await inLine(30);
    await bench.parts.tasks.line.hold(bench.memberId, 'somebody', bench.time.now + minute);
    await bench.reconcile({ chore: 'go-on' });
    expect(messages()).toEqual([]);
  });
});

describe('the clock, when turns have come', () => {
  const release = () => {
    const { parts, deletions, events, time } = bench;
    return releaseDue({ ...parts, deletions, events, reconcile: reconcileQueue }, time.now + minute);
  };
  beforeEach(async () => {
    for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
  });

  test('sends a round’s worth to begin with where nobody is at work, and leaves the others in line', async () => {
    const { ids } = await inLine(120);
    bench.time.now += hour + 200;
    await release();
    expect(messages().flatMap(({ taskIds }) => taskIds).length).toBeLessThanOrEqual(48);
    expect(messages().length).toBeGreaterThan(0);
    const rows = [
      ...(await bench.parts.tasks.getMany(ids.slice(0, 60))),
      ...(await bench.parts.tasks.getMany(ids.slice(60))),
    ];
    expect(rows.every(({ turnAt }) => turnAt !== undefined)).toBe(true);
  });

  test('sends nothing where somebody is, and counts that as no claim', async () => {
    const { ids } = await inLine(20);
    await bench.parts.tasks.line.hold(bench.memberId, 'somebody', bench.time.now + 2 * hour);
    bench.time.now += hour + 200;
    await bench.parts.tasks.line.hold(bench.memberId, 'somebody', bench.time.now + minute);
    await release();
    expect(messages()).toEqual([]);
    const rows = await bench.parts.tasks.getMany(ids);
    expect(rows.every(({ claims, nextAt = 0 }) => claims === 0 && nextAt > bench.time.now)).toBe(true);
  });

  test('begins with those that get their turns now, where nobody is at work and none goes at once', async () => {
    await bench.parts.budgets.takeSends(bench.memberId, '0', { perSecond: 0.1, burst: 10 }, 1_000);
    const ids = await Promise.all([one(), one(), one()]);
    const rows = await bench.parts.tasks.getMany(ids);
    expect(rows).toHaveLength(3);
    await release();
    expect(messages().flatMap(({ taskIds }) => taskIds).length).toBeGreaterThan(0);
  });
});

test('a plan whose lane has used up its turns begins all the same when nobody is at work', async () => {
  await bench.parts.budgets.takeSends(bench.memberId, '1', { perSecond: 0.01, burst: 10 }, 1_000);
  await bench.parts.budgets.takeSends(bench.memberId, '0', { perSecond: 0.01, burst: 10 }, 1_000);
  const dealId = bench.addLostDeal();
  await bench.plan([bench.event(dealId)]);
  const [task] = await bench.tasks();
  expect(task?.turnAt).toBeDefined();
  expect(messages().flatMap(({ taskIds }) => taskIds)).toEqual([task?.taskId]);
});

describe('on a clock that goes on while tables answer', () => {
  /** Every look at it is a little later. */
  const moving = (): void => {
    const { time, database, notes } = bench;
    const ticking = Object.assign(new TestTime(), { clock: () => (time.now += 1), sleep: time.sleep });
    Object.assign(bench, { parts: partsOf(database.tables, { time: ticking, notes }) });
  };

  // Whoever is at work takes it in his next round; it is given no turn that comes later.
  test('what is planned goes at once', async () => {
    moving();
    const dealId = bench.addLostDeal();
    await bench.parts.tasks.line.hold(bench.memberId, 'somebody', bench.time.now + minute);
    await bench.plan([bench.event(dealId)]);
    expect((await bench.tasks()).map(({ slotAt }) => slotAt)).toEqual([undefined]);
  });

  test('what comes due goes at once', async () => {
    for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
    moving();
    const taskId = await bench.taskOf({ entityTypeId: 2, id: bench.addLostDeal() }, 'one', {
      line: lineOf(bench.memberId, unlinking),
    });
    await bench.parts.tasks.line.hold(bench.memberId, 'somebody', bench.time.now + minute);
    const { parts, deletions, events, time } = bench;
    await releaseDue({ ...parts, deletions, events, reconcile: reconcileQueue }, time.now + minute);
    expect((await bench.parts.tasks.get(taskId))?.slotAt).toBeUndefined();
    expect((await bench.parts.tasks.get(taskId))?.turnAt).toBeLessThan(time.now);
  });
});

// With a backlog a round of those who have never failed is always the larger one.
test('a task that has failed once has its next try soon after its time, whatever stands in line', async () => {
  const perCall = 3;
  const { parts, memberId, time } = bench;
  // Operating time is not what this is about.
  await parts.portals.change(memberId, { limits: { ...ordinaryLimits, burst: 5_000, operatingSeconds: 100_000 } });
  await bench.beMeasured(perCall);
  // The clock sees every row there is, whatever test it is of.
  for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
  await inLine(300);
  const [retried] = (await inLine(1)).ids as [string];
  const due = time.now + 30 * second;
  await parts.tasks.putOff(retried, { nextAt: due, attempts: 1, history: [] });
  const rest = through(bench, {
    before: ({ commands }) => {
      time.now += (commands.get(deletion) ?? 0) * perCall * second;
      return undefined;
    },
  });
  const { deletions, events } = bench;
  let message: Partial<DeletionMessage> | undefined = { taskIds: [await one()] };
  for (let ticked = time.now; message && (await bench.task(retried)).status === 'open';) {
    const { taskIds = [], ...goesOn } = message;
    const again = await bench.work(taskIds, { line, rest, ...goesOn });
    time.now = Math.max(time.now, again ?? 0);
    if (time.now >= ticked + minute) {
      ticked = time.now;
      await releaseDue({ ...parts, deletions, events, reconcile: reconcileQueue }, time.now + minute);
    }
    message = deletions.sent.shift()?.body as DeletionMessage | undefined;
  }
  const { status, endedAt = 0 } = await bench.task(retried);
  expect(status).toBe('done');
  expect(endedAt - due).toBeLessThan(8 * minute);
  expect(bench.sent(deletion)).toBeLessThan(250);
});

test('a task that was sent by a clock half a second ahead is done, and not only when its claim is over', async () => {
  const taskId = await one();
  const due = bench.time.now + 30 * second;
  await bench.parts.tasks.putOff(taskId, { nextAt: due, attempts: 1, history: [] });
  bench.time.now = due - second / 2;
  await work([taskId]);
  expect((await bench.task(taskId)).status).toBe('done');
});
