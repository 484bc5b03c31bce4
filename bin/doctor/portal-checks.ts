import { day, minute } from '../../lib/bitrix24/reactions.ts';
import type { Portal } from '../../lib/portals/portal.ts';
import { PortalBusy } from '../../lib/portals/waiting.ts';
import type { StoredRule } from '../../lib/rules/version.ts';
import { CommandError } from '../command-error.ts';
import type { Deployment } from '../deployment.ts';
import { commandLine, type Place } from '../place.ts';
import { iso } from '../time.ts';
import { askPortal, type PortalSays } from './ask-portal.ts';
import { checkBindings, type ProbeOptions } from './event-checks.ts';
import { checkHealth, checkRefreshToken } from './health-checks.ts';
import { failure, type Finding, guarded, ok, warning } from './finding.ts';
import { checkLimits } from './limit-checks.ts';
import { checkRecycleBins, deletedTypes } from './recycle-bin-checks.ts';
import { checkRules } from './rule-checks.ts';
import { checkTasks } from './task-checks.ts';

/** A clock that is off by more than this, in ms, makes waits and the moment of enforcement uncertain. */
const toleratedMs = minute;
/** And by more than this, AWS refuses our requests and a record looks lost before it is. */
const wrongMs = 5 * minute;
/** A round of reconciliation that ended longer ago than this, in ms, should have been followed by others. */
const roundMs = 2 * 60 * minute;

/** Everything about one portal, each of its checks by itself. */
export async function checkPortal(deployment: Deployment, portal: Portal, probe: ProbeOptions): Promise<Finding[]> {
  const { place } = deployment;
  const check = (name: string, work: () => Promise<readonly Finding[]>) => guarded(name, place, work);
  const state = checkState(portal, place);
  if (portal.state === 'disconnected') return state;

  const [answers, refreshToken, rules, tasks] = await Promise.all([
    check('token', () => checkAnswers(deployment, portal, probe)),
    check('refresh token', () => checkRefreshToken(deployment, portal)),
    check('rules', () => checkRules(deployment, portal)),
    check('tasks', () => checkTasks(deployment, portal)),
  ]);
  const health = checkHealth(portal, deployment);
  return [...state, ...answers, ...refreshToken, ...rules, ...tasks, ...checkRounds(portal, deployment), ...health];
}

function checkState({ domain, state, mode, enforcedAt, pause, connection }: Portal, place: Place): Finding[] {
  const connect = commandLine(place, connection === 'oauth' ? 'portals credentials' : 'portals connect');
  if (state === 'disconnected') {
    return [warning('state', 'disconnected: nothing is read from it or written to it', `Connect it again: ${connect}`)];
  }
  const mend =
    connection === 'oauth'
      ? `Give its app's id and secret: ${connect}`
      : 'Change any deal: the first event of the outgoing webhook names the portal.';
  const modeText =
    mode === 'observe'
      ? 'mode observe: deletes nothing'
      : `mode enforce, for losses since ${iso(enforcedAt) ?? 'never'}`;
  const findings =
    state === 'pending'
      ? [warning('state', 'pending: not proved yet, so nothing is done for it', mend)]
      : [ok('state', `active, ${modeText}`)];
  if (pause) {
    const resume =
      pause.newDomain === undefined
        ? `When that is done: ${commandLine(place, `portals resume ${domain}`)}`
        : `If ${pause.newDomain} is its new address: ${commandLine(place, `portals move ${domain} ${pause.newDomain}`)}`;
    findings.push(failure('pause', `paused since ${iso(pause.since)} (${pause.code}): ${pause.reason}`, resume));
  }
  return findings;
}

async function checkAnswers(deployment: Deployment, portal: Portal, probe: ProbeOptions): Promise<Finding[]> {
  const { credentials, place } = deployment;
  if (portal.state === 'pending' && (await credentials.get(portal.memberId)) === undefined) return [];
  const rules = await storedRules(deployment, portal);
  const types = deletedTypes(rules);
  let says: PortalSays;
  try {
    says = await askPortal(deployment, portal, { withTypes: types.length > 0 });
  } catch (error) {
    if (error instanceof PortalBusy) {
      return [warning('token', `not tried: ${error.message}`, `Look again after ${iso(error.until)}.`)];
    }
    // What this command line lacks says nothing about the deployment.
    if (error instanceof CommandError) return [warning('token', `not tried: ${error.message}`)];
    throw error;
  }
  const how = portal.connection === 'oauth' ? 'the access token' : 'the incoming webhook';
  return [
    ok('token', `${how} works${says.profile ? `, for user ${says.profile.ID}` : ''}`),
    ...checkRights(portal, says),
    ...checkClock(says),
    ...(portal.connection === 'oauth' ? checkApp(portal, says, place) : []),
    ...(await checkBindings(portal, says.bindings, probe, { rules, place })),
    ...checkRecycleBins(types, says.types),
    ...(await checkLimits(deployment, portal, says.app?.LICENSE_FAMILY)),
  ];
}

/** That they cannot be read is said by checkRules. */
async function storedRules(
  { portals }: Deployment,
  { memberId, rulesVersion }: Portal,
): Promise<readonly StoredRule[]> {
  if (rulesVersion === undefined) return [];
  return (await portals.rules(memberId, rulesVersion).catch(() => undefined))?.rules ?? [];
}

function checkRights({ mode, connection }: Portal, { profile, scope }: PortalSays): Finding[] {
  const where = connection === 'oauth' ? "in the app's settings on the portal" : "in the incoming webhook's form";
  const findings: Finding[] = [];
  if (scope === undefined) findings.push(warning('scope', 'the portal does not say what the credentials may use'));
  else if (scope.includes('crm')) findings.push(ok('scope', 'crm is allowed'));
  else findings.push(failure('scope', 'crm is not allowed', `Allow CRM (crm) ${where}.`));

  const mend = 'Connect the portal with credentials of an administrator.';
  if (profile === undefined) findings.push(failure('administrator', 'the portal does not say who we are', mend));
  else if (profile.ADMIN) findings.push(ok('administrator', `user ${profile.ID} is one`));
  else {
    const text = `user ${profile.ID} is none: Bitrix24 hides records from them, so nothing is deleted`;
    findings.push(mode === 'enforce' ? failure('administrator', text, mend) : warning('administrator', text, mend));
  }
  return findings;
}

function checkClock({ aheadMs }: PortalSays): Finding[] {
  if (aheadMs === undefined) return [warning('time', 'the portal does not say what time it is there')];
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const text = `the portal's clock is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this computer's`;
  if (Math.abs(aheadMs) <= toleratedMs) return [ok('time', text)];
  const mend = "Set this computer's clock; if it is right, that of the portal's server.";
  return [Math.abs(aheadMs) > wrongMs ? failure('time', text, mend) : warning('time', text, mend)];
}

function checkApp({ domain }: Portal, { app }: PortalSays, place: Place): Finding[] {
  if (app === undefined) return [failure('app', 'the portal does not know the app', 'Install the app again.')];
  const findings: Finding[] = [];
  if (app.INSTALLED === false) {
    const mend =
      'Open the app on the portal once, or install it again as one that uses the API only, with /bitrix24/install as its path.';
    findings.push(
      failure('app', `its installation on ${domain} is not finished: none of its events ever arrives`, mend),
    );
  } else findings.push(ok('app', 'its installation is finished'));
  if (app.PAYMENT_EXPIRED === 'Y') {
    findings.push(
      failure('app', 'its payment has expired', `Pay, then: ${commandLine(place, `portals resume ${domain}`)}`),
    );
  }
  return findings;
}

/** Reconciliation finds what no event told of, every 15 minutes. */
function checkRounds(portal: Portal, { clock, place }: Deployment): Finding[] {
  const { state, pause, rulesVersion, reconciledUntil, createdAt } = portal;
  if (state !== 'active' || pause || rulesVersion === undefined) return [];
  const age = clock() - (reconciledUntil ?? createdAt);
  const last =
    reconciledUntil === undefined ? 'no round has ended yet' : `all lost before ${iso(reconciledUntil)} is found`;
  if (age <= roundMs) return [ok('reconcile', last)];
  const text = `${last}, and that is ${age > day ? `${Math.floor(age / day)} days` : `${Math.floor(age / minute)} minutes`} ago`;
  const where = place.local ? 'Is the local run on (npm start)?' : 'Look into the log of the function reconcile.';
  return [warning('reconcile', text, where)];
}
