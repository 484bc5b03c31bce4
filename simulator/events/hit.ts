/** Something that happened to a record or an app, as handlers hear of it. */
export interface PortalEvent {
  /** Upper case, as on the wire. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Rounds of events that a token delivered inside an event may set off (the server's own fuse against loops). */
export const EVENT_ROUNDS = 7;

/**
 * One run of the portal's code: an HTTP request (a whole batch is one) or a person's click. Events are collected
 * in it and posted at its end; identical ones are posted once.
 */
export class Hit {
  /** The acting user; undefined for a robot, a workflow or an agent: then an event carries no tokens. */
  readonly actor: number | undefined;
  /** Rounds left for the events of this hit; at 0 they are dropped in silence. */
  readonly rounds: number;
  readonly #events = new Map<string, PortalEvent>();

  constructor(actor: number | undefined, rounds: number = EVENT_ROUNDS) {
    this.actor = actor;
    this.rounds = rounds;
  }

  add(name: string, data: Readonly<Record<string, unknown>>): void {
    const key = JSON.stringify([name, data]);
    if (!this.#events.has(key)) this.#events.set(key, { name, data });
  }

  get events(): readonly PortalEvent[] {
    return this.rounds > 0 ? [...this.#events.values()] : [];
  }
}
