import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { createDynamoDbClient } from '../../lib/aws/clients.ts';
import { openTable, type Table } from '../../lib/aws/table.ts';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { readStages, stagesCommand } from '../../lib/bitrix24/stages.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import { CredentialStore } from '../../lib/portals/credentials.ts';
import { StageDirectories } from '../../lib/portals/stage-directories.ts';
import { nextDirectory } from '../../lib/portals/stage-directory.ts';
import { PortalStore } from '../../lib/portals/store.ts';
import type { Chore } from '../../lib/tasks/due-item.ts';
import { TaskStore } from '../../lib/tasks/store.ts';
import { localCredentials } from '../../local/servers/local-clients.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { Child } from './child.ts';
import { connectPortal } from './lost-deals.ts';
import { type Taken, takenSchema } from './invocation-record.ts';

const functionsReady = z.object({ environment: z.record(z.string(), z.string()) });
const receiveReady = z.object({ url: z.string() });

/** How the queue of events feeds `plan`, where it is not as deployed. */
export interface PlanFeed {
  readonly batchSize?: number;
  readonly maximumBatchingWindow?: number;
  /** Who gather batches side by side, each for itself. Default 1; Lambda begins with 5. */
  readonly pollers?: number;
}

/** As the queue is deployed: a local run gathers for a second only. */
export const deployedFeed = { batchSize: 2_000, maximumBatchingWindow: 5 } as const;

/** tidy24 in two processes of its own: `receive` behind an HTTP listener, and everything else; see functions-process.ts. */
export class System {
  /** Where events are posted to. */
  readonly eventsUrl: string;
  readonly #functions: Child;
  readonly #receive: Child;
  readonly #client: DynamoDBDocumentClient;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(parts: {
    functions: Child;
    receive: Child;
    url: string;
    client: DynamoDBDocumentClient;
    environment: Readonly<Record<string, string>>;
  }) {
    this.eventsUrl = `${parts.url}/bitrix24/events`;
    this.#functions = parts.functions;
    this.#receive = parts.receive;
    this.#client = parts.client;
    this.#environment = parts.environment;
  }

  static async start({ pollers = 1, ...feed }: PlanFeed = {}): Promise<System> {
    const plan = { ...deployedFeed, ...feed };
    const { child: functions, ready } = await Child.start('functions-process.ts', functionsReady, {
      args: [JSON.stringify({ plan, pollers })],
    });
    const { environment } = ready;
    const quiet = { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' };
    const { child: receive, ready: listening } = await Child.start('receive-process.ts', receiveReady, {
      env: { ...environment, ...quiet, AWS_SDK_UA_APP_ID: 'receive' },
    });
    const client = createDynamoDbClient({
      endpoint: environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
      region: environment['AWS_REGION'] ?? '',
      credentials: localCredentials,
    });
    return new System({ functions, receive, url: listening.url, client, environment });
  }

  /** An active portal in mode enforce, connected by webhooks an hour ago, with the rule that unlinks contacts of lost deals at once. */
  async connect(portal: SimulatedPortal): Promise<{ readonly id: number; readonly applicationToken: string }> {
    const outgoing = portal.addOutgoingWebhook({ url: this.eventsUrl, events: ['ONCRMDEALUPDATE'] });
    const stores = {
      portals: new PortalStore(this.#table('PORTALS_TABLE'), Date.now),
      credentials: new CredentialStore(this.#table('CREDENTIALS_TABLE')),
    };
    const since = Date.now() - 3_600_000;
    const tokenDigests = [tokenDigest(outgoing.applicationToken)];
    const { webhook } = await connectPortal(stores, portal, { since, limits: ordinaryLimits, tokenDigests });
    await this.#knowStages(portal.memberId, webhook, since);
    portal.clearRequests();
    return outgoing;
  }

  /** As if the stages of deals had been read when the portal was connected. */
  async #knowStages(memberId: string, webhook: string, at: number): Promise<void> {
    const { deal } = EntityType;
    const { method, params } = stagesCommand(deal, 0);
    const response = await fetch(`${webhook}${method}.json`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(params),
    });
    const { result } = z.object({ result: z.unknown() }).parse(await response.json());
    const stages = readStages(result);
    if (!stages) throw new Error('The simulated portal does not tell its stages');
    const directories = new StageDirectories(this.#table('PORTALS_TABLE'));
    await directories.replace(memberId, deal, () => nextDirectory(deal, undefined, new Map([[0, stages]]), at));
  }

  /** What was counted since the last time. */
  async take(): Promise<Taken> {
    return z.object({ taken: takenSchema }).parse(await this.#functions.ask('take')).taken;
  }

  /** A chore of a portal is due now. */
  async want(memberId: string, chore: Chore['chore']): Promise<void> {
    const tasks = new TaskStore(this.#table('TASKS_TABLE'), Date.now, () => crypto.randomUUID());
    await tasks.wantChore(memberId, chore, Date.now());
  }

  /** A round of the clock, which runs every minute by itself. */
  async tick(): Promise<void> {
    await this.#functions.ask('tick');
  }

  async close(): Promise<void> {
    this.#client.destroy();
    await this.#receive.close();
    await this.#functions.close();
  }

  #table(name: string): Table {
    return openTable(this.#client, this.#environment[name] ?? '');
  }
}
