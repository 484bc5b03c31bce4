import type * as z from 'zod';
import { expected, knownKeys, spokenFields } from './expected.ts';
import type { Finding } from './finding.ts';
import { didYouMean, nearest } from './nearest.ts';
import { pathText, valueAt } from './path.ts';
import { protectedTypes } from './protect.ts';
import { plainDeletions, ruleModes, snapshotDepths } from './schema.ts';

type Words = Omit<Finding, 'path'>;
type Path = readonly PropertyKey[];

/** A schema's issues in the words of the rules file. */
export function explainIssues(issues: readonly z.core.$ZodIssue[], data: unknown, base: Path = []): Finding[] {
  // A map without any known key is empty as well, and that need not be said.
  const unknown = new Set(issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => pathText(path)));
  return issues
    .filter(({ code, path }) => code !== 'custom' || !unknown.has(pathText(path)))
    .flatMap((issue) => explainIssue(issue, data, base));
}

/** One issue can be several findings. */
function explainIssue(issue: z.core.$ZodIssue, data: unknown, base: Path): Finding[] {
  const at = [...base, ...issue.path];
  const value = valueAt(data, at);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(at, key));
  if (issue.code === 'invalid_key') {
    const words = at[0] === 'protect' ? badType(String(at.at(-1))) : badFieldName(String(at.at(-1)));
    return [{ path: pathText(at), ...words, atKey: true }];
  }
  // Stryker disable next-line ConditionalExpression: of what is neither list nor map no way to write it says more
  const hasContent = typeof value === 'object' && value !== null;
  if (issue.code === 'invalid_union' && hasContent) {
    const meant = branchFor(issue.errors, at, value);
    if (meant !== undefined) return explainIssues(meant, data, at);
  }
  return [{ path: pathText(at), ...(value === undefined ? missing(at) : wrong(at, value)) }];
}

/** What a schema says of a value that is not even of its kind. */
const anotherKind: ReadonlySet<z.core.$ZodIssue['code']> = new Set(['invalid_value', 'invalid_type', 'invalid_union']);

/** Of the ways to write something, the one that a list or a map was meant to be; undefined when that is not clear. */
function branchFor(
  branches: readonly (readonly z.core.$ZodIssue[])[],
  at: Path,
  value: object,
): readonly z.core.$ZodIssue[] | undefined {
  const ofItsKind = branches.filter((issues) =>
    // Stryker disable next-line MethodExpression: what is of another kind has that one issue
    issues.every(({ path, code }) => path.length > 0 || !anotherKind.has(code)),
  );
  if (shapeOf(at) === 'rules[].delete[]') {
    // Two maps may stand here, and each has a key that the other does not know.
    const named = Object.keys(value).find((key) => key === 'contacts' || key === 'items');
    if (named === undefined) return undefined;
    return ofItsKind.find((issues) => !issues.some((issue) => isUnknown(issue, named)));
  }
  return ofItsKind[0];
}

function isUnknown(issue: z.core.$ZodIssue, key: string): boolean {
  return issue.code === 'unrecognized_keys' && issue.keys.includes(key);
}

function unknownKey(parent: Path, key: string): Finding {
  const shape = shapeOf(parent);
  const hint = shape === 'rules[].delete[]' ? { hint: 'each entry of the list begins with a hyphen of its own' } : {};
  // Stryker disable next-line ArrayDeclaration: the only place without known keys is an entry of delete
  const candidates = knownKeys[shape] ?? [];
  return {
    path: pathText([...parent, key]),
    message: `${JSON.stringify(key)} is no known key`,
    ...hint,
    ...didYouMean(key, candidates),
    atKey: true,
  };
}

function missing(at: Path): Words {
  const shape = shapeOf(at);
  if (shape === 'rules[].when.stages') {
    return { message: 'is missing', hint: 'for every lost stage write it out: stages: all-lost' };
  }
  return { message: `is missing; ${expected[shape] ?? 'it must be given'}` };
}

function wrong(at: Path, value: unknown): Words {
  const shape = shapeOf(at);
  // Stryker disable next-line StringLiteral: there are words for every place (expected.test.ts)
  const message = expected[shape] ?? 'is malformed';
  return { message, ...hintFor(shape, value) };
}

function hintFor(shape: string, value: unknown): { hint?: string } {
  const name = nameOf(value);
  switch (shape) {
    case 'rules[].delete[]':
      if (name === 'items') return { hint: 'of which type: items: { type: 1044 }' };
      if (plainDeletions.some((one) => one === name)) return { hint: `${name} takes no options` };
      return didYouMean(name, [...plainDeletions, 'items']);
    case 'rules[].when.type':
    case 'rules[].delete[].items.type':
      if (typeof value === 'string' && /^\d+$/.test(value)) return { hint: `without quotes: ${value}` };
      return shape === 'rules[].when.type' ? didYouMean(name, ['deal', 'lead']) : {};
    case 'rules[].delete[].contacts':
      return value === null ? { hint: 'without options write contacts alone' } : {};
    case 'rules[].delete[].contacts.via':
      return didYouMean(name, ['crm.item.delete', 'crm.contact.delete']);
    case 'rules[].wait.from':
      return didYouMean(name, ['loss', 'last-activity']);
    case 'rules[].mode':
      return didYouMean(name, ruleModes);
    case 'rules[].snapshot':
      return didYouMean(name, snapshotDepths);
    case 'protect.hold-field':
      return /^uf_?crm/i.test(name)
        ? { hint: 'a user field is named by its code, which is in capitals: UF_CRM_…' }
        : {};
    case 'rules[].when.stages':
      if (typeof value !== 'string') return {};
      return nearest(value, ['all-lost']) === undefined
        ? { hint: `for one stage write [${JSON.stringify(value)}]` }
        : { hint: 'did you mean "all-lost"?' };
    case 'rules[].when.stages[]':
      return typeof value === 'number' ? { hint: `put it in quotes: "${value}"` } : {};
    default:
      return shape.startsWith('rules[].where') ? conditionHint(shape, value) : {};
  }
}

function conditionHint(shape: string, value: unknown): { hint?: string } {
  if (shape === 'rules[].where') return isEmptyMap(value) ? { hint: 'without conditions leave where out' } : {};
  if (shape === 'rules[].where.*.in' && !Array.isArray(value)) return { hint: 'for one value write equals' };
  if (!/\*(\.equals|\.in\[\])?$/.test(shape)) return {};
  if (typeof value === 'number') return { hint: 'so large a number loses digits: put it in quotes' };
  if (value === null || (typeof value === 'string' && value.trim() === '')) {
    return { hint: 'for a field without a value write { empty: true }' };
  }
  return Array.isArray(value) && shape.endsWith('*') ? { hint: 'for one of several values write { in: [ … ] }' } : {};
}

/** What is wrong with such a field's name. */
export function badFieldName(name: string): Words {
  const message = 'must be the name of a field, such as sourceId or UF_CRM_1723456789';
  if (/^uf_?crm/i.test(name)) {
    return { message, hint: 'a user field is named by its code, which is in capitals: UF_CRM_…' };
  }
  const spoken = spokenFields.get(name.toLowerCase());
  const camel = name.toLowerCase().replaceAll(/[_ -]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const meant = spoken ?? (/^[a-z][A-Za-z0-9]*$/.test(camel) ? camel : undefined);
  return { message, ...(meant === undefined ? {} : { hint: `did you mean ${JSON.stringify(meant)}?` }) };
}

/** What is wrong with such a word for a type. */
export function badType(name: string): Words {
  const message =
    'must be contact, company, deal, lead, or the number of a smart process: 31, 128 to 191, 1030 or more';
  return { message, ...didYouMean(name, Object.keys(protectedTypes)) };
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** What an entry is about: itself, or the first key of a map such as `contacts: { unless: [] }`. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  // Stryker disable ConditionalExpression,StringLiteral: what nothing resembles is as good as no name
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  return Object.keys(value)[0] ?? '';
  // Stryker restore ConditionalExpression,StringLiteral
}

/** The path as the tables of `expected.ts` have it. */
function shapeOf(path: Path): string {
  const isFree = (index: number) => (index === 3 && path[2] === 'where') || (index === 2 && path[1] === 'ids');
  return pathText(path.map((key, index) => (isFree(index) ? '*' : key))).replaceAll(/\[\d+\]/g, '[]');
}
