import { at, resourcesOf, type Resource, type Template } from '../template.ts';

function tables(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::DynamoDB::Table');
}

/** Tables that go with the stack, are not encrypted, or cost by the hour. */
export function carelessTables(template: Template): string[] {
  return tables(template)
    .filter(
      ({ properties, kept }) =>
        !kept ||
        at(properties, 'SSESpecification', 'SSEEnabled') !== true ||
        properties['BillingMode'] !== 'PAY_PER_REQUEST',
    )
    .map(({ id }) => id);
}

export function recoverableTables(template: Template): string[] {
  return tables(template)
    .filter(
      ({ properties }) => at(properties, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled') === true,
    )
    .map(({ id }) => id);
}

/** Tables with rows that expire, and by which attribute. */
export function expiringTables(template: Template): Record<string, unknown> {
  const expiring = tables(template).filter(
    ({ properties }) => at(properties, 'TimeToLiveSpecification', 'Enabled') === true,
  );
  return Object.fromEntries(
    expiring.map(({ id, properties }) => [id, at(properties, 'TimeToLiveSpecification', 'AttributeName')]),
  );
}

/** Each table's keys and its indexes': `memberId S, sk S`; indexes with what they carry. */
export function keysOf(template: Template): Record<string, string[]> {
  return Object.fromEntries(tables(template).map(({ id, properties }) => [id, tableKeys(properties)]));
}

function tableKeys(properties: Record<string, unknown>): string[] {
  const types = new Map(
    list(properties['AttributeDefinitions']).map((one) => [at(one, 'AttributeName'), at(one, 'AttributeType')]),
  );
  const written = (schema: unknown) =>
    list(schema)
      .map((key) => `${String(at(key, 'AttributeName'))} ${String(types.get(at(key, 'AttributeName')))}`)
      .join(', ');
  const indexes = list(properties['GlobalSecondaryIndexes']).map(
    (index) =>
      `${String(at(index, 'IndexName'))}: ${written(at(index, 'KeySchema'))}, ${String(at(index, 'Projection', 'ProjectionType'))}`,
  );
  return [written(properties['KeySchema']), ...indexes];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
