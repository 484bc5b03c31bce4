import * as z from 'zod';
import { recordKey } from '../read-records.ts';
import { idOf } from '../targets.ts';
import type { RecordKey } from '../task.ts';
import type { KeptRecord } from './kept.ts';
import { readOrFail } from './present.ts';
import { itemsRead, numberIn } from './reads.ts';
import type { Restored } from './undo-state.ts';
import { UndoTrouble, type UndoRun } from './undo-run.ts';
import { addCommand, type Described, fieldsSchema, markField, markOf, writableFields } from './writable-fields.ts';

/** Records made with one request: each sets off handlers and automation on the portal. */
const addedAtOnce = 5;
/** Marks looked for with one command. */
const marksAtOnce = 50;

const addedSchema = z.object({ item: z.unknown() });

/**
 * Makes deleted records anew that are not there again, those first that others name. Each is looked for by its mark
 * before, because an answer may have got lost, and noted as soon as it is known.
 */
export async function recreate(undo: UndoRun): Promise<void> {
  if (undo.plan.depth === 'ids') return;
  await findMarked(undo);
  const described = await describe(undo, undo.missing());
  const refused = new Set<string>();
  for (;;) {
    const open = undo.missing().filter((record) => !refused.has(recordKey(record)));
    if (open.length === 0) return;
    const some = nextOf(open).slice(0, addedAtOnce);
    const commands = some.map(
      (record, index) => [`add${index}`, addCommand(record, fieldsOf(undo, record, described))] as const,
    );
    const answers = await undo.write(new Map(commands));
    const added: Restored[] = [];
    for (const [index, record] of some.entries()) {
      const result = undo.resultUnlessRefused(answers.get(`add${index}`), `a new record for ${name(record)}`);
      const newId = idOf(addedSchema.safeParse(result).data?.item);
      if (result === undefined) refused.add(recordKey(record));
      else if (newId === undefined) {
        throw new UndoTrouble({
          code: 'NO_OUTCOME',
          description: `The portal does not say which record it made for ${name(record)}`,
        });
      } else added.push(recreated(record, newId));
    }
    await undo.bring(added, 'Made anew');
  }
}

const name = ({ entityTypeId, id }: RecordKey): string => `${entityTypeId}/${id}`;

function recreated({ entityTypeId, id }: RecordKey, newId: number): Restored {
  return { entityTypeId, id, newId, how: 'recreated', complete: false };
}

/** Those that name none of the others; all of them when each names another. */
function nextOf(open: readonly KeptRecord[]): readonly KeptRecord[] {
  const keys = new Set(open.map(recordKey));
  const free = open.filter(
    ({ fields }) =>
      !Object.entries(fields).some(([field, value]) => {
        const parent = /^parentId(\d+)$/.exec(field)?.[1];
        return parent !== undefined && keys.has(`${parent}:${String(value)}`);
      }),
  );
  const [first] = free.length > 0 ? free : open;
  return (free.length > 0 ? free : open).filter(({ entityTypeId }) => entityTypeId === first?.entityTypeId);
}

function fieldsOf(
  undo: UndoRun,
  record: KeptRecord,
  described: ReadonlyMap<number, Described>,
): Record<string, unknown> {
  const ofType = described.get(record.entityTypeId) ?? {};
  const field = markField(record);
  if (!ofType[field]) {
    const description = `Records of type ${record.entityTypeId} have no field ${field}: they cannot be made anew safely`;
    throw new UndoTrouble({ code: 'NO_MARK_FIELD', description });
  }
  const mark = { [field]: markOf(record), ...(field === 'originId' && { originatorId: 'tidy24' }) };
  return { ...writableFields(record, ofType, (named) => undo.idNow(named)), ...mark };
}

/** Records that an earlier try, or the undo of another task, has made without learning their ids. */
async function findMarked(undo: UndoRun): Promise<void> {
  const groups = [...Map.groupBy(undo.missing(), ({ entityTypeId }) => entityTypeId)].flatMap(([type, records]) =>
    Array.from({ length: Math.ceil(records.length / marksAtOnce) }, (_, page) => ({
      type,
      records: records.slice(page * marksAtOnce, (page + 1) * marksAtOnce),
    })),
  );
  const reads = groups.map(({ type, records }) => {
    const [first] = records;
    const field = markField({ entityTypeId: type, id: 1 });
    const filter = { [`@${field}`]: records.map((record) => markOf(record)) };
    return { field, records, ...itemsRead(`marked${type}n${first?.id}`, type, filter, ['id', field]) };
  });
  const found = await readOrFail(undo, reads);
  const again = new Map<string, Restored>();
  for (const { key, field, records } of reads) {
    for (const row of found.get(key) ?? []) {
      const fields = row as Record<string, unknown>;
      const record = records.find((one) => markOf(one) === fields[field]);
      const newId = numberIn(fields['id']);
      if (record && newId !== undefined && !again.has(recordKey(record)))
        again.set(recordKey(record), recreated(record, newId));
    }
  }
  await undo.bring([...again.values()], 'Made anew before, as reading shows');
}

async function describe(undo: UndoRun, records: readonly KeptRecord[]): Promise<ReadonlyMap<number, Described>> {
  const types = [...new Set(records.map(({ entityTypeId }) => entityTypeId))];
  const reads = types.map((entityTypeId) => ({
    key: `fields${entityTypeId}`,
    method: 'crm.item.fields',
    params: { entityTypeId, useOriginalUfNames: 'Y' },
    rows: (result: unknown) => {
      const parsed = fieldsSchema.safeParse(result).data;
      return parsed && [parsed.fields];
    },
  }));
  const found = await readOrFail(undo, reads);
  return new Map(types.map((type) => [type, (found.get(`fields${type}`)?.[0] ?? {}) as Described]));
}
