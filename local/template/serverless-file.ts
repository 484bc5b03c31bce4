import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { parseCloudFormation } from './cloudformation-yaml.ts';
import { resolveVariables } from './variables.ts';

/** The root of the project, with a slash at its end. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

const fileSchema = z.looseObject({
  service: z.string(),
  params: z.record(z.string(), z.record(z.string(), z.unknown())),
  provider: z.looseObject({ environment: z.record(z.string(), z.unknown()) }),
  functions: z.record(
    z.string(),
    z.looseObject({
      handler: z.unknown(),
      timeout: z.int().positive(),
      events: z.array(z.unknown()),
      environment: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  resources: z.looseObject({
    Resources: z.record(z.string(), z.looseObject({ Type: z.string(), Properties: z.unknown() })),
  }),
});

/** serverless.yml for one stage, its variables resolved where they are read. */
export interface ServerlessFile {
  readonly service: string;
  readonly stage: string;
  readonly region: string;
  readonly provider: z.infer<typeof fileSchema>['provider'];
  readonly functions: z.infer<typeof fileSchema>['functions'];
  readonly resources: z.infer<typeof fileSchema>['resources']['Resources'];
  /** `value` with every `${sls:stage}`, `${self:...}` and `${param:...}` in it replaced, as the framework does. */
  resolve(value: unknown): unknown;
}

/**
 * Reads serverless.yml (or `text`) as it applies to `stage`; `params` go before those in the file.
 *
 * @throws z.ZodError when the file does not have the shape that the local run relies on
 */
export function readServerlessFile(
  options: { stage?: string; params?: Record<string, string>; text?: string } = {},
): ServerlessFile {
  const stage = options.stage ?? 'local';
  const text = options.text ?? readFileSync(`${projectRoot}serverless.yml`, 'utf8');
  const file = fileSchema.parse(parseCloudFormation(text));
  const params = { ...file.params['default'], ...file.params[stage], ...options.params };
  const resolve = (value: unknown) => resolveVariables(value, { stage, self: file, params });
  return {
    service: file.service,
    stage,
    region: z.string().parse(resolve('${param:region}')),
    provider: file.provider,
    functions: file.functions,
    resources: file.resources.Resources,
    resolve,
  };
}
