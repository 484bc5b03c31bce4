import { describe, expect, test } from '@jest/globals';
import { commandLine, placeOf, tableName } from '../../../bin/place.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';
import { tableDefinitions } from '../../../local/template/tables.ts';

describe('where a command finds its tables', () => {
  test.each(['prod', 'local', 'staging-2'])('their names in stage %s are those of serverless.yml', (stage) => {
    const names = tableDefinitions(readServerlessFile({ stage })).map(({ name }) => name);
    for (const table of ['portals', 'credentials', 'tasks'] as const) {
      expect(names).toContain(tableName({ stage }, table));
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

  test('commands to copy lead to the same place', () => {
    expect(commandLine(placeOf({}, {}), 'portals list')).toBe('npx tidy24 portals list');
    expect(commandLine(placeOf({ local: true }, {}), 'portals list')).toBe('npx tidy24 portals list --local');
    expect(commandLine(placeOf({ stage: 'dev', region: 'eu-west-1' }, {}), 'portals list')).toBe(
      'npx tidy24 portals list --stage dev --region eu-west-1',
    );
  });
});
