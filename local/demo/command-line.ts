import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { runCli } from '../../bin/run-cli.ts';
import type { Stack } from '../stack/stack.ts';

/** Thrown when a command of the demo fails: the demo has failed then. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/**
 * Runs a command of tidy24 as a person at this machine would, and prints it. `answers` is what the person types when a
 * secret is asked for; it is not printed.
 */
export async function runCommand(
  stack: Pick<Stack<unknown>, 'sqsUrl' | 'dynamoDbUrl'>,
  argv: readonly string[],
  { answers = [], print }: { answers?: readonly string[]; print: (line: string) => void },
): Promise<void> {
  print(`$ npx tidy24 ${argv.join(' ')} --local`);
  let said = '';
  const code = await runCli([...argv, '--local'], {
    env: { TIDY24_SQS_PORT: new URL(stack.sqsUrl).port, TIDY24_DYNAMODB_PORT: new URL(stack.dynamoDbUrl).port },
    stdin: Readable.from(answers.map((answer) => `${answer}\n`)),
    stdout: { write: (text) => (said += text) },
    stderr: { write: (text) => (said += text) },
    fetch: globalThis.fetch,
    clock: Date.now,
    sleep: (ms) => delay(ms),
    random: Math.random,
    newId: randomUUID,
    user: 'demo',
  });
  for (const line of said.trimEnd().split('\n')) print(`  ${line}`);
  if (code !== 0) throw new CommandFailed(`tidy24 ${argv.slice(0, 2).join(' ')} ended with ${code}`);
}
