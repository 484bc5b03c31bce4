import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createUndo } from '../../../lib/tasks/undo/begin-undo.ts';
import { memoryDatabase } from '../support/memory-tables.ts';
import { Database, dyingAt, type HeldTables, partsOf } from '../portals/parts.ts';
import { Bench, through } from '../tasks/bench.ts';
import { comparable, idsOf, tidy } from './undo-bench.ts';

let database: Database;
beforeAll(async () => {
  database = await Database.start();
});
afterAll(() => database.close());

interface Scene {
  readonly bench: Bench;
  readonly before: unknown;
  readonly undoId: string;
}

/** A deal, its contact with a requisite and its company, all deleted; the undo is asked for. */
async function scene(tables: HeldTables): Promise<Scene> {
  const bench = await Bench.start(tables);
  const { portal } = bench;
  const company = portal.addCompany({ title: 'Northwind', silent: true });
  const anna = portal.addContact({ name: 'Anna', silent: true, companyId: company });
  portal.addBankDetail(portal.addRequisite(3, anna, { NAME: 'Anna' }), { NAME: 'Giro' });
  const boris = portal.addContact({ name: 'Boris', silent: true });
  const deal = portal.addDeal({
    title: 'Support',
    stageId: 'LOSE',
    silent: true,
    companyId: company,
    contactIds: [boris, anna],
  });
  portal.setProductRows(2, deal, [{ productName: 'Licence', price: 50, quantity: 2, sort: 10 }]);
  const before = comparable(portal.snapshotState());
  const task = await tidy(bench, { entityTypeId: 2, id: deal }, '[deal-contacts, contacts, company, deal]');
  const undoId = await createUndo({ tasks: bench.parts.tasks, clock: bench.time.clock }, task, {
    recreate: true,
    by: 'test',
  });
  return { bench, before, undoId };
}

/** What is wrong with the portal once the undo has come to its end. */
async function finished({ bench, undoId, before }: Scene, where: string): Promise<string[]> {
  await bench.workFor(240);
  const undone = await bench.task(undoId);
  const after = comparable(bench.portal.snapshotState(), idsOf(undone));
  await bench.close();
  const isSame = JSON.stringify(after) === JSON.stringify(before);
  if (undone.status === 'done' && isSame) return [];
  return [
    `${where}: ${undone.status}, ${JSON.stringify(after)}; ${undone.history.map(({ text }) => text).join(' | ')}`,
  ];
}

describe('an undo', () => {
  // One write in two, by turns before and after it: what lies before one is what lies after the one before.
  test('that dies before or after its writes to the tables is begun anew, and nothing is there twice', async () => {
    const wrong: string[] = [];
    let write = 1;
    for (let isOver = false; !isOver; write += 2) {
      const one = await scene(database);
      const dying = dyingAt(database.tables, write, write % 4 === 1 ? 'before' : 'after');
      await one.bench
        .work([one.undoId], partsOf(dying.tables, { time: one.bench.time, notes: one.bench.notes }))
        .catch(() => undefined);
      isOver = !dying.died();
      wrong.push(...(await finished(one, `write ${write}`)));
    }
    expect(wrong).toEqual([]);
    expect(write).toBeGreaterThan(10);
  }, 180_000);

  test.each(['before', 'after'] as const)(
    'of which any request fails %s the portal has worked on it is tried again, and nothing is there twice',
    async (when) => {
      const memory = memoryDatabase();
      const wrong: string[] = [];
      let requests = 0;
      for (let isOver = false; !isOver;) {
        requests += 1;
        const one = await scene(memory);
        let sent = 0;
        const fail = (): never => {
          throw new TypeError('connection reset');
        };
        const rest = through(one.bench, {
          before: () => {
            sent += 1;
            return when === 'before' && sent === requests ? fail() : undefined;
          },
          after: (_asked, answer) => (when === 'after' && sent === requests ? fail() : answer),
        });
        await one.bench.workFor(240, { rest });
        isOver = sent < requests;
        wrong.push(...(await finished(one, `request ${requests}`)));
      }
      await memory.close();
      expect(wrong).toEqual([]);
      expect(requests).toBeGreaterThan(10);
    },
    180_000,
  );
});
