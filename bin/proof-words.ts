import type { Portal } from '../lib/portals/portal.ts';
import type { ProofResult } from '../lib/portals/prove.ts';
import { commandLine, type Place } from './place.ts';
import { portalView } from './portal-view.ts';
import type { Report } from './report.ts';
import { iso } from './time.ts';

interface Proved {
  readonly memberId: string;
  readonly domain: string;
  /** As it is after the proof; undefined when it has never been active. */
  readonly portal: Portal | undefined;
  /** Whether the portal's tokens are refreshed with the given id and secret. */
  readonly isProved: boolean;
  readonly place: Place;
}

/** What became of a proof and what to do next, in plain words. */
export function describeProof(
  proof: ProofResult,
  { memberId, domain: named, portal, isProved, place }: Proved,
): Report {
  // What an unproved installation says of the domain anybody may have written.
  const domain = portal?.state === 'active' ? portal.domain : named;
  const data = {
    memberId,
    domain,
    ...proof,
    ...('until' in proof && { until: iso(proof.until) }),
    appProved: isProved,
    portal: portal ? portalView(portal) : null,
  };
  if (proof.result === 'active') return { data, text: nextSteps(proof.domain, memberId, portal, place) };
  if (proof.result === 'nothing-pending') {
    const stored = isProved ? 'are accepted, and stored.' : 'are stored, for an installation: there is none to prove.';
    const text = [`The client id and secret of ${domain} ${stored}`];
    if (portal?.pause) text.push(`It is paused. Let it go on: ${commandLine(place, `portals resume ${domain}`)}`);
    return { data, text };
  }
  const beside = isProved ? ' The client id and secret are accepted, and stored.' : '';
  const problem = portal?.state === 'active' ? `${problemBeside(proof, portal)}${beside}` : problemOf(proof, domain);
  return { data, text: [], problem };
}

type Unproved = Exclude<ProofResult, { result: 'active' | 'nothing-pending' }>;

function problemOf(proof: Unproved, domain: string): string {
  if (proof.result === 'app-unknown') {
    return `The client id and secret of ${domain} were stored and are gone again. Run the command again.`;
  }
  if (proof.result === 'refused') {
    return (
      `The installation of ${domain} was not confirmed and is forgotten. ${sentence(proof.reason)} Install the app on ` +
      'the portal again, then run this command again.'
    );
  }
  return `${domain} is not active yet. ${sentence(proof.reason)} ${triedAgain(proof.until)}`;
}

/** Of an installation on a portal that works without it: it may be nobody's. */
function problemBeside(proof: Unproved, portal: Portal): string {
  if (proof.result === 'app-unknown') return problemOf(proof, portal.domain);
  const stays = `${portal.domain} is ${portal.pause ? 'paused' : 'active and goes on'} as before.`;
  const posted = 'An installation that somebody posted for it was not';
  const ignore = 'If nobody installed the app there again, ignore it';
  return proof.result === 'refused'
    ? `${stays} ${posted} confirmed and is forgotten. ${sentence(proof.reason)} ${ignore}; else install it once more.`
    : `${stays} ${posted} proved. ${sentence(proof.reason)} ${ignore}: it expires by itself. ${triedAgain(proof.until)}`;
}

function triedAgain(until: number): string {
  return (
    `The id and secret are stored, and it is tried again by itself after ${iso(until)}; run this command again to try ` +
    'now or to correct them.'
  );
}

function nextSteps(domain: string, memberId: string, portal: Portal | undefined, place: Place): string[] {
  const text = [`${domain} is active. Its member id is ${memberId}.`];
  if (portal?.mode !== 'enforce') text.push('Mode observe: tidy24 plans and records, and deletes nothing.');
  if (portal?.rulesVersion === undefined) {
    text.push(`Next, give it rules: ${commandLine(place, `rules push rules.yaml --portal ${domain}`)}`);
  }
  return text;
}

/** A reason as a sentence; one that begins with the name of a method keeps it as it is. */
function sentence(text: string): string {
  const trimmed = text.trim();
  const start = /^[a-z]+ /.test(trimmed) ? `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}` : trimmed;
  return `${start}${/[.!?]$/.test(start) ? '' : '.'}`;
}
