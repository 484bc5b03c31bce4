import { badComments, type PlacedRule } from './comment-combinations.ts';
import { numberIn } from './conditions.ts';
import { badFieldName, badType } from './explain.ts';
import type { Finding } from './finding.ts';
import { type RuleFile, ruleFileSchema } from './file-schema.ts';
import { valueAt } from './path.ts';
import type { RecordType } from './schema.ts';
import { isGuarded } from './deletion-order.ts';

/** The schema of a map passes over this one key in silence. */
const lostKey = '__proto__';

type Entry = RuleFile['delete'][number];

/** What each key by itself is right about, and not together: names that are taken twice, and what can never be. */
export function badCombinations(data: unknown): Finding[] {
  const rules = valueAt(data, ['rules']);
  const ids = valueAt(data, ['protect', 'ids']);
  const lost =
    valueAt(ids, [lostKey]) === undefined ? [] : [{ path: `protect.ids.${lostKey}`, ...badType(lostKey), atKey: true }];
  if (!Array.isArray(rules)) return lost;
  const placed = rules.flatMap((written, index): PlacedRule[] => {
    const { data: rule } = ruleFileSchema.safeParse(written);
    return rule === undefined ? [] : [{ rule, path: `rules[${index}]` }];
  });
  return [
    ...lost,
    ...repeatedIds(rules),
    ...badComments(placed),
    ...rules.flatMap((rule, index) => {
      const parsed = ruleFileSchema.safeParse(rule);
      const where = valueAt(rule, ['where']);
      const path = `rules[${index}].where.${lostKey}`;
      if (valueAt(where, [lostKey]) !== undefined) return [{ path, ...badFieldName(lostKey), atKey: true }];
      return parsed.success ? combinationsOf(parsed.data, `rules[${index}]`) : [];
    }),
  ];
}

function repeatedIds(rules: readonly unknown[]): Finding[] {
  const firstWithId = new Map<unknown, number>();
  return rules.flatMap((rule, index) => {
    const id = valueAt(rule, ['id']);
    const first = firstWithId.get(id);
    if (first === undefined) firstWithId.set(id, index);
    if (first === undefined || id === undefined) return [];
    return [{ path: `rules[${index}].id`, message: `rules[${first}] has the same id` }];
  });
}

function combinationsOf({ when, where = {}, delete: entries, guards }: RuleFile, path: string): Finding[] {
  const findings: Finding[] = entries.flatMap((entry, index) => {
    const at = `${path}.delete[${index}]`;
    const twice = entries.findIndex((other) => nameOf(other) === nameOf(entry)) < index;
    return [
      ...(twice ? [{ path: at, message: `${nameOf(entry)} is named twice` }] : []),
      ...misfit(when.type, entry, at),
    ];
  });
  if (when.type === 'lead' && when.pipelines !== undefined) {
    const hint = 'leave pipelines out';
    findings.push({ path: `${path}.when.pipelines`, message: 'leads have no pipelines', hint, atKey: true });
  }
  if (guards !== undefined && !entries.some((entry) => isGuarded(nameOf(entry)))) {
    const message = 'nothing of what the rule deletes has guards: they keep contacts, company and company-contacts';
    findings.push({ path: `${path}.guards`, message, hint: 'leave guards out', atKey: true });
  }
  for (const [field, condition] of Object.entries(where)) {
    // Stryker disable next-line ConditionalExpression: a value alone has none of the keys that are compared
    if (typeof condition === 'object') findings.push(...contradictions(condition, `${path}.where.${field}`));
  }
  return findings;
}

function nameOf(entry: Entry): string {
  if (typeof entry === 'string') return entry;
  return 'items' in entry ? `items of type ${entry.items.type}` : 'contacts';
}

/** What the lost record itself is called in `delete`. */
export function ownWord(type: RecordType): 'deal' | 'lead' | 'item' {
  return typeof type === 'number' ? 'item' : type;
}

function records(type: RecordType): string {
  return typeof type === 'number' ? `items of type ${type}` : `${type}s`;
}

function misfit(type: RecordType, entry: Entry, path: string): Finding[] {
  if (typeof entry === 'object') {
    if (!('items' in entry) || entry.items.type !== type) return [];
    const hint = 'for the lost item itself write item';
    return [{ path: `${path}.items.type`, message: "is the type of the rule's own records", hint }];
  }
  const message = `${entry} does not go with a rule about ${records(type)}`;
  if (entry === 'deal-contacts' && type !== 'deal') {
    return [{ path, message, hint: 'only the links of deals can be removed: leave it out' }];
  }
  const isRecord = entry === 'deal' || entry === 'lead' || entry === 'item';
  if (!isRecord || entry === ownWord(type)) return [];
  return [{ path, message, hint: `for the lost record itself write ${ownWord(type)}` }];
}

type ConditionMap = Exclude<NonNullable<RuleFile['where']>[string], string | number | boolean>;

function contradictions(condition: ConditionMap, path: string): Finding[] {
  const { equals, in: among, empty, 'older-than': older, 'at-least': least, 'at-most': most } = condition;
  const never = (message: string, hint: string) => [{ path, message: `can never hold: ${message}`, hint }];
  if (empty === true && Object.keys(condition).length > 1) {
    return never('an empty field meets no other condition', 'leave either out');
  }
  if ((least ?? -Infinity) > (most ?? Infinity)) {
    return never('at-least is greater than at-most', 'exchange them');
  }
  if (older !== undefined && (least !== undefined || most !== undefined)) {
    return never('no field is both a time and a number', 'leave either out');
  }
  if (equals !== undefined && among !== undefined && !among.includes(equals)) {
    return never('equals is none of the values of in', 'leave either out');
  }
  const number = numberIn(equals);
  if (number < (least ?? -Infinity) || number > (most ?? Infinity)) {
    return never('equals is out of the range', 'leave either out');
  }
  return [];
}
