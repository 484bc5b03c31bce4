import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Posts a form as the queue server does, and resolves with the status; rejects when there is no answer in time. */
export async function postForm(url: string, body: string, timeout: number, signal: AbortSignal): Promise<number> {
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
          'User-Agent': 'Bitrix24 Webhook Engine',
        },
      },
      (response) => {
        // The answer's body is of no interest to anyone.
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
