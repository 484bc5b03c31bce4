import { beforeEach, describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import { failureOf, partsOf, watched } from '../portals/parts.ts';
import { type Bench, eachTestHas, day, deletion, hour } from './bench.ts';

let bench: Bench;
let dealId: number;
let taskId: string;

eachTestHas((fresh) => {
  bench = fresh;
});
beforeEach(async () => {
  dealId = bench.addLostDeal(2);
  taskId = await bench.createTask(dealId);
});

/** The first try gets as far as the deletion, which the portal refuses for its operating time. */
async function tryInVain(): Promise<void> {
  bench.portal.faults.add({
    when: { method: deletion, inBatch: 'command' },
    give: { type: 'error', error: 'OPERATION_TIME_LIMIT', description: 'Method is blocked.' },
  });
  await bench.work([taskId]);
  expect((await bench.task(taskId)).status).toBe('open');
  bench.time.now += hour;
}

/** Contacts of the deal by snapshot. */
const snapshots = async () =>
  (await bench.parts.snapshots.get(taskId)).map(({ dealContacts }) =>
    dealContacts.flatMap(({ links }) => links.map(({ CONTACT_ID }) => CONTACT_ID)),
  );

describe('a deal that changes between two tries', () => {
  test('keeps the snapshot of the first look, and no other when nothing was added', async () => {
    const linked = bench.portal.contactsOf(dealId);
    await tryInVain();
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({ status: 'done', snapshots: 1 });
    expect(await snapshots()).toEqual([linked]);
  });

  test('gets a further snapshot when a contact was linked: it is lost by nobody', async () => {
    const linked = bench.portal.contactsOf(dealId);
    await tryInVain();
    const added = bench.link(dealId);
    await bench.work([taskId]);
    expect(await bench.task(taskId)).toMatchObject({
      status: 'done',
      snapshots: 2,
      deletions: [{ contactIds: [...linked, added], outcome: { result: 'deleted' } }],
    });
    expect(await snapshots()).toEqual([linked, [...linked, added]]);
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
  });

  test('gets one for each try that finds more', async () => {
    await tryInVain();
    const first = bench.link(dealId);
    await tryInVain();
    const second = bench.link(dealId);
    await bench.work([taskId]);
    expect((await snapshots()).map((contacts) => contacts.length)).toEqual([2, 3, 4]);
    expect((await snapshots()).at(-1)).toEqual(expect.arrayContaining([first, second]));
  });

  test('gets none when a contact was only unlinked; the task still names it', async () => {
    const [kept, unlinked] = bench.portal.contactsOf(dealId);
    await tryInVain();
    bench.portal.updateDeal(dealId, { contactIds: [kept ?? 0], silent: true });
    await bench.work([taskId]);
    expect(await snapshots()).toEqual([[kept, unlinked]]);
    expect((await bench.task(taskId)).deletions?.[0]?.contactIds).toEqual([kept, unlinked]);
  });

  test('is deleted only when the further snapshot is stored and noted', async () => {
    await tryInVain();
    bench.link(dealId);
    for (const name of ['snapshots', 'tasks'] as const) {
      const down = watched(bench.database.tables[name], {
        before: (operation) => {
          if (operation === (name === 'snapshots' ? 'put' : 'update')) throw new TableUnavailable('down');
        },
      });
      const broken = partsOf({ ...bench.database.tables, [name]: down }, { time: bench.time });
      expect(await failureOf(bench.work([taskId], broken))).toBeInstanceOf(TableUnavailable);
    }
    expect(bench.portal.contactsOf(dealId)).toHaveLength(3);
    await bench.work([taskId]);
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
  });

  test('loses no contact when the function died between the snapshot and the note of it', async () => {
    const dying = watched(bench.database.tables.tasks, {
      before: (operation) => {
        if (operation === 'update') throw new TableUnavailable('killed here');
      },
    });
    await failureOf(bench.work([taskId], partsOf({ ...bench.database.tables, tasks: dying }, { time: bench.time })));
    expect(await snapshots()).toHaveLength(1);
    const added = bench.link(dealId);
    await bench.work([taskId]);
    expect(bench.portal.contactsOf(dealId)).toEqual([]);
    expect((await snapshots()).flat()).toContain(added);
  });
});

describe('an old snapshot', () => {
  const parkedFor = async (ms: number) => {
    await tryInVain();
    await bench.parts.portals.pause(bench.memberId, { code: 'by-hand', reason: 'holidays' });
    bench.time.now += ms;
    await bench.resume();
    await bench.work([taskId]);
    expect((await bench.task(taskId)).status).toBe('done');
  };

  test('is taken anew before the deletion, so that undo is possible for 30 days from then on', async () => {
    const linked = bench.portal.contactsOf(dealId);
    await parkedFor(31 * day);
    expect(await bench.task(taskId)).toMatchObject({ snapshots: 2, deletions: [{ contactIds: linked }] });
    bench.time.now += 29 * day;
    expect(await snapshots()).toEqual([linked]);
  });

  test('is good enough for a day', async () => {
    await parkedFor(20 * hour);
    expect((await bench.task(taskId)).snapshots).toBe(1);
  });
});
