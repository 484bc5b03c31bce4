import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { localQueueUrl } from '../../local/resources/create-queues.ts';
import { createResources } from '../../local/resources/create-resources.ts';
import { startDynamoDb } from '../../local/servers/dynamodb.ts';
import type { RunningServer } from '../../local/servers/listening.ts';
import { localDynamoDbClient, localSqsClient } from '../../local/servers/local-clients.ts';
import { startSqs } from '../../local/servers/sqs.ts';
import { mappingDefinitions } from '../../local/template/mappings.ts';
import { readServerlessFile } from '../../local/template/serverless-file.ts';
import { packageStage, type Package } from './packaging.ts';
import { asList, at, resourcesOf, targetOf, type Template } from './template.ts';

function byName(a: unknown, b: unknown): number {
  return JSON.stringify(a).localeCompare(JSON.stringify(b));
}

function redrive(policy: string | undefined): unknown {
  if (policy === undefined) return undefined;
  const { deadLetterTargetArn, maxReceiveCount }: Record<string, unknown> = JSON.parse(policy);
  return { dlq: String(deadLetterTargetArn).split(':').at(-1), maxReceiveCount };
}

/**
 * The local run reads serverless.yml with a small reader of its own. Here everything that it creates is held against
 * what the framework makes of the same file, property by property.
 */
describe('the local run', () => {
  const file = readServerlessFile({ stage: 'prod' });
  let packaged: Package;
  let template: Template;
  let sqs: RunningServer;
  let dynamoDb: RunningServer;
  beforeAll(async () => {
    [packaged, sqs, dynamoDb] = await Promise.all([
      packageStage('prod'),
      startSqs({ port: 0 }),
      startDynamoDb({ port: 0 }),
    ]);
    template = packaged.template;
    await createResources({ file, sqsUrl: sqs.url, dynamoDbUrl: dynamoDb.url });
  }, 60_000);
  afterAll(() => Promise.all([packaged.remove(), sqs.close(), dynamoDb.close()]));

  it('creates each queue with the attributes that are deployed', async () => {
    const client = localSqsClient(sqs.url, file.region);
    for (const { properties } of resourcesOf(template, 'AWS::SQS::Queue')) {
      const { QueueName, RedrivePolicy, ...deployed } = properties;
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: localQueueUrl(sqs.url, String(QueueName)), AttributeNames: ['All'] }),
      );
      const asText = Object.fromEntries(Object.entries(deployed).map(([name, value]) => [name, String(value)]));
      expect({ QueueName, ...Attributes }).toMatchObject({ QueueName, ...asText });
      expect(redrive(Attributes.RedrivePolicy)).toEqual(deployedRedrive(RedrivePolicy));
    }
  });

  it('creates each table with the keys and indexes that are deployed', async () => {
    const client = localDynamoDbClient(dynamoDb.url, file.region);
    for (const { properties } of resourcesOf(template, 'AWS::DynamoDB::Table')) {
      const { Table = {} } = await client.send(
        new DescribeTableCommand({ TableName: String(properties['TableName']) }),
      );
      const indexes = (Table.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      }));
      expect(Table.KeySchema).toEqual(properties['KeySchema']);
      expect(Table.AttributeDefinitions?.toSorted(byName)).toEqual(
        asList(properties['AttributeDefinitions']).toSorted(byName),
      );
      expect(indexes.toSorted(byName)).toEqual(asList(properties['GlobalSecondaryIndexes'] ?? []).toSorted(byName));
    }
  });

  it('feeds functions with the settings that are deployed', () => {
    const deployed = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(({ properties }) => ({
      function: targetOf(properties['FunctionName']),
      queue: targetOf(properties['EventSourceArn']),
      batchSize: properties['BatchSize'],
      maximumBatchingWindow: properties['MaximumBatchingWindowInSeconds'] ?? 0,
      maximumConcurrency: at(properties, 'ScalingConfig', 'MaximumConcurrency'),
      reportBatchItemFailures: asList(properties['FunctionResponseTypes']).includes('ReportBatchItemFailures'),
    }));
    const local = mappingDefinitions(file).map(({ functionKey, queue, settings }) => ({
      function: `${functionKey.charAt(0).toUpperCase()}${functionKey.slice(1)}LambdaFunction`,
      queue: queue.logicalId,
      ...settings,
    }));
    expect(local).toEqual(deployed);
  });

  function deployedRedrive(policy: unknown): unknown {
    if (policy === undefined) return undefined;
    const dlq = template.Resources[targetOf(at(policy, 'deadLetterTargetArn')) ?? ''];
    return { dlq: at(dlq, 'Properties', 'QueueName'), maxReceiveCount: at(policy, 'maxReceiveCount') };
  }
});
