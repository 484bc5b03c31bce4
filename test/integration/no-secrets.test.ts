import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Deployment } from './support/deployment.ts';
import { addDeal, connectWebhooks, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

const minute = 60_000;
const secrets = new Set<string>();

/** Every secret there is at this moment: the simulator's and what the credentials table holds. */
async function collect({ tables, portal }: Deployment): Promise<void> {
  for (const secret of portal.secrets()) secrets.add(secret);
  const { items } = await tables.credentials.scan({ where: 'attribute_exists(#memberId)' });
  for (const [, text = ''] of JSON.stringify(items).matchAll(
    /"(?:accessToken|refreshToken|clientSecret)":"([^"]+)"/g,
  )) {
    secrets.add(text);
  }
}

/** Lets everything go wrong that can: each failure has a text of its own that might quote what was sent. */
async function playFailures(deployment: Deployment): Promise<void> {
  const { portal } = deployment;
  const [secret = ''] = secrets;
  const batch = { method: 'batch' };
  const refusal = portal.faults.add({
    when: { method: 'crm.deal.contact.items.delete', inBatch: 'command' },
    give: { type: 'error', error: 'ACCESS_DENIED', description: `auth ${[...secrets].join(' ')}` },
  });
  portal.moveDeal(addDeal(deployment), lostStage);
  await deployment.run();
  expect(refusal.hits).toBe(1);
  const faults = [
    { type: 'error', status: 400, error: 'ODD', description: `token ${[...secrets].join(' ')} is odd` },
    { type: 'error', status: 500, error: secret, description: `auth=${secret}` },
    { type: 'html', status: 502, body: `<html>${[...secrets].join(' ')}</html>` },
    { type: 'html', status: 403, body: 'denied' },
    { type: 'truncated' },
    { type: 'reset', work: 'after' },
    { type: 'error', status: 503, error: 'QUERY_LIMIT_EXCEEDED', description: 'Too many requests' },
    { type: 'redirect', location: `https://elsewhere.example/rest/?auth=${secret}` },
  ] as const;
  for (const give of faults) {
    for (const nth of [1, 2, 3]) {
      portal.faults.add({ when: { ...batch, nth }, give });
      const deal = addDeal(deployment);
      portal.moveDeal(deal, lostStage);
      await deployment.run();
      await collect(deployment);
      await deployment.pass(2 * minute);
      portal.faults.clear();
      await deployment.portals.resume(portal.memberId);
      await deployment.tasks.hastenPortal(portal.memberId);
      await deployment.pass(minute);
    }
  }
}

describe('no secret leaves the credentials table', () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.start();
    const { portal, front } = deployment;
    furnish(deployment);
    const app = await installApp(deployment);
    secrets.add(app.clientSecret);
    await collect(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    const outgoing = portal.addOutgoingWebhook({
      url: `${front.url}/bitrix24/events`,
      events: ['ONCRMDEALUPDATE'],
    });
    secrets.add(outgoing.applicationToken); // Known to nobody: its events are dropped.
    portal.fireRobot(`${front.url}/bitrix24/robot?key=canary-key-0123456789abcdef`, addDeal(deployment));
    secrets.add('canary-key-0123456789abcdef');
    await playFailures(deployment);

    // The token endpoint refuses, quotes the secret, breaks; then the tokens are revoked for good.
    for (const give of [
      { type: 'error', status: 200, error: 'wrong_client', description: `client_secret=${app.clientSecret}` },
      { type: 'html', status: 500, body: app.clientSecret },
      { type: 'reset', work: 'before' },
    ] as const) {
      portal.faults.add({ when: { method: 'oauth/token' }, give });
      portal.expireAccessTokens();
      portal.moveDeal(addDeal(deployment), lostStage);
      await deployment.run();
      await deployment.pass(3 * minute);
      await deployment.portals.resume(portal.memberId);
    }
    const tokens = portal.installApp(app);
    for (const token of Object.values(tokens)) if (typeof token === 'string' && token.length > 15) secrets.add(token);
    await deployment.run();
    await collect(deployment);
    // The bucket of requests runs dry: the next deal is read at once, although the portal has refused requests.
    await deployment.pass(minute);
    portal.revokeTokens(app);
    portal.moveDeal(addDeal(deployment), lostStage);
    await deployment.run();
    await deployment.pass(3 * minute);

    // The same portal by webhook, with a wrong one at the end.
    await deployment.portals.remove(portal.memberId);
    await connectWebhooks(deployment);
    await collect(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    portal.moveDeal(addDeal(deployment), lostStage);
    await deployment.run();
    await playFailures(deployment);
    portal.revokeWebhooks();
    portal.moveDeal(addDeal(deployment), lostStage);
    await deployment.run();
    await deployment.pass(minute);
  }, 120_000);
  afterAll(async () => {
    await deployment.close();
  });

  test('the run had secrets of every kind and failures of every kind', async () => {
    expect(secrets.size).toBeGreaterThan(15);
    expect(deployment.output.length).toBeGreaterThan(50);
    expect((await deployment.tasksOf()).length).toBeGreaterThan(20);
    expect((await deployment.portals.get(deployment.portal.memberId))?.pause?.code).toBe('invalid-credentials');
  });

  test.each([
    ['log line', () => deployment.output],
    ['message', () => deployment.bodies],
    ['HTTP answer', () => deployment.front.answers.map((answer) => inspect(answer))],
    ['error of a function', () => deployment.crashes.map((crash) => inspect(crash, { depth: 10 }))],
  ])('no %s holds one', (_, texts) => {
    expect(texts().filter(holdsSecret)).toEqual([]);
  });

  test.each(['portals', 'tasks', 'snapshots'] as const)('no row of the table %s holds one', async (name) => {
    const key = name === 'portals' ? '#memberId' : '#taskId';
    const { items } = await deployment.tables[name].scan({ where: `attribute_exists(${key})` });
    expect(items.length).toBeGreaterThan(0);
    expect(items.map((item) => JSON.stringify(item)).filter(holdsSecret)).toEqual([]);
  });

  test('no dead letter holds one', async () => {
    const letters = [
      ...(await deployment.deadLetters('DELETIONS_DLQ_URL')),
      ...(await deployment.deadLetters('EVENTS_DLQ_URL')),
    ];
    expect(letters.length).toBeGreaterThan(0);
    expect(letters.map((letter) => JSON.stringify(letter)).filter(holdsSecret)).toEqual([]);
  });
});

function holdsSecret(text: string): boolean {
  return [...secrets].some((secret) => text.includes(secret));
}
