import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { Deployed } from '../../bench/support/deployed/deployed.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { type HttpFront, startHttpFront } from '../integration/support/http-front.ts';
import { connect, furnish, limits, type Member } from './stage.ts';

const portalOptions = {
  limits: { operatingSeconds: limits.operatingSeconds, windowSeconds: limits.operatingWindowSeconds },
} as const;

/** Four portals, connected to tidy24 as it is deployed. */
export interface Scene {
  readonly deployed: Deployed;
  readonly simulator: Simulator;
  readonly front: HttpFront;
  readonly members: readonly Member[];
}

/** `onFailure` hears of each batch that a function threw away. */
export async function startScene(seed: number, logFile: string, onFailure: (text: string) => void): Promise<Scene> {
  const front = await startHttpFront();
  const deployed = await Deployed.start({
    functionKeys: ['receive', 'install', 'plan', 'worker', 'release', 'reconcile'],
    publicUrl: front.url,
    longPollSeconds: 1,
    logFile,
    onFailure: (functionKey, error) => onFailure(`${functionKey}: ${String(error)}`),
  });
  const http = (key: string) => async (event: unknown) =>
    (await deployed.invoke(key, event)) as APIGatewayProxyStructuredResultV2;
  for (const path of ['events', 'robot']) front.route(`/bitrix24/${path}`, http('receive'));
  front.route('/bitrix24/install', http('install'));

  const simulator = await startSimulator({ seed, portal: portalOptions });
  const billedTwice = { ...portalOptions, batchBilling: 'both', statusProfile: 'source' } as const;
  const app = { portal: simulator.portal, name: 'app', by: 'app' } as const;
  const webhooks = { portal: await simulator.addPortal(portalOptions), name: 'webhooks', by: 'webhook' } as const;
  const twice = { portal: await simulator.addPortal(billedTwice), name: 'billed twice', by: 'app' } as const;
  const observing = { portal: await simulator.addPortal(portalOptions), name: 'observing', by: 'webhook' } as const;
  for (const portal of simulator.portals.values()) furnish(portal);
  deployed.run();
  const members: Member[] = [];
  for (const { portal, name, by } of [app, webhooks, twice, observing]) {
    const isObserving = name === 'observing';
    members.push(await connect(deployed, portal, { name, by, isObserving, publicUrl: front.url }));
  }
  return { deployed, simulator, front, members };
}

/** Puts a message that nobody can read on each queue that has a dead-letter queue of ours. Gives how many lie where then. */
export async function sendUnreadable(deployed: Deployed): Promise<Record<string, number>> {
  const letters: Record<string, number> = {};
  for (const name of ['EVENTS', 'DELETIONS']) {
    const QueueUrl = deployed.variable(`${name}_QUEUE_URL`);
    const isFifo = QueueUrl.endsWith('.fifo');
    await deployed.sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: '{"v":0}',
        MessageGroupId: 'soak',
        ...(isFifo && { MessageDeduplicationId: crypto.randomUUID() }),
      }),
    );
    letters[deployed.variable(`${name}_DLQ_URL`).split('/').at(-1) ?? ''] = 1;
  }
  return letters;
}
