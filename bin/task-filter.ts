import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Clock } from '../lib/bitrix24/clock.ts';
import { EntityType } from '../lib/bitrix24/entity-types.ts';
import { type RecordKey, type Task, taskStatuses, type TaskStatus } from '../lib/tasks/task.ts';
import { momentOption } from './moment.ts';

export interface FilterOptions {
  readonly status?: readonly TaskStatus[];
  readonly rule?: string;
  readonly record?: RecordKey;
  readonly reason?: string;
  /** ms since the epoch. */
  readonly since?: number;
  readonly until?: number;
}

/** Adds the options that say which tasks are meant. */
export function withFilterOptions(command: Command, clock: Clock): Command {
  return command
    .addOption(new Option('--status <status...>', 'only these; several with blanks between them').choices(taskStatuses))
    .option('--rule <ID>', 'only those of this rule')
    .option('--record <TYPE:ID>', 'only those of this record: deal:101, lead:7, 1044:3', recordOption)
    .option('--reason <reason>', 'only those that ended for this reason, such as portal-observes')
    .option('--since <time>', 'only those made since: 30d (ago), 2027-01-31, 2027-01-31T10:00:00Z', momentOption(clock))
    .option('--until <time>', 'only those made until then', momentOption(clock));
}

/** Whether a task is meant, by everything but the time. */
export function isMeant(task: Task, { status, rule, record, reason }: FilterOptions): boolean {
  return (
    (status === undefined || status.includes(task.status)) &&
    (rule === undefined || task.rule.id === rule) &&
    (reason === undefined || task.reason === reason) &&
    (record === undefined || (task.record.entityTypeId === record.entityTypeId && task.record.id === record.id))
  );
}

const typeNames = new Map<string, number>(Object.entries(EntityType));

/** `deal:101`, `2:101`. */
export function recordOption(text: string): RecordKey {
  const [, type = '', digits = ''] = /^([a-zA-Z]+|\d{1,7}):(\d{1,15})$/.exec(text) ?? [];
  const entityTypeId = typeNames.get(type) ?? Number(type);
  const id = Number(digits);
  if (entityTypeId > 0 && id > 0) return { entityTypeId, id };
  throw new InvalidArgumentError('It takes a type and an id: deal:101, lead:7, 1044:3.');
}
