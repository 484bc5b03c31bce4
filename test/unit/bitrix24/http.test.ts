import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { execFile } from 'node:child_process';
import { inspect, promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Bitrix24Error,
  OutcomeUnknown,
  PortalMoved,
  PortalUnreachable,
  UnusableAnswer,
} from '../../../lib/bitrix24/failures.ts';
import { postForJson } from '../../../lib/bitrix24/http.ts';

const run = promisify(execFile);
const secret = 's3cr3tcodeofawebhook';
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> =>
  listening(createServer(answer));

/** Answers with these bytes and ends the connection. */
function serveRaw(work: (socket: Socket) => void): Promise<string> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => work(socket));
    }),
  );
}

function post(host: string, { timeoutMs = 5_000, signal }: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  return postForJson(globalThis.fetch, `http://${host}/rest/1/${secret}/crm.item.list`, {
    call: { host, method: 'crm.item.list' },
    contentType: 'application/json',
    body: JSON.stringify({ id: 7, auth: secret }),
    timeoutMs,
    signal,
  });
}

const coded = (code: string): Error => Object.assign(new Error(`${code} ${secret}`), { code });

/** A fetch that fails for that reason. */
const postThrough = (cause: Error) =>
  postForJson(() => Promise.reject(new TypeError(`fetch failed: ${secret}`, { cause })), `http://x/${secret}`, {
    call: { host: 'x', method: 'm' },
    contentType: 'application/json',
    body: '',
    timeoutMs: 1_000,
  });

async function failure(promise: Promise<unknown>): Promise<Bitrix24Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Bitrix24Error);
  // Whatever went wrong: nothing of it, at any depth, quotes the URL or the body.
  expect(inspect(error, { depth: 20, showHidden: true, getters: true })).not.toContain(secret);
  expect(JSON.stringify({ ...(error as object), message: String(error) })).not.toContain(secret);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    expect(`${cause.name} ${cause.message} ${cause.stack}`).not.toContain(secret);
  }
  return error as Bitrix24Error;
}

test('a JSON object comes back with its status, whatever the status is', async () => {
  const host = await serve((_request, response) => response.writeHead(503).end('{"error":"QUERY_LIMIT_EXCEEDED"}'));
  expect(await post(host)).toEqual({ status: 503, json: { error: 'QUERY_LIMIT_EXCEEDED' } });
});

test('a JSON object is read whatever content type it comes with', async () => {
  const host = await serve((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('{"result":1}\n'),
  );
  expect((await post(host)).json).toEqual({ result: 1 });
});

describe('an answer that is no JSON object', () => {
  test.each([
    [200, '<html><body>Warning: Undefined index</body></html>', 'html', 'page-other'],
    [200, '\n  <!doctype html>', 'html', 'page-other'],
    [200, '', 'empty', 'page-other'],
    [200, '{"result":{"deals":[1,', 'truncated', 'page-other'],
    [200, '[1,2', 'truncated', 'page-other'],
    [200, 'Warning: in /home/bitrix', 'other', 'page-other'],
    [200, '[]', 'other', 'page-other'],
    [200, 'null', 'other', 'page-other'],
    [200, '"text"', 'other', 'page-other'],
    [401, '<h1>401</h1>', 'html', 'page-401'],
    [403, '<h1>403</h1>', 'html', 'page-403'],
    [404, '<h1>404</h1>', 'html', 'page-404'],
    [429, '', 'empty', 'page-429-503'],
    [503, '<h1>Maintenance</h1>', 'html', 'page-429-503'],
    [500, '', 'empty', 'page-500-502-504'],
    [502, '<h1>502</h1>', 'html', 'page-500-502-504'],
    [504, '<h1>504</h1>', 'html', 'page-500-502-504'],
  ])('of status %i with %j is told by status and kind', async (status, body, kind, row) => {
    const host = await serve((_request, response) => response.writeHead(status).end(body));
    const error = await failure(post(host));
    expect(error).toBeInstanceOf(UnusableAnswer);
    expect(error).toMatchObject({ status, row: { name: row }, symptom: { status, body: kind } });
  });

  test('never quotes the body: a login page may repeat what it was sent', async () => {
    const host = await serve((request, response) => response.writeHead(200).end(`<p>${request.url}</p>`));
    await failure(post(host));
  });
});

describe('a redirect is never followed', () => {
  test.each([
    [302, 'elsewhere'],
    [301, 'elsewhere'],
    [307, 'elsewhere'],
    [308, 'elsewhere'],
    [303, 'elsewhere'],
  ])('%i to another host is a portal that has moved', async (status) => {
    let asked = 0;
    const other = await serve((_request, response) => {
      asked += 1;
      response.end('{"result":true}');
    });
    const host = await serve((_request, response) =>
      response.writeHead(status, { location: `http://${other}/rest/1/${secret}/crm.item.list` }).end(),
    );
    const error = await failure(post(host));
    expect(error).toBeInstanceOf(PortalMoved);
    expect(error).toMatchObject({
      status,
      locationHost: other,
      row: { name: 'redirect-elsewhere', reaction: 'moved' },
    });
    expect(asked).toBe(0);
  });

  test.each(['/bitrix/coupon_activation.php', 'login', '?x=1', ''])(
    'to %j is a page of the same host',
    async (location) => {
      let asked = 0;
      const host = await serve((_request, response) => {
        asked += 1;
        response.writeHead(302, { location }).end();
      });
      expect(await failure(post(host))).toMatchObject({ locationHost: host, row: { name: 'redirect-same-host' } });
      expect(asked).toBe(1);
    },
  );

  test('without a target it is an unusable answer', async () => {
    const host = await serve((_request, response) => response.writeHead(302).end());
    expect(await failure(post(host))).toBeInstanceOf(UnusableAnswer);
  });

  test('a name and a password in the target are not kept', async () => {
    const host = await serve((_request, response) =>
      response.writeHead(302, { location: `https://user:${secret}@new.bitrix24.test/rest/` }).end(),
    );
    expect(await failure(post(host))).toMatchObject({ locationHost: 'new.bitrix24.test' });
  });
});

describe('no answer', () => {
  test('a refused connection: nothing was sent', async () => {
    // In a process of its own: fetch's errors are of another realm than the test's, where `instanceof Error` fails.
    const script = `
      import { createServer } from 'node:net';
      import { postForJson } from ${JSON.stringify(new URL('../../../lib/bitrix24/http.ts', import.meta.url).href)};
      const server = createServer();
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const host = '127.0.0.1:' + server.address().port;
      await new Promise((resolve) => server.close(resolve));
      const options = { call: { host, method: 'm' }, contentType: 'application/json', body: '', timeoutMs: 5000 };
      await postForJson(fetch, 'http://' + host + '/${secret}', options).catch((error) => {
        console.log(error.name);
        console.error(error);
      });`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout.trim()).toBe('PortalUnreachable');
    expect(stderr).not.toContain(secret);
  });

  test.each<[string, Error]>([
    ['a name that does not exist', coded('ENOTFOUND')],
    ['a name server that does not answer', coded('EAI_AGAIN')],
    ['a connection that is never made', coded('UND_ERR_CONNECT_TIMEOUT')],
    ['a certificate of somebody else', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['every address of a host refused', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])],
  ])('%s: nothing was sent', async (_name, cause) => {
    expect(await failure(postThrough(cause))).toBeInstanceOf(PortalUnreachable);
  });

  test.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT', 'SOMETHING_NEW'])(
    '%s: nobody knows what was done',
    async (code) => {
      expect(await failure(postThrough(coded(code)))).toBeInstanceOf(OutcomeUnknown);
    },
  );

  test('a reset before the answer: nobody knows what was done', async () => {
    const host = await serveRaw((socket) => socket.resetAndDestroy());
    expect(await failure(post(host))).toBeInstanceOf(OutcomeUnknown);
  });

  test('a connection that ends without an answer: nobody knows what was done', async () => {
    const host = await serveRaw((socket) => socket.end());
    expect(await failure(post(host))).toBeInstanceOf(OutcomeUnknown);
  });

  test('a reset in the middle of the body: nobody knows what was done', async () => {
    const host = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"result":', () => socket.destroy());
    });
    expect(await failure(post(host))).toBeInstanceOf(OutcomeUnknown);
  });

  test('something that is no HTTP: nobody knows what was done', async () => {
    const host = await serveRaw((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await failure(post(host))).toBeInstanceOf(OutcomeUnknown);
  });

  test('silence past the time-out: nobody knows, and the time waited is told', async () => {
    const host = await serve(() => {});
    const error = await failure(post(host, { timeoutMs: 80 }));
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect((error as OutcomeUnknown).waitedMs).toBeGreaterThanOrEqual(70);
    expect((error as OutcomeUnknown).waitedMs).toBeLessThan(3_000);
  });

  test('an answer whose body never ends is given up as well', async () => {
    const host = await serve((_request, response) => {
      response.writeHead(200).write('{"result":');
    });
    expect(await failure(post(host, { timeoutMs: 80 }))).toBeInstanceOf(OutcomeUnknown);
  });

  test('the caller gave up: nobody knows what was done', async () => {
    const controller = new AbortController();
    const host = await serve(() => controller.abort(new Error(secret)));
    expect(await failure(post(host, { signal: controller.signal }))).toBeInstanceOf(OutcomeUnknown);
  });
});

describe('an answer that does not end', () => {
  const mebibyte = 1024 * 1024;
  const answering = (chunks: number) => {
    let given = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          given += 1;
          if (given > chunks) controller.close();
          else controller.enqueue(new Uint8Array(mebibyte).fill(32));
        },
      },
      { highWaterMark: 0 },
    );
    const fetch = () => Promise.resolve(new Response(body, { status: 200 }));
    const call = { host: 'a.test', method: 'crm.item.list' };
    const options = { call, contentType: 'application/json', body: '{}', timeoutMs: 5_000 } as const;
    return { given: () => given, answer: postForJson(fetch, 'https://a.test/rest/', options) };
  };

  test('is read up to 16 MiB and then given up: it cannot fill the memory', async () => {
    const { given, answer } = answering(1_000);
    expect(await failure(answer)).toBeInstanceOf(UnusableAnswer);
    expect(given()).toBe(17);
  });

  test('and is not that large is read whole', async () => {
    const { given, answer } = answering(16);
    expect(await failure(answer)).toBeInstanceOf(UnusableAnswer);
    expect(given()).toBe(17); // The last of them found the end.
  });
});

test('a connection is used again', async () => {
  const ports = new Set<number | undefined>();
  const host = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.resume().on('end', () => response.end('{"result":true}'));
  });
  for (let call = 0; call < 6; call += 1) await post(host);
  expect(ports.size).toBeLessThan(4);
});
