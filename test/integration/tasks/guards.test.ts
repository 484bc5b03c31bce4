import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Task } from '../../../lib/tasks/task.ts';
import { type Bench, day, eachTestHas, minute } from './bench.ts';

let bench: Bench;
eachTestHas((taken) => (bench = taken));

const process = 1044;
const phone = (value: string) => ({ fm: [{ typeId: 'PHONE', valueType: 'WORK', value }] });
const email = (value: string) => ({ fm: [{ typeId: 'EMAIL', valueType: 'WORK', value }] });

const file = (entries: string, { lines = '', protect = '' } = {}): string =>
  `version: 1\n${protect === '' ? '' : `protect: ${protect}\n`}rules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: ${entries}${lines === '' ? '' : `, ${lines}`} }\n`;

/** Lets a rule work at a lost deal until its task has ended. */
async function tidy(dealId: number, entries: string, rest: { lines?: string; protect?: string } = {}): Promise<Task> {
  await bench.pushFile(file(entries, rest));
  const taskId = await bench.taskOf({ entityTypeId: 2, id: dealId }, 'tidy');
  await bench.workFor(90);
  return bench.task(taskId);
}

/** A deal lost long after its contact and company came; `linked`: what both of them have. */
function lostDeal({ fields = {} }: { fields?: Record<string, unknown> } = {}) {
  const { portal, time } = bench;
  const contact = portal.addContact({ silent: true, fields });
  const company = portal.addCompany({ silent: true });
  time.now += 400 * day;
  const deal = portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact], companyId: company });
  return { contact, company, deal };
}

const exists = (entityTypeId: number, id: number): boolean => bench.portal.item(entityTypeId, id) !== undefined;
const outcomes = (task: Task) => task.deletions?.map(({ what, outcome }) => [what, outcome?.result, outcome?.why]);

/** Something that a contact (or a company) has besides the lost deal, and the guard that it is for. */
const possessions: [string, (owner: { contactIds?: number[]; companyId?: number }) => number, string, string][] = [
  ['open-deals', (owner) => bench.portal.addDeal({ ...owner, silent: true }), 'open deal', 'deal'],
  ['won-deals', (owner) => bench.portal.addDeal({ ...owner, stageId: 'WON', silent: true }), 'won deal', 'deal'],
  ['open-leads', (owner) => bench.portal.addLead({ ...owner, silent: true }), 'open lead', 'lead'],
  ['open-items', (owner) => bench.portal.addItem(process, { ...owner, silent: true }), 'open item', 'item'],
  ['quotes', (owner) => bench.portal.addItem(7, { ...owner, stageId: 'DECLAINED', silent: true }), 'quote', 'quote'],
  ['invoices', (owner) => bench.portal.addItem(31, { ...owner, silent: true }), 'invoice', 'invoice'],
];

describe('each guard', () => {
  beforeEach(() => {
    bench.portal.addType({ entityTypeId: process, title: 'Project' });
    bench.portal.addInvoices();
  });

  test.each(possessions)('%s keeps a contact of which it is the second', async (guard, add, text) => {
    const { contact, deal } = lostDeal();
    const id = add({ contactIds: [bench.portal.addContact({ silent: true }), contact] });
    const task = await tidy(deal, '[contacts, deal]');
    expect(task.status).toBe('done');
    const why = `${guard}: ${text} ${id}${guard === 'open-items' ? ` of type ${process}` : ''}`;
    expect(outcomes(task)).toEqual([
      ['contacts', 'guarded', why],
      ['deal', 'deleted', undefined],
    ]);
    expect(task.history.at(-1)?.text).toContain(why);
    expect([exists(3, contact), exists(2, deal)]).toEqual([true, false]);
  });

  test.each(possessions)('%s keeps a company and the links to its contacts', async (guard, add) => {
    const { contact, company, deal } = lostDeal();
    bench.portal.updateItem(3, contact, { companyIds: [company], silent: true });
    add({ companyId: company });
    const task = await tidy(deal, '[company-contacts, company]');
    expect(task).toMatchObject({ status: 'skipped', reason: 'guarded' });
    expect(task.deletions?.map(({ outcome }) => [outcome?.result, outcome?.why?.split(':')[0]])).toEqual([
      ['guarded', guard],
      ['guarded', guard],
    ]);
    expect(bench.portal.contactsOfCompany(company)).toEqual([contact]);
    expect(exists(4, company)).toBe(true);
  });

  test.each(possessions)('%s keeps nothing when it is off', async (guard, add) => {
    const { contact, company, deal } = lostDeal();
    add({ contactIds: [contact], companyId: company });
    const task = await tidy(deal, '[contacts, company]', { lines: `guards: { ${guard}: off }` });
    expect(task.status).toBe('done');
    expect([exists(3, contact), exists(4, company)]).toEqual([false, false]);
  });

  test.each(possessions)('%s keeps a contact whose duplicate has it', async (guard, add) => {
    const { contact, deal } = lostDeal({ fields: phone('+49 30 1234-5') });
    const duplicate = bench.portal.addContact({ silent: true, fields: phone('+4930 12345') });
    add({ contactIds: [duplicate] });
    const task = await tidy(deal, '[contacts]');
    expect(task).toMatchObject({ status: 'skipped', reason: 'guarded' });
    expect(task.deletions?.[0]?.outcome?.why).toMatch(
      guard === 'open-leads' ? /^duplicates: its duplicate contact \d+ has: open lead/ : /^duplicates: its duplicate/,
    );
    expect(exists(3, contact)).toBe(true);
  });

  test('a recent activity keeps a contact, for as long as the rule says', async () => {
    const { contact, deal } = lostDeal();
    bench.portal.touchActivity(3, contact, bench.time.now - 29 * day);
    expect(outcomes(await tidy(deal, '[contacts]'))?.[0]?.[2]).toMatch(/^recent-activity: activity at /);
    const other = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    const after = await tidy(other, '[contacts]', { lines: 'guards: { recent-activity: 28d }' });
    expect(after.status).toBe('done');
    expect(exists(3, contact)).toBe(false);
  });

  test('a new contact without any activity but its creation is no one to keep', async () => {
    const contact = bench.portal.addContact({ silent: true });
    const deal = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    expect((await tidy(deal, '[contacts]')).status).toBe('done');
  });

  test.each([
    ['a contact’s recent activity', () => bench.portal.addContact({ silent: true, fields: email('A@x.test') }), true],
    ['an open lead', () => bench.portal.addLead({ silent: true, fields: email('A@x.test') }), false],
  ])('a duplicate by e-mail counts: %s', async (_, add, touched) => {
    const { contact } = lostDeal({ fields: email('a@x.test') });
    const duplicate = add();
    bench.time.now += day;
    const deal = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] });
    if (touched) bench.portal.touchActivity(3, duplicate, bench.time.now);
    expect(await tidy(deal, '[contacts]')).toMatchObject({ status: 'skipped', reason: 'guarded' });
    expect(exists(3, contact)).toBe(true);
    const off = await tidy(
      bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact] }),
      '[contacts]',
      {
        lines: 'guards: { duplicates: off }',
      },
    );
    expect(off.status).toBe('done');
  });

  test('two contacts of the lost deal that are duplicates of each other do not keep each other', async () => {
    const { contact, deal } = lostDeal({ fields: phone('123') });
    const twin = bench.portal.addContact({ silent: true, fields: phone('123') });
    bench.portal.updateDeal(deal, { contactIds: [contact, twin], silent: true });
    expect((await tidy(deal, '[contacts]')).status).toBe('done');
    expect([exists(3, contact), exists(3, twin)]).toEqual([false, false]);
  });

  test('so many duplicates that the portal does not tell of all keep a contact', async () => {
    const { contact, deal } = lostDeal({ fields: phone('000') });
    for (let count = 0; count < 20; count += 1) bench.portal.addContact({ silent: true, fields: phone('000') });
    const task = await tidy(deal, '[contacts]');
    expect(outcomes(task)).toEqual([
      ['contacts', 'guarded', 'guard-unreadable: duplicates: more is linked than can be looked through'],
    ]);
    expect(exists(3, contact)).toBe(true);
  });

  test('items that the same task deletes keep nothing, and others of the type do', async () => {
    const { contact, company, deal } = lostDeal();
    const own = { contactIds: [contact], companyId: company, parents: { 2: deal }, silent: true };
    const items = [bench.portal.addItem(process, own), bench.portal.addItem(31, own)];
    const entries = `[company-contacts, { items: { type: ${process} } }, { items: { type: 31 } }, contacts, company]`;
    bench.portal.updateItem(3, contact, { companyIds: [company], silent: true });
    expect((await tidy(deal, entries)).status).toBe('done');
    expect([exists(process, items[0] ?? 0), exists(3, contact), exists(4, company)]).toEqual([false, false, false]);
  });

  test('items that are over, and lost deals, keep nothing', async () => {
    const { contact, deal } = lostDeal();
    const [pipeline] = [bench.portal.item(process, bench.portal.addItem(process, { silent: true }))?.['categoryId']];
    for (const stage of ['SUCCESS', 'FAIL']) {
      const stageId = `DT${process}_${Number(pipeline)}:${stage}`;
      bench.portal.addItem(process, { categoryId: Number(pipeline), stageId, contactIds: [contact], silent: true });
    }
    bench.portal.addDeal({ stageId: 'LOSE', contactIds: [contact], silent: true });
    bench.portal.addLead({ stageId: 'CONVERTED', contactIds: [contact], silent: true });
    expect((await tidy(deal, '[contacts]')).status).toBe('done');
  });

  test('an item of a type without stages is never over', async () => {
    bench.portal.addType({ entityTypeId: 1046, title: 'Site', stages: false });
    const { contact, deal } = lostDeal();
    const site = bench.portal.addItem(1046, { contactIds: [contact], silent: true });
    expect(outcomes(await tidy(deal, '[contacts]'))?.[0]?.[2]).toBe(`open-items: open item ${site} of type 1046`);
  });
});

describe('many records', () => {
  test('a page full of one contact’s deals hides none of another', async () => {
    const { contact, deal } = lostDeal();
    const other = bench.portal.addContact({ silent: true });
    const third = bench.portal.addContact({ silent: true });
    bench.portal.updateDeal(deal, { contactIds: [contact, other, third], silent: true });
    for (let count = 0; count < 60; count += 1) bench.portal.addDeal({ contactIds: [contact], silent: true });
    const theirs = bench.portal.addDeal({ contactIds: [other], stageId: 'WON', silent: true });
    const task = await tidy(deal, '[contacts]');
    expect(outcomes(task)?.map(([, result, why]) => [result, why?.split(' deal')[0]])).toEqual([
      ['guarded', 'open-deals: open'],
      ['guarded', 'won-deals: won'],
      ['deleted', undefined],
    ]);
    expect(task.deletions?.[1]?.outcome?.why).toBe(`won-deals: won deal ${theirs}`);
  });

  test('items are followed over full pages, and not without end', async () => {
    const pipeline = bench.portal.addType({ entityTypeId: process, title: 'Project' });
    const add = (contactId: number, count: number) => {
      const stageId = `DT${process}_${pipeline}:FAIL`;
      for (let index = 0; index < count; index += 1) {
        bench.portal.addItem(process, { categoryId: pipeline, stageId, contactIds: [contactId], silent: true });
      }
    };
    const first = lostDeal();
    add(first.contact, 130);
    const open = bench.portal.addItem(process, { contactIds: [first.contact], silent: true });
    expect(outcomes(await tidy(first.deal, '[contacts]'))).toEqual([
      ['contacts', 'guarded', `open-items: open item ${open} of type ${process}`],
    ]);
    const second = lostDeal();
    add(second.contact, 301);
    expect(outcomes(await tidy(second.deal, '[contacts]'))).toEqual([
      ['contacts', 'guarded', 'guard-unreadable: open-items: more is linked than can be looked through'],
    ]);
  }, 30_000);

  test('what one contact has too much of does not keep the contacts of other deals', async () => {
    const pipeline = bench.portal.addType({ entityTypeId: process, title: 'Project' });
    const deals = Array.from({ length: 2 }, () => bench.addLostDeal(1));
    const [busy = 0, free = 0] = deals.flatMap((id) => bench.portal.contactsOf(id));
    const stageId = `DT${process}_${pipeline}:FAIL`;
    for (let count = 0; count < 310; count += 1) {
      bench.portal.addItem(process, { categoryId: pipeline, stageId, contactIds: [busy], silent: true });
    }
    await bench.pushFile(file('[contacts]', { lines: 'guards: { recent-activity: off }' }));
    const taskIds: string[] = [];
    for (const id of deals) taskIds.push(await bench.taskOf({ entityTypeId: 2, id }, 'tidy'));
    await bench.workFor(30);
    expect([exists(3, busy), exists(3, free)]).toEqual([true, false]);
    expect((await bench.task(taskIds[0] ?? '')).deletions?.[0]?.outcome?.why).toMatch(/^guard-unreadable: open-items/);
  }, 30_000);

  test('a round of more than fifty contacts deletes each of them', async () => {
    await bench.pushFile(file('[contacts]'));
    const deals = Array.from({ length: 12 }, () => bench.addLostDeal(5));
    const contacts = deals.flatMap((deal) => bench.portal.contactsOf(deal));
    const taskIds: string[] = [];
    for (const id of deals) taskIds.push(await bench.taskOf({ entityTypeId: 2, id }, 'tidy'));
    await bench.workFor(30);
    for (const taskId of taskIds) {
      expect((await bench.task(taskId)).deletions?.map(({ outcome }) => outcome?.result)).toEqual(
        Array.from({ length: 5 }, () => 'deleted'),
      );
    }
    expect(contacts.filter((id) => exists(3, id))).toEqual([]);
  });
});

describe('what the portal does not say', () => {
  test('for good keeps the contact, and the rest goes on', async () => {
    const { contact, deal } = lostDeal();
    bench.portal.faults.add({
      when: { method: 'crm.duplicate.findbycomm' },
      give: { type: 'error', status: 400, error: 'ACCESS_DENIED' },
      times: Number.POSITIVE_INFINITY,
    });
    bench.portal.updateItem(3, contact, { fields: phone('1'), silent: true });
    const task = await tidy(deal, '[contacts, deal]');
    expect(outcomes(task)).toEqual([
      ['contacts', 'guarded', 'guard-unreadable: duplicates: the portal does not say'],
      ['deal', 'deleted', undefined],
    ]);
  });

  test('for now is asked again, and nothing is deleted meanwhile', async () => {
    const { contact, deal } = lostDeal();
    bench.portal.updateItem(3, contact, { fields: phone('1'), silent: true });
    bench.portal.faults.add({
      when: { method: 'crm.duplicate.findbycomm' },
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
    });
    const task = await tidy(deal, '[contacts]');
    expect(task.status).toBe('done');
    expect(task.history.map(({ text }) => text).join('\n')).toContain('GUARD_UNREADABLE');
  });

  test('never is given up in the end, with the contact in place', async () => {
    const { contact, deal } = lostDeal();
    bench.portal.updateItem(3, contact, { fields: phone('1'), silent: true });
    bench.portal.faults.add({
      when: { method: 'crm.duplicate.findbycomm' },
      give: { type: 'error', status: 500, error: 'INTERNAL_SERVER_ERROR' },
      times: Number.POSITIVE_INFINITY,
    });
    expect(await tidy(deal, '[contacts]')).toMatchObject({ status: 'failed', reason: 'GUARD_UNREADABLE' });
    expect(exists(3, contact)).toBe(true);
    expect(bench.sent('crm.item.delete')).toBe(0);
  });

  test('because it meets a limit waits for the limit', async () => {
    const { deal } = lostDeal({ fields: phone('1') });
    bench.portal.faults.add({
      when: { method: 'crm.duplicate.findbycomm' },
      give: { type: 'error', status: 429, error: 'OPERATION_TIME_LIMIT' },
    });
    const task = await tidy(deal, '[contacts]');
    expect(task).toMatchObject({ status: 'done', attempts: 0 });
  });
});

describe('a guard that comes up', () => {
  test('after the look and before the guards are read is seen', async () => {
    const { contact, deal } = lostDeal();
    bench.portal.faults.add({
      when: { method: 'crm.type.list', inBatch: 'envelope' },
      give: { type: 'hook', run: () => void bench.portal.addDeal({ contactIds: [contact], silent: true }) },
    });
    expect(await tidy(deal, '[contacts]')).toMatchObject({ status: 'skipped', reason: 'guarded' });
  });

  test('between two steps is seen: each step reads anew', async () => {
    const { contact, company, deal } = lostDeal();
    bench.portal.faults.add({
      when: { method: /\.delete$/, inBatch: 'envelope' },
      give: { type: 'hook', work: 'after', run: () => void bench.portal.addDeal({ companyId: company, silent: true }) },
    });
    const task = await tidy(deal, '[contacts, company]');
    expect(task.deletions?.map(({ outcome }) => outcome?.result)).toEqual(['deleted', 'guarded']);
    expect([exists(3, contact), exists(4, company)]).toEqual([false, true]);
  });

  test('is not older than a minute at the deletion', async () => {
    const { contact, deal } = lostDeal();
    bench.portal.faults.add({
      when: { method: 'crm.type.list', inBatch: 'envelope' },
      give: {
        type: 'hook',
        work: 'after',
        run: () => {
          bench.time.now += 61_000;
          bench.portal.addDeal({ contactIds: [contact], silent: true });
        },
      },
    });
    expect(await tidy(deal, '[contacts]')).toMatchObject({ status: 'skipped', reason: 'guarded' });
    expect(exists(3, contact)).toBe(true);
  });
});

describe('a portal that observes', () => {
  test('is told what guards would keep', async () => {
    const { contact, deal } = lostDeal();
    const other = bench.portal.addContact({ silent: true });
    bench.portal.updateDeal(deal, { contactIds: [contact, other], silent: true });
    const open = bench.portal.addDeal({ contactIds: [contact], silent: true });
    const task = await tidy(deal, '[contacts, deal]', { lines: 'mode: observe' });
    expect(task).toMatchObject({ status: 'observed', reason: 'rule-observes' });
    expect(task.history.at(-1)?.text).toBe(
      `Observed (rule-observes): would call crm.item.delete of 3/${other}, 2/${deal}. crm.item.delete of 3/${contact}: kept by a guard: open-deals: open deal ${open}`,
    );
    expect([exists(3, contact), exists(3, other), exists(2, deal)]).toEqual([true, true, true]);
  });
});

test('guards cost a deletion of links nothing', async () => {
  const deal = bench.addLostDeal(2);
  expect((await tidy(deal, '[deal-contacts]')).status).toBe('done');
  expect(bench.portal.requests.length).toBe(2);
  expect(bench.time.now).toBeGreaterThan(minute);
});
