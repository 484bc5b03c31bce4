import { EntityType } from '../bitrix24/entity-types.ts';
import type { Semantics } from '../bitrix24/stages.ts';
import { didYouMean } from './nearest.ts';
import { type Problem, RulesError } from './rules-error.ts';
import type { Rule, RuleSet } from './schema.ts';
import { canonicalStage } from './stage-code.ts';

/** One pipeline of the portal with its stages, codes in either form. */
export interface Pipeline {
  readonly pipelineId: number;
  readonly pipelineName: string;
  readonly stages: readonly { readonly code: string; readonly name: string; readonly semantics: Semantics }[];
}

interface Stage {
  readonly code: string;
  readonly name: string;
  readonly lost: boolean;
  readonly pipeline: Pipeline;
}

/**
 * The same rules with stage codes in place of names, checked against the portal's pipelines. A name that several of the
 * rule's pipelines know stands for all of these stages; all of them must be lost ones.
 *
 * @throws RulesError with every pipeline or stage that the portal does not know, or that is no lost stage
 */
export function resolveStages(ruleSet: RuleSet, directory: readonly Pipeline[]): RuleSet {
  const problems: Problem[] = [];
  const rules = ruleSet.rules.map((rule, index) => {
    const report = (path: string, finding: { message: string; hint?: string }): void => {
      const full = `rules[${index}].when.${path}`;
      const position = ruleSet.positions.get(full) ?? { line: 1, column: 1 };
      problems.push({ ...position, path: full, ...finding });
    };
    return resolveRule(rule, directory, report);
  });
  if (problems.length > 0) throw new RulesError(ruleSet.file, problems);
  return { ...ruleSet, rules };
}

type Report = (path: string, finding: { message: string; hint?: string }) => void;

function resolveRule(rule: Rule, directory: readonly Pipeline[], report: Report): Rule {
  const { pipelines, stages } = rule.when;
  pipelines?.forEach((id, index) => {
    if (directory.some(({ pipelineId }) => pipelineId === id)) return;
    const list = directory.map(({ pipelineId, pipelineName }) => `${pipelineId} ${pipelineName}`).join(', ');
    report(`pipelines[${index}]`, { message: `the portal has no pipeline ${id}`, hint: `it has ${list}` });
  });
  if (stages === 'all-lost') return rule;

  const all = directory.flatMap(stagesOf);
  const chosen = all.filter(({ pipeline }) => pipelines?.includes(pipeline.pipelineId) ?? true);
  const codes = stages.flatMap((text, index) => {
    const found = find(text, chosen);
    const path = `stages[${index}]`;
    if (found.length === 0) report(path, unknownStage(text, chosen, all));
    const notLost = found.find(({ lost }) => !lost);
    if (notLost !== undefined) {
      const { pipelineId, pipelineName } = notLost.pipeline;
      report(path, {
        message: `${JSON.stringify(text)} is not a lost stage in pipeline ${pipelineId} (${pipelineName})`,
        ...lostOnes(found),
      });
    }
    return found.map(({ code }) => code);
  });
  return { ...rule, when: { ...rule.when, stages: [...new Set(codes)] } };
}

function stagesOf(pipeline: Pipeline): Stage[] {
  return pipeline.stages.map(({ code, name, semantics }) => ({
    code: canonicalStage(EntityType.deal, pipeline.pipelineId, code),
    name: name.trim().normalize(),
    lost: semantics === 'F',
    pipeline,
  }));
}

/** By code, which is unique, and only then by name: a stage that bears another's code as its name changes nothing. */
function find(text: string, stages: readonly Stage[]): Stage[] {
  const byCode = stages.filter(({ code }) => code === canonicalStage(EntityType.deal, 0, text));
  return byCode.length > 0 ? byCode : stages.filter(({ name }) => name === text.trim().normalize());
}

function unknownStage(
  text: string,
  chosen: readonly Stage[],
  all: readonly Stage[],
): { message: string; hint?: string } {
  const elsewhere = find(text, all)[0];
  if (elsewhere !== undefined) {
    const { pipelineId, pipelineName } = elsewhere.pipeline;
    const meant = chosen.filter(({ code }) => code.endsWith(`:${text}`)).map(({ code }) => JSON.stringify(code));
    return {
      message: `${JSON.stringify(text)} is a stage of pipeline ${pipelineId} (${pipelineName}), which the rule does not name`,
      ...(meant.length === 0 ? {} : { hint: `did you mean ${meant.join(', ')}?` }),
    };
  }
  const lost = chosen.filter((stage) => stage.lost);
  return {
    message: `no pipeline of the rule has a stage ${JSON.stringify(text)}`,
    ...didYouMean(
      text,
      lost.flatMap(({ code, name }) => [name, code]),
    ),
  };
}

function lostOnes(found: readonly Stage[]): { hint?: string } {
  const codes = found.filter(({ lost }) => lost).map(({ code }) => code);
  return codes.length === 0 ? {} : { hint: `for the lost one write ${codes.join(', ')}` };
}
