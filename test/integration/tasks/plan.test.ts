import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import { unreadId } from '../../../lib/tasks/due-ids.ts';
import {
  type DeadLetter,
  deadLetterSchema,
  type DeletionMessage,
  type EventMessage,
} from '../../../lib/tasks/messages.ts';
import { planEvents, type PlanOptions } from '../../../lib/tasks/plan.ts';
import type { PortalOptions } from '../../../simulator/options.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { Database, MemoryQueue, Notes, type Parts, partsOf, portalOf, TestTime, watched } from '../portals/parts.ts';

let database: Database;
let simulator: Simulator;
let time: TestTime;
let notes: Notes;
let parts: Parts;
let deletions: MemoryQueue;
let eventsDlq: MemoryQueue;
let memberId: string;
let seed = 5_000;
const lostStage = 'C5:UC_LOST';
const digest = tokenDigest('of the outgoing webhook');

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(async () => {
  await startPortal();
});
afterEach(async () => {
  await simulator.close();
});

async function startPortal(options: PortalOptions = {}): Promise<void> {
  time = new TestTime();
  notes = new Notes();
  parts = partsOf(database.tables, { time, notes });
  [deletions, eventsDlq] = [new MemoryQueue(), new MemoryQueue()];
  seed += 1;
  simulator = await startSimulator({ seed, clock: time.clock, portal: options });
  const { portal } = simulator;
  memberId = portal.memberId;
  const stages = ['C5:NEW', 'C5:WON', lostStage].map((id, index) => ({ id, name: id, sort: index * 10 }));
  portal.addPipeline({ id: 5, name: 'Renovation', stages });
}

/** An active portal in mode enforce with one rule, unless said otherwise. */
async function connect({
  wait = '0m',
  changed = {},
  rules = true,
}: { wait?: string; changed?: Partial<Portal>; rules?: boolean } = {}) {
  const { domain } = simulator.portal;
  const enforced: Partial<Portal> = {
    enforcedAt: time.now,
    domain,
    connection: 'webhook',
    tokenDigests: [digest],
    ...changed,
  };
  await parts.portals.create(portalOf(memberId, enforced));
  await parts.credentials.put({ memberId, kind: 'webhook', url: simulator.portal.createWebhook() });
  const source = `
version: 1
rules:
  - id: unlink
    when: { type: deal, pipelines: [5], stages: all-lost }
    wait: ${wait}
    delete: [deal-contacts]
`;
  if (rules)
    await parts.portals.pushRules(memberId, nextVersion(undefined, loadRules(source), source, time.now, 'test'));
  time.now += 10_000;
}

const addDeal = (stageId = lostStage) => simulator.portal.addDeal({ categoryId: 5, stageId, silent: true });
const event = (id: number, changed: Partial<EventMessage> = {}): EventMessage => ({
  v: 1,
  memberId,
  entityTypeId: 2,
  id,
  source: 'webhook',
  receivedAt: time.now,
  ...changed,
});
const plan = (events: readonly EventMessage[], changed: Partial<PlanOptions> = {}) =>
  planEvents({ ...parts, deletions, eventsDlq, ...changed }, events, time.now + 120_000);
const tasks = async () => (await parts.tasks.listByPortal(memberId, { limit: 100 })).tasks;
const unread = (id: number) =>
  database.tables.tasks.get({ taskId: unreadId(memberId, { entityTypeId: 2, id }), sk: 'unread' });
/** The requests that read records, as far as they were answered. */
const readings = () =>
  simulator.portal.requests.filter(
    ({ status, fault, commands }) =>
      status === 200 && fault === undefined && commands.some(({ method }) => method === 'crm.item.list'),
  );
const sentTasks = () => deletions.bodies<DeletionMessage>().flatMap(({ taskIds }) => taskIds);
const letters = (): DeadLetter[] => eventsDlq.bodies().map((body) => deadLetterSchema.parse(body));
/** What the clock would send for an unread row that has come due. */
async function wish(id: number): Promise<EventMessage> {
  const row = await unread(id);
  const { receivedAt, source, stamp, attempts } = row as unknown as Required<EventMessage>;
  return event(id, { receivedAt, source, stamp, attempts });
}

describe('a lost deal', () => {
  test('that a rule names gets one task, sent at once, however many events tell of it', async () => {
    await connect();
    const id = addDeal();
    await plan([event(id), event(id), event(id, { source: 'robot' })]);
    await plan([event(id)]);
    const [task, ...others] = await tasks();
    expect(others).toEqual([]);
    expect(task).toMatchObject({
      record: { entityTypeId: 2, id },
      rule: { id: 'unlink', version: 1 },
      transition: { stageId: lostStage },
      status: 'open',
      nextAt: time.now + 15 * 60_000,
    });
    expect(sentTasks()).toEqual([task?.taskId]);
    expect(simulator.portal.calls('crm.item.list')).toHaveLength(2);
    expect(notes.counts.get('TasksPlanned')).toBe(1);
  });

  test('whose rule waits gets its task for later and nothing is sent', async () => {
    await connect({ wait: '2h' });
    await plan([event(addDeal())]);
    const [task] = await tasks();
    expect(task?.nextAt).toBe((task?.transition.movedTime ?? 0) + 7_200_000);
    expect(deletions.sent).toEqual([]);
  });

  test('of a portal that observes gets its task as well', async () => {
    await connect({ changed: { mode: 'observe', enforcedAt: undefined } as never });
    await plan([event(addDeal())]);
    expect(await tasks()).toHaveLength(1);
  });

  test('lost before the portal enforced gets none', async () => {
    const id = addDeal();
    time.now += 60_000;
    await connect();
    await plan([event(id)]);
    expect(await tasks()).toEqual([]);
  });

  test('whose task SQS does not take has it all the same, for the clock to send', async () => {
    await connect();
    deletions.refuse = () => true;
    await plan([event(addDeal())]);
    expect((await tasks())[0]?.nextAt).toBe(time.now + 15 * 60_000);
    expect(notes.lines).toContainEqual(expect.objectContaining({ level: 'warn', fields: { tasks: 1 } }));
  });
});

describe('an event that comes to nothing', () => {
  test.each<[string, () => EventMessage]>([
    ['the deal is in progress', () => event(addDeal('C5:NEW'))],
    ['the deal was won', () => event(addDeal('C5:WON'))],
    ['the deal is in another pipeline', () => event(simulator.portal.addDeal({ stageId: 'LOSE', silent: true }))],
    ['there is no such deal', () => event(4711)],
    ['it is a lead', () => event(addDeal(), { entityTypeId: 1 })],
    ['it is of a smart process', () => event(addDeal(), { entityTypeId: 1268 })],
    ['it came more than a week after the loss', () => event(addDeal(), { receivedAt: time.now + 8 * 24 * 3_600_000 })],
  ])('because %s', async (_name, anEvent) => {
    await connect();
    await plan([anEvent()]);
    expect(await tasks()).toEqual([]);
    expect(deletions.sent).toEqual([]);
  });

  test('because the portal has no rules: it is not even asked', async () => {
    await connect({ rules: false });
    await plan([event(addDeal())]);
    expect(await tasks()).toEqual([]);
    expect(simulator.portal.requests).toEqual([]);
  });

  test('of other types does not ask the portal for anything', async () => {
    await connect();
    await plan([event(1, { entityTypeId: 1 })]);
    expect(simulator.portal.requests).toEqual([]);
  });

  test.each(['pending', 'disconnected'] as const)('because the portal is %s', async (state) => {
    await connect({ changed: { state } });
    await plan([event(addDeal())]);
    expect(await tasks()).toEqual([]);
    expect(simulator.portal.requests).toEqual([]);
  });
});

test('a storm of 500 events of 90 deals is one request, beside what tells the stages', async () => {
  await connect();
  const ids = Array.from({ length: 90 }, () => addDeal());
  await plan(Array.from({ length: 500 }, (_, index) => event(ids[index % ids.length] ?? 0)));
  expect(readings()).toHaveLength(1);
  expect(simulator.portal.calls('crm.item.list')).toHaveLength(2);
  expect(new Set(sentTasks()).size).toBe(10);
  expect(deletions.sent).toHaveLength(1);
});

describe('an event whose sender receive could not check', () => {
  const unverified = (tokenDigestOf: string) => ({ unverified: { tokenDigest: tokenDigestOf, domain: 'x.test' } });

  test('counts when its token is the portal’s', async () => {
    await connect();
    await plan([event(addDeal(), unverified(digest))]);
    expect(await tasks()).toHaveLength(1);
  });

  test('is dropped otherwise, counted, and takes no other event with it', async () => {
    await connect();
    const [good, bad] = [addDeal(), addDeal()];
    await plan([event(bad, unverified(tokenDigest('wrong'))), event(good)]);
    expect((await tasks()).map(({ record }) => record.id)).toEqual([good]);
    expect(notes.counts.get('EventsDropped')).toBe(1);
  });
});

describe('a portal that cannot be read now', () => {
  test('because it is paused: nothing is asked, the record is read in an hour', async () => {
    await connect();
    await parts.portals.pause(memberId, { code: 'by-hand', reason: 'holidays' });
    const id = addDeal();
    await plan([event(id)]);
    expect(simulator.portal.requests).toEqual([]);
    expect(await unread(id)).toMatchObject({ nextAt: time.now + 3_600_000, receivedAt: time.now, source: 'webhook' });
    expect(notes.counts.get('RecordsUnread')).toBe(1);
  });

  test('because its requests are used up: it is read when there is room again', async () => {
    await connect();
    const until = time.now + 40_000;
    await parts.budgets.blockRequests(memberId, until);
    const id = addDeal();
    await plan([event(id)]);
    expect(await unread(id)).toMatchObject({ nextAt: until });
    time.now = until;
    await plan([await wish(id)]);
    expect(await tasks()).toHaveLength(1);
    expect(await unread(id)).toBeUndefined();
  });

  test('because it refuses for the rate: nobody asks it before the time it needs', async () => {
    await connect();
    simulator.portal.faults.add({
      when: { method: 'batch' },
      give: { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED' },
    });
    const [id, other] = [addDeal(), addDeal()];
    await plan([event(id)]);
    await plan([event(other)]);
    expect(simulator.portal.requests).toHaveLength(1);
    expect(Number((await unread(id))?.['nextAt'])).toBeGreaterThan(time.now);
    expect(await unread(other)).toBeDefined();
  });

  test.each([
    ['an HTML page with 502', { type: 'html', status: 502 }],
    ['half of an answer', { type: 'truncated' }],
    ['a reset connection', { type: 'reset', work: 'after' }],
    ['an internal error', { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' }],
  ] as const)(
    'because of %s: it is read again after a while, and the event of then still counts',
    async (_name, give) => {
      await connect();
      simulator.portal.faults.add({ when: { method: 'batch' }, give });
      const id = addDeal();
      const receivedAt = time.now;
      await plan([event(id)]);
      expect(await unread(id)).toMatchObject({ nextAt: time.now + 30_000, receivedAt, attempts: 1 });
      time.now += 30_000;
      await plan([await wish(id)]);
      expect((await tasks()).map(({ record }) => record.id)).toEqual([id]);
      expect(await unread(id)).toBeUndefined();
      expect(readings()).toHaveLength(1);
    },
  );

  test('because its credentials are worth nothing: it is paused, and the record waits', async () => {
    await connect();
    simulator.portal.revokeWebhooks();
    const id = addDeal();
    await plan([event(id)]);
    expect((await parts.portals.get(memberId))?.pause).toMatchObject({ code: 'invalid-credentials' });
    expect(await unread(id)).toMatchObject({ nextAt: time.now + 3_600_000 });
    expect(notes.counts.get('PortalsPausedNow')).toBe(1);
  });

  test('holds up no other portal of the same batch', async () => {
    await connect();
    await parts.portals.pause(memberId, { code: 'by-hand', reason: 'holidays' });
    const paused = event(addDeal());
    await simulator.close();
    const { counts } = notes;
    await startPortal();
    await connect();
    await plan([paused, event(addDeal())]);
    expect(await tasks()).toHaveLength(1);
    expect(counts.size).toBe(0);
  });

  test('a wish that was renewed while it was read is kept', async () => {
    await connect();
    await parts.budgets.blockRequests(memberId, time.now + 1_000);
    const id = addDeal('C5:NEW');
    await plan([event(id)]);
    const older = await wish(id);
    await plan([event(id)]);
    time.now += 1_000;
    await plan([older]);
    expect(await unread(id)).toBeDefined();
    await plan([await wish(id)]);
    expect(await unread(id)).toBeUndefined();
  });
});

describe('a record that cannot be read', () => {
  /** The portal gives this row for the deal. */
  const strange = (id: number) =>
    simulator.portal.faults.add({
      when: { method: 'crm.item.list', inBatch: 'command' },
      times: Number.POSITIVE_INFINITY,
      give: { type: 'error', error: 'INTERNAL_SERVER_ERROR', description: `about ${id}` },
    });

  test('is tried a hundred times with growing delays, then dead-lettered, and comes again with its next event', async () => {
    await connect();
    const id = addDeal();
    const fault = strange(id);
    await plan([event(id)]);
    await plan([{ ...(await wish(id)), attempts: 99 }]);
    expect(letters()).toEqual([]);
    expect(Number((await unread(id))?.['nextAt']) - time.now).toBe(15 * 60_000);
    await plan([{ ...(await wish(id)), attempts: 100 }]);
    expect(letters()).toMatchObject([
      { kind: 'record', memberId, record: { entityTypeId: 2, id }, code: 'RECORD_UNREADABLE', attempts: 100 },
    ]);
    expect(await unread(id)).toBeUndefined();
    fault.remove();
    await plan([event(id)]);
    expect(await tasks()).toHaveLength(1);
  });

  test('is not given up while the dead-letter queue does not take it', async () => {
    await connect();
    const id = addDeal();
    strange(id);
    await plan([event(id)]);
    const last = { ...(await wish(id)), attempts: 100 };
    eventsDlq.refuse = () => true;
    expect(await plan([last])).toEqual([last]);
    expect(await unread(id)).toBeDefined();
  });

  test('is not dead-lettered at its first bad answer because its portal was paused for days', async () => {
    await connect();
    await parts.portals.pause(memberId, { code: 'by-hand', reason: 'holidays' });
    const id = addDeal();
    await plan([event(id)]);
    for (let hour = 0; hour < 100; hour += 1) await plan([await wish(id)]);
    await parts.portals.resume(memberId);
    strange(id);
    await plan([await wish(id)]);
    expect(letters()).toEqual([]);
  });

  test('is not dead-lettered at its first bad answer because a hundred events named it', async () => {
    await connect();
    await parts.budgets.blockRequests(memberId, time.now + 60_000);
    const id = addDeal();
    for (let events = 0; events < 101; events += 1) await plan([event(id)]);
    time.now += 60_000;
    strange(id);
    await plan([await wish(id)]);
    expect(letters()).toEqual([]);
  });

  test('is not wanted any more when its portal is disconnected', async () => {
    await connect();
    await parts.portals.pause(memberId, { code: 'by-hand', reason: 'holidays' });
    const id = addDeal();
    await plan([event(id)]);
    await parts.portals.change(memberId, { state: 'disconnected' });
    await plan([await wish(id)]);
    expect(await unread(id)).toBeUndefined();
  });
});

describe('a table that does not answer', () => {
  test.each(['portals', 'tasks', 'credentials'] as const)(
    '%s: the events are given back, and SQS gives them again',
    async (name) => {
      await connect();
      const id = addDeal();
      const down = watched(database.tables[name], {
        before: () => {
          throw new TableUnavailable('down');
        },
      });
      const broken = partsOf({ ...database.tables, [name]: down }, { time, notes });
      const again = await plan([event(id)], broken);
      expect(again).toEqual([event(id)]);
      expect(await plan(again)).toEqual([]);
      expect(await tasks()).toHaveLength(1);
    },
  );

  test('is another matter than one portal whose row cannot be read: the others get their tasks', async () => {
    await connect();
    const stranger = 'f'.repeat(32);
    await database.tables.portals.put({ memberId: stranger, sk: 'portal', state: 'strange' });
    const poison = event(1, { memberId: stranger });
    expect(await plan([poison, event(addDeal())])).toEqual([poison]);
    expect(await tasks()).toHaveLength(1);
  });

  test('for one record: the others get their tasks all the same', async () => {
    await connect();
    const [one, other] = [addDeal(), addDeal()];
    const flaky = watched(database.tables.tasks, {
      before: (operation, [item]) => {
        if (operation === 'put' && (item as { record?: { id: number } }).record?.id === one)
          throw new TableUnavailable('down');
      },
    });
    const broken = partsOf({ ...database.tables, tasks: flaky }, { time, notes });
    expect(await plan([event(one), event(other)], broken)).toEqual([event(one), event(other)]);
    expect((await tasks()).map(({ record }) => record.id)).toEqual([other]);
  });
});

describe('a webhook connection that gets its member id by this event', () => {
  const adopt = async () => {
    const { domain } = simulator.portal;
    const pending = `pending@${domain}`;
    await parts.credentials.put({ memberId: pending, kind: 'webhook', url: simulator.portal.createWebhook() });
    const row = portalOf(pending, { domain, connection: 'webhook', state: 'pending', tokenDigests: [digest] });
    await parts.portals.create({ ...row, mode: 'observe' });
    return event(addDeal(), { unverified: { tokenDigest: digest, domain } });
  };
  const round = () => database.tables.tasks.get({ taskId: `chore:${memberId}:reconcile`, sk: 'chore' });

  test('is reconciled by the clock from then on', async () => {
    await plan([await adopt()]);
    expect(await parts.portals.get(memberId)).toMatchObject({ state: 'active' });
    expect(await round()).toBeDefined();
  });

  test('is reconciled also when the function dies right after the adoption', async () => {
    const first = await adopt();
    const dying = watched(database.tables.tasks, {
      before: () => {
        throw new TableUnavailable('killed here');
      },
    });
    expect(await plan([first], partsOf({ ...database.tables, tasks: dying }, { time, notes }))).toEqual([first]);
    expect(await parts.portals.get(memberId)).toMatchObject({ state: 'active' });
    await plan([first]);
    expect(await round()).toBeDefined();
  });
});
