import type { Template } from './template.ts';

/**
 * A copy of the template in which one property of a resource has another value, to see a statement fail.
 *
 * @param path the resource's logical id, then the way within its properties
 * @param value undefined removes the property
 */
export function mutated(template: Template, path: readonly (string | number)[], value: unknown): Template {
  const copy = structuredClone(template);
  const [id, ...rest] = path;
  const last = rest.pop();
  let parent: unknown = copy.Resources[String(id)]?.Properties;
  for (const key of rest) parent = (parent as Record<string | number, unknown>)[key];
  if (typeof parent !== 'object' || parent === null || last === undefined || !Reflect.set(parent, last, value)) {
    throw new Error(`There is nothing at ${path.join('.')}`);
  }
  return copy;
}
