import { PassThrough } from 'node:stream';
import { runCli } from '../../../bin/run-cli.ts';

/**
 * `tidy24 … --local`, as a person types it who does not answer questions, on embedded tables and queues that are not those of
 * `npm start`.
 */
export async function tidy24(
  command: readonly string[],
  at: { readonly sqsUrl: string; readonly dynamoDbUrl: string; readonly httpUrl: string },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: false });
  stdin.end();
  let [stdout, stderr] = ['', ''];
  const code = await runCli([...command, '--local'], {
    env: {
      TIDY24_SQS_PORT: new URL(at.sqsUrl).port,
      TIDY24_DYNAMODB_PORT: new URL(at.dynamoDbUrl).port,
      TIDY24_HTTP_PORT: new URL(at.httpUrl).port,
    },
    stdin,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    fetch: globalThis.fetch,
    clock: Date.now,
    sleep: () => Promise.resolve(),
    random: () => 0.5,
    newId: () => crypto.randomUUID(),
    user: 'ada@laptop',
  });
  return { code, stdout, stderr };
}
