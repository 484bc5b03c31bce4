import * as z from 'zod';
import { readServerlessFile } from '../../local/template/serverless-file.ts';

/** The variables that a function is started with: those of serverless.yml, and of Lambda's own those that matter. */
export function lambdaEnvironment(functionKey: string): Record<string, string> {
  const file = readServerlessFile({ stage: 'local' });
  const given = file.resolve({ ...file.provider.environment, ...file.functions[functionKey]?.environment });
  return {
    ...z.record(z.string(), z.string()).parse(given),
    AWS_REGION: file.region,
    AWS_LAMBDA_FUNCTION_NAME: `${file.service}-local-${functionKey}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
  };
}
