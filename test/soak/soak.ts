import { setTimeout as delay } from 'node:timers/promises';
import { measure } from '../../bench/support/deployed/measure.ts';
import type { Measurement } from '../../bench/support/deployed/process-messages.ts';
import { tidy24 } from '../integration/support/command-line.ts';
import { Dice } from '../hostile/dice.ts';
import { readBooks, readWork, unfulfilled } from './accounts.ts';
import { Deeds } from './deeds.ts';
import { type Report, reportOf } from './report.ts';
import { type Scene, sendUnreadable, startScene } from './scene.ts';
import { enforce, type Member } from './stage.ts';
import { Troubles } from './troubles.ts';

const second = 1_000;
const minute = 60 * second;
/** So long after the load everything has to be done: tries that failed are a quarter of an hour apart at most. */
const patienceMs = 25 * minute;
/** So many looks after which what is not there yet does not come any more, if nothing is left to do. */
const hopeless = 60;
/** Connections that nobody uses are closed by then. */
const quietMs = 8 * second;

/** One soak: everything that happens to the portals, and what was measured meanwhile. */
export class Soak {
  readonly deeds: Deeds;
  readonly troubles: Troubles;
  /** Under load: minutes since the start, and what was measured of the functions and of everything around them. */
  readonly samples: { readonly minutes: number; readonly functions: Measurement; readonly surroundings: number }[] = [];
  /** With nothing to do. */
  readonly rests = new Map<string, Measurement>();
  /** Batches that functions threw away. */
  readonly failures: readonly string[];
  /** By dead-letter queue, how many messages nobody can read. */
  readonly unreadable: Readonly<Record<string, number>>;
  requests = 0;
  /** Of these, refused because of the portals' own limits, and not for the sake of the soak. */
  refusals = 0;
  settledAfterMs = 0;
  /** What `tidy24 dlq redrive` has said. */
  takenBack = '';
  readonly #scene: Scene;
  readonly #dice: Dice;
  readonly #say: (text: string) => void;
  readonly #started = performance.now();

  private constructor(
    scene: Scene,
    given: Pick<Soak, 'failures' | 'unreadable' | 'deeds'> & { dice: Dice; start: Measurement },
    say: (text: string) => void,
  ) {
    this.#scene = scene;
    this.#say = say;
    this.#dice = given.dice;
    this.failures = given.failures;
    this.unreadable = given.unreadable;
    this.deeds = given.deeds;
    this.troubles = new Troubles(scene.members, given.dice);
    this.rests.set('start', given.start);
  }

  /** `logFile`: for what the functions log. */
  static async start(seed: number, logFile: string, say: (text: string) => void): Promise<Soak> {
    const failures: string[] = [];
    const scene = await startScene(seed, logFile, (text) => failures.push(text));
    const dice = new Dice(seed);
    const deeds = new Deeds(scene.members, dice);
    deeds.furnish();
    // Portals write their times in whole seconds: what is lost now is lost before.
    await delay(quietMs);
    await enforce(scene.deployed, scene.members);
    const start = await scene.deployed.functions.measure();
    deeds.refuse();
    const unreadable = await sendUnreadable(scene.deployed);
    return new Soak(scene, { failures, unreadable, deeds, dice, start }, say);
  }

  get members(): readonly Member[] {
    return this.#scene.members;
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
    const { deployed, simulator } = this.#scene;
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
    const { simulator } = this.#scene;
    await simulator.settle();
    for (let turn = 0; performance.now() - started < patienceMs; turn += 1) {
      if (turn % 12 === 0) await this.#wishReconciliation();
      if (turn === 12) await this.#takeBack();
      const isAsItShould = unfulfilled(this.deeds.followed).length === 0;
      if ((isAsItShould || turn > hopeless) && (await this.#isDone())) break;
      if (turn % 12 === 0) this.#sayWhatIsLeft();
      await delay(5 * second);
    }
    this.settledAfterMs = performance.now() - started;
    await this.rest('end');
    this.#forgetRequests();
  }

  async report(): Promise<Report> {
    const books = await readBooks(this.#scene.deployed);
    return reportOf(this, books);
  }

  async close(): Promise<void> {
    const { deployed, simulator, front } = this.#scene;
    await simulator.close();
    await front.close();
    await deployed.close();
  }

  /** Some have failed of the portals' answers, five times each: a person sends them back when the portals are well. */
  async #takeBack(): Promise<void> {
    const { deployed, front } = this.#scene;
    const { stdout, stderr } = await tidy24(['dlq', 'redrive', '--all'], { ...deployed.aws, httpUrl: front.url });
    this.takenBack = stdout;
    this.#say(`taken back: ${stderr}${stdout}`);
  }

  #sayWhatIsLeft(): void {
    const nameOf = new Map(this.members.map(({ portal, name }) => [portal, name]));
    const groups = Map.groupBy(
      unfulfilled(this.deeds.followed),
      ({ fate, portal }) => `${nameOf.get(portal)}: ${fate}`,
    );
    this.#say(`left: ${[...groups].map(([name, some]) => `${some.length} of ${name}`).join(', ') || 'nothing'}`);
  }

  async #isDone(): Promise<boolean> {
    const { tasks, unread, messages } = await readWork(this.#scene.deployed);
    const open = tasks.filter(({ status, rule }) => status === 'open' && rule.id !== 'wait');
    return open.length === 0 && unread === 0 && [...messages.values()].every((count) => count === 0);
  }

  async #wishReconciliation(): Promise<void> {
    const { tasks } = this.#scene.deployed;
    for (const { portal } of this.members) await tasks.wantChore(portal.memberId, 'reconcile', Date.now());
  }

  async #sample(): Promise<void> {
    const functions = await this.#scene.deployed.functions.measure();
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
      const inEarnest = portal.requests.filter(({ fault }) => fault === undefined);
      this.refusals += inEarnest.filter(({ status }) => status === 503 || status === 429).length;
      portal.clearRequests();
    }
    this.#scene.front.answers.length = 0;
  }
}
