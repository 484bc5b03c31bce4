import { describe, expect, test } from '@jest/globals';
import { classify } from '../../../lib/bitrix24/errors.ts';
import type { JudgedAnswer } from '../../../lib/portals/judge.ts';
import { PortalBusy } from '../../../lib/portals/waiting.ts';
import type { Sent } from '../../../lib/tasks/carry-out.ts';
import type { Run } from '../../../lib/tasks/run.ts';
import type { Deletion } from '../../../lib/tasks/task.ts';
import { verify } from '../../../lib/tasks/verify.ts';

const contact = (id: number): Deletion => ({ what: 'contacts', method: 'crm.item.delete', entityTypeId: 3, id });
const links: Deletion = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 7 };
const ambiguous = classify({ error: '', description: '', method: 'crm.contact.delete', status: 200 });
const sent = (deletion: Deletion, row = {}): Sent =>
  ({ ready: {}, deletion, unclear: true, trouble: { code: 'X', description: '', row } }) as unknown as Sent;

/** A portal that has these contacts, and these links of the deal. */
function portal(contacts: readonly number[], linked: readonly number[] = []) {
  const sizes: number[] = [];
  const writes: unknown[] = [];
  const selects: unknown[] = [];
  const batch = async (commands: ReadonlyMap<string, { params: object }>, options: object) => {
    sizes.push(commands.size);
    writes.push(options);
    return new Map(
      [...commands].map(([key, { params }]): [string, JudgedAnswer] => {
        const { filter, select } = params as { filter?: { '@id': number[] }; select?: string[] };
        selects.push(select);
        const items = (filter?.['@id'] ?? []).filter((id) => contacts.includes(id)).map((id) => ({ id }));
        const rows = linked.map((id) => ({ CONTACT_ID: id, SORT: 10, IS_PRIMARY: 'N' }));
        return [key, { kind: 'result', result: filter === undefined ? rows : { items } }];
      }),
    );
  };
  return { run: { session: { batch } } as unknown as Run, sizes, writes, selects };
}

function failing(error: Error): Run {
  const batch = async () => {
    throw error;
  };
  return { session: { batch } } as unknown as Run;
}

describe('what is read back', () => {
  test('is not there any more: our deletion has done it', async () => {
    const one = sent(contact(5));
    const { run, writes, selects } = portal([]);
    await verify(run, [one]);
    expect(one.outcome).toEqual({ result: 'deleted', proof: 'read' });
    expect(one.trouble).toBeUndefined();
    expect(writes).toEqual([{ write: false }]);
    expect(selects).toEqual([['id']]);
  });

  test('is gone, and the portal had said that it knew none: somebody else has done it', async () => {
    expect(ambiguous.reaction).toBe('verify');
    const one = sent(contact(5), ambiguous);
    await verify(portal([]).run, [one]);
    expect(one.outcome).toEqual({ result: 'already-gone', proof: 'read' });
    expect(one.trouble).toBeUndefined();
  });

  test('is the company whose links were to be removed, and gone: its links went with it', async () => {
    const method = 'crm.company.contact.items.delete';
    const one = sent({ what: 'company-contacts', method, entityTypeId: 4, id: 9, contactIds: [5] });
    await verify(portal([]).run, [one]);
    expect(one.outcome).toEqual({ result: 'already-gone', proof: 'read' });
  });

  test('is still there: it is tried again, and nothing is said of it', async () => {
    const one = sent(contact(5));
    await verify(portal([5]).run, [one]);
    expect(one).toMatchObject({ unclear: true, trouble: { code: 'X' } });
    expect(one.outcome).toBeUndefined();
    expect(one.refused).toBeUndefined();
  });

  test('is still there, and the portal had said that it knew none: it is refused', async () => {
    const some = [sent(contact(5), ambiguous), sent(links, ambiguous)];
    await verify(portal([5], [5]).run, some);
    expect(some.map(({ refused, outcome }) => [refused, outcome])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
  });

  test('has no links any more: they are removed, whatever the portal had said', async () => {
    for (const row of [{}, ambiguous]) {
      const one = sent(links, row);
      await verify(portal([], []).run, [one]);
      expect(one.outcome).toEqual({ result: 'deleted', proof: 'read' });
      expect(one.trouble).toBeUndefined();
    }
  });

  test('still has links: they are tried again', async () => {
    const one = sent(links);
    await verify(portal([], [5]).run, [one]);
    expect(one.outcome).toBeUndefined();
    expect(one.refused).toBeUndefined();
  });

  test('needs no trouble to be known', async () => {
    const { trouble: _known, ...bare } = sent(contact(5));
    const one: Sent = bare;
    await verify(portal([5]).run, [one]);
    expect(one.refused).toBeUndefined();
    const odd = { ...sent(contact(5)), trouble: { code: 'X', description: '' } };
    await verify(portal([5]).run, [odd]);
    expect(odd.refused).toBeUndefined();
  });

  test('is asked for 25 at a time, each of them', async () => {
    const some = Array.from({ length: 51 }, (_, index) => sent({ ...links, id: index + 1 }));
    const { run, sizes } = portal([]);
    await verify(run, some);
    expect(sizes).toEqual([25, 25, 1]);
    expect(some.every(({ outcome }) => outcome?.result === 'deleted')).toBe(true);
    const exact = portal([]);
    await verify(exact.run, some.slice(0, 25));
    expect(exact.sizes).toEqual([25]);
  });
});

describe('a portal that cannot be read now', () => {
  test('leaves everything unclear: a later try looks before it deletes', async () => {
    const some = [sent(contact(5), ambiguous), sent(links)];
    await verify(failing(new PortalBusy('busy', { until: 1 })), some);
    expect(some.every(({ outcome, refused, unclear }) => !outcome && !refused && unclear)).toBe(true);
  });

  test('is no excuse for a fault of ours', async () => {
    await expect(verify(failing(new TypeError('ours')), [sent(contact(5))])).rejects.toThrow('ours');
  });

  test('of what it has not answered nothing is concluded', async () => {
    const run = { session: { batch: async () => new Map() } } as unknown as Run;
    const some = [sent(contact(5), ambiguous), sent(links, ambiguous)];
    await verify(run, some);
    expect(some.every(({ outcome, refused }) => !outcome && !refused)).toBe(true);
  });
});
