import { RestClient } from '../lib/bitrix24/rest-client.ts';
import type { DeadEntry } from '../lib/tasks/dead-message.ts';
import { each } from '../lib/tasks/each.ts';
import type { Redrive } from '../lib/tasks/redrive.ts';
import { Redriver } from '../lib/tasks/redrive-letters.ts';
import type { Choice } from './dead-letter-choice.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Deployment } from './deployment.ts';

/** What became of one dead letter. */
export interface Redriven {
  readonly entry: DeadEntry;
  readonly redrive: Redrive;
  /** SQS may still have it although its work goes on: harmless, the next redrive removes it. */
  readonly notRemoved: boolean;
}

export interface RedriveResult {
  readonly redriven: Redriven[];
  /** Portals whose records could not be looked at, by member id, with the reason. */
  readonly troubles: ReadonlyMap<string, string>;
  /** What put an end to it; what was done before is in `redriven`. */
  readonly error?: unknown;
}

/** Looked at and written together: few enough that what was looked at is still true when it is written. */
const chunk = 200;
/** A portal that does not answer holds the command up no longer than so many ms. */
const answerMs = 20_000;

/** Lets the work of the chosen dead letters go on, and removes each letter after that is written. */
export async function redriveDeadLetters(
  deployment: Deployment,
  letters: DeadLetters,
  { wanted }: Choice,
  dryRun: boolean,
): Promise<RedriveResult> {
  const { fetch, clock, operator } = deployment;
  const rest = new RestClient({ fetch, clock, timeoutMs: answerMs });
  const redriver = new Redriver({ ...deployment, rest, events: letters.events, by: operator });
  const redriven: Redriven[] = [];
  const { troubles } = redriver;
  try {
    for (let removed = true; removed && letters.mustEnd === undefined;) {
      const found = (await letters.take()).filter(wanted);
      removed = false;
      for (let start = 0; start < found.length && letters.mustEnd === undefined; start += chunk) {
        const some = await redriveSome(redriver, letters, found.slice(start, start + chunk), { dryRun, redriven });
        removed ||= some > 0;
        letters.say(() => `${redriven.length} dead letters looked at`);
      }
      // What lies behind a removed one of the same group shows only now.
    }
  } catch (error) {
    return { redriven, troubles, error };
  }
  return { redriven, troubles };
}

/** Returns how many letters were removed. */
async function redriveSome(
  redriver: Redriver,
  letters: DeadLetters,
  entries: readonly DeadEntry[],
  { dryRun, redriven }: { dryRun: boolean; redriven: Redriven[] },
): Promise<number> {
  const planned = await redriver.plan(entries);
  if (dryRun) {
    redriven.push(...planned.map(({ entry, redrive }) => ({ entry, redrive, notRemoved: false })));
    return 0;
  }
  const done = new Map<DeadEntry, Redrive>();
  try {
    await each(planned, async (one) => {
      done.set(one.entry, await redriver.carryOut(one));
    });
  } finally {
    // Also when some writes failed: the letters of the others must go.
    const over = [...done].flatMap(([entry, redrive]) => (redrive.do === 'keep' ? [] : [entry]));
    const left = new Set(await letters.remove(over));
    for (const [entry, redrive] of done) redriven.push({ entry, redrive, notRemoved: left.has(entry) });
  }
  return done.size;
}
