import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import type { SimulatedPortal } from '../../../simulator/portal.ts';
import { DEMO_LOST_STAGE, seedDemoData } from '../../../simulator/seed-data.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type EventInbox, openInbox } from './event-inbox.ts';
import { postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let portal: SimulatedPortal;
let inbox: EventInbox;

beforeEach(async () => {
  simulator = await startSimulator();
  portal = simulator.portal;
  inbox = await openInbox();
  seedDemoData(portal);
});
afterEach(async () => {
  await simulator.close();
  await inbox.close();
});

/** An installed app that has bound the events. */
async function installedApp(...events: string[]): Promise<SimulatedApp> {
  const app = portal.createApp();
  const { accessToken } = portal.installApp(app);
  for (const event of events) {
    await resultOf(postJson(`${portal.endpoint}event.bind`, { event, handler: inbox.url, auth: accessToken }));
  }
  return app;
}

const names = (): unknown[] => inbox.received.map((received) => received.body['event']);

describe('an event for an app', () => {
  test('is a form of strings with the token of whoever acted', async () => {
    await installedApp('OnCrmDealUpdate');

    portal.moveDeal(1, DEMO_LOST_STAGE);
    await simulator.settle();

    const [received] = inbox.received;
    expect(received).toMatchObject({
      contentType: 'application/x-www-form-urlencoded',
      userAgent: 'Bitrix24 Webhook Engine',
    });
    expect(received?.raw).toMatch(
      /^event=ONCRMDEALUPDATE&event_handler_id=\d+&data%5BFIELDS%5D%5BID%5D=1&ts=\d+&auth%5Baccess/,
    );
    expect(received?.body).toMatchObject({
      data: { FIELDS: { ID: '1' } },
      auth: {
        access_token: expect.any(String),
        expires: expect.stringMatching(/^\d{10}$/),
        expires_in: '3600',
        scope: 'crm',
        domain: portal.domain,
        server_endpoint: portal.endpoint,
        client_endpoint: portal.endpoint,
        status: 'L',
        member_id: portal.memberId,
        user_id: '1',
        application_token: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    });
    expect(received?.body['auth']).not.toHaveProperty('refresh_token');
  });

  test('has no token when a robot acted', async () => {
    await installedApp('ONCRMDEALUPDATE');

    portal.moveDeal(1, DEMO_LOST_STAGE, { actor: 'robot' });
    await simulator.settle();

    expect(Object.keys(inbox.received[0]?.body['auth'] as object)).toEqual([
      'domain',
      'server_endpoint',
      'status',
      'client_endpoint',
      'member_id',
      'application_token',
    ]);
  });

  test('is not sent while the installation is unfinished, and binding succeeds all the same', async () => {
    const app = portal.createApp();
    const { accessToken } = portal.installApp(app, { finished: false });
    const bound = { event: 'ONCRMDEALUPDATE', handler: inbox.url, auth: accessToken };
    expect(await resultOf(postJson(`${portal.endpoint}event.bind`, bound))).toBe(true);

    portal.moveDeal(1, DEMO_LOST_STAGE);
    await simulator.settle();

    expect(inbox.received).toEqual([]);
  });

  test('is not sent after a re-installation, which drops the bindings', async () => {
    const app = await installedApp('ONCRMDEALUPDATE');

    portal.reinstall(app);
    portal.moveDeal(1, DEMO_LOST_STAGE);
    await simulator.settle();

    expect(inbox.received).toEqual([]);
  });

  test('tells a move to another pipeline by its own name, with the new stage and no update', async () => {
    await installedApp('ONCRMDEALUPDATE', 'ONCRMDEALMOVETOCATEGORY');

    portal.moveDeal(3, 'C5:LOSE');
    await simulator.settle();

    expect(names()).toEqual(['ONCRMDEALMOVETOCATEGORY']);
    expect(inbox.received[0]?.body['data']).toEqual({ FIELDS: { ID: '3', CATEGORY_ID: '5', STAGE_ID: 'C5:LOSE' } });
  });

  test('is sent once for two equal changes in one hit, and twice for two hits', async () => {
    await installedApp('ONCRMDEALUPDATE');
    const hook = portal.createWebhook();
    const cmd = {
      a: 'crm.item.update?entityTypeId=2&id=1&fields[title]=One',
      b: 'crm.item.update?entityTypeId=2&id=1&fields[title]=Two',
    };

    await resultOf(postJson(`${hook}batch`, { cmd }));
    await simulator.settle();
    expect(inbox.received).toHaveLength(1);

    portal.updateDeal(1, { title: 'Three' });
    portal.updateDeal(1, { title: 'Four' });
    portal.updateDeal(1, { title: 'Four' });
    await simulator.settle();
    expect(inbox.received).toHaveLength(3);
  });

  test('is not caused by unlinking contacts, but by deleting one', async () => {
    await installedApp('ONCRMDEALUPDATE', 'ONCRMCONTACTDELETE');
    const hook = portal.createWebhook();

    await resultOf(postJson(`${hook}crm.deal.contact.items.delete`, { id: 1 }));
    await resultOf(postJson(`${hook}crm.contact.delete`, { id: 1 }));
    await simulator.settle();

    expect(names()).toEqual(['ONCRMCONTACTDELETE']);
  });

  test('stops a loop that lives on the tokens of events', async () => {
    await installedApp('ONCRMDEALUPDATE');
    portal.updateDeal(1, { title: 'round 0' });
    for (let round = 1; round <= 10; round += 1) {
      await simulator.settle();
      const { access_token: auth } = (inbox.received.at(-1)?.body['auth'] ?? {}) as Record<string, unknown>;
      const fields = { title: `round ${round}` };
      await resultOf(postJson(`${portal.endpoint}crm.item.update`, { entityTypeId: 2, id: 1, fields, auth }));
    }
    await simulator.settle();

    expect(inbox.received).toHaveLength(7);
  });

  test('of a smart process is told by both names', async () => {
    const categoryId = portal.addType({ entityTypeId: 177, title: 'Repairs' });
    await installedApp('ONCRMDYNAMICITEMADD', 'ONCRMDYNAMICITEMADD_177');

    portal.addItem(177, { categoryId, title: 'One' });
    await simulator.settle();

    expect(new Set(names())).toEqual(new Set(['ONCRMDYNAMICITEMADD', 'ONCRMDYNAMICITEMADD_177']));
    expect(inbox.received[0]?.body['data']).toEqual({ FIELDS: { ID: '1', ENTITY_TYPE_ID: '177' } });
  });
});

describe('an installation', () => {
  test('posts ONAPPINSTALL with both tokens, field by field', async () => {
    const app = portal.createApp({ installUrl: `${inbox.url}?install` });

    const tokens = portal.installApp(app);
    await simulator.settle();

    expect(inbox.received).toHaveLength(1);
    const body = inbox.received[0]?.body ?? {};
    expect(inbox.received[0]?.path).toBe('/events?install');
    expect(Object.keys(body)).toEqual(['event', 'data', 'ts', 'auth']);
    expect(body['data']).toEqual({ VERSION: '1', ACTIVE: 'Y', INSTALLED: 'Y', LANGUAGE_ID: 'en' });
    expect(body['auth']).toEqual({
      domain: portal.domain,
      scope: 'crm',
      access_token: tokens.accessToken,
      refresh_token: tokens.refreshToken,
      expires_in: '3600',
      server_endpoint: portal.endpoint,
      status: 'L',
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
      application_token: tokens.applicationToken,
    });
  });

  test('that is removed says so without tokens and accepts none of its own', async () => {
    const app = await installedApp('ONAPPUNINSTALL');
    const { accessToken } = portal.issueTokens(app);

    portal.uninstallApp(app);
    await simulator.settle();

    expect(inbox.received[0]?.body).toMatchObject({ event: 'ONAPPUNINSTALL', data: { CLEAN: '0' } });
    expect(inbox.received[0]?.body['auth']).not.toHaveProperty('access_token');
    expect((await postJson(`${portal.endpoint}profile`, { auth: accessToken })).status).toBe(401);
  });
});

describe('an outgoing webhook', () => {
  test('sends its own application token and never another', async () => {
    const webhook = portal.addOutgoingWebhook({ url: inbox.url, events: ['ONCRMDEALUPDATE'] });

    portal.moveDeal(1, DEMO_LOST_STAGE);
    await simulator.settle();

    expect(inbox.received[0]?.body).toMatchObject({ event: 'ONCRMDEALUPDATE', event_handler_id: String(webhook.id) });
    expect(inbox.received[0]?.body['auth']).toEqual({
      domain: portal.domain,
      client_endpoint: portal.endpoint,
      server_endpoint: portal.endpoint,
      member_id: portal.memberId,
      application_token: webhook.applicationToken,
    });
  });

  test('never hears of a move to another pipeline', async () => {
    portal.addOutgoingWebhook({ url: inbox.url, events: ['ONCRMDEALUPDATE'] });
    expect(() => portal.addOutgoingWebhook({ url: inbox.url, events: ['ONCRMDEALMOVETOCATEGORY'] })).toThrow();

    portal.moveDeal(3, 'C5:LOSE');
    await simulator.settle();

    expect(inbox.received).toEqual([]);
  });
});

describe('a robot', () => {
  test('of the portal posts the document and no token at all', async () => {
    portal.fireRobot(`${inbox.url}?key=SECRET`, 101);
    await simulator.settle();

    expect(inbox.received[0]).toMatchObject({
      path: '/events?key=SECRET',
      body: {
        document_id: ['crm', 'CCrmDocumentDeal', 'DEAL_101'],
        auth: { domain: portal.domain, member_id: portal.memberId },
      },
    });
    expect(Object.keys(inbox.received[0]?.body ?? {})).toEqual(['document_id', 'auth']);
    expect(inbox.received[0]?.body['auth']).not.toHaveProperty('application_token');
    expect(JSON.stringify(portal.postedEvents)).not.toContain('SECRET');
  });

  test('of an app posts workflow, document and application token', async () => {
    const app = await installedApp();

    portal.fireAppRobot(app, inbox.url, 101, { properties: { rule: 'spam' } });
    await simulator.settle();

    expect(inbox.received[0]?.body).toMatchObject({
      document_id: ['crm', 'CCrmDocumentDeal', 'DEAL_101'],
      document_type: ['crm', 'CCrmDocumentDeal', 'DEAL'],
      event_token: expect.stringContaining('|'),
      properties: { rule: 'spam' },
      use_subscription: 'N',
      auth: { access_token: expect.any(String), user_id: '1', application_token: expect.any(String) },
    });
  });
});

describe('delivery', () => {
  test('is tried once, whatever the handler answers', async () => {
    const broken = await openInbox(500);
    portal.addOutgoingWebhook({ url: broken.url, events: ['ONCRMDEALUPDATE'] });
    portal.addOutgoingWebhook({ url: 'http://127.0.0.1:9/', events: ['ONCRMDEALUPDATE'] });

    portal.updateDeal(1, { title: 'Other' });
    await simulator.settle();
    await broken.close();

    expect(broken.received).toHaveLength(1);
    expect(new Set(portal.postedEvents.map((posted) => posted.outcome))).toEqual(new Set([500, 'no answer']));
  });

  test('can lose, double, hold, reverse and repeat events', async () => {
    portal.addOutgoingWebhook({ url: inbox.url, events: ['ONCRMDEALUPDATE'] });
    const ids = (): unknown[] =>
      inbox.received.map((received) => (received.body['data'] as { FIELDS: { ID: string } }).FIELDS.ID);

    portal.dropEvents(1);
    portal.updateDeal(1, { title: 'lost' });
    portal.duplicateEvents(1);
    portal.updateDeal(2, { title: 'doubled' });
    await simulator.settle();
    expect(ids()).toEqual(['2', '2']);
    expect(portal.postedEvents.filter((posted) => posted.outcome === 'dropped')).toHaveLength(1);

    const [, doubled] = portal.postedEvents;
    if (doubled) portal.replayEvent(doubled);
    await simulator.settle();
    expect(inbox.received[2]?.raw).toBe(inbox.received[1]?.raw);

    portal.holdEvents();
    portal.updateDeal(1, { title: 'first' });
    portal.updateDeal(2, { title: 'second' });
    await simulator.settle();
    expect(inbox.received).toHaveLength(3);
    portal.releaseEvents('reversed');
    await simulator.settle();
    expect(new Set(ids().slice(3))).toEqual(new Set(['1', '2']));
  });
});
