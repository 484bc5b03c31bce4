import type { Command } from 'commander';
import { redact } from '../../lib/bitrix24/redact.ts';
import type { DeadEntry } from '../../lib/tasks/dead-message.ts';
import { each } from '../../lib/tasks/each.ts';
import { CommandError, UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { type Choice, type ChoiceOptions, choiceOf, requireChoice, withChoiceOptions } from '../dead-letter-choice.ts';
import { aboutText, factsOf, lettersText, letterView, shortLetterId } from '../dead-letter-view.ts';
import { type DeadLetters, mostLetters, withDeadLetters } from '../dead-letters.ts';
import type { Deployment } from '../deployment.ts';
import { explainError } from '../explain-error.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import type { LineReader } from '../line-reader.ts';
import type { Report } from '../report.ts';
import { textTable } from '../text-table.ts';

interface Options extends GlobalOptions, ChoiceOptions {
  readonly reason: string;
  readonly all?: true;
  readonly yes?: true;
}

/** Written and removed together. */
const chunk = 200;
/** So many are named before you are asked. */
const mostNamed = 20;

const about = `Gives dead letters up: they are removed, and who did it and why is written into the history of their tasks,
which stay failed. You are asked before that; scripts say --yes.`;

export function addDlqDrop(dlq: Command, run: CommandRun): void {
  const command = dlq
    .command('drop')
    .summary('give dead letters up, for good')
    .description(paragraphs(about))
    .argument('[ID...]', 'ids of dead letters or tasks, or their first 8 digits')
    .requiredOption('--reason <TEXT>', 'why, for the history of the task')
    .option('--all', 'all of them')
    .option('--yes', 'do not ask');
  const example = 'npx tidy24 dlq drop 3f9c2a71 --reason "the deal is handled by hand"';
  withGlobalOptions(withChoiceOptions(command), example).action((ids: string[], options: Options) =>
    run.reportOn(options, (deployment) => drop(deployment, run, ids, options)),
  );
}

interface Dropped {
  readonly entries: DeadEntry[];
  readonly left: DeadEntry[];
  readonly error?: unknown;
}

async function drop(deployment: Deployment, run: CommandRun, ids: string[], options: Options): Promise<Report> {
  requireChoice(ids, options);
  const reason = redact(options.reason);
  if (reason === '') throw new UsageError('--reason must say why');
  const { place } = deployment;
  const choice = await choiceOf(deployment, ids, options);
  const result = await withDeadLetters(run, place, choice.queues, async (letters) => {
    const found = (await letters.take()).filter(choice.wanted);
    const missing = choice.notFound(found);
    if (missing.length > 0) {
      throw new CommandError(
        `There is no dead letter ${missing.join(', ')}, or another command holds it. Nothing was dropped.`,
      );
    }
    if (found.length > 0 && letters.mustEnd === undefined) await confirmed(run, found, options.yes ?? false);
    const dropped = await dropAll(deployment, letters, found, { reason, choice, more: options.yes ?? false });
    return { ...dropped, cause: letters.mustEnd, full: letters.full };
  });

  const { entries, left, error, cause, full } = result;
  const problems = [
    ...(cause === undefined ? [] : [`${cause} Run it again for the rest.`]),
    ...(error === undefined ? [] : [explainError(error, place)]),
    ...(left.length === 0 ? [] : [`${lettersText(left.length)} could not be removed. Run it again.`]),
  ];
  const count = entries.length - left.length;
  return {
    data: { dropped: count, reason, by: deployment.operator, deadLetters: entries.map(letterView) },
    text: [entries.length === 0 ? 'No dead letter is meant by that.' : `${lettersText(count)} dropped.`],
    warnings: full ? [`there may be more: one command takes ${mostLetters} dead letters. Run it again.`] : [],
    ...(problems.length > 0 && { problem: problems.join(' ') }),
  };
}

/** Writes down who and why first: what dies in between is written down twice at worst. */
async function dropAll(
  { tasks, clock, operator }: Deployment,
  letters: DeadLetters,
  found: readonly DeadEntry[],
  { reason, choice, more }: { reason: string; choice: Choice; more: boolean },
): Promise<Dropped> {
  const entries: DeadEntry[] = [];
  const left: DeadEntry[] = [];
  const note = async (entry: DeadEntry): Promise<void> => {
    if (entry.content.kind !== 'task') return;
    const text = `Dead letter (${factsOf(entry).code}) dropped by ${operator}: ${reason}`;
    await tasks.remark(entry.content.taskId, [{ at: clock(), what: 'given-up', text: text.slice(0, 600) }]);
  };
  try {
    for (let next = found; next.length > 0;) {
      for (let start = 0; start < next.length && letters.mustEnd === undefined; start += chunk) {
        const some = next.slice(start, start + chunk);
        await each(some, note);
        left.push(...(await letters.remove(some)));
        entries.push(...some);
        letters.say(() => `${entries.length} dead letters dropped`);
      }
      // What lay behind them was not shown to whoever was asked.
      if (!more || letters.mustEnd !== undefined) break;
      next = (await letters.take()).filter(choice.wanted);
    }
  } catch (error) {
    return { entries, left, error };
  }
  return { entries, left };
}

async function confirmed({ io, lines }: CommandRun, found: readonly DeadEntry[], yes: boolean): Promise<void> {
  if (yes) return;
  if (!lines.interactive) throw new CommandError(`To drop ${lettersText(found.length)}, confirm it: --yes`);
  const rows = found
    .slice(0, mostNamed)
    .map((entry) => [entry.id.slice(0, shortLetterId), aboutText(entry), factsOf(entry).code]);
  const rest = found.length > rows.length ? [`… and ${found.length - rows.length} more`] : [];
  io.stderr.write(`${[...textTable(['ID', 'ABOUT', 'CODE'], rows), ...rest].join('\n')}\n`);
  const answer = await ask(lines, `Drop ${lettersText(found.length)} for good? Type yes`);
  if (answer?.toLowerCase() !== 'yes') throw new CommandError('Nothing was dropped.');
}

async function ask(lines: LineReader, question: string): Promise<string | undefined> {
  try {
    return await lines.ask(question, { echo: true });
  } finally {
    // It would take the Ctrl-C that is meant for the command.
    lines.close();
  }
}
