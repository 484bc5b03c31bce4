import { EntityType } from '../bitrix24/entity-types.ts';
import { entityTypeOf } from './match.ts';
import type { Rule } from './schema.ts';

/** The types of which a rule may delete or unlink a record, the lost record's own first. */
export function touchedTypes({ when, delete: entries }: Pick<Rule, 'when' | 'delete'>): number[] {
  const touched = entries.flatMap((entry): number[] => {
    switch (entry.what) {
      case 'deal-contacts':
      case 'contacts':
        return [EntityType.contact];
      case 'company-contacts':
        return [EntityType.company, EntityType.contact];
      case 'company':
        return [EntityType.company];
      case 'items':
        return [entry.type];
      // Stryker disable ConditionalExpression,StringLiteral: they end below; named so that the linter sees every kind
      case 'deal':
      case 'lead':
      case 'item':
        break;
    }
    // Stryker restore ConditionalExpression,StringLiteral
    return [];
  });
  return [...new Set([entityTypeOf(when.type), ...touched])];
}
