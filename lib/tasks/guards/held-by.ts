import { holdFieldOf, type Protect } from '../../rules/protect.ts';
import type { RecordKey } from '../task.ts';

/** The fields of a record that tell whether it is protected. */
export function protectFields(protect: Protect, entityTypeId: number): string[] {
  const field = holdFieldOf(protect, entityTypeId);
  return [
    ...(field === undefined ? [] : [field]),
    ...(protect.responsible.length > 0 ? ['assignedById'] : []),
    ...(protect.sources.length > 0 ? ['sourceId'] : []),
  ];
}

/** What `heldBy` says of a record whose row does not tell. */
export const unknownHold = 'unknown';

/**
 * What holds a record, in a person's words and without personal data; `unknownHold` when its row does not say; undefined
 * when nothing does. Pure.
 *
 * @param fields as `crm.item.list` gives them; undefined: they need not be looked at
 * @param held what people have put a hold on, as `type:id`
 */
export function heldBy(
  record: RecordKey,
  fields: Readonly<Record<string, unknown>> | undefined,
  protect: Protect,
  held: ReadonlySet<string>,
): string | undefined {
  const { entityTypeId, id } = record;
  if (held.has(`${entityTypeId}:${id}`)) return 'a hold (tidy24 hold list)';
  if (protect.ids[String(entityTypeId)]?.includes(id) === true) return 'its id is in protect.ids';
  if (protectFields(protect, entityTypeId).length === 0) return undefined;
  if (fields === undefined) return unknownHold;

  const name = holdFieldOf(protect, entityTypeId);
  const ticked = name === undefined ? false : isTicked(fields, name);
  if (ticked === true) return `its field ${String(name)} is ticked`;
  const user = Number(fields['assignedById'] ?? Number.NaN);
  if (protect.responsible.includes(user)) return `user ${user} is responsible for it`;
  // Smart processes need have no sources.
  const given = fields['sourceId'];
  const source = typeof given === 'number' ? String(given) : given;
  if (protect.sources.some((one) => one === source)) return `its source is ${String(source)}`;
  return ticked === undefined || (protect.responsible.length > 0 && Number.isNaN(user)) ? unknownHold : undefined;
}

/** Undefined when the portal does not tell of the field. Whatever is no plain "no" is a tick. */
function isTicked(fields: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  if (!Object.hasOwn(fields, name) || fields[name] === undefined) return undefined;
  const value = fields[name];
  return !(value === null || value === false || value === 0 || ['', 'N', '0'].some((no) => no === value));
}
