import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { buildBundles } from '../../bench/bundles.ts';
import { projectRoot } from '../../local/template/serverless-file.ts';
import { packageStage, type Package } from './packaging.ts';
import { alarmTargets, deafAlarms, unwatched } from './statements/alarms.ts';
import {
  endlessLogs,
  functionsOnAnotherPlatform,
  routes,
  sharedRoles,
  unfitStages,
  variablesOf,
} from './statements/functions.ts';
import { loops, permissions, whoMayTouch, wildcards } from './statements/permissions.ts';
import {
  allOrNothingTriggers,
  hastyTriggers,
  queuesWithoutDlq,
  queuesWithoutTls,
  unencryptedQueues,
} from './statements/queues.ts';
import { carelessTables, expiringTables, keysOf, recoverableTables } from './statements/tables.ts';
import { mutated } from './mutated.ts';
import { resourcesOf, type Template } from './template.ts';

const functionKeys = ['receive', 'plan', 'worker', 'release', 'reconcile', 'install'];

let packaged: Package;
let template: Template;
beforeAll(async () => {
  packaged = await packageStage('prod');
  template = packaged.template;
}, 60_000);
afterAll(() => packaged.remove());

it('is not packaged with a parameter that no function could start with, or that there is not', async () => {
  const refused = packageStage('prod', ['undoDays=0', 'undodays=7']);
  // By a sentence each, and no stack.
  await expect(refused).rejects.toThrow(/^Error:\nundoDays cannot be "0".*\nThere is no parameter undodays.*\s*$/m);
}, 60_000);

/** Holds for the template as it is, and is noticed as soon as `path` has another value (`undefined`: is not there). */
function holds(
  statement: (template: Template) => string[],
  path: (string | number)[],
  value: unknown,
  noticed: string,
) {
  expect(statement(template)).toEqual([]);
  expect(statement(mutated(template, path, value))).toContain(noticed);
}

describe('every queue', () => {
  it('is encrypted', () => holds(unencryptedQueues, ['EventsDlq', 'SqsManagedSseEnabled'], false, 'EventsDlq'));

  it('denies everything that does not come by TLS', () => {
    holds(queuesWithoutTls, ['ReconcileDlqTls', 'Queues'], [], 'ReconcileDlq');
    holds(queuesWithoutTls, ['EventsQueueTls', 'PolicyDocument', 'Statement', 0, 'Effect'], 'Allow', 'EventsQueue');
  });

  it('has a dead-letter queue that keeps messages for 14 days', () => {
    holds(queuesWithoutDlq, ['DeletionsQueue', 'RedrivePolicy'], undefined, 'DeletionsQueue');
    holds(queuesWithoutDlq, ['EventsDlq', 'MessageRetentionPeriod'], 345_600, 'EventsDlq');
    holds(queuesWithoutDlq, ['DeletionsDlq', 'FifoQueue'], undefined, 'DeletionsQueue');
  });

  it('hides a message for six times as long as its function may run', () =>
    holds(hastyTriggers, ['EventsQueue', 'VisibilityTimeout'], 720, 'PlanEventSourceMappingSQSEventsQueue'));

  it('feeds a function that names the messages that failed', () =>
    holds(
      allOrNothingTriggers,
      ['WorkerEventSourceMappingSQSDeletionsQueue', 'FunctionResponseTypes'],
      undefined,
      'WorkerEventSourceMappingSQSDeletionsQueue',
    ));
});

describe('every function', () => {
  it('runs on nodejs24.x and arm64', () =>
    holds(functionsOnAnotherPlatform, ['PlanLambdaFunction', 'Runtime'], 'nodejs22.x', 'PlanLambdaFunction'));

  it('has a role of its own', () =>
    holds(sharedRoles, ['PlanLambdaFunction', 'Role'], { 'Fn::GetAtt': ['WorkerRole', 'Arn'] }, 'WorkerRole'));

  it('logs to a group that forgets', () =>
    holds(endlessLogs, ['WorkerLogGroup', 'RetentionInDays'], undefined, 'WorkerLogGroup'));

  it.each(functionKeys)('%s gets every variable that its handler asks for', async (functionKey) => {
    const source = await readFile(`${projectRoot}handlers/${functionKey}.ts`, 'utf8');
    const asked = /readEnvironment\(process\.env, \[([^\]]*)\]/.exec(source)?.[1]?.match(/\w+/g) ?? [];
    expect(asked.length).toBeGreaterThan(0);
    expect(Object.keys(variablesOf(template, functionKey))).toEqual(expect.arrayContaining(asked));
  });

  it.each(functionKeys)('%s is one file, which starts where there is nothing else', async (functionKey) => {
    const files = await packaged.files(functionKey);
    expect([...files.keys()]).toEqual([`handlers/${functionKey}.mjs`]);
    expect(await packaged.start(functionKey, variablesOf(template, functionKey))).toBe('function');
  });
});

describe('the sizes that `npm run size` holds', () => {
  it('are of the very files that are deployed', async () => {
    const built = await buildBundles();
    expect(built.map((bundle) => bundle.functionKey)).toEqual(functionKeys);
    for (const { functionKey, code } of built) {
      const [deployed] = (await packaged.files(functionKey)).values();
      expect(deployed?.equals(code)).toBe(true);
    }
  });
});

describe('the HTTP API', () => {
  it('has the three POSTs and nothing else', () => {
    expect(routes(template).toSorted()).toEqual([
      'POST /bitrix24/events',
      'POST /bitrix24/install',
      'POST /bitrix24/robot',
    ]);
  });

  it('is throttled above a storm, and logs no path, query or body', () => {
    holds(unfitStages, ['HttpApiStage', 'DefaultRouteSettings', 'ThrottlingRateLimit'], 100, 'HttpApiStage');
    holds(unfitStages, ['HttpApiStage', 'AccessLogSettings', 'Format'], '$context.path', 'HttpApiStage');
  });
});

describe('permissions', () => {
  it('have no wildcard', () => {
    const statement = ['WorkerRole', 'Policies', 0, 'PolicyDocument', 'Statement', 1];
    holds(wildcards, [...statement, 'Action'], 'sqs:*', 'WorkerRole');
    holds(wildcards, [...statement, 'Resource'], '*', 'WorkerRole');
    holds(wildcards, ['PlanRole', 'ManagedPolicyArns'], ['arn:aws:iam::aws:policy/AdministratorAccess'], 'PlanRole');
  });

  it('let only install, plan, worker and reconcile touch credentials', () => {
    const allowed = ['InstallLambdaFunction', 'PlanLambdaFunction', 'ReconcileLambdaFunction', 'WorkerLambdaFunction'];
    const statement = ['ReceiveRole', 'Policies', 0, 'PolicyDocument', 'Statement', 1, 'Resource'];
    const wider = mutated(template, statement, { 'Fn::Sub': '${CredentialsTable.Arn}/index/x' });
    expect(whoMayTouch(template, 'CredentialsTable')).toEqual(allowed);
    expect(whoMayTouch(wider, 'CredentialsTable')).toContain('ReceiveLambdaFunction');
  });

  it('let only plan, worker and reconcile read the app secret, and that parameter alone', () => {
    const roles = permissions(template).filter(({ action }) => action === 'ssm:GetParameter');
    expect(roles.map(({ role }) => role).toSorted()).toEqual(['PlanRole', 'ReconcileRole', 'WorkerRole']);
    expect(JSON.stringify(template.Resources['AppParameterPolicy'])).toMatch(/:parameter"/);
  });

  it('let no function send to the queue that triggers it, but for those that go on with a line', () => {
    const path = ['PlanRole', 'Policies', 0, 'PolicyDocument', 'Statement', 4, 'Resource'];
    holds(loops, path, { 'Fn::GetAtt': ['EventsQueue', 'Arn'] }, 'PlanEventSourceMappingSQSEventsQueue');
    const stopped = ['WorkerLambdaFunction', 'RecursiveLoop'];
    holds(loops, stopped, 'Terminate', 'WorkerEventSourceMappingSQSDeletionsQueue');
    const allowed = resourcesOf(template, 'AWS::Lambda::Function').filter(
      ({ properties }) => properties['RecursiveLoop'],
    );
    expect(allowed.map(({ id }) => id).toSorted()).toEqual(['ReconcileLambdaFunction', 'WorkerLambdaFunction']);
  });
});

describe('every table', () => {
  it('is kept, encrypted and paid by use', () => {
    holds(carelessTables, ['TasksTable', 'SSESpecification'], undefined, 'TasksTable');
    holds(carelessTables, ['TasksTable', 'BillingMode'], 'PROVISIONED', 'TasksTable');
  });

  it('can be restored to a point in time, except the snapshots, so that forgetting is real', () => {
    expect(recoverableTables(template)).toEqual(['PortalsTable', 'CredentialsTable', 'TasksTable']);
  });

  it('that has expiring rows says so', () => {
    expect(expiringTables(template)).toEqual({
      CredentialsTable: 'expiresAt',
      TasksTable: 'expiresAt',
      SnapshotsTable: 'expiresAt',
    });
  });

  it('has the keys and indexes that the stores rely on', () => {
    expect(keysOf(template)).toEqual({
      PortalsTable: ['memberId S, sk S', 'paused: pausedMark S, memberId S, KEYS_ONLY'],
      CredentialsTable: ['memberId S'],
      TasksTable: [
        'taskId S, sk S',
        'due: shard N, nextAt N, KEYS_ONLY',
        'byPortal: memberId S, createdAt N, KEYS_ONLY',
        'turns: line S, turnAt N, KEYS_ONLY',
      ],
      SnapshotsTable: ['taskId S, part N'],
    });
  });
});

describe('alarms', () => {
  it('watch each dead-letter queue, each function, overdue tasks, paused portals and the clock', () => {
    holds(
      unwatched,
      ['DeletionsDlqAlarm', 'Threshold'],
      1,
      'AWS/SQS ApproximateNumberOfMessagesVisible DeletionsDlq > 0',
    );
    holds(unwatched, ['PlanErrorsAlarm', 'MetricName'], 'Duration', 'AWS/Lambda Errors PlanLambdaFunction > 0');
    holds(unwatched, ['OverdueTasksAlarm', 'Namespace'], 'other', 'tidy24 OverdueTasks tidy24-prod > 0');
    holds(unwatched, ['ReleaseSilentAlarm', 'Threshold'], 0, 'AWS/Lambda Invocations ReleaseLambdaFunction < 1');
  });

  it('hear a silence', () =>
    holds(deafAlarms, ['ReleaseSilentAlarm', 'TreatMissingData'], 'notBreaching', 'ReleaseSilentAlarm'));

  it('all go to one topic', () => {
    const silent = mutated(template, ['ReceiveErrorsAlarm', 'AlarmActions'], undefined);
    expect(alarmTargets(template)).toEqual(['AlarmsTopic']);
    expect(alarmTargets(silent)).toHaveLength(2);
  });
});
