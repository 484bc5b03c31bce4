import type { Clock } from '../../bitrix24/clock.ts';
import { pipelineOfStage, readStages, stagesCommand } from '../../bitrix24/stages.ts';
import type { PortalSession } from '../../portals/session.ts';
import type { Guards } from '../../rules/guards.ts';
import type { Protect } from '../../rules/protect.ts';
import { canonicalStage } from '../../rules/stage-code.ts';
import type { RecordKey } from '../task.ts';
import { type Ask, askOn, contentOf } from './asks.ts';
import { clientAsks, kindsOf } from './client-rows.ts';
import { duplicateAsks, holderAsks } from './duplicates.ts';
import type { Findings, Holder, Linked, Unread } from './guard-of.ts';
import { type ClientRow, hasClients, HolderNotes, keyOf } from './holders.ts';
import type { ItemType } from './item-types.ts';

/** A contact or company that a task is about to delete, or whose contacts it unlinks. */
export interface Subject extends RecordKey {
  /** All of its fields, as `crm.item.list` gives them. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The task's lost record. */
  readonly lost: RecordKey;
  /** Types whose items the task deletes when the lost record is their parent. */
  readonly itemTypes: ReadonlySet<number>;
  /** Of these types no more items will be looked for. */
  readonly listed: ReadonlySet<number>;
  /** The items that have been found, as `type:id`, and whether they are still to be deleted. */
  readonly items: ReadonlyMap<string, boolean>;
}

export interface FindingOptions {
  readonly session: Pick<PortalSession, 'batch'>;
  readonly clock: Clock;
  readonly guards: Guards;
  readonly types: readonly ItemType[] | Unread;
  readonly protect: Protect;
  /** Of these records, those that a person has put a hold on, as `type:id`. */
  readonly heldAmong: (records: readonly RecordKey[]) => Promise<ReadonlySet<string>>;
  /** Questions of others that are to be asked in the first request. */
  readonly also?: readonly Ask[];
}

/**
 * What these have, for the guards of one rule: few questions for all of them together. `lostStage`: the stage that the
 * lost record was seen in among it.
 *
 * @throws PortalBusy when a limit was met, and what a PortalSession throws
 */
export async function readFindings(
  options: FindingOptions,
  subjects: readonly Subject[],
): Promise<Map<Subject, Findings & { readonly lostStage: string | undefined }>> {
  const { guards, types, protect } = options;
  const notes = new Map<string, HolderNotes>();
  const duplicatesOf = new Map<string, Map<string, HolderNotes>>();
  const noteOf = (record: RecordKey): HolderNotes => {
    const key = keyOf(record);
    const known = notes.get(key) ?? new HolderNotes({ entityTypeId: record.entityTypeId, id: record.id });
    notes.set(key, known);
    return known;
  };

  const kinds = kindsOf(guards, typeof types === 'string' ? [] : types);
  const wanted = {
    parentTypes: [
      ...new Set(subjects.flatMap(({ lost, itemTypes }) => (itemTypes.size > 0 ? [lost.entityTypeId] : []))),
    ],
    protect,
    isOwn: (row: ClientRow) => subjects.some((subject) => isOwn(row, subject)),
  };
  const asksFor = (holders: readonly HolderNotes[]): Ask[] => {
    if (typeof types === 'string' && guards['open-items']) {
      for (const holder of holders) holder.noteUnread(['open-items'], types);
    }
    return kinds.flatMap((kind) => clientAsks(kind, holders, wanted));
  };

  const own = new Map(subjects.map((subject) => [keyOf(subject), subject]));
  for (const subject of own.values()) noteOf(subject).noteTimes(subject.fields);
  const first = asksFor([...notes.values()]);
  if (guards.duplicates) {
    for (const [key, subject] of own) {
      const found = new Map<string, HolderNotes>();
      duplicatesOf.set(key, found);
      first.push(
        ...duplicateAsks(noteOf(subject), subject.fields, (duplicate) => {
          found.set(keyOf(duplicate), noteOf(duplicate));
        }),
      );
    }
  }
  await askOn(options, [...first, ...(options.also ?? [])]);

  const duplicates = [...notes].filter(([key]) => !own.has(key)).map(([, holder]) => holder);
  await askOn(options, [
    ...asksFor(duplicates.filter(({ record }) => hasClients(record))),
    ...holderAsks(duplicates, { activity: guards['recent-activity'] > 0, leads: guards['open-leads'] }),
  ]);
  await askOn(options, stageAsks([...notes.values()]));
  const rows = [...notes.values()].flatMap((holder) => [...holder.rows.values()]);
  const ownItems = rows.filter((row) => subjects.some((one) => isOwn(row, one) && keyOf(row) !== keyOf(one.lost)));
  const held = await options.heldAmong(ownItems);
  for (const row of ownItems) row.isHeld = held.has(keyOf(row));

  return new Map(
    subjects.map((subject) => {
      const others = [...(duplicatesOf.get(keyOf(subject))?.values() ?? [])]
        .filter(({ record }) => keyOf(record) !== keyOf(subject.lost))
        .map((holder) => ({ ...holder.record, ...holderOf(holder, subject) }));
      const found = { ...holderOf(noteOf(subject), subject), duplicates: others };
      return [subject, { ...found, lostStage: noteOf(subject).rows.get(keyOf(subject.lost))?.stageId }] as const;
    }),
  );
}

/** The lost record itself, and what the task deletes with it, keep nothing. An item that stays keeps its client. */
function isOwn(row: ClientRow, { lost, itemTypes, listed, items }: Subject): boolean {
  const { entityTypeId, parents, isHeld } = row;
  if (keyOf(row) === keyOf(lost)) return true;
  if (isHeld || !itemTypes.has(entityTypeId) || parents[String(lost.entityTypeId)] !== lost.id) return false;
  return items.get(keyOf(row)) ?? !listed.has(entityTypeId);
}

function holderOf({ rows, unread, lastActivityTime, createdTime }: HolderNotes, subject: Subject): Holder {
  const linked = [...rows.values()]
    .filter((row) => !isOwn(row, subject))
    .map(({ entityTypeId, id, semantics }): Linked => ({ entityTypeId, id, semantics }));
  return { linked, unread, lastActivityTime, createdTime };
}

/** Questions after the meaning of stages that items of smart processes are in. Without an answer the guard does not know. */
function stageAsks(holders: readonly HolderNotes[]): Ask[] {
  const open = holders.flatMap((holder) =>
    [...holder.rows.values()].filter((row) => row.semantics === undefined).map((row) => ({ row, holder })),
  );
  const byPipeline = Map.groupBy(open, ({ row }) => {
    const pipeline = pipelineOfStage(row.entityTypeId, row.stageId);
    return pipeline === undefined ? '' : `${row.entityTypeId} ${pipeline}`;
  });
  byPipeline.delete('');
  return [...byPipeline].map(([key, some]): Ask => {
    const [entityTypeId = 0, pipelineId = 0] = key.split(' ').map(Number);
    return {
      command: stagesCommand(entityTypeId, pipelineId),
      read: (answer) => {
        const { result, unread } = contentOf(answer);
        const stages = readStages(result);
        for (const { row, holder } of some) {
          if (stages !== undefined && stages.length > 0) {
            const found = stages.find(({ code }) => canonicalStage(entityTypeId, pipelineId, code) === row.stageId);
            row.semantics = found?.semantics ?? 'P';
          } else {
            row.semantics = 'F';
            holder.noteUnread(['open-items'], unread ?? 'unanswered');
          }
        }
        return [];
      },
    };
  });
}
