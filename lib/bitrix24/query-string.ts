/**
 * Parameters as PHP's `http_build_query` writes them, for the commands of a `batch`: lists and objects by brackets, a
 * missing value (`undefined`) and an empty list or object not at all, `null` as an empty text.
 *
 * @example queryString({ filter: { '@id': [1, 2] } }) // 'filter%5B%40id%5D%5B0%5D=1&filter%5B%40id%5D%5B1%5D=2'
 */
export function queryString(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .flatMap(([key, value]) => pairs(key, value))
    .join('&');
}

function pairs(key: string, value: unknown): string[] {
  if (value === null) return [`${encoded(key)}=`];
  if (value instanceof Date) return pairs(key, value.toISOString());
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([inner, innerValue]) => pairs(`${key}[${inner}]`, innerValue));
  }
  return isPlain(value) ? [`${encoded(key)}=${encoded(String(value))}`] : [];
}

function isPlain(value: unknown): value is string | number | bigint | boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

/** By RFC 3986: what `encodeURIComponent` leaves besides the unreserved characters is encoded as well. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
