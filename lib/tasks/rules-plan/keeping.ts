import type { Clock } from '../../bitrix24/clock.ts';
import { askAll } from '../../portals/ask.ts';
import type { PortalStore } from '../../portals/store.ts';
import type { Protect } from '../../rules/protect.ts';
import type { StoredRule } from '../../rules/version.ts';
import { deletionKey, deletionsOf, isLinks } from '../deletion.ts';
import type { Aim } from '../guards/aims.ts';
import { readSparing, type Sparing, type SparingRun } from '../guards/sparing.ts';
import { readTargets, targetCommands, type Target } from '../targets.ts';
import type { Deletion, RecordKey } from '../task.ts';
import type { LostPage } from './lost-page.ts';
import type { Ask } from './survey.ts';

/** Says of lost records that a rule is about what would keep them and what hangs on them, by the record's id. */
export type Keeping = (
  rule: StoredRule,
  entityTypeId: number,
  records: readonly LostRecord[],
) => Promise<ReadonlyMap<number, Sparing>>;

/** What is asked after guards and holds, and how. */
export interface KeepingOptions {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly portals: Pick<PortalStore, 'holds'>;
  readonly memberId: string;
  readonly protect: Protect;
}

type LostRecord = LostPage['records'][number];

/**
 * What guards, holds and `protect` would keep if the rules were carried out now: the worker's own judgement, on reads
 * made for it. Items that a rule deletes with a record are not looked at one by one. Throws what `ask` throws.
 */
export function byGuards({ ask, clock, portals, memberId, protect }: KeepingOptions): Keeping {
  const session = { batch: ask };
  // One object for all pages: what is read of the portal's types is remembered with it.
  const run = { options: { clock, portals }, portal: { memberId }, session, protect };
  return (rule, entityTypeId, records) => keepingOf(run, rule, entityTypeId, records);
}

/** What the lists of ids in `protect` keep, for a plan that asks nothing more of the portal. */
export function byIds({ ids }: Pick<Protect, 'ids'>): Keeping {
  const listed = ({ entityTypeId, id }: RecordKey) => ids[String(entityTypeId)]?.includes(id) === true;
  return async (rule, entityTypeId, records) => {
    const keeping = records.map(({ id, record }): [number, Sparing] => {
      const key = { entityTypeId, id };
      if (listed(key)) return [id, { kept: new Map(), lost: byIdText }];
      const kept = deletionsOf(rule, key, record).filter(listed);
      return [id, { kept: new Map(kept.map((one) => [deletionKey(one), { result: 'held', why: byIdText }])) }];
    });
    return new Map(keeping);
  };
}

const byIdText = 'its id is in protect.ids';

async function keepingOf(
  run: SparingRun,
  rule: StoredRule,
  entityTypeId: number,
  records: readonly LostRecord[],
): Promise<ReadonlyMap<number, Sparing>> {
  const planned = records.map(({ id, record }) => {
    const deletions = deletionsOf(rule, { entityTypeId, id }, record).filter(hasTarget(record));
    return { id, record, deletions };
  });

  const read = planned.flatMap(({ deletions }) => deletions.flatMap(toRead));
  const targets = readTargets(read, await askAll(run.session, targetCommands(read, 'whole')));
  const aims = planned.map(({ id, record, deletions }): Aim => {
    const links: [string, Target][] = deletions
      .filter(({ what }) => what === 'deal-contacts')
      .map((deletion) => [deletionKey(deletion), linksOf(record)]);
    const found = new Map([...targets, ...links]);
    const open = deletions.filter((deletion) => isThere(deletion, { entityTypeId, id }, found));
    return { task: { taskId: String(id), record: { entityTypeId, id } }, rule, open, targets: found };
  });
  const sparing = await readSparing(run, aims);
  return new Map([...sparing].map(([taskId, found]) => [Number(taskId), found]));
}

function hasTarget({ contactIds = [] }: LostRecord['record']) {
  return ({ what }: Deletion): boolean => what !== 'deal-contacts' || contactIds.length > 0;
}

/** What has to be read of it: the lost record itself was, and a deal names its contacts. */
function toRead(deletion: Deletion): Deletion[] {
  if (deletion.what === 'company-contacts') return [deletion, { ...deletion, method: 'crm.item.delete' }];
  return deletion.what === 'contacts' || deletion.what === 'company' ? [deletion] : [];
}

function linksOf({ contactIds = [] }: LostRecord['record']): Target {
  return {
    kind: 'links',
    links: contactIds.map((CONTACT_ID, index) => ({
      CONTACT_ID,
      SORT: (index + 1) * 10,
      ROLE_ID: 0,
      IS_PRIMARY: index === 0 ? 'Y' : 'N',
    })),
  };
}

function isThere(deletion: Deletion, lost: RecordKey, targets: ReadonlyMap<string, Target>): boolean {
  const isLost = deletion.entityTypeId === lost.entityTypeId && deletion.id === lost.id;
  if (isLost && !isLinks(deletion)) return true;
  const target = targets.get(deletionKey(deletion));
  return target?.kind === 'record' || (target?.kind === 'links' && target.links.length > 0);
}
