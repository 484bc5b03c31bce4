import type { Directory } from './directory.ts';
import type { Report } from './finding.ts';
import { entityTypeOf } from './match.ts';
import { type Problem, RulesError } from './rules-error.ts';
import type { Rule, RuleSet } from './schema.ts';
import { placeOf } from './positions.ts';
import { resolveStages } from './resolve-stages.ts';
import { resolveProtect } from './resolve-protect.ts';
import { resolveCondition } from './resolve-where.ts';
import { typeProblem, typeText } from './type-words.ts';

/**
 * The same rules with codes in place of names, checked against what the portal has: types, pipelines, stages, which must
 * be lost ones, fields, the values of lists, and what is protected. A stage's name that several of the rule's pipelines know stands for all
 * of these stages. Rules that are resolved already stay as they are.
 *
 * @throws RulesError with everything that the portal does not have, or that is not what the rule takes it for
 */
export function resolveRules(ruleSet: RuleSet, directory: Directory): RuleSet {
  const problems: Problem[] = [];
  const places = { values: ruleSet.positions, keys: ruleSet.keys };
  const rules = ruleSet.rules.map((rule, index) =>
    resolveRule(rule, directory, ({ path, atKey, ...words }) => {
      const full = `rules[${index}].${path}`;
      problems.push({ ...placeOf(places, full, atKey), path: full, ...words });
    }),
  );
  const protect = resolveProtect(ruleSet.protect, ruleSet.rules, directory, ({ path, atKey, ...words }) => {
    const full = `protect.${path}`;
    problems.push({ ...placeOf(places, full, atKey), path: full, ...words });
  });
  if (problems.length > 0) throw new RulesError(ruleSet.file, problems);
  return { ...ruleSet, rules, protect };
}

function resolveRule(rule: Rule, directory: Directory, report: Report): Rule {
  const type = entityTypeOf(rule.when.type);
  rule.delete.forEach((entry, index) => {
    // Stryker disable next-line ConditionalExpression: no other entry has a type, and of no type nothing is wrong
    if (entry.what === 'items') checkItems(entry.type, type, directory, `delete[${index}].items.type`, report);
  });
  const problem = typeProblem(type, directory);
  if (problem !== undefined) {
    report({ path: 'when.type', ...problem });
    return rule;
  }
  const fields = directory.fields.get(type) ?? [];
  return {
    ...rule,
    // Stryker disable next-line ArrayDeclaration: a type without pipelines has been refused above
    when: resolveStages(rule.when, directory.pipelines.get(type) ?? [], report),
    where: rule.where.map((condition) => resolveCondition(condition, fields, typeText(type, directory), report)),
  };
}

/** Only of a type that exists, and that has the rule's type as parent, NOT_FOUND means that an item is gone. */
function checkItems(type: number, parent: number, directory: Directory, path: string, report: Report): void {
  const problem = typeProblem(type, directory, { withStages: false });
  if (problem !== undefined) {
    report({ path, ...problem });
  } else if (directory.fields.get(type)?.some(({ name }) => name === `parentId${parent}`) !== true) {
    const message = `${typeText(type, directory)} cannot have ${typeText(parent, directory)} as their parent`;
    report({ path, message, hint: 'link the two types in the settings of the smart process' });
  }
}
