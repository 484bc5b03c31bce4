import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildBundles, type Bundle } from '../../../bench/bundles.ts';
import { lambdaEnvironment } from '../../../bench/cold/lambda-environment.ts';

const run = promisify(execFile);

let bundles: Bundle[];
beforeAll(async () => {
  bundles = await buildBundles();
}, 60_000);

/** The functions in whose bundle something is left of a file whose path matches, and which is no stand-in of ours. */
const withPart = (pattern: RegExp): string[] =>
  bundles
    .filter(({ metafile }) =>
      Object.values(metafile.outputs).some(({ inputs }) =>
        Object.entries(inputs).some(
          ([path, { bytesInOutput }]) => bytesInOutput > 0 && !path.startsWith('bundle/') && pattern.test(path),
        ),
      ),
    )
    .map(({ functionKey }) => functionKey);

describe('no function loads what it does not use', () => {
  const all = ['receive', 'plan', 'worker', 'release', 'reconcile', 'install'];

  test.each([
    ['the client of SQS', /client-sqs/, all],
    ['the client of DynamoDB', /client-dynamodb/, all],
    ['the client of SSM, for the app secret', /client-ssm/, ['plan', 'worker', 'reconcile']],
    ['a parser of forms', /node_modules\/qs\//, ['receive', 'install']],
    ['all of zod', /zod\/v4\/classic/, all.filter((key) => key !== 'receive')],
    ["Bitrix24's REST", /lib\/bitrix24\/rest-client/, ['plan', 'worker', 'reconcile']],
    ['credentials of portals', /lib\/portals\/credentials/, ['plan', 'worker', 'reconcile', 'install']],
    ['the rules file', /lib\/rules\/load|node_modules\/yaml/, []],
    ['the command line', /^bin\/|node_modules\/commander/, []],
    ['other credentials than those of the environment', /credential-provider|nested-clients|token-providers/, []],
    ['event streams and endpoint discovery', /submodules\/event-streams|node_modules\/mnemonist/, []],
    ['what object-inspect and its like bring', /object-inspect|get-intrinsic|node_modules\/side-channel/, []],
  ])('%s', (_, pattern, expected) => {
    expect(withPart(pattern)).toEqual(expected);
  });
});

describe('a bundle', () => {
  let directory: string;
  let aws: Server;
  let asked: { target: string; authorization: string; token: string | undefined }[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidy24-bundle-'));
    const receive = bundles.find(({ functionKey }) => functionKey === 'receive');
    await writeFile(join(directory, 'receive.mjs'), receive?.code ?? '');
    // A DynamoDB that knows no portal: the event is not for us.
    aws = createServer((request, response) => {
      const { 'x-amz-target': target, authorization = '', 'x-amz-security-token': token } = request.headers;
      asked.push({ target: String(target), authorization, token: token?.toString() });
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end('{}');
    });
    await new Promise<void>((resolve) => {
      aws.listen(0, '127.0.0.1', resolve);
    });
  });
  afterAll(async () => {
    aws.closeAllConnections();
    aws.close();
    await rm(directory, { recursive: true, force: true });
  });

  const body = [
    'event=ONCRMDEALUPDATE',
    'data%5BFIELDS%5D%5BID%5D=7',
    'auth[member_id]=a223c6b3710f85df22e9377d6c4f7553',
    'auth[domain]=demo.bitrix24.com',
    'auth[application_token]=token1',
  ].join('&');
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const event = { rawPath: '/bitrix24/events', isBase64Encoded: false, body, headers };
  const credentialNames = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

  /** Calls the handler in a process that has these credentials. Gives its answer and what it has logged. */
  async function call(credentials: Readonly<Record<string, string>>): Promise<{ answer: unknown; log: string }> {
    asked = [];
    const { port } = aws.address() as AddressInfo;
    const own = Object.entries(lambdaEnvironment('receive')).filter(([name]) => !credentialNames.includes(name));
    const context = "{ awsRequestId: '1', getRemainingTimeInMillis: () => 9000 }";
    const script = `import(${JSON.stringify(join(directory, 'receive.mjs'))})
      .then(({ handler }) => handler(${JSON.stringify(event)}, ${context}))
      .then((answer) => process.stdout.write('\\n' + JSON.stringify(answer)));`;
    const endpoint = { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
    const { stdout, stderr } = await run(process.execPath, ['--eval', script], {
      cwd: directory,
      env: { ...Object.fromEntries(own), ...credentials, ...endpoint, HOME: directory },
    });
    return { answer: JSON.parse(stdout.slice(stdout.lastIndexOf('\n'))), log: stdout + stderr };
  }

  test('signs with the credentials that Lambda puts into its environment', async () => {
    const { answer } = await call({
      AWS_ACCESS_KEY_ID: 'AKIA1',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
    });
    expect(answer).toMatchObject({ statusCode: 200 });
    expect(asked.length).toBeGreaterThan(0);
    for (const { authorization, token } of asked) {
      expect(authorization).toContain('Credential=AKIA1/');
      expect(token).toBe('session');
    }
  });

  test('says what is missing when it has no credentials, and asks AWS nothing', async () => {
    const { answer, log } = await call({});
    expect(answer).toMatchObject({ statusCode: 503 });
    expect(log).toContain('CredentialsMissing');
    expect(asked).toEqual([]);
  });
});
