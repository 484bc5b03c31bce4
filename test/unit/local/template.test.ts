import { describe, expect, it } from '@jest/globals';
import { parseCloudFormation } from '../../../local/template/cloudformation-yaml.ts';
import { mappingDefinitions } from '../../../local/template/mappings.ts';
import { queueDefinitions } from '../../../local/template/queues.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';
import { tableDefinitions } from '../../../local/template/tables.ts';
import { UnresolvedVariable } from '../../../local/template/variables.ts';

/** A serverless.yml with one function, which takes `event`, and one resource. */
function fileWith(resource: string, event = 'schedule: rate(1 minute)') {
  return readServerlessFile({
    text: `
service: one
params: { default: { region: eu-west-1, name: from-default }, local: { name: from-local } }
provider: { environment: {} }
functions: { f: { handler: f.handler, timeout: 5, events: [{ ${event} }] } }
resources:
  Resources:
    One: ${resource}
`,
  });
}

const queue =
  "{ Type: 'AWS::SQS::Queue', Properties: { QueueName: one, SqsManagedSseEnabled: true, MessageRetentionPeriod: 60 } }";

describe('CloudFormation in YAML', () => {
  it('has its short forms written out', () => {
    expect(parseCloudFormation("[!Ref A, !GetAtt A.Arn, !Sub '${A}/x', !Not [!Equals [a, b]]]")).toEqual([
      { Ref: 'A' },
      { 'Fn::GetAtt': ['A', 'Arn'] },
      { 'Fn::Sub': '${A}/x' },
      { 'Fn::Not': [{ 'Fn::Equals': ['a', 'b'] }] },
    ]);
  });

  it('merges what other parts share', () => {
    expect(parseCloudFormation('a: &a { x: 1 }\nb: &b { y: 2 }\nc: { <<: [*a, *b], y: 3 }')).toMatchObject({
      c: { x: 1, y: 3 },
    });
  });

  it('refuses a function that is not known here rather than drop it', () => {
    expect(() => parseCloudFormation('a: !ImportValue b')).toThrow('Unresolved tag');
  });
});

describe('variables', () => {
  const file = fileWith(queue);

  it('take the stage before the default, and keep their type', () => {
    expect(file.resolve({ a: '${param:name}', b: ['${self:service}-${sls:stage}'] })).toEqual({
      a: 'from-local',
      b: ['one-local'],
    });
  });

  it("leave CloudFormation's own alone", () => {
    expect(file.resolve('${AWS::Region}-${HttpApi}')).toBe('${AWS::Region}-${HttpApi}');
  });

  it('without a value are named', () => {
    expect(() => file.resolve('x-${param:missing}')).toThrow(UnresolvedVariable);
    expect(() => file.resolve('${env:HOME}')).toThrow('${env:HOME}');
  });
});

describe('what is read from serverless.yml', () => {
  it('is six queues, four tables and three triggers', () => {
    const file = readServerlessFile();
    expect(queueDefinitions(file).map(({ name }) => name)).toEqual([
      'tidy24-local-events',
      'tidy24-local-events-dlq',
      'tidy24-local-deletions.fifo',
      'tidy24-local-deletions-dlq.fifo',
      'tidy24-local-reconcile',
      'tidy24-local-reconcile-dlq',
    ]);
    expect(tableDefinitions(file).map(({ name }) => name)).toEqual([
      'tidy24-local-portals',
      'tidy24-local-credentials',
      'tidy24-local-tasks',
      'tidy24-local-snapshots',
    ]);
    expect(mappingDefinitions(file).map(({ functionKey, queue: { name } }) => [functionKey, name])).toEqual([
      ['plan', 'tidy24-local-events'],
      ['worker', 'tidy24-local-deletions.fifo'],
      ['reconcile', 'tidy24-local-reconcile'],
    ]);
  });

  it('may not contain a queue property that the local run would ignore', () => {
    const unknown = "{ Type: 'AWS::SQS::Queue', Properties: { QueueName: one, KmsMasterKeyId: k } }";
    expect(() => queueDefinitions(fileWith(unknown))).toThrow('KmsMasterKeyId');
  });

  it('may not contain a trigger setting that the local run would ignore', () => {
    const event = 'sqs: { arn: !GetAtt One.Arn, filterPatterns: [] }';
    expect(() => mappingDefinitions(fileWith(queue, event))).toThrow('filterPatterns');
  });

  it('may not contain a trigger that AWS would refuse', () => {
    const event = 'sqs: { arn: !GetAtt One.Arn, batchSize: 500 }';
    expect(() => mappingDefinitions(fileWith(queue, event))).toThrow('a window of 1 s');
  });
});
