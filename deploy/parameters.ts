import * as z from 'zod';
import { readEnvironment } from '../lib/aws/environment.ts';

/** What a value of serverless.yml's `params` is checked by. */
interface Check {
  readonly isGood: (value: string) => boolean;
  /** What it takes, for people. */
  readonly takes: string;
}

/** As the functions read it (lib/aws/environment.ts). */
function readAs(variable: 'TIDY24_APP_PARAMETER' | 'TIDY24_PORTAL_DOMAINS' | 'TIDY24_UNDO_DAYS') {
  return (value: string): boolean => {
    try {
      readEnvironment({ [variable]: value }, [variable]);
      return true;
    } catch {
      return false;
    }
  };
}

const checks = {
  alarmEmail: {
    isGood: (value) => value === '' || z.email().safeParse(value).success,
    takes: 'one e-mail address, or nothing',
  },
  appParameter: {
    isGood: readAs('TIDY24_APP_PARAMETER'),
    takes: 'the name of an SSM parameter, which begins with a slash: /tidy24/app',
  },
  appParameterKey: {
    isGood: (value) => value === '' || /^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/.test(value),
    takes: 'the ARN of a KMS key (not of an alias): arn:aws:kms:REGION:ACCOUNT:key/ID',
  },
  portalDomains: {
    isGood: readAs('TIDY24_PORTAL_DOMAINS'),
    takes: 'domains with commas between them: example.com,crm.example.org',
  },
  undoDays: { isGood: readAs('TIDY24_UNDO_DAYS'), takes: 'a whole number of days from 1 to 365' },
  eventsWindow: {
    isGood: (value) => /^\d+$/.test(value) && Number(value) <= 300,
    takes: 'a whole number of seconds from 0 to 300',
  },
} satisfies Record<string, Check>;

/** `custom.parameters` in serverless.yml. Numbers may stand there as such. */
const parametersSchema = z.record(z.string(), z.coerce.string());

/**
 * What is wrong with the parameters of a deployment, one sentence each; none when all are good.
 *
 * @param given `custom.parameters` of serverless.yml, its variables resolved
 * @param named what the command line names by --param, and what serverless.yml has under `params`
 */
export function wrongParameters(
  given: unknown,
  named: { asked: readonly string[]; known: readonly string[] },
): string[] {
  const parameters = parametersSchema.parse(given);
  const malformed = Object.entries<Check>(checks).flatMap(([name, { isGood, takes }]) => {
    const value = parameters[name];
    if (value === undefined) return [`serverless.yml does not hand ${name} over in custom.parameters.`];
    return isGood(value) ? [] : [`${name} cannot be ${JSON.stringify(value)}: it takes ${takes}.`];
  });
  const unknown = named.asked
    .filter((name) => !named.known.includes(name))
    .map((name) => `There is no parameter ${name}. Those that there are stand in serverless.yml under params.`);
  return [...malformed, ...unknown];
}
