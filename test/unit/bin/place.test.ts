import { describe, expect, test } from '@jest/globals';
import {
  commandLine,
  deadLetterQueueNames,
  placeOf,
  queueName,
  queueNames,
  tableKinds,
  tableName,
} from '../../../bin/place.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';
import { queueDefinitions } from '../../../local/template/queues.ts';
import { tableDefinitions } from '../../../local/template/tables.ts';

describe('where a command finds its tables', () => {
  test.each(['prod', 'local', 'staging-2'])('their names in stage %s are those of serverless.yml', (stage) => {
    const names = tableDefinitions(readServerlessFile({ stage })).map(({ name }) => name);
    expect(tableKinds.map((table) => tableName({ stage }, table)).toSorted()).toEqual(names.toSorted());
  });

  test.each(['prod', 'local', 'staging-2'])('its queues in stage %s are those of serverless.yml', (stage) => {
    const definitions = queueDefinitions(readServerlessFile({ stage }));
    const all = [...Object.values(queueNames), ...Object.values(deadLetterQueueNames)];
    expect(all.map((queue) => queueName({ stage }, queue)).toSorted()).toEqual(
      definitions.map(({ name }) => name).toSorted(),
    );
    for (const [key, name] of Object.entries(queueNames)) {
      const dead = deadLetterQueueNames[key as keyof typeof queueNames];
      const policy = definitions.find((one) => one.name === queueName({ stage }, name))?.attributes['RedrivePolicy'];
      expect(policy).toContain(`:${queueName({ stage }, dead)}"`);
    }
  });

  test('the local region is the one that the local run uses', () => {
    expect(placeOf({ local: true }, {}).region).toBe(readServerlessFile().region);
  });

  test('is stage prod on AWS unless told otherwise', () => {
    expect(placeOf({}, {})).toEqual({ local: false, stage: 'prod', region: undefined, endpoint: undefined });
    expect(placeOf({ stage: 'dev', region: 'eu-west-1' }, {})).toMatchObject({ stage: 'dev', region: 'eu-west-1' });
  });

  test('is the embedded table with --local, on the port that the environment names', () => {
    expect(placeOf({ local: true }, {})).toMatchObject({ stage: 'local', endpoint: 'http://127.0.0.1:4567' });
    expect(placeOf({ local: true }, { TIDY24_DYNAMODB_PORT: '5000' }).endpoint).toBe('http://127.0.0.1:5000');
    expect(placeOf({ local: true }, { TIDY24_DYNAMODB_PORT: '' }).endpoint).toBe('http://127.0.0.1:4567');
  });

  test.each(['', 'prod/..', '9', 'a b'])('refuses the stage %j', (stage) => {
    expect(() => placeOf({ stage }, {})).toThrow('--stage takes the name of a stage');
  });

  test.each(['../x', '', 'frankfurt', 'eu-central', 'EU-CENTRAL-1', 'eu-central-1.example', 'eu-central-1 '])(
    'refuses the region %j',
    (region) => {
      expect(() => placeOf({ region }, {})).toThrow('--region takes the name of an AWS region, such as eu-central-1');
      if (region === '') return;
      expect(() => placeOf({}, { AWS_REGION: region })).toThrow('AWS_REGION takes the name of an AWS region');
      expect(placeOf({ region: 'eu-west-1' }, { AWS_REGION: region }).region).toBe('eu-west-1');
      expect(placeOf({ local: true }, { AWS_REGION: region }).local).toBe(true);
    },
  );

  test.each(['eu-central-1', 'us-gov-west-1', 'ap-southeast-2', 'cn-northwest-1', 'us-iso-east-1'])(
    'takes the region %s',
    (region) => {
      expect(placeOf({ region }, { AWS_REGION: region })).toMatchObject({ region });
      expect(placeOf({}, { AWS_REGION: '' }).region).toBeUndefined();
    },
  );

  test('commands to copy lead to the same place', () => {
    expect(commandLine(placeOf({}, {}), 'portals list')).toBe('npx tidy24 portals list');
    expect(commandLine(placeOf({ local: true }, {}), 'portals list')).toBe('npx tidy24 portals list --local');
    expect(commandLine(placeOf({ stage: 'dev', region: 'eu-west-1' }, {}), 'portals list')).toBe(
      'npx tidy24 portals list --stage dev --region eu-west-1',
    );
  });
});
