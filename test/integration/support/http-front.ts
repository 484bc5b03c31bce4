import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

export type HttpFunction = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** An HTTP API in front of functions in this process: bodies in base64, as AWS gives form bodies. */
export interface HttpFront {
  readonly url: string;
  /** What was answered, the newest last. */
  readonly answers: { path: string; status: number; body: string }[];
  route(path: string, handler: HttpFunction): void;
  /** Calls the function behind a path with a body as API Gateway would hand it over. */
  call(
    path: string,
    request: { body: string; isBase64Encoded: boolean; contentType: string | undefined },
  ): Promise<APIGatewayProxyStructuredResultV2>;
  close(): Promise<void>;
}

export async function startHttpFront(): Promise<HttpFront> {
  const routes = new Map<string, HttpFunction>();
  const answers: HttpFront['answers'] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const handler = request.method === 'POST' ? routes.get(url.pathname) : undefined;
    const result = handler
      ? await handler(httpEvent(headersOf(request), url, Buffer.concat(chunks).toString('base64'), true))
      : { statusCode: 404, body: '' };
    answers.push({ path: url.pathname, status: result.statusCode ?? 200, body: result.body ?? '' });
    for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, String(value));
    response.writeHead(result.statusCode ?? 200).end(result.body);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      answers.push({ path: request.url ?? '', status: 500, body: '' });
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    route: (path, handler) => {
      routes.set(path, handler);
    },
    call: async (path, { body, isBase64Encoded, contentType }) => {
      const handler = routes.get(path);
      if (!handler) throw new Error(`Nothing is routed at ${path}`);
      const headers = contentType === undefined ? {} : { 'content-type': contentType };
      return handler(httpEvent(headers, new URL(path, 'http://127.0.0.1'), body, isBase64Encoded));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}

function httpEvent(
  headers: Record<string, string>,
  url: URL,
  body: string,
  isBase64Encoded: boolean,
): APIGatewayProxyEventV2 {
  return {
    version: '2.0',
    routeKey: `POST ${url.pathname}`,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    queryStringParameters: Object.fromEntries(url.searchParams),
    requestContext: {
      accountId: '000000000000',
      apiId: 'test',
      domainName: url.host,
      domainPrefix: 'test',
      http: { method: 'POST', path: url.pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' },
      requestId: 'test',
      routeKey: `POST ${url.pathname}`,
      stage: '$default',
      time: '',
      timeEpoch: Date.now(),
    },
    body,
    isBase64Encoded,
  };
}
