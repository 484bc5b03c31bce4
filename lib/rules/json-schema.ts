import * as z from 'zod';
import { rulesFileSchema } from './file-schema.ts';

/**
 * The rules file's JSON Schema (2020-12), for editors: the form, the words and what they mean. What depends on several
 * keys, or on a portal, only `rules check` knows.
 */
export function rulesJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(rulesFileSchema, { io: 'input' });
  return {
    $schema,
    title: 'tidy24 rules',
    description: 'What tidy24 removes after deals, leads and items of smart processes are lost. See docs/rules.md.',
    ...schema,
  };
}
