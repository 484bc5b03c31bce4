import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { InvocationFailed, invokeByEndpoint } from '../../../local/lambda/by-endpoint.ts';
import { portOf } from '../../../local/servers/listening.ts';

/** What an endpoint that speaks Lambda's Invoke answers, by the name of the function. */
const answers: Record<string, { status: number; headers?: Record<string, string>; body: string }> = {
  fine: { status: 200, body: '{"batchItemFailures":[]}' },
  silent: { status: 200, body: '' },
  thrown: { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body: '{"errorMessage":"out of luck"}' },
  missing: { status: 404, body: '{"Message":"Function not found: missing","Type":"User"}' },
  garbled: { status: 200, body: '<html>' },
};

describe('an invocation by endpoint', () => {
  let server: Server;
  let endpoint: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const name = /functions\/(\w+)\/invocations$/.exec(request.url ?? '')?.[1] ?? '';
      const { status, headers, body } = answers[name] ?? { status: 500, body: '' };
      request.resume();
      response.writeHead(status, headers).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    endpoint = `http://127.0.0.1:${portOf(server)}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('gives the answer', async () => {
    expect(await invokeByEndpoint(endpoint, 'fine', {})).toEqual({ batchItemFailures: [] });
  });

  it('gives null for no answer', async () => {
    expect(await invokeByEndpoint(endpoint, 'silent', {})).toBeNull();
  });

  it.each([
    ['thrown', 'thrown: out of luck'],
    ['missing', 'missing: Function not found: missing'],
    ['garbled', 'garbled: The answer is not JSON.'],
  ])('fails for the function %s, and says why', async (name, message) => {
    const failure = invokeByEndpoint(endpoint, name, {});
    await expect(failure).rejects.toThrow(InvocationFailed);
    await expect(failure).rejects.toThrow(message);
  });

  it('fails when nothing listens there', async () => {
    await expect(invokeByEndpoint('http://127.0.0.1:1', 'fine', {})).rejects.toThrow('The endpoint did not answer.');
  });
});
