import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { CredentialStore } from '../portals/credentials.ts';
import type { Portal } from '../portals/portal.ts';
import type { PortalStore } from '../portals/store.ts';
import type { RowKey, UninstallCause } from './app-chores.ts';
import { each } from './each.ts';
import type { TaskStore } from './store.ts';

export interface UninstallOptions {
  readonly portals: PortalStore;
  readonly credentials: CredentialStore;
  readonly tasks: TaskStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** Time that one page of rows may take. */
const marginMs = 15_000;

/**
 * Finishes with a portal that has removed the app, or that a person gives up: disconnects it, erases its tokens, cancels its open tasks and drops
 * what else was to be done. Every step may be repeated, and what proves the removal is forgotten last, so that whoever
 * comes after a crash does it all again. A newer installation is left alone, whenever it arrives.
 *
 * @param deadline ms since the epoch; what is left then is due at once
 * @returns whether nothing is left to do
 */
export async function finishUninstall(options: UninstallOptions, memberId: string, deadline: number): Promise<boolean> {
  const { portals, credentials, tasks, clock, log } = options;
  const { appChores } = tasks;
  const waiting = await appChores.uninstall(memberId);
  if (!waiting) return true;

  const { cause, doneTo } = waiting;
  const portal = await disconnect(portals, memberId, cause);
  if (!portal) {
    log.warn('removal of the app not believed, or of an older installation', { memberId });
    await appChores.endUninstall(memberId, cause);
    return true;
  }
  if ('byHand' in cause) await credentials.eraseAll(memberId, cause.byHand, clock());
  else await credentials.eraseTokens(memberId, cause.removal, clock());
  const until = portal.disconnectedAt ?? clock();
  for await (const { keys, oldest } of appChores.rowsOf(memberId, doneTo ?? until)) {
    await cancelTasks(options, keys, cause);
    await each(keys.filter(isDropped), (key) => appChores.drop(key, until));
    if (clock() > deadline - marginMs) {
      await appChores.continueUninstall(memberId, oldest);
      return false;
    }
  }
  await portals.forgetInstallation(memberId, 'byHand' in cause ? undefined : cause.removal.tokenDigest);
  await appChores.endUninstall(memberId, cause);
  const why = 'byHand' in cause ? 'a person gave it up' : 'the app was removed';
  log.info(`portal disconnected: ${why}`, { memberId, domain: portal.domain });
  return true;
}

/** Undefined when nothing proves the removal, or a newer installation has come. */
function disconnect(portals: PortalStore, memberId: string, cause: UninstallCause): Promise<Portal | undefined> {
  if ('byHand' in cause) return portals.disconnectByHand(memberId, cause.byHand);
  const { tokenDigest, receivedAt } = cause.removal;
  return portals.disconnect(memberId, tokenDigest, receivedAt);
}

/** A proof may be of the next installation, and the removal itself is not done yet. */
function isDropped({ taskId, sk }: RowKey): boolean {
  if (sk === 'unread') return true;
  return sk === 'chore' && !/:(prove|uninstall)$/.test(taskId);
}

async function cancelTasks(
  { tasks, clock, log, count }: UninstallOptions,
  keys: readonly RowKey[],
  cause: UninstallCause,
): Promise<void> {
  const [reason, why] =
    'byHand' in cause
      ? ['portal-disconnected', 'the portal was disconnected by hand']
      : ['app-uninstalled', 'the app was removed from the portal'];
  const some = await tasks.getMany(keys.filter(({ sk }) => sk === 'task').map(({ taskId }) => taskId));
  const open = some.filter(({ status }) => status === 'open');
  await each(open, async ({ taskId, memberId, deletions }) => {
    const begun = deletions ? ' Its deletions had begun; what the portal did of them is not known.' : '';
    const cancelled = await tasks.end(taskId, {
      status: 'cancelled',
      reason,
      history: [{ at: clock(), what: 'ended', text: `Cancelled: ${why}.${begun}` }],
    });
    if (!cancelled) return; // A worker was quicker, and knows better.
    count('TasksEnded');
    log.info('task ended', { taskId, memberId, status: 'cancelled', reason });
  });
}
