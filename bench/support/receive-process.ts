// A process with the handler of `receive` behind an HTTP listener on 127.0.0.1. Says {"url"} when it listens, and ends
// when its parent does. Its environment names the queues and tables.
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { handler } from '../../handlers/receive.ts';
import { inProcess } from '../../local/lambda/in-process.ts';
import { listenForForms } from './form-listener.ts';

const receive = inProcess<APIGatewayProxyEventV2>(async (event, context) => handler(event, context), {
  functionName: 'receive',
  timeoutSeconds: 10,
});
await listenForForms(async (path, body) => {
  const answer = await receive(apiEvent(path, body));
  return typeof answer === 'object' && answer !== null && 'statusCode' in answer ? Number(answer.statusCode) : 200;
});

/** As API Gateway hands over a form: its body in base64. */
function apiEvent(path: string, body: Buffer): APIGatewayProxyEventV2 {
  const http = { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' };
  const names = { accountId: '0', apiId: 'bench', domainName: '127.0.0.1', domainPrefix: 'bench', stage: '$default' };
  return {
    version: '2.0',
    routeKey: `POST ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    requestContext: { ...names, http, requestId: 'bench', routeKey: `POST ${path}`, time: '', timeEpoch: Date.now() },
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
}
