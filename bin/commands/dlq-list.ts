import type { Command } from 'commander';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { type ChoiceOptions, choiceOf, withChoiceOptions } from '../dead-letter-choice.ts';
import { aboutText, factsOf, letterView, shortLetterId } from '../dead-letter-view.ts';
import { withDeadLetters } from '../dead-letters.ts';
import type { Deployment } from '../deployment.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import type { Report } from '../report.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options extends GlobalOptions, ChoiceOptions {
  readonly limit: number;
}

const about = `Lists what could not be done, the newest first: what failed, why, and how often it was tried. SQS keeps a
dead letter for 14 days.

SQS cannot be browsed: while the command runs, nobody else sees the dead letters it lists. Of several
about the same task or portal it may see only the first.`;

export function addDlqList(dlq: Command, run: CommandRun): void {
  const command = dlq
    .command('list')
    .summary('list what could not be done, and why')
    .description(paragraphs(about))
    .option('--limit <N>', 'so many at most', wholeNumber(1, 10_000), 50);
  withGlobalOptions(withChoiceOptions(command), 'npx tidy24 dlq list --code ACCESS_DENIED').action((options: Options) =>
    run.reportOn(options, (deployment) => list(deployment, run, options)),
  );
}

async function list(deployment: Deployment, run: CommandRun, options: Options): Promise<Report> {
  const { portals, place } = deployment;
  const { queues, wanted } = await choiceOf(deployment, [], options);
  const { found, full, cause } = await withDeadLetters(run, place, queues, async (letters) => ({
    found: (await letters.take()).filter(wanted),
    full: letters.full,
    cause: letters.mustEnd,
  }));
  const all = found.toSorted((a, b) => factsOf(b).at - factsOf(a).at);
  const shown = all.slice(0, options.limit);
  const domains = new Map((await portals.list()).map(({ memberId, domain }) => [memberId, domain]));

  const rows = shown.map((entry) => {
    const { id, queue, memberId, code, attempts, at } = factsOf(entry);
    const portal = memberId === undefined ? '-' : (domains.get(memberId) ?? memberId);
    return [id.slice(0, shortLetterId), queue, portal, aboutText(entry), code, attempts?.toString() ?? '-', iso(at)];
  });
  const counts = Map.groupBy(all, (entry) => factsOf(entry).code);
  const codes = [...counts].map(([code, some]) => ({ code, count: some.length }));
  const text = textTable(headings, rows);
  if (all.length > shown.length) text.push(`There are ${all.length}: --limit ${all.length}`);
  text.push('', `By code: ${codes.map(({ code, count }) => `${code} ${count}`).join(', ')}`);
  text.push(`Why: ${commandLine(place, 'dlq show ID')}`);
  return {
    data: { deadLetters: shown.map(letterView), count: all.length, codes, more: all.length > shown.length || full },
    text: all.length === 0 ? ['There are no dead letters.'] : text,
    warnings: full ? ['there may be more: one command looks at 10,000 of them'] : [],
    ...(cause !== undefined && { problem: `${cause} Not all dead letters were read.` }),
  };
}

const headings = ['ID', 'QUEUE', 'PORTAL', 'ABOUT', 'CODE', 'TRIES', 'FAILED'] as const;
