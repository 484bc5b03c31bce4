import { EntityType, quoteTypeId } from '../lib/bitrix24/entity-types.ts';
import { dynamicTypeSchema } from '../lib/rules/schema.ts';

const named: readonly number[] = [...Object.values(EntityType), quoteTypeId];

/** Whether Bitrix24 has, or may have, records of this type. The numbers of smart processes are even. */
export function isPossibleType(entityTypeId: number): boolean {
  return named.includes(entityTypeId) || (entityTypeId % 2 === 0 && dynamicTypeSchema.safeParse(entityTypeId).success);
}
