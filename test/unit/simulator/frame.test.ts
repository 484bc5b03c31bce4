import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import { type EventInbox, openInbox } from './event-inbox.ts';
import { postJson, resultOf } from './portal-client.ts';

let simulator: Simulator;
let inbox: EventInbox;
beforeEach(async () => {
  simulator = await startSimulator();
  inbox = await openInbox();
});
afterEach(async () => {
  await simulator.close();
  await inbox.close();
});

const infoOf = async (auth: string) => resultOf(postJson(`${simulator.portal.endpoint}app.info`, { auth }));

test('an app with an interface is posted a form when it is opened, and nothing before', async () => {
  const { portal } = simulator;
  const app = portal.createApp({ installUrl: inbox.url, hasInterface: true });
  const { accessToken, applicationToken } = portal.installApp(app);
  await simulator.settle();
  expect(inbox.received).toEqual([]);
  expect(await infoOf(accessToken)).toMatchObject({ INSTALLED: false });

  expect(await portal.openApp(app)).toMatchObject({ status: 200, body: 'ok' });

  const [received] = inbox.received;
  const query = new URLSearchParams(received?.path.split('?')[1]);
  expect(Object.fromEntries(query)).toEqual({
    DOMAIN: portal.domain,
    PROTOCOL: '0',
    LANG: 'en',
    APP_SID: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(received?.body).toEqual({
    AUTH_ID: expect.stringMatching(/^[0-9a-f]{70}$/),
    AUTH_EXPIRES: '3600',
    REFRESH_ID: expect.stringMatching(/^[0-9a-f]{70}$/),
    SERVER_ENDPOINT: portal.endpoint,
    APPLICATION_TOKEN: applicationToken,
    APPLICATION_SCOPE: 'crm',
    member_id: portal.memberId,
    status: 'L',
    PLACEMENT: 'DEFAULT',
    PLACEMENT_OPTIONS: '{"any":"26\\/"}',
  });
  expect(await infoOf(accessToken)).toMatchObject({ INSTALLED: false });
});

test('the installation is finished by a page that calls BX24.installFinish', async () => {
  const { portal } = simulator;
  const page = '<script src="//api.bitrix24.com/api/v1/"></script><script>BX24.init(()=>BX24.installFinish())</script>';
  const server: Server = createServer((_, response) => response.end(page));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const installUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const app = portal.createApp({ installUrl, hasInterface: true });
  const { accessToken } = portal.installApp(app);

  await portal.openApp(app);

  expect(await infoOf(accessToken)).toMatchObject({ INSTALLED: true });
  server.close();
});
