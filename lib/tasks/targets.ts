import { type ContactLink, contactLinksSchema, itemListSchema } from '../bitrix24/answers.ts';
import type { Command } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { deletionKey, isLinks } from './deletion.ts';
import { idsPerCommand } from './read-records.ts';
import type { Deletion } from './task.ts';

/** What a deletion is about, as it is now: links, or a record with all its fields. */
export type Target =
  | { kind: 'links'; links: ContactLink[] }
  | { kind: 'record'; fields: Readonly<Record<string, unknown>> }
  /** The portal has no such record. */
  | { kind: 'gone' }
  /** No usable answer. */
  | { kind: 'unknown'; row: Verdict | undefined };

/** Targets by `deletionKey`. */
export type Targets = ReadonlyMap<string, Target>;

/** Everything that a snapshot needs, or only whether it is there. */
export type Depth = 'whole' | 'presence';

type Owner = Pick<Deletion, 'method' | 'entityTypeId' | 'id'>;
const linksKey = ({ entityTypeId, id }: Owner) => `links${entityTypeId}n${id}`;

/** The command that reads the links that a deletion removes. */
export function linksCommand(deletion: Owner): [string, Command] {
  const owner = deletion.entityTypeId === EntityType.company ? 'company' : 'deal';
  return [linksKey(deletion), { method: `crm.${owner}.contact.items.get`, params: { id: deletion.id } }];
}

/** The ids that one command asks for, by its key. The company of links is asked for too: an unknown one has no links. */
function pagesOf(deletions: readonly Owner[]): Map<string, { entityTypeId: number; ids: number[] }> {
  const records = deletions.filter((one) => !isLinks(one) || one.entityTypeId === EntityType.company);
  const pages = new Map<string, { entityTypeId: number; ids: number[] }>();
  for (const [entityTypeId, some] of Map.groupBy(records, (one) => one.entityTypeId)) {
    const ids = [...new Set(some.map(({ id }) => id))];
    for (let start = 0; start < ids.length; start += idsPerCommand) {
      const key = `targets${entityTypeId}p${start / idsPerCommand}`;
      pages.set(key, { entityTypeId, ids: ids.slice(start, start + idsPerCommand) });
    }
  }
  return pages;
}

/**
 * What a snapshot of records is taken from: every field. Nothing may be selected, or phones and e-mails (`fm`) are left
 * out (crm-item-list.md).
 */
export const wholeRecords = { useOriginalUfNames: 'Y' } as const;

/** Commands that read what these deletions are about. */
export function targetCommands(deletions: readonly Deletion[], depth: Depth): Map<string, Command> {
  const lists = [...pagesOf(deletions)].map(([key, { entityTypeId, ids }]): [string, Command] => {
    const fields = depth === 'whole' ? wholeRecords : { select: ['id'] };
    const params = { entityTypeId, filter: { '@id': ids }, order: { id: 'ASC' }, start: -1, ...fields };
    return [key, { method: 'crm.item.list', params }];
  });
  return new Map([...deletions.filter(isLinks).map(linksCommand), ...lists]);
}

/** What the answers to `targetCommands(deletions)` tell. */
export function readTargets(deletions: readonly Deletion[], answers: ReadonlyMap<string, JudgedAnswer>): Targets {
  const records = readLists(deletions, answers);
  return new Map(
    deletions.map((deletion) => {
      const record = records.get(`${deletion.entityTypeId}:${deletion.id}`) ?? { kind: 'unknown', row: undefined };
      if (!isLinks(deletion)) return [deletionKey(deletion), record];
      const isThere = deletion.entityTypeId !== EntityType.company || record.kind === 'record';
      return [deletionKey(deletion), isThere ? linksIn(answers.get(linksKey(deletion))) : record];
    }),
  );
}

function linksIn(answer: JudgedAnswer | undefined): Target {
  if (answer?.kind === 'error') {
    return answer.row.reaction === 'already-gone' ? { kind: 'gone' } : { kind: 'unknown', row: answer.row };
  }
  const parsed = contactLinksSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined);
  return parsed.success ? { kind: 'links', links: parsed.data } : { kind: 'unknown', row: undefined };
}

function readLists(
  deletions: readonly Owner[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): ReadonlyMap<string, Target> {
  const found = new Map<string, Target>();
  for (const [key, { entityTypeId, ids }] of pagesOf(deletions)) {
    const answer = answers.get(key);
    const list = answer?.kind === 'result' ? itemListSchema.safeParse(answer.result).data : undefined;
    const rows = list?.items.map((row) => ({ id: idOf(row), row }));
    // A row that cannot be read must not make its record count as gone, and which it is may not be readable either. Nor
    // does a list with rows that nobody asked for say that others are gone.
    const isWhole = rows?.every(({ id }) => id !== undefined && ids.includes(id)) === true;
    const row = answer?.kind === 'error' ? answer.row : undefined;
    for (const id of ids) {
      const here = rows?.find((one) => one.id === id);
      const absent: Target = isWhole ? { kind: 'gone' } : { kind: 'unknown', row };
      found.set(
        `${entityTypeId}:${id}`,
        here ? { kind: 'record', fields: here.row as Record<string, unknown> } : absent,
      );
    }
  }
  return found;
}

/**
 * The rows of a list that was asked for by these ids. Undefined when one has no id or was not asked for: then the list
 * does not say either that others are gone.
 */
export function rowsById(
  rows: readonly unknown[],
  ids: readonly number[],
): Map<number, Readonly<Record<string, unknown>>> | undefined {
  const asked = new Set(ids);
  const found = rows.flatMap((row) => {
    const id = idOf(row);
    return id !== undefined && asked.has(id) ? [[id, row as Record<string, unknown>] as const] : [];
  });
  return found.length === rows.length ? new Map(found) : undefined;
}

/** The id of a row of `crm.item.list`; undefined when it has none that is one. */
export function idOf(row: unknown): number | undefined {
  const id = typeof row === 'object' && row !== null && 'id' in row ? Number(row.id) : Number.NaN;
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
