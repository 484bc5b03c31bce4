import type { Call } from '../../../local/permissions/call.ts';
import { Caller } from '../../../local/permissions/caller.ts';
import { watchCalls, type WatchedCalls } from '../../../local/permissions/watch-calls.ts';

/** Holds what runs as a function in this process against that function's role in serverless.yml. */
export class HeldRoles {
  readonly #caller = Caller.start();
  readonly #calls: WatchedCalls = watchCalls(() => undefined);

  /** For the embedded servers. */
  readonly onCall = (call: Call): void => this.#calls.onCall(call);

  /** What it calls has to be allowed to that function. */
  as<T>(functionKey: string, work: () => T): T {
    return this.#caller.runAs(functionKey, work);
  }

  /** What a test does itself in the middle of a function's work. */
  asNobody<T>(work: () => T): T {
    return this.#caller.runAs(undefined, work);
  }

  /** @throws Error naming each kind of call that AWS would have refused */
  close(): void {
    this.#caller.stop();
    const { refusable } = this.#calls;
    if (refusable.length > 0) throw new Error(`AWS would refuse:\n${refusable.join('\n')}`);
  }
}
