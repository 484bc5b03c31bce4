import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import { provePortal, type ProofResult, type ProveOptions } from '../portals/prove.ts';
import { PortalBusy, PortalStopped } from '../portals/waiting.ts';
import { backoffMs } from './backoff.ts';
import { checkApp, type CheckAppOptions, checkEveryMs } from './check-app.ts';
import type { PortalMessage } from './messages.ts';
import { RoundNotFinished } from './lost-records.ts';
import { reconcilePortal, type ReconcileOptions } from './reconcile.ts';
import { reconcileEveryMs } from './schedule.ts';
import type { TaskStore } from './store.ts';
import { finishUninstall } from './uninstall.ts';

/** How often an installation whose app is not known yet is looked at. `tidy24 portals credentials` proves it at once. */
const appUnknownMs = 60 * minute;

export interface ProofOptions extends ProveOptions {
  readonly tasks: TaskStore;
}

export interface ChoreOptions extends ProofOptions, ReconcileOptions, CheckAppOptions {
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
    case 'uninstall': {
      const startedAt = options.clock();
      const finished = await finishUninstall(options, memberId, deadline);
      if (finished) await options.tasks.endChore(memberId, chore, startedAt);
      break;
    }
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
  const { portals, tasks, clock, log } = options;
  const startedAt = clock();
  const portal = await portals.get(memberId);
  if (portal?.state !== 'active') {
    await tasks.endChore(memberId, 'reconcile', startedAt);
    return;
  }
  // Here, because it comes by for every portal: also for those that were connected by an earlier version.
  await tasks.ensureChore(memberId, 'check-app', clock());
  let next = clock() + reconcileEveryMs;
  if (!portal.pause && portal.rulesVersion !== undefined) {
    try {
      if (!(await reconcilePortal(options, portal, deadline))) next = clock();
    } catch (error) {
      if (error instanceof PortalBusy) next = Math.max(error.until, clock() + second);
      else if (error instanceof RoundNotFinished) next = clock() + minute;
      else if (!(error instanceof Bitrix24Error || error instanceof PortalStopped)) throw error;
      log.warn('round of reconciliation not finished', {
        memberId,
        reason: error instanceof Error ? error.message : '',
      });
    }
  }
  await tasks.wantChore(memberId, 'reconcile', next);
}
