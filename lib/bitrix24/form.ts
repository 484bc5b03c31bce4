import { isUtf8 } from 'node:buffer';
import qs from 'qs';
import { BodyTooLarge, MalformedForm, WrongContentType } from './inbound-errors.ts';

/** A form with PHP brackets, nested. Every leaf is a string; objects have no prototype; `x[0]=…&x[1]=…` is an array. */
export interface Form {
  readonly [key: string]: FormValue | undefined;
}
export type FormValue = string | Form | readonly (string | Form)[];

/** What an HTTP request brings, as API Gateway hands it over. */
export interface FormRequest {
  readonly body: string | undefined;
  /** On AWS a form body arrives in base64, locally it does not. */
  readonly isBase64Encoded: boolean;
  readonly contentType: string | undefined;
}

export const formLimits = {
  /** Real events are under 2 KB. */
  bytes: 64 * 1024,
  /** Brackets after a key's first part. */
  depth: 5,
  parameters: 200,
} as const;

/** Keys through which an object without care can be made to change the prototype of others. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The form in a request's body, as PHP's `http_build_query` writes it, brackets percent-encoded or not.
 *
 * @throws WrongContentType, BodyTooLarge, MalformedForm
 */
export function parseForm({ body, isBase64Encoded, contentType }: FormRequest): Form {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new WrongContentType();
  }
  const text = decodeBody(body ?? '', isBase64Encoded);
  const pairs = text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => splitPair(pair));
  const keys = pairs.map(([key]) => decodePart(key));
  // Before anything else is looked at, and on all keys: a later check must not be reachable with such a key.
  if (keys.some((key) => key.split(/[[\]]/).some((part) => forbiddenKeys.has(part)))) {
    throw new MalformedForm('The form has a forbidden key.');
  }
  if (pairs.length > formLimits.parameters) {
    throw new MalformedForm(`The form has more than ${formLimits.parameters} parameters.`);
  }
  if (keys.some((key) => key.split('[').length - 1 > formLimits.depth)) {
    throw new MalformedForm(`The form is nested more than ${formLimits.depth} deep.`);
  }
  for (const [, value] of pairs) decodePart(value);

  return qs.parse(text, {
    plainObjects: true,
    depth: formLimits.depth,
    parameterLimit: Infinity, // counted above, where empty ones are left out
    arrayLimit: formLimits.parameters,
    duplicates: 'last', // as PHP does
  });
}

function decodeBody(body: string, isBase64Encoded: boolean): string {
  // Measured before it is decoded, so that a huge body costs nothing.
  const leastBytes = isBase64Encoded ? Math.floor((body.length * 3) / 4) - 2 : body.length;
  if (leastBytes > formLimits.bytes) throw new BodyTooLarge(formLimits.bytes);
  if (isBase64Encoded && !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) throw new MalformedForm('The body is not base64.');
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > formLimits.bytes) throw new BodyTooLarge(formLimits.bytes);
  if (!isUtf8(bytes)) throw new MalformedForm('The body is not UTF-8.');
  return bytes.toString('utf8');
}

/** Where qs takes key and value apart: at the first `]=`, otherwise at the first `=`. The checks must see its keys. */
function splitPair(pair: string): [key: string, value: string] {
  const text = pair.replaceAll(/%5B/gi, '[').replaceAll(/%5D/gi, ']');
  const bracket = text.indexOf(']=');
  const equals = bracket === -1 ? text.indexOf('=') : bracket + 1;
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new MalformedForm('The form is not percent-encoded UTF-8.');
  }
}
