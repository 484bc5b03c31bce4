import { EntityType } from '../../bitrix24/entity-types.ts';
import { portalTimeIn } from '../../bitrix24/portal-time.ts';
import type { Semantics } from '../../bitrix24/stages.ts';
import type { GuardName } from '../../rules/guards.ts';
import type { RecordKey } from '../task.ts';
import type { Unread } from './guard-of.ts';

/** A record that names a holder as its client, as it was read. */
export interface ClientRow extends RecordKey {
  readonly stageId: string;
  /** What its stage means; undefined while nobody knows, and where that does not matter. */
  semantics?: Semantics | undefined;
  /** By the number of the parent's type. */
  readonly parents: Readonly<Record<string, number>>;
  /** Whether it is protected, or its row does not say; what people have put a hold on is known later. */
  isHeld: boolean;
}

/** A contact, company or lead of which is being found out what it has. */
export class HolderNotes {
  readonly record: RecordKey;
  readonly rows = new Map<string, ClientRow>();
  readonly unread = new Map<GuardName, Unread>();
  lastActivityTime: number | undefined;
  createdTime: number | undefined;

  constructor(record: RecordKey) {
    this.record = record;
  }

  /** Its times, from its own fields. */
  noteTimes(fields: Readonly<Record<string, unknown>> | undefined): void {
    this.lastActivityTime = portalTimeIn(fields?.['lastActivityTime']);
    this.createdTime = portalTimeIn(fields?.['createdTime']);
    if (this.lastActivityTime === undefined) this.unread.set('recent-activity', 'refused');
  }

  noteUnread(guards: readonly GuardName[], why: Unread): void {
    // What may pass is less certain than what stays.
    for (const guard of guards) if (this.unread.get(guard) !== 'refused') this.unread.set(guard, why);
  }
}

/** Fields of a holder that tell when something happened. */
export const timeFields = ['id', 'createdTime', 'lastActivityTime'] as const;

export function keyOf({ entityTypeId, id }: RecordKey): string {
  return `${entityTypeId}:${id}`;
}

/** Whether records can name it as their client. A lead is counted as itself. */
export function hasClients({ entityTypeId }: RecordKey): boolean {
  return entityTypeId === EntityType.contact || entityTypeId === EntityType.company;
}
