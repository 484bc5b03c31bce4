import type { Condition, Scalar } from './conditions.ts';
import type { PortalField } from './directory.ts';
import { kindOf, kindText, readValue, suiting } from './field-kind.ts';
import type { Report } from './finding.ts';
import { didYouMean } from './nearest.ts';

type Words = { message: string; hint?: string };

/** `crm.item.fields` gives them, and no row ever has them (object-fields.md); what to ask for instead. */
const neverTold: ReadonlyMap<string, { hint?: string }> = new Map([
  ['contacts', { hint: 'write contactIds' }],
  ['companies', { hint: 'write companyIds' }],
  ['fm', {}],
]);

/**
 * The same condition with ids in place of the texts of lists, checked against the fields of the rule's type.
 *
 * @param records what the type is called
 */
export function resolveCondition(
  condition: Condition,
  fields: readonly PortalField[],
  records: string,
  report: Report,
): Condition {
  const path = `where.${condition.field}`;
  const field = fields.find(({ name }) => name === condition.field);
  if (field === undefined || neverTold.has(condition.field)) {
    report({ path, ...unknownField(condition.field, fields, records), atKey: true });
    return condition;
  }
  const kind = kindOf(field);
  for (const operator of operatorsOf(condition)) {
    if (suiting[kind].some((one) => one === operator)) continue;
    const name = `${condition.field} (${field.title})`;
    const message = `${operator} does not suit the field ${name}, which holds ${kindText[kind]}`;
    report({ path: `${path}.${operator}`, message, hint: `it takes ${suiting[kind].join(', ')}` });
    return condition;
  }
  const { equals, in: among } = condition;
  const read = (value: Scalar, at: string): Scalar => {
    const found = field.items ? itemOf(value, field.name, field.items) : readValue(kind, value);
    if ('value' in found) return found.value;
    report({ path: `${path}.${at}`, ...found });
    return value;
  };
  return {
    ...condition,
    ...(equals !== undefined && { equals: read(equals, 'equals') }),
    ...(among !== undefined && { in: [...new Set(among.map((value, index) => read(value, `in[${index}]`)))] }),
  };
}

function operatorsOf({ equals, in: among, empty, olderThanMs, atLeast, atMost }: Condition): string[] {
  const given = { equals, in: among, empty, 'older-than': olderThanMs, 'at-least': atLeast, 'at-most': atMost };
  return Object.entries(given).flatMap(([operator, value]) => (value === undefined ? [] : [operator]));
}

function unknownField(name: string, fields: readonly PortalField[], records: string): Words {
  const message = `the portal's ${records} have no field ${JSON.stringify(name)}`;
  const never = neverTold.get(name);
  if (never !== undefined) return { message: `${name} cannot be asked for`, ...never };
  const same = fields.find((field) => plain(field.name) === plain(name) || plain(field.title) === plain(name));
  if (same !== undefined) return { message, hint: `did you mean ${JSON.stringify(same.name)}?` };
  const near = didYouMean(
    name,
    fields.map((field) => field.name),
  );
  return { message, ...(near.hint === undefined ? { hint: 'as far as the user of its credentials may see' } : near) };
}

/** UF_CRM_LOST_REASON and ufCrmLostReason, SOURCE_ID and sourceId are the same. */
function plain(name: string): string {
  // Stryker disable next-line MethodExpression: in either case they are the same
  return name.replaceAll(/[_\s]/g, '').toLowerCase();
}

/** By id, and only then by text: what is resolved already stays. */
function itemOf(value: Scalar, name: string, items: NonNullable<PortalField['items']>): { value: string } | Words {
  const wanted = String(value).trim().normalize();
  if (items.some(({ id }) => id === wanted)) return { value: wanted };
  const named = items.filter(({ text }) => text.trim().normalize() === wanted);
  const [only, ...others] = named;
  if (only !== undefined && others.length === 0) return { value: only.id };
  if (only !== undefined) {
    const hint = `write the id of one: ${named.map(({ id }) => id).join(', ')}`;
    return { message: `${name} has several values ${JSON.stringify(value)}`, hint };
  }
  const meant = didYouMean(
    wanted,
    items.map(({ text }) => text),
  );
  const list = items.slice(0, 20).map(({ id, text }) => `${id} ${text}`);
  return {
    message: `${name} has no value ${JSON.stringify(value)}`,
    hint: meant.hint ?? (list.length === 0 ? 'it has none at all' : `it has ${list.join(', ')}`),
  };
}
