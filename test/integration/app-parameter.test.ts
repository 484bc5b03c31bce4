import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appParameter } from '../../lib/aws/app-parameter.ts';

/** The deployment's own app comes from SSM, which is played by a server that speaks its protocol for one call. */
describe("the deployment's app", () => {
  let server: Server;
  let value: string;
  let asked: { target: string | undefined; body: unknown }[];

  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push({ target: String(request.headers['x-amz-target']), body: JSON.parse(body) });
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify({ Parameter: { Name: '/tidy24/app', Type: 'SecureString', Value: value } }));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    delete process.env['AWS_ENDPOINT_URL_SSM'];
  });

  test('is read from the parameter, decrypted, and only once', async () => {
    value = '{"clientId":"local.1","clientSecret":"s3cret"}';
    const app = appParameter('/tidy24/app');

    expect(await Promise.all([app(), app()])).toEqual([
      { clientId: 'local.1', clientSecret: 's3cret' },
      { clientId: 'local.1', clientSecret: 's3cret' },
    ]);

    expect(asked).toEqual([{ target: 'AmazonSSM.GetParameter', body: { Name: '/tidy24/app', WithDecryption: true } }]);
  });

  test('is none when no parameter is named, without asking anybody', async () => {
    expect(await appParameter(undefined)()).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test.each(['not JSON, canary-1', '{"clientId":"canary-1"}', '{"clientId":"","clientSecret":"canary-1"}'])(
    'in a parameter that cannot be used is an error that names the parameter and not its value: %s',
    async (text) => {
      value = text;
      const app = appParameter('/tidy24/app');

      const error: unknown = await app().catch((thrown: unknown) => thrown);

      expect(String(error)).toContain('/tidy24/app');
      expect(String(error)).toContain('clientSecret');
      expect(String(error)).not.toContain('canary-1');
      value = '{"clientId":"local.1","clientSecret":"s3cret"}';
      expect(await app()).toEqual({ clientId: 'local.1', clientSecret: 's3cret' });
    },
  );
});
