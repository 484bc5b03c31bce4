import { type Binding, eventsOfRules, isTidy24, type RuleScope } from '../../lib/portals/bindings.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { counted } from '../counted.ts';
import { commandLine, type Place } from '../place.ts';
import { failure, type Finding, ok, warning } from './finding.ts';

const eventsPath = '/bitrix24/events';
/** ms */
const probeMs = 5_000;

export interface ProbeOptions {
  readonly fetch: typeof globalThis.fetch;
  /** Where this deployment takes events, if the command was told: `https://….amazonaws.com`. */
  readonly publicUrl: string | undefined;
}

/** What decides which events there should be. */
export interface WantedEvents {
  readonly rules: readonly RuleScope[];
  readonly place: Place;
}

/** Whether the portal sends the events that the rules need to us, and whether what it sends arrives. */
export async function checkBindings(
  portal: Portal,
  bindings: readonly Binding[] | undefined,
  probing: ProbeOptions,
  wanted: WantedEvents,
): Promise<Finding[]> {
  if (portal.connection === 'webhook') return checkWebhook(portal, wanted);
  if (bindings === undefined) return [failure('events', 'the portal does not say which events are bound')];

  const eventsUrl = addressOf(portal, probing);
  const record = bindings.filter(({ handler }) => URL.parse(handler)?.pathname.endsWith(eventsPath));
  const ours = record.filter(({ handler }) => eventsUrl === undefined || handler === eventsUrl);
  const addresses = [
    ...new Set([...(eventsUrl === undefined ? [] : [eventsUrl]), ...ours.map(({ handler }) => handler)]),
  ];
  const findings = [
    checkBound(portal, ours, wanted),
    ...checkStale(portal, bindings, { addresses, needed: eventsOfRules(wanted.rules) }, wanted.place),
  ];
  for (const address of addresses) findings.push(await probe(probing.fetch, address));
  return findings;
}

/** What the command was told is newer than what the portal was told. */
function addressOf({ eventsUrl }: Portal, { publicUrl }: ProbeOptions): string | undefined {
  return publicUrl === undefined ? eventsUrl : `${publicUrl.replace(/\/$/, '')}${eventsPath}`;
}

function checkWebhook({ tokenDigests }: Portal, { rules, place }: WantedEvents): Finding[] {
  const tokens = `${counted(tokenDigests.length, 'application token')} known`;
  if (tokenDigests.length === 0) {
    const mend = `Give the token of the outgoing webhook: ${commandLine(place, 'portals connect')}`;
    return [failure('events', `${tokens}: no event is believed`, mend)];
  }
  const events = eventsOfRules(rules);
  // What an outgoing webhook's form does not offer.
  const offered = events.filter((event) => event !== 'ONCRMDEALMOVETOCATEGORY');
  const findings = [ok('events', `${tokens}; a webhook cannot ask what is ticked in its form`)];
  if (offered.length > 0) {
    findings.push(ok('events', `the rules need these ticked in the outgoing webhook: ${offered.join(', ')}`));
  }
  if (events.length > offered.length) {
    const text = 'no webhook hears of a deal that is lost by a move to another pipeline: reconciliation finds it';
    findings.push(ok('events', `${text}, or a stage robot tells of it at once`));
  }
  return findings;
}

function checkBound({ domain }: Portal, ours: readonly Binding[], { rules, place }: WantedEvents): Finding {
  const needed = eventsOfRules(rules);
  const bound = new Set(ours.map(({ event }) => event));
  const missing = needed.filter((event) => !bound.has(event));
  if (missing.length > 0)
    return failure(
      'events',
      `needed by the rules and not bound to us: ${missing.join(', ')}`,
      pushAgain(domain, place),
    );
  if (needed.length === 0) return ok('events', 'no rule is switched on, so none is needed');
  const where = [...new Set(ours.map(({ handler }) => handler))].map(shown).join(', ');
  return ok('events', `the ${counted(needed.length, 'event')} that the rules need: bound to ${where}`);
}

function checkStale(
  { domain }: Portal,
  bindings: readonly Binding[],
  { addresses, needed }: { addresses: readonly string[]; needed: readonly string[] },
  place: Place,
): Finding[] {
  const findings: Finding[] = [];
  const homes = addresses.map((address) => new URL(address).origin);
  const elsewhere = bindings.filter(
    ({ handler }) => isTidy24(handler) && !homes.includes(URL.parse(handler)?.origin ?? ''),
  );
  if (addresses.length > 1 || elsewhere.length > 0) {
    const text = 'events go to several addresses, of which one may be of an old deployment';
    findings.push(warning('events', text, pushAgain(domain, place)));
  }
  const idle = bindings.filter(({ event, handler }) => addresses.includes(handler) && !needed.includes(event));
  if (idle.length > 0) {
    const text = `bound and needed by no rule: ${idle.map(({ event }) => event).join(', ')}`;
    findings.push(warning('events', text, pushAgain(domain, place)));
  }
  return findings;
}

function pushAgain(domain: string, place: Place): string {
  return `The daily check mends it, or at once: ${commandLine(place, `rules push rules.yaml --portal ${domain}`)}`;
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
