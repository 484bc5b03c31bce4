import type { Portal } from '../lib/portals/portal.ts';
import type { StoredRule } from '../lib/rules/version.ts';
import { canBeEnforced, type Enforcement, judgeEnforcement, nextRunId } from '../lib/tasks/enforce.ts';
import { lookAgain } from '../lib/tasks/look-again.ts';
import { recordKey } from '../lib/tasks/read-records.ts';
import type { Task } from '../lib/tasks/task.ts';
import { CommandError } from './command-error.ts';
import type { CommandRun } from './command-run.ts';
import type { Deployment } from './deployment.ts';
import { portalOrOnly } from './find-portal.ts';
import { findTasks } from './find-task.ts';
import { commandLine } from './place.ts';
import { portalTasks } from './portal-tasks.ts';
import { Progress } from './progress.ts';
import { unreadableTasks } from './unreadable-tasks.ts';

/** One command plans no more tasks than this. */
export const mostEnforced = 10_000;

/** Which tasks are meant: those with these ids, or those of a rule or a time. */
export interface EnforceChoice {
  readonly portal?: string;
  readonly rule?: string;
  /** ms since the epoch. */
  readonly since?: number;
  readonly until?: number;
}

/** A task, and what would become of it. */
export interface Judged {
  readonly task: Task;
  readonly verdict: Enforcement;
}

/** A portal on which something can be carried out. */
export type Enforced = Portal & { readonly rulesVersion: number };

/** The tasks that are meant, and warnings about them. */
export async function choose(
  deployment: Deployment,
  { io }: CommandRun,
  ids: readonly string[],
  { portal, rule, since, until }: EnforceChoice,
): Promise<{ found: Task[]; warnings: string[] }> {
  if (ids.length > 0) return { found: await findTasks(deployment, ids, portal), warnings: [] };
  const { tasks, clock } = deployment;
  const { memberId } = await portalOrOnly(deployment, portal);
  const progress = new Progress(io);
  const found: Task[] = [];
  const unreadable: string[] = [];
  let read = 0;
  const window = { since, until, unreadable: (taskId: string) => unreadable.push(taskId) };
  for await (const task of portalTasks(tasks, memberId, clock(), window)) {
    read += 1;
    progress.say(() => `${read} tasks looked at, ${found.length} of them are meant`);
    if (!canBeEnforced(task) || (rule !== undefined && task.rule.id !== rule)) continue;
    found.push(task);
    if (found.length > mostEnforced) {
      throw new CommandError(`More than ${mostEnforced} tasks are meant. Take fewer, with --since and --until.`);
    }
  }
  return { found, warnings: unreadableTasks(unreadable, 'left out') };
}

/** @throws CommandError when nothing can be carried out on the portal of these tasks */
export async function portalFor(
  deployment: Deployment,
  found: readonly Task[],
  { portal: id }: EnforceChoice,
): Promise<Enforced> {
  const { portals, place } = deployment;
  const memberIds = new Set(found.map(({ memberId }) => memberId));
  if (memberIds.size > 1) throw new CommandError('These tasks are of several portals. Name those of one at a time.');
  const [memberId] = memberIds;
  const portal = memberId === undefined ? await portalOrOnly(deployment, id) : await portals.get(memberId);
  if (!portal) throw new CommandError('The portal of these tasks is not there any more.');
  const { domain, state, mode, pause, rulesVersion } = portal;
  if (state !== 'active') throw new CommandError(`${domain} is ${state}: nothing can be carried out there.`);
  if (pause) throw new CommandError(`${domain} is paused (${pause.code}): ${pause.reason}`);
  if (mode !== 'enforce') {
    const enforce = commandLine(place, `portals mode ${domain} enforce`);
    throw new CommandError(
      `${domain} is in mode observe, so the same tasks would only be observed again. First: ${enforce}`,
    );
  }
  if (rulesVersion === undefined) throw new CommandError(`${domain} has no rules.`);
  return { ...portal, rulesVersion };
}

/** Looks at the records of all of them again, and says what would become of each. */
export async function judgeAll(
  deployment: Deployment,
  portal: Enforced,
  found: readonly Task[],
  warnings: string[],
): Promise<Judged[]> {
  const { portals, tasks, clock } = deployment;
  const rules = (await portals.rules(portal.memberId, portal.rulesVersion))?.rules ?? [];
  const ruleOf = ({ rule }: Task): StoredRule | undefined => rules.find(({ id }) => id === rule.id);
  const known = [...new Map(found.map((task) => [recordKey(task.record), task])).values()];
  const { records, trouble } = await lookAgain(
    deployment,
    portal,
    known.map(({ record, transition }) => ({ record, stageId: transition.stageId })),
    rules,
  );
  if (trouble !== undefined) warnings.push(`some records could not be looked at before: ${trouble}`);
  const next = await tasks.getMany(found.map(nextRunId));
  const there = new Set(next.filter(({ undo }) => undo === undefined).map(({ taskId }) => taskId));
  return found.map((task) => {
    if (there.has(nextRunId(task))) return { task, verdict: { do: 'keep', reason: 'planned-already' } };
    const record = records.get(recordKey(task.record));
    return { task, verdict: judgeEnforcement(task, record, ruleOf(task), portal, clock()) };
  });
}
