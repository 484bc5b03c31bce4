import type { SimulatedPortal } from '../../simulator/portal.ts';
import type { TestTime } from '../integration/portals/parts.ts';

/** A record may be acted on for this long after it was read as lost, in ms. */
const freshMs = 60_000;

type Command = [key: string, method: string, params: URLSearchParams];

/**
 * Stands between tidy24 and the portal, and keeps what the portal has shown: nothing may be asked to be deleted for a
 * record that was not shown as lost the last time that it was shown.
 */
export class Deletions {
  /** Requests that should not have been sent, in words. */
  readonly wrong: string[] = [];
  /** When each record was last shown as lost. Another stage takes it out. */
  readonly #lost = new Map<string, number>();
  /** Items that were listed as those of a lost record. */
  readonly #children = new Map<string, string>();

  watch(portal: SimulatedPortal, time: TestTime): typeof globalThis.fetch {
    return async (input, init) => {
      const commands = commandsOf(init?.body);
      for (const command of commands) this.#check(command, time.now);
      const response = await fetch(input, init);
      const text = await response.clone().text();
      this.#learn(portal, commands, text, time.now);
      return response;
    };
  }

  #check([, method, params]: Command, now: number): void {
    const id = params.get('id');
    if (method !== 'crm.deal.contact.items.delete' && method !== 'crm.item.delete') return;
    const type = method === 'crm.item.delete' ? params.get('entityTypeId') : '2';
    if (type === '3' || type === '4') return;
    const key = `${type}:${id}`;
    const owner = this.#children.get(key) ?? key;
    // An item may be both: listed as somebody's, and lost itself.
    const shown = [this.#lost.get(owner), this.#lost.get(key)].filter((at) => at !== undefined);
    const shownAt = shown.length > 0 ? Math.max(...shown) : undefined;
    if (shownAt === undefined || now - shownAt > freshMs)
      this.wrong.push(`${method} of ${key}, shown ${shownAt}, now ${now}`);
  }

  #learn(portal: SimulatedPortal, commands: readonly Command[], text: string, now: number): void {
    let results: Record<string, { items?: Record<string, unknown>[] }>;
    try {
      const whole = JSON.parse(text) as { result?: { result?: typeof results } };
      results = whole.result?.result ?? {};
    } catch {
      return;
    }
    for (const [key, method, params] of commands) {
      const { items } = results[key] ?? {};
      if (method !== 'crm.item.list' || !Array.isArray(items)) continue;
      const type = Number(params.get('entityTypeId'));
      const parent = [...params].find(([name]) => /^filter\[parentId\d+\]$/.test(name));
      for (const item of items) {
        if (parent) this.#children.set(`${type}:${Number(item['id'])}`, `${parent[0].slice(15, -1)}:${parent[1]}`);
        else if (typeof item['stageId'] === 'string') {
          const lost = isLost(portal, type, item['stageId']);
          if (lost) this.#lost.set(`${type}:${Number(item['id'])}`, now);
          else this.#lost.delete(`${type}:${Number(item['id'])}`);
        }
      }
    }
  }
}

function isLost(portal: SimulatedPortal, type: number, stageId: string): boolean {
  const pipeline = Number(/^(?:C|DT\d+_)(\d+):/.exec(stageId)?.[1] ?? 0);
  return portal.stages(pipeline, type).find(({ id }) => id === stageId)?.semantics === 'F';
}

function commandsOf(body: unknown): Command[] {
  if (typeof body !== 'string' || !body.startsWith('{')) return [];
  const { cmd = {} } = JSON.parse(body) as { cmd?: Record<string, string> };
  return Object.entries(cmd).map(([key, command]) => {
    const [method = '', query = ''] = command.split('?');
    return [key, method, new URLSearchParams(query)];
  });
}
