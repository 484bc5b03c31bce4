import { describe, expect, test } from '@jest/globals';
import type { JudgedAnswer } from '../../../../lib/portals/judge.ts';
import type { Guards } from '../../../../lib/rules/guards.ts';
import { nothingProtected, type Protect } from '../../../../lib/rules/protect.ts';
import type { RuleDeletion } from '../../../../lib/rules/schema.ts';
import type { Aim } from '../../../../lib/tasks/guards/aims.ts';
import { keeperOf, readSparing } from '../../../../lib/tasks/guards/sparing.ts';
import type { Run } from '../../../../lib/tasks/run.ts';
import type { Target } from '../../../../lib/tasks/targets.ts';
import type { Deletion, Outcome, RecordKey, Task } from '../../../../lib/tasks/task.ts';
import { answered, listed, refusal, trouble } from './answers.ts';

const now = 1_785_000_000_000;
const iso = (ms: number) => new Date(ms).toISOString();
const off: Guards = {
  'open-deals': false,
  'won-deals': false,
  'open-leads': false,
  'open-items': false,
  quotes: false,
  invoices: false,
  duplicates: false,
  'recent-activity': 0,
};
const item = { method: 'crm.item.delete' } as const;
const deal: Deletion = { what: 'deal', ...item, entityTypeId: 2, id: 7 };
const contact: Deletion = { what: 'contacts', ...item, entityTypeId: 3, id: 5 };
const child: Deletion = { what: 'items', ...item, entityTypeId: 1044, id: 70 };
const dealLinks: Deletion = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 7 };
const companyLinks: Deletion = {
  what: 'company-contacts',
  method: 'crm.company.contact.items.delete',
  entityTypeId: 4,
  id: 9,
};
const record = (fields: Record<string, unknown> = {}): Target => ({ kind: 'record', fields });
const linked = (count: number, first = 1): Target => ({
  kind: 'links',
  links: Array.from({ length: count }, (_, index) => ({ CONTACT_ID: first + index, SORT: 10, IS_PRIMARY: 'N' })),
});

interface Case {
  open: Deletion[];
  targets?: Record<string, Target>;
  guards?: Partial<Guards>;
  protect?: Partial<Protect>;
  held?: string[];
  /** Of earlier rounds. */
  noted?: Deletion[];
  listedItems?: Task['items'];
  rule?: RuleDeletion[];
  taskId?: string;
}

/** By the type of records that is asked for, or the method. */
type Answers = Record<string, JudgedAnswer>;

function play(cases: readonly Case[], answers: Answers = {}, holds: readonly RecordKey[] = []) {
  let lists = 0;
  const requests: Record<string, unknown>[][] = [];
  const asked: string[] = [];
  const batch = async (commands: ReadonlyMap<string, { method: string; params: Record<string, unknown> }>) => {
    requests.push([...commands.values()].map(({ method, params }) => ({ method, ...params })));
    return new Map(
      [...commands].map(([key, { method, params }]) => [
        key,
        answers[method] ?? answers[String(params['entityTypeId'])] ?? listed(),
      ]),
    );
  };
  const aims = cases.map(({ open, targets = {}, guards = {}, noted, listedItems, rule = [], taskId = 'a' }) => ({
    task: { taskId, record: { entityTypeId: 2, id: 7 }, deletions: noted, items: listedItems },
    rule: { delete: rule, guards: { ...off, ...guards } },
    open,
    targets: new Map(Object.entries(targets)),
  })) as unknown as Aim[];
  const run = {
    options: {
      clock: () => now,
      portals: {
        holds: {
          list: async () => {
            lists += 1;
            return holds.map((hold) => ({ ...hold, at: 1, by: 'somebody' }));
          },
          among: async (memberId: string, records: { entityTypeId: number; id: number }[]) => {
            if (records.length > 0)
              asked.push(memberId, ...records.map(({ entityTypeId, id }) => `${entityTypeId}:${id}`));
            return new Set(cases.flatMap(({ held = [] }) => held));
          },
        },
      },
    },
    portal: { memberId: 'm' },
    session: { batch },
    protect: { ...nothingProtected, ...cases[0]?.protect },
  } as unknown as Run;
  return { sparing: readSparing(run, aims), requests, asked, listed: () => lists };
}
const spare = async (one: Case, answers?: Answers) => (await play([one], answers).sparing).get('a');
const contactThere = { 'record:3:5': record({ id: 5 }) };

describe('nothing is touched', () => {
  test('when the lost record is held', async () => {
    const sparing = await spare({ open: [contact], targets: contactThere, held: ['2:7'] });
    expect(sparing).toEqual({ kept: new Map(), lost: 'deal 7: a hold (tidy24 hold list)' });
  });

  test('when it cannot be read whether the lost record is protected', async () => {
    const sparing = await spare(
      { open: [dealLinks], targets: { 'links:2:7': linked(1) }, protect: { sources: ['WEB'] } },
      { 2: trouble },
    );
    expect(sparing).toEqual({ kept: new Map(), unknown: 'Whether deal 7 is protected cannot be read' });
  });

  test('when it cannot be read whether what is to be deleted is protected', async () => {
    const sparing = await spare(
      { open: [contact], targets: { 'record:3:5': record({ id: 5 }) }, protect: { holdField: 'UF_CRM_HOLD' } },
      { 2: listed({ id: 7, UF_CRM_HOLD: 'N' }) },
    );
    expect(sparing?.unknown).toBe('Whether contact 5 is protected cannot be read');
  });

  test('when it cannot be read whether a linked contact is protected', async () => {
    const sparing = await spare(
      { open: [dealLinks], targets: { 'links:2:7': linked(1, 5) }, protect: { sources: ['WEB'] } },
      { 2: listed({ id: 7, sourceId: 'CALL' }), 3: trouble },
    );
    expect(sparing?.unknown).toBe('Whether contact 5 is protected cannot be read');
  });

  test('when a guard does not know, and may know later', async () => {
    const sparing = await spare({ open: [contact], targets: contactThere, guards: { quotes: true } }, { 7: trouble });
    expect(sparing).toEqual({
      kept: new Map(),
      unknown: 'contact 5: guard quotes: the portal has not answered',
    });
  });
});

describe('what is held', () => {
  test('are records and the contacts that are linked, asked for together with the lost record', async () => {
    const one = { open: [contact, dealLinks], targets: { ...contactThere, 'links:2:7': linked(2, 6) } };
    const { sparing, asked, requests } = play([one]);
    expect((await sparing).get('a')).toEqual({ kept: new Map() });
    expect(asked).toEqual(['m', '2:7', '3:5', '2:7', '3:6', '3:7']);
    expect(requests).toEqual([]);
  });

  test('stays, and what else is to be deleted does not', async () => {
    const two = { ...contact, id: 6 };
    const targets = { ...contactThere, 'record:3:6': record() };
    const sparing = await spare({ open: [contact, two], targets, held: ['3:5'] });
    expect([...(sparing?.kept ?? [])]).toEqual([['record:3:5', { result: 'held', why: 'a hold (tidy24 hold list)' }]]);
  });

  test('is known of a record by its own fields, and of the lost one by those that are read of it', async () => {
    const protect = { holdField: 'UF_CRM_HOLD' };
    const free = { 2: listed({ id: 7, UF_CRM_HOLD: 'N' }) };
    const of = (ticked: string) =>
      spare({ open: [contact], targets: { 'record:3:5': record({ UF_CRM_HOLD: ticked }) }, protect }, free);
    expect([...((await of('Y'))?.kept ?? [])]).toEqual([
      ['record:3:5', { result: 'held', why: 'its field UF_CRM_HOLD is ticked' }],
    ]);
    expect(await of('N')).toEqual({ kept: new Map() });
    const lost = await spare({ open: [deal], targets: { 'record:2:7': record({ UF_CRM_HOLD: 'Y' }) }, protect }, free);
    expect(lost).toEqual({ kept: new Map() });
  });

  test('keeps the links of a contact that is held, naming it', async () => {
    const sparing = await spare({ open: [dealLinks], targets: { 'links:2:7': linked(2, 5) }, held: ['3:6'] });
    expect([...(sparing?.kept ?? [])]).toEqual([
      ['links:2:7', { result: 'held', why: 'contact 6: a hold (tidy24 hold list)' }],
    ]);
  });

  test('an item keeps its parent: now, and when it was found held before', async () => {
    const parent = ['record:2:7', { result: 'held', why: 'its item 70 of type 1044 has a hold' }];
    const targets = { 'record:1044:70': record(), 'record:2:7': record() };
    const kept = async (one: Case) => [...((await spare(one))?.kept ?? [])];
    const outcome = (result: Outcome['result']): Outcome => ({ result, at: 1, proof: 'read' });
    expect(await kept({ open: [child, deal], targets, held: ['1044:70'] })).toContainEqual(parent);
    expect(await kept({ open: [deal], targets, noted: [{ ...child, outcome: outcome('held') }] })).toEqual([parent]);
    expect(await kept({ open: [deal], targets, noted: [child], held: ['1044:70'] })).toEqual([]);
    expect(await kept({ open: [deal], targets, noted: [{ ...child, outcome: outcome('deleted') }] })).toEqual([]);
    expect(await kept({ open: [deal], targets, noted: [{ ...contact, outcome: outcome('held') }] })).toEqual([]);
    expect(await kept({ open: [dealLinks], noted: [{ ...child, outcome: outcome('held') }] })).toEqual([]);
    expect(
      await kept({ open: [contact], targets: contactThere, noted: [{ ...child, outcome: outcome('held') }] }),
    ).toEqual([]);
    expect(await kept({ open: [deal, child], targets })).toEqual([]);
  });

  test('a hold goes before a guard', async () => {
    const guards = { 'recent-activity': 1_000 };
    const targets = { 'record:3:5': record({ lastActivityTime: iso(now) }) };
    const sparing = await spare({ open: [contact], targets, guards, held: ['3:5'] });
    expect(sparing?.kept.get('record:3:5')?.result).toBe('held');
  });
});

describe('what is guarded', () => {
  const recent = { 'record:3:5': record({ lastActivityTime: iso(now) }) };

  test('stays, and it is said by which guard', async () => {
    const sparing = await spare({ open: [contact], targets: recent, guards: { 'recent-activity': 1_000 } });
    expect([...(sparing?.kept ?? [])]).toEqual([
      ['record:3:5', { result: 'guarded', why: `recent-activity: activity at ${iso(now)}` }],
    ]);
    expect(await spare({ open: [contact], targets: recent })).toEqual({ kept: new Map() });
  });

  test('is the company whose contacts are unlinked', async () => {
    const targets = { 'links:4:9': linked(1), 'record:4:9': record({ lastActivityTime: iso(now) }) };
    const sparing = await spare({ open: [companyLinks], targets, guards: { 'recent-activity': 1_000 } });
    expect([...(sparing?.kept.keys() ?? [])]).toEqual(['links:4:9']);
  });

  test('is nothing but contacts and companies, and nothing that is not there', async () => {
    const guards = { 'recent-activity': 1_000 };
    const deals = await spare({
      open: [deal],
      targets: { 'record:2:7': record({ lastActivityTime: iso(now) }) },
      guards,
    });
    expect(deals).toEqual({ kept: new Map() });
    expect(await spare({ open: [contact], targets: {}, guards })).toEqual({ kept: new Map() });
    expect(await spare({ open: [contact], targets: { 'record:3:5': { kind: 'gone' } }, guards })).toEqual({
      kept: new Map(),
    });
  });

  test('depends on the rule of each task', async () => {
    const guarding = { open: [contact], targets: recent, guards: { 'recent-activity': 1_000 }, taskId: 'a' };
    const { sparing } = play([guarding, { ...guarding, guards: {}, taskId: 'b' }, { ...guarding, taskId: 'c' }]);
    const kept = [...(await sparing)].map(([taskId, one]) => [taskId, one.kept.size]);
    expect(kept).toEqual([
      ['a', 1],
      ['b', 0],
      ['c', 1],
    ]);
  });

  test('each of several contacts of a task for itself', async () => {
    const two = { ...contact, id: 6 };
    const targets = { ...recent, 'record:3:6': record({ lastActivityTime: iso(now) }) };
    const sparing = await spare({ open: [contact, two], targets, guards: { 'recent-activity': 1_000 } });
    expect([...(sparing?.kept.keys() ?? [])]).toEqual(['record:3:5', 'record:3:6']);
  });

  test('is asked together with what protects', async () => {
    const one = {
      open: [contact],
      targets: { 'record:3:5': record({ sourceId: 'CALL' }) },
      guards: { quotes: true },
      protect: { sources: ['WEB'] },
    };
    const { sparing, requests } = play([one], { 2: listed({ id: 7, sourceId: 'WEB' }) });
    expect((await sparing).get('a')?.lost).toBe('deal 7: its source is WEB');
    expect(requests.map((commands) => commands.map(({ entityTypeId }) => entityTypeId))).toEqual([[7, 2]]);
  });

  test('of tasks with different rules each for itself, types of items for those that look at them', async () => {
    const types = answered({ types: [{ entityTypeId: 1044, isStagesEnabled: 'N', isClientEnabled: 'Y' }] });
    const one = { open: [contact], targets: contactThere };
    const looking = { ...one, guards: { 'open-items': true }, taskId: 'a' };
    const { sparing } = play([looking, { ...one, guards: { quotes: true }, taskId: 'b' }], {
      'crm.type.list': types,
      1044: listed({ id: 70, contactId: 5 }),
    });
    expect([...(await sparing)].map(([taskId, { kept }]) => [taskId, kept.size])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
  });

  test('parents are asked for only of rules that delete items of the record', async () => {
    const one: Case = { open: [contact], targets: contactThere, guards: { quotes: true } };
    const selects = async (rule: RuleDeletion[]) => {
      const { sparing, requests } = play([{ ...one, rule }]);
      await sparing;
      return requests.flat().map(({ select }) => (select as string[]).includes('parentId2'));
    };
    expect(await selects([{ what: 'deal' }])).toEqual([false]);
    expect(await selects([{ what: 'items', type: 1044 }])).toEqual([true]);
  });

  test('the types of items are asked for only where a guard looks at items', async () => {
    const types = answered({ types: [{ entityTypeId: 1044, isStagesEnabled: 'N', isClientEnabled: 'Y' }] });
    const one = { open: [contact], targets: contactThere };
    const methods = async (guards: Partial<Guards>) => {
      const { sparing, requests } = play([{ ...one, guards }], { 'crm.type.list': types });
      await sparing;
      return requests.flat().map(({ method }) => method);
    };
    expect(await methods({ 'open-items': true })).toEqual(['crm.type.list', 'crm.item.list']);
    expect(await methods({ quotes: true })).toEqual(['crm.item.list']);
  });

  test('the lost record, and the items that the task deletes with it, keep nothing', async () => {
    const one: Case = { open: [contact], targets: contactThere, guards: { quotes: true, 'open-items': true } };
    const types = answered({ types: [{ entityTypeId: 1044, isStagesEnabled: 'N', isClientEnabled: 'Y' }] });
    const answers = { 'crm.type.list': types, 1044: listed({ id: 70, contactId: 5, parentId2: 7 }) };
    const rule: RuleDeletion[] = [{ what: 'items', type: 1044 }, { what: 'deal' }];
    expect(await spare({ ...one, rule }, answers)).toEqual({ kept: new Map() });
    expect((await spare({ ...one, rule: [{ what: 'deal' }] }, answers))?.kept.get('record:3:5')).toEqual({
      result: 'guarded',
      why: 'open-items: open item 70 of type 1044',
    });
  });
});

test('the stage that the lost record is seen in, among what a contact has, is told', async () => {
  const deals = listed({ id: 7, contactId: 5, stageId: 'WON', stageSemanticId: 'S' });
  const guards = { 'won-deals': true };
  const two = { ...contact, id: 6 };
  const targets = { ...contactThere, 'record:3:6': record({ id: 6 }) };
  const sparing = await spare({ open: [contact, two], targets, guards }, { 2: deals });
  expect(sparing).toEqual({ kept: new Map(), lostStage: 'WON' });
  expect((await spare({ open: [contact], targets: contactThere, guards }))?.lostStage).toBeUndefined();
});

describe('an item that the rule deletes with the record', () => {
  const types = answered({ types: [{ entityTypeId: 1044, isStagesEnabled: 'N', isClientEnabled: 'Y' }] });
  const answers = { 'crm.type.list': types, 1044: listed({ id: 70, contactId: 5, parentId2: 7 }) };
  const rule: RuleDeletion[] = [
    { what: 'items', type: 1044 },
    { what: 'contacts', via: 'crm.item.delete' },
  ];
  const keepsClient = async (changed: Partial<Case>) => {
    const guards = { 'open-items': true };
    const sparing = await spare({ open: [contact], targets: contactThere, guards, rule, ...changed }, answers);
    return sparing?.kept.has('record:3:5');
  };
  const listedTo = (complete: boolean) => ({ 1044: { after: 90, complete, gone: 0 } });

  test('keeps no client while it is to be deleted, or not all have been listed', async () => {
    expect(await keepsClient({})).toBe(false);
    expect(await keepsClient({ listedItems: listedTo(false) })).toBe(false);
    expect(await keepsClient({ listedItems: {} })).toBe(false);
    expect(await keepsClient({ listedItems: listedTo(true), noted: [child] })).toBe(false);
    const aimed = { open: [contact, child], targets: { ...contactThere, 'record:1044:70': record() } };
    expect(await keepsClient({ ...aimed, listedItems: listedTo(true) })).toBe(false);
  });

  test('keeps its client when it stays: its turn is over, or it came after all were listed', async () => {
    const refused = { ...child, outcome: { result: 'refused', at: 1, proof: 'answer' } as const };
    expect(await keepsClient({ noted: [refused] })).toBe(true);
    expect(await keepsClient({ listedItems: listedTo(true) })).toBe(true);
    expect(await keepsClient({ held: ['1044:70'] })).toBe(true);
  });
});

describe('what a record on hold names', () => {
  const holds = [{ entityTypeId: 2, id: 101 }];
  const one: Case = { open: [contact, deal], targets: { ...contactThere, 'record:2:7': record() } };
  const after = async (answer: JudgedAnswer, some: Case = one) =>
    (await play([some], { 2: answer }, holds).sparing).get('a');
  const names = (contactId: number) => listed({ id: 101, contactId, contactIds: [contactId], companyId: null });

  test('is kept, and nothing else', async () => {
    const why = 'deal 101, which names it, is on hold';
    const guards = { quotes: true };
    expect([...((await after(names(5), { ...one, guards }))?.kept ?? [])]).toEqual([
      ['record:3:5', { result: 'held', why }],
    ]);
    expect((await after(names(6), { ...one, guards }))?.kept.size).toBe(0);
  });

  test('is not known: nothing is deleted now, or it stays for good', async () => {
    expect((await after(trouble))?.unknown).toBe('Who on hold names contact 5 cannot be read');
    expect((await after(refusal))?.kept.get('record:3:5')).toEqual({
      result: 'guarded',
      why: 'guard-unreadable: the portal does not say whom a record on hold names (tidy24 hold list)',
    });
  });

  test('is looked for only where something has guards', async () => {
    const lists = async (...cases: Case[]) => {
      const { sparing, listed: counted, requests } = play(cases);
      await sparing;
      return [counted(), requests.length];
    };
    const other: Case = { open: [deal], targets: { 'record:2:7': record() }, guards: { quotes: true }, taskId: 'b' };
    expect(await lists(other)).toEqual([0, 0]);
    expect(await lists(other, { ...one, open: [deal, contact] })).toEqual([1, 0]);
  });
});

describe('more contacts than can be looked at one by one', () => {
  test('keep their links, and are not asked for', async () => {
    const { sparing, asked } = play([
      { open: [dealLinks, contact], targets: { ...contactThere, 'links:2:7': linked(2_501) }, held: ['3:5', '3:9'] },
    ]);
    expect([...((await sparing).get('a')?.kept ?? [])]).toEqual([
      ['links:2:7', { result: 'guarded', why: 'guard-unreadable: too many contacts are linked' }],
      ['record:3:5', { result: 'held', why: 'a hold (tidy24 hold list)' }],
    ]);
    expect(asked).toHaveLength(4);
  });

  test('are more than 2,500', async () => {
    const { sparing, asked } = play([{ open: [dealLinks], targets: { 'links:2:7': linked(2_500) } }]);
    expect((await sparing).get('a')).toEqual({ kept: new Map() });
    expect(asked).toHaveLength(2_503);
  });
});

test('what keeps something is named in a word', () => {
  expect(keeperOf({ result: 'held', why: 'contact 6: a hold' })).toBe('held');
  expect(keeperOf({ result: 'guarded', why: 'quotes: quote 3: x' })).toBe('quotes');
});
