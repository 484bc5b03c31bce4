import { readPipelines } from '../lib/portals/read-stages.ts';
import type { Portal } from '../lib/portals/portal.ts';
import { nextDirectory, semanticsIn, type StageDirectory } from '../lib/portals/stage-directory.ts';
import { type StoredRules, typesOf } from '../lib/rules/version.ts';
import { estimate, type Estimate } from '../lib/tasks/rules-plan/estimate.ts';
import { byGuards, byIds } from '../lib/tasks/rules-plan/keeping.ts';
import { lostSearch } from '../lib/tasks/rules-plan/lost-page.ts';
import { planCsv, planCsvHeader } from '../lib/tasks/rules-plan/plan-csv.ts';
import { type Survey, surveyLost } from '../lib/tasks/rules-plan/survey.ts';
import { RuleTally } from '../lib/tasks/rules-plan/tally.ts';
import { saysSemantics } from '../lib/tasks/stage-semantics.ts';
import type { CommandRun } from './command-run.ts';
import type { Deployment } from './deployment.ts';
import type { Output } from './output-file.ts';
import { LookingSession } from './looking-session.ts';
import { patientAsk } from './patient-ask.ts';
import { patiently } from './patiently.ts';
import type { RulePlan } from './plan-words.ts';
import { Progress } from './progress.ts';

/** One plan looks at no more records than this. */
export const mostRecords = 50_000;
/** For the stages of every pipeline, in ms. */
const deadlineMs = 120_000;

export interface Question {
  readonly portal: Portal;
  readonly rules: StoredRules;
  /** Of the rules; undefined when they are not in force. */
  readonly version: number | undefined;
  /** ms since the epoch. */
  readonly since: number | undefined;
  /** Whether guards and holds are asked for each record. */
  readonly guards: boolean;
  /** Where every record goes, as CSV. */
  readonly output: Output | undefined;
}

export interface Planned {
  readonly found: Survey;
  readonly plans: readonly RulePlan[];
  /** Of all rules together. */
  readonly all: Estimate;
}

/**
 * What the rules would do to the records that are lost now.
 *
 * @throws LostUnreadable, and what a PortalSession throws
 */
export async function planRules(
  deployment: Deployment,
  { io }: CommandRun,
  { portal, rules, version, since, guards, output }: Question,
): Promise<Planned> {
  const { clock, budgets } = deployment;
  const now = clock();
  const { memberId, limits } = portal;
  const enabled = rules.rules.filter((rule) => rule.enabled);
  const directories = await directoriesOf(deployment, portal, typesOf(enabled));
  const tallies = enabled.map((rule) => new RuleTally(rule));
  const progress = new Progress(io);
  await output?.write(planCsvHeader);
  const ask = patientAsk(deployment, io, portal);
  const { protect } = rules;
  const found = await surveyLost({
    ask,
    searches: typesOf(enabled).flatMap((type) => lostSearch(type, directories.get(type), since) ?? []),
    tallies,
    semanticsOf: (type, stageId) => {
      const directory = directories.get(type);
      return directory && semanticsIn(directory, stageId);
    },
    view: { portal, now },
    keeping: guards ? byGuards({ ask, clock, portals: deployment.portals, memberId, protect }) : byIds(protect),
    most: mostRecords,
    planned: (record) => output?.write(planCsv(record, version, now)),
    progress: (read) => progress.say(() => `${read} lost records looked at`),
  });

  const measured = await budgets.operating(memberId);
  const plans: RulePlan[] = tallies.map((tally) => ({
    tally,
    estimate: estimate({ records: tally.matching, calls: tally.calls }, limits, measured),
  }));
  const records = tallies.reduce((sum, { matching }) => sum + matching, 0);
  const calls = new Map<string, number>();
  for (const tally of tallies)
    for (const [method, count] of tally.calls) calls.set(method, (calls.get(method) ?? 0) + count);
  const all = estimate({ records, calls }, limits, measured);
  return { found, plans, all };
}

/** What stages mean, where records do not say it themselves. Read anew and not kept: a plan changes nothing. */
async function directoriesOf(
  deployment: Deployment,
  portal: Portal,
  types: readonly number[],
): Promise<ReadonlyMap<number, StageDirectory>> {
  const { clock } = deployment;
  const wanted = types.filter((type) => !saysSemantics(type));
  if (wanted.length === 0) return new Map();
  const at = clock();
  const session = new LookingSession(deployment, portal, at + deadlineMs);
  const read = await patiently(deployment, () => readPipelines(session, new Map(wanted.map((type) => [type, []]))));
  return new Map([...read].map(([type, pipelines]) => [type, nextDirectory(type, undefined, pipelines, at)]));
}
