import { appParameter } from '../lib/aws/app-parameter.ts';
import { createDynamoDbClient } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { openTable, type Table } from '../lib/aws/table.ts';
import type { Log } from '../lib/aws/telemetry.ts';
import { RestClient } from '../lib/bitrix24/rest-client.ts';
import { AuditLog } from '../lib/portals/audit-log.ts';
import { BudgetStore } from '../lib/portals/budgets.ts';
import { CapStore } from '../lib/portals/caps.ts';
import { type App, CredentialStore } from '../lib/portals/credentials.ts';
import { KillSwitch } from '../lib/portals/kill-switch.ts';
import { PortalStore } from '../lib/portals/store.ts';
import type { ProofOptions } from '../lib/tasks/chores.ts';
import { SnapshotStore } from '../lib/tasks/snapshots.ts';
import { TaskStore } from '../lib/tasks/store.ts';
import { dynamoDbConfig } from './aws-clients.ts';
import { CommandError, UsageError } from './command-error.ts';
import type { CliIo } from './io.ts';
import { commandLine, type Place, tableName } from './place.ts';

/** One deployment's tables and what is needed to talk to its portals. */
export interface Deployment extends ProofOptions {
  readonly place: Place;
  readonly credentialsTable: Table;
  readonly snapshots: SnapshotStore;
  readonly audit: AuditLog;
  readonly caps: CapStore;
  readonly killSwitch: KillSwitch;
  /** Who runs the command, as the tables are to record it. */
  readonly operator: string;
  close(): void;
}

/** A person would rather wait a little, in ms, than repeat a command because the functions are at work just now. */
const turnPatienceMs = 30_000;

export function openDeployment(io: CliIo, place: Place): Deployment {
  const documents = createDynamoDbClient(dynamoDbConfig(place));
  const { clock, sleep, random, newId, fetch } = io;
  const portalsTable = openTable(documents, tableName(place, 'portals'));
  const credentialsTable = openTable(documents, tableName(place, 'credentials'));
  return {
    place,
    credentialsTable,
    operator: operatorOf(io, place),
    portals: new PortalStore(portalsTable, clock),
    audit: new AuditLog(portalsTable, clock, newId),
    budgets: new BudgetStore(portalsTable, clock),
    caps: new CapStore(portalsTable, clock),
    killSwitch: new KillSwitch(portalsTable, clock),
    credentials: new CredentialStore(credentialsTable),
    tasks: new TaskStore(openTable(documents, tableName(place, 'tasks')), clock, newId),
    snapshots: new SnapshotStore(openTable(documents, tableName(place, 'snapshots')), clock, random),
    rest: new RestClient({ fetch, clock }),
    defaultApp: defaultApp(io.env['TIDY24_APP_PARAMETER'], place),
    allowLoopback: place.local,
    ownDomains: ownDomains(io.env['TIDY24_PORTAL_DOMAINS']),
    fetch,
    clock,
    sleep,
    turnPatienceMs,
    random,
    newId,
    log: debugLog(io),
    count: () => undefined,
    close: () => documents.destroy(),
  };
}

/**
 * The deployment's own app. The functions know the parameter's name from their environment, a command line only when
 * it is told: without it, a refresh must fail here, and not pause the portal for want of an app.
 */
function defaultApp(parameter: string | undefined, place: Place): () => Promise<App> {
  const read = appParameter(parameter === '' ? undefined : parameter);
  return async () => {
    const app = await read().catch((error: unknown) => {
      throw new CommandError(error instanceof Error ? error.message : 'The SSM parameter cannot be read');
    });
    if (app) return app;
    throw new CommandError(
      'The portal has no app of its own. Set TIDY24_APP_PARAMETER to the name of the SSM parameter that this deployment ' +
        `keeps its app in, or give the portal one with: ${commandLine(place, 'portals credentials')}`,
    );
  };
}

/** As the functions read it (lib/aws/environment.ts). */
function ownDomains(list = ''): string[] {
  try {
    return readEnvironment({ TIDY24_PORTAL_DOMAINS: list }, ['TIDY24_PORTAL_DOMAINS']).TIDY24_PORTAL_DOMAINS;
  } catch {
    throw new UsageError('TIDY24_PORTAL_DOMAINS takes domains with commas between them: example.com,crm.example.org');
  }
}

function operatorOf({ user, env }: CliIo, { local }: Place): string {
  const profile = env['AWS_PROFILE'];
  const text = local || !profile ? user : `${user}, AWS profile ${profile}`;
  return text.slice(0, 200);
}

function debugLog({ env, stderr }: CliIo): Log {
  const write =
    (level: string): Log['info'] =>
    (message, fields) => {
      if (env['TIDY24_DEBUG'] === '1') stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
