import * as z from 'zod';
import type { ServerlessFile } from '../template/serverless-file.ts';
import type { Call } from './call.ts';

const listOf = <T extends z.ZodType>(item: T) => z.union([z.array(item), item.transform((one) => [one])]);
const resourceSchema = z.union([
  z
    .strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) })
    .transform((one) => `\${${one['Fn::GetAtt'][0]}.Arn}`),
  z.strictObject({ 'Fn::Sub': z.string() }).transform((one) => one['Fn::Sub']),
]);
const roleSchema = z.object({
  Policies: z.array(
    z.object({
      PolicyDocument: z.object({
        Statement: z.array(
          z.object({ Effect: z.literal('Allow'), Action: listOf(z.string()), Resource: listOf(resourceSchema) }),
        ),
      }),
    }),
  ),
});
const functionRoleSchema = z.object({
  role: z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
});
const namedSchema = z.object({ QueueName: z.string().optional(), TableName: z.string().optional() });

/** Whether the function's role in serverless.yml allows a call: what AWS would say to it. */
export type Allows = (call: Call) => boolean;

/**
 * Reads the roles of all functions.
 *
 * @throws z.ZodError for a policy in a form that is not known here
 */
export function roleCheck(file: ServerlessFile): Allows {
  const allowed = new Set(
    Object.entries(file.functions).flatMap(([functionKey, definition]) => {
      const [roleId] = functionRoleSchema.parse(definition).role['Fn::GetAtt'];
      const role = roleSchema.parse(file.resolve(file.resources[roleId]?.Properties));
      const statements = role.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      return statements.flatMap(({ Action, Resource }) =>
        Action.flatMap((action) =>
          Resource.map((resource) => key({ functionKey, action, resource: nameOf(resource, file) })),
        ),
      );
    }),
  );
  return (call) => allowed.has(key(call));
}

function key({ functionKey, action, resource }: Call): string {
  return `${functionKey} ${action} ${resource}`;
}

/** `${TasksTable.Arn}/index/due` as the servers know it: `tidy24-local-tasks/index/due`. */
function nameOf(resource: string, file: ServerlessFile): string {
  return resource.replace(/\$\{(\w+)\.Arn\}/, (_match, logicalId: string) => {
    const { QueueName, TableName } = namedSchema.parse(file.resolve(file.resources[logicalId]?.Properties ?? {}));
    return QueueName ?? TableName ?? logicalId;
  });
}
