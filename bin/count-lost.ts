import * as z from 'zod';
import type { Portal } from '../lib/portals/portal.ts';
import { readPipelines } from '../lib/portals/read-stages.ts';
import { nextDirectory } from '../lib/portals/stage-directory.ts';
import { lostOnes } from '../lib/tasks/lost-records.ts';
import { saysSemantics } from '../lib/tasks/stage-semantics.ts';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { LookingSession } from './looking-session.ts';
import { patiently } from './patiently.ts';

/** Two minutes for everything that a command asks a portal, in ms. */
const deadlineMs = 120_000;

/** How many records of each type were lost since then, as the portal counts them. Writes nothing. */
export async function countLost(
  deployment: Deployment,
  portal: Portal,
  types: readonly number[],
  since: number,
): Promise<Map<number, number>> {
  const session = new LookingSession(deployment, portal, deployment.clock() + deadlineMs);
  const unsaid = types.filter((type) => !saysSemantics(type));
  const pipelines =
    unsaid.length === 0
      ? undefined
      : await patiently(deployment, () => readPipelines(session, new Map(unsaid.map((type) => [type, []]))));
  const totals = new Map<number, number>();
  for (const type of types) {
    const read = pipelines?.get(type);
    const directory = read && nextDirectory(type, undefined, read, deployment.clock());
    const search = lostOnes(type, directory, { '>=movedTime': new Date(since).toISOString() });
    if (!search) {
      totals.set(type, 0);
      continue;
    }
    const params = { ...search, select: ['id'], start: 0 };
    const { total } = await patiently(deployment, () => session.call('crm.item.list', params, { write: false }));
    const count = z.int().min(0).safeParse(total);
    if (!count.success) throw new CommandError(`The portal does not say how many records of type ${type} there are.`);
    totals.set(type, count.data);
  }
  return totals;
}
