import { minute } from '../bitrix24/reactions.ts';
import { provePortal, type ProofResult, type ProveOptions } from '../portals/prove.ts';
import { backoffMs } from './backoff.ts';
import type { PortalMessage } from './messages.ts';
import type { TaskStore } from './store.ts';

/** How often an installation whose app is not known yet is looked at. `tidy24 portals credentials` proves it at once. */
const appUnknownMs = 60 * minute;

export interface ChoreOptions extends ProveOptions {
  readonly tasks: TaskStore;
}

/** Does what a message of the queue `reconcile` asks for, and says when to do it again if it is not finished. */
export async function runChore(
  options: ChoreOptions,
  { memberId, chore }: PortalMessage,
  deadline: number,
): Promise<ProofResult> {
  const { tasks, clock, random, log } = options;
  const proof = await provePortal(options, memberId, deadline);
  log.info('proof', { memberId, result: proof.result, reason: 'reason' in proof ? proof.reason : undefined });
  switch (proof.result) {
    case 'app-unknown':
      await tasks.wantChore(memberId, chore, clock() + appUnknownMs);
      break;
    case 'later':
      await tasks.wantChore(memberId, chore, Math.max(proof.until, clock() + backoffMs(1, random)));
      break;
    case 'active':
    case 'refused':
    case 'nothing-pending':
      await tasks.endChore(memberId, chore);
      break;
  }
  return proof;
}
