import { Bitrix24Error, PortalError } from '../bitrix24/failures.ts';
import { second } from '../bitrix24/reactions.ts';
import { TooLateToStart } from '../bitrix24/rest-client.ts';
import type { CapStore } from '../portals/caps.ts';
import type { KillSwitch } from '../portals/kill-switch.ts';
import type { Portal } from '../portals/portal.ts';
import type { PortalSession, SessionOptions } from '../portals/session.ts';
import type { Protect } from '../rules/protect.ts';
import type { StoredRule } from '../rules/version.ts';
import { OutOfDate, PortalBusy, PortalStopped } from '../portals/waiting.ts';
import { each } from './each.ts';
import type { SettleOptions, Settlement, Trouble } from './settle.ts';
import type { SnapshotStore } from './snapshots.ts';
import type { Deletion, Task } from './task.ts';

export interface WorkOptions extends SessionOptions, SettleOptions {
  readonly snapshots: SnapshotStore;
  readonly caps: CapStore;
  readonly killSwitch: KillSwitch;
}

/** What all steps for one message need. */
export interface Run {
  readonly options: WorkOptions;
  readonly portal: Portal;
  readonly session: PortalSession;
  readonly settle: Settlement;
  /** What no rule touches. */
  readonly protect: Protect;
}

/** A task that is to be carried out now. */
export interface Ready {
  readonly task: Task;
  /** In force now. */
  readonly rule: StoredRule;
  /** Those of its deletions whose turn it is; what they remove is in a snapshot. */
  readonly wave: readonly Deletion[];
}

/** After a call that failed as a whole and surely changed nothing. */
export async function afterFailure(run: Run, tasks: readonly Task[], error: unknown): Promise<number | undefined> {
  const { options, settle } = run;
  if (error instanceof PortalBusy) return Math.max(error.until, options.clock() + second);
  if (error instanceof TooLateToStart) return options.clock();
  if (error instanceof PortalStopped) {
    await each(tasks, (task) => settle.park(task, error.message));
    return undefined;
  }
  // Counted as a try, so that the next round takes fewer records and is quicker.
  const slow = error instanceof OutOfDate && { code: 'LOOK_TOO_SLOW', description: error.message };
  if (!slow && !(error instanceof Bitrix24Error)) throw error;
  const trouble = { ...(slow || troubleOf(error as Bitrix24Error)), shared: tasks.length > 1 };
  await each(tasks, (task) => afterTrouble(run, task, trouble));
  return undefined;
}

/** What a trouble means for one task: it fails, waits for a person, or is tried again. */
export async function afterTrouble(run: Run, task: Task, trouble: Trouble): Promise<void> {
  const { reaction, stopsPortal = false, meaning = '' } = trouble.row ?? {};
  const isFinal = reaction === 'permanent' || reaction === 'bug' || reaction === 'operator';
  if (reaction === 'operator' && stopsPortal) await run.settle.park(task, meaning);
  // Alone it would be; together with others, one of them is at fault, and it is found by halves.
  else if (isFinal && trouble.shared !== true) await run.settle.fail(task, trouble);
  else
    await retryOrStop(
      run,
      task,
      isFinal && trouble.row ? { ...trouble, row: { ...trouble.row, countsAttempt: true } } : trouble,
    );
}

async function retryOrStop({ session, settle }: Run, task: Task, trouble: Trouble): Promise<void> {
  if ((await settle.retry(task, trouble)) === 'settled') return;
  const { meaning, mend, name } = trouble.row ?? { meaning: trouble.description, mend: undefined, name: trouble.code };
  const stopped = await session.stop(name, `${meaning} ${mend ?? ''}`.trim());
  await settle.park(task, stopped.message);
}

export function troubleOf(error: Bitrix24Error): Trouble {
  const code = error instanceof PortalError && error.error !== '' ? error.error : error.code;
  const description = error instanceof PortalError ? error.description : error.message;
  return { code, description, status: error.status, row: error.row };
}

export function isPortalTrouble(error: unknown): boolean {
  return (
    error instanceof Bitrix24Error ||
    error instanceof PortalBusy ||
    error instanceof PortalStopped ||
    error instanceof TooLateToStart
  );
}

export function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
