import * as z from 'zod';
import type { Ports } from './ports.ts';

const port = (number: number) => z.coerce.number().int().min(0).max(65_535).default(number);

const settingsSchema = z.object({
  TIDY24_HTTP_PORT: port(4310),
  TIDY24_SQS_PORT: port(4566),
  TIDY24_DYNAMODB_PORT: port(4567),
  TIDY24_PORTAL_PORT: port(4380),
  TIDY24_DATA_DIR: z.string().min(1).default('.local'),
  TIDY24_SIMULATOR: z.enum(['on', 'off']).default('on'),
});

/** What the environment says about a local run. */
export interface LocalSettings {
  readonly ports: Ports;
  readonly dataDir: string;
  /** Whether the simulated portal is part of it. */
  readonly simulator: boolean;
}

/** Thrown when one of the variables cannot be used; names it and says what it should be. */
export class InvalidSettings extends Error {
  override readonly name = 'InvalidSettings';
}

/**
 * Reads `TIDY24_*` with their defaults; an empty variable counts as not set.
 *
 * @throws InvalidSettings
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): LocalSettings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(set);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new InvalidSettings(problems.join('; '));
  }
  const values = parsed.data;
  return {
    ports: {
      http: values.TIDY24_HTTP_PORT,
      sqs: values.TIDY24_SQS_PORT,
      dynamoDb: values.TIDY24_DYNAMODB_PORT,
      portal: values.TIDY24_PORTAL_PORT,
    },
    dataDir: values.TIDY24_DATA_DIR,
    simulator: values.TIDY24_SIMULATOR === 'on',
  };
}
