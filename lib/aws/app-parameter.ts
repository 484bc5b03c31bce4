import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';

const parameterSchema = z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1) });
type App = z.infer<typeof parameterSchema>;

/** A parameter that was read is good for so long, in ms. */
const keptMs = 5 * 60 * 1000;

/**
 * The deployment's own app, from the SSM parameter of that name: a SecureString that holds
 * `{"clientId":"…","clientSecret":"…"}`. Undefined when the deployment has none. Kept for five minutes, so that a new
 * secret is noticed. No SSM client is made where no parameter is named. Imported statically all the same: of what is
 * imported when it is needed, a bundler keeps everything, here 160 KB more.
 */
export function appParameter(name: string | undefined, clock: () => number = Date.now): () => Promise<App | undefined> {
  let read: Promise<App> | undefined;
  let readAt = 0;
  return async () => {
    if (name === undefined) return undefined;
    if (clock() - readAt > keptMs) read = undefined;
    if (read === undefined) readAt = clock();
    read ??= readParameter(name).catch((error: unknown) => {
      read = undefined;
      throw error;
    });
    return read;
  };
}

async function readParameter(name: string): Promise<App> {
  const client = new SSMClient({ maxAttempts: 3 });
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    return parameterSchema.parse(JSON.parse(Parameter?.Value ?? ''));
  } catch (error) {
    // A parser's message quotes the value, which is a secret: it is not passed on.
    const reason = error instanceof Error ? error.name : 'unknown';
    // oxlint-disable-next-line preserve-caught-error -- for that reason
    throw new Error(`The SSM parameter ${name} must hold {"clientId","clientSecret"} as JSON: ${reason}`);
  } finally {
    client.destroy();
  }
}
