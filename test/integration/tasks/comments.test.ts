import { describe, expect, test } from '@jest/globals';
import type { EventMessage } from '../../../lib/tasks/messages.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import { type Bench, day, eachTestHas, hour, minute } from './bench.ts';
import { runUntil } from './run-until.ts';

let bench: Bench;
eachTestHas((fresh) => {
  bench = fresh;
});

const add = 'crm.timeline.comment.add';
const list = 'crm.timeline.comment.list';
const unlink = 'crm.deal.contact.items.delete';

const rules = ({ wait = '24h', entries = 'deal-contacts', more = '' } = {}) => `
version: 1
rules:
  - id: tidy
    when: { type: deal, stages: all-lost }
    wait: ${wait}
    delete: [${entries}]
    comment: true
${more}`;

/** A deal that was just lost, as its event tells; rules are in force since a minute. */
async function lose(contacts = 2): Promise<number> {
  const dealId = bench.addLostDeal(contacts);
  await bench.plan([bench.event(dealId)]);
  return dealId;
}

const until = (moment: number) => runUntil(bench, moment);
const comments = (dealId: number) => bench.portal.commentsOf(2, dealId);
const onlyTask = async () => (await bench.tasks())[0] as Task;
const told = async () => (await onlyTask()).history.filter(({ what }) => what === 'commented').map(({ text }) => text);
const forBoth = () => until(bench.time.now + 2 * day);

describe('a rule that comments', () => {
  test('says in the timeline what it will remove and when, and afterwards what it has removed', async () => {
    await bench.pushFile(rules({ entries: 'deal-contacts, contacts' }));
    const dealId = await lose();
    const [first = 0, second = 0] = bench.portal.contactsOf(dealId);
    const lostAt = bench.time.now;
    await until(lostAt + hour);
    expect(comments(dealId)).toHaveLength(1);
    const when = new Date(lostAt + day).toISOString().slice(0, 16).replace('T', ' ');
    expect(comments(dealId)[0]).toContain('rule tidy');
    expect(comments(dealId)[0]).toContain(`When: ${when} UTC`);
    expect(comments(dealId)[0]).toContain('unlink its contacts (2 now); delete its contacts (2 now)');
    expect(bench.portal.contactsOf(dealId)).toHaveLength(2);

    await forBoth();
    expect(comments(dealId)).toHaveLength(2);
    expect(comments(dealId)[1]).toContain(
      `Removed: the links of this deal to 2 contacts; contacts ${first}, ${second}.`,
    );
    const task = await onlyTask();
    expect(task).toMatchObject({ status: 'done', announcement: { state: 'written' }, report: { state: 'written' } });
    expect(task.nextAt).toBeUndefined();
    expect(await told()).toEqual([
      expect.stringMatching(/^Announced in the timeline: comment \d+$/),
      expect.stringMatching(/^Told in the timeline how it ended: comment \d+$/),
    ]);
  });

  test('announces what is sent early within its wait, and deletes no earlier and no later than without', async () => {
    await bench.pushFile(rules({ wait: '10m' }));
    const dealId = await lose();
    const lostAt = bench.time.now;
    expect((await onlyTask()).nextAt).toBeLessThanOrEqual(lostAt + 10 * minute);
    await until(lostAt + 9 * minute);
    expect([bench.sent(unlink), comments(dealId).length]).toEqual([0, 1]);
    await until(lostAt + 11 * minute);
    expect([bench.sent(unlink), comments(dealId).length]).toEqual([1, 2]);
  });

  test('that acts at once says only what it has done', async () => {
    await bench.pushFile(rules({ wait: '0m' }));
    const dealId = await lose();
    await forBoth();
    expect(comments(dealId)).toEqual([expect.stringContaining('Removed: the links of this deal to 2 contacts.')]);
  });

  test('and deletes the lost record itself only announces it: afterwards there is no timeline', async () => {
    await bench.pushFile(rules({ entries: 'deal' }));
    const dealId = await lose();
    await until(bench.time.now + hour);
    expect(comments(dealId)[0]).toContain('What: delete this deal itself.');
    await forBoth();
    expect(bench.portal.deal(dealId)).toBeUndefined();
    expect(bench.sent(add)).toBe(1);
    expect(await onlyTask()).toMatchObject({ status: 'done', report: { state: 'needless' } });
    expect((await onlyTask()).nextAt).toBeUndefined();
  });

  test('writes into the timelines of leads and of items as well', async () => {
    bench.portal.addType({ entityTypeId: 1044, title: 'Project' });
    for (const [type, entityTypeId, stageId] of [
      ['lead', 1, 'JUNK'],
      [1044, 1044, 'DT1044_1:FAIL'],
    ] as const) {
      const id = bench.portal.addItem(entityTypeId, {
        companyId: bench.portal.addCompany({ silent: true }),
        silent: true,
      });
      const lost = bench.portal.item(entityTypeId, id) as Record<string, unknown>;
      const stage = String(lost['stageId']).replace(/[^:]+$/, stageId.replace(/^.*:/, ''));
      bench.portal.updateItem(entityTypeId, id, { stageId: stage, silent: true });
      await bench.pushFile(rules({ entries: 'company' }).replace('type: deal', `type: ${type}`));
      await bench.plan([bench.event(id, { entityTypeId })]);
      await forBoth();
      expect(bench.portal.commentsOf(entityTypeId, id)).toHaveLength(2);
    }
  });

  test('writes nothing again when the same loss is told of again, or by its own comment', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    for (let times = 0; times < 3; times += 1) {
      await until(bench.time.now + 10 * hour);
      await bench.plan([bench.event(dealId)]);
    }
    await forBoth();
    await bench.plan([bench.event(dealId)]);
    await forBoth();
    expect(comments(dealId)).toHaveLength(2);
    expect(await bench.tasks()).toHaveLength(1);
  });
});

test('a wait of more than a week is announced on its last day, when its task is made', async () => {
  await bench.pushFile(rules({ wait: '30d' }));
  const dealId = await lose();
  const lostAt = bench.time.now;
  expect(await bench.tasks()).toEqual([]);
  for (bench.time.now += 28 * day; bench.time.now < lostAt + 30 * day; bench.time.now += day) {
    await bench.reconcile({ chore: 'long-waits' });
    await bench.plan(bench.events.bodies<EventMessage>());
    bench.events.sent.length = 0;
    await until(bench.time.now + minute);
  }
  expect(comments(dealId)).toEqual([expect.stringContaining('When:')]);
  await forBoth();
  expect(comments(dealId)).toHaveLength(2);
});

describe('nothing is written', () => {
  test('by a portal that observes, neither before nor after', async () => {
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    await bench.pushFile(rules());
    const dealId = await lose();
    await forBoth();
    expect((await onlyTask()).status).toBe('observed');
    expect([comments(dealId), bench.sent(add)]).toEqual([[], 0]);
  });

  test('by a rule that observes', async () => {
    await bench.pushFile(rules({ more: '    mode: observe\n' }));
    await lose();
    await forBoth();
    expect((await onlyTask()).status).toBe('observed');
    expect(bench.sent(add)).toBe(0);
  });

  test('while tidy24 is stopped; both comments come when it goes on', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    await bench.parts.killSwitch.stop('ada', 'a look');
    await until(bench.time.now + 3 * hour);
    expect(bench.sent(add)).toBe(0);
    await bench.parts.killSwitch.start();
    await until(bench.time.now + 3 * hour);
    expect(comments(dealId)).toHaveLength(1);

    const due = Date.parse(String(bench.portal.deal(dealId)?.movedTime)) + day;
    const stopAfterDeletion = {
      run: () => bench.parts.killSwitch.stop('ada', 'a look').then(() => undefined),
    };
    bench.portal.faults.add({
      when: { inBatch: 'command', method: unlink },
      give: { type: 'hook', work: 'after', ...stopAfterDeletion },
    });
    await until(due + 5 * hour);
    expect([bench.sent(unlink), comments(dealId).length]).toEqual([1, 1]);
    await bench.parts.killSwitch.start();
    await forBoth();
    expect(comments(dealId)).toHaveLength(2);
  });

  test('after the portal was switched to observe; a report that waits is given up after a week', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    await until(bench.time.now + hour);
    await bench.parts.portals.change(bench.memberId, { mode: 'observe' });
    await until(bench.time.now + 10 * day);
    expect(comments(dealId)).toHaveLength(1);
    expect(await onlyTask()).toMatchObject({ status: 'observed', report: { state: 'given-up' } });
    expect((await onlyTask()).nextAt).toBeUndefined();
  });

  test('for an installation that is over', async () => {
    await bench.pushFile(rules());
    await lose();
    await bench.parts.portals.change(bench.memberId, { state: 'disconnected' });
    await until(bench.time.now + hour);
    expect(await onlyTask()).toMatchObject({ status: 'cancelled', reason: 'portal-disconnected' });
    expect((await onlyTask()).nextAt).toBeUndefined();
    expect(bench.sent(add)).toBe(0);
  });
});

describe('what was announced and is not done', () => {
  test('is said when the deal is no longer lost', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    await until(bench.time.now + hour);
    bench.portal.moveDeal(dealId, 'NEW', { silent: true });
    await forBoth();
    expect(comments(dealId)[1]).toContain('leaves this deal as it is now: it is no longer lost.');
    expect(comments(dealId)[1]).toContain('Removed: nothing.');
    expect(comments(dealId)).toHaveLength(2);
  });

  test('is said when an operator cancels it', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    await until(bench.time.now + hour);
    const end = {
      status: 'cancelled',
      reason: 'cancelled-by-operator',
      history: [],
      reportAt: bench.time.now,
    } as const;
    await bench.parts.tasks.end((await onlyTask()).taskId, { ...end, history: [] });
    await until(bench.time.now + minute);
    expect(comments(dealId)[1]).toContain('leaves this deal as it is now: an operator has cancelled it.');
  });

  test('is said when a guard keeps it', async () => {
    await bench.pushFile(rules({ entries: 'contacts' }));
    const dealId = await lose(1);
    const [contactId = 0] = bench.portal.contactsOf(dealId);
    await until(bench.time.now + hour);
    bench.portal.addDeal({ contactIds: [contactId], silent: true });
    await forBoth();
    expect((await onlyTask()).reason).toBe('guarded');
    expect(comments(dealId)[1]).toContain(`Kept: contact ${contactId}.`);
  });

  test('is not said where nothing was announced and nothing removed', async () => {
    await bench.pushFile(rules({ wait: '0m', entries: 'contacts' }));
    const dealId = bench.addLostDeal(1);
    bench.portal.addDeal({ contactIds: bench.portal.contactsOf(dealId), silent: true });
    await bench.plan([bench.event(dealId)]);
    await forBoth();
    expect(await onlyTask()).toMatchObject({ reason: 'guarded', report: { state: 'needless' } });
    expect(bench.sent(add)).toBe(0);
  });

  test('is said once more for a failure, and the repeated task says how it ended', async () => {
    await bench.pushFile(rules({ entries: 'contacts' }));
    const dealId = await lose(1);
    const [contactId = 0] = bench.portal.contactsOf(dealId);
    bench.portal.forbidDeletion(3, contactId, 'not this one');
    await forBoth();
    expect((await onlyTask()).status).toBe('failed');
    expect(comments(dealId)[1]).toContain(`Refused by the portal: contact ${contactId}.`);
    bench.portal.allowDeletion(3, contactId);
    await bench.parts.tasks.reopen(await onlyTask(), []);
    await forBoth();
    expect((await onlyTask()).status).toBe('done');
    expect(comments(dealId)).toHaveLength(3);
    expect(comments(dealId)[2]).toContain(`Removed: contact ${contactId}.`);
  });

  test('is not said of a deal that is gone', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    await until(bench.time.now + hour);
    bench.portal.removeDeal(dealId, { silent: true });
    await forBoth();
    expect(await onlyTask()).toMatchObject({ status: 'skipped', reason: 'record-gone' });
    expect(bench.sent(add)).toBe(1);
    expect((await onlyTask()).nextAt).toBeUndefined();
  });
});

describe('a comment that the portal', () => {
  const refuse = (error: string, times = Number.POSITIVE_INFINITY) =>
    bench.portal.faults.add({
      when: { inBatch: 'command', method: add },
      times,
      give: { type: 'error', error, description: 'Ask Ms Example' },
    });

  test.each([
    ['ACCESS_DENIED', 2],
    ['METHOD_CONFIRM_DENIED', 2],
    ['INVALID_ARG_VALUE', 2],
    ['OWNER_NOT_FOUND', 6],
  ])(
    'refuses with %s is given up with a word in the history, and everything is deleted all the same',
    async (error, sent) => {
      await bench.pushFile(rules());
      const dealId = await lose();
      refuse(error);
      await forBoth();
      const task = await onlyTask();
      expect(task).toMatchObject({
        status: 'done',
        announcement: { state: 'given-up' },
        report: { state: 'given-up' },
      });
      expect(bench.portal.contactsOf(dealId)).toEqual([]);
      expect(bench.sent(add)).toBe(sent);
      expect((await bench.row()).pause).toBeUndefined();
      expect(await told()).toEqual([
        expect.stringContaining('No comment in the timeline (announcement)'),
        expect.stringContaining('No comment in the timeline (report)'),
      ]);
      expect(JSON.stringify(task)).not.toContain('Ms Example');
      expect(task.nextAt).toBeUndefined();
    },
  );

  test('refuses for every record pauses nothing', async () => {
    await bench.pushFile(rules());
    const dealIds = Array.from({ length: 8 }, () => bench.addLostDeal());
    await bench.plan(dealIds.map((id) => bench.event(id)));
    refuse('ACCESS_DENIED');
    await bench.work((await bench.tasks()).map(({ taskId }) => taskId));
    expect(bench.sizes(add)).toEqual([8]);
    expect((await bench.row()).pause).toBeUndefined();
  });

  test('wrote without an answer is found in the timeline and not written again', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    const lost = { type: 'reset', work: 'after' } as const;
    bench.portal.faults.add({ when: { inBatch: 'envelope', method: add }, times: 2, give: lost });
    await until(bench.time.now + 3 * hour);
    expect(comments(dealId)).toHaveLength(1);
    expect(await onlyTask()).toMatchObject({ announcement: { state: 'written' } });
    await forBoth();
    expect(comments(dealId)).toHaveLength(2);
    expect(await onlyTask()).toMatchObject({ status: 'done', report: { state: 'written' } });
    expect(bench.sent(list)).toBeGreaterThan(0);
  });

  test('never took is written at the next try', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    const lost = { type: 'reset', work: 'before' } as const;
    bench.portal.faults.add({ when: { inBatch: 'envelope', method: add }, times: 2, give: lost });
    await forBoth();
    expect(comments(dealId)).toHaveLength(2);
  });

  test('has no time for is put off, and costs no try', async () => {
    await bench.pushFile(rules());
    const dealId = await lose();
    const fault = bench.portal.faults.add({
      when: { inBatch: 'command', method: add },
      times: 8,
      give: { type: 'error', error: 'OPERATION_TIME_LIMIT', description: 'later' },
    });
    await forBoth();
    expect(fault.hits).toBeGreaterThan(3);
    expect(comments(dealId).length).toBeGreaterThan(0);
    expect(await onlyTask()).toMatchObject({ status: 'done', report: { state: 'written' } });
  });
});
