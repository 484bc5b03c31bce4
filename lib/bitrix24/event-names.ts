import { EntityType } from './entity-types.ts';

/** What an event about a record says has happened. `move`: to another pipeline. */
export type Change = 'add' | 'update' | 'delete' | 'move';

export interface RecordEventName {
  readonly change: Change;
  /** Absent when only the body's FIELDS[ENTITY_TYPE_ID] tells it. */
  readonly entityTypeId?: number;
}

const changes: Readonly<Record<string, Change>> = {
  ADD: 'add',
  UPDATE: 'update',
  DELETE: 'delete',
};

const types: Readonly<Record<string, number>> = {
  DEAL: EntityType.deal,
  LEAD: EntityType.lead,
  CONTACT: EntityType.contact,
  COMPANY: EntityType.company,
};

/**
 * What the name of an event about one record tells, in any case: ONCRMDEALUPDATE, ONCRMDYNAMICITEMADD_177. Matched as a
 * whole, because the id in ONCRMDEALUSERFIELDADD and its like is not that of a record.
 *
 * @returns undefined for every other event
 */
export function recordEventName(event: string): RecordEventName | undefined {
  const name = event.toUpperCase();
  if (name === 'ONCRMDEALMOVETOCATEGORY') return { change: 'move', entityTypeId: EntityType.deal };
  const [, type, verb, suffix] =
    /^ONCRM(DEAL|LEAD|CONTACT|COMPANY|DYNAMICITEM)(ADD|UPDATE|DELETE)(?:_([1-9]\d{0,9}))?$/.exec(name) ?? [];
  const change = changes[verb ?? ''];
  if (type === undefined || change === undefined) return undefined;
  if (type === 'DYNAMICITEM') return suffix === undefined ? { change } : { change, entityTypeId: Number(suffix) };
  const entityTypeId = types[type];
  return suffix === undefined && entityTypeId !== undefined ? { change, entityTypeId } : undefined;
}

export const lifecycleEvents = [
  'ONAPPUPDATE',
  'ONAPPUNINSTALL',
  'ONAPPPAYMENT',
  'ONAPPTEST',
  'ONOFFLINEEVENT',
] as const;
