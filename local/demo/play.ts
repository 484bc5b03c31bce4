import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seedDemoData } from '../../simulator/seed-data.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { startStack, type Stack } from '../stack/stack.ts';
import { runCommand } from './command-line.ts';
import { type Moment, momentOf, renderTimeline } from './timeline.ts';

export interface DemoOptions {
  /** With an incoming and an outgoing webhook instead of an app with OAuth. */
  readonly webhook: boolean;
  readonly print: (line: string) => void;
}

type DemoStack = Stack<Simulator>;

/** The longest that the deletion is waited for, in ms: the functions are built and started at their first call. */
const patienceMs = 60_000;

const rules = `version: 1
rules:
  - id: unlink-lost
    description: A lost deal keeps no contacts
    when: { type: deal, pipelines: [5], stages: ["Chose a competitor"] }
    wait: 0m
    delete: [deal-contacts]
`;

/**
 * Plays one lost deal from event to unlinked contacts, on free ports and in memory.
 *
 * @returns what is wrong with the outcome; nothing when all is as it must be
 */
export async function playDemo({ webhook, print }: DemoOptions): Promise<string[]> {
  const moments: Moment[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'tidy24-demo-'));
  print('Starting SQS, DynamoDB, a Bitrix24 portal and the functions on free ports of 127.0.0.1 …');
  const stack = await startStack({
    simulator: ({ port }) => startSimulator({ port }),
    output: (line) => {
      const moment = momentOf(line);
      if (moment) moments.push(moment);
    },
  });
  try {
    const { portal } = stack.simulator;
    const deals = seedDemoData(portal);
    await (webhook ? connectByWebhook(stack, print) : installApp(stack, print));
    const file = path.join(folder, 'rules.yaml');
    writeFileSync(file, rules);
    await runCommand(stack, ['rules', 'push', file, '--portal', portal.domain], { print });
    await runCommand(stack, ['portals', 'mode', portal.domain, 'enforce', '--confirm', portal.domain], { print });

    const before = { refreshes: portal.refreshes.length, at: Date.now() };
    if (!webhook) portal.expireAccessTokens();
    print('');
    print(
      `Deal ${deals.dealId} with contacts ${portal.contactsOf(deals.dealId).join(', ')} moves to ${deals.lostStageId} …`,
    );
    const others = portal.contactsOf(deals.otherDealId);
    portal.moveDeal(deals.dealId, deals.lostStageId);
    await untilQuiet(stack, () => portal.contactsOf(deals.dealId).length === 0);

    moments.push({ at: before.at, where: 'portal', what: `deal ${deals.dealId} moves to ${deals.lostStageId}` });
    moments.push(...portalMoments(portal, before.at));
    print('');
    for (const line of renderTimeline(moments.filter(({ at }) => at >= before.at))) print(line);
    print('');
    await runCommand(stack, ['tasks', 'list', '--portal', portal.domain], { print });
    print('');
    return [
      ...stack.refusable.map((call) => `AWS would refuse: ${call}`),
      ...check(portal, { ...deals, others, refreshes: portal.refreshes.length - before.refreshes, webhook }),
    ];
  } finally {
    await stack.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function installApp(stack: DemoStack, print: DemoOptions['print']): Promise<void> {
  const { portal } = stack.simulator;
  const app = portal.createApp({ installUrl: `${stack.httpUrl}/bitrix24/install` });
  print('An administrator adds a local app; Bitrix24 calls the installation address once …');
  portal.installApp(app);
  await stack.simulator.settle();
  await stack.settled();
  await runCommand(stack, ['portals', 'credentials', portal.memberId], {
    answers: [app.clientId, app.clientSecret],
    print,
  });
}

async function connectByWebhook(stack: DemoStack, print: DemoOptions['print']): Promise<void> {
  const { portal } = stack.simulator;
  print('An administrator creates an incoming and an outgoing webhook …');
  const outgoing = portal.addOutgoingWebhook({
    url: `${stack.httpUrl}/bitrix24/events`,
    events: ['ONCRMDEALUPDATE', 'ONCRMDEALADD'],
  });
  await runCommand(stack, ['portals', 'connect', '--webhook', '--application-token', '--member-id', portal.memberId], {
    answers: [portal.createWebhook(), outgoing.applicationToken],
    print,
  });
}

/** Until it has happened and everything that follows from it has been written down. */
async function untilQuiet(stack: DemoStack, happened: () => boolean): Promise<void> {
  const end = Date.now() + patienceMs;
  await stack.simulator.settle();
  while (!happened() && Date.now() < end) await delay(50);
  await stack.settled();
  await delay(200); // The functions' last log lines come through a pipe.
}

/** The portal's side: the events it posted and the requests it answered. */
function portalMoments(portal: SimulatedPortal, since: number): Moment[] {
  const posted = portal.postedEvents.map(({ postedAt, event, outcome }) => ({
    at: postedAt,
    where: 'portal',
    what: `posts ${event}, answered ${outcome}`,
  }));
  const answered = portal.requests.map(({ time, method, commands, status, error }) => ({
    at: time,
    where: 'portal',
    what: `${method}${commands.length > 0 ? `: ${commands.map((command) => command.method).join(', ')}` : ''} → ${status ?? '…'} ${error ?? ''}`,
  }));
  return [...posted, ...answered].filter(({ at }) => at >= since);
}

function check(
  portal: SimulatedPortal,
  found: { dealId: number; otherDealId: number; others: number[]; refreshes: number; webhook: boolean },
): string[] {
  const problems: string[] = [];
  const left = portal.contactsOf(found.dealId);
  if (left.length > 0) problems.push(`deal ${found.dealId} still has contacts: ${left.join(', ')}`);
  const kept = portal.contactsOf(found.otherDealId);
  if (kept.join() !== found.others.join()) problems.push(`deal ${found.otherDealId} is not lost and lost its contacts`);
  const wanted = found.webhook ? 0 : 1;
  if (found.refreshes !== wanted) problems.push(`${found.refreshes} refreshes of the token instead of ${wanted}`);
  return problems;
}
