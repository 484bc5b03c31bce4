import { request } from 'node:http';

/** Thrown when a function ended with an error, or when its endpoint did not answer as Lambda's does. */
export class InvocationFailed extends Error {
  override readonly name = 'InvocationFailed';
  readonly functionName: string;

  constructor(functionName: string, reason: string, options?: ErrorOptions) {
    super(`${functionName}: ${reason}`, options);
    this.functionName = functionName;
  }
}

interface Answer {
  readonly status: number;
  readonly functionError: string | undefined;
  readonly body: string;
}

/**
 * Invokes a function through an endpoint that speaks Lambda's Invoke, such as serverless-offline's.
 *
 * @param endpoint `http://127.0.0.1:PORT`
 * @param functionName the deployed name: `tidy24-local-release`
 * @returns the function's answer as JSON has it, null for none
 * @throws InvocationFailed
 */
export async function invokeByEndpoint(endpoint: string, functionName: string, event: unknown): Promise<unknown> {
  const answer = await post(
    `${endpoint}/2015-03-31/functions/${functionName}/invocations`,
    JSON.stringify(event),
  ).catch((error: unknown) => {
    throw new InvocationFailed(functionName, 'The endpoint did not answer.', { cause: error });
  });
  if (answer.functionError !== undefined || answer.status !== 200) {
    throw new InvocationFailed(functionName, errorMessage(answer));
  }
  if (answer.body === '') return null;
  try {
    return JSON.parse(answer.body);
  } catch (error) {
    throw new InvocationFailed(functionName, 'The answer is not JSON.', { cause: error });
  }
}

function errorMessage({ status, body }: Answer): string {
  const found = /"(?:errorMessage|Message)":"((?:[^"\\]|\\.)*)"/.exec(body);
  return found?.[1] ?? `The endpoint answered ${status}.`;
}

/** node:http rather than fetch, which gives up on an answer after 300 s: the longest function runs that long. */
function post(url: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const functionError = incoming.headers['x-amz-function-error'];
        resolve({
          status: incoming.statusCode ?? 0,
          functionError: Array.isArray(functionError) ? functionError.join() : functionError,
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
