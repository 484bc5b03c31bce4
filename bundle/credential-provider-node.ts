/** Thrown when AWS is called and Lambda's own variables are not there; names those that are missing. */
export class CredentialsMissing extends Error {
  override readonly name = 'CredentialsMissing';
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Stands in the bundles for `@aws-sdk/credential-provider-node`, which also knows SSO, profiles, web identities, other
 * roles and the metadata of machines and containers: 150 KB, of which a function uses nothing. Lambda puts the
 * credentials of the function's role into its environment, and so does the local run.
 *
 * Source: the AWS Lambda Developer Guide, "Defined runtime environment variables".
 *
 * @throws CredentialsMissing from what it returns
 */
export function defaultProvider(): () => Promise<Credentials> {
  return () => Promise.resolve().then(() => credentialsIn(process.env));
}

function credentialsIn(variables: Readonly<Record<string, string | undefined>>): Credentials {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '' } = variables;
  const missing = Object.entries({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })
    .filter(([, value]) => value === '')
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new CredentialsMissing(
      `A function takes its AWS credentials from its environment, where ${missing.join(' and ')} is missing.`,
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN !== '' && { sessionToken: AWS_SESSION_TOKEN }),
  };
}
