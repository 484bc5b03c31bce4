import { RestClient } from '../../../lib/bitrix24/rest-client.ts';
import type { Bench } from './bench.ts';

interface Answer {
  result?: { result?: Record<string, { items?: unknown[] }> };
}

/** A client whose portal answers some lists, by what the command asks for, with other rows than it has. */
export function alteredLists(
  { time }: Bench,
  isMeant: (params: URLSearchParams) => boolean,
  change: (items: unknown[], params: URLSearchParams) => unknown[],
): RestClient {
  return new RestClient({
    clock: time.clock,
    fetch: async (input, init) => {
      const { cmd = {} } = JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as {
        cmd?: Record<string, string>;
      };
      const response = await fetch(input, init);
      const answer = (await response.json()) as Answer;
      for (const [key, command] of Object.entries(cmd)) {
        const [method, query = ''] = command.split('?');
        const params = new URLSearchParams(query);
        const list = answer.result?.result?.[key];
        if (method === 'crm.item.list' && list?.items && isMeant(params)) list.items = change(list.items, params);
      }
      return Response.json(answer, { status: response.status });
    },
  });
}

/** Whether a list of these records selects the field. */
export function selects(entityTypeId: number, field: string): (params: URLSearchParams) => boolean {
  return (params) =>
    params.get('entityTypeId') === String(entityTypeId) &&
    [...params].some(([key, value]) => key.startsWith('select') && value === field);
}

/** The value of a condition of the list's filter. */
export function conditionIn(params: URLSearchParams, name: string): string | undefined {
  return [...params].find(([key]) => key.includes(name))?.[1];
}
