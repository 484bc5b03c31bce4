import type { Command } from '../../bitrix24/batch.ts';
import { recordKey } from '../read-records.ts';
import { readBelongings } from './belongings.ts';
import type { Belongings } from './collect.ts';
import type { KeptRecord, KeptRequisite, KeptRow } from './kept.ts';
import { updateCommand } from './put-links.ts';
import { numberIn, requisiteType, shortType } from './reads.ts';
import type { Restored } from './undo-state.ts';
import { UndoTrouble, type UndoRun } from './undo-run.ts';
import { markField } from './writable-fields.ts';

/** Records that are looked at together. */
const atOnce = 5;
/** Requisites first, then what hangs on them, and once more to see that all is there. */
const mostPasses = 4;
const commandsAtOnce = 20;

/** Gives records that were made anew what belonged to them: each time what is not there yet. */
export async function completeRecords(undo: UndoRun): Promise<void> {
  const open = undo.plan.records.flatMap((record) => {
    const restored = undo.restored.get(recordKey(record));
    return restored?.how === 'recreated' && !restored.complete ? [{ record, restored }] : [];
  });
  for (let start = 0; start < open.length; start += atOnce) {
    const some = open.slice(start, start + atOnce);
    const unfinished = await addMissing(undo, some);
    const origins = some.map((one): Addition => ({ one, what: nameOf(one), command: originCommand(one) }));
    for (const one of await send(undo, origins)) unfinished.add(one);
    const finished = some.filter((one) => !unfinished.has(one));
    await undo.complete(finished.map(({ restored }) => restored));
  }
}

interface Open {
  readonly record: KeptRecord;
  readonly restored: Restored;
}

/** A command that gives a record something of what it had. */
interface Addition {
  readonly one: Open;
  readonly what: string;
  readonly command: Command;
}

const nameOf = ({ restored }: Open): string => `of ${restored.entityTypeId}/${restored.newId}`;

/** Gives those of which something was refused: they are not complete, and get another try when the undo gets one. */
async function addMissing(undo: UndoRun, some: readonly Open[]): Promise<Set<Open>> {
  const { session, options } = undo.run;
  const doomed = some.map(({ restored: { entityTypeId, newId } }) => ({
    entityTypeId,
    id: newId,
    fields: {},
    depth: 'full' as const,
  }));
  const refused = new Set<Open>();
  if (some.every(({ record }) => record.requisites.length === 0 && record.productRows.length === 0)) return refused;
  for (let pass = 0; pass < mostPasses; pass += 1) {
    const present = await readBelongings(session, doomed, options.clock);
    const [unreadable] = present.unreadable;
    if (unreadable) {
      const description = `What belongs to ${unreadable[0]} could not be read`;
      throw new UndoTrouble({ code: 'PRESENT_UNREADABLE', description, row: unreadable[1] });
    }
    const open = some.filter((one) => !refused.has(one));
    const additions = open.flatMap((one) =>
      missingOf(one, present).map(([what, command]): Addition => ({ one, what, command })),
    );
    if (additions.length === 0) break;
    // What is refused is not tried once more in this try.
    for (const one of await send(undo, additions)) refused.add(one);
  }
  return refused;
}

/** Gives those of which something was refused. */
async function send(undo: UndoRun, additions: readonly Addition[]): Promise<Set<Open>> {
  const refused = new Set<Open>();
  for (let start = 0; start < additions.length; start += commandsAtOnce) {
    const some = additions.slice(start, start + commandsAtOnce);
    const answers = await undo.write(new Map(some.map(({ command }, index) => [`of${index}`, command])));
    for (const [index, { one, what }] of some.entries()) {
      if (undo.resultUnlessRefused(answers.get(`of${index}`), what) === undefined) refused.add(one);
    }
  }
  return refused;
}

function missingOf({ record, restored }: Open, present: Belongings): (readonly [string, Command])[] {
  const { entityTypeId, newId } = restored;
  const key = recordKey({ entityTypeId, id: newId });
  const about = `${entityTypeId}/${newId}`;
  const commands: (readonly [string, Command])[] = [];
  const [known, missing] = matched(record.requisites, present.requisites.get(key) ?? []);
  for (const { fields } of missing) {
    const given = { ...writable(fields), ENTITY_TYPE_ID: entityTypeId, ENTITY_ID: newId };
    commands.push([`a requisite of ${about}`, { method: 'crm.requisite.add', params: { fields: given } }]);
  }
  for (const [kept, now] of known) commands.push(...missingIn(kept, now, about));
  const rows = present.productRows.get(key) ?? [];
  if (record.productRows.length > 0 && rows.length === 0) {
    const params = {
      ownerType: shortType(entityTypeId),
      ownerId: newId,
      productRows: record.productRows.map(productRow),
    };
    commands.push([`the products of ${about}`, { method: 'crm.item.productrow.set', params }]);
  }
  return commands;
}

/** Bank details and addresses of a requisite that is there. */
function missingIn(kept: KeptRequisite, now: KeptRequisite, about: string): (readonly [string, Command])[] {
  const id = numberIn(now.fields['ID']) ?? 0;
  const names = now.bankDetails.map(({ NAME }) => NAME);
  const banks = kept.bankDetails.filter(({ NAME }) => {
    const index = names.indexOf(NAME);
    if (index >= 0) names.splice(index, 1);
    return index < 0;
  });
  const types = new Set(now.addresses.map(({ TYPE_ID }) => String(TYPE_ID)));
  const addresses = kept.addresses.filter(({ TYPE_ID }) => !types.has(String(TYPE_ID)));
  return [
    ...banks.map((fields): readonly [string, Command] => [
      `a bank detail of ${about}`,
      { method: 'crm.requisite.bankdetail.add', params: { fields: { ...writable(fields), ENTITY_ID: id } } },
    ]),
    ...addresses.map((fields): readonly [string, Command] => [
      `an address of ${about}`,
      {
        method: 'crm.address.add',
        params: {
          fields: { ...writable(fields), TYPE_ID: fields['TYPE_ID'], ENTITY_TYPE_ID: requisiteType, ENTITY_ID: id },
        },
      },
    ]),
  ];
}

/** Kept requisites with the present ones of the same name and template, and those that are not there. */
function matched(
  kept: readonly KeptRequisite[],
  present: readonly KeptRequisite[],
): [[KeptRequisite, KeptRequisite][], KeptRequisite[]] {
  const free = [...present];
  const known: [KeptRequisite, KeptRequisite][] = [];
  const missing: KeptRequisite[] = [];
  for (const one of kept) {
    const index = free.findIndex(
      ({ fields }) =>
        fields['NAME'] === one.fields['NAME'] && String(fields['PRESET_ID']) === String(one.fields['PRESET_ID']),
    );
    const [found] = index < 0 ? [] : free.splice(index, 1);
    if (found) known.push([one, found]);
    else missing.push(one);
  }
  return [known, missing];
}

const ownFields =
  /^(ID|ENTITY_ID|ENTITY_TYPE_ID|TYPE_ID|DATE_CREATE|DATE_MODIFY|CREATED_BY_ID|MODIFY_BY_ID|ANCHOR_ID|ANCHOR_TYPE_ID|LOC_ADDR_ID)$/;

function writable(fields: KeptRow): KeptRow {
  const given = Object.entries(fields).filter(
    ([name, value]) => !ownFields.test(name) && value !== null && value !== '',
  );
  return Object.fromEntries(given);
}

const rowFields = [
  'productId',
  'productName',
  'price',
  'quantity',
  'discountTypeId',
  'discountRate',
  'discountSum',
  'taxRate',
  'taxIncluded',
  'taxName',
  'measureCode',
  'sort',
];

function productRow(row: KeptRow): KeptRow {
  const given = rowFields.flatMap((name) => (row[name] === null || row[name] === undefined ? [] : [[name, row[name]]]));
  return Object.fromEntries(given) as KeptRow;
}

/** Where the record came from, as it was: the mark has done its work once the record is noted. */
function originCommand({ record, restored: { entityTypeId, newId } }: Open): Command {
  const { fields } = record;
  const origin =
    markField(record) === 'xmlId'
      ? { xmlId: fields['xmlId'] ?? '' }
      : { originatorId: fields['originatorId'] ?? '', originId: fields['originId'] ?? '' };
  return updateCommand({ entityTypeId, id: newId }, origin);
}
