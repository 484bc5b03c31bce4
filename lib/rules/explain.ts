import type * as z from 'zod';
import { didYouMean, nearest } from './nearest.ts';
import { pathText, valueAt } from './path.ts';
import { plainDeletions as deletions } from './schema.ts';

/** A problem before it has its position. `atKey`: it is the key that is wrong, not the value. */
export interface Finding {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly atKey?: boolean;
}

/** What must stand at a path (its indices left out). */
const expected: Readonly<Record<string, string>> = {
  '': 'must be a map with version and rules',
  version: 'must be 1',
  rules: 'must be a list of at most 100 rules',
  'rules[]': 'must be a rule: a map with id, when and delete',
  'rules[].id': 'must be lower-case letters, digits and single hyphens, at most 64, such as spam-contacts',
  'rules[].description': 'must be text of at most 500 characters',
  'rules[].enabled': 'must be true or false',
  'rules[].when': 'must be a map with type and stages',
  'rules[].when.type': 'must be deal',
  'rules[].when.pipelines': 'must be a list of 1 to 100 pipeline numbers',
  'rules[].when.pipelines[]': 'must be the number of a pipeline, 0 or greater',
  'rules[].when.stages': 'must be all-lost, or a list of 1 to 100 stages',
  'rules[].when.stages[]': 'must be the code or the name of a stage, as text',
  'rules[].wait': 'must be a time from 0m to 10y, such as 30m, 24h, 30d, 2w or 1y',
  'rules[].delete': 'must be a list of what to delete, such as [deal-contacts]',
  'rules[].delete[]': `must be ${deletions.join(' or ')}`,
};

/** The keys that may stand in the map at a path. */
const known: Readonly<Record<string, readonly string[]>> = {
  '': ['version', 'rules'],
  'rules[]': ['id', 'description', 'enabled', 'when', 'wait', 'delete'],
  'rules[].when': ['type', 'pipelines', 'stages'],
};

/** What tidy24 is going to do and this version does not. */
const announcedKeys: readonly string[] = ['where'];
const announcedDeletions: readonly string[] = ['company-contacts', 'contacts', 'company', 'deal', 'lead', 'items'];
const later = { hint: 'a later version will; leave it out until then' };

/** A schema's issue in the words of the rules file. One issue can be several findings. */
export function explainIssue(issue: z.core.$ZodIssue, data: unknown, base: readonly PropertyKey[] = []): Finding[] {
  const at = [...base, ...issue.path];
  const value = valueAt(data, at);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(at, key));
  if (issue.code === 'invalid_union' && Array.isArray(value)) {
    // Only one of the ways to write it is a list, so its issues are the ones to tell.
    const inList = issue.errors.find((issues) =>
      issues.every(({ path, code }) => path.length > 0 || code !== 'invalid_value'),
    );
    if (inList !== undefined) return inList.flatMap((nested) => explainIssue(nested, data, at));
  }
  const path = pathText(at);
  return [{ path, ...(value === undefined ? missing(path) : wrong(path, value)) }];
}

function unknownKey(parent: readonly PropertyKey[], key: string): Finding {
  const path = pathText([...parent, key]);
  if (announcedKeys.includes(key)) return { path, message: `${key} is not supported yet`, ...later, atKey: true };
  const candidates = known[shapeOf(pathText(parent))] ?? [];
  return { path, message: `${JSON.stringify(key)} is no known key`, ...didYouMean(key, candidates), atKey: true };
}

function missing(path: string): Omit<Finding, 'path'> {
  const shape = shapeOf(path);
  if (shape === 'rules[].when.stages') {
    return { message: 'is missing', hint: 'for every lost stage write it out: stages: all-lost' };
  }
  return { message: `is missing; ${expected[shape] ?? 'it must be given'}` };
}

function wrong(path: string, value: unknown): Omit<Finding, 'path'> {
  const shape = shapeOf(path);
  const message = expected[shape] ?? 'is malformed';
  const name = nameOf(value);
  switch (shape) {
    case 'rules[].delete[]':
      if (announcedDeletions.includes(name)) {
        return { message: `${name} is not supported yet; this version knows ${deletions.join(', ')}`, ...later };
      }
      if (deletions.some((deletion) => deletion === name)) return { message: `${name} takes no options` };
      return { message, ...didYouMean(name, [...deletions, ...announcedDeletions]) };
    case 'rules[].when.type':
      if (name === 'lead' || typeof value === 'number') {
        return { message: `${name} is not supported yet; this version knows deal`, ...later };
      }
      return { message, ...didYouMean(name, ['deal']) };
    case 'rules[].wait':
      if (name === 'from') {
        return { message: 'from is not supported yet; this version knows a time such as 30d', ...later };
      }
      return { message };
    case 'rules[].when.stages':
      if (typeof value !== 'string') return { message };
      return {
        message,
        hint:
          nearest(value, ['all-lost']) === undefined
            ? `for one stage write [${JSON.stringify(value)}]`
            : 'did you mean "all-lost"?',
      };
    case 'rules[].when.stages[]':
      return typeof value === 'number' ? { message, hint: `put it in quotes: "${value}"` } : { message };
    default:
      return { message };
  }
}

/** What an entry is about: itself, or the first key of a map such as `contacts: { unless: [] }`. */
function nameOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  const keys = Object.keys(value);
  return keys.find((key) => key === 'from') ?? keys[0] ?? '';
}

function shapeOf(path: string): string {
  return path.replaceAll(/\[\d+\]/g, '[]');
}
