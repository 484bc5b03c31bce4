/** What `${...}` in serverless.yml may point to. */
export interface VariableSources {
  readonly stage: string;
  readonly self: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
}

const variable = /\$\{(\w+):([\w.]+)\}/g;

/** Thrown for a variable that serverless.yml uses and that cannot be resolved here; names it. */
export class UnresolvedVariable extends Error {
  override readonly name = 'UnresolvedVariable';
}

function lookUp(source: string, address: string, sources: VariableSources): unknown {
  const found =
    source === 'param'
      ? sources.params[address]
      : source === 'self'
        ? sources.self[address]
        : source === 'sls' && address === 'stage'
          ? sources.stage
          : undefined;
  if (found === undefined) throw new UnresolvedVariable(`serverless.yml: \${${source}:${address}} has no value here`);
  return resolveVariables(found, sources);
}

function resolveText(text: string, sources: VariableSources): unknown {
  const [whole] = text.matchAll(variable);
  // A variable alone keeps the type of its value; one within a text becomes text.
  if (whole?.[0] === text) return lookUp(whole[1] ?? '', whole[2] ?? '', sources);
  return text.replace(variable, (_match, source: string, address: string) => {
    const value = lookUp(source, address, sources);
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new UnresolvedVariable(`serverless.yml: \${${source}:${address}} is no text and stands within one`);
    }
    return String(value);
  });
}

/**
 * `value` with the variables in it replaced, however deep. CloudFormation's own `${AWS::Region}` and `${LogicalId}`
 * are left alone: they have no source before a single colon.
 *
 * @throws UnresolvedVariable naming the variable
 */
export function resolveVariables(value: unknown, sources: VariableSources): unknown {
  if (typeof value === 'string') return resolveText(value, sources);
  if (Array.isArray(value)) return value.map((item) => resolveVariables(item, sources));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveVariables(item, sources)]));
  }
  return value;
}
