import { setTimeout as delay } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { Deployed } from '../../bench/support/deployed/deployed.ts';
import { measure } from '../../bench/support/deployed/measure.ts';
import type { Measurement } from '../../bench/support/deployed/process-messages.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { Dice } from '../hostile/dice.ts';
import { type HttpFront, startHttpFront } from '../integration/support/http-front.ts';
import { type Books, readBooks, unfulfilled } from './accounts.ts';
import { Deeds } from './deeds.ts';
import { type Report, reportOf } from './report.ts';
import { connect, furnish, limits, type Member } from './stage.ts';
import { Troubles } from './troubles.ts';

const second = 1_000;
const minute = 60 * second;
/** So long after the load everything has to be done: tries that failed are a quarter of an hour apart at most. */
const patienceMs = 25 * minute;
/** Connections that nobody uses are closed by then. */
const quietMs = 8 * second;
const portalOptions = {
  limits: { operatingSeconds: limits.operatingSeconds, windowSeconds: limits.operatingWindowSeconds },
} as const;

/** One soak: portals, tidy24 and everything that happens to them. */
export class Soak {
  readonly members: readonly Member[];
  readonly deeds: Deeds;
  readonly troubles: Troubles;
  /** Under load: minutes since the start, and what was measured of the functions and of everything around them. */
  readonly samples: { readonly minutes: number; readonly functions: Measurement; readonly surroundings: number }[] = [];
  /** With nothing to do. */
  readonly rests = new Map<string, Measurement>();
  readonly failures: string[];
  requests = 0;
  settledAfterMs = 0;
  readonly #parts: { readonly deployed: Deployed; readonly simulator: Simulator; readonly front: HttpFront };
  readonly #dice: Dice;
  readonly #say: (text: string) => void;
  readonly #started = performance.now();

  private constructor(
    parts: { deployed: Deployed; simulator: Simulator; front: HttpFront },
    { members, dice, failures }: { members: readonly Member[]; dice: Dice; failures: string[] },
    say: (text: string) => void,
  ) {
    this.#parts = parts;
    this.members = members;
    this.failures = failures;
    this.#dice = dice;
    this.#say = say;
    this.deeds = new Deeds(members, dice);
    this.troubles = new Troubles(members, dice);
  }

  static async start(seed: number, say: (text: string) => void): Promise<Soak> {
    const failures: string[] = [];
    const front = await startHttpFront();
    const deployed = await Deployed.start({
      functionKeys: ['receive', 'install', 'plan', 'worker', 'release', 'reconcile'],
      publicUrl: front.url,
      longPollSeconds: 1,
      onFailure: (functionKey, error) => failures.push(`${functionKey}: ${String(error)}`),
    });
    const http = (key: string) => async (event: unknown) =>
      (await deployed.invoke(key, event)) as APIGatewayProxyStructuredResultV2;
    for (const path of ['events', 'robot']) front.route(`/bitrix24/${path}`, http('receive'));
    front.route('/bitrix24/install', http('install'));

    const simulator = await startSimulator({ seed, portal: portalOptions });
    const common = { publicUrl: front.url, isObserving: false };
    const other = await simulator.addPortal(portalOptions);
    const third = await simulator.addPortal({ ...portalOptions, batchBilling: 'both', statusProfile: 'source' });
    const fourth = await simulator.addPortal(portalOptions);
    for (const portal of simulator.portals.values()) furnish(portal);
    deployed.run();
    const members = [
      await connect(deployed, simulator.portal, { ...common, name: 'app', by: 'app' }),
      await connect(deployed, other, { ...common, name: 'webhooks', by: 'webhook' }),
      await connect(deployed, third, { ...common, name: 'billed twice', by: 'app' }),
      await connect(deployed, fourth, { ...common, name: 'observing', by: 'webhook', isObserving: true }),
    ];
    const soak = new Soak({ deployed, simulator, front }, { members, dice: new Dice(seed), failures }, say);
    soak.deeds.furnish();
    await delay(quietMs);
    soak.rests.set('start', await deployed.functions.measure());
    soak.deeds.refuse();
    await soak.#sendUnreadable();
    return soak;
  }

  /** What nobody can read lies on the queues: by dead-letter queue, how many. */
  get unreadable(): Record<string, number> {
    const name = (variable: string): string => this.#parts.deployed.variable(variable).split('/').at(-1) ?? '';
    return { [name('EVENTS_DLQ_URL')]: 1, [name('DELETIONS_DLQ_URL')]: 1 };
  }

  async load(minutes: number): Promise<void> {
    const end = performance.now() + minutes * minute;
    const sampleMs = Math.min(30 * second, (minutes * minute) / 6);
    const [stormMs, wishMs] = [40 * second, minute];
    let [trouble, storm, wish, sample] = [0, performance.now() + stormMs / 2, 0, performance.now() + sampleMs];
    while (performance.now() < end) {
      this.deeds.act();
      if (performance.now() >= trouble) {
        this.troubles.add();
        trouble = performance.now() + second * (1 + this.#dice.below(4));
      }
      if (performance.now() >= storm) {
        this.deeds.storm();
        storm = performance.now() + stormMs;
      }
      if (performance.now() >= wish) {
        await this.#wishReconciliation();
        wish = performance.now() + wishMs;
      }
      if (performance.now() >= sample) {
        await this.#sample();
        sample = performance.now() + sampleMs;
      }
      await delay(100 + this.#dice.below(400));
    }
  }

  /** Nothing new happens; what runs ends; then the functions' process is measured. */
  async rest(name: string): Promise<void> {
    const { deployed, simulator } = this.#parts;
    await simulator.settle();
    // Between two ticks of the clock, and when no function runs.
    for (let quiet = 0; quiet < quietMs; quiet += 200) {
      await delay(200);
      if (deployed.running > 0) quiet = 0;
    }
    this.rests.set(name, await deployed.functions.measure());
  }

  /** Nothing goes wrong any more, and reconciliation finds what no event told of, until all is done. */
  async finish(): Promise<void> {
    this.troubles.end();
    const started = performance.now();
    const { simulator } = this.#parts;
    await simulator.settle();
    for (let turn = 0; performance.now() - started < patienceMs; turn += 1) {
      if (turn % 12 === 0) await this.#wishReconciliation();
      if (unfulfilled(this.deeds.followed).length === 0 && (await this.#isDone())) break;
      if (turn % 12 === 0)
        this.#say(`${unfulfilled(this.deeds.followed).length} deals are not what they should be yet`);
      await delay(5 * second);
    }
    this.settledAfterMs = performance.now() - started;
    await this.rest('end');
    this.#forgetRequests();
  }

  async report(): Promise<Report> {
    const books = await readBooks(this.#parts.deployed);
    return reportOf(this, books);
  }

  async close(): Promise<void> {
    const { deployed, simulator, front } = this.#parts;
    await simulator.close();
    await front.close();
    await deployed.close();
  }

  async #isDone(): Promise<boolean> {
    const { tasks, unread, messages }: Books = await readBooks(this.#parts.deployed);
    const open = tasks.filter(({ status, rule }) => status === 'open' && rule.id !== 'wait');
    return open.length === 0 && unread === 0 && [...messages.values()].every((count) => count === 0);
  }

  async #wishReconciliation(): Promise<void> {
    const { tasks } = this.#parts.deployed;
    for (const { portal } of this.members) await tasks.wantChore(portal.memberId, 'reconcile', Date.now());
  }

  async #sample(): Promise<void> {
    const functions = await this.#parts.deployed.functions.measure();
    this.#forgetRequests();
    const minutes = (performance.now() - this.#started) / minute;
    this.samples.push({ minutes, functions, surroundings: measure().heapUsed });
    const megabytes = (functions.heapUsed / 1e6).toFixed(1);
    this.#say(`${minutes.toFixed(1)} min: ${this.deeds.followed.length} deals, ${megabytes} MB`);
  }

  /** The portals keep what they were asked; that it grows is no leak of ours. */
  #forgetRequests(): void {
    for (const { portal } of this.members) {
      this.requests += portal.requests.length;
      portal.clearRequests();
    }
    this.#parts.front.answers.length = 0;
  }

  async #sendUnreadable(): Promise<void> {
    const { deployed } = this.#parts;
    for (const name of ['EVENTS_QUEUE_URL', 'DELETIONS_QUEUE_URL']) {
      const QueueUrl = deployed.variable(name);
      const isFifo = QueueUrl.endsWith('.fifo');
      await deployed.sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: '{"v":0}',
          MessageGroupId: 'soak',
          ...(isFifo && { MessageDeduplicationId: crypto.randomUUID() }),
        }),
      );
    }
  }
}
