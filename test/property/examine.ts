import { expect } from '@jest/globals';
import type { HttpFront } from '../integration/support/http-front.ts';
import type { Tables } from '../integration/portals/parts.ts';
import { keepInvariants } from './invariants.ts';
import { MemoryTables } from './memory-tables.ts';
import { Oracle, type State } from './oracle.ts';
import { Play } from './play.ts';
import { ready } from './ready.ts';
import type { Scenario } from './scenario.ts';
import { World } from './world.ts';

let portals = 0;

/** What all scenarios came to, to see that they are not about nothing: how often each. */
export const tally = new Map<string, number>();

function countOne(what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

/** Plays a scenario and compares what is left of the portal with what should be. */
export async function examine(scenario: Scenario, front: HttpFront, tables?: Tables): Promise<void> {
  const memory = tables ? undefined : new MemoryTables();
  portals += 1;
  const world = await World.start(tables ?? (memory as MemoryTables).tables, front, portals);
  try {
    const play = new Play(world, scenario, memory);
    await play.run(scenario);
    const oracle = new Oracle(scenario.stages, ready.reconciles);
    const allowed = [...new Set(oracle.judge(play.log).map((state) => JSON.stringify(shown(state))))];
    countOne(allowed.length === 1 ? 'outcome determined' : 'several outcomes allowed');
    for (const { status, reason, deletions = [] } of await world.tasks()) {
      countOne(reason === undefined ? status : `${status}: ${reason}`);
      for (const { what, outcome } of deletions) if (status !== 'observed') countOne(`${what} ${outcome?.result}`);
    }
    const actual = shownOn(world);
    if (!allowed.includes(JSON.stringify(actual))) {
      const tasks = (await world.tasks()).map(({ rule, record, status, reason, history }) => ({
        rule: rule.id,
        record: `${record.entityTypeId}:${record.id}`,
        status,
        reason,
        history: history.map(({ at, text }) => `${at} ${text}`),
      }));
      const story = play.log.map((entry) => JSON.stringify(entry)).join('\n');
      process.stderr.write(`${story}\n${JSON.stringify(tasks, undefined, 1)}\n`);
      expect(actual).toEqual(JSON.parse(allowed[0] ?? 'null'));
    }
    await keepInvariants(world, play, scenario);
  } finally {
    await world.close();
  }
}

interface Shown {
  records: Record<string, unknown>;
  links: Record<string, number[]>;
}

/** What of a state is compared, in one order. */
function shown({ records, links }: State): Shown {
  return inOrder(
    Object.values(records).map(({ type, id, stage, company, parents, reason, amount }) => [
      `${type}:${id}`,
      { stage, company: type === 3 ? 0 : company, parents: present(parents), reason, amount },
    ]),
    links,
  );
}

function shownOn({ portal }: World): Shown {
  const { records, links } = portal.snapshotState();
  return inOrder(
    Object.entries(records).map(([key, { entityTypeId, stageId, companyId, parents, custom }]) => [
      key,
      {
        stage: stageId,
        company: entityTypeId === 3 ? 0 : companyId,
        parents: present(parents),
        reason: custom['ufCrmReason'] ?? '',
        amount: custom['ufCrmAmount'] ?? 0,
      },
    ]),
    Object.fromEntries(Object.entries(links).map(([owner, some]) => [owner, some.map(({ contactId }) => contactId)])),
  );
}

function present(parents: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(parents).filter(([, id]) => id > 0);
}

function inOrder(records: [string, unknown][], links: Readonly<Record<string, readonly number[]>>): Shown {
  const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
  const some = Object.entries(links).filter(([, ids]) => ids.length > 0);
  return {
    records: Object.fromEntries(records.toSorted(byKey)),
    links: Object.fromEntries(
      some.map(([owner, ids]): [string, number[]] => [owner, ids.toSorted((a, b) => a - b)]).toSorted(byKey),
    ),
  };
}
