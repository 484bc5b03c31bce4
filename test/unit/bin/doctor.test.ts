import { describe, expect, test } from '@jest/globals';
import { expectedTables } from '../../../bin/doctor/table-checks.ts';
import { tableKinds, tableName } from '../../../bin/place.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';
import { tableDefinitions } from '../../../local/template/tables.ts';

describe('what the doctor expects', () => {
  test.each(tableKinds)('of the table %s is what serverless.yml makes', (kind) => {
    const file = readServerlessFile();
    const definition = tableDefinitions(file).find(({ name }) => name === tableName({ stage: 'local' }, kind));
    const names = (keys: readonly { AttributeName: string | undefined }[] = []) => keys.map((key) => key.AttributeName);
    const resource = file.resources[definition?.logicalId ?? '']?.Properties as {
      TimeToLiveSpecification?: { AttributeName: string };
    };
    const { keys, indexes, expires } = expectedTables[kind];
    expect(keys).toEqual(names(definition?.input.KeySchema));
    expect(indexes).toEqual(
      Object.fromEntries(
        (definition?.input.GlobalSecondaryIndexes ?? []).map((one) => [one.IndexName, names(one.KeySchema)]),
      ),
    );
    expect(expires).toBe(resource.TimeToLiveSpecification?.AttributeName);
  });
});
