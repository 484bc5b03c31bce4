import { numberIn, type Scalar } from './conditions.ts';
import type { PortalField } from './directory.ts';
import type { operators } from './where-file.ts';

/** What a field holds, as far as conditions tell fields apart. `list`: one of few values, each with an id and a text. */
export type FieldKind = 'time' | 'number' | 'money' | 'flag' | 'list' | 'id' | 'text' | 'opaque';
type Operator = (typeof operators)[number];

/** Source: data-types.md and crm/data-types.md; what is not here holds text. */
const kinds: ReadonlyMap<string, FieldKind> = new Map([
  ['date', 'time'],
  ['datetime', 'time'],
  ['integer', 'number'],
  ['double', 'number'],
  ['money', 'money'],
  ['boolean', 'flag'],
  ['char', 'flag'],
  ['enumeration', 'id'],
  ['user', 'id'],
  ['employee', 'id'],
  ['crm_lead', 'id'],
  ['crm_deal', 'id'],
  ['crm_contact', 'id'],
  ['crm_company', 'id'],
  ['crm_quote', 'id'],
  ['crm_category', 'id'],
  ['crm_entity', 'id'],
  ['file', 'opaque'],
  ['crm_multifield', 'opaque'],
  ['resourcebooking', 'opaque'],
]);

export function kindOf({ name, type, items }: PortalField): FieldKind {
  if (items !== undefined) return 'list';
  // Declared as text, although a time comes (object-fields.md).
  if (name === 'lastCommunicationTime') return 'time';
  return kinds.get(type) ?? 'text';
}

const byName = ['equals', 'in', 'empty'] as const;
const byNumber = [...byName, 'at-least', 'at-most'] as const;

/** The operators that suit a field of this kind. A flag is never empty. */
export const suiting: Readonly<Record<FieldKind, readonly Operator[]>> = {
  time: ['older-than', 'empty'],
  number: byNumber,
  money: byNumber,
  flag: ['equals', 'in'],
  list: byName,
  id: byName,
  text: byName,
  opaque: ['empty'],
};

export const kindText: Readonly<Record<FieldKind, string>> = {
  time: 'a time',
  number: 'a number',
  money: 'an amount',
  flag: 'yes or no',
  list: 'one of a list',
  id: 'the number of a record or a user',
  text: 'text',
  opaque: 'a file or the like',
};

/** What a value means for a field of this kind, in one form; a text: what is wrong with it. */
export function readValue(kind: FieldKind, value: Scalar): { value: Scalar } | { message: string; hint?: string } {
  const shown = JSON.stringify(value);
  if (kind === 'flag') {
    const text = String(value).toLowerCase();
    if (['true', 'y', '1'].includes(text)) return { value: true };
    if (['false', 'n', '0'].includes(text)) return { value: false };
    return { message: `${shown} is neither yes nor no`, hint: 'write true or false' };
  }
  if (typeof value === 'boolean')
    return { message: `${shown} is no text`, hint: `put it in quotes: "${String(value)}"` };
  if (kind === 'number' || kind === 'money') {
    const number = numberIn(value);
    if (Number.isNaN(number)) return { message: `${shown} is no number` };
    if (typeof value === 'string' && value.includes('|')) {
      return kind === 'money' ? { value } : { message: `${shown} is no number`, hint: 'without a currency' };
    }
    return { value: number };
  }
  if (kind === 'id' && !/^[1-9]\d{0,14}$/.test(String(value).trim())) {
    return { message: `${shown} is no number of a record or a user` };
  }
  return { value };
}
