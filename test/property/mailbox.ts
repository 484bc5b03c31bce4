import type { OutgoingMessage, Queue } from '../../lib/aws/queue.ts';

export interface Message<T> {
  readonly body: T;
  receives: number;
  /** ms since the epoch. */
  visibleAt: number;
}

/** A queue in memory: what is received stays, hidden, until it is deleted. It may lose a message when it is told to. */
export class Mailbox<T> implements Queue {
  messages: Message<T>[] = [];
  /** The nth message from now on (1 is the next) is lost, if `mayLose` says that it can come again. */
  loses = 0;
  /** Told when one is lost. */
  lost: () => void = () => {};
  readonly #mayLose: (body: T) => boolean;

  constructor(mayLose: (body: T) => boolean = () => true) {
    this.#mayLose = mayLose;
  }

  async send(message: OutgoingMessage): Promise<void> {
    await this.sendAll([message]);
  }

  sendAll(messages: readonly OutgoingMessage[]): Promise<OutgoingMessage[]> {
    for (const { body } of messages) {
      // As it is written and read back.
      const sent = JSON.parse(JSON.stringify(body)) as T;
      if (this.loses > 0 && this.#mayLose(sent)) {
        this.loses -= 1;
        if (this.loses === 0) {
          this.lost();
          continue;
        }
      }
      this.messages.push({ body: sent, receives: 0, visibleAt: 0 });
    }
    return Promise.resolve([]);
  }

  /** Visible messages, hidden from now until `hiddenUntil`. */
  receive(now: number, max: number, hiddenUntil: number): Message<T>[] {
    const taken = this.messages.filter(({ visibleAt }) => visibleAt <= now).slice(0, max);
    for (const message of taken) {
      message.receives += 1;
      message.visibleAt = hiddenUntil;
    }
    return taken;
  }

  delete(some: readonly Message<T>[]): void {
    this.messages = this.messages.filter((message) => !some.includes(message));
  }
}
