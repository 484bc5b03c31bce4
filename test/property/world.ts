import { formBody } from '../../lib/aws/http.ts';
import { TableUnavailable } from '../../lib/aws/table.ts';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { RestClient } from '../../lib/bitrix24/rest-client.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import { rebind } from '../../lib/portals/rebind.ts';
import { SenderCheck } from '../../lib/portals/senders.ts';
import { hasShorterWait } from '../../lib/rules/changes.ts';
import { PortalBusy } from '../../lib/portals/waiting.ts';
import { loadRules } from '../../lib/rules/load.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import { EventIntake } from '../../lib/tasks/accept-event.ts';
import { AppChores } from '../../lib/tasks/app-chores.ts';
import { runChore } from '../../lib/tasks/chores.ts';
import type { DeadLetter, DeletionMessage, EventMessage, PortalMessage } from '../../lib/tasks/messages.ts';
import { planEvents } from '../../lib/tasks/plan.ts';
import { releaseDue } from '../../lib/tasks/release.ts';
import { claimMs, longWaitMs } from '../../lib/tasks/schedule.ts';
import type { Task } from '../../lib/tasks/task.ts';
import { workMessage } from '../../lib/tasks/work.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { partsOf, portalOf, type Tables, TestTime } from '../integration/portals/parts.ts';
import type { HttpFront } from '../integration/support/http-front.ts';
import { Deletions } from './deletions.ts';
import type { Key } from './log.ts';
import { Mailbox } from './mailbox.ts';
import { waits } from './scenario.ts';

const minute = 60_000;
const hour = 60 * minute;
type Row = Record<string, unknown>;

/** SQS shows a message again when its function did not finish it. */
const visibilityMs = 6 * minute;
/** A round of reconciliation is waited for so long after people have acted, so that the next looks no farther back. */
const settledMs = 25 * minute;
/** What goes wrong mends itself: tidy24 must have caught up in this time. */
const longestMs = 12 * hour;

const eventsUrl = (front: HttpFront) => `${front.url}/bitrix24/events`;
export const fullSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** tidy24's own functions on one portal, with queues in memory and a clock that is set: nothing runs by itself. */
export class World {
  readonly simulator: Simulator;
  readonly time: TestTime;
  readonly tables: Tables;
  readonly deletions = new Deletions();
  readonly queues = {
    // What an event of the portal brought is in no table: reconciliation has to find it, which is drawn elsewhere.
    events: new Mailbox<EventMessage>(({ stamp }) => stamp !== undefined),
    deletions: new Mailbox<DeletionMessage>(),
    reconcile: new Mailbox<PortalMessage>(),
    letters: new Mailbox<DeadLetter>(),
  };
  /** What functions threw. */
  readonly crashes: string[] = [];
  /** Told of each event that reaches `receive`. */
  heard: (record: Key) => void = () => {};
  readonly #options;
  /** When something was last lost on our side: what was claimed for it comes due again within the claim. */
  #lostAt = 0;

  private constructor(simulator: Simulator, time: TestTime, tables: Tables, front: HttpFront) {
    this.simulator = simulator;
    this.time = time;
    this.tables = tables;
    const { queues } = this;
    for (const queue of [queues.events, queues.deletions, queues.reconcile])
      queue.lost = () => (this.#lostAt = time.now);
    const rest = new RestClient({
      fetch: this.deletions.watch(simulator.portal, time),
      clock: time.clock,
      timeoutMs: 5_000,
    });
    this.#options = {
      ...partsOf(tables, { time }),
      rest,
      deletions: queues.deletions,
      events: queues.events,
      reconcile: queues.reconcile,
      deletionsDlq: queues.letters,
      eventsDlq: queues.letters,
      publicUrl: front.url,
    };
  }

  static async start(tables: Tables, front: HttpFront, seed: number): Promise<World> {
    const time = new TestTime();
    const limits = { burst: Number.POSITIVE_INFINITY };
    const simulator = await startSimulator({ seed, clock: time.clock, sleep: time.sleep, portal: { limits } });
    const world = new World(simulator, time, tables, front);
    await world.#connect(front);
    return world;
  }

  get portal() {
    return this.simulator.portal;
  }

  get memberId(): string {
    return this.portal.memberId;
  }

  get stores() {
    return this.#options;
  }

  async #connect(front: HttpFront): Promise<void> {
    const { portal, memberId } = this;
    const { portals, credentials, tasks, clock } = this.#options;
    const app = portal.createApp();
    const tokens = portal.installApp(app);
    const limits = { ...ordinaryLimits, burst: 5_000 };
    await portals.create(
      portalOf(memberId, {
        domain: portal.domain,
        eventsUrl: eventsUrl(front),
        tokenDigests: [tokenDigest(tokens.applicationToken)],
        limits,
        mode: 'observe',
        enforcedAt: undefined,
      }),
    );
    await credentials.put({
      memberId,
      kind: 'oauth',
      generation: 1,
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      accessExpiresAt: tokens.expiresAt,
      clientEndpoint: portal.endpoint,
      tokenUrl: portal.tokenUrl,
      app,
    });
    await tasks.wantChore(memberId, 'reconcile', clock());
    const intake = new EventIntake({
      ...this.#options,
      senders: new SenderCheck(portals, clock),
      events: this.queues.events,
      lifecycle: { portals, appChores: new AppChores(this.tables.tasks, clock) },
    });
    front.route('/bitrix24/events', async (event) => {
      const form = new URLSearchParams(Buffer.from(event.body ?? '', 'base64').toString('utf8'));
      const name = form.get('event') ?? '';
      const id = Number(form.get('data[FIELDS][ID]'));
      const type = Number(form.get('data[FIELDS][ENTITY_TYPE_ID]') ?? (name.startsWith('ONCRMLEAD') ? 1 : 2));
      this.heard({ type, id });
      const { status, text } = await intake.accept(formBody(event), undefined);
      return { statusCode: status, body: text };
    });
  }

  /** `tidy24 rules push`, of a file whose stages are codes. */
  async pushRules(source: string): Promise<void> {
    const { portals, clock } = this.#options;
    const version = (await portals.get(this.memberId))?.rulesVersion;
    const before = version === undefined ? undefined : await portals.rules(this.memberId, version);
    const next = nextVersion(before, loadRules(source), source, fullSecond(clock()), 'test');
    await portals.pushRules(this.memberId, next);
    const portal = await portals.get(this.memberId);
    // A portal that has no time now is told by the daily check.
    if (portal) await rebind(this.#options, portal, next.rules).catch(unlessBusy);
    if (hasShorterWait(before?.rules, next.rules)) await this.#options.tasks.hastenPortal(this.memberId);
  }

  async setMode(mode: 'observe' | 'enforce'): Promise<void> {
    const enforcedAt = fullSecond(this.time.now);
    await this.#options.portals.change(this.memberId, mode === 'enforce' ? { mode, enforcedAt } : { mode });
  }

  /** Time passes, at least so much, until nothing is under way any more and reconciliation has looked at all of it. */
  async pass(ms: number): Promise<void> {
    const { time } = this;
    const began = time.now;
    const until = began + ms;
    for (let turns = 0; turns < 2_000; turns += 1) {
      await this.#runFunctions();
      const rows = await this.#rows();
      if (time.now >= until && (await this.#isSettled(began, rows))) return;
      if (time.now > until + longestMs) throw new Error('tidy24 has not caught up');
      await this.#wait({ began, until }, rows);
      await this.#run('release', () => releaseDue({ ...this.#options, ...this.queues }, time.now + minute));
    }
    throw new Error('tidy24 turns in circles');
  }

  /**
   * To the next moment at which something is due. Of the chores, which never end, those of the first hour only: a day has
   * a hundred rounds in which nobody does anything. But what must not last, and what has its day, is done in time.
   */
  async #wait({ began, until }: { began: number; until: number }, rows: readonly Row[]): Promise<void> {
    const { time, queues } = this;
    const hidden = [queues.events, queues.deletions, queues.reconcile].flatMap(({ messages }) =>
      messages.map(({ visibleAt }) => visibleAt),
    );
    const isHurried = time.now >= until || (await this.#hasTokenTrouble());
    const nights = await this.#nights();
    const isTriedAgain = ({ chore, nextAt }: Row) =>
      nights.length > 0 && chore === 'long-waits' && Number(nextAt) < time.now + 2 * hour;
    const counts = (row: Row) =>
      row['sk'] !== 'chore' || Number(row['nextAt']) < began + hour || isHurried || isTriedAgain(row);
    const due = rows.filter(counts).flatMap(({ nextAt }) => (nextAt === undefined ? [] : [Number(nextAt)]));
    // What is visible and was not taken waits for the message before it.
    const later = [...due, ...[...hidden, ...nights].filter((at) => at > time.now)];
    const next = Math.min(...later, time.now < until ? until : time.now + minute);
    time.now = Math.max(time.now + 1, next);
  }

  async #hasTokenTrouble(): Promise<boolean> {
    const held = await this.#options.credentials.get(this.memberId);
    return held?.kind === 'oauth' && held.failingSince !== undefined;
  }

  /** When the nightly look has something to find: a day before a long wait ends. None where no rule waits for long. */
  async #nights(): Promise<number[]> {
    const { portals } = this.#options;
    const { rulesVersion = 0, waitsVersion } = (await portals.get(this.memberId)) ?? {};
    const rules = await portals.rules(this.memberId, rulesVersion);
    const isLong = rules?.rules.some(({ waitMs }) => waitMs > longWaitMs) === true;
    if (!isLong && waitsVersion === rulesVersion) return [];
    const moments = Object.values(this.portal.snapshotState().records).flatMap((one) => [
      one.movedAt,
      one.lastActivityAt,
    ]);
    return [...new Set(moments)].map((at) => at + waits['20d'] - 25 * hour);
  }

  async #isSettled(began: number, rows: readonly Row[]): Promise<boolean> {
    const { queues, time } = this;
    const { portals } = this.#options;
    const portal = await portals.get(this.memberId);
    if (portal?.pause) throw new Error(`The portal is paused: ${portal.pause.reason}`);
    if ([queues.events, queues.deletions, queues.reconcile].some(({ messages }) => messages.length > 0)) return false;
    if (time.now < this.#lostAt + claimMs + minute) return false;
    const isDue = ({ sk, nextAt }: Row) => sk !== 'chore' && Number(nextAt) <= time.now;
    if (rows.some((row) => isDue(row) || isUnderWay(row))) return false;
    const stored = await portals.rules(this.memberId, portal?.rulesVersion ?? 0);
    // Where no rule is switched on nobody looks for anything.
    if (stored?.rules.some(({ enabled }) => enabled) !== true) return true;
    return (portal?.reconciledUntil ?? 0) >= began + settledMs && portal?.waitsVersion === portal?.rulesVersion;
  }

  async #rows(): Promise<Row[]> {
    const { items } = await this.tables.tasks.scan({
      where: '#memberId = :memberId',
      values: { memberId: this.memberId },
    });
    return items;
  }

  async tasks(): Promise<Task[]> {
    return (await this.#rows()).filter(({ sk }) => sk === 'task') as unknown as Task[];
  }

  /** The functions behind the queues, until no message is visible. */
  async #runFunctions(): Promise<void> {
    await this.simulator.settle();
    for (let batches = 0; batches < 1_000; batches += 1) {
      const ran = (await this.#reconcile()) || (await this.#plan()) || (await this.#work());
      if (!ran) return;
    }
    throw new Error('The queues do not run empty');
  }

  async #reconcile(): Promise<boolean> {
    const { time, queues } = this;
    const [message] = queues.reconcile.receive(time.now, 1, time.now + visibilityMs);
    if (!message) return false;
    const done = await this.#run('reconcile', () => runChore(this.#options, message.body, time.now + 300_000));
    if (done) queues.reconcile.delete([message]);
    return true;
  }

  async #plan(): Promise<boolean> {
    const { time, queues } = this;
    const messages = queues.events.receive(time.now, 10, time.now + visibilityMs);
    if (messages.length === 0) return false;
    await this.#run('plan', async () => {
      const again = await planEvents(
        this.#options,
        messages.map(({ body }) => body),
        time.now + 120_000,
      );
      if (again.length > 0) this.#lostAt = time.now;
      queues.events.delete(messages.filter(({ body }) => !again.includes(body)));
    });
    return true;
  }

  async #work(): Promise<boolean> {
    const { time, queues } = this;
    // One message of the group at a time: the portal's stream.
    if (queues.deletions.messages.some(({ receives, visibleAt }) => receives > 0 && visibleAt > time.now)) return false;
    const [message] = queues.deletions.receive(time.now, 1, time.now + visibilityMs);
    if (!message) return false;
    const { receives } = message;
    await this.#run('worker', async () => {
      const at = { deadline: time.now + 300_000, receives };
      const until = await workMessage(this.#options, message.body, at, { ...queues, newId: this.#options.newId });
      if (until === undefined) queues.deletions.delete([message]);
      else message.visibleAt = until;
    });
    return true;
  }

  /** Whether the function came to its end. A table that was drawn to fail is no mistake of it. */
  async #run(name: string, invocation: () => Promise<unknown>): Promise<boolean> {
    try {
      await invocation();
      return true;
    } catch (error) {
      this.#lostAt = this.time.now;
      if (!(error instanceof TableUnavailable)) this.crashes.push(`${name}: ${(error as Error).stack}`);
      return false;
    }
  }

  close(): Promise<void> {
    return this.simulator.close();
  }
}

/** Whether it waits for anything but the end of its rule's wait. */
function isUnderWay({ sk, status, slotAt, history }: Row): boolean {
  if (sk === 'unread') return true;
  if (status !== 'open') return false;
  const last = (history as Task['history']).at(-1);
  return slotAt !== undefined || (last?.what !== 'planned' && last?.text.startsWith('Due at') !== true);
}

function unlessBusy(error: unknown): void {
  if (!(error instanceof PortalBusy)) throw error;
}
