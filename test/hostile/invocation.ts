import { QueueUnavailable } from '../../lib/aws/queue.ts';
import { TableUnavailable } from '../../lib/aws/table.ts';

/** What a killed invocation is told at each of its edges from then on. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * How a call across an edge ends. To die is to do nothing more, with the call's own effect or without it; to fail is not to
 * be answered, and to go on.
 */
export type Fate = 'works' | 'dies-before' | 'dies-after' | 'fails-before' | 'fails-after';

export type EdgeKind = 'table' | 'portal' | 'queue';

/** A call that has been made and that nobody has carried out yet. */
export interface Held {
  readonly kind: EdgeKind;
  readonly what: string;
  readonly go: (fate: Fate) => Promise<void>;
}

/**
 * One invocation of one of tidy24's functions. It stands still at each of its edges (tables, portal, queues) until it is
 * let go, so that who comes first is decided by nobody but the test.
 */
export class Invocation {
  readonly name: string;
  /** The tasks of its message, and what it takes from the line besides. */
  readonly taskIds: Set<string>;
  /** ms since the epoch: when it is cut off. */
  readonly deadline: number;
  held: Held[] = [];
  /** How many calls it has made so far. */
  calls = 0;
  isDead = false;
  isOver = false;
  /** When it is over: what it threw. */
  error: unknown;

  constructor(name: string, deadline: number, taskIds: readonly string[] = []) {
    this.name = name;
    this.deadline = deadline;
    this.taskIds = new Set(taskIds);
  }

  /** Makes a call across an edge. */
  through<T>(kind: EdgeKind, what: string, work: () => Promise<T>): Promise<T> {
    if (this.isDead) return Promise.reject(new Killed(this.name));
    this.calls += 1;
    return new Promise<T>((resolve, reject) => {
      const go = async (fate: Fate): Promise<void> => {
        this.held = this.held.filter((one) => one !== held);
        try {
          resolve(await this.#carryOut(kind, fate, work));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        // What it has begun beside this is never carried out.
        if (this.isDead) await Promise.all(this.held.map((one) => one.go('works')));
      };
      const held: Held = { kind, what, go };
      this.held.push(held);
    });
  }

  async #carryOut<T>(kind: EdgeKind, fate: Fate, work: () => Promise<T>): Promise<T> {
    if (fate === 'dies-before') this.isDead = true;
    this.#requireAlive();
    if (fate === 'fails-before') throw unavailable(kind);
    const result = await work();
    if (fate === 'dies-after') this.isDead = true;
    this.#requireAlive();
    if (fate === 'fails-after') throw unavailable(kind);
    return result;
  }

  #requireAlive(): void {
    if (this.isDead) throw new Killed(this.name);
  }

  /** Runs to its end, whatever that is. */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.error = error;
    } finally {
      this.isOver = true;
    }
  }

  kill(): Promise<void> {
    this.isDead = true;
    const [first] = this.held;
    return first ? first.go('works') : Promise.resolve();
  }
}

function unavailable(kind: EdgeKind): Error {
  return kind === 'queue' ? new QueueUnavailable('drawn') : new TableUnavailable('drawn');
}

/** Until each of these stands at an edge or is over: nothing moves then. */
export async function standStill(invocations: readonly Invocation[]): Promise<void> {
  for (let turns = 0; turns < 10_000; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (invocations.every(({ held, isOver }) => isOver || held.length > 0)) return;
  }
  throw new Error(`Waits for something that is no edge: ${invocations.map(({ name }) => name).join(', ')}`);
}
