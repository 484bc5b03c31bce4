import { type Document, isAlias, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { badCombinations } from './combinations.ts';
import { explainIssues } from './explain.ts';
import { type RuleFile, rulesFileSchema } from './file-schema.ts';
import { toGuards } from './guards-file.ts';
import { toProtect } from './protect-file.ts';
import { placeOf, positionAt, positionsOf } from './positions.ts';
import { type Problem, RulesError } from './rules-error.ts';
import type { Rule, RuleDeletion, RuleSet } from './schema.ts';
import { parseWait } from './wait.ts';
import { toConditions } from './where-file.ts';

/** 128 KiB; a real file has a few. Source and rules together must fit into one row of 400 KB. */
export const longestSourceBytes = 128 * 1024;

/**
 * The rules in a YAML 1.2 source. Its stages may still be names: see `resolveRules`.
 *
 * @param file the file's name, for messages only
 * @throws RulesError with every problem that was found
 */
export function loadRules(source: string, file = 'rules.yaml'): RuleSet {
  if (Buffer.byteLength(source) > longestSourceBytes) {
    throw whole(file, `is larger than ${longestSourceBytes / 1024} KiB`);
  }
  try {
    return readRules(source, file);
  } catch (error) {
    // Parser, walk and schema are recursive: brackets nested by the thousand end the stack.
    if (error instanceof RangeError) throw whole(file, 'is nested too deep');
    throw error;
  }
}

function readRules(source: string, file: string): RuleSet {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    version: '1.2',
    uniqueKeys: false, // checked by yamlProblems: the parser compares each key with each other
    stringKeys: true,
    lineCounter: lines,
  });
  if (document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) {
    // Stryker disable next-line StringLiteral: loadRules says it in its own words
    throw new RangeError('the stack has ended');
  }
  const syntax = yamlProblems(document, lines);
  if (syntax.length > 0) throw new RulesError(file, syntax);

  const positions = positionsOf(document.contents, lines);
  const data: unknown = document.toJS();
  const parsed = rulesFileSchema.safeParse(data);
  const issues = parsed.success ? [] : parsed.error.issues;
  const findings = [...explainIssues(issues, data), ...badCombinations(data)];
  if (!parsed.success || findings.length > 0) {
    throw new RulesError(
      file,
      findings.map(({ atKey, ...finding }) => ({ ...placeOf(positions, finding.path, atKey), ...finding })),
    );
  }
  const { rules, protect } = parsed.data;
  return {
    version: 1,
    rules: rules.map(toRule),
    protect: toProtect(protect),
    file,
    positions: positions.values,
    keys: positions.keys,
  };
}

function toRule({ wait, where, delete: entries, guards, ...rule }: RuleFile): Rule {
  const { for: time, from } = typeof wait === 'string' ? { for: wait, from: 'loss' as const } : wait;
  return {
    ...rule,
    where: toConditions(where),
    waitMs: parseWait(time) ?? 0,
    waitFrom: from,
    delete: entries.map(toDeletion),
    guards: toGuards(guards),
  };
}

function toDeletion(entry: RuleFile['delete'][number]): RuleDeletion {
  if (entry === 'contacts') return { what: 'contacts', via: 'crm.item.delete' };
  if (typeof entry === 'string') return { what: entry };
  if ('items' in entry) return { what: 'items', type: entry.items.type };
  return { what: 'contacts', via: entry.contacts.via ?? 'crm.item.delete' };
}

function yamlProblems(document: Document.Parsed, lines: LineCounter): Problem[] {
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    ...positionAt(lines, error.pos[0]),
    path: '',
    message:
      error.code === 'MULTIPLE_DOCS'
        ? 'the file holds more than one YAML document'
        : `is no valid YAML: ${error.message.replace(/ at line .*/s, '')}`,
  }));
  const refuse = (node: unknown, words: { message: string; hint?: string }): void => {
    // Stryker disable next-line OptionalChaining: what has been parsed has a place
    const offset = isNode(node) ? node.range?.[0] : undefined;
    problems.push({ ...positionAt(lines, offset ?? 0), path: '', ...words });
  };
  visit(document, {
    Node(_, node) {
      // An alias is worth nothing in a file this small, and a few nested ones can stand for gigabytes.
      if (isAlias(node) || node.anchor !== undefined) {
        refuse(node, { message: 'anchors and aliases are not supported', hint: 'write it out' });
      }
    },
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name)) refuse(key, { message: `the key ${JSON.stringify(name)} is written twice` });
        if (name === '<<') refuse(key, { message: 'merge keys are not supported', hint: 'write it out' });
        seen.add(name);
      }
    },
  });
  return problems;
}

function whole(file: string, message: string): RulesError {
  return new RulesError(file, [{ line: 1, column: 1, path: '', message: `the file ${message}` }]);
}
