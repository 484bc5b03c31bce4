import type { Queue } from '../aws/queue.ts';
import type { SessionOptions } from '../portals/session.ts';
import type { DeadEntry } from './dead-message.ts';
import { choreId } from './due-ids.ts';
import { recordKey } from './read-records.ts';
import { type Redrive, redriveAt, redriveOf, redriveRecord, settleMs } from './redrive.ts';
import { type RedriveLook, RedriveReader, wantedBy } from './redrive-look.ts';
import type { TaskStore } from './store.ts';
import type { Task } from './task.ts';

export interface RedriveOptions extends SessionOptions {
  readonly tasks: TaskStore;
  /** For events whose sender is still to be checked: they go back as they are. */
  readonly events: Queue;
  /** Who redrives, for the task's history. */
  readonly by: string;
}

/** What is to become of one dead letter. */
export interface Planned {
  readonly entry: DeadEntry;
  readonly redrive: Redrive;
  /** As it was looked at, for letters about a task. */
  readonly task?: Task | undefined;
}

/** Looks at dead letters again and lets their work go on. Knows nothing of the queue they lie in. */
export class Redriver {
  readonly #options: RedriveOptions;
  readonly #reader: RedriveReader;
  /** Tasks of which a letter goes back already. */
  readonly #planned = new Set<string>();

  constructor(options: RedriveOptions) {
    this.#options = options;
    this.#reader = new RedriveReader(options);
  }

  /** Portals whose records could not be looked at, by member id, with the reason. */
  get troubles(): ReadonlyMap<string, string> {
    return this.#reader.troubles;
  }

  /** Looks at each letter's task, rule, portal and record, and changes nothing. */
  async plan(entries: readonly DeadEntry[]): Promise<Planned[]> {
    const look = await this.#reader.look(entries);
    return entries.map((entry) => {
      const { content } = entry;
      const task = content.kind === 'task' ? look.tasks.get(content.taskId) : undefined;
      if (task === 'unreadable') return { entry, redrive: { do: 'keep', reason: 'task-unreadable' } };
      return { entry, task, redrive: this.#judge(entry, task, look) };
    });
  }

  /**
   * Lets the work go on, by one write to a table (or one message). Only when it has answered `back` may the letter be
   * removed: if this process dies in between, the next redrive finds the task open and removes the letter then.
   */
  async carryOut({ entry, redrive, task }: Planned): Promise<Redrive> {
    if (redrive.do !== 'back') return redrive;
    const { tasks, events, clock, by } = this.#options;
    const { content } = entry;
    const now = clock();
    switch (content.kind) {
      case 'task': {
        const text = `Taken back from the dead letters by ${by}; it had failed with ${content.letter.code}`;
        const history = [{ at: now, what: 'reopened' as const, text: text.slice(0, 600) }];
        return task && (await tasks.reopen(task, history)) ? redrive : { do: 'keep', reason: 'task-changed' };
      }
      case 'record': {
        // Named by a person: like what reconciliation finds, the loss is never too old to be news.
        const wish = { record: content.record, receivedAt: now, source: 'reconcile' as const, nextAt: now };
        await tasks.wantRead(content.memberId, wish);
        return redrive;
      }
      case 'event': {
        const { memberId, entityTypeId, id, receivedAt, source, rules, askedAt, unverified } = content.message;
        const wish = { record: { entityTypeId, id }, receivedAt, source, rules, askedAt, nextAt: now };
        if (unverified) await events.send({ body: content.message, group: memberId });
        else await tasks.wantRead(memberId, wish);
        return redrive;
      }
      case 'chore':
        // A removal, or a backlog, is in its row, which is still there: it is told once and never again.
        if (content.message.chore === 'uninstall' || content.message.chore === 'backlog') {
          await tasks.hasten({ taskId: choreId(content.message.memberId, content.message.chore), sk: 'chore' }, now);
        } else await tasks.wantChore(content.message.memberId, content.message.chore, now);
        return redrive;
      case 'task-message':
      case 'unreadable':
        break;
    }
    return { do: 'keep', reason: 'unreadable-message' };
  }

  #judge(entry: DeadEntry, task: Task | undefined, { tasks, portals }: RedriveLook): Redrive {
    const { content, sentAt } = entry;
    const { memberId = '' } = wantedBy(entry, tasks);
    const situation = portals.get(memberId);
    if (situation === 'unreadable') return { do: 'keep', reason: 'portal-unreadable' };
    const { portal, rules = [], records } = situation ?? {};
    switch (content.kind) {
      case 'task': {
        const rule = rules.find(({ id }) => id === task?.rule.id);
        const record = task && records?.get(recordKey(task.record));
        const now = this.#options.clock();
        return this.#once(content.taskId, redriveOf({ task, sentAt, portal, rule, record, now }), now - sentAt);
      }
      case 'record':
        return redriveRecord(portal, records?.get(recordKey(content.record)));
      case 'event':
        // An event whose sender is not checked yet may be the first that names its portal.
        return !portal && content.message.unverified ? { do: 'back' } : redriveAt(portal);
      case 'task-message':
        // Nothing hangs on this message: each of its tasks stands in the table and comes due, or has ended.
        return { do: 'settled', reason: 'tasks-come-due' };
      case 'chore':
        // What is to be proved is no portal yet.
        return content.message.chore === 'prove' ? { do: 'back' } : redriveAt(portal);
      case 'unreadable':
        break;
    }
    return { do: 'keep', reason: 'unreadable-message' };
  }

  /** A function that died between letter and mark wrote a second letter about the same failure. */
  #once(taskId: string, redrive: Redrive, age: number): Redrive {
    if (redrive.do !== 'back') return redrive;
    if (!this.#planned.has(taskId)) {
      this.#planned.add(taskId);
      return redrive;
    }
    return age < settleMs ? { do: 'keep', reason: 'task-in-work' } : { do: 'settled', reason: 'task-open' };
  }
}
