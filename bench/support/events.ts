import { postForm } from '../../simulator/events/post-form.ts';
import { webhookEventBody } from '../../simulator/events/event-bodies.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';

/**
 * Ms that a handler has to answer. Bitrix24 does not say how long its sender waits: this is what the simulator's sender
 * does, and as long as a portal waits for that sender itself.
 */
export const senderPatienceMs = 10_000;

export interface Posted {
  /** 2xx in time. */
  readonly accepted: boolean;
  readonly status: number | 'no answer';
  readonly ms: number;
}

/** The body of an ONCRMDEALUPDATE as an outgoing webhook posts it. */
export function dealUpdate(
  portal: SimulatedPortal,
  webhook: { readonly id: number; readonly applicationToken: string },
  dealId: number,
): string {
  const identity = { domain: portal.domain, endpoint: portal.endpoint, memberId: portal.memberId };
  const event = { name: 'ONCRMDEALUPDATE', data: { FIELDS: { ID: dealId } } };
  const handler = { ...webhook, url: '', events: [event.name] };
  return webhookEventBody(identity, handler, event, Math.floor(Date.now() / 1000));
}

/** Posts each body once, so many at a time, and never again: as Bitrix24 does. */
export async function postAll(url: string, bodies: readonly string[], atOnce: number): Promise<Posted[]> {
  const results: Posted[] = [];
  const { signal } = new AbortController();
  const waiting = bodies.values();
  const sender = async (): Promise<void> => {
    for (const body of waiting) results.push(await post(url, body, signal));
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
  return results;
}

async function post(url: string, body: string, signal: AbortSignal): Promise<Posted> {
  const started = performance.now();
  const status = await postForm(url, body, senderPatienceMs, signal).catch(() => 'no answer' as const);
  const ms = performance.now() - started;
  return { accepted: status !== 'no answer' && status >= 200 && status < 300, status, ms };
}
