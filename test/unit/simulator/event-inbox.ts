import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parsePhpForm, type PhpMap } from '../../../simulator/php-form.ts';

export interface Received {
  readonly path: string;
  readonly userAgent: string;
  readonly contentType: string;
  readonly raw: string;
  readonly body: PhpMap;
}

/** A handler that keeps what it is sent. */
export interface EventInbox {
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

export async function openInbox(status = 200): Promise<EventInbox> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      received.push({
        path: request.url ?? '',
        userAgent: request.headers['user-agent'] ?? '',
        contentType: request.headers['content-type'] ?? '',
        raw,
        body: parsePhpForm(raw),
      });
      response.writeHead(status).end('ok');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
