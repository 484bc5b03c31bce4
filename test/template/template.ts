import * as z from 'zod';

/** A packaged CloudFormation template, as far as the statements about it need to know its shape. */
export const templateSchema = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      DeletionPolicy: z.string().optional(),
      UpdateReplacePolicy: z.string().optional(),
      Properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});
export type Template = z.infer<typeof templateSchema>;

export interface Resource {
  readonly id: string;
  readonly properties: Record<string, unknown>;
  /** When the stack goes; not when the deployment that created it is taken back. */
  readonly kept: boolean;
}

export function resourcesOf(template: Template, type: string): Resource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, { Properties, DeletionPolicy, UpdateReplacePolicy }]) => ({
      id,
      properties: Properties,
      kept: DeletionPolicy === 'RetainExceptOnCreate' && UpdateReplacePolicy === 'Retain',
    }));
}

/** What `{ Ref }` or `{ 'Fn::GetAtt' }` points to; the first `${Name}` of a `{ 'Fn::Sub' }`; undefined for plain values. */
export function targetOf(value: unknown): string | undefined {
  const reference = z
    .union([
      z.strictObject({ Ref: z.string() }).transform(({ Ref }) => Ref),
      z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform((one) => one['Fn::GetAtt'][0]),
      z.strictObject({ 'Fn::Sub': z.string() }).transform((one) => /\$\{(\w+)/.exec(one['Fn::Sub'])?.[1] ?? ''),
    ])
    .safeParse(value);
  return reference.data;
}

export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** The value at a path of keys, undefined where it ends. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}
