import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { Hit } from '../events/hit.ts';
import type { CrmRecord } from '../state.ts';
import { staticName } from './record-types.ts';

/** Invoices and smart processes are told by two names each: a handler may be bound to either, or to both. */
export function emitChange(hit: Hit, record: CrmRecord, change: 'ADD' | 'UPDATE' | 'DELETE'): void {
  const kind = staticName(record.entityTypeId);
  if (kind !== undefined) {
    hit.add(`ONCRM${kind}${change}`, { FIELDS: { ID: record.id } });
    return;
  }
  const data = { FIELDS: { ID: record.id, ENTITY_TYPE_ID: record.entityTypeId } };
  hit.add(`ONCRMDYNAMICITEM${change}`, data);
  hit.add(`ONCRMDYNAMICITEM${change}_${record.entityTypeId}`, data);
}

/** Deals alone tell of a change of pipeline. */
export function emitPipelineMove(hit: Hit, record: CrmRecord): void {
  if (record.entityTypeId !== EntityType.deal) return;
  hit.add('ONCRMDEALMOVETOCATEGORY', {
    FIELDS: { ID: record.id, CATEGORY_ID: record.categoryId, STAGE_ID: record.stageId },
  });
}
