import type { CustomField, PortalState } from '../state.ts';
import { camelName, isCustomName, originalName } from './field-names.ts';

/** The types of custom fields that tests define (user-defined-fields/crm-userfield-types.md). */
export type CustomFieldType =
  | 'string'
  | 'integer'
  | 'double'
  | 'boolean'
  | 'enumeration'
  | 'date'
  | 'datetime'
  | 'money'
  | 'url'
  | 'address'
  | 'file'
  | 'employee'
  | 'user'
  | 'crm_status'
  | 'crm_entity'
  | 'crm';

export interface NewField {
  /** The name in the database: UF_CRM_LOST_REASON. */
  readonly name: string;
  readonly type: CustomFieldType;
  readonly multiple?: boolean;
  readonly required?: boolean;
  /** Default: the name. */
  readonly title?: string;
  /** Of an enumeration. A value is the item's ID. */
  readonly items?: readonly { readonly id: number; readonly value: string }[];
}

/** The custom fields of every type of record. */
export class CustomFields {
  readonly #state: PortalState;
  readonly #byName = new Map<string, CustomField>();

  constructor(state: PortalState) {
    this.#state = state;
    for (const field of state.fields) this.#index(field);
  }

  define(entityTypeId: number, field: NewField): CustomField {
    if (!/^UF_CRM_[A-Z0-9_]+$/.test(field.name)) throw new Error(`${field.name} is no name of a custom field`);
    if (this.find(entityTypeId, field.name)) throw new Error(`Type ${entityTypeId} has a field ${field.name}`);
    return this.#keep({
      entityTypeId,
      name: field.name,
      camel: camelName(field.name),
      type: field.type,
      multiple: field.multiple ?? false,
      required: field.required ?? false,
      title: field.title ?? field.name,
      items: (field.items ?? []).map((item) => ({ ...item })),
    });
  }

  /** By either of its names. */
  find(entityTypeId: number, name: string): CustomField | undefined {
    return this.#byName.get(`${entityTypeId}:${name}`);
  }

  of(entityTypeId: number): CustomField[] {
    return this.#state.fields.filter((field) => field.entityTypeId === entityTypeId);
  }

  /** The values under the names crm.item.* uses. A custom field that nobody has defined comes to be, as text. */
  readonly store = (entityTypeId: number, values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        if (!isCustomName(name)) return [name, value];
        return [(this.find(entityTypeId, name) ?? this.#invent(entityTypeId, name, value)).camel, value];
      }),
    );

  #invent(entityTypeId: number, name: string, value: unknown): CustomField {
    const original = name.startsWith('UF_') ? name : originalName(name);
    const type = typeof value === 'number' ? 'double' : typeof value === 'boolean' ? 'boolean' : 'string';
    const camel = name.startsWith('UF_') ? camelName(name) : name;
    const common = { entityTypeId, name: original, camel, title: original, items: [] };
    return this.#keep({ ...common, type, multiple: Array.isArray(value), required: false });
  }

  #keep(field: CustomField): CustomField {
    this.#state.fields.push(field);
    this.#index(field);
    return field;
  }

  #index(field: CustomField): void {
    this.#byName.set(`${field.entityTypeId}:${field.name}`, field);
    this.#byName.set(`${field.entityTypeId}:${field.camel}`, field);
  }
}
