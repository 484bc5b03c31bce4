import { request } from 'node:http';
import { expect } from '@jest/globals';

/** An answer as it came, with the JSON it holds, if it holds any. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sends exactly these bytes' worth of HTTP, with nothing added; rejects when the connection breaks. */
export async function sendRaw(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: options.method ?? 'POST', headers: options.headers ?? {} }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, text, body: parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

export async function postJson(url: string, body: unknown): Promise<Answer> {
  return sendRaw(url, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

export async function postForm(url: string, body: string): Promise<Answer> {
  return sendRaw(url, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body });
}

/** The `result` of an answer that has to be a success. */
export async function resultOf(answer: Promise<Answer>): Promise<unknown> {
  const { status, body } = await answer;
  expect({ status, error: body['error'], description: body['error_description'] }).toEqual({ status: 200 });
  return body['result'];
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
