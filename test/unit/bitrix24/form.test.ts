import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { formLimits, type FormRequest, parseForm } from '../../../lib/bitrix24/form.ts';
import { InboundError } from '../../../lib/bitrix24/inbound-errors.ts';

const contentType = 'application/x-www-form-urlencoded';
const form = (body: string): FormRequest => ({ body, isBase64Encoded: false, contentType });
const base64 = (body: string | Buffer): FormRequest => ({
  body: (typeof body === 'string' ? Buffer.from(body) : body).toString('base64'),
  isBase64Encoded: true,
  contentType,
});

function refusal(request: FormRequest): { status: number; code: string; message: string } {
  try {
    parseForm(request);
  } catch (error) {
    if (error instanceof InboundError) return { status: error.status, code: error.code, message: error.message };
    throw error;
  }
  throw new Error('was not refused');
}

describe('parseForm', () => {
  test.each([
    ['plain brackets', 'event=ONX&data[FIELDS][ID]=42'],
    ['encoded brackets', 'event=ONX&data%5BFIELDS%5D%5BID%5D=42'],
    ['brackets encoded in lower case', 'event=ONX&data%5bFIELDS%5d%5bID%5d=42'],
  ])('nests %s, in base64 or not', (_, body) => {
    for (const request of [form(body), base64(body)]) {
      expect(structuredClone(parseForm(request))).toEqual({ event: 'ONX', data: { FIELDS: { ID: '42' } } });
    }
  });

  test('gives arrays as PHP writes them, in the order of their indices', () => {
    expect(parseForm(form('x[0]=a&x[1]=b&y[]=c&y[]=d&z[1]=f&z[0]=e'))).toMatchObject({
      x: ['a', 'b'],
      y: ['c', 'd'],
      z: ['e', 'f'],
    });
  });

  test('takes the last of repeated parameters, as PHP does', () => {
    expect(parseForm(form('a=1&a=2'))['a']).toBe('2');
  });

  test('decodes percent signs and plus signs as UTF-8', () => {
    expect(parseForm(form('a=%D0%9F+%26'))['a']).toBe('П &');
  });

  test('leaves everything a string and all objects without a prototype', () => {
    const parsed = parseForm(form('a=1&b[c]=true&d&toString=x&b[hasOwnProperty]=y'));
    expect(parsed['a']).toBe('1');
    expect(parsed['d']).toBe('');
    expect(parsed['toString']).toBe('x');
    expect(Object.getPrototypeOf(parsed)).toBeNull();
    expect(Object.getPrototypeOf(parsed['b'])).toBeNull();
  });

  test('takes a missing or an empty body as an empty form', () => {
    expect(Object.keys(parseForm({ body: undefined, isBase64Encoded: false, contentType }))).toEqual([]);
    expect(Object.keys(parseForm(form('&&')))).toEqual([]);
  });

  test.each([
    'application/x-www-form-urlencoded; charset=UTF-8',
    'Application/X-WWW-Form-UrlEncoded',
    ` ${contentType} `,
  ])('takes the content type %s', (type) => {
    expect(parseForm({ ...form('a=1'), contentType: type })['a']).toBe('1');
  });

  test.each([undefined, '', 'application/json', 'multipart/form-data', 'text/x; application/x-www-form-urlencoded'])(
    'answers 415 to the content type %s',
    (type) => {
      expect(refusal({ ...form('a=1'), contentType: type })).toMatchObject({ status: 415, code: 'WRONG_CONTENT_TYPE' });
    },
  );

  test('measures the decoded body: exactly 64 KiB passes, one byte more is 413', () => {
    const largest = `a=${'x'.repeat(formLimits.bytes - 2)}`;
    const euros = `a=${'€'.repeat(Math.ceil((formLimits.bytes - 2) / 3) + 1)}`;
    expect(parseForm(form(largest))['a']).toHaveLength(formLimits.bytes - 2);
    expect(parseForm(base64(largest))['a']).toHaveLength(formLimits.bytes - 2);
    for (const request of [form(`${largest}x`), base64(`${largest}x`), form(euros), base64(euros)]) {
      expect(refusal(request)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    }
  });

  test('refuses a huge body before it decodes it', () => {
    // Not base64 at all, and yet it is the size that is named.
    expect(refusal({ body: '~'.repeat(100_000), isBase64Encoded: true, contentType }).status).toBe(413);
  });

  test.each([
    '__proto__=1',
    '__proto__[x]=1',
    'a[__proto__][x]=1',
    'a[b][__proto__]=1',
    'a[__proto__]rest=1',
    '%5F%5Fproto%5F%5F[x]=1',
    'a%5B__proto__%5D=1',
    'a%5b%5f%5fproto__%5d%5bx%5d=1',
    'a=[__proto__]=1',
    'a[b=c][__proto__]=1',
    '[__proto__][x]=1',
    'a[__proto__',
    'constructor[prototype][x]=1',
    'a[constructor]=1',
    'a[0][prototype]=1',
    'event=ONX&a[][constructor]=1',
  ])('refuses the forbidden key in %s', (body) => {
    for (const request of [form(body), base64(body)]) {
      expect(refusal(request)).toEqual({
        status: 400,
        code: 'MALFORMED_FORM',
        message: 'The form has a forbidden key.',
      });
    }
  });

  test('takes the same words as values', () => {
    expect(parseForm(form('a=__proto__&b=constructor'))).toMatchObject({ a: '__proto__', b: 'constructor' });
  });

  test('names a forbidden key before any other fault', () => {
    const many = Array.from({ length: 300 }, (_, index) => `p${index}=1`).join('&');
    expect(refusal(form(`${many}&a[__proto__]=1&b=%zz`)).message).toContain('forbidden key');
  });

  test('takes 200 parameters and refuses 201', () => {
    const parameters = Array.from({ length: 200 }, (_, index) => `p${index}=1`).join('&');
    expect(Object.keys(parseForm(form(parameters)))).toHaveLength(200);
    expect(Object.keys(parseForm(form(`${'&'.repeat(500)}${parameters}`)))).toHaveLength(200);
    expect(refusal(form(`${parameters}&one=more`))).toMatchObject({ status: 400, code: 'MALFORMED_FORM' });
  });

  test('takes five brackets and refuses six', () => {
    expect(parseForm(form('a[b][c][d][e][f]=1'))).toMatchObject({ a: { b: { c: { d: { e: { f: '1' } } } } } });
    expect(refusal(form('a[b][c][d][e][f][g]=1')).message).toBe('The form is nested more than 5 deep.');
  });

  test.each(['a=%', 'a=%zz', 'a=%ff', '%ff=1', 'a[%c3]=1', 'a=%C3%28'])(
    'refuses the malformed encoding in %s',
    (body) => {
      expect(refusal(form(body))).toMatchObject({ status: 400, message: 'The form is not percent-encoded UTF-8.' });
    },
  );

  test('refuses what is not base64 although it is said to be', () => {
    expect(refusal({ body: 'event=ONX&a=1', isBase64Encoded: true, contentType }).message).toBe(
      'The body is not base64.',
    );
  });

  test('refuses bytes that are not UTF-8', () => {
    expect(refusal(base64(Buffer.from([0x61, 0x3d, 0xff, 0xfe]))).message).toBe('The body is not UTF-8.');
  });

  test('throws nothing but InboundError, quotes nothing, and never touches a prototype, whatever the body', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '[',
      ']',
      '=',
      '&',
      '%5B',
      '%5d',
      '%',
      '__proto__',
      'constructor',
      '0',
      '1',
    );
    const body = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      fc.webQueryParameters(),
    );
    fc.assert(
      fc.property(body, fc.boolean(), (text, isBase64Encoded) => {
        try {
          expectNoPrototypes(parseForm({ body: text, isBase64Encoded, contentType }));
        } catch (error) {
          if (!(error instanceof InboundError)) throw error;
          expect(error.message).toMatch(/^The (body|form) [a-z0-9 -]+(base64|UTF-8)?\.$/i);
        }
        expect(Reflect.ownKeys(Object.prototype)).toEqual(prototypeKeys);
      }),
      { numRuns: 3000 },
    );
  });
});

const prototypeKeys = Reflect.ownKeys(Object.prototype);

function expectNoPrototypes(value: unknown): void {
  if (typeof value === 'string') return;
  if (Array.isArray(value)) {
    for (const element of value) expectNoPrototypes(element);
    return;
  }
  if (typeof value !== 'object' || value === null) throw new TypeError(`${typeof value} in a form`);
  expect(Object.getPrototypeOf(value)).toBeNull();
  for (const key of Object.keys(value)) {
    expect(['__proto__', 'constructor', 'prototype']).not.toContain(key);
    expectNoPrototypes(Reflect.get(value, key));
  }
}
