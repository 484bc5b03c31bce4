import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { RestClient } from '../../../lib/bitrix24/rest-client.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import { type ChoreOptions, runChore } from '../../../lib/tasks/chores.ts';
import { type Chore } from '../../../lib/tasks/due-item.ts';
import { unreadId, allShards } from '../../../lib/tasks/due-ids.ts';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import { planEvents, type PlanOptions } from '../../../lib/tasks/plan.ts';
import { deletionMethods, type RecordKey, type Task } from '../../../lib/tasks/task.ts';
import { type LineOptions, workMessage } from '../../../lib/tasks/work.ts';
import type { WorkOptions } from '../../../lib/tasks/run.ts';
import type { PortalOptions } from '../../../simulator/options.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import {
  Database,
  type HeldTables,
  MemoryQueue,
  Notes,
  type Parts,
  partsOf,
  portalOf,
  TestTime,
} from '../portals/parts.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
export const deletion = 'crm.deal.contact.items.delete';
export const always = Number.POSITIVE_INFINITY;

let seed = 9_000;
/** Far more than a test sends: limits are not what most of them are about. */
const burst = 5_000;

export interface BenchOptions {
  /** The ids of rules that unlink contacts of every lost deal at once. */
  rules?: readonly string[];
  portal?: PortalOptions;
  changed?: Partial<Portal>;
}

/** How a message of the worker comes. */
interface Received {
  receives?: number;
  line?: LineOptions | undefined;
  holder?: string | undefined;
  hops?: number | undefined;
}

/** One simulated portal, connected by a webhook, in mode enforce; planning and deleting over it; a clock that is set. */
export class Bench {
  readonly database: HeldTables;
  readonly simulator: Simulator;
  readonly time: TestTime;
  readonly notes = new Notes();
  readonly parts: Parts;
  readonly deletions = new MemoryQueue();
  readonly events = new MemoryQueue();
  readonly eventsDlq = new MemoryQueue();
  readonly deletionsDlq = new MemoryQueue();

  private constructor(database: HeldTables, simulator: Simulator, time: TestTime) {
    this.database = database;
    this.simulator = simulator;
    this.time = time;
    this.parts = partsOf(database.tables, { time, notes: this.notes });
  }

  static async start(database: HeldTables, { rules = ['one'], portal = {}, changed = {} }: BenchOptions = {}) {
    const time = new TestTime();
    seed += 1;
    const limits = { burst, ...portal.limits };
    const simulator = await startSimulator({ seed, clock: time.clock, portal: { ...portal, limits } });
    const bench = new Bench(database, simulator, time);
    const { memberId, domain } = simulator.portal;
    const row = { domain, connection: 'webhook', limits: { ...ordinaryLimits, burst }, ...changed } as const;
    await bench.parts.portals.create(portalOf(memberId, row));
    await bench.parts.credentials.put({ memberId, kind: 'webhook', url: simulator.portal.createWebhook() });
    await bench.pushRules(rules);
    await bench.beMeasured(0.1);
    return bench;
  }

  /** A deletion of any kind is known to take so many seconds: the first batch need not be a small one. */
  async beMeasured(perCall: number): Promise<void> {
    const use = { operating: 0, resetAt: this.time.now, perCall, at: this.time.now };
    const types = [1, 2, 3, 4, 31, 1030, 1032, 1040, 1044, 1050].map((type) => `crm.item.delete#${type}`);
    const methods = [...deletionMethods, ...types];
    await this.parts.budgets.setOperating(this.memberId, new Map(methods.map((method) => [method, use])));
  }

  close(): Promise<void> {
    return this.simulator.close();
  }

  get portal() {
    return this.simulator.portal;
  }

  get memberId(): string {
    return this.portal.memberId;
  }

  async pushRules(ids: readonly string[]): Promise<void> {
    const rules = ids.map(
      (id) => `
  - id: ${id}
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts]`,
    );
    await this.pushFile(`version: 1\nrules:${rules.join('')}\n`);
  }

  /** Puts a rules file in force; its stages must be codes. */
  async pushFile(source: string): Promise<void> {
    const version = (await this.row()).rulesVersion;
    const before = version === undefined ? undefined : await this.parts.portals.rules(this.memberId, version);
    const next = nextVersion(before, loadRules(source), source, this.time.now - minute, 'test');
    await this.parts.portals.pushRules(this.memberId, next);
  }

  async row(): Promise<Portal> {
    return (await this.parts.portals.get(this.memberId)) as Portal;
  }

  addLostDeal(contacts = 1): number {
    const contactIds = Array.from({ length: contacts }, () => this.portal.addContact({ silent: true }));
    return this.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds });
  }

  /** Links one more contact to the deal, as a person could at any time. */
  link(dealId: number): number {
    const added = this.portal.addContact({ silent: true });
    this.portal.updateDeal(dealId, { contactIds: [...this.portal.contactsOf(dealId), added], silent: true });
    return added;
  }

  createTask(dealId: number, rule = 'one'): Promise<string> {
    return this.taskOf({ entityTypeId: 2, id: dealId }, rule);
  }

  /** A task that is due now, for the move that brought the record into its present stage. */
  async taskOf(
    record: RecordKey,
    rule: string,
    changed: Partial<Pick<Task, 'source' | 'line' | 'slotAt' | 'nextAt'>> = {},
  ): Promise<string> {
    const { movedTime, stageId } = this.portal.item(record.entityTypeId, record.id) ?? {};
    const { taskId } = await this.parts.tasks.create(
      {
        memberId: this.memberId,
        record,
        rule: { id: rule, version: 1 },
        transition: { stageId: String(stageId), movedTime: Date.parse(String(movedTime)) },
        run: 0,
      },
      { source: 'app', history: [], ...changed, nextAt: changed.nextAt ?? this.time.now },
    );
    return taskId;
  }

  async task(taskId: string): Promise<Task> {
    return (await this.parts.tasks.get(taskId)) as Task;
  }

  /** All tasks of the portal, in the order of their deals. */
  async tasks(): Promise<Task[]> {
    const { tasks } = await this.parts.tasks.listByPortal(this.memberId, { limit: 100 });
    return tasks.toSorted((a, b) => a.record.id - b.record.id);
  }

  /** Every row that has not ended, whenever it is due: tasks and records to be read. */
  async openRows(): Promise<{ taskId: string; sk: string }[]> {
    const rows: { taskId: string; sk: string }[] = [];
    for (const shard of allShards) {
      let last: Record<string, unknown> | undefined;
      do {
        const page = await this.parts.tasks.due(shard, Number.MAX_SAFE_INTEGER, 1_000, last);
        rows.push(...page.items.map(({ taskId, sk }) => ({ taskId: String(taskId), sk: String(sk) })));
        last = page.last;
      } while (last);
    }
    const ofPortal = ({ taskId, sk }: { taskId: string; sk: string }) =>
      sk === 'task' || taskId.includes(this.memberId);
    return rows.filter((row) => row.sk !== 'chore' && ofPortal(row));
  }

  /** Receives one message with these tasks; with `line` it goes on with what waits for its turn. */
  work(
    taskIds: string[],
    { receives = 1, line, holder, hops, ...changed }: Partial<WorkOptions> & Received = {},
  ): Promise<number | undefined> {
    const { parts, deletionsDlq, memberId, time } = this;
    return this.database.roles.as('worker', () =>
      workMessage(
        { ...parts, deletionsDlq, ...changed },
        { v: 1, memberId, taskIds, ...(holder !== undefined && { holder }), ...(hops !== undefined && { hops }) },
        { deadline: time.now + 300_000, receives },
        line,
      ),
    );
  }

  /** For so many minutes: what is due is worked at, and what is to come again at once comes again at once. */
  async workFor(minutes: number, changed: Partial<WorkOptions> = {}): Promise<void> {
    const { time } = this;
    for (const end = time.now + minutes * minute; time.now < end; time.now += minute) {
      const open = (await this.tasks()).filter(({ status }) => status === 'open');
      if (open.length === 0) return;
      // Nothing happens before the first of them is due.
      time.now = Math.max(time.now, Math.min(...open.map(({ nextAt = 0 }) => nextAt)));
      const due = open.filter(({ nextAt = 0 }) => nextAt <= time.now);
      const taskIds = due.slice(0, 48).map(({ taskId }) => taskId);
      for (let receives = 1; taskIds.length > 0 && receives < 40; receives += 1) {
        const again = await this.work(taskIds, { ...changed, receives });
        if (again === undefined || again > time.now + minute) break;
        time.now = Math.max(again, time.now + 1);
      }
    }
  }

  event(id: number, changed: Partial<EventMessage> = {}): EventMessage {
    const { memberId, time } = this;
    return { v: 1, memberId, entityTypeId: 2, id, source: 'webhook', receivedAt: time.now, ...changed };
  }

  plan(events: readonly EventMessage[], changed: Partial<PlanOptions> = {}): Promise<EventMessage[]> {
    const { parts, deletions, eventsDlq, time } = this;
    return this.database.roles.as('plan', () =>
      planEvents({ ...parts, deletions, eventsDlq, ...changed }, events, time.now + 120_000),
    );
  }

  /** Lets one round of reconciliation, or another chore, run, or what fits of it into this time. */
  reconcile({
    leftMs = 300_000,
    chore = 'reconcile',
    ...changed
  }: Partial<ChoreOptions> & { leftMs?: number; chore?: Chore['chore'] } = {}): Promise<void> {
    const { parts, events, deletions, memberId, time } = this;
    return this.database.roles.as('reconcile', () =>
      runChore(
        { ...parts, events, deletions, publicUrl: 'https://tidy24.test', ...changed },
        { v: 1, memberId, chore },
        time.now + leftMs,
      ),
    );
  }

  /** The deals that reconciliation has put on the queue. */
  found(): number[] {
    return this.events.bodies<EventMessage>().map(({ id }) => id);
  }

  /** When the clock asks for the chore; undefined when it does not. */
  async choreAt(chore: Chore['chore']): Promise<number | undefined> {
    const row = await this.database.tables.tasks.get({ taskId: `chore:${this.memberId}:${chore}`, sk: 'chore' });
    return row && Number(row['nextAt']);
  }

  /** What the clock would send for a record that could not be read. */
  async wish(id: number): Promise<EventMessage | undefined> {
    const taskId = unreadId(this.memberId, { entityTypeId: 2, id });
    const row = await this.database.tables.tasks.get({ taskId, sk: 'unread' });
    if (!row) return undefined;
    const { receivedAt, source, stamp, attempts, rules, askedAt } = row as unknown as EventMessage;
    return this.event(id, {
      receivedAt,
      source,
      stamp,
      attempts,
      ...(rules && { rules }),
      ...(askedAt !== undefined && { askedAt }),
    });
  }

  /** What a person does after mending what paused the portal: `tidy24 portals resume`. */
  async resume(): Promise<void> {
    await this.parts.portals.resume(this.memberId);
    await this.parts.tasks.hastenPortal(this.memberId);
  }

  /** The sizes of all batches that had such a command. */
  sizes(method: string): number[] {
    return this.portal.requests
      .map(({ commands }) => commands.filter((command) => command.method === method).length)
      .filter((size) => size > 0);
  }

  /** How many such commands were sent. */
  sent(method: string): number {
    return this.sizes(method).reduce((sum, size) => sum + size, 0);
  }
}

/**
 * Gives every test of a file a bench of its own, over one database for all of them: the embedded DynamoDB, unless `start`
 * gives another.
 */
export function eachTestHas(
  take: (bench: Bench) => void,
  options?: BenchOptions,
  start: () => Promise<HeldTables> = () => Database.start(),
): void {
  let database: HeldTables;
  let bench: Bench;
  beforeAll(async () => {
    database = await start();
  });
  afterAll(async () => {
    await database.close();
  });
  beforeEach(async () => {
    bench = await Bench.start(database, options);
    take(bench);
  });
  afterEach(async () => {
    await bench.close();
  });
}

/** What was asked: the method of the request, and how many commands of each method it holds. */
export interface Asked {
  method: string;
  commands: ReadonlyMap<string, number>;
  ids: readonly number[];
}

/** A client with a gateway before the portal: it answers itself, or changes what the portal answered. */
export function through(
  { time, database }: Bench,
  {
    before,
    after,
  }: {
    before?: (asked: Asked) => Response | undefined | Promise<Response | undefined>;
    after?: (asked: Asked, answer: Record<string, never>) => unknown;
  },
): RestClient {
  return new RestClient({
    clock: time.clock,
    fetch: async (input, init) => {
      const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
      const asked = askedBy(url, typeof init?.body === 'string' ? init.body : '{}');
      const early = await database.roles.asNobody(() => before?.(asked));
      if (early) return early;
      const response = await fetch(url, init);
      if (!after) return response;
      const answer = (await response.json()) as Record<string, never>;
      const changed = await database.roles.asNobody(() => after(asked, answer));
      return Response.json(changed, { status: response.status });
    },
  });
}

function askedBy(url: string, body: string): Asked {
  const { cmd = {} } = JSON.parse(body) as { cmd?: Record<string, string> };
  const commands = new Map<string, number>();
  const ids: number[] = [];
  for (const command of Object.values(cmd)) {
    const [method = '', query = ''] = command.split('?');
    commands.set(method, (commands.get(method) ?? 0) + 1);
    ids.push(Number(new URLSearchParams(query).get('id')));
  }
  return { method: url.split('/').at(-1) ?? '', commands, ids };
}
