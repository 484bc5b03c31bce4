import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import { presentAmong } from './present.ts';
import type { UndoRun } from './undo-run.ts';

/** A record that was made anew may have been deleted and made anew again; it is followed so far. */
const mostSteps = 5;

/** Finds deleted records that another task had removed as well, and whose undo has brought them back. */
export async function findKnown(undo: UndoRun): Promise<void> {
  const { options, portal } = undo.run;
  const missing = undo.missing();
  const ways = new Map(missing.map((record) => [recordKey(record), [] as RecordKey[]]));
  let ends: (readonly [from: string, end: RecordKey])[] = missing.map((record) => [recordKey(record), record]);
  for (let step = 0; step < mostSteps && ends.length > 0; step += 1) {
    const places = await options.tasks.undos.placesOf(
      portal.memberId,
      ends.map(([, end]) => end),
    );
    ends = ends.flatMap(([from, end]) => {
      const id = places.get(recordKey(end));
      if (id === undefined) return [];
      const next = { entityTypeId: end.entityTypeId, id };
      ways.get(from)?.push(next);
      return [[from, next] as const];
    });
  }
  const steps = [...ways.values()].flat();
  if (steps.length === 0) return;
  const there = await presentAmong(undo, steps);
  const found = missing.flatMap(({ entityTypeId, id }) => {
    const now = ways.get(recordKey({ entityTypeId, id }))?.findLast((step) => there.has(recordKey(step)));
    return now ? [{ entityTypeId, id, newId: now.id, how: 'found' as const, complete: true }] : [];
  });
  await undo.bring(found, 'Brought back by another undo');
}
