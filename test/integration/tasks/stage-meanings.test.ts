import { beforeEach, describe, expect, test } from '@jest/globals';
import { refreshDirectories } from '../../../lib/portals/read-stages.ts';
import { PortalSession } from '../../../lib/portals/session.ts';
import { nextDirectory, stageOf } from '../../../lib/portals/stage-directory.ts';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import { type Bench, day, eachTestHas, hour, minute } from './bench.ts';

let bench: Bench;
const smart = 1044;
let pipeline: number;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(async () => {
  pipeline = bench.portal.addType({ entityTypeId: smart, title: 'Projects' });
  await bench.pushFile(`
version: 1
rules:
  - { id: deals, when: { type: deal, stages: all-lost }, wait: 0m, delete: [deal-contacts] }
  - { id: leads, when: { type: lead, stages: all-lost }, wait: 0m, delete: [contacts] }
  - { id: projects, when: { type: ${smart}, stages: all-lost }, wait: 0m, delete: [contacts] }
`);
});

/** A type, and of it a stage in progress that an administrator may move past the success stage. */
const types = [
  ['deals', 2, 'PREPARATION'],
  ['leads', 1, 'IN_PROCESS'],
  ['items of a smart process', smart, 'PREPARATION'],
] as const;
const pipelineOf = (type: number) => (type === smart ? pipeline : 0);
const stage = (type: number, code: string) => (type === smart ? `DT${smart}_${pipeline}:${code}` : code);
const makeLost = (type: number, code: string) => bench.portal.sortStage(pipelineOf(type), code, 10_000, type);
const add = (type: number, stageId: string) => bench.portal.addItem(type, { stageId, silent: true });
const move = (type: number, id: number, stageId: string) =>
  bench.portal.updateItem(type, id, { stageId, silent: true });
const tell = (type: number, ids: readonly number[], changed: Partial<EventMessage> = {}) =>
  bench.plan(ids.map((id) => bench.event(id, { entityTypeId: type, ...changed })));
const planned = async () => (await bench.tasks()).map(({ record }) => record);
/** What a round does: the directories are looked at every quarter of an hour. */
async function refresh(): Promise<void> {
  const session = new PortalSession(bench.parts, await bench.row(), bench.time.now + minute);
  await refreshDirectories(bench.parts.portals, session, {
    memberId: bench.memberId,
    types: [1, 2, smart],
    clock: bench.time.clock,
  });
}

describe.each(types)('%s in a stage that an administrator makes a lost one', (_name, type, code) => {
  test('are no tasks, and one that is moved there afterwards is', async () => {
    const stageId = stage(type, code);
    const old = [add(type, stageId), add(type, stageId)];
    const later = add(type, stage(type, 'NEW'));
    await refresh();
    bench.time.now += hour;
    makeLost(type, code);
    bench.time.now += minute;
    move(type, later, stageId);
    await refresh(); // A smart process is not contradicted by its own items: its stages are read every 15 minutes.

    await tell(type, [...old, later]);

    expect(await planned()).toEqual([{ entityTypeId: type, id: later }]);
  });

  test('are told apart by their history when they moved within the quarter of an hour in which it was found', async () => {
    const stageId = stage(type, code);
    await refresh();
    bench.time.now += 2 * minute;
    const before = add(type, stage(type, 'NEW'));
    move(type, before, stageId);
    makeLost(type, code);
    const after = add(type, stage(type, 'NEW'));
    move(type, after, stageId);
    bench.time.now += minute;
    await refresh();

    await tell(type, [before, after]);

    expect(await planned()).toEqual([{ entityTypeId: type, id: after }]);
  });

  test('stay none when the directory is read many times later', async () => {
    const stageId = stage(type, code);
    const old = add(type, stageId);
    await refresh();
    bench.time.now += hour;
    makeLost(type, code);
    for (let round = 0; round < 3; round += 1) {
      await refresh();
      bench.time.now += day / 4;
      await tell(type, [old]);
    }
    expect(await planned()).toEqual([]);
  });

  test('are tasks when a person asks for them', async () => {
    const stageId = stage(type, code);
    const old = add(type, stageId);
    await refresh();
    bench.time.now += hour;
    makeLost(type, code);
    await refresh();
    await tell(type, [old], { source: 'operator' });
    expect(await planned()).toEqual([{ entityTypeId: type, id: old }]);
  });
});

describe('a directory', () => {
  const directories = () => bench.portal.calls('crm.status.list').length;

  test('is relied on for 15 minutes, and read anew after them in one request', async () => {
    await refresh();
    bench.time.now += 11 * minute; // Whoever moved earlier is asked for its history besides.
    const items = [add(smart, stage(smart, 'FAIL')), add(smart, stage(smart, 'FAIL'))];
    bench.portal.clearRequests();
    await tell(smart, items.slice(0, 1));
    bench.time.now += 4 * minute;
    await tell(smart, items.slice(1));
    expect(directories()).toBe(0);
    bench.time.now += 1;
    bench.portal.clearRequests();
    await tell(smart, items);
    expect(bench.portal.requests).toHaveLength(2);
    expect(directories()).toBe(1);
    expect(await planned()).toHaveLength(2);
  });

  test('that a lost deal contradicts is read at once', async () => {
    await refresh();
    bench.time.now += minute;
    makeLost(2, 'PREPARATION');
    const id = add(2, 'NEW');
    move(2, id, 'PREPARATION');
    await tell(2, [id]);
    expect(await planned()).toEqual([{ entityTypeId: 2, id }]);
    const known = await bench.parts.portals.stages.get(bench.memberId, 2);
    expect(known && stageOf(known, { categoryId: 0, stageId: 'PREPARATION' })?.lostSince).toBe(bench.time.now);
  });

  test('that does not know a pipeline is read at once', async () => {
    await refresh();
    bench.time.now += minute;
    bench.portal.addPipeline({ id: 90, name: 'Repairs', entityTypeId: smart });
    const id = bench.portal.addItem(smart, { categoryId: 90, stageId: `DT${smart}_90:FAIL`, silent: true });
    await tell(smart, [id]);
    expect(await planned()).toEqual([{ entityTypeId: smart, id }]);
  });

  test.each(['crm.category.list', 'crm.status.list'])(
    'that cannot be read (%s) leaves the records to be read later: none counts as not named',
    async (method) => {
      bench.portal.faults.add({
        when: { method, inBatch: 'command' },
        times: 1,
        give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
      });
      const id = add(smart, stage(smart, 'FAIL'));
      await tell(smart, [id]);
      expect(await planned()).toEqual([]);
      const row = await bench.database.tables.tasks.get({
        taskId: `unread:${bench.memberId}:${smart}:${id}`,
        sk: 'unread',
      });
      expect(row).toMatchObject({ attempts: 1 });
      bench.time.now += minute;
      await tell(smart, [id]);
      expect(await planned()).toEqual([{ entityTypeId: smart, id }]);
    },
  );

  test('whose row cannot be read is read anew', async () => {
    await bench.database.tables.portals.put({ memberId: bench.memberId, sk: `stages#${smart}`, readAt: 'soon' });
    const id = add(smart, stage(smart, 'FAIL'));
    await tell(smart, [id]);
    expect(await planned()).toEqual([{ entityTypeId: smart, id }]);
  });

  test('refreshed by two at once keeps since when each stage is lost', async () => {
    const { stages } = bench.parts.portals;
    const read = (semantics: 'P' | 'F') => new Map([[0, [{ code: 'HOLD', name: 'Hold', semantics }]]]);
    const replace = (at: number, semantics: 'P' | 'F') =>
      stages.replace('two', 2, (before) => nextDirectory(2, before, read(semantics), at));
    await replace(1_000, 'P');
    await Promise.all([2_000, 2_001, 2_002, 2_003].map((at) => replace(at, 'F')));
    const directory = await stages.get('two', 2);
    const { lostSince = 0, notLostAt } = (directory && stageOf(directory, { categoryId: 0, stageId: 'HOLD' })) ?? {};
    expect(lostSince).toBeGreaterThanOrEqual(2_000);
    expect(lostSince).toBeLessThanOrEqual(2_003);
    expect(notLostAt).toBe(1_000);
  });
});
