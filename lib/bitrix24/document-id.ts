import type { FormValue } from './form.ts';

/** The record that a workflow's `document_id` names. */
export interface DocumentRecord {
  readonly entityTypeId: number;
  readonly id: number;
}

/** The word before the id in the third part of `document_id`. Source: the `entityTypeId` list in data-types.md. */
const typeByWord: ReadonlyMap<string, number> = new Map([
  ['LEAD', 1],
  ['DEAL', 2],
  ['CONTACT', 3],
  ['COMPANY', 4],
  ['INVOICE', 5],
  ['QUOTE', 7],
  ['ORDER', 14],
  ['SMART_INVOICE', 31],
  ['SMART_DOCUMENT', 36],
  ['SMART_B2E_DOC', 39],
]);

/**
 * `["crm", "CCrmDocumentDeal", "DEAL_101"]` → deal 101. The class in the middle says nothing that the third part does
 * not. Some senders' lists come as an object with numeric keys; they are put in order by them.
 *
 * @returns undefined when it names no record of the CRM
 */
export function parseDocumentId(value: FormValue | undefined): DocumentRecord | undefined {
  const [module, , document, ...rest] = listOf(value);
  if (module !== 'crm' || typeof document !== 'string' || rest.length > 0) return undefined;
  // The last part is the id and all before it the type: DYNAMIC_177_12, SMART_INVOICE_9.
  const [, word, digits] = /^([A-Z][A-Z0-9_]{0,50})_([1-9]\d{0,15})$/.exec(document) ?? [];
  if (word === undefined) return undefined;
  const dynamic = /^DYNAMIC_([1-9]\d{0,9})$/.exec(word)?.[1];
  const entityTypeId = dynamic === undefined ? typeByWord.get(word) : Number(dynamic);
  const id = Number(digits);
  return entityTypeId !== undefined && Number.isSafeInteger(id) ? { entityTypeId, id } : undefined;
}

function listOf(value: FormValue | undefined): readonly unknown[] {
  if (value === undefined || typeof value === 'string') return [];
  if (Array.isArray(value)) return value;
  return Object.entries(value)
    .filter(([key]) => /^\d+$/.test(key))
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, part]) => part);
}
