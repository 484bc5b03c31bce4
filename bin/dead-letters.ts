import { type DeadEntry, type DeadQueueName, readDeadMessage } from '../lib/tasks/dead-message.ts';
import type { Queue } from '../lib/aws/queue.ts';
import type { CommandRun } from './command-run.ts';
import type { Place } from './place.ts';
import { Progress } from './progress.ts';
import { type DeadLetterQueues, openDeadLetterQueues, visibilitySeconds } from './queues.ts';

/** So many dead letters one command takes at most: SQS keeps 20,000 of a FIFO queue in flight. */
export const mostLetters = 10_000;
/** A command stops after so many ms, long before what it holds shows again to others. */
const longestMs = visibilitySeconds * 1_000 - 180_000;

/** The dead letters in the hands of one command. Whatever was not removed is given back when it ends. */
export class DeadLetters {
  readonly #queues: DeadLetterQueues;
  readonly #clock: () => number;
  readonly #progress: Progress;
  readonly #endsAt: number;
  #interrupted = false;
  #taken = 0;

  constructor(queues: DeadLetterQueues, { io }: CommandRun) {
    this.#queues = queues;
    this.#clock = io.clock;
    this.#progress = new Progress(io);
    this.#endsAt = io.clock() + longestMs;
  }

  get events(): Queue {
    return this.#queues.events;
  }

  /** Why the command must come to an end; undefined while it may go on. */
  get mustEnd(): string | undefined {
    if (this.#interrupted) return 'Interrupted.';
    return this.#clock() > this.#endsAt ? 'It took too long and was stopped.' : undefined;
  }

  /** Whether there may be more than one command takes. */
  get full(): boolean {
    return this.#taken >= mostLetters;
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  say(text: () => string): void {
    this.#progress.say(text);
  }

  /** Whatever can be seen in the queues and is not in our hands yet. */
  async take(): Promise<DeadEntry[]> {
    const take = async (queue: DeadQueueName): Promise<DeadEntry[]> => {
      let counted = 0;
      const messages = await this.#queues.dead.get(queue)?.take({
        most: mostLetters,
        stop: () => this.full || this.mustEnd !== undefined,
        onTaken: (count) => {
          this.#taken += count - counted;
          counted = count;
          this.say(() => `${this.#taken} dead letters read`);
        },
      });
      return (messages ?? []).map(({ id, body, sentAt, receives }) => ({
        id,
        queue,
        content: readDeadMessage(body),
        sentAt,
        receives,
      }));
    };
    // All to their end, also when one fails: what came later would be given back by nobody.
    const results = await Promise.allSettled([...this.#queues.dead.keys()].map(take));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  /** Removes these for good. Returns those that SQS may not have removed. */
  async remove(entries: readonly DeadEntry[]): Promise<DeadEntry[]> {
    const left: DeadEntry[] = [];
    for (const [name, some] of Map.groupBy(entries, ({ queue }) => queue)) {
      const stays = new Set(await this.#queues.dead.get(name)?.remove(some.map(({ id }) => id)));
      left.push(...some.filter(({ id }) => stays.has(id)));
    }
    return left;
  }

  /** Returns how many could not be given back. */
  async giveBack(): Promise<number> {
    const left = await Promise.all([...this.#queues.dead.values()].map((queue) => queue.close()));
    return left.reduce((sum, some) => sum + some, 0);
  }
}

/** Opens the dead-letter queues for a command's work, and gives back what it holds: also after an error or Ctrl-C. */
export async function withDeadLetters<T>(
  run: CommandRun,
  place: Place,
  names: readonly DeadQueueName[],
  work: (letters: DeadLetters) => Promise<T>,
): Promise<T> {
  const { io } = run;
  const queues = await openDeadLetterQueues(io, place, names);
  const letters = new DeadLetters(queues, run);
  const stopListening = io.onInterrupt?.(() => {
    letters.interrupt();
    io.stderr.write('Stopping; what was not removed is given back …\n');
  });
  try {
    return await work(letters);
  } finally {
    const left = await letters.giveBack();
    if (left > 0) {
      const minutes = visibilitySeconds / 60;
      io.stderr.write(
        `warning: ${left} of the dead letters could not be given back: they show again in ${minutes} minutes\n`,
      );
    }
    stopListening?.();
    queues.close();
  }
}
