import type { CrmRecord } from '../state.ts';
import { type ItemField, readOnly, responseOnly } from './item-field.ts';

/** A phone number, an e-mail address and the like. */
export interface Multifield {
  readonly id: number;
  readonly typeId: string;
  readonly valueType: string;
  readonly value: string;
}

/** The `fm` of a lead, a contact or a company: a list or, as JSON and PHP forms have it, a map of entries. */
export function multifields(record: CrmRecord): Multifield[] {
  const given = record.custom['fm'];
  const entries: unknown[] = typeof given === 'object' && given !== null ? Object.values(given) : [];
  return entries.flatMap((entry, index) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { typeId, valueType, value, id } = entry as Record<string, unknown>;
    if (typeof typeId !== 'string' || typeof value !== 'string') return [];
    return [
      {
        id: typeof id === 'number' ? id : record.id * 100 + index + 1,
        typeId,
        valueType: typeof valueType === 'string' ? valueType : 'WORK',
        value,
      },
    ];
  });
}

function first(record: CrmRecord, typeId: string, valueType?: string): string | null {
  const found = multifields(record).find(
    (entry) => entry.typeId === typeId && (valueType === undefined || entry.valueType === valueType),
  );
  return found?.value ?? null;
}

function has(record: CrmRecord, typeId: string): 'Y' | 'N' {
  return first(record, typeId) === null ? 'N' : 'Y';
}

/** `fm` comes only with all fields and cannot be filtered by; the first phone and address can be chosen by name. */
export const multifieldFields: readonly ItemField[] = [
  { name: 'fm', type: 'crm_multifield', multiple: true, onlyWithAll: true, read: multifields },
  readOnly('hasPhone', 'boolean', (record) => has(record, 'PHONE')),
  readOnly('hasEmail', 'boolean', (record) => has(record, 'EMAIL')),
  readOnly('hasImol', 'boolean', (record) => has(record, 'IM')),
  responseOnly('phone', (record) => first(record, 'PHONE')),
  responseOnly('phoneWork', (record) => first(record, 'PHONE', 'WORK')),
  responseOnly('phoneMobile', (record) => first(record, 'PHONE', 'MOBILE')),
  responseOnly('email', (record) => first(record, 'EMAIL')),
  responseOnly('emailWork', (record) => first(record, 'EMAIL', 'WORK')),
  responseOnly('emailHome', (record) => first(record, 'EMAIL', 'HOME')),
];
