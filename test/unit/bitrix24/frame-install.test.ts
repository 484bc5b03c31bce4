import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseForm } from '../../../lib/bitrix24/form.ts';
import { isFrame, parseFrame } from '../../../lib/bitrix24/frame-install.ts';
import { InboundError } from '../../../lib/bitrix24/inbound-errors.ts';
import { inboundEventSchema } from '../../../lib/bitrix24/inbound-event.ts';

const memberId = 'feedc0de00000000000000000000beef';
const query = { DOMAIN: 'shop.bitrix24.test', PROTOCOL: '1', LANG: 'en', APP_SID: 'of-this-frame' };
const fields = {
  AUTH_ID: 'an-access-token',
  AUTH_EXPIRES: '3600',
  REFRESH_ID: 'a-refresh-token',
  SERVER_ENDPOINT: 'https://oauth.bitrix.info/rest/',
  APPLICATION_TOKEN: 'an-application-token',
  APPLICATION_SCOPE: 'crm, bizproc',
  member_id: memberId,
  status: 'L',
  PLACEMENT: 'DEFAULT',
  PLACEMENT_OPTIONS: '{"any":"26/"}',
};

const form = (changed: Record<string, string | undefined> = {}) => {
  const pairs = Object.entries({ ...fields, ...changed }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const body = new URLSearchParams(pairs).toString();
  return parseForm({ body, isBase64Encoded: false, contentType: 'application/x-www-form-urlencoded' });
};

describe('the form that opens an app', () => {
  test('is read as an installation', () => {
    const event = parseFrame(form(), query);
    expect(inboundEventSchema.parse(event)).toEqual(event);
    expect(event).toEqual({
      type: 'install',
      memberId,
      domain: 'shop.bitrix24.test',
      applicationToken: 'an-application-token',
      accessToken: 'an-access-token',
      refreshToken: 'a-refresh-token',
      expiresIn: 3600,
      scope: ['crm', 'bizproc'],
      clientEndpoint: 'https://shop.bitrix24.test/rest/',
      serverEndpoint: 'https://oauth.bitrix.info/rest/',
    });
  });

  test.each([
    ['plain http on a port of its own', { DOMAIN: '127.0.0.1:4380', PROTOCOL: '0' }, 'http://127.0.0.1:4380/rest/'],
    ['upper case', { DOMAIN: 'SHOP.bitrix24.test' }, 'https://shop.bitrix24.test/rest/'],
    ['a name beyond ASCII', { DOMAIN: 'портал.рф' }, 'https://xn--80awhdgm.xn--p1ai/rest/'],
    ['no word on the protocol', { PROTOCOL: undefined }, 'https://shop.bitrix24.test/rest/'],
  ])('with %s', (_, changed, clientEndpoint) => {
    expect(parseFrame(form(), { ...query, ...changed })).toMatchObject({ clientEndpoint });
  });

  test.each<[string, Record<string, string | undefined>, Record<string, string | undefined>]>([
    ['member_id is missing', { member_id: undefined }, {}],
    ['member_id is malformed', { member_id: '../x' }, {}],
    ['AUTH_ID is missing', { AUTH_ID: undefined }, {}],
    ['REFRESH_ID is malformed', { REFRESH_ID: 'with blanks' }, {}],
    ['AUTH_EXPIRES is malformed', { AUTH_EXPIRES: '-1' }, {}],
    ['SERVER_ENDPOINT is malformed', { SERVER_ENDPOINT: 'javascript:alert(1)' }, {}],
    // The query's APP_SID is another one at each opening, so it cannot stand in.
    ['APPLICATION_TOKEN is missing', { APPLICATION_TOKEN: undefined }, {}],
    ['DOMAIN is missing', {}, { DOMAIN: undefined }],
    ['DOMAIN is malformed', {}, { DOMAIN: '"><script>alert(1)</script>' }],
    ['DOMAIN is malformed', {}, { DOMAIN: 'shop.test/path' }],
    ['DOMAIN is malformed', {}, { DOMAIN: '1.2.3.4.5.256' }],
    ['PROTOCOL is malformed', {}, { PROTOCOL: '2' }],
  ])('is refused when %s', (reason, changed, changedQuery) => {
    expect(() => parseFrame(form(changed), { ...query, ...changedQuery })).toThrow(reason);
  });

  test('is never refused with anything but our own reasons, whatever it says', () => {
    const values = fc.option(fc.string({ unit: 'grapheme', maxLength: 30 }), { nil: undefined });
    const some = (keys: string[]) => fc.record(Object.fromEntries(keys.map((key) => [key, values])));
    fc.assert(
      fc.property(some(Object.keys(fields)), some(Object.keys(query)), (changed, changedQuery) => {
        try {
          parseFrame({ ...fields, ...changed }, { ...query, ...changedQuery });
        } catch (error) {
          expect(error).toBeInstanceOf(InboundError);
        }
      }),
    );
  });
});

test('a form is a frame’s when it brings tokens and is no event', () => {
  expect(isFrame(form())).toBe(true);
  expect(isFrame(form({ AUTH_ID: undefined }))).toBe(true);
  expect(isFrame({ ...form(), event: 'ONAPPINSTALL' })).toBe(false);
  expect(isFrame({ a: 'b' })).toBe(false);
});
