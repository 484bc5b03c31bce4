import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import type { Deployed } from '../support/deployed/deployed.ts';
import type { Load } from './load.ts';

const concurrency = 10;
const portals = Array.from({ length: 5 }, (_, index) => ({
  memberId: `${index}`.repeat(32),
  domain: `portal-${index}.bitrix24.eu`,
  token: `${index}`.repeat(32),
}));

/** Events of five portals that are known, ten at a time. */
export function receiveLoad(): Load {
  let deployed: Deployed | undefined;
  return {
    functionKey: 'receive',
    unit: 'event',
    async prepare(given) {
      deployed = given;
      for (const { memberId, domain, token } of portals) {
        await given.portals.create({
          memberId,
          domain,
          connection: 'oauth',
          state: 'active',
          mode: 'observe',
          tokenDigests: [tokenDigest(token)],
          robotKeyDigests: [],
          limits: ordinaryLimits,
        });
      }
    },
    async work(count) {
      let begun = 0;
      const send = async (): Promise<void> => {
        while (begun < count) {
          begun += 1;
          await deployed?.invoke('receive', updateEvent(begun));
        }
      };
      await Promise.all(Array.from({ length: concurrency }, send));
      return begun;
    },
    close: () => Promise.resolve(),
  };
}

/** ONCRMDEALUPDATE as an app gets it, in the form in which API Gateway hands it over (events/index.md). */
function updateEvent(id: number): APIGatewayProxyEventV2 {
  const portal = portals[id % portals.length];
  const fields = {
    event: 'ONCRMDEALUPDATE',
    event_handler_id: '712',
    'data[FIELDS][ID]': String(id),
    ts: String(Math.floor(Date.now() / 1000)),
    'auth[access_token]': 'a'.repeat(70),
    'auth[expires_in]': '3600',
    'auth[scope]': 'crm,user_brief',
    'auth[domain]': portal?.domain ?? '',
    'auth[server_endpoint]': 'https://oauth.bitrix.info/rest/',
    'auth[status]': 'L',
    'auth[client_endpoint]': `https://${portal?.domain}/rest/`,
    'auth[member_id]': portal?.memberId ?? '',
    'auth[user_id]': '1',
    'auth[application_token]': portal?.token ?? '',
  };
  const path = '/bitrix24/events';
  return {
    version: '2.0',
    routeKey: `POST ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Bitrix24 Webhook Engine' },
    requestContext: {
      accountId: '000000000000',
      apiId: 'profile',
      domainName: 'profile',
      domainPrefix: 'profile',
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' },
      requestId: 'profile',
      routeKey: `POST ${path}`,
      stage: '$default',
      time: '',
      timeEpoch: Date.now(),
    },
    body: Buffer.from(new URLSearchParams(fields).toString()).toString('base64'),
    isBase64Encoded: true,
  };
}
