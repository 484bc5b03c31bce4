import { beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { enforceTask } from '../../../lib/tasks/enforce.ts';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import { failureOf, partsOf, watched } from '../portals/parts.ts';
import { type Bench, day, eachTestHas, hour, minute } from './bench.ts';

let bench: Bench;
const smart = 1044;
const rules = `
version: 1
rules:
  - { id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts] }
  - { id: two, when: { type: deal, stages: all-lost }, wait: 0m, delete: [company] }
  - { id: projects, when: { type: ${smart}, stages: all-lost }, wait: 0m, delete: [contacts] }
`;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(() => {
  bench.portal.addType({ entityTypeId: smart, title: 'Projects' });
});

/** Deals that were lost long before the rules and before the portal enforced. */
async function lostLongAgo(count: number, contacts = 0): Promise<number[]> {
  const ids = Array.from({ length: count }, () => bench.addLostDeal(contacts));
  bench.time.now += 100 * day;
  await bench.pushFile(rules);
  await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: bench.time.now });
  return ids;
}
const backlogs = () => bench.parts.tasks.backlogs;
const backlog = () => backlogs().get(bench.memberId);
const start = (changed: { rules?: string[]; types?: number[]; since?: number } = {}) =>
  backlogs().start(bench.memberId, { since: bench.time.now - 200 * day, by: 'ada', types: [2, smart], ...changed });
const part = (changed: Parameters<Bench['reconcile']>[0] = {}) => bench.reconcile({ chore: 'backlog', ...changed });
const events = () => bench.events.bodies<EventMessage>();
const found = () => events().map(({ id }) => id);
async function planFound(): Promise<void> {
  await bench.plan(events());
  bench.events.sent.length = 0;
}

describe('a backlog', () => {
  test('names every record lost since then as asked for by a person, whenever the portal was enforced', async () => {
    const ids = await lostLongAgo(60);
    expect(await start()).toBe(true);
    await part();
    expect(found()).toEqual(ids);
    expect(new Set(events().map(({ source }) => source))).toEqual(new Set(['operator']));
    expect(await backlog()).toMatchObject({
      ended: 'finished',
      types: { 2: { found: 60, done: true }, [smart]: { found: 0, done: true } },
    });
    expect(await bench.choreAt('backlog')).toBeNaN();
  });

  test('looks for nothing that was lost before', async () => {
    await lostLongAgo(3);
    await start({ since: bench.time.now - 50 * day });
    await part();
    expect(found()).toEqual([]);
  });

  test('takes 20 pages a minute and leaves the requests to what is new', async () => {
    const ids = await lostLongAgo(1_020);
    await start();
    bench.portal.clearRequests();
    await part();
    expect(found()).toEqual(ids.slice(0, 1_000));
    expect(bench.portal.requests.length).toBeLessThanOrEqual(23);
    expect(await bench.choreAt('backlog')).toBe(bench.time.now + minute);
    expect((await backlog())?.types['2']).toEqual({ afterId: ids[999], found: 1_000, done: false });
    bench.time.now += minute;
    await part();
    expect(found()).toEqual(ids);
    expect((await backlog())?.ended).toBe('finished');
  });

  test('that is killed when a page is on the queue goes on there, and every record gets one task', async () => {
    const ids = await lostLongAgo(170);
    await start({ rules: ['one'] });
    let pages = 0;
    const tasks = watched(bench.database.tables.tasks, {
      before: (operation) => {
        if (operation !== 'update') return;
        pages += 1;
        if (pages === 3) throw new TableUnavailable('killed here');
      },
    });
    const dying = partsOf({ ...bench.database.tables, tasks }, { time: bench.time }).tasks;
    expect(await failureOf(part({ tasks: dying }))).toBeInstanceOf(TableUnavailable);
    expect((await backlog())?.types['2']).toMatchObject({ found: 100, done: false });
    bench.time.now += 15 * minute;
    await part();

    expect(await backlog()).toMatchObject({ ended: 'finished', types: { 2: { found: 170 } } });
    expect(found()).toHaveLength(220);
    await planFound();
    const rows = (await bench.openRows()).map(({ taskId }) => taskId);
    const records = (await bench.parts.tasks.getMany(rows)).map(({ record }) => record.id);
    expect(records.toSorted((a, b) => a - b)).toEqual(ids);
  });

  test('worked at twice at once counts each record once', async () => {
    await lostLongAgo(170);
    await start();
    await Promise.all([part(), part()]);
    for (let more = 0; more < 3; more += 1) await part();
    expect(await backlog()).toMatchObject({ ended: 'finished', types: { 2: { found: 170 } } });
  });

  test('is refused while another runs, and begins anew when that has ended', async () => {
    await lostLongAgo(2);
    expect(await start()).toBe(true);
    expect(await start({ rules: ['one'] })).toBe(false);
    const running = await backlog();
    expect(running?.rules).toBeUndefined();
    expect(running && (await backlogs().end(bench.memberId, running, 'stopped'))).toBe(true);
    await part();
    expect(found()).toEqual([]);
    expect((await backlog())?.ended).toBe('stopped');
    bench.time.now += 1;
    expect(await start({ rules: ['one'] })).toBe(true);
    // Whoever still works at the one before changes nothing.
    expect(running && (await backlogs().end(bench.memberId, running, 'finished'))).toBe(false);
    await part();
    expect(found()).toHaveLength(2);
  });

  test('waits while the portal is paused, and ends with it', async () => {
    await lostLongAgo(2);
    await start();
    await bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'holidays' });
    await part();
    expect(found()).toEqual([]);
    expect(await bench.choreAt('backlog')).toBeGreaterThan(bench.time.now);
    await bench.parts.portals.resume(bench.memberId);
    await bench.parts.portals.change(bench.memberId, { state: 'disconnected' });
    await part();
    expect((await backlog())?.ended).toBe('stopped');
  });

  test('goes on with the other types when one cannot be read, says so, and is given up after an hour of it', async () => {
    const ids = await lostLongAgo(2);
    await start();
    const fault = { when: { method: 'crm.category.list' }, times: 10_000 } as const;
    bench.portal.faults.add({ ...fault, give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' } });
    await part();
    expect(found()).toEqual(ids);
    expect((await backlog())?.trouble).toContain(`type ${smart}`);
    for (let tries = 0; tries < 60; tries += 1) {
      bench.time.now += minute;
      await part();
    }
    expect(await backlog()).toMatchObject({ ended: 'failed', failures: 60 });
  });
});

describe('what a person asks for', () => {
  test('is done by the named rules alone; for the others it counts as found', async () => {
    const [old = 0] = await lostLongAgo(1);
    bench.time.now += hour;
    const fresh = bench.addLostDeal(0);
    await start({ rules: ['one'] });
    await part();
    await planFound();
    const tasks = (await bench.tasks()).map(
      ({ record, rule, source, lane }) => `${record.id} ${rule.id} ${source} ${lane}`,
    );
    expect(tasks.toSorted()).toEqual(
      [`${old} one operator backlog`, `${fresh} one operator backlog`, `${fresh} two reconcile 1`].toSorted(),
    );
  });

  test('is only observed in mode observe, and done when it is asked for again in mode enforce', async () => {
    const [id = 0] = await lostLongAgo(1, 1);
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    await start({ rules: ['one'] });
    await part();
    await planFound();
    await bench.work((await bench.tasks()).map(({ taskId }) => taskId));
    expect((await bench.tasks()).map(({ status }) => status)).toEqual(['observed']);

    await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: bench.time.now });
    bench.time.now += 1;
    for (let again = 0; again < 2; again += 1) {
      await start({ rules: ['one'] });
      await part();
      await planFound();
      await bench.work((await bench.tasks()).map(({ taskId }) => taskId));
      bench.time.now += 1;
    }
    const tasks = (await bench.tasks()).map(({ record, run, status }) => `${record.id} ${run} ${status}`);
    expect(tasks.toSorted()).toEqual([`${id} 0 observed`, `${id} 1 done`]);
  });

  test('takes an open task over, so that it acts on a loss from before the portal enforced', async () => {
    const id = bench.addLostDeal();
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    await bench.plan([bench.event(id)]);
    bench.time.now += hour;
    await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: bench.time.now });
    await bench.plan([bench.event(id, { source: 'operator' })]);
    const [task, ...others] = await bench.tasks();
    expect(others).toEqual([]);
    expect(task).toMatchObject({ source: 'operator', status: 'open', run: 0 });
    await bench.work([task?.taskId ?? '']);
    expect((await bench.tasks())[0]?.status).toBe('done');
  });

  test('goes when its turn has come, and a fresh loss before it', async () => {
    await lostLongAgo(300);
    await start({ rules: ['one'], types: [2] });
    await part();
    await planFound();
    const fresh = bench.addLostDeal(0);
    await bench.plan([bench.event(fresh)]);
    const [first] = await bench.parts.tasks.line.first(bench.memberId, 300);
    expect((await bench.parts.tasks.get(first?.taskId ?? ''))?.record.id).toBe(fresh);
    const waiting = (await bench.tasks()).filter(({ slotAt }) => slotAt !== undefined);
    expect(waiting.length).toBeGreaterThan(0);
    expect(waiting.every(({ lane }) => lane === 'backlog')).toBe(true);
  });
});

describe('what a person asks for holds for rules and portal as they were then', () => {
  const one = '{ id: one, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts] }';
  const late = '{ id: late, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal] }';
  const push = (...lines: string[]) =>
    bench.pushFile(`version: 1\nrules:\n${lines.map((line) => `  - ${line}\n`).join('')}`);

  async function asked(changed: { rules?: string[] } = {}): Promise<number> {
    const id = bench.addLostDeal();
    bench.time.now += 100 * day;
    await push(one);
    await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: bench.time.now });
    await start({ types: [2], ...changed });
    bench.time.now += 10 * minute;
    return id;
  }
  async function rest(): Promise<string[]> {
    bench.time.now += 10 * minute;
    await part();
    await planFound();
    await bench.workFor(10);
    return (await bench.tasks()).map(({ rule, status }) => `${rule.id} ${status}`);
  }

  test('a rule pushed while it is worked off does not act on the past, and the others do', async () => {
    const id = await asked();
    await push(one, late);
    expect(await rest()).toEqual(['one done']);
    expect(bench.portal.item(2, id)).toBeDefined();
  });

  test.each([undefined, ['one']])('a rule that deletes more by now does not act, named as %j', async (named) => {
    const id = await asked(named && { rules: named });
    await push(one.replace('[deal-contacts]', '[deal]'));
    expect(await rest()).toEqual([]);
    expect(bench.portal.item(2, id)).toBeDefined();
  });

  test('a record lost since then is found for the new rule like any other', async () => {
    await asked();
    await push(one, late);
    const fresh = bench.addLostDeal();
    expect((await rest()).toSorted()).toEqual(['late done', 'one done', 'one done'].toSorted());
    expect(bench.portal.item(2, fresh)).toBeUndefined();
  });

  test('asked for in mode observe, nothing is carried out because of a later switch', async () => {
    const id = await asked();
    await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: bench.time.now });
    expect(await rest()).toEqual([]);
    expect(bench.portal.contactsOf(id)).toHaveLength(1);
  });

  test('a record that could not be read then is held to the same moment', async () => {
    const id = await asked();
    const before = await backlog();
    await part();
    bench.portal.faults.add({
      when: { method: 'batch' },
      times: 1,
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
    });
    await planFound();
    const wish = await bench.wish(id);
    expect(wish).toMatchObject({ source: 'operator', askedAt: before?.startedAt });
    await bench.parts.portals.change(bench.memberId, { mode: 'enforce', enforcedAt: bench.time.now });
    await push(one, late);
    await bench.plan(wish ? [wish] : []);
    expect(await rest()).toEqual([]);
    expect(bench.portal.contactsOf(id)).toHaveLength(1);
  });

  test('a rule pushed while a person still types the number of tasks does not act', async () => {
    const id = await asked();
    const [old] = [await bench.createTask(id)];
    const askedAt = bench.time.now;
    bench.time.now += 10 * minute;
    await push(one.replace('[deal-contacts]', '[deal]'));
    const how = { by: 'ada', askedAt, dueAt: bench.time.now, rulesVersion: 3 };
    const { taskId } = await enforceTask(
      { tasks: bench.parts.tasks, clock: bench.time.clock },
      await bench.task(old),
      how,
    );
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'cancelled', reason: 'rule-changed' });
    expect(bench.portal.item(2, id)).toBeDefined();
  });
});
