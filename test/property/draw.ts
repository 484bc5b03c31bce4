import * as fc from 'fast-check';
import { ready } from './ready.ts';
import {
  answers,
  calls,
  deal,
  type Deed,
  type Deletion,
  drawnPipeline,
  lead,
  type NewRecord,
  pipelinesOf,
  processes,
  type Rule,
  type RuleChange,
  type Scenario,
  type Stage,
  type Trouble,
  type Where,
} from './scenario.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const [project, order] = processes;
const nth = fc.nat(20);
const orNone = fc.constantFrom(-1, 0, 0, 1, 1, 2, 3);
const some = fc.array(nth, { minLength: 1, maxLength: 2 });
const told = fc.constantFrom('once', 'once', 'once', 'twice', 'never' as const);
const reason = fc.constantFrom('', 'spam', 'price');
const amount = fc.constantFrom(50, 200);
const numbers = fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: fc.constant([]) });
const stageChoice = fc.record({ lost: fc.constantFrom(true, true, false), nth });

const newRecord: fc.Arbitrary<NewRecord> = fc.record({
  type: fc.constantFrom(deal, deal, deal, deal, lead, lead, project, order),
  stage: fc.record({ lost: fc.boolean(), nth }),
  contacts: numbers,
  company: orNone,
  parent: orNone,
  reason,
  amount,
});

/** WON is at 50: what is sorted above means lost. The failure stage means it wherever it is. */
const stages: fc.Arbitrary<readonly Stage[]> = fc
  .array(fc.constantFrom(10, 20, 30, 60, 70, 80), { minLength: 2, maxLength: 4 })
  .map((sorts) => sorts.map((sort, index) => ({ code: ['LOSE', 'A', 'B', 'C'][index] ?? 'D', sort: sort + index })));

function where(): fc.Arbitrary<Where> {
  const reasons = fc.oneof(
    fc.constantFrom('spam', 'price'),
    fc.constant({ in: ['spam', 'other'] }),
    fc.record({ empty: fc.boolean() }),
  );
  return fc.oneof(
    reasons.map((one) => ({ UF_CRM_REASON: one })),
    fc.constant({ UF_CRM_AMOUNT: { 'at-least': 100 } }),
    fc.record({ companyId: fc.record({ empty: fc.boolean() }) }),
  );
}

function deletions(type: number): fc.Arbitrary<Deletion[]> {
  const own = type === deal ? 'deal' : type === lead ? 'lead' : 'item';
  const items = processes.filter((one) => one !== type).map((one) => ({ items: { type: one } }));
  const via = fc.constantFrom('crm.item.delete', 'crm.contact.delete').map((method) => ({ contacts: { via: method } }));
  const all: fc.Arbitrary<Deletion>[] = [
    fc.constantFrom('company-contacts', 'company', own),
    via,
    fc.constantFrom(...items),
    ...(type === deal ? [fc.constant('deal-contacts' as const), fc.constant('deal-contacts' as const)] : []),
  ];
  const nameOf = (entry: Deletion) =>
    typeof entry === 'string' ? entry : 'items' in entry ? entry.items.type : 'contacts';
  return fc.uniqueArray(fc.oneof(...all), { minLength: 1, maxLength: 4, selector: nameOf });
}

/** Mostly not. */
function sometimes<T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: one });
}

const wait = fc.constantFrom('0m', '0m', '2h', '3d', '3d', '20d' as const);
const from = fc.constantFrom('loss', 'last-activity' as const);

function ruleOf(type: number, drawn: readonly Stage[]): fc.Arbitrary<Omit<Rule, 'id'>> {
  const pipelines = pipelinesOf(type, drawn);
  const all = pipelines.flatMap((one) => one.stages);
  const codes = [...all, ...all.filter(({ lost }) => lost)].map(({ code }) => code);
  return fc.record({
    enabled: fc.constantFrom(true, true, true, true, true, true, false),
    type: fc.constant(type),
    stages: fc.oneof(
      { weight: 3, arbitrary: fc.constant('all-lost' as const) },
      { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...codes), { minLength: 1, maxLength: 4 }) },
    ),
    ...(type === deal && { pipelines: sometimes(fc.constantFrom([0], [drawnPipeline], [0, drawnPipeline])) }),
    where: sometimes(where()),
    wait,
    from,
    mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'enforce', 'enforce', 'observe' as const),
    delete: deletions(type),
  });
}

const types = [deal, deal, deal, lead, ...(ready.lostItems ? processes : [])];

function rulesOf(drawn: readonly Stage[]): fc.Arbitrary<Rule[]> {
  return fc
    .array(
      fc.constantFrom(...types).chain((type) => ruleOf(type, drawn)),
      { minLength: 1, maxLength: 4 },
    )
    .map((rules) => rules.map((rule, index) => ({ ...rule, id: `rule-${index + 1}` })));
}

const ruleChange: fc.Arbitrary<RuleChange> = fc.oneof(
  fc.record({ enabled: fc.boolean() }),
  fc.record({ wait }),
  fc.record({ from }),
  fc.record({ mode: fc.constantFrom('enforce', 'observe' as const) }),
  fc.record({ where: where() }),
  fc.constant({ where: undefined }),
  fc.constant({ delete: ['company-contacts' as const] }),
  fc.constantFrom('dropped', 'again'),
);

const what = fc.constantFrom('record', 'contact', 'company' as const);

const deeds: fc.Arbitrary<Deed>[] = [
  fc.record({ do: fc.constant('add' as const), record: newRecord, told }),
  ...Array.from({ length: 9 }, () => fc.record({ do: fc.constant('move' as const), on: nth, to: stageChoice, told })),
  fc.record({ do: fc.constant('lose-again' as const), on: nth, told }),
  fc.record({ do: fc.constant('lose-again' as const), on: nth, told }),
  fc.record({ do: fc.constant('edit' as const), on: nth, reason, amount, told }),
  fc.record({ do: fc.constant('edit' as const), on: nth, reason, amount, told }),
  fc.record({ do: fc.constant('link' as const), on: nth, contacts: numbers, told }),
  fc.record({ do: fc.constant('company' as const), on: nth, company: orNone, told }),
  fc.record({ do: fc.constant('employ' as const), contact: nth, companies: numbers }),
  fc.record({ do: fc.constant('remove' as const), on: nth, what }),
  fc.record({ do: fc.constant('activity' as const), on: nth }),
  fc.record({ do: fc.constant('activity' as const), on: nth }),
  fc.record({ do: fc.constant('veto' as const), on: nth, what }),
  fc.record({ do: fc.constant('veto' as const), on: nth, what }),
  fc.record({ do: fc.constant('rules' as const), nth, change: ruleChange }),
  fc.record({ do: fc.constant('rules' as const), nth, change: ruleChange }),
  fc.record({ do: fc.constant('mode' as const), mode: fc.constantFrom('enforce', 'enforce', 'observe' as const) }),
  fc.constantFrom({ do: 'hold' }, { do: 'release' }, { do: 'lose-events' }, { do: 'expire-token' }),
  ...(ready.stagesThatBecomeLost
    ? Array.from({ length: 2 }, () => fc.record({ do: fc.constant('sort' as const), nth, touch: fc.boolean() }))
    : []),
];

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      at: fc.constant('portal' as const),
      call: fc.constantFrom(...(Object.keys(calls) as (keyof typeof calls)[]).filter((call) => call !== 'token')),
      nth: fc.integer({ min: 1, max: 4 }),
      gives: fc.constantFrom(...(Object.keys(answers) as (keyof typeof answers)[])),
    }),
  },
  {
    weight: 1,
    // A new pair of tokens that never arrives does not mend itself: the app has to be installed again.
    arbitrary: fc.record({
      at: fc.constant('portal' as const),
      call: fc.constant('token' as const),
      nth: fc.constant(1),
      gives: fc.constantFrom('html-502', 'html-503', 'reset', 'slow' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      at: fc.constant('table' as const),
      nth: fc.integer({ min: 1, max: 30 }),
      when: fc.constantFrom('before', 'after' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.constant('queue' as const),
      queue: fc.constantFrom('events', 'deletions', 'reconcile' as const),
      nth: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

const passes = fc.constantFrom(hour, hour, 3 * hour, day, 2 * day, 4 * day, 9 * day, 21 * day);

/** Without the bias to small values, at which next to nothing happens; what fails is made smaller anyway. */
export const scenarios: fc.Arbitrary<Scenario> = fc.noBias(
  stages
    .chain((drawn) =>
      fc.record({
        stages: fc.constant(drawn),
        mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'observe' as const),
        rules: rulesOf(drawn),
        companies: fc.constantFrom(0, 1, 1, 2, 2),
        contacts: fc.array(fc.array(nth, { maxLength: 2 }), { minLength: 1, maxLength: 3 }),
        records: fc.array(newRecord, { minLength: 2, maxLength: 5 }),
        phases: fc.array(
          fc.record({
            deeds: fc.array(fc.oneof(...deeds), { minLength: 1, maxLength: 6 }),
            passes,
            troubles: fc.array(trouble, { maxLength: 2 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
      }),
    )
    .map(determined),
);

/**
 * A refused deletion ends its task, so whether a limit or a crash that met another deletion of the same step is made up
 * for depends on which of them was in which batch: the two are not drawn together. Nor is the token refused a second
 * time, right after it was renewed: that is no trouble that mends itself. And of two records that share a company both
 * may be looked at before the first deletes it: no condition asks for the company where a rule deletes one.
 */
function determined(scenario: Scenario): Scenario {
  const hasVetoes = scenario.phases.some((phase) => phase.deeds.some((deed) => deed.do === 'veto'));
  const isRefusal = (one: Trouble) => one.at === 'portal' && one.gives === 'expired-token';
  const phases = scenario.phases.map((phase) => ({
    ...phase,
    troubles: phase.troubles.filter((one, index) => {
      const expires = phase.deeds.some((deed) => deed.do === 'expire-token');
      if (isRefusal(one)) return !expires && phase.troubles.findIndex(isRefusal) === index;
      if (one.at !== 'portal') return true;
      if (one.gives === 'truncated' && expires && !ready.refusalCutOff) return false;
      return !(hasVetoes && one.call === 'deletion');
    }),
  }));
  return withoutCompanies({ ...scenario, phases });
}

function withoutCompanies(scenario: Scenario): Scenario {
  const { rules, phases } = scenario;
  const changes = phases.flatMap((phase) =>
    phase.deeds.flatMap((deed) => (deed.do === 'rules' && typeof deed.change === 'object' ? [deed.change] : [])),
  );
  if (![...rules, ...changes].some((one) => 'delete' in one && one.delete?.includes('company'))) return scenario;
  const stripped = <T extends object>(one: T): T =>
    'where' in one && JSON.stringify(one.where ?? {}).includes('companyId') ? { ...one, where: undefined } : one;
  return {
    ...scenario,
    rules: rules.map(stripped),
    phases: phases.map((phase) => ({
      ...phase,
      deeds: phase.deeds.map((deed) =>
        deed.do === 'rules' && typeof deed.change === 'object' ? { ...deed, change: stripped(deed.change) } : deed,
      ),
    })),
  };
}
