import * as z from 'zod';
import { holdFieldSchema, nothingProtected, type Protect, protectedTypes } from './protect.ts';

/** contact, company, deal, lead, or the number of a smart process: 31, 128 to 191, 1030 to 1000000. */
const typeWord =
  /^(contact|company|deal|lead|31|12[89]|1[3-8]\d|19[01]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|[1-9]\d{4,5}|1000000)$/;

const number = z.int().positive();

/** What no rule touches, as it is written. */
export const protectFileSchema = z.strictObject({
  'hold-field': holdFieldSchema
    .optional()
    .describe('The code of a checkbox on the cards, UF_CRM_…: a record where it is ticked is never touched.'),
  ids: z
    .record(z.string().regex(typeWord), z.array(number).min(1).max(1000))
    .optional()
    .describe('Records that are never touched, by their type: contact, company, deal, lead or a number.'),
  responsible: z
    .array(number)
    .min(1)
    .max(100)
    .optional()
    .describe('Users: records that they are responsible for are never touched.'),
  sources: z
    .array(z.string().trim().min(1).max(255))
    .min(1)
    .max(100)
    .optional()
    .describe('Sources, by code or name: records from them are never touched.'),
});

export function toProtect(file: z.infer<typeof protectFileSchema> = {}): Protect {
  const numberOf = (word: string): string =>
    String(Object.hasOwn(protectedTypes, word) ? protectedTypes[word as keyof typeof protectedTypes] : word);
  const ids = Object.entries(file.ids ?? {}).map(([word, list]) => [numberOf(word), [...new Set(list)]]);
  return {
    ...nothingProtected,
    ...(file['hold-field'] !== undefined && { holdField: file['hold-field'] }),
    ids: Object.fromEntries(ids) as Protect['ids'],
    responsible: [...new Set(file.responsible)],
    sources: [...new Set(file.sources)],
  };
}
