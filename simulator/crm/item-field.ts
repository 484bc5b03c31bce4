import type { CrmRecord } from '../state.ts';
import type { ContactLinks } from './contact-links.ts';
import type { StageDirectory } from './stage-directory.ts';

/** What a field's value is read from besides the record. */
export interface FieldContext {
  readonly links: ContactLinks;
  readonly stages: StageDirectory;
}

/** A system field as crm.item.fields describes it, and where its value comes from. */
export interface ItemField {
  readonly name: string;
  /** `datetime` fields give ms since the epoch, or null. */
  readonly type: string;
  readonly readOnly?: boolean;
  readonly immutable?: boolean;
  readonly multiple?: boolean;
  readonly deprecated?: boolean;
  /** Comes in rows but is not described: what the documentation calls "response only". */
  readonly responseOnly?: boolean;
  /** Comes only with all fields, never by name. */
  readonly onlyWithAll?: boolean;
  readonly read: (record: CrmRecord, context: FieldContext) => unknown;
}

/** A field that is kept as it was written. */
export function stored(name: string, type: string, empty: unknown = null, multiple = false): ItemField {
  return { name, type, ...(multiple ? { multiple } : {}), read: (record) => record.custom[name] ?? empty };
}

export function readOnly(
  name: string,
  type: string,
  read: (record: CrmRecord, context: FieldContext) => unknown,
): ItemField {
  return { name, type, readOnly: true, read };
}

export function writable(
  name: string,
  type: string,
  read: (record: CrmRecord, context: FieldContext) => unknown,
): ItemField {
  return { name, type, read };
}

export function responseOnly(name: string, read: (record: CrmRecord) => unknown): ItemField {
  return { name, type: 'string', readOnly: true, responseOnly: true, read };
}
