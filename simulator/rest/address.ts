/** What the path of a REST request names. */
export interface RestAddress {
  /** In lower case; empty when the path names none. */
  readonly method: string;
  readonly webhook?: { readonly userId: number; readonly code: string };
  /** An answer format the simulator does not write. */
  readonly unsupportedFormat: boolean;
}

/** Reads the path after `/rest/`: `METHOD` or `USER/CODE/METHOD`, either with `.json`; undefined for REST 3.0. */
export function readAddress(parts: readonly string[]): RestAddress | undefined {
  const [first = '', second, ...rest] = parts;
  if (first === 'api') return undefined;
  if (/^\d+$/.test(first) && second !== undefined) {
    return { ...readMethod(rest.join('/')), webhook: { userId: Number(first), code: second } };
  }
  return readMethod(parts.join('/'));
}

function readMethod(text: string): Omit<RestAddress, 'webhook'> {
  const lower = text.toLowerCase();
  if (lower.endsWith('.json')) return { method: lower.slice(0, -5), unsupportedFormat: false };
  const unsupportedFormat = lower.endsWith('.xml');
  return { method: unsupportedFormat ? lower.slice(0, -4) : lower, unsupportedFormat };
}
