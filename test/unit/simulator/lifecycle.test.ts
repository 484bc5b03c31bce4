import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { seedDemoData } from '../../../simulator/seed-data.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type EventInbox, openInbox } from './event-inbox.ts';
import { postForm, postJson, resultOf, sendRaw } from './portal-client.ts';

describe('a simulator', () => {
  test('with the same seed gives the same ids and tokens', async () => {
    const secrets: string[][] = [];
    for (const seed of [7, 7, 8]) {
      const simulator = await startSimulator({ seed });
      simulator.portal.installApp(simulator.portal.createApp());
      secrets.push([simulator.portal.memberId, ...simulator.portal.secrets()]);
      await simulator.close();
    }

    expect(secrets[0]).toEqual(secrets[1]);
    expect(secrets[0]).not.toEqual(secrets[2]);
    expect(secrets[0]?.[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  test('rejects with the system’s error when its port is in use', async () => {
    const first = await startSimulator();
    const port = Number(first.portal.domain.split(':')[1]);

    await expect(startSimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });

    await first.close();
    const again = await startSimulator({ port });
    await again.close();
  });

  test('gives each portal an address, users and tokens of its own', async () => {
    const simulator = await startSimulator();
    const other = await simulator.addPortal();
    const { accessToken } = simulator.portal.installApp(simulator.portal.createApp());

    expect(other.domain).not.toBe(simulator.portal.domain);
    expect([...simulator.portals.keys()]).toEqual([simulator.portal.memberId, other.memberId]);
    expect((await postJson(`${other.endpoint}profile`, { auth: accessToken })).body['error']).toBe('invalid_token');
    await simulator.close();
  });

  test('ends at once although a slow answer and a slow event are under way', async () => {
    const simulator = await startSimulator();
    const { portal } = simulator;
    portal.faults.add({ when: {}, give: { type: 'slow', ms: 600_000 } });
    portal.addOutgoingWebhook({ url: 'http://127.0.0.1:9/', events: ['ONCRMDEALADD'] });
    portal.delayEvents(600_000);
    portal.addDeal();
    const pending = postJson(`${portal.createWebhook()}profile`, {}).catch(() => 'broken');
    while (portal.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));

    await simulator.close();

    expect(await pending).toBe('broken');
    await simulator.settle();
  });
});

describe('the data file', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'portal-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('carries records, tokens, bindings and the next ids over a restart', async () => {
    const dataFile = join(directory, 'new', 'portal.json');
    const before = await startSimulator({ dataFile, demoData: true });
    const app = before.portal.createApp();
    const tokens = before.portal.installApp(app);
    const handler = 'http://127.0.0.1:9/';
    await resultOf(
      postJson(`${before.portal.endpoint}event.bind`, { event: 'ONCRMDEALUPDATE', handler, auth: tokens.accessToken }),
    );
    const { memberId } = before.portal;
    const other = await before.addPortal();
    other.addDeal({ title: 'elsewhere' });
    await before.close();

    const after = await startSimulator({ dataFile, demoData: true });
    const { portal } = after;
    expect(portal.memberId).toBe(memberId);
    expect(portal.contactsOf(1)).toEqual([1, 2, 3]);
    expect(portal.addDeal()).toBe(4);
    const auth = tokens.accessToken;
    expect(await resultOf(postJson(`${portal.endpoint}event.get`, { auth }))).toMatchObject([
      { event: 'ONCRMDEALUPDATE' },
    ]);
    expect((await after.addPortal()).deal(1)).toMatchObject({ title: 'elsewhere' });
    const issued = portal.issueTokens(app).accessToken;
    expect(issued).not.toBe(tokens.accessToken);
    await after.close();

    expect((await stat(dataFile)).mode & 0o077).toBe(0);
  });

  test('that is not ours is refused and left alone', async () => {
    const dataFile = join(directory, 'other.json');
    await writeFile(dataFile, '{"hello":1}');

    await expect(startSimulator({ dataFile })).rejects.toThrow(dataFile);

    expect(await readFile(dataFile, 'utf8')).toBe('{"hello":1}');
  });

  test('of before there were invoices, custom fields and activities gets them', async () => {
    const dataFile = join(directory, 'former.json');
    const before = await startSimulator({ dataFile });
    const id = before.portal.addDeal();
    await before.close();
    const file = JSON.parse(await readFile(dataFile, 'utf8')) as {
      portals: { pipelines: { entityTypeId: number }[] }[];
    };
    for (const state of file.portals)
      state.pipelines = state.pipelines.filter((pipeline) => pipeline.entityTypeId !== 31);
    const dropped = new Set(['fields', 'lastActivityAt', 'lastActivityBy']);
    const former = JSON.stringify(file, (key, value: unknown) => (dropped.has(key) ? undefined : value));
    await writeFile(dataFile, former);

    const after = await startSimulator({ dataFile });

    const deal = after.portal.deal(id);
    expect(deal).toMatchObject({ lastActivityTime: deal?.['createdTime'], lastActivityBy: 1 });
    expect(after.portal.item(31, after.portal.addItem(31))).toMatchObject({ stageId: expect.stringMatching(/:N$/) });
    await after.close();
  });
});

describe('the control endpoints', () => {
  let simulator: Simulator;
  let inbox: EventInbox;
  let control: string;

  beforeEach(async () => {
    simulator = await startSimulator();
    inbox = await openInbox();
    seedDemoData(simulator.portal);
    control = `http://${simulator.portal.domain}/simulator/`;
  });
  afterEach(async () => {
    await simulator.close();
    await inbox.close();
  });

  test('describe themselves', async () => {
    const { status, body } = await sendRaw(control, { method: 'GET' });

    expect([status, body['memberId']]).toEqual([200, simulator.portal.memberId]);
    expect(body['routes']).toContainEqual(expect.stringContaining('POST /simulator/deals/:id/move'));
  });

  test('install an app, and move a deal that is seen with its contacts', async () => {
    const app = await postForm(`${control}apps/install`, `installUrl=${encodeURIComponent(inbox.url)}`);
    await simulator.settle();
    expect(app.body).toEqual({ clientId: expect.any(String), clientSecret: expect.any(String) });
    expect(inbox.received).toHaveLength(1);

    await postForm(`${control}deals/1/move?stage=C5:UC_7K2M`, '');
    const { body } = await sendRaw(`${control}deals/1`, { method: 'GET' });

    expect(body).toMatchObject({ deal: { stageSemanticId: 'F' }, contacts: [1, 2, 3] });
  });

  test('make deals and webhooks', async () => {
    const deal = await postForm(`${control}deals`, 'title=New&categoryId=5&contactIds=1,2');
    expect(deal.body).toMatchObject({ stageId: 'C5:NEW', contactIds: [1, 2] });

    const { body } = await postForm(`${control}webhooks/incoming`, '');
    expect((await postJson(`${String(body['url'])}profile`, {})).status).toBe(200);
  });

  test.each([
    ['deals/1/move', '', 400],
    ['deals/1/move', 'stage=NONE', 400],
    ['deals/99/move', 'stage=NEW', 400],
    ['nothing', '', 404],
  ])('refuse %s with "%s"', async (path, body, status) => {
    const answer = await postForm(`${control}${path}`, body);

    expect([answer.status, typeof answer.body['error']]).toEqual([status, 'string']);
  });
});
