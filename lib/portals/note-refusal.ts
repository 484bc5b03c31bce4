import type { Key, Table } from '../aws/table.ts';
import { afterRefusal, clockSlackMs, type Course, stepsAt, type Strictness } from '../bitrix24/strictness.ts';

/** What is known of a limit, and the attribute that keeps it. */
export interface Kept {
  readonly key: Key;
  readonly attribute: string;
  readonly seen: Strictness | undefined;
}

/**
 * Notes a refusal at `now` by one conditional write: of the many that meet the same full limit, one counts.
 *
 * @returns how strict the limit is now; undefined when it is no stricter than before
 */
export async function noteRefusal(
  table: Pick<Table, 'update'>,
  { key, attribute, seen }: Kept,
  course: Course,
  now: number,
): Promise<Strictness | undefined> {
  const next = afterRefusal(seen, course, now);
  if (next === undefined) return undefined;
  const row = await table.update(key, {
    set: 'SET #kept = :next',
    if:
      'attribute_exists(#memberId) AND ' +
      '(attribute_not_exists(#kept.#at) OR #kept.#at <= :before OR #kept.#at > :mistaken)',
    aliases: { kept: attribute },
    values: { next, before: now - course.eventMs, mistaken: now + clockSlackMs },
  });
  return row !== undefined && next.steps > stepsAt(seen, course, now) ? next : undefined;
}
