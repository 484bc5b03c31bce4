import type { Item, Key } from '../../lib/aws/table.ts';
import type { SnapshotStore } from '../../lib/tasks/snapshots.ts';
import type { TaskStore } from '../../lib/tasks/store.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { PortalSnapshot } from '../../simulator/portal-snapshot.ts';
import type { Reply } from '../../simulator/rest/reply.ts';
import type { TableName, Tables } from '../integration/portals/parts.ts';
import type { Invocation } from './invocation.ts';
import { Knowledge } from './knowledge.ts';
import { keyOfDeletion, keyOfRecord, problemsWith, stopMs } from './problems.ts';
import { resultsIn, type SentCommand } from './wire.ts';

const hourKey = 'cap#hour';

/** A deletion that the portal was asked for. */
export interface Asked {
  /** `record:3:7`, `links:2:101`. */
  readonly key: string;
  readonly at: number;
  /** Whether there was something that is gone since. */
  readonly effect: boolean;
  /** What the invocation was working at. */
  readonly taskIds: ReadonlySet<string>;
}

export interface WitnessOptions {
  readonly portal: SimulatedPortal;
  readonly clock: () => number;
  /** Not those of the invocations: what is read through these is no step of anybody. */
  readonly tables: Tables;
  readonly tasks: TaskStore;
  readonly snapshots: SnapshotStore;
}

/** Stands between the invocations and the portal, keeps what each has been shown, and complains of wrong deletions. */
export class Witness {
  readonly complaints: string[] = [];
  readonly asked: Asked[] = [];
  /** Whether the portal has observed for a while: without rights it is not paused then, and is shown less than there is. */
  hasObserved = false;
  /** Since when nothing may be deleted, by why. */
  readonly #forbidden = new Map<string, number>();
  readonly #options: WitnessOptions;
  readonly #known = new WeakMap<Invocation, Knowledge>();
  /** Deletions that were sent, by the hour that they were counted in: in all, and since the caps were last released. */
  readonly #sent = new Map<string, { all: number; counted: number }>();
  #releases = 0;
  /** The cap of an hour, and what it was before it was last changed. */
  #cap = { now: Number.POSITIVE_INFINITY, before: 0, changedAt: 0 };

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  of(invocation: Invocation): Knowledge {
    const known = this.#known.get(invocation) ?? new Knowledge();
    this.#known.set(invocation, known);
    return known;
  }

  /** A person has released the caps. */
  released(): void {
    this.#releases += 1;
    for (const sent of this.#sent.values()) sent.counted = 0;
  }

  /** After every write to the table `portals`, whoever has written. */
  async standing(): Promise<void> {
    const { portals } = this.#options.tables;
    const [stop, row] = await Promise.all([
      portals.get({ memberId: '_deployment', sk: 'stop' }),
      portals.get({ memberId: this.#options.portal.memberId, sk: 'portal' }),
    ]);
    const now = this.#options.clock();
    const forbids: Record<string, boolean> = {
      stopped: stop !== undefined,
      paused: row?.['pause'] !== undefined,
      observing: row?.['mode'] !== 'enforce',
    };
    this.hasObserved ||= forbids['observing'] === true;
    for (const [why, is] of Object.entries(forbids)) {
      if (!is) this.#forbidden.delete(why);
      else if (!this.#forbidden.has(why)) this.#forbidden.set(why, now);
    }
    const cap = (row?.['caps'] as { hour?: number } | undefined)?.hour ?? Number.POSITIVE_INFINITY;
    if (cap === this.#cap.now) return;
    const before = now - this.#cap.changedAt > stopMs ? this.#cap.now : Math.max(this.#cap.now, this.#cap.before);
    this.#cap = { now: cap, before, changedAt: now };
  }

  /** A table has answered an invocation. */
  tableAnswered(
    invocation: Invocation,
    {
      table,
      operation,
      args,
      result,
    }: { table: TableName; operation: string; args: readonly unknown[]; result: unknown },
  ): void {
    if (table !== 'portals') return;
    const known = this.of(invocation);
    const at = this.#options.clock();
    if (operation === 'getMany') {
      const there = new Set((result as Item[]).map(({ sk }) => sk));
      for (const { sk } of args[0] as Key[]) {
        const [prefix, type, id] = String(sk).split('#');
        if (prefix === 'hold') known.holds.set(`${type}:${id}`, { at, held: there.has(sk) });
      }
    }
    if (operation === 'get' && (args[0] as Key)['memberId'] === '_deployment') known.hasReadStop = true;
    const [key, change] = args as [Key, { values?: Record<string, unknown> }];
    if (operation === 'update' && key['sk'] === hourKey && change.values?.['used'] !== undefined && result) {
      known.counted = { hour: String(change.values['window']), releases: this.#releases };
    }
  }

  /** The portal has answered an invocation. */
  portalAnswered(invocation: Invocation, commands: readonly SentCommand[], reply: Reply, sentAt: number): void {
    const results = resultsIn(reply);
    const truth = this.#options.portal.snapshotState();
    const known = this.of(invocation);
    if (commands[0]?.method === 'profile') known.look(commands, sentAt);
    for (const command of commands) {
      if (Object.hasOwn(results, command.key)) known.learn(command, results[command.key], sentAt, truth);
    }
  }

  /** Looks at the deletions of a request, right before and right after the portal carries them out. */
  async watch(
    invocation: Invocation,
    { commands, sentAt, forbidden }: { commands: readonly SentCommand[]; sentAt: number; forbidden: readonly string[] },
    work: () => Promise<Reply>,
  ): Promise<Reply> {
    const deletions = commands.filter(({ method }) => method.endsWith('.delete'));
    for (const { method } of commands) {
      if (!/\.(list|get|findbycomm|fields|delete)$|^profile$/.test(method))
        this.#complain(invocation, `asks for ${method}`);
    }
    if (deletions.length === 0) return work();

    for (const why of forbidden) this.#complain(invocation, `deletes although ${why}`);
    const before = this.#options.portal.snapshotState();
    for (const command of deletions) await this.#check(invocation, command, sentAt);
    const reply = await work();
    // Not those of a request that the portal has refused as a whole.
    const carriedOut = this.#options.portal.requests.at(-1)?.commands.length ?? 0;
    if (carriedOut > 0) await this.#checkCaps(invocation, carriedOut, sentAt);
    const after = this.#options.portal.snapshotState();
    for (const command of deletions) {
      const key = keyOf(command);
      const effect = isThere(before, key) && !isThere(after, key);
      this.asked.push({ key, at: sentAt, effect, taskIds: invocation.taskIds });
    }
    return reply;
  }

  /** What has forbidden to delete anything for long enough that a request which is sent now must not. */
  forbidden(): string[] {
    const now = this.#options.clock();
    return [...this.#forbidden].filter(([, since]) => now - since > stopMs).map(([why]) => why);
  }

  async #checkCaps(invocation: Invocation, count: number, sentAt: number): Promise<void> {
    const { counted } = this.of(invocation);
    if (counted === undefined) {
      this.#complain(invocation, 'deletes what is counted nowhere');
      return;
    }
    const sent = this.#sent.get(counted.hour) ?? { all: 0, counted: 0 };
    sent.all += count;
    // What was counted before a release is on no account of those after it.
    if (counted.releases === this.#releases) sent.counted += count;
    this.#sent.set(counted.hour, sent);
    const { portal, tables } = this.#options;
    const row = await tables.portals.get({ memberId: portal.memberId, sk: hourKey });
    if (row?.['window'] === counted.hour && Number(row['used']) + Number(row['released']) < sent.all) {
      this.#complain(invocation, `has ${sent.all} deletions sent of which fewer are counted`);
    }
    const cap = sentAt - this.#cap.changedAt > stopMs ? this.#cap.now : Math.max(this.#cap.now, this.#cap.before);
    if (sent.counted > cap) this.#complain(invocation, `deletes beyond the cap: ${sent.counted} of ${cap}`);
  }

  async #check(invocation: Invocation, command: SentCommand, sentAt: number): Promise<void> {
    const key = keyOf(command);
    const tasks = await this.#options.tasks.getMany([...invocation.taskIds]);
    const asking = tasks.flatMap((task) =>
      (task.deletions ?? []).filter((one) => keyOfDeletion(one) === key).map((deletion) => ({ task, deletion })),
    );
    const found: string[] = [];
    for (const { task, deletion } of asking) {
      const snapshots = await this.#options.snapshots.get(task.taskId);
      const problems = problemsWith(this.of(invocation), task, deletion, snapshots, sentAt);
      if (problems.length === 0) return;
      found.push(`for ${keyOfRecord(task.record)}: ${problems.join(', ')}`);
    }
    this.#complain(invocation, `deletes ${key}: ${found.join('; ') || 'no task of its message has noted it'}`);
  }

  #complain({ name }: Invocation, text: string): void {
    this.complaints.push(`${new Date(this.#options.clock()).toISOString()} ${name} ${text}`);
  }
}

/** As `deletionKey`, but by what is on the wire. */
function keyOf({ method, params }: SentCommand): string {
  const id = params.get('id');
  if (method === 'crm.deal.contact.items.delete') return `links:2:${id}`;
  if (method === 'crm.company.contact.items.delete') return `links:4:${id}`;
  return `record:${method === 'crm.contact.delete' ? '3' : params.get('entityTypeId')}:${id}`;
}

function isThere({ records, links }: PortalSnapshot, key: string): boolean {
  const [what, type, id] = key.split(':');
  return what === 'links' ? (links[`${type}:${id}`] ?? []).length > 0 : records[`${type}:${id}`] !== undefined;
}
