import { itemFields } from '../crm/item-fields.ts';
import type { PhpMap, PhpValue } from '../php-form.ts';
import type { Call } from '../rest/method.ts';

const NUMBERS: ReadonlySet<string> = new Set(['double', 'integer', 'user', 'employee', 'enumeration', 'crm_entity']);

/**
 * The value as the portal keeps it: a form's numbers are text, and empty is nothing. What has no known type stays as it
 * came.
 */
export function typedValue(call: Call, entityTypeId: number, name: string, value: PhpValue): unknown {
  const { crm } = call.portal;
  if (name === 'fm') return value;
  const system = itemFields(entityTypeId, crm.stages.hasStages(entityTypeId)).find((field) => field.name === name);
  const { type, multiple = false } = system ?? crm.fields.find(entityTypeId, name) ?? {};
  if (type === undefined) return value;
  if (!multiple) return one(value, type);
  const list: PhpValue[] = typeof value === 'object' && value !== null ? Object.values(value as PhpMap) : [value];
  return list.filter((entry) => entry !== '' && entry !== null).map((entry) => one(entry, type));
}

function one(value: PhpValue, type: string): unknown {
  if (value === '') return null;
  if (!NUMBERS.has(type) || typeof value !== 'string') return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
}
