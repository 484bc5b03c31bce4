import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { ServerlessFile } from './serverless-file.ts';

const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

/** Properties of AWS::DynamoDB::Table as serverless.yml uses them; a new one must be added here, or the read fails. */
const tableSchema = z.strictObject({
  TableName: z.string(),
  BillingMode: z.literal('PAY_PER_REQUEST'),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.strictObject({ ProjectionType: z.enum(['ALL', 'KEYS_ONLY']) }),
      }),
    )
    .optional(),
  // The embedded table has none of these three; readers filter expired rows anyway, because TTL lags by days.
  TimeToLiveSpecification: z.unknown().optional(),
  SSESpecification: z.unknown().optional(),
  PointInTimeRecoverySpecification: z.unknown().optional(),
});

/** One table: `input` is DynamoDB's CreateTable. */
export interface TableDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly input: CreateTableCommandInput & { readonly TableName: string };
}

/**
 * The tables of serverless.yml.
 *
 * @throws z.ZodError for a property that the local run does not know
 */
export function tableDefinitions(file: ServerlessFile): TableDefinition[] {
  return Object.entries(file.resources)
    .filter(([, resource]) => resource.Type === 'AWS::DynamoDB::Table')
    .map(([logicalId, resource]) => {
      const table = tableSchema.parse(file.resolve(resource.Properties));
      const { TableName, BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = table;
      const indexes = GlobalSecondaryIndexes === undefined ? {} : { GlobalSecondaryIndexes };
      return {
        logicalId,
        name: TableName,
        input: { TableName, BillingMode, AttributeDefinitions, KeySchema, ...indexes },
      };
    });
}
