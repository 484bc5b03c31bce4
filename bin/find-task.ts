import type { Task } from '../lib/tasks/task.ts';
import { CommandError, UsageError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { portalOrOnly } from './find-portal.ts';
import { commandLine } from './place.ts';
import { portalTasks } from './portal-tasks.ts';
import { unreadableTasks } from './unreadable-tasks.ts';

/** More ids than one command takes make no sense to type. */
const mostIds = 1_000;

/**
 * The tasks with these ids, or these first digits of ids, in their order. Digits are looked for in one portal.
 *
 * @throws UsageError when one cannot be an id, CommandError when there is none or several begin so
 */
export async function findTasks(
  deployment: Deployment,
  ids: readonly string[],
  portalId: string | undefined,
): Promise<Task[]> {
  const all = [...new Set(ids.map((id) => id.toLowerCase()))];
  if (all.length > mostIds) throw new UsageError(`${mostIds} tasks at most can be named at a time`);
  if (!all.every((digits) => /^[0-9a-f]{8,64}$/.test(digits))) {
    throw new UsageError('A task is named by its id, or by its first digits: 8 at least, of 0-9 and a-f');
  }
  const short = all.filter((digits) => digits.length < 64);
  const found = short.length === 0 ? new Map<string, Task>() : await byDigits(deployment, short, portalId);
  const tasks: Task[] = [];
  for (const digits of all) {
    const task = found.get(digits) ?? (digits.length === 64 ? await byId(deployment, digits) : undefined);
    if (!task) {
      const list = commandLine(deployment.place, 'tasks list');
      throw new CommandError(`There is no task ${digits}. See which there are with: ${list}`);
    }
    tasks.push(task);
  }
  return [...new Map(tasks.map((task) => [task.taskId, task])).values()];
}

/** The only task with this id or these first digits. */
export async function findTask(deployment: Deployment, id: string, portalId: string | undefined): Promise<Task> {
  const [task] = await findTasks(deployment, [id], portalId);
  if (!task) throw new CommandError(`There is no task ${id}`);
  return task;
}

async function byId({ tasks }: Deployment, taskId: string): Promise<Task | undefined> {
  try {
    return await tasks.get(taskId);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ZodError') throw error;
    throw new CommandError(unreadableTasks([taskId], 'not shown').join(''), { cause: error });
  }
}

async function byDigits(
  deployment: Deployment,
  wanted: readonly string[],
  portalId: string | undefined,
): Promise<Map<string, Task>> {
  const { tasks, clock } = deployment;
  const { memberId, domain } = await portalOrOnly(deployment, portalId);
  const found = new Map<string, Task>();
  const unreadable = (taskId: string): void => {
    if (!wanted.some((digits) => taskId.startsWith(digits))) return;
    throw new CommandError(unreadableTasks([taskId], 'not shown').join(''));
  };
  for await (const task of portalTasks(tasks, memberId, clock(), { unreadable })) {
    for (const digits of wanted.filter((some) => task.taskId.startsWith(some))) {
      if (found.has(digits)) {
        throw new CommandError(`Several tasks of ${domain} begin with ${digits}. Give more digits.`);
      }
      found.set(digits, task);
    }
  }
  return found;
}
