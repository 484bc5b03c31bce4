import { expect } from '@jest/globals';
import type { Task } from '../../lib/tasks/task.ts';
import type { PortalSnapshot } from '../../simulator/portal-snapshot.ts';
import type { HttpFront } from '../integration/support/http-front.ts';
import type { Tables } from '../integration/portals/parts.ts';
import { keepInvariants } from './invariants.ts';
import { MemoryTables } from '../integration/support/memory-tables.ts';
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
    compare(play, new Oracle(scenario.stages, ready.reconciles).judge(play.log), await world.tasks());
    await keepInvariants(world, play, scenario);
  } finally {
    await world.close();
  }
}

/** After every time that tidy24 has worked, not in the end alone: what is done too early is right in the end. */
function compare(play: Play, states: readonly (readonly State[])[], tasks: readonly Task[]): void {
  for (const { status, reason, deletions = [] } of tasks) {
    countOne(reason === undefined ? status : `${status}: ${reason}`);
    for (const { what, outcome } of deletions) if (status !== 'observed') countOne(`${what} ${outcome?.result}`);
  }
  play.after.forEach((snapshot, index) => {
    const allowed = [...new Set((states[index] ?? []).map((state) => JSON.stringify(shown(state))))];
    countOne(allowed.length === 1 ? 'state determined' : 'several states allowed');
    const actual = shownOn(snapshot);
    if (allowed.includes(JSON.stringify(actual))) return;
    process.stderr.write(`${storyOf(play, tasks)}\nAllowed: ${allowed.length} states after work ${index + 1}\n`);
    expect(actual).toEqual(JSON.parse(allowed[0] ?? 'null'));
  });
}

/** What a person needs to find out why. */
function storyOf({ log }: Play, tasks: readonly Task[]): string {
  const lines = tasks.map(({ rule, record, status, reason = '', history }) =>
    [
      `${rule.id} ${record.entityTypeId}:${record.id} ${status} ${reason}`,
      ...history.map(({ at, text }) => `  ${at} ${text}`),
    ].join('\n'),
  );
  return [...log.map((entry) => JSON.stringify(entry)), ...lines].join('\n');
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

function shownOn({ records, links }: PortalSnapshot): Shown {
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
