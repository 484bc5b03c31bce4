import * as z from 'zod';

const parameterSchema = z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1) });
type App = z.infer<typeof parameterSchema>;

/**
 * The deployment's own app, from the SSM parameter of that name: a SecureString that holds
 * `{"clientId":"…","clientSecret":"…"}`. Undefined when the deployment has none. Read once; the SSM client is loaded
 * only where a parameter is named.
 */
export function appParameter(name: string | undefined): () => Promise<App | undefined> {
  let read: Promise<App> | undefined;
  return async () => {
    if (name === undefined) return undefined;
    read ??= readParameter(name).catch((error: unknown) => {
      read = undefined;
      throw error;
    });
    return read;
  };
}

async function readParameter(name: string): Promise<App> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
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
