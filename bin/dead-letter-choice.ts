import { type Command, Option } from 'commander';
import { memberIdSchema } from '../lib/bitrix24/member-id.ts';
import { type DeadEntry, type DeadQueueName, deadQueues } from '../lib/tasks/dead-message.ts';
import { CommandError, UsageError } from './command-error.ts';
import { factsOf } from './dead-letter-view.ts';
import type { Deployment } from './deployment.ts';
import { findPortal } from './find-portal.ts';

export interface ChoiceOptions {
  readonly code?: string;
  readonly portal?: string;
  readonly queue?: DeadQueueName;
}

export interface Choice {
  readonly queues: readonly DeadQueueName[];
  readonly wanted: (entry: DeadEntry) => boolean;
  /** The given ids that none of these has. */
  readonly notFound: (entries: readonly DeadEntry[]) => string[];
}

export function withChoiceOptions(command: Command): Command {
  return command
    .option('--code <CODE>', 'only those with this code, such as ACCESS_DENIED')
    .option('--portal <ID>', 'only those of this portal: member id or domain')
    .addOption(new Option('--queue <name>', 'only those of this queue').choices(deadQueues));
}

/** @throws UsageError when nothing says which are meant: everything has to be asked for */
export function requireChoice(ids: readonly string[], { code, portal, all }: ChoiceOptions & { all?: true }): void {
  if (ids.length > 0 && all) throw new UsageError('Give ids or --all, not both');
  if (ids.length === 0 && code === undefined && portal === undefined && !all) {
    throw new UsageError('Say which dead letters: by their ids, --code, --portal or --all');
  }
}

/** Which dead letters are meant: those that fulfil everything that is given. */
export async function choiceOf(
  deployment: Deployment,
  ids: readonly string[],
  { code, portal, queue }: ChoiceOptions,
): Promise<Choice> {
  const given = ids.map(readId);
  const memberId = portal === undefined ? undefined : await memberIdOf(deployment, portal);
  const named = (entry: DeadEntry, id: string) =>
    entry.id.toLowerCase().startsWith(id) || factsOf(entry).taskIds.some((taskId) => taskId.startsWith(id));
  return {
    queues: queue === undefined ? deadQueues : [queue],
    wanted: (entry) => {
      const facts = factsOf(entry);
      return (
        (given.length === 0 || given.some((id) => named(entry, id))) &&
        (code === undefined || facts.code.toLowerCase() === code.toLowerCase()) &&
        (memberId === undefined || facts.memberId === memberId)
      );
    },
    notFound: (entries) => given.filter((id) => !entries.some((entry) => named(entry, id))),
  };
}

function readId(id: string): string {
  if (/^[0-9a-f-]{8,64}$/i.test(id)) return id.toLowerCase();
  throw new UsageError('A dead letter is named by its id or the id of its task, or by their first 8 digits at least');
}

/** A portal that is gone can still have dead letters. */
async function memberIdOf(deployment: Deployment, id: string): Promise<string> {
  try {
    return (await findPortal(deployment, id)).memberId;
  } catch (error) {
    if (error instanceof CommandError && memberIdSchema.safeParse(id).success) return id;
    throw error;
  }
}
