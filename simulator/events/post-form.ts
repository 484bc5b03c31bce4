import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Posts a form as the queue server does, and resolves with the status; rejects when there is no answer in time. */
export async function postForm(url: string, body: string, timeout: number, signal: AbortSignal): Promise<number> {
  return (await exchange(url, body, { 'User-Agent': 'Bitrix24 Webhook Engine' }, timeout, signal)).status;
}

/** What a browser gets for a form. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Posts a form as the browser of a portal's user does, into a frame of the portal's page. */
export async function postFromFrame(url: string, body: string, timeout: number, signal: AbortSignal): Promise<Page> {
  return exchange(url, body, { 'User-Agent': 'Mozilla/5.0', Accept: 'text/html' }, timeout, signal);
}

async function exchange(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  timeout: number,
  signal: AbortSignal,
): Promise<Page> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': Buffer.byteLength(body),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
