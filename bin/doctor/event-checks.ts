import { recordEvents } from '../../lib/portals/bindings.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { counted } from '../counted.ts';
import type { Binding } from './ask-portal.ts';
import { failure, type Finding, ok, warning } from './finding.ts';

const eventsPath = '/bitrix24/events';
/** ms */
const probeMs = 5_000;

export interface ProbeOptions {
  readonly fetch: typeof globalThis.fetch;
  /** Where this deployment takes events, if the command was told: `https://….amazonaws.com`. */
  readonly publicUrl: string | undefined;
}

/** Whether the portal sends its events to us, and whether what it sends arrives. */
export async function checkBindings(
  { connection, tokenDigests }: Portal,
  bindings: readonly Binding[] | undefined,
  { fetch, publicUrl }: ProbeOptions,
): Promise<Finding[]> {
  if (connection === 'webhook') {
    const text = `${counted(tokenDigests.length, 'application token')} known; a webhook cannot ask what is bound`;
    const mend =
      'Change a deal and see whether tasks list has it, or give the outgoing webhook again: portals connect.';
    return [tokenDigests.length > 0 ? ok('events', text) : failure('events', text, mend)];
  }
  if (bindings === undefined) return [failure('events', 'the portal does not say which events are bound')];

  const ours = bindings.filter(({ handler }) => isOurs(handler, publicUrl));
  const addresses = [...new Set(ours.map(({ handler }) => handler))];
  const bound = new Set(ours.map(({ event }) => event.toUpperCase()));
  const missing = recordEvents.filter((event) => !bound.has(event));
  const again = 'Install the app again on the portal: that binds them.';
  const findings: Finding[] = [];
  if (missing.length > 0) findings.push(failure('events', `not bound to us: ${missing.join(', ')}`, again));
  else findings.push(ok('events', `${counted(bound.size, 'event')} bound to ${addresses.map(shown).join(', ')}`));
  const stale = bindings.filter(({ handler }) => !isOurs(handler, publicUrl) && isOurs(handler, undefined));
  if (addresses.length > 1 || stale.length > 0) {
    findings.push(warning('events', 'events go to several addresses, of which one may be of an old deployment', again));
  }
  for (const address of addresses) findings.push(await probe(fetch, address));
  return findings;
}

function isOurs(handler: string, publicUrl: string | undefined): boolean {
  const url = URL.parse(handler);
  if (!url || !url.pathname.endsWith(eventsPath)) return false;
  return publicUrl === undefined || handler === `${publicUrl.replace(/\/$/, '')}${eventsPath}`;
}

/** Sends what is no event. Our function refuses it, in its own words; nothing else does. */
async function probe(fetch: typeof globalThis.fetch, address: string): Promise<Finding> {
  const mend = 'Is tidy24 deployed there? Deploy it, and install the app again if the address has changed.';
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
      redirect: 'manual',
      signal: AbortSignal.timeout(probeMs),
    });
    await response.body?.cancel();
    const { status } = response;
    if (status === 400 || status === 200) return ok('address', `${shown(address)} answers`);
    return failure('address', `${shown(address)} answers HTTP ${status}, which tidy24 does not`, mend);
  } catch {
    return failure('address', `${shown(address)} cannot be reached from here`, mend);
  }
}

/** Without a query, which may hold a key. */
function shown(address: string): string {
  const url = URL.parse(address);
  return url ? `${url.origin}${url.pathname}` : 'an address that is none';
}
