import { reactionTable } from '../bitrix24/errors.ts';
import { phaseOf } from './deletion.ts';
import type { Trouble } from './settle.ts';
import type { Deletion } from './task.ts';

/**
 * A deletion that the portal has refused, once nothing else of its step is open: then the task has failed, and the steps
 * after it are not begun. What was refused beside it must not keep the others of its step from another try.
 */
export function refusalAmong(deletions: readonly Deletion[]): Deletion | undefined {
  const open = new Set(deletions.filter(({ outcome }) => outcome === undefined).map(phaseOf));
  return deletions.find((deletion) => deletion.outcome?.result === 'refused' && !open.has(phaseOf(deletion)));
}

/** Why the portal refused it, as far as the task has kept that: the row of the table of errors. */
export function troubleOfRefusal({ outcome }: Deletion): Trouble {
  const verdict = outcome?.verdict ?? 'refused';
  const row = reactionTable.find(({ name }) => name === verdict);
  const code = typeof row?.error === 'string' && row.error !== '' ? row.error.toUpperCase() : verdict;
  return { code, description: row?.meaning ?? 'The portal refused one of the deletions', row };
}
