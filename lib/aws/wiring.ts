import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RestClient } from '../bitrix24/rest-client.ts';
import { BudgetStore } from '../portals/budgets.ts';
import { CapStore } from '../portals/caps.ts';
import { CredentialStore } from '../portals/credentials.ts';
import { KillSwitch } from '../portals/kill-switch.ts';
import type { SessionOptions } from '../portals/session.ts';
import { PortalStore } from '../portals/store.ts';
import { TaskStore } from '../tasks/store.ts';
import { appParameter } from './app-parameter.ts';
import { createDynamoDbClient } from './clients.ts';
import { openTable } from './table.ts';
import type { Telemetry } from './telemetry.ts';

export const clock = (): number => Date.now();
export const newId = (): string => randomUUID();
export const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
  await delay(ms, undefined, signal && { signal });
};

/** What a function needs that talks to portals: stores, credentials, REST client, made once at cold start. */
export function portalParts(
  env: {
    PORTALS_TABLE: string;
    CREDENTIALS_TABLE: string;
    TASKS_TABLE: string;
    TIDY24_APP_PARAMETER?: string | undefined;
    TIDY24_RUN?: 'aws' | 'local';
    TIDY24_PORTAL_DOMAINS?: readonly string[];
  },
  { log, count }: Pick<Telemetry, 'log' | 'count'>,
  /** ms that a portal may take to answer; 65 s if left out. */
  timeoutMs?: number,
): SessionOptions & { tasks: TaskStore; caps: CapStore; killSwitch: KillSwitch; allowLoopback: boolean } {
  const client = createDynamoDbClient();
  const portalsTable = openTable(client, env.PORTALS_TABLE);
  return {
    portals: new PortalStore(portalsTable, clock),
    budgets: new BudgetStore(portalsTable, clock),
    caps: new CapStore(portalsTable, clock),
    killSwitch: new KillSwitch(portalsTable, clock),
    credentials: new CredentialStore(openTable(client, env.CREDENTIALS_TABLE)),
    tasks: new TaskStore(openTable(client, env.TASKS_TABLE), clock, newId),
    rest: new RestClient({ fetch: globalThis.fetch, clock, ...(timeoutMs !== undefined && { timeoutMs }) }),
    fetch: globalThis.fetch,
    ownDomains: env.TIDY24_PORTAL_DOMAINS,
    allowLoopback: env.TIDY24_RUN === 'local',
    defaultApp: appParameter(env.TIDY24_APP_PARAMETER),
    clock,
    sleep,
    random: Math.random,
    newId,
    log,
    count,
  };
}
