import type { Command } from 'commander';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { type ChoiceOptions, choiceOf, requireChoice, withChoiceOptions } from '../dead-letter-choice.ts';
import { aboutText, factsOf, lettersText, letterView, shortLetterId } from '../dead-letter-view.ts';
import { mostLetters, withDeadLetters } from '../dead-letters.ts';
import type { Deployment } from '../deployment.ts';
import { explainError } from '../explain-error.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import { redriveDeadLetters, type Redriven } from '../redrive-dead-letters.ts';
import { redriveText } from '../redrive-words.ts';
import type { Report } from '../report.ts';
import { textTable } from '../text-table.ts';

interface Options extends GlobalOptions, ChoiceOptions {
  readonly all?: true;
  readonly dryRun?: true;
}

/** So many letters are named one by one; more are counted. All of them stand in --json. */
const mostNamed = 50;

const about = `Lets failed work go on, when what it failed of is mended. Each task is looked at again first: the task itself,
the rule in force, its portal, and the record, if the portal answers. What would come to nothing stays a
dead letter, with the reason; what has ended otherwise is removed. With --dry-run nothing is changed.

The task is opened again first and its dead letter removed after that: whenever the command dies, nothing
is lost and nothing is done twice. At most 10,000 dead letters at a time.`;

export function addDlqRedrive(dlq: Command, run: CommandRun): void {
  const command = dlq
    .command('redrive')
    .summary('let failed work go on')
    .description(paragraphs(about))
    .argument('[ID...]', 'ids of dead letters or tasks, or their first 8 digits')
    .option('--all', 'all of them')
    .option('--dry-run', 'look, and say what would be done');
  const examples = 'npx tidy24 dlq redrive 3f9c2a71\nnpx tidy24 dlq redrive --code ACCESS_DENIED --dry-run';
  withGlobalOptions(withChoiceOptions(command), examples).action((ids: string[], options: Options) =>
    run.reportOn(options, (deployment) => redrive(deployment, run, ids, options)),
  );
}

async function redrive(deployment: Deployment, run: CommandRun, ids: string[], options: Options): Promise<Report> {
  requireChoice(ids, options);
  const dryRun = options.dryRun ?? false;
  const { place } = deployment;
  const choice = await choiceOf(deployment, ids, options);
  const result = await withDeadLetters(run, place, choice.queues, async (letters) => {
    const { redriven, troubles, error } = await redriveDeadLetters(deployment, letters, choice, dryRun);
    return { redriven, troubles, error, cause: letters.mustEnd, full: letters.full };
  });
  const { redriven, troubles, error, cause, full } = result;

  const missing = choice.notFound(redriven.map(({ entry }) => entry));
  const warnings = [...troubles].map(([, why]) => `records could not be looked at before: ${why}`);
  if (full) warnings.push(`there may be more: one command takes ${mostLetters} dead letters. Run it again.`);
  const problems = [
    ...(cause === undefined ? [] : [`${cause} Run it again for the rest.`]),
    ...(error === undefined ? [] : [explainError(error, place)]),
    ...(missing.length === 0 || error !== undefined || cause !== undefined
      ? []
      : [`There is no dead letter ${missing.join(', ')}, or another command holds it.`]),
  ];
  return {
    data: { dryRun, ...countsOf(redriven), deadLetters: redriven.map(view) },
    text: redriven.length === 0 ? ['No dead letter is meant by that.'] : describe(redriven, dryRun),
    warnings: [...warnings, ...notRemoved(redriven, commandLine(place, 'dlq redrive'))],
    ...(problems.length > 0 && { problem: problems.join(' ') }),
  };
}

function countsOf(redriven: readonly Redriven[]): { back: number; settled: number; kept: number } {
  const count = (what: Redriven['redrive']['do']) => redriven.filter(({ redrive: one }) => one.do === what).length;
  return { back: count('back'), settled: count('settled'), kept: count('keep') };
}

function view({ entry, redrive: one, notRemoved: left }: Redriven): Record<string, unknown> {
  const { do: outcome, ...why } = one;
  return { ...letterView(entry), outcome, reason: null, note: null, ...why, removed: outcome !== 'keep' && !left };
}

function describe(redriven: readonly Redriven[], dryRun: boolean): string[] {
  const { back, settled, kept } = countsOf(redriven);
  const sum =
    `${lettersText(redriven.length)}: ${back} ${dryRun ? 'would go' : 'went'} back, ` +
    `${settled} ${dryRun ? 'would be' : 'were'} removed with nothing left to do, ${kept} stay.`;
  // First what a person has to look at.
  const order = { keep: 0, settled: 1, back: 2 };
  const rows = redriven
    .toSorted((a, b) => order[a.redrive.do] - order[b.redrive.do])
    .slice(0, mostNamed)
    .map(({ entry, redrive: one }) => [
      entry.id.slice(0, shortLetterId),
      aboutText(entry),
      factsOf(entry).code,
      redriveText(one, dryRun),
    ]);
  const text = [sum, '', ...textTable(['ID', 'ABOUT', 'CODE', ''], rows)];
  if (redriven.length > rows.length) text.push(`… and ${redriven.length - rows.length} more; --json names all.`);
  if (dryRun) text.push('', 'Nothing was changed.');
  return text;
}

function notRemoved(redriven: readonly Redriven[], command: string): string[] {
  const left = redriven.filter((one) => one.notRemoved).length;
  if (left === 0) return [];
  return [`${lettersText(left)} could not be removed although the work goes on: harmless. Later: ${command} --all`];
}
