import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DeletionMessage } from '../../../lib/tasks/messages.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { Database, dyingAt, type HeldTables, partsOf } from '../portals/parts.ts';
import { memoryDatabase } from '../support/memory-tables.ts';
import { Bench, day, hour } from './bench.ts';
import { runUntil } from './run-until.ts';

let database: Database;
beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});

/** More than either part writes or asks. */
const farEnough = 60;

/** A deal that was just lost, and a rule that unlinks its contacts a day later and comments on it. */
async function stage(tables: HeldTables) {
  const bench = await Bench.start(tables);
  await bench.pushFile(`
version: 1
rules:
  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 24h, delete: [deal-contacts], comment: true }
`);
  const dealId = bench.addLostDeal();
  await bench.plan([bench.event(dealId)]);
  return { bench, dealId, lostAt: bench.time.now };
}

/** What is wrong when all is over. */
async function complaints({ bench, dealId }: Awaited<ReturnType<typeof stage>>): Promise<string[]> {
  const [task] = (await bench.tasks()) as [Task];
  const comments = bench.portal.commentsOf(2, dealId);
  const saying = (text: string) => comments.filter((comment) => comment.includes(text)).length;
  return [
    ...(task.status === 'done' ? [] : [`the task is ${task.status} ${task.reason ?? ''}`]),
    ...(bench.portal.contactsOf(dealId).length > 0 ? ['contacts are still linked'] : []),
    ...(saying('When:') === 1 ? [] : [`announced ${saying('When:')} times`]),
    ...(saying('Ended:') === 1 ? [] : [`reported ${saying('Ended:')} times`]),
    ...(task.announcement?.state === 'written' ? [] : [`the announcement is ${task.announcement?.state ?? ''}`]),
    ...(task.report?.state === 'written' ? [] : [`the report is ${task.report?.state ?? ''}`]),
    ...(task.nextAt === undefined ? [] : ['it is still due']),
  ];
}

describe('a worker that dies at any of its writes, before it or after it', () => {
  test.each(['before', 'after'] as const)(
    'leaves one comment before and one afterwards: %s',
    async (when) => {
      const found: string[] = [];
      let places = 0;
      for (let died = true; died && places < farEnough;) {
        places += 1;
        const here = await stage(database);
        const { bench, lostAt } = here;
        const dying = dyingAt(database.tables, places, when);
        const parts = partsOf(dying.tables, { time: bench.time, notes: bench.notes });
        // The process that dies sees the first hour and the moment of the deletion; another one goes on.
        const taskIds = bench.deletions.bodies<DeletionMessage>().flatMap((message) => message.taskIds);
        bench.deletions.sent.length = 0;
        await bench.work(taskIds, parts).catch(() => undefined);
        if (!dying.died()) {
          bench.time.now = lostAt + day + 1;
          await bench.work(taskIds, parts).catch(() => undefined);
        }
        died = dying.died();
        await runUntil(bench, lostAt + day + 12 * hour);
        found.push(...(await complaints(here)).map((text) => `write ${places}, ${when}: ${text}`));
        await bench.close();
      }
      expect(found).toEqual([]);
      expect(places).toBeGreaterThan(8);
      expect(places).toBeLessThan(farEnough);
    },
    120_000,
  );
});

const faults: [string, Fault][] = [
  ['is reset after the work', { type: 'reset', work: 'after' }],
  ['is reset before the work', { type: 'reset', work: 'before' }],
  ['is a page of a gateway, after the work', { type: 'html', status: 504, work: 'after' }],
];

describe('a portal any of whose answers', () => {
  test.each(faults)(
    '%s has one comment before and one afterwards',
    async (_name, give) => {
      const memory = memoryDatabase();
      const found: string[] = [];
      let requests = 0;
      for (let hits = 1; hits > 0 && requests < farEnough;) {
        requests += 1;
        const here = await stage(memory);
        const { bench, lostAt } = here;
        const fault = bench.portal.faults.add({ when: { inBatch: 'envelope', nth: requests }, times: 1, give });
        await runUntil(bench, lostAt + 2 * day);
        ({ hits } = fault);
        found.push(...(await complaints(here)).map((text) => `request ${requests}: ${text}`));
        await bench.close();
      }
      await memory.close();
      expect(found).toEqual([]);
      expect(requests).toBeGreaterThan(4);
      expect(requests).toBeLessThan(farEnough);
    },
    120_000,
  );
});
