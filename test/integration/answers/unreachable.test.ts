import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { expectDone, expectKept, expectStopped } from './reactions.ts';
import { Stage } from './stage.ts';

const minute = 60_000;
let stage: Stage;
/** Where calls to the portal's REST interface go instead, if anywhere; the authorization server stays reachable. */
let astray: ((url: URL) => string) | undefined;

beforeAll(async () => {
  const { fetch } = globalThis;
  // Real connections that really fail: only the address is another one.
  jest.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    return fetch(astray && url.pathname.startsWith('/rest/') ? astray(url) : input, init);
  });
  stage = await Stage.open();
});
afterAll(async () => {
  jest.restoreAllMocks();
  await stage.close();
});

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Two deals are planned, and then the portal cannot be reached any more. */
async function lostOnTheWay(where: (url: URL) => string) {
  await stage.fresh();
  const [lost, reopened] = [stage.addDeal(), stage.addDeal()];
  stage.lose(lost, reopened);
  await stage.deployment.simulator.settle();
  while (await stage.deployment.runOnce('events'));
  const asked = stage.portal.requests.length;
  astray = where;
  await stage.deployment.run();
  expect(stage.portal.requests.length).toBe(asked);
  return { lost, reopened };
}

async function refused(): Promise<(url: URL) => string> {
  const port = await closedPort();
  return (url) => `http://127.0.0.1:${port}${url.pathname}`;
}

describe('a portal that cannot be reached', () => {
  test.each([
    { how: 'because the connection is refused', where: refused, fact: 'symptom/refused' },
    {
      how: 'because there is no such host',
      where: () => Promise.resolve((url: URL) => `http://portal.invalid${url.pathname}`),
      fact: 'symptom/dns',
    },
    {
      how: 'because there is no TLS',
      where: () => Promise.resolve((url: URL) => `https://${url.host}${url.pathname}`),
      fact: 'symptom/tls',
    },
  ])('$how, is tried again later, and then the work is done [$fact]', async ({ where }) => {
    const { lost, reopened } = await lostOnTheWay(await where());
    expect(await stage.task(lost)).toMatchObject({ status: 'open', attempts: 1 });
    expect(await stage.pause()).toBeUndefined();
    stage.reopen(reopened);
    astray = undefined;
    await expectDone(stage, lost, 'some');
    await expectKept(stage, reopened);
    await stage.expectNothingElseTouched();
  });

  test('for more than a day is a matter for a person, and nothing is lost [symptom/refused/for-a-day]', async () => {
    const { lost, reopened } = await lostOnTheWay(await refused());
    const since = Date.now();
    for (let tries = 0; tries < 200 && !(await stage.pause()); tries += 1) await stage.deployment.pass(15 * minute);
    expect(Date.now() - since).toBeGreaterThan(20 * 60 * minute);
    await expectStopped(stage, 'unreachable');
    astray = undefined;
    stage.reopen(reopened);
    await stage.resume();
    await stage.deployment.tick();
    await expectDone(stage, lost);
    await expectKept(stage, reopened);
    await stage.expectNothingElseTouched();
  });
});
