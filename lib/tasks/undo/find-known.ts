import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import { presentAmong } from './present.ts';
import type { UndoRun } from './undo-run.ts';
import type { Restored } from './undo-state.ts';
import type { Place } from './undo-tasks.ts';

/** A record that was made anew may have been deleted and made anew again; it is followed so far. */
const mostSteps = 5;

/** Finds deleted records that another task had removed as well, and whose undo has brought them back. */
export async function findKnown(undo: UndoRun): Promise<void> {
  const { options, portal } = undo.run;
  const missing = undo.missing();
  const ways = new Map(missing.map((record) => [recordKey(record), [] as Place[]]));
  let ends: (readonly [from: string, end: RecordKey])[] = missing.map((record) => [recordKey(record), record]);
  for (let step = 0; step < mostSteps && ends.length > 0; step += 1) {
    const places = await options.tasks.undos.placesOf(
      portal.memberId,
      ends.map(([, end]) => end),
    );
    ends = ends.flatMap(([from, end]) => {
      const place = places.get(recordKey(end));
      if (!place) return [];
      ways.get(from)?.push(place);
      return [[from, nowOf(place)] as const];
    });
  }
  const steps = [...ways.values()].flat().map(nowOf);
  if (steps.length === 0) return;
  const there = await presentAmong(undo, steps);
  const found = missing.flatMap(({ entityTypeId, id }): Restored[] => {
    const place = ways.get(recordKey({ entityTypeId, id }))?.findLast((step) => there.has(recordKey(nowOf(step))));
    if (!place) return [];
    const { newId, complete } = place;
    // One that was left half done, perhaps by a try of this same undo, gets what is missing.
    return [{ entityTypeId, id, newId, how: complete ? 'found' : 'recreated', complete }];
  });
  await undo.bring(found, 'Brought back before, as is noted');
}

const nowOf = ({ entityTypeId, newId }: Place): RecordKey => ({ entityTypeId, id: newId });
