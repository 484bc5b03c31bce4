import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { lineOf } from '../../../lib/tasks/line.ts';
import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import { releaseDue } from '../../../lib/tasks/release.ts';
import { claimMs } from '../../../lib/tasks/schedule.ts';
import { sendTasks } from '../../../lib/tasks/send-due.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import type { LineOptions } from '../../../lib/tasks/work.ts';
import { MemoryQueue } from '../portals/parts.ts';
import { type Bench, deletion, eachTestHas, hour, minute, through } from './bench.ts';

const when = { type: 'deal', stages: 'all-lost' } as const;

let bench: Bench;
let reconcileQueue: MemoryQueue;
let line: LineOptions;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(async () => {
  reconcileQueue = new MemoryQueue();
  line = { deletions: bench.deletions, reconcile: reconcileQueue, newId: randomUUID };
  // The clock sees every row there is, whatever test it is of.
  for (const key of await bench.openRows()) await bench.database.tables.tasks.delete(key);
});

const messages = () => bench.deletions.bodies<DeletionMessage>();
const turns = () => bench.parts.tasks.line;
const isHeld = () => turns().isHeld(bench.memberId);
const hold = () => turns().hold(bench.memberId, 'somebody', bench.time.now + 15 * minute);
const letGo = () => turns().letGo(bench.memberId, 'somebody');
const work = ({ taskIds, ...rest }: DeletionMessage) => bench.work(taskIds, { line, ...rest });
const untouched = (deals: readonly number[]) => deals.filter((id) => bench.portal.contactsOf(id).length > 0);
/** A deal's, where no other type of record is named. */
const taskFor = async (id: number, entityTypeId = 2) =>
  (await bench.tasks()).find(({ record }) => record.id === id && record.entityTypeId === entityTypeId) ??
  ({} as Partial<Task>);

async function plan(): Promise<number> {
  const dealId = bench.addLostDeal();
  await bench.plan([bench.event(dealId)]);
  return dealId;
}

/** As tasks that have failed once come due again: their turn was before. */
async function retried(changed: { slotAt?: number } = {}): Promise<string> {
  const name = lineOf(bench.memberId, { when, delete: [{ what: 'deal-contacts' }] });
  const taskId = await bench.taskOf({ entityTypeId: 2, id: bench.addLostDeal() }, 'one', { line: name });
  const key = { taskId, sk: 'task' };
  const { slotAt = bench.time.now - minute } = changed;
  await bench.database.tables.tasks.update(key, { set: 'SET #slotAt = :slotAt', values: { slotAt } });
  return taskId;
}

/** As plan makes them, which has no request left to read with here. */
async function createTasksOf(dealId: number): Promise<void> {
  const name = lineOf(bench.memberId, { when, delete: [{ what: 'deal-contacts' }] });
  const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'one', { line: name });
  await sendTasks({ ...bench.parts, deletions: bench.deletions }, [{ memberId: bench.memberId, taskId }]);
}

const release = () => {
  const { parts, deletions, events, time } = bench;
  return releaseDue({ ...parts, deletions, events, reconcile: reconcileQueue }, time.now + minute);
};

describe('what is planned', () => {
  test('is sent where nobody is at work, and the lines are held until it is done', async () => {
    const dealId = await plan();
    expect(messages()).toEqual([
      { v: 1, memberId: bench.memberId, taskIds: [expect.any(String)], holder: expect.any(String) },
    ]);
    expect(await taskFor(dealId)).not.toHaveProperty('turnAt');
    expect(await isHeld()).toBe(true);
    await work(messages()[0] as DeletionMessage);
    expect(untouched([dealId])).toEqual([]);
    expect(await isHeld()).toBe(false);
  });

  test('goes with the message that is on its way: one look and one batch for all of them', async () => {
    const deals: number[] = [];
    for (let nth = 0; nth < 20; nth += 1) deals.push(await plan());
    expect(messages()).toHaveLength(1);
    await work(messages()[0] as DeletionMessage);
    expect(untouched(deals)).toEqual([]);
    expect(bench.sizes(deletion)).toEqual([20]);
  });

  test('stands in line before all whose turns are counted', async () => {
    await hold();
    const name = lineOf(bench.memberId, { when, delete: [{ what: 'deal-contacts' }] });
    // Long ago: whoever works them off is far behind.
    const slotAt = bench.time.now - 72 * hour;
    await bench.taskOf({ entityTypeId: 2, id: bench.addLostDeal() }, 'one', { line: name, slotAt, nextAt: slotAt });
    const dealId = await plan();
    const [first] = await turns().first(bench.memberId, 10);
    expect((await bench.parts.tasks.get(first?.taskId ?? ''))?.record.id).toBe(dealId);
    expect(messages()).toEqual([]);
  });

  test('is sent when whoever was at work lets go before he can see it', async () => {
    await hold();
    const { tasks } = bench.parts;
    const standAhead = tasks.line.standAhead.bind(tasks.line);
    tasks.line.standAhead = async (taskId) => {
      await standAhead(taskId);
      await letGo();
    };
    const dealId = await plan();
    expect(messages().flatMap(({ taskIds }) => taskIds)).toEqual([(await taskFor(dealId)).taskId]);
    expect(messages()[0]?.holder).toBeDefined();
  });

  test('keeps its place though the clock comes by, and takes no second turn', async () => {
    await hold();
    const dealId = await plan();
    const { turnAt } = await taskFor(dealId);
    // The lane has used up its turns.
    await bench.parts.budgets.takeSends(bench.memberId, '0', { perSecond: 0.01, burst: 10 }, 1_000);
    bench.time.now += 2 * minute;
    await release();
    expect(await taskFor(dealId)).toMatchObject({ turnAt, claims: 0 });
    expect(await taskFor(dealId)).not.toHaveProperty('slotAt');
    expect(messages()).toEqual([]);
  });

  describe('whose turn comes later, while all the others wait for a method that is closed,', () => {
    beforeEach(async () => {
      await bench.pushFile(`
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts] }
  - { id: two, when: { type: lead, stages: all-lost }, wait: 0m, delete: [lead] }
`);
      const { budgets } = bench.parts;
      const until = bench.time.now + 9 * minute;
      const full = { operating: 480, resetAt: until, perCall: 3, at: bench.time.now, blockedUntil: until };
      await budgets.setOperating(bench.memberId, new Map([[deletion, full]]));
      await turns().willGoOn(bench.memberId, until);
      // Their lanes have used up their turns.
      for (const lane of ['0', '1']) await budgets.takeSends(bench.memberId, lane, { perSecond: 4, burst: 10 }, 1_000);
    });
    const planLead = async (): Promise<number> => {
      const leadId = bench.portal.addLead({ stageId: 'JUNK', silent: true });
      await bench.plan([bench.event(leadId, { entityTypeId: 1 })]);
      return leadId;
    };
    const sent = () => messages().flatMap(({ taskIds }) => taskIds);

    test('waits with them when it begins with that method', async () => {
      const { slotAt, turnAt } = await taskFor(await plan());
      expect({ slotAt, turnAt }).toEqual({ slotAt: expect.any(Number), turnAt: slotAt });
      expect(sent()).toEqual([]);
    });

    test('is sent when it begins with another', async () => {
      const leadId = await planLead();
      expect(sent()).toEqual([(await taskFor(leadId, 1)).taskId]);
    });

    test('is sent by the clock when it was not before, and the others are not', async () => {
      const deal = await taskFor(await plan());
      await hold();
      const lead = await taskFor(await planLead(), 1);
      await letGo();
      expect(sent()).toEqual([]);
      bench.time.now = Math.max(deal.slotAt ?? 0, lead.slotAt ?? 0) + 1;
      expect(await bench.parts.tasks.line.isHeld(bench.memberId)).toBe(true);
      await release();
      expect(sent()).toEqual([lead.taskId]);
    });
  });

  test('is sent by the clock although somebody will come for another method later', async () => {
    await hold();
    const dealId = await plan();
    await letGo();
    await turns().willGoOn(bench.memberId, bench.time.now + 10 * minute);
    bench.time.now += 2 * minute;
    await release();
    expect(messages().flatMap(({ taskIds }) => taskIds)).toEqual([(await taskFor(dealId)).taskId]);
  });

  test.each([
    ['seen', 60],
    ['hidden behind them', 120],
  ])('leaves one place in six to those whose turns are counted, when these are %s', async (_, ahead) => {
    const name = lineOf(bench.memberId, { when, delete: [{ what: 'deal-contacts' }] });
    const slotAt = bench.time.now + minute;
    const inTurn: string[] = [];
    for (let nth = 0; nth < 12; nth += 1) {
      const record = { entityTypeId: 2, id: bench.addLostDeal() };
      inTurn.push(await bench.taskOf(record, 'one', { line: name, slotAt, nextAt: slotAt }));
    }
    for (let nth = 0; nth < ahead; nth += 1) await turns().standAhead(await retried());
    const first = (await turns().first(bench.memberId, 96)).slice(0, 48).map(({ taskId }) => taskId);
    expect(first.filter((taskId) => inTurn.includes(taskId))).toHaveLength(8);
    expect(inTurn).not.toContain(first[0]);
  });

  test('is sent by the clock within minutes where he lets go after that', async () => {
    await hold();
    const dealId = await plan();
    await letGo();
    bench.time.now += 2 * minute;
    await release();
    expect(messages().flatMap(({ taskIds }) => taskIds)).toEqual([(await taskFor(dealId)).taskId]);
  });

  test('waits no longer than a quarter of an hour for one who never comes', async () => {
    const deals = [await plan()];
    bench.deletions.sent.length = 0;
    deals.push(await plan(), await plan());
    expect(messages()).toEqual([]);
    for (let passed = 0; passed < 17; passed += 1) {
      bench.time.now += minute;
      await release();
      for (const message of messages()) await work(message);
      bench.deletions.sent.length = 0;
    }
    expect(untouched(deals)).toEqual([]);
    expect(bench.notes.counts.get('OverdueTasks') ?? 0).toBe(0);
  });

  test('lets others go to work when the queue does not take its message', async () => {
    bench.deletions.refuse = () => true;
    await plan();
    expect(await isHeld()).toBe(false);
  });

  test('is sent although the lines cannot be asked', async () => {
    const { tasks } = bench.parts;
    tasks.line.take = () => Promise.reject(new Error('The table does not answer'));
    const dealId = await plan();
    expect(messages()).toEqual([{ v: 1, memberId: bench.memberId, taskIds: [(await taskFor(dealId)).taskId] }]);
    expect(bench.notes.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'sent without hold of the lines' }),
    );
  });
});

describe('a message that has to come again', () => {
  const limits = ordinaryLimits;
  const fill = (requests: number) => bench.parts.budgets.takeRequests(bench.memberId, limits, requests);
  beforeEach(async () => {
    await bench.parts.portals.change(bench.memberId, { limits });
  });

  test('keeps hold of the lines, and what comes meanwhile is done with it', async () => {
    const deals = [await plan()];
    for (let taken = await fill(1); 'turn' in taken; taken = await fill(1));
    const [message] = messages();
    const again = (await work(message as DeletionMessage)) ?? 0;
    expect(again).toBeGreaterThan(bench.time.now);
    expect(await isHeld()).toBe(true);
    bench.time.now = again;
    for (let nth = 0; nth < 3; nth += 1) {
      const dealId = bench.addLostDeal();
      await createTasksOf(dealId);
      deals.push(dealId);
    }
    expect(messages()).toHaveLength(1);
    await bench.work(message?.taskIds ?? [], { line, ...message, receives: 2 });
    expect(untouched(deals)).toEqual([]);
    expect(bench.sizes(deletion)).toEqual([4]);
    expect(await isHeld()).toBe(false);
  });

  test.each([
    ['gives way once when it has little to do', 2, 1, true],
    ['goes at its second try all the same', 2, 2, false],
    ['does not give way with much to do', 20, 1, false],
  ] as const)('%s', async (_, count, receives, isPutOff) => {
    const ids = await Promise.all(Array.from({ length: count }, () => retried()));
    await fill(33);
    const again = await bench.work(ids, { receives });
    expect(again !== undefined).toBe(isPutOff);
    expect(bench.sent(deletion) === 0).toBe(isPutOff);
  });

  test('gives way no more once it has begun', async () => {
    const ids = await Promise.all(Array.from({ length: 2 }, () => retried()));
    const name = lineOf(bench.memberId, { when, delete: [{ what: 'deal-contacts' }] });
    const slotAt = bench.time.now + minute;
    const inTurn: string[] = [];
    const rest = through(bench, {
      before: async ({ commands }) => {
        if (!commands.has(deletion) || inTurn.length > 0) return undefined;
        const record = { entityTypeId: 2, id: bench.addLostDeal() };
        inTurn.push(await bench.taskOf(record, 'one', { line: name, slotAt, nextAt: slotAt }));
        // Others have used the bucket meanwhile.
        await fill(33);
        return undefined;
      },
    });
    await bench.work(ids, { line, rest });
    expect(bench.sizes(deletion)).toEqual([2, 1]);
  });

  test('comes again though all that it names has ended, where there is more in line and it has done nothing', async () => {
    const ended = await retried();
    await bench.parts.tasks.end(ended, { status: 'done', history: [] });
    await turns().hold(bench.memberId, 'somebody', bench.time.now + minute);
    const ahead = await retried();
    await turns().standAhead(ahead);
    await fill(33);
    const message = { v: 1, memberId: bench.memberId, taskIds: [ended], holder: 'somebody' } as const;
    const again = (await bench.work([ended], { line, ...message })) ?? 0;
    expect(again).toBeGreaterThan(bench.time.now);
    expect(await isHeld()).toBe(true);
    bench.time.now = again;
    await bench.work([ended], { line, ...message, receives: 2 });
    expect((await bench.parts.tasks.get(ahead))?.status).toBe('done');
    expect(await isHeld()).toBe(false);
  });

  test('finds the bucket as full as before where nobody reads, and no emptier', async () => {
    const ids = [await retried()];
    await fill(33);
    const again = (await bench.work(ids)) ?? 0;
    // To three fifths of 50, with the two requests of a round: at two a second.
    expect(again - bench.time.now).toBe(2_500);
    bench.time.now = again;
    expect(await bench.work(ids, { receives: 2 })).toBeUndefined();
  });
});

describe('what comes due again', () => {
  test('stands in line while somebody is at work, and that counts as no claim', async () => {
    await hold();
    const ids = await Promise.all([retried(), retried(), retried()]);
    await release();
    expect(messages()).toEqual([]);
    for (const task of await bench.parts.tasks.getMany(ids)) {
      expect(task).toMatchObject({ claims: 0, nextAt: bench.time.now + 2 * minute, status: 'open' });
      expect(task.turnAt).toBeLessThan(bench.time.now - hour);
    }
  });

  test('goes in one message, and the rest of it in line, whatever shards it stands in', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => retried()));
    await release();
    expect(messages()).toHaveLength(1);
    await work(messages()[0] as DeletionMessage);
    const ends = (await bench.parts.tasks.getMany(ids)).map(({ status }) => status);
    expect(ends.filter((status) => status === 'done')).toHaveLength(30);
    expect(bench.sizes(deletion).reduce((sum, size) => sum + size, 0)).toBe(30);
    expect(bench.sizes(deletion).length).toBeLessThanOrEqual(2);
  });

  test('is put off by messages where the portal is paused: nobody would come to it in line', async () => {
    await bench.parts.portals.pause(bench.memberId, { code: 'test', reason: 'A test' });
    const ids = await Promise.all(Array.from({ length: 30 }, () => retried()));
    await release();
    expect(
      messages()
        .flatMap(({ taskIds }) => taskIds)
        .toSorted(),
    ).toEqual(ids.toSorted());
    expect(messages().every(({ holder }) => holder === undefined)).toBe(true);
    for (const task of await bench.parts.tasks.getMany(ids)) {
      expect(task).toMatchObject({ nextAt: bench.time.now + claimMs });
      expect(task).not.toHaveProperty('turnAt');
    }
  });
});

describe('while somebody is at work', () => {
  test('a report of what has ended goes in a message of its own: it stands in no line', async () => {
    const taskId = await retried();
    await bench.parts.tasks.end(taskId, { status: 'done', history: [], reportAt: bench.time.now });
    await hold();
    await release();
    expect(messages().map(({ taskIds }) => taskIds)).toEqual([[taskId]]);
    expect(await bench.parts.tasks.get(taskId)).not.toHaveProperty('turnAt');
  });

  test('an undo goes in a message of its own: a person waits for it', async () => {
    const taskId = await retried();
    const undo = { of: 'f'.repeat(64), recreate: false };
    await bench.database.tables.tasks.update({ taskId, sk: 'task' }, { set: 'SET #undo = :undo', values: { undo } });
    await hold();
    await release();
    expect(messages().map(({ taskIds }) => taskIds)).toEqual([[taskId]]);
  });

  test('what was put off since the clock claimed it stands in no line', async () => {
    const taskId = await retried();
    const nextAt = bench.time.now + minute;
    await bench.parts.tasks.putOff(taskId, { nextAt, attempts: 1, history: [] });
    await turns().standAhead(taskId);
    expect(await bench.parts.tasks.get(taskId)).toMatchObject({ nextAt });
    expect(await bench.parts.tasks.get(taskId)).not.toHaveProperty('turnAt');
  });
});

test('an undo goes before what is deleted, in a message of its own', async () => {
  const [undone, other] = [await retried(), await retried()];
  await sendTasks({ ...bench.parts, deletions: bench.deletions }, [
    { memberId: bench.memberId, taskId: other },
    { memberId: bench.memberId, taskId: undone, isApart: true },
  ]);
  expect(messages().map(({ taskIds, holder }) => [taskIds, holder !== undefined])).toEqual([
    [[undone], false],
    [[other], true],
  ]);
});

test('what has failed once fills a round before a few that are new make small ones', async () => {
  const ids = await Promise.all(Array.from({ length: 48 }, () => retried()));
  for (const taskId of ids.slice(0, 40)) {
    const key = { taskId, sk: 'task' };
    await bench.database.tables.tasks.update(key, { set: 'SET #attempts = :one', values: { one: 1 } });
  }
  await bench.work(ids);
  expect(bench.sizes(deletion)).toEqual([24, 16, 8]);
});

test('of one portal is sent although another of the same batch of events does not answer', async () => {
  const dealId = bench.addLostDeal();
  const slow = bench.event(1, { memberId: 'e'.repeat(32) });
  const sent = Promise.withResolvers<void>();
  const { portals } = bench.parts;
  const get = portals.get.bind(portals);
  portals.get = async (memberId: string) => {
    if (memberId === slow.memberId) await sent.promise;
    return get(memberId);
  };
  const sendAll = bench.deletions.sendAll.bind(bench.deletions);
  bench.deletions.sendAll = (all) => {
    sent.resolve();
    return sendAll(all);
  };
  await bench.plan([slow, bench.event(dealId)]);
  expect(messages()).toHaveLength(1);
});
