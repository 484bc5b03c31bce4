import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { QueueUnavailable } from '../../lib/aws/queue.ts';
import { type Table, TableUnavailable } from '../../lib/aws/table.ts';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { RestClient } from '../../lib/bitrix24/rest-client.ts';
import { loadRules } from '../../lib/rules/load.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import type { DeadLetter, DeletionMessage, EventMessage } from '../../lib/tasks/messages.ts';
import { planEvents, type PlanOptions } from '../../lib/tasks/plan.ts';
import { releaseDue, type ReleaseOptions } from '../../lib/tasks/release.ts';
import type { Task } from '../../lib/tasks/task.ts';
import type { WorkOptions } from '../../lib/tasks/run.ts';
import { workMessage } from '../../lib/tasks/work.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import {
  type Operation,
  type Parts,
  partsOf,
  portalOf,
  type TableName,
  type Tables,
  TestTime,
  watched,
} from '../integration/portals/parts.ts';
import { Mailbox, type Message } from '../property/mailbox.ts';
import { MemoryTables } from '../integration/support/memory-tables.ts';
import { Invocation, standStill } from './invocation.ts';
import { holdField } from './knowledge.ts';
import { answerOf, commandsIn, responseOf } from './wire.ts';
import { Witness } from './witness.ts';

/** The time-out of a function, and how long a message is hidden from others, in ms. */
const functionMs = 300_000;
const visibilityMs = 330_000;
const operations: readonly Operation[] = ['get', 'getMany', 'put', 'update', 'delete', 'query', 'scan'];
export const process = 1044;

type Options = WorkOptions & PlanOptions & Pick<ReleaseOptions, 'events' | 'reconcile'>;

/** One portal, tidy24's tables and queues in memory, and as many invocations of its functions at once as there shall be. */
export class World {
  readonly simulator: Simulator;
  readonly time: TestTime;
  readonly tables: Tables;
  readonly parts: Parts;
  readonly witness: Witness;
  readonly events = new Mailbox<EventMessage>();
  readonly deletions = new Mailbox<DeletionMessage>();
  readonly letters = new Mailbox<DeadLetter>();
  /** Those that are under way. */
  live: Invocation[] = [];
  /** What functions threw that nobody has drawn. */
  readonly mistakes: string[] = [];
  #names = 0;

  private constructor(simulator: Simulator, time: TestTime) {
    this.simulator = simulator;
    this.time = time;
    const { tables } = new MemoryTables();
    const portals = watched(tables.portals, { after: () => this.witness.standing() });
    this.tables = { ...tables, portals };
    this.parts = partsOf(this.tables, { time });
    const { tasks, snapshots } = partsOf(tables, { time });
    this.witness = new Witness({ portal: simulator.portal, clock: time.clock, tables, tasks, snapshots });
  }

  static async start(seed: number): Promise<World> {
    const time = new TestTime();
    const limits = { burst: Number.POSITIVE_INFINITY, requestSeconds: Number.POSITIVE_INFINITY };
    const simulator = await startSimulator({ seed, clock: time.clock, sleep: time.sleep, portal: { limits } });
    const { portal } = simulator;
    portal.addType({ entityTypeId: process, title: 'Project' });
    for (const type of [2, 3, 4, process]) portal.addField(type, { name: holdField, type: 'boolean' });
    const world = new World(simulator, time);
    const row = {
      domain: portal.domain,
      connection: 'webhook',
      limits: { ...ordinaryLimits, burst: 100_000 },
    } as const;
    await world.parts.portals.create(portalOf(portal.memberId, row));
    await world.parts.credentials.put({ memberId: portal.memberId, kind: 'webhook', url: portal.createWebhook() });
    return world;
  }

  get portal() {
    return this.simulator.portal;
  }

  get memberId(): string {
    return this.portal.memberId;
  }

  /** `tidy24 rules push`: each of these is a rule about lost deals, and the hold field protects. */
  async pushRules(rules: readonly string[]): Promise<void> {
    const { portals } = this.parts;
    const lines = rules.map(
      (entries, index) =>
        `  - { id: rule-${index + 1}, when: { type: deal, stages: all-lost }, wait: 0m, delete: ${entries} }`,
    );
    const source = `version: 1\nprotect: { hold-field: ${holdField} }\nrules:\n${lines.join('\n')}\n`;
    const version = (await portals.get(this.memberId))?.rulesVersion;
    const before = version === undefined ? undefined : await portals.rules(this.memberId, version);
    const since = Math.floor(this.time.now / 1000) * 1000 - 60_000;
    await portals.pushRules(this.memberId, nextVersion(before, loadRules(source), source, since, 'test'));
  }

  async tasks(): Promise<Task[]> {
    const { items } = await this.tables.tasks.scan({ where: '#sk = :sk', values: { sk: 'task' } });
    return items as unknown as Task[];
  }

  /** The portal tells of a deal. */
  tell(id: number): void {
    const body = {
      v: 1,
      memberId: this.memberId,
      entityTypeId: 2,
      id,
      source: 'webhook',
      receivedAt: this.time.now,
    } as const;
    this.events.messages.push({ body, receives: 0, visibleAt: 0 });
  }

  visible<T>({ messages }: Mailbox<T>): Message<T>[] {
    return messages.filter(({ visibleAt }) => visibleAt <= this.time.now);
  }

  /** A worker gets the message, whoever else may have it. */
  work(message: Message<DeletionMessage>): Invocation {
    const { body } = message;
    message.receives += 1;
    message.visibleAt = this.time.now + visibilityMs;
    const { receives } = message;
    return this.#begin('worker', body.taskIds, async (options, deadline) => {
      const line = { deletions: options.deletions, reconcile: options.reconcile, newId: randomUUID };
      const until = await workMessage(options, body, { deadline, receives }, line);
      if (until === undefined) this.deletions.delete([message]);
      else message.visibleAt = until;
    });
  }

  plan(messages: readonly Message<EventMessage>[]): Invocation {
    for (const message of messages) message.visibleAt = this.time.now + visibilityMs;
    return this.#begin('plan', [], async (options, deadline) => {
      const bodies = messages.map(({ body }) => body);
      const again = await planEvents(options, bodies, deadline);
      this.events.delete(messages.filter(({ body }) => !again.includes(body)));
    });
  }

  release(): Invocation {
    return this.#begin('release', [], async (options, deadline) => {
      await releaseDue(options, deadline);
    });
  }

  /** Until nothing moves; what is over is taken out. */
  async stand(): Promise<void> {
    await standStill(this.live);
    for (const { error, isOver, isDead, name } of this.live) {
      const isDrawn = error instanceof TableUnavailable || error instanceof QueueUnavailable;
      if (isOver && !isDead && error !== undefined && !isDrawn) this.mistakes.push(`${name}: ${inspect(error)}`);
    }
    this.live = this.live.filter(({ isOver }) => !isOver);
  }

  close(): Promise<void> {
    return this.simulator.close();
  }

  #begin(
    what: string,
    taskIds: readonly string[],
    work: (options: Options, deadline: number) => Promise<void>,
  ): Invocation {
    this.#names += 1;
    const deadline = this.time.now + functionMs;
    const invocation = new Invocation(`${what} ${this.#names}`, deadline, taskIds);
    this.live.push(invocation);
    void invocation.run(() => work(this.#optionsOf(invocation), deadline));
    return invocation;
  }

  /** Everything that an invocation reaches, each behind one of its edges. */
  #optionsOf(invocation: Invocation): Options {
    const tables = Object.fromEntries(
      Object.entries(this.tables).map(([name, table]) => [name, this.#edged(invocation, name as TableName, table)]),
    ) as unknown as Tables;
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (typeof input !== 'string' || typeof init?.body !== 'string') throw new TypeError('Not as tidy24 asks');
      return this.#fetch(invocation, input, init.body);
    };
    const queue = <T>(mailbox: Mailbox<T>) => ({
      send: (message: { body: unknown; group: string }) =>
        invocation.through('queue', 'send', () => mailbox.send(message)),
      sendAll: (messages: readonly { body: unknown; group: string }[]) =>
        invocation.through('queue', 'sendAll', () => mailbox.sendAll(messages)),
    });
    const { clock } = this.time;
    return {
      ...partsOf(tables, { time: this.time }),
      fetch,
      rest: new RestClient({ fetch, clock }),
      deletions: queue(this.deletions),
      events: queue(this.events),
      reconcile: queue(new Mailbox()),
      deletionsDlq: queue(this.letters),
      eventsDlq: queue(this.letters),
    };
  }

  #edged(invocation: Invocation, name: TableName, table: Table): Table {
    const edge =
      (operation: Operation) =>
      (...args: never[]): Promise<unknown> =>
        invocation.through('table', `${name}.${operation}`, async () => {
          const result: unknown = await (table[operation] as (...all: never[]) => Promise<unknown>)(...args);
          if (name === 'tasks' && operation === 'getMany') noteTaken(invocation, args[0]);
          this.witness.tableAnswered(invocation, { table: name, operation, args, result });
          return result;
        });
    return Object.fromEntries(operations.map((operation) => [operation, edge(operation)])) as unknown as Table;
  }

  async #fetch(invocation: Invocation, url: string, body: string): Promise<Response> {
    // What counts is when it is sent, not when it arrives.
    const [sentAt, forbidden] = [this.time.now, this.witness.forbidden()];
    this.witness.of(invocation).hasReadStop = false;
    const commands = commandsIn(body);
    const reply = await invocation.through('portal', commands.map(({ method }) => method).join(' '), async () => {
      const request = { commands, sentAt, forbidden };
      const given = await this.witness.watch(invocation, request, () => answerOf(this.portal, url, body));
      this.witness.portalAnswered(invocation, commands, given, sentAt);
      return given;
    });
    return responseOf(reply);
  }
}

/** A worker reads the tasks that it works at. */
function noteTaken(invocation: Invocation, keys: unknown): void {
  for (const { taskId } of keys as { taskId: string }[]) invocation.taskIds.add(taskId);
}
