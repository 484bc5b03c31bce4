import type { Portal } from '../portals/portal.ts';
import type { SessionOptions } from '../portals/session.ts';
import { UnreadableRow } from '../portals/unreadable-row.ts';
import type { StoredRule } from '../rules/version.ts';
import type { DeadEntry } from './dead-message.ts';
import { each } from './each.ts';
import { type Known, lookAgain } from './look-again.ts';
import type { Records } from './read-records.ts';
import type { TaskStore } from './store.ts';
import type { Task } from './task.ts';

/** A row that another version wrote cannot be judged, and concerns its own letter alone. */
export type Found<T> = T | 'unreadable';

/** A portal as far as a redrive looks at it. */
export interface Situation {
  readonly portal: Portal | undefined;
  readonly rules: readonly StoredRule[];
  /** Its records as they were read just now, so far as they could be. */
  readonly records: Records;
}

export interface RedriveLook {
  readonly tasks: ReadonlyMap<string, Found<Task>>;
  readonly portals: ReadonlyMap<string, Found<Situation>>;
}

const nowhere: Situation = { portal: undefined, rules: [], records: new Map() };

/** Reads everything that redriving these letters depends on: each task, portal and record once. */
export class RedriveReader {
  readonly #options: SessionOptions & { readonly tasks: TaskStore };
  /** Portals that did not answer, and what they said: they are not asked again. */
  readonly troubles = new Map<string, string>();

  constructor(options: SessionOptions & { readonly tasks: TaskStore }) {
    this.#options = options;
  }

  async look(entries: readonly DeadEntry[]): Promise<RedriveLook> {
    const tasks = new Map<string, Found<Task>>();
    const ids = entries.flatMap(({ content }) => (content.kind === 'task' ? [content.taskId] : []));
    await each([...new Set(ids)], async (taskId) => {
      const task = await this.#options.tasks.get(taskId).catch(unreadable);
      if (task) tasks.set(taskId, task);
    });

    const wanted = new Map<string, Known[]>();
    for (const { memberId, records } of entries.map((entry) => wantedBy(entry, tasks))) {
      if (memberId !== undefined) wanted.set(memberId, [...(wanted.get(memberId) ?? []), ...records]);
    }
    const portals = new Map<string, Found<Situation>>();
    await each([...wanted], async ([memberId, keys]) => {
      portals.set(memberId, await this.#situation(memberId, keys).catch(unreadable));
    });
    return { tasks, portals };
  }

  async #situation(memberId: string, keys: readonly Known[]): Promise<Situation> {
    const { portals } = this.#options;
    const portal = await portals.get(memberId);
    if (!portal) return nowhere;
    const version = portal.rulesVersion;
    const rules = (version === undefined ? undefined : await portals.rules(memberId, version))?.rules ?? [];
    if (keys.length === 0 || this.troubles.has(memberId)) return { portal, rules, records: new Map() };
    const { records, trouble } = await lookAgain(this.#options, portal, keys, rules);
    if (trouble !== undefined) this.troubles.set(memberId, trouble);
    return { portal, rules, records };
  }
}

/** The portal that a letter is about, and the records of it that are worth a look. */
export function wantedBy(
  { content }: DeadEntry,
  tasks: RedriveLook['tasks'],
): { memberId?: string; records: readonly Known[] } {
  switch (content.kind) {
    case 'task': {
      const task = tasks.get(content.taskId);
      if (task === undefined || task === 'unreadable') return { records: [] };
      return {
        memberId: task.memberId,
        records: task.status === 'failed' ? [{ record: task.record, stageId: task.transition.stageId }] : [],
      };
    }
    case 'record':
      return { memberId: content.memberId, records: [{ record: content.record }] };
    case 'event':
    case 'chore':
      return { memberId: content.message.memberId, records: [] };
    case 'task-message':
    case 'unreadable':
      break;
  }
  return { records: [] };
}

/** @throws unless the row is what is wrong: that a table does not answer concerns all letters */
function unreadable(error: unknown): 'unreadable' {
  if (error instanceof UnreadableRow || (error instanceof Error && error.name === 'ZodError')) return 'unreadable';
  throw error;
}
