import * as z from 'zod';
import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { readStages, type StageRow, stagesCommand } from '../bitrix24/stages.ts';
import type { JudgedAnswer } from './judge.ts';
import type { PortalSession } from './session.ts';
import { nextDirectory, type ReadPipelines, type StageDirectory } from './stage-directory.ts';
import type { PortalStore } from './store.ts';

const categoriesSchema = z.object({
  categories: z.array(z.object({ id: z.coerce.number().pipe(z.int().min(0)) })),
});

/** The pipelines of a type that are known; leads have the one without a number. */
type Known = ReadonlyMap<number, readonly number[]>;

const categoriesKey = (entityTypeId: number) => `c${entityTypeId}`;
const stagesKey = (entityTypeId: number, id: number) => `s${entityTypeId}p${id}`;

function categoriesCommand(entityTypeId: number): Command {
  return { method: 'crm.category.list', params: { entityTypeId } };
}

/**
 * The stages of every pipeline of these types, as the portal has them now. A type that cannot be read is not in the
 * map. With the pipelines known before, one request is enough.
 *
 * @throws what a PortalSession throws
 */
export async function readPipelines(session: PortalSession, known: Known): Promise<Map<number, ReadPipelines>> {
  const answers = new Map<string, JudgedAnswer>();
  const commands = new Map<string, Command>();
  for (const [entityTypeId, ids] of known) {
    const isLead = entityTypeId === EntityType.lead;
    if (!isLead) commands.set(categoriesKey(entityTypeId), categoriesCommand(entityTypeId));
    for (const id of isLead ? [0] : ids) commands.set(stagesKey(entityTypeId, id), stagesCommand(entityTypeId, id));
  }
  await ask(session, commands, answers);

  const pipelines = new Map([...known.keys()].map((type) => [type, pipelineIds(type, answers)] as const));
  const missing = [...pipelines].flatMap(([type, ids = []]) =>
    ids
      .filter((id) => !answers.has(stagesKey(type, id)))
      .map((id) => [stagesKey(type, id), stagesCommand(type, id)] as const),
  );
  await ask(session, new Map(missing), answers);

  return new Map(
    [...pipelines].flatMap(([type, ids]) => {
      const read = ids && stagesOfAll(type, ids, answers);
      return read ? [[type, read] as const] : [];
    }),
  );
}

async function ask(
  session: PortalSession,
  commands: ReadonlyMap<string, Command>,
  answers: Map<string, JudgedAnswer>,
): Promise<void> {
  const all = [...commands];
  for (let start = 0; start < all.length; start += maxBatchCommands) {
    const some = new Map(all.slice(start, start + maxBatchCommands));
    for (const [key, answer] of await session.batch(some, { write: false })) answers.set(key, answer);
  }
}

function pipelineIds(entityTypeId: number, answers: ReadonlyMap<string, JudgedAnswer>): number[] | undefined {
  if (entityTypeId === EntityType.lead) return [0];
  const answer = answers.get(categoriesKey(entityTypeId));
  const parsed = categoriesSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined);
  return parsed.data?.categories.map(({ id }) => id);
}

function stagesOfAll(
  entityTypeId: number,
  ids: readonly number[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): ReadPipelines | undefined {
  const read = new Map<number, readonly StageRow[]>();
  for (const id of ids) {
    const answer = answers.get(stagesKey(entityTypeId, id));
    const stages = readStages(answer?.kind === 'result' ? answer.result : undefined);
    if (stages === undefined) return undefined;
    // A pipeline without stages does not exist: nothing is known of what is in it.
    if (stages.length > 0) read.set(id, stages);
  }
  return read;
}

/**
 * Reads the directories of these types anew and keeps them. A type that cannot be read is not in the map.
 *
 * @throws what a PortalSession throws
 */
export async function refreshDirectories(
  { stages }: Pick<PortalStore, 'stages'>,
  session: PortalSession,
  { memberId, types, clock }: { memberId: string; types: Iterable<number>; clock: () => number },
): Promise<Map<number, StageDirectory>> {
  const known = new Map<number, number[]>();
  for (const type of types) {
    known.set(type, (await stages.get(memberId, type))?.pipelines.map(({ id }) => id) ?? []);
  }
  if (known.size === 0) return new Map();
  const at = clock();
  const directories = new Map<number, StageDirectory>();
  for (const [type, read] of await readPipelines(session, known)) {
    const directory = await stages.replace(memberId, type, (before) =>
      // Who asked after us knows more.
      before && before.readAt > at ? undefined : nextDirectory(type, before, read, at),
    );
    if (directory) directories.set(type, directory);
  }
  return directories;
}
