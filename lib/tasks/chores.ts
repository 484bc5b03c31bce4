import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import { TooLateToStart } from '../bitrix24/rest-client.ts';
import { provePortal, type ProofResult, type ProveOptions } from '../portals/prove.ts';
import type { Portal } from '../portals/portal.ts';
import { PortalBusy, PortalStopped } from '../portals/waiting.ts';
import { backoffMs } from './backoff.ts';
import { checkApp, type CheckAppOptions, checkEveryMs } from './check-app.ts';
import { goOn, type GoOnOptions } from './go-on.ts';
import type { PortalMessage } from './messages.ts';
import { nameLongWaiting } from './long-waits.ts';
import { RoundNotFinished } from './lost-records.ts';
import { reconcilePortal, type ReconcileOptions } from './reconcile.ts';
import { longWaitsEveryMs, pausedMs, reconcileEveryMs } from './schedule.ts';
import type { TaskStore } from './store.ts';
import { finishUninstall } from './uninstall.ts';
import { workBacklog } from './work-backlog.ts';

/** A backlog that could not go on so often, minute by minute, is given up. */
const mostFailures = 60;
/** How often an installation whose app is not known yet is looked at. `tidy24 portals credentials` proves it at once. */
const appUnknownMs = 60 * minute;

export interface ProofOptions extends ProveOptions {
  readonly tasks: TaskStore;
}

export interface ChoreOptions extends ProofOptions, ReconcileOptions, CheckAppOptions, GoOnOptions {
  readonly allowLoopback: boolean;
}

/** Does what a message of the queue `reconcile` asks for, and says when to do it again. */
export async function runChore(
  options: ChoreOptions,
  { memberId, chore }: PortalMessage,
  deadline: number,
): Promise<void> {
  switch (chore) {
    case 'prove':
      await proveInstallation(options, memberId, deadline);
      break;
    case 'reconcile':
      await runRound(options, memberId, deadline);
      break;
    case 'long-waits':
      await runLongWaits(options, memberId, deadline);
      break;
    case 'backlog':
      await runBacklog(options, memberId, deadline);
      break;
    case 'uninstall': {
      const startedAt = options.clock();
      const finished = await finishUninstall(options, memberId, deadline);
      if (finished) await options.tasks.endChore(memberId, chore, startedAt);
      break;
    }
    case 'go-on':
      await goOn(options, memberId);
      break;
    case 'check-app':
      await runCheck(options, memberId, deadline);
      break;
  }
}

/** Proves what is pending; when that has to wait, the clock tries again. */
export async function proveInstallation(
  options: ProofOptions,
  memberId: string,
  deadline: number,
): Promise<ProofResult> {
  const { tasks, clock, random, log } = options;
  const startedAt = clock();
  // A removal that came before this installation is not to be found afterwards and taken for one of it.
  if (!(await finishUninstall(options, memberId, deadline))) {
    await tasks.wantChore(memberId, 'prove', clock() + minute);
    return { result: 'later', until: clock() + minute, reason: 'an earlier removal of the app is not finished' };
  }
  const proof = await provePortal(options, memberId, deadline);
  log.info('proof', { memberId, result: proof.result, reason: 'reason' in proof ? proof.reason : undefined });
  switch (proof.result) {
    case 'app-unknown':
      await tasks.wantChore(memberId, 'prove', clock() + appUnknownMs);
      break;
    case 'later':
      await tasks.wantChore(memberId, 'prove', Math.max(proof.until, clock() + backoffMs(1, random)));
      break;
    case 'active':
      await tasks.hastenPortal(memberId);
      await tasks.wantChore(memberId, 'reconcile', clock() + reconcileEveryMs);
      await tasks.ensureChore(memberId, 'check-app', clock() + checkEveryMs);
      await tasks.endChore(memberId, 'prove', startedAt);
      break;
    case 'refused':
    case 'nothing-pending':
      // Finished before, perhaps by somebody who died before asking for this.
      await tasks.ensureChore(memberId, 'reconcile', clock() + reconcileEveryMs);
      await tasks.endChore(memberId, 'prove', startedAt);
      break;
  }
  return proof;
}

/** A look at the portal, and when to take the next. */
async function runCheck(options: ChoreOptions, memberId: string, deadline: number): Promise<void> {
  const { tasks, clock } = options;
  const startedAt = clock();
  const again = await checkApp(options, memberId, deadline);
  if (again === undefined) await tasks.endChore(memberId, 'check-app', startedAt);
  else await tasks.appChores.nextCheck(memberId, again, startedAt);
}

/** One round of reconciliation, or as much of it as fits; the clock asks for the next. */
async function runRound(options: ChoreOptions, memberId: string, deadline: number): Promise<void> {
  const { portals, tasks, clock } = options;
  const startedAt = clock();
  const portal = await portals.get(memberId);
  if (portal?.state !== 'active') {
    await tasks.endChore(memberId, 'reconcile', startedAt);
    return;
  }
  // Here, because it comes by for every portal: also for those that were connected by an earlier version.
  await tasks.ensureChore(memberId, 'check-app', clock());
  // Rules that are new to it are looked at without delay: their waits may be other ones now.
  if (portal.waitsVersion === portal.rulesVersion) await tasks.ensureChore(memberId, 'long-waits', clock());
  else await tasks.wantChore(memberId, 'long-waits', clock());
  const next = await inRounds(options, portal, reconcileEveryMs, () => reconcilePortal(options, portal, deadline));
  await tasks.wantChore(memberId, 'reconcile', next);
}

/** A look for ended waits, or as much of it as fits; once a day. */
async function runLongWaits(options: ChoreOptions, memberId: string, deadline: number): Promise<void> {
  const { portals, tasks, clock } = options;
  const startedAt = clock();
  const portal = await portals.get(memberId);
  if (portal?.state !== 'active') {
    await tasks.endChore(memberId, 'long-waits', startedAt);
    return;
  }
  const next = await inRounds(options, portal, longWaitsEveryMs, () => nameLongWaiting(options, portal, deadline));
  await tasks.wantChore(memberId, 'long-waits', next);
}

/** A minute's part of what a person asked for out of the past. */
async function runBacklog(options: ChoreOptions, memberId: string, deadline: number): Promise<void> {
  const { portals, clock } = options;
  const { backlogs } = options.tasks;
  const [portal, backlog] = [await portals.get(memberId), await backlogs.get(memberId)];
  if (!backlog || backlog.endedAt !== undefined) return;
  if (portal?.state !== 'active') {
    await backlogs.end(memberId, backlog, 'stopped');
    return;
  }
  if (backlog.failures >= mostFailures) {
    await backlogs.end(memberId, backlog, 'failed');
    return;
  }
  let isDone = false;
  const next = await inRounds(options, portal, minute, async () => {
    try {
      isDone = await workBacklog(options, portal, backlog, deadline);
    } catch (error) {
      if (!(error instanceof RoundNotFinished || error instanceof Bitrix24Error)) throw error;
      await backlogs.failed(memberId, backlog, error.message);
      throw error;
    }
    return true;
  });
  if (isDone) await backlogs.end(memberId, backlog, 'finished');
  else await backlogs.later(memberId, backlog, Math.max(next, clock() + second));
}

/** Does one round of something that is done every so many ms; gives when it is to be done next, or to go on. */
async function inRounds(
  { clock, log }: ChoreOptions,
  { memberId, pause, rulesVersion }: Portal,
  everyMs: number,
  work: () => Promise<boolean>,
): Promise<number> {
  if (rulesVersion === undefined) return clock() + everyMs;
  if (pause) return clock() + Math.min(everyMs, pausedMs);
  try {
    return (await work()) ? clock() + everyMs : clock();
  } catch (error) {
    log.warn('round not finished', { memberId, reason: error instanceof Error ? error.message : '' });
    if (error instanceof PortalBusy) return Math.max(error.until, clock() + second);
    if (error instanceof TooLateToStart) return clock();
    if (error instanceof RoundNotFinished) return clock() + minute;
    if (error instanceof Bitrix24Error || error instanceof PortalStopped) return clock() + Math.min(everyMs, pausedMs);
    throw error;
  }
}
