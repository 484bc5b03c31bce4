import { type Command, InvalidArgumentError } from 'commander';
import { redact } from '../../lib/bitrix24/redact.ts';
import { type HeldRecord, type Hold, holdSchema } from '../../lib/portals/holds.ts';
import { UsageError } from '../command-error.ts';
import type { CommandRun, GlobalOptions } from '../command-run.ts';
import { confirm } from '../confirm.ts';
import { counted } from '../counted.ts';
import type { Deployment } from '../deployment.ts';
import { portalOrOnly } from '../find-portal.ts';
import { paragraphs, withGlobalOptions } from '../global-options.ts';
import { commandLine } from '../place.ts';
import { isPossibleType } from '../possible-type.ts';
import { endsSooner, formerText, holdInForce, lastsText } from '../replaced-holds.ts';
import { printable, type Report } from '../report.ts';
import { recordOption } from '../task-filter.ts';
import { recordText } from '../task-view.ts';
import { textTable } from '../text-table.ts';
import { iso } from '../time.ts';

interface Options extends GlobalOptions {
  readonly portal?: string;
}

interface AddOptions extends Options {
  readonly why?: string;
  readonly until?: number;
  readonly yes?: true;
}

const longestWhy = 300;
const whichPortal = 'member id or domain; not needed when there is one portal';

const aboutAdd = `Records with a hold are never deleted, unlinked or otherwise touched, whatever the rules say. A hold on a
lost record ends its tasks as skipped when they come due: to take the hold away later does not bring them back. It holds
from the next look on; what is being deleted at this moment still is.

A hold takes the place of the one that a record has, and keeps its reason unless --why is given. That a record is free
sooner than before has to be confirmed.`;

const aboutRemove = `The rules may touch the records again from now on. Tasks that ended because of the hold stay ended; to
have one done after all name it: tasks enforce.`;

/** `tidy24 hold add|list|remove`: records of a portal that no rule touches, by a person's word. */
export function addHold(program: Command, run: CommandRun): void {
  const hold = program.command('hold').description('name records that no rule may touch');
  addHoldAdd(hold, run);
  addHoldList(hold, run);
  addHoldRemove(hold, run);
}

function addHoldAdd(hold: Command, run: CommandRun): void {
  const command = hold
    .command('add')
    .summary('put a hold on records')
    .description(paragraphs(aboutAdd))
    .argument('<RECORD...>', 'type and id: contact:7, company:3, deal:101, lead:5, 1044:12', collectHeld)
    .option('--portal <ID>', whichPortal)
    .option('--why <text>', 'for whoever looks at it later; no personal data')
    .option('--until <TIME>', 'when it ends by itself: 2027-01-31, or with a time and a zone', moment)
    .option('--yes', 'do not ask, also where a record is free sooner than before');
  const examples =
    'npx tidy24 hold add contact:7 company:3 --portal demo.bitrix24.com --why "Lawsuit"\n' +
    'npx tidy24 hold add deal:101 --until 2027-01-31';
  withGlobalOptions(command, examples).action((records: HeldRecord[], options: AddOptions) =>
    run.reportOn(options, (deployment) => add(deployment, run, records, options)),
  );
}

function addHoldList(hold: Command, run: CommandRun): void {
  const command = hold
    .command('list')
    .summary("show a portal's holds")
    .description("Shows every hold on a portal's records, who put it there, when and why.")
    .option('--portal <ID>', whichPortal);
  withGlobalOptions(command, 'npx tidy24 hold list --portal demo.bitrix24.com').action((options: Options) =>
    run.reportOn(options, (deployment) => list(deployment, options)),
  );
}

function addHoldRemove(hold: Command, run: CommandRun): void {
  const command = hold
    .command('remove')
    .summary('take holds away')
    .description(paragraphs(aboutRemove))
    .argument('<RECORD...>', 'type and id: contact:7, company:3, deal:101, lead:5, 1044:12', collectRecords)
    .option('--portal <ID>', whichPortal);
  withGlobalOptions(command, 'npx tidy24 hold remove contact:7 --portal demo.bitrix24.com').action(
    (records: HeldRecord[], options: Options) =>
      run.reportOn(options, (deployment) => remove(deployment, records, options)),
  );
}

/** To put a hold on: with a mistyped type a record would look protected and not be. */
function collectHeld(text: string, before: unknown): HeldRecord[] {
  const { entityTypeId } = recordOption(text);
  if (isPossibleType(entityTypeId)) return collectRecords(text, before);
  throw new InvalidArgumentError(
    `Bitrix24 has no type ${entityTypeId}. Smart processes have even numbers: 128 to 190, 1030 and more.`,
  );
}

/** Each record once. */
function collectRecords(text: string, before: unknown): HeldRecord[] {
  const record = recordOption(text);
  const known = Array.isArray(before) ? (before as HeldRecord[]) : [];
  const isKnown = known.some(({ entityTypeId, id }) => entityTypeId === record.entityTypeId && id === record.id);
  return isKnown ? known : [...known, record];
}

/** A day ends where it ends last, at UTC-12, so that nothing is free before its day is over. */
function moment(text: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const hasZone = /^\d{4}-\d{2}-\d{2}T.+(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = isDay || hasZone ? Date.parse(isDay ? `${text}T23:59:59-12:00` : text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('It takes a day, or a time with its zone: 2027-01-31T18:00:00Z.');
  return ms;
}

async function add(
  deployment: Deployment,
  { lines }: CommandRun,
  records: readonly HeldRecord[],
  { portal: id, why, until, yes }: AddOptions,
): Promise<Report> {
  const { portals, operator, clock } = deployment;
  if (why !== undefined && why.length > longestWhy)
    throw new UsageError(`--why takes ${longestWhy} characters at most`);
  const reason = redact(why ?? '');
  const at = clock();
  if (until !== undefined && until <= at) throw new UsageError('--until is over already');
  const { memberId, domain } = await portalOrOnly(deployment, id);
  const present = await portals.holds.list(memberId);
  const all = records.map(({ entityTypeId, id: recordId }) => {
    const former = holdInForce(present, { entityTypeId, id: recordId }, at);
    const kept = reason === '' ? former?.why : reason;
    const hold = holdSchema.parse({ entityTypeId, id: recordId, by: operator, at, why: kept, until });
    return { former, hold };
  });
  const replaced = all.flatMap(({ former, hold }) => (former ? [{ former, hold }] : []));
  const shortened = replaced.filter(endsSooner);
  if (shortened.length > 0 && yes !== true) {
    const what =
      `The new hold would end at ${iso(until) ?? ''}, sooner than ${shortened.map(formerText).join('; ')}. To keep what ` +
      'there is, leave --until away or name a later time';
    await confirm(lines, { what, word: 'yes', option: '--yes' });
  }

  const holds = all.map(({ hold }) => hold);
  for (const one of holds) await portals.holds.put(memberId, one);
  return {
    data: {
      memberId,
      domain,
      holds: all.map(({ former, hold }) => ({ ...holdView(hold, at), replaced: former ? holdView(former, at) : null })),
    },
    text: [
      `${domain}: no rule touches ${holds.map(recordText).join(', ')} ${lastsText({ until })}.`,
      ...replaced.map((one) => {
        const stays = reason === '' && one.former.why !== undefined ? ' Its reason stays.' : '';
        return `Replaced: ${formerText(one)}.${stays}`;
      }),
    ],
  };
}

async function list(deployment: Deployment, { portal: id }: Options): Promise<Report> {
  const { portals, clock, place } = deployment;
  const { memberId, domain } = await portalOrOnly(deployment, id);
  const now = clock();
  const holds = await portals.holds.list(memberId);
  const views = holds.map((one) => holdView(one, now));
  if (views.length === 0) {
    const example = commandLine(place, `hold add deal:101 --portal ${domain}`);
    return { data: { memberId, domain, holds: [] }, text: [`${domain} has no holds. Add one: ${example}`] };
  }
  const rows = views.map(({ record, by, at, until, isOver, why }) => [
    record,
    by,
    at,
    until === null ? '-' : `${until}${isOver ? ' (over)' : ''}`,
    why ?? '-',
  ]);
  return {
    data: { memberId, domain, holds: views },
    text: [
      ...textTable(['RECORD', 'BY', 'SINCE', 'UNTIL', 'WHY'], rows),
      `${counted(rows.length, 'hold')} on ${domain}.`,
    ],
  };
}

async function remove(
  deployment: Deployment,
  records: readonly HeldRecord[],
  { portal: id }: Options,
): Promise<Report> {
  const { memberId, domain } = await portalOrOnly(deployment, id);
  const results = [];
  for (const record of records) {
    const removed = await deployment.portals.holds.remove(memberId, record);
    results.push({ record: recordText(record), ...record, removed });
  }
  return {
    data: { memberId, domain, holds: results },
    text: results.map(({ record, removed }) =>
      removed ? `${domain}: the hold on ${record} is gone.` : `${domain}: there was no hold on ${record}.`,
    ),
  };
}

function holdView({ entityTypeId, id, by, at, why, until }: Hold, now: number) {
  return {
    record: recordText({ entityTypeId, id }),
    entityTypeId,
    id,
    by: printable(by),
    at: iso(at),
    why: why === undefined ? null : printable(why),
    until: iso(until) ?? null,
    isOver: until !== undefined && until <= now,
  };
}
