import { expect, test } from '@jest/globals';
import type { Command } from '../../../../lib/bitrix24/batch.ts';
import type { PortalSession } from '../../../../lib/portals/session.ts';
import { type ListRead, readAll, type Rows } from '../../../../lib/tasks/undo/read-all.ts';
import { addressesRead, itemsRead } from '../../../../lib/tasks/undo/reads.ts';

type Params = Readonly<Record<string, unknown>>;

/** Reads a list from a portal that answers each page by `page`. */
async function read(list: ListRead, page: (params: Params) => { result: unknown; next?: number }): Promise<Rows> {
  const batch = (commands: ReadonlyMap<string, Command>) =>
    Promise.resolve(
      new Map([...commands].map(([key, { params }]) => [key, { kind: 'result', ...page(params) } as const])),
    );
  const session = { batch } as unknown as Pick<PortalSession, 'batch'>;
  return (await readAll(session, [list], () => 1)).get(list.key) ?? { kind: 'unknown', row: undefined };
}

const deals = itemsRead('x', 2, {}, ['id']);
const idsOf = (rows: Rows) => (rows.kind === 'rows' ? rows.rows.map((row) => (row as { id: number }).id) : rows.kind);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** A portal that knows these ids, with pages of this size. */
function pageOf(ids: readonly number[], size: number, { filter, start }: Params) {
  const above = Number((filter as Params)['>id'] ?? 0);
  const found = ids.filter((id) => id > above).slice(Number(start));
  const items = found.slice(0, size).map((id) => ({ id }));
  return { result: { items }, ...(found.length > size && { next: Number(start) + size }) };
}

test('a record that leaves the list between two pages hides no other one', async () => {
  let ids = numbered(120);
  const rows = await read(deals, (params) => {
    const page = pageOf(ids, 50, params);
    ids = ids.filter((id) => id !== 7);
    return page;
  });
  expect(idsOf(rows)).toEqual(numbered(120));
});

test('a short page that names its next one is followed from its last row', async () => {
  expect(idsOf(await read(deals, (params) => pageOf(numbered(70), 30, params)))).toEqual(numbered(70));
});

test('a full page without word of a next one is followed too', async () => {
  const rows = await read(deals, (params) => ({ result: pageOf(numbered(60), 50, params).result }));
  expect(idsOf(rows)).toEqual(numbered(60));
});

test('a list is not known when the portal gives the same page again, or rows without ids', async () => {
  const overlooking = await read(deals, ({ start }) => pageOf(numbered(70), 50, { filter: {}, start }));
  expect(overlooking.kind).toBe('unknown');
  expect((await read(deals, () => ({ result: { items: [{ title: 'A' }] } }))).kind).toBe('unknown');
});

test('rows without ids are followed by the start that the portal names', async () => {
  const starts: unknown[] = [];
  const rows = await read(addressesRead(3, [5]), ({ start }) => {
    starts.push(start);
    return start === 0 ? { result: [{ TYPE_ID: 1 }], next: 1 } : { result: [{ TYPE_ID: 4 }] };
  });
  expect(starts).toEqual([0, 1]);
  expect(rows).toEqual({ kind: 'rows', rows: [{ TYPE_ID: 1 }, { TYPE_ID: 4 }] });
});
