import { setTimeout as delay } from 'node:timers/promises';
import { createDynamoDbClient } from '../../../lib/aws/clients.ts';
import type { OutgoingMessage, Queue } from '../../../lib/aws/queue.ts';
import { openTable, type Table, TableUnavailable } from '../../../lib/aws/table.ts';
import type { Count, Log, MetricName } from '../../../lib/aws/telemetry.ts';
import { ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { RestClient } from '../../../lib/bitrix24/rest-client.ts';
import { BudgetStore } from '../../../lib/portals/budgets.ts';
import { CapStore } from '../../../lib/portals/caps.ts';
import type { Caps } from '../../../lib/portals/caps-schema.ts';
import { CredentialStore } from '../../../lib/portals/credentials.ts';
import { KillSwitch } from '../../../lib/portals/kill-switch.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import type { SessionOptions } from '../../../lib/portals/session.ts';
import { PortalStore } from '../../../lib/portals/store.ts';
import { SnapshotStore } from '../../../lib/tasks/snapshots.ts';
import { TaskStore } from '../../../lib/tasks/store.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/embedded-aws.ts';
import { HeldRoles } from '../support/held-roles.ts';

export type TableName = 'portals' | 'credentials' | 'tasks' | 'snapshots';
export type Tables = Record<TableName, Table>;

/** The tables, and who calls them held against the roles. */
export interface HeldTables {
  readonly tables: Tables;
  readonly roles: HeldRoles;
  close(): Promise<void>;
}

/** The tables of serverless.yml on an embedded server. One for a file of tests: each test takes member ids of its own. */
export class Database implements HeldTables {
  readonly tables: Tables;
  readonly aws: EmbeddedAws;
  /** What runs as a function may call what its role allows. */
  readonly roles: HeldRoles;
  readonly #client: ReturnType<typeof createDynamoDbClient>;

  private constructor(aws: EmbeddedAws, roles: HeldRoles) {
    this.aws = aws;
    this.roles = roles;
    this.#client = createDynamoDbClient();
    const table = (name: string) => openTable(this.#client, aws.environment[name] ?? '');
    this.tables = {
      portals: table('PORTALS_TABLE'),
      credentials: table('CREDENTIALS_TABLE'),
      tasks: table('TASKS_TABLE'),
      snapshots: table('SNAPSHOTS_TABLE'),
    };
  }

  static async start(): Promise<Database> {
    const roles = new HeldRoles();
    const aws = await startEmbeddedAws({ onCall: roles.onCall });
    Object.assign(process.env, aws.environment);
    return new Database(aws, roles);
  }

  /** @throws Error when a function has called what its role in serverless.yml does not allow */
  async close(): Promise<void> {
    this.#client.destroy();
    await this.aws.close();
    this.roles.close();
  }
}

/** A clock that a test sets; to sleep is to set it. */
export class TestTime {
  now: number;

  constructor(now = 1_785_000_000_000) {
    this.now = now;
  }

  readonly clock = (): number => this.now;
  readonly sleep = async (ms: number): Promise<void> => {
    this.now += ms;
    await delay(0);
  };
}

export interface LogLine {
  level: keyof Log;
  message: string;
  fields: Record<string, unknown>;
}

/** What was logged and counted. */
export class Notes {
  readonly lines: LogLine[] = [];
  readonly counts = new Map<MetricName, number>();

  readonly log: Log = {
    debug: (message, fields = {}) => void this.lines.push({ level: 'debug', message, fields }),
    info: (message, fields = {}) => void this.lines.push({ level: 'info', message, fields }),
    warn: (message, fields = {}) => void this.lines.push({ level: 'warn', message, fields }),
    error: (message, fields = {}) => void this.lines.push({ level: 'error', message, fields }),
  };
  readonly count: Count = (metric, value = 1) => {
    this.counts.set(metric, (this.counts.get(metric) ?? 0) + value);
  };
}

/** A queue in memory that takes what it is told to take. */
export class MemoryQueue implements Queue {
  readonly sent: OutgoingMessage[] = [];
  /** Whether a message is refused. */
  refuse: (message: OutgoingMessage) => boolean = () => false;

  async send(message: OutgoingMessage): Promise<void> {
    const [unsent] = await this.sendAll([message]);
    if (unsent) throw new Error('QueueUnavailable');
  }

  sendAll(messages: readonly OutgoingMessage[]): Promise<OutgoingMessage[]> {
    const unsent = messages.filter((message) => this.refuse(message));
    this.sent.push(...messages.filter((message) => !unsent.includes(message)));
    return Promise.resolve(unsent);
  }

  bodies<T>(): T[] {
    return this.sent.map(({ body }) => body as T);
  }
}

const operations = ['get', 'getMany', 'put', 'update', 'delete', 'query', 'scan'] as const;
export type Operation = (typeof operations)[number];
export const writes: readonly Operation[] = ['put', 'update', 'delete'];

/** A table that calls a test's own code before and after each operation. */
export function watched(
  table: Table,
  hooks: {
    before?: (operation: Operation, args: readonly unknown[]) => void | Promise<void>;
    after?: (operation: Operation, args: readonly unknown[]) => void | Promise<void>;
  },
): Table {
  const wrap =
    (operation: Operation) =>
    async (...args: never[]): Promise<unknown> => {
      await hooks.before?.(operation, args);
      const result: unknown = await (table[operation] as (...all: never[]) => Promise<unknown>)(...args);
      await hooks.after?.(operation, args);
      return result;
    };
  return Object.fromEntries(operations.map((operation) => [operation, wrap(operation)])) as unknown as Table;
}

/**
 * Tables that share one count of writes and stop answering at the `n`th: before it is done, or after it. Afterwards
 * nothing is answered at all, as after the death of a process.
 */
export function dyingAt(tables: Tables, n: number, when: 'before' | 'after'): { tables: Tables; died: () => boolean } {
  let seen = 0;
  let dead = false;
  const die = () => {
    dead = true;
    throw new TableUnavailable('killed here');
  };
  const dying = (table: Table) =>
    watched(table, {
      before: (operation) => {
        if (dead) die();
        if (!writes.includes(operation)) return;
        seen += 1;
        if (seen === n && when === 'before') die();
      },
      after: (operation) => {
        if (writes.includes(operation) && seen === n && when === 'after') die();
      },
    });
  return {
    tables: {
      portals: dying(tables.portals),
      credentials: dying(tables.credentials),
      tasks: dying(tables.tasks),
      snapshots: dying(tables.snapshots),
    },
    died: () => dead,
  };
}

let ids = 0;
export const newId = (): string => {
  ids += 1;
  return `id-${ids}`;
};
/** A member id that no other test has. */
export function newMemberId(): string {
  ids += 1;
  return ids.toString(16).padStart(32, 'a');
}

export type Parts = SessionOptions & {
  tasks: TaskStore;
  snapshots: SnapshotStore;
  caps: CapStore;
  killSwitch: KillSwitch;
  allowLoopback: true;
};

/** Stores and client over these tables. In real time unless a test brings its own. */
export function partsOf(
  tables: Tables,
  {
    time,
    notes = new Notes(),
    timeoutMs = 5_000,
  }: { time?: TestTime | undefined; notes?: Notes; timeoutMs?: number } = {},
): Parts {
  const clock = time?.clock ?? Date.now;
  return {
    portals: new PortalStore(tables.portals, clock),
    budgets: new BudgetStore(tables.portals, clock),
    caps: new CapStore(tables.portals, clock),
    killSwitch: new KillSwitch(tables.portals, clock),
    credentials: new CredentialStore(tables.credentials),
    tasks: new TaskStore(tables.tasks, clock, newId),
    snapshots: new SnapshotStore(tables.snapshots, clock, Math.random),
    rest: new RestClient({ fetch: globalThis.fetch, clock, timeoutMs }),
    fetch: globalThis.fetch,
    defaultApp: () => Promise.resolve(undefined),
    clock,
    sleep: time?.sleep ?? ((ms) => delay(ms)),
    random: () => 0.5,
    newId,
    allowLoopback: true,
    log: notes.log,
    count: notes.count,
  };
}

/** Caps that no test reaches but those which are about them. */
export const outOfTheWay: Caps = { hour: 1_000_000, day: 1_000_000, spike: null };

/** An active portal in mode enforce, unless said otherwise. */
export function portalOf(
  memberId: string,
  changed: Partial<Portal> = {},
): Omit<Portal, 'sk' | 'createdAt' | 'updatedAt'> {
  return {
    memberId,
    domain: 'demo.bitrix24.test',
    connection: 'oauth',
    state: 'active',
    mode: 'enforce',
    enforcedAt: 1_700_000_000_000,
    tokenDigests: [],
    robotKeyDigests: [],
    limits: ordinaryLimits,
    caps: outOfTheWay,
    ...changed,
  };
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
