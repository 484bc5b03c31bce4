import { type B24OAuth, ParamsFactory } from '@bitrix24/b24jssdk';
import { maxBatchCommands } from '../../lib/bitrix24/batch.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { officialClient } from '../../test/contract/official-client.ts';
import { withFastTimers } from '../support/fast-time.ts';
import { deletion } from '../support/lost-deals.ts';
import type { Cell } from './cells.ts';

type IsOver = () => boolean;

/** As a careful script does it: one call a deal, and after an error a wait that doubles. It reads nothing again. */
export async function plainLoop(
  portal: SimulatedPortal,
  { scale }: Cell,
  deals: readonly number[],
  isOver: IsOver,
): Promise<void> {
  const webhook = portal.createWebhook();
  await withFastTimers(scale, async () => {
    for (const id of deals) {
      for (let waitMs = 1_000; !isOver() && !(await isDeleted(webhook, id)); waitMs = Math.min(2 * waitMs, 60_000)) {
        await pause(waitMs);
      }
    }
  });
}

async function isDeleted(webhook: string, id: number): Promise<boolean> {
  const response = await fetch(`${webhook}${deletion}.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id }),
  });
  const answer = (await response.json().catch(() => ({}))) as { result?: unknown };
  return answer.result === true;
}

/**
 * The official SDK with its own batches of 50 and its own limits for the portal's plan; a batch that fails is sent again,
 * a few times. It reads nothing again.
 */
export async function officialSdk(
  portal: SimulatedPortal,
  cell: Cell,
  deals: readonly number[],
  isOver: IsOver,
): Promise<void> {
  const client = clientOf(portal, cell);
  await withFastTimers(cell.scale, async () => {
    for (let start = 0; start < deals.length; start += maxBatchCommands) {
      const some = deals.slice(start, start + maxBatchCommands);
      for (let attempt = 1; attempt <= 5 && !isOver() && !(await areDeleted(client, some)); attempt += 1) {
        await pause(10_000);
      }
    }
  });
}

async function areDeleted(client: B24OAuth, deals: readonly number[]): Promise<boolean> {
  try {
    const answer = await client.actions.v2.batchByChunk.make({
      calls: deals.map((id): [string, { id: number }] => [deletion, { id }]),
      options: { isHaltOnError: false },
    });
    return answer.isSuccess;
  } catch {
    return false;
  }
}

function clientOf(portal: SimulatedPortal, { plan }: Cell): B24OAuth {
  const app = portal.createApp({ scope: ['crm'] });
  const limits = plan === 'enterprise' ? ParamsFactory.getEnterprise() : ParamsFactory.getDefault();
  return officialClient(portal, app, portal.installApp(app), limits);
}

/** By the timers of the global object, which run as fast as everything else. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
