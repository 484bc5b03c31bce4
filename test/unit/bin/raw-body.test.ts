import { describe, expect, test } from '@jest/globals';
import { assert, property, string } from 'fast-check';
import { shownBody, shownBytes } from '../../../bin/raw-body.ts';

describe('a body that nobody can read', () => {
  test.each([
    ['a line end, a tab, an escape', 'a\n\tb\u001b[31m', 'a\\n\\tb\\u001b[31m'],
    ['what turns the direction of writing', 'a\u202eb', 'a\\u202eb'],
    ['half a character', 'a\ud800b', 'a\ufffdb'],
    ['ordinary text', 'Größe {"v":9}', 'Größe {"v":9}'],
  ])('%s is shown as what it is', (_, body, shown) => {
    expect(shownBody(body)).toMatchObject({ text: shown, cut: false });
  });

  test.each([
    '{"access_token":"canary"}',
    '{\\"refresh_token\\":\\"canary\\"}',
    'AUTH_ID=canary&x=1',
    'auth%5Bapplication_token%5D=canary',
    'auth[application_token]=canary',
    "client_secret: 'canary'",
    'Authorization: Bearer canary',
    'https://demo.bitrix24.com/rest/1/canary/profile',
    'https://demo.bitrix24.com/rest/api/1/canary/profile',
    '"https:\\/\\/x.example\\/rest\\/1\\/canary\\/"',
    '/bitrix24/robot?key=canary',
  ])('no secret of %s is shown', (body) => {
    expect(shownBody(body).text).not.toContain('canary');
  });

  test('the cut is made after secrets are masked, and halves no character', () => {
    const { text, bytes, cut } = shownBody(`${'x'.repeat(shownBytes - 20)} token=${'s'.repeat(100)}`);
    expect({ bytes, cut }).toEqual({ bytes: shownBytes - 20 + 107, cut: false });
    expect(text.endsWith('token=…')).toBe(true);
    expect(shownBody('ä'.repeat(2_000)).text).toBe('ä'.repeat(shownBytes / 2));
    expect(shownBody(`x${'ä'.repeat(2_000)}`).text).toBe(`x${'ä'.repeat(shownBytes / 2 - 1)}`);
  });

  test('whatever it holds, nothing that a terminal obeys comes out', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 3_000 }), (body) => {
        // eslint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(shownBody(body).text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }),
    );
  });
});
