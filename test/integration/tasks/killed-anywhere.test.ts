import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault } from '../../../simulator/faults/fault.ts';
import { memoryDatabase } from '../support/memory-tables.ts';
import { Database, dyingAt, type HeldTables, partsOf } from '../portals/parts.ts';
import { Bench } from './bench.ts';

let database: Database;
beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});

const process = 1044;
/** More than any of the rules here writes or asks. */
const farEnough = 60;

const everything = [
  'deal-contacts',
  'company-contacts',
  `{ items: { type: ${process} } }`,
  'contacts',
  'company',
  'deal',
];
const rules: [string, string[]][] = [
  ['everything there is', everything],
  ['the links of a deal, then its contacts', ['deal-contacts', 'contacts']],
  ['a company alone', ['company']],
];

/** A lost deal with all that can hang on it, and the like of everybody else. */
async function stage(tables: HeldTables, entries: readonly string[]) {
  const bench = await Bench.start(tables);
  const { portal } = bench;
  portal.addType({ entityTypeId: process, title: 'Project' });
  const companyId = portal.addCompany({ silent: true });
  const contactIds = [portal.addContact({ silent: true, companyId }), portal.addContact({ silent: true })];
  const dealId = portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds });
  const items = [1, 2].map(() => portal.addItem(process, { parents: { 2: dealId }, silent: true }));
  const colleague = portal.addContact({ silent: true, companyId });
  const otherDeal = portal.addDeal({ stageId: 'LOSE', silent: true, companyId, contactIds: [colleague] });
  const foreign = portal.addItem(process, { parents: { 2: otherDeal }, silent: true });
  await bench.pushFile(`
version: 1
rules:
  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: [${entries.join(', ')}] }
`);
  const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
  const named = (word: string, type: number, ids: readonly number[]) =>
    entries.includes(word) ? ids.map((id) => [type, id] as const) : [];
  const doomed = [
    ...named('contacts', 3, contactIds),
    ...named('company', 4, [companyId]),
    ...named('deal', 2, [dealId]),
    ...(entries.length > 2 ? items.map((id) => [process, id] as const) : []),
  ];
  const others = [[3, colleague] as const, [2, otherDeal] as const, [process, foreign] as const];
  return { bench, taskId, dealId, doomed, others };
}
type Stage = Awaited<ReturnType<typeof stage>>;

/** What is wrong after the dust has settled; nothing should be. */
async function complaints({ bench, taskId, dealId, doomed, others }: Stage): Promise<string[]> {
  const { portal, parts } = bench;
  const task = await bench.task(taskId);
  const isThere = ([type, id]: readonly [number, number]) => portal.item(type, id) !== undefined;
  const kept = (await parts.snapshots.get(taskId)).flatMap(({ records }) =>
    records.map(({ entityTypeId, id }) => `${entityTypeId}:${id}`),
  );
  const unlinks = task.deletions?.some(({ what }) => what === 'deal-contacts') === true;
  return [
    ...(task.status === 'done' ? [] : [`the task is ${task.status} ${task.reason ?? ''}`]),
    ...doomed.filter(isThere).map(([type, id]) => `${type}/${id} is still there`),
    ...others.filter((one) => !isThere(one)).map(([type, id]) => `${type}/${id} of somebody else is gone`),
    ...(unlinks && portal.contactsOf(dealId).length > 0 ? ['contacts are still linked'] : []),
    ...(task.deletions ?? [])
      .filter(({ outcome }) => outcome?.result !== 'deleted' && outcome?.result !== 'already-gone')
      .map(({ what, outcome }) => `${what} is recorded as ${outcome?.result ?? 'open'}`),
    ...doomed
      .filter((one) => !isThere(one) && !kept.includes(one.join(':')))
      .map(([type, id]) => `${type}/${id} was deleted without a snapshot`),
  ];
}

describe('a worker that dies at any of its writes, before it or after it', () => {
  test.each(rules)(
    'finishes all the same: %s',
    async (_name, entries) => {
      const found: string[] = [];
      let places = 0;
      for (let died = true; died && places < farEnough;) {
        places += 1;
        // After one write and before the next is the same but for the answer: each place is tried in one of the ways.
        for (const when of [places % 2 === 0 ? ('before' as const) : ('after' as const)]) {
          const here = await stage(database, entries);
          const { bench, taskId } = here;
          const dying = dyingAt(database.tables, places, when);
          const parts = partsOf(dying.tables, { time: bench.time, notes: bench.notes });
          await bench.work([taskId], parts).catch(() => undefined);
          died = dying.died();
          await bench.workFor(60);
          found.push(...(await complaints(here)).map((text) => `write ${places}, ${when}: ${text}`));
          await bench.close();
        }
      }
      expect(found).toEqual([]);
      expect(places).toBeGreaterThan(4);
      expect(places).toBeLessThan(farEnough);
    },
    120_000,
  );
});

const faults: [string, Fault][] = [
  ['is reset after the work', { type: 'reset', work: 'after' }],
  ['is a page of a gateway, after the work', { type: 'html', status: 504, work: 'after' }],
];

describe('a portal any of whose answers', () => {
  test.each(faults)(
    '%s loses all that the rule names, once, and nothing else',
    async (_name, give) => {
      const memory = memoryDatabase();
      const found: string[] = [];
      let requests = 0;
      for (let hits = 1; hits > 0 && requests < farEnough;) {
        requests += 1;
        const here = await stage(memory, everything);
        const { bench } = here;
        const fault = bench.portal.faults.add({ when: { inBatch: 'envelope', nth: requests }, times: 2, give });
        await bench.workFor(90);
        ({ hits } = fault);
        found.push(...(await complaints(here)).map((text) => `request ${requests}: ${text}`));
        await bench.close();
      }
      await memory.close();
      expect(found).toEqual([]);
      expect(requests).toBeGreaterThan(8);
      expect(requests).toBeLessThan(farEnough);
    },
    120_000,
  );
});
