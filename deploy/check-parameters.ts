import * as z from 'zod';
import { wrongParameters } from './parameters.ts';

/** What of the framework's own object is used here; the rest of it is not our affair. */
const serverlessSchema = z.looseObject({
  service: z.looseObject({ custom: z.looseObject({ parameters: z.unknown() }) }),
  configurationInput: z.looseObject({ params: z.looseObject({ default: z.record(z.string(), z.unknown()) }) }),
  processedInput: z.looseObject({ options: z.looseObject({ param: z.array(z.string()).optional() }) }),
});

/**
 * A plugin of the framework: nothing is packaged or deployed with a parameter that the functions could not start with, or
 * that nobody asks for because its name is misspelled.
 */
export default class CheckParameters {
  readonly hooks: Readonly<Record<string, () => void>>;

  constructor(serverless: unknown) {
    this.hooks = { 'before:package:initialize': () => check(serverless) };
  }
}

function check(serverless: unknown): void {
  const { service, configurationInput, processedInput } = serverlessSchema.parse(serverless);
  const asked = (processedInput.options.param ?? []).map((one) => one.split('=')[0] ?? '');
  const known = Object.keys(configurationInput.params.default);
  const wrong = wrongParameters(service.custom.parameters, { asked, known });
  if (wrong.length > 0) throw new WrongParameters(wrong.join('\n'));
}

class WrongParameters extends Error {
  /** By this name the framework knows what is the user's to mend, and prints no stack. */
  override readonly name = 'ServerlessError';
  readonly code = 'WRONG_PARAMETERS';
}
