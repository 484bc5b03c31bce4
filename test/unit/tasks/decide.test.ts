import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { StoredRule } from '../../../lib/rules/version.ts';
import { decide, type Decision, type PresentRecord } from '../../../lib/tasks/decide.ts';
import { ruleDefaults } from '../rules/rule-defaults.ts';

const movedTime = 1_785_000_000_000;
const waitMs = 3_600_000;
const over = movedTime + waitMs;

const task = { transition: { stageId: 'C5:LOSE', movedTime }, source: 'app', createdAt: movedTime + 5 };
const nothingLinked = { companyId: 0, contactIds: [] as number[], fields: {} };
const record = {
  found: true,
  entityTypeId: 2,
  categoryId: 5,
  stageId: 'C5:LOSE',
  semantics: 'F',
  movedTime,
  ...nothingLinked,
} as const;
const rule: StoredRule = {
  id: 'spam',
  when: { type: 'deal', stages: 'all-lost' },
  where: [],
  delete: [{ what: 'deal-contacts' }],
  enabled: true,
  waitMs,
  waitFrom: 'loss',
  ...ruleDefaults,
  since: 0,
};
const portal = { mode: 'enforce', enforcedAt: movedTime } as const;

interface Case {
  task?: Parameters<typeof decide>[0];
  record?: PresentRecord;
  rule?: StoredRule | null;
  portal?: Parameters<typeof decide>[3];
  now?: number;
}
const decideOn = (changed: Case): Decision =>
  decide(
    changed.task ?? task,
    changed.record ?? record,
    changed.rule === null ? undefined : (changed.rule ?? rule),
    changed.portal ?? portal,
    changed.now ?? over,
  );

describe('one reason at a time', () => {
  test.each<[string, Case, Decision]>([
    ['everything as it was planned', {}, { do: 'act' }],
    ['the record is gone', { record: { found: false } }, { do: 'skip', reason: 'record-gone' }],
    [
      'the stage is in progress, whatever its name',
      { record: { ...record, semantics: 'P' } },
      { do: 'cancel', reason: 'no-longer-lost' },
    ],
    ['the deal was won', { record: { ...record, semantics: 'S' } }, { do: 'cancel', reason: 'no-longer-lost' }],
    [
      'another lost stage',
      { record: { ...record, stageId: 'C5:APOLOGY' } },
      { do: 'cancel', reason: 'moved-to-another-stage' },
    ],
    [
      'lost once more, a second later',
      { record: { ...record, movedTime: movedTime + 1000 } },
      { do: 'cancel', reason: 'lost-again-later' },
    ],
    [
      'a move that is older than the one planned for',
      { record: { ...record, movedTime: movedTime - 1 } },
      { do: 'cancel', reason: 'lost-again-later' },
    ],
    ['the rule was taken out', { rule: null }, { do: 'cancel', reason: 'rule-removed' }],
    ['the rule was switched off', { rule: { ...rule, enabled: false } }, { do: 'cancel', reason: 'rule-disabled' }],
    [
      'the rule names other pipelines now',
      { rule: { ...rule, when: { ...rule.when, pipelines: [0] } } },
      { do: 'cancel', reason: 'rule-no-longer-matches' },
    ],
    [
      'the rule names other stages now',
      { rule: { ...rule, when: { type: 'deal', stages: ['C5:APOLOGY'] } } },
      { do: 'cancel', reason: 'rule-no-longer-matches' },
    ],
    [
      'the record is of a type without rules',
      { record: { ...record, entityTypeId: 1 } },
      { do: 'cancel', reason: 'rule-no-longer-matches' },
    ],
    ['a millisecond is left of the wait', { now: over - 1 }, { do: 'defer', until: over }],
    ['the wait is over to the millisecond', { now: over }, { do: 'act' }],
    [
      'the wait was made longer meanwhile',
      { rule: { ...rule, waitMs: 2 * waitMs } },
      { do: 'defer', until: movedTime + 2 * waitMs },
    ],
    ['the wait was dropped meanwhile', { rule: { ...rule, waitMs: 0 }, now: movedTime }, { do: 'act' }],
    [
      'the rule observes in a portal that enforces',
      { rule: { ...rule, mode: 'observe' } },
      { do: 'observe', reason: 'rule-observes' },
    ],
    [
      'the portal observes',
      { portal: { mode: 'observe', enforcedAt: movedTime } },
      { do: 'observe', reason: 'portal-observes' },
    ],
    [
      'a portal that enforces without saying since when',
      { portal: { mode: 'enforce' } },
      { do: 'observe', reason: 'lost-before-enforcement' },
    ],
    [
      'lost a millisecond before the portal enforced',
      { portal: { mode: 'enforce', enforcedAt: movedTime + 1 } },
      { do: 'observe', reason: 'lost-before-enforcement' },
    ],
    [
      'lost at the moment the portal began to enforce',
      { portal: { mode: 'enforce', enforcedAt: movedTime } },
      { do: 'act' },
    ],
  ])('%s', (_name, changed, expected) => {
    expect(decideOn(changed)).toEqual(expected);
  });
});

describe('conditions, activity, and what a person asked for', () => {
  const aboutSource = {
    ...rule,
    where: [
      { field: 'sourceId', equals: 'WEB' },
      { field: 'contactId', empty: false },
    ],
  };
  const fromWeb = { ...record, fields: { sourceId: 'WEB', contactId: 7 } };
  const deletion = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 1 } as const;
  const begun = {
    ...task,
    deletions: [
      { ...deletion, snapshotAt: movedTime, outcome: { result: 'deleted', at: movedTime, proof: 'answer' } as const },
    ],
  };
  const endedAs = (result: 'already-gone' | 'refused') => ({
    ...task,
    deletions: [{ ...deletion, outcome: { result, at: movedTime, proof: 'answer' } as const }],
  });
  const quiet: StoredRule = { ...rule, waitFrom: 'last-activity' };
  const asked = { ...task, source: 'operator' };

  test.each<[string, Case, Decision]>([
    ['every condition holds', { rule: aboutSource, record: fromWeb }, { do: 'act' }],
    [
      'one condition does not',
      { rule: aboutSource, record: { ...fromWeb, fields: { sourceId: 'CALL', contactId: 7 } } },
      { do: 'cancel', reason: 'rule-no-longer-matches' },
    ],
    [
      'a link that we have removed ourselves is no reason to stop half-way',
      { task: begun, rule: aboutSource, record: { ...fromWeb, fields: { sourceId: 'WEB', contactId: 0 } } },
      { do: 'act' },
    ],
    [
      'a field that a person has changed is, half-way too',
      { task: begun, rule: aboutSource, record: { ...fromWeb, fields: { sourceId: 'CALL', contactId: 0 } } },
      { do: 'cancel', reason: 'rule-no-longer-matches' },
    ],
    [
      'activity after the loss begins the wait again',
      { rule: quiet, record: { ...record, lastActivityTime: movedTime + 60_000 } },
      { do: 'defer', until: over + 60_000 },
    ],
    [
      'activity before the loss does not shorten the wait',
      { rule: quiet, record: { ...record, lastActivityTime: movedTime - waitMs }, now: over - 1 },
      { do: 'defer', until: over },
    ],
    [
      'activity that our own deletions caused does not put off the rest',
      { task: begun, rule: quiet, record: { ...record, lastActivityTime: over } },
      { do: 'act' },
    ],
    [
      'activity that came of a deletion which found nothing any more does not either',
      { task: endedAs('already-gone'), rule: quiet, record: { ...record, lastActivityTime: over } },
      { do: 'act' },
    ],
    [
      'activity after a deletion that was refused begins the wait again: nothing of it was ours',
      { task: endedAs('refused'), rule: quiet, record: { ...record, lastActivityTime: over } },
      { do: 'defer', until: over + waitMs },
    ],
    [
      'so does activity while nothing is known yet of a deletion',
      { task: { ...task, deletions: [deletion] }, rule: quiet, record: { ...record, lastActivityTime: over } },
      { do: 'defer', until: over + waitMs },
    ],
    [
      'a task that has begun needs no last activity',
      { task: begun, rule: quiet, record: { ...record, lastActivityTime: undefined } },
      { do: 'act' },
    ],
    [
      'a rule that waits from the loss needs none either',
      { record: { ...record, lastActivityTime: undefined } },
      { do: 'act' },
    ],
    [
      'asked for by a person, a loss before the rule and before enforcement is acted on',
      { task: asked, rule: { ...rule, since: movedTime + 1 }, portal: { mode: 'enforce', enforcedAt: movedTime + 1 } },
      { do: 'act' },
    ],
    [
      'asked for by a person, a rule that says something else since then is not acted on',
      { task: asked, rule: { ...rule, since: movedTime + 6 } },
      { do: 'cancel', reason: 'rule-changed' },
    ],
    [
      'asked for by a person while the portal observed, enforcing later does not act on it',
      { task: asked, portal: { mode: 'enforce', enforcedAt: movedTime + 6 } },
      { do: 'observe', reason: 'lost-before-enforcement' },
    ],
    [
      'asked for by a person before the task was made, a rule that changed in between is not acted on',
      { task: { ...asked, askedAt: movedTime + 2 }, rule: { ...rule, since: movedTime + 3 } },
      { do: 'cancel', reason: 'rule-changed' },
    ],
    [
      'asked for by a person before the task was made, a switch to enforce in between does not act on it',
      { task: { ...asked, askedAt: movedTime + 2 }, portal: { mode: 'enforce', enforcedAt: movedTime + 3 } },
      { do: 'observe', reason: 'lost-before-enforcement' },
    ],
    [
      'asked for by a person, a record that is lost only then is acted on like any other',
      { task: { ...asked, askedAt: movedTime - 2 }, rule: { ...rule, since: movedTime } },
      { do: 'act' },
    ],
    [
      'looked at before its time, a record that will be old enough by then waits for it',
      {
        rule: { ...rule, where: [{ field: 'createdTime', olderThanMs: waitMs }] },
        record: { ...record, fields: { createdTime: new Date(movedTime).toISOString() } },
        now: movedTime + 1,
      },
      { do: 'defer', until: over },
    ],
    [
      'a record that is not old enough when the wait is over is left alone',
      {
        rule: { ...rule, where: [{ field: 'createdTime', olderThanMs: waitMs + 1 }] },
        record: { ...record, fields: { createdTime: new Date(movedTime).toISOString() } },
        now: movedTime + 1,
      },
      { do: 'cancel', reason: 'rule-no-longer-matches' },
    ],
    [
      'a portal that does not say when the last activity was is asked again',
      { rule: quiet, record: { ...record, lastActivityTime: undefined } },
      { do: 'read-again', what: 'the last activity' },
    ],
    [
      'a record without any activity is due by its loss',
      { rule: quiet, record: { ...record, lastActivityTime: 0 } },
      { do: 'act' },
    ],
    [
      'a link that we may have removed ourselves is no reason to stop either',
      {
        task: { ...task, deletions: [{ ...deletion, snapshotAt: movedTime }] },
        rule: aboutSource,
        record: { ...fromWeb, fields: { sourceId: 'WEB', contactId: 0 } },
      },
      { do: 'act' },
    ],
    [
      'what has been tried of several counts',
      {
        task: { ...task, deletions: [deletion, { ...deletion, id: 2, snapshotAt: movedTime }] },
        rule: aboutSource,
        record: { ...fromWeb, fields: { sourceId: 'WEB', contactId: 0 } },
      },
      { do: 'act' },
    ],
    [
      'what is done of several counts',
      {
        task: { ...task, deletions: [deletion, ...begun.deletions] },
        rule: quiet,
        record: { ...record, lastActivityTime: over },
      },
      { do: 'act' },
    ],
    [
      'asked for by a person, a portal that observes still observes',
      { task: asked, portal: { mode: 'observe' } },
      { do: 'observe', reason: 'portal-observes' },
    ],
  ])('%s', (_name, changed, expected) => {
    expect(decideOn(changed)).toEqual(expected);
  });
});

describe('what the portal changes of a record by itself when something of it is deleted', () => {
  const unlinking = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 1 } as const;
  const tried = { ...task, deletions: [{ ...unlinking, snapshotAt: movedTime }] };

  test.each(['contactId', 'contactIds', 'companyId', 'updatedTime', 'updatedBy', 'lastActivityTime', 'lastActivityBy'])(
    '%s is no reason to stop half-way, only before',
    (field) => {
      const about = { rule: { ...rule, where: [{ field, equals: 7 }] }, record: { ...record, fields: { [field]: 8 } } };
      expect(decideOn({ ...about, task: tried })).toEqual({ do: 'act' });
      expect(decideOn(about)).toEqual({ do: 'cancel', reason: 'rule-no-longer-matches' });
      expect(decideOn({ ...about, task: { ...task, deletions: [unlinking] } })).toEqual({
        do: 'cancel',
        reason: 'rule-no-longer-matches',
      });
    },
  );
});

describe('the order of the reasons', () => {
  test.each<[string, Case, Decision]>([
    [
      'what became of the record is said before what became of the rule',
      { record: { ...record, semantics: 'S' }, rule: null },
      { do: 'cancel', reason: 'no-longer-lost' },
    ],
    [
      'a rule that is gone ends the task although its wait is not over',
      { rule: null, now: movedTime },
      { do: 'cancel', reason: 'rule-removed' },
    ],
    [
      'a portal that observes waits for the end of the wait all the same',
      { portal: { mode: 'observe' }, now: over - 1 },
      { do: 'defer', until: over },
    ],
    [
      'of a portal that observes it is said that it does, not that the loss is old',
      { portal: { mode: 'observe', enforcedAt: movedTime + 1 } },
      { do: 'observe', reason: 'portal-observes' },
    ],
  ])('%s', (_name, changed, expected) => {
    expect(decideOn(changed)).toEqual(expected);
  });

  test('a rule that was switched off and on again during the wait does not act on the loss before that', () => {
    const since = (moment: number) => decideOn({ rule: { ...rule, since: moment } });
    expect(since(movedTime + 1)).toEqual({ do: 'cancel', reason: 'rule-changed' });
    expect(since(movedTime)).toEqual({ do: 'act' });
  });

  test('a rule that says something else now ends the task although its wait is not over', () => {
    const changed = { rule: { ...rule, since: movedTime + 1 }, now: movedTime + 1 };
    expect(decideOn(changed)).toEqual({ do: 'cancel', reason: 'rule-changed' });
  });
});

/** The first nine times out of ten, so that the rare case in which all agrees is no rare case. */
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const times = fc.constantFrom(movedTime - 1, movedTime, movedTime + 1, over - 1, over, over + 1);
const anyRecord: fc.Arbitrary<PresentRecord> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ found: false as const }) },
  {
    weight: 9,
    arbitrary: fc.record({
      found: fc.constant(true as const),
      entityTypeId: mostly(2, 1, 128),
      categoryId: mostly(5, 0),
      stageId: mostly('C5:LOSE', 'LOSE', 'C5:APOLOGY'),
      semantics: mostly<'P' | 'S' | 'F'>('F', 'P', 'S'),
      movedTime: mostly(movedTime, movedTime + 1, movedTime - 1),
      companyId: fc.constant(0),
      contactIds: fc.constant([]),
      fields: fc.constant({}),
    }),
  },
);
const anyRule: fc.Arbitrary<StoredRule | undefined> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 9,
    arbitrary: fc.record({
      id: fc.constant<string>('spam'),
      delete: fc.constant<StoredRule['delete']>([{ what: 'deal-contacts' }]),
      where: fc.constant<StoredRule['where']>([]),
      waitFrom: fc.constant('loss' as const),
      mode: mostly<StoredRule['mode']>('enforce', 'observe'),
      comment: fc.constant(false),
      snapshot: fc.constant('full' as const),
      guards: fc.constant(ruleDefaults.guards),
      enabled: mostly(true, false),
      waitMs: fc.constantFrom(0, waitMs, 2 * waitMs),
      since: mostly(0, movedTime, movedTime + 1),
      when: fc
        .tuple(
          fc.constantFrom<'all-lost' | string[]>('all-lost', 'all-lost', ['C5:LOSE'], ['LOSE']),
          mostly([5], [0]),
          fc.boolean(),
        )
        .map(([stages, pipelines, named]) => ({ type: 'deal' as const, stages, ...(named && { pipelines }) })),
    }),
  },
);
const anyPortal = fc
  .tuple(mostly<'enforce' | 'observe'>('enforce', 'observe'), times, mostly(true, false))
  .map(([mode, enforcedAt, known]) => ({ mode, ...(known && { enforcedAt }) }));

/** Short and of its own: the stage is named in full by whoever wrote the rule. */
function mayAct(now: number, r: PresentRecord, u: StoredRule | undefined, p: { mode: string; enforcedAt?: number }) {
  if (!r.found || !u) return false;
  const named = u.when.stages === 'all-lost' || u.when.stages.includes(r.categoryId === 5 ? 'C5:LOSE' : 'LOSE');
  return [
    r.semantics === 'F' && r.stageId === 'C5:LOSE' && r.movedTime === movedTime,
    u.since <= movedTime &&
      u.enabled &&
      r.entityTypeId === 2 &&
      named &&
      (u.when.pipelines?.includes(r.categoryId) ?? true),
    movedTime + u.waitMs <= now,
    u.mode === 'enforce' && p.mode === 'enforce' && p.enforcedAt !== undefined && p.enforcedAt <= movedTime,
  ].every(Boolean);
}

test('acts exactly when nothing at all speaks against it', () => {
  let acted = 0;
  fc.assert(
    fc.property(anyRecord, anyRule, anyPortal, times, (someRecord, someRule, somePortal, now) => {
      // A record of the main pipeline in a stage of another one does not exist.
      fc.pre(!someRecord.found || someRecord.categoryId === 5 || !someRecord.stageId.startsWith('C5'));
      const decision = decide(task, someRecord, someRule, somePortal, now);
      expect(decision.do === 'act').toBe(mayAct(now, someRecord, someRule, somePortal));
      if (decision.do === 'act') acted += 1;
      if (decision.do === 'defer') expect(decision.until).toBeGreaterThan(now);
    }),
    { numRuns: 5_000 },
  );
  expect(acted).toBeGreaterThan(100);
});
