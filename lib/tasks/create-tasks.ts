import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { BudgetStore } from '../portals/budgets.ts';
import { closedUntil } from '../portals/operating.ts';
import type { Portal } from '../portals/portal.ts';
import { dueAt } from '../rules/due.ts';
import type { StoredRule } from '../rules/version.ts';
import { each } from './each.ts';
import type { FoundRecord } from './own-transition.ts';
import { lineOf, toBeginWith } from './line.ts';
import { laneOf, paceOf } from './pace.ts';
import { claimMs } from './schedule.ts';
import type { Sendable } from './send-due.ts';
import type { TaskStore } from './store.ts';
import type { Task } from './task.ts';
import type { Wanted } from './wanted.ts';

export interface CreateOptions {
  readonly tasks: TaskStore;
  readonly budgets: BudgetStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** A person may ask for the same again so often, after it was only observed. */
const maxRuns = 20;

/** What a rule calls for. */
export interface Planned {
  readonly wish: Wanted;
  readonly rule: StoredRule;
  readonly record: FoundRecord;
  readonly source: Wanted['source'];
}

/**
 * Writes a task for each of these, unless it is there. Who is due now is sent now as far as the pace of its lane allows;
 * the others wait in the table for their turn.
 *
 * @returns what is to be sent
 */
export async function createTasks(
  options: CreateOptions,
  portal: Portal,
  version: number,
  planned: readonly Planned[],
): Promise<Sendable[]> {
  const { budgets, clock } = options;
  const { memberId } = portal;
  const now = clock();
  const isDue = ({ rule, record }: Planned) => dueAt(rule, record) <= now;
  // What is to be announced goes to the worker before its time: it looks at the record first, and then waits.
  const goes = (one: Planned) => isDue(one) || isCommented(one, portal);
  await each(
    planned.filter((one) => !goes(one)),
    (one) => createTask(options, portal, version, one, { nextAt: dueAt(one.rule, one.record), due: false }),
  );

  const lanes = Map.groupBy(planned.filter(goes), ({ source, record }) => laneOf(source, record));
  if (lanes.size === 0) return [];
  const uses = await budgets.operating(memberId);
  const pace = paceOf(portal, uses, now);
  const send: Sendable[] = [];
  const inLine: (Sendable & Pick<Task, 'line'>)[] = [];
  for (const [lane, some] of lanes) {
    const slots = await budgets.takeSends(memberId, lane, pace, some.length);
    // Turns are counted from when they were asked for, and that took a moment.
    const asked = clock();
    let unused = 0;
    await each(
      some.map((one, index) => ({ one, slot: slots[index] ?? now })),
      async ({ one, slot }) => {
        const isNow = slot <= asked;
        // To be announced is no reason to be late.
        const latest = isDue(one) ? Number.POSITIVE_INFINITY : dueAt(one.rule, one.record);
        // What is sent now is claimed like what the clock sends: were the message lost, it would come due again.
        const when = isNow
          ? { nextAt: Math.min(now + claimMs, latest) }
          : { nextAt: Math.min(slot, latest), slotAt: slot };
        const taskId = await createTask(options, portal, version, one, { ...when, due: isNow });
        if (taskId === undefined) unused += 1;
        else if (isNow) send.push({ memberId, taskId });
        else inLine.push({ memberId, taskId, line: lineOf(memberId, one.rule) });
      },
    );
    // Told of twice, or planned before: its turn is another's.
    await budgets.giveBackSends(memberId, lane, pace, unused);
  }
  if (send.length > 0 || inLine.length === 0) return send;
  // Where nobody is at work at the portal, nobody has to wait: who does these goes on with the others.
  const isClosed = (method: string): boolean => closedUntil(method, uses, portal.limits, clock()) !== undefined;
  return toBeginWith(await options.tasks.line.state(memberId), inLine, isClosed);
}

/** Gives the id of the task; undefined when it was there. */
async function createTask(
  { tasks, clock, log, count }: CreateOptions,
  portal: Pick<Portal, 'memberId' | 'mode'>,
  version: number,
  planned: Planned,
  { due, ...when }: Pick<Task, 'slotAt'> & { nextAt: number; due: boolean },
): Promise<string | undefined> {
  const { wish, rule, record, source } = planned;
  const { memberId, mode } = portal;
  const { stageId, movedTime } = record;
  const text =
    `Lost in stage ${stageId} since ${new Date(movedTime).toISOString()}; rule ${rule.id}, version ${version}, ` +
    `by ${source}; the event came at ${new Date(wish.receivedAt).toISOString()}`;
  const history = [{ at: clock(), what: 'planned' as const, text }];
  const askedAt = source === 'operator' ? (wish.askedAt ?? wish.receivedAt) : undefined;
  const comments = isCommented(planned, portal) ? commentsFor(rule, record, clock()) : {};
  const acts = mode === 'enforce' && rule.mode !== 'observe';
  for (let run = 0; run < maxRuns; run += 1) {
    const { created, taskId } = await tasks.create(
      {
        memberId,
        record: wish.record,
        rule: { id: rule.id, version },
        transition: { stageId, movedTime },
        run,
      },
      { ...when, ...comments, lane: laneOf(source, record), line: lineOf(memberId, rule), source, askedAt, history },
    );
    if (created) {
      count('TasksPlanned');
      log.info('task planned', { taskId, memberId, ...wish.record, rule: rule.id, due });
      return taskId;
    }
    if (askedAt === undefined || !(await isOver(tasks, taskId, { acts, askedAt, history }))) return undefined;
  }
  return undefined;
}

/** Whether people are told of it in the timeline: never where nothing is written to the portal. */
function isCommented({ rule }: Planned, { mode }: Pick<Portal, 'mode'>): boolean {
  return rule.comment && rule.mode !== 'observe' && mode === 'enforce';
}

/** What comes at once is told of when it is done. */
function commentsFor(rule: StoredRule, record: FoundRecord, now: number): Pick<Task, 'announcement' | 'report'> {
  const report = { state: 'promised' as const, at: now, tries: 0 };
  return dueAt(rule, record) <= now ? { report } : { report, announcement: { ...report, state: 'owed' } };
}

/** Whether what a person asks for came to nothing before, and is to be done now. A task that is open is theirs then. */
async function isOver(
  tasks: TaskStore,
  taskId: string,
  { acts, askedAt, history }: { acts: boolean; askedAt: number; history: Task['history'] },
): Promise<boolean> {
  const task = await tasks.get(taskId);
  if (task?.status === 'open') await tasks.askFor(taskId, askedAt, history);
  return acts && (task?.status === 'observed' || task?.status === 'cancelled');
}
