import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CredentialsMissing, defaultProvider } from '../../../bundle/credential-provider-node.ts';

const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const;
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));

function setAll(variables: Readonly<Record<string, string | undefined>>): void {
  for (const name of names) {
    const value = variables[name];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
beforeEach(() => setAll({}));
afterEach(() => setAll(before));

describe('the credentials of a function', () => {
  test("are those that Lambda gives of the function's role, with their session token", async () => {
    setAll({ AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' });
    expect(await defaultProvider()()).toEqual({
      accessKeyId: 'AKIA1',
      secretAccessKey: 'secret',
      sessionToken: 'session',
    });
  });

  test.each([undefined, ''])('have no session token when it is %j', async (token) => {
    setAll({ AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: token });
    expect(await defaultProvider()()).toEqual({ accessKeyId: 'AKIA1', secretAccessKey: 'secret' });
  });

  test.each([
    [{}, 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is missing'],
    [{ AWS_ACCESS_KEY_ID: 'AKIA-canary', AWS_SECRET_ACCESS_KEY: '' }, 'where AWS_SECRET_ACCESS_KEY is missing'],
    [{ AWS_SECRET_ACCESS_KEY: 'canary' }, 'where AWS_ACCESS_KEY_ID is missing'],
  ])('that are not all there are an error that names what is missing and quotes nothing: %j', async (given, words) => {
    setAll(given);
    const error: unknown = await defaultProvider()().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CredentialsMissing);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('canary');
  });
});
