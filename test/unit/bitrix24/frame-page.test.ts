import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { framePage } from '../../../lib/bitrix24/frame-page.ts';

const page = framePage('shop.bitrix24.test', 'https://shop.bitrix24.test/rest/');
const policy = new Map(
  (page.headers['content-security-policy'] ?? '').split('; ').map((directive) => {
    const [name = '', ...sources] = directive.split(' ');
    return [name, sources];
  }),
);
/** The contents of every element of that name. */
const contents = (element: string) =>
  [...page.body.matchAll(new RegExp(`<${element}(?: [^>]*)?>([^]*?)</${element}>`, 'g'))].map(([, text = '']) => text);
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('the page in the portal’s frame', () => {
  test('names the portal and ends the installation once the library is ready', () => {
    expect(page.body).toContain('<strong>shop.bitrix24.test</strong>');
    expect(page.body).toContain('BX24.init(function(){BX24.installFinish()');
  });

  test('runs Bitrix24’s script and its own, and nothing else', () => {
    const inline = contents('script').filter((text) => text !== '');
    expect(inline).toHaveLength(1);
    expect(policy.get('script-src')).toEqual(['https://api.bitrix24.com/api/v1/', ...inline.map(hash)]);
    expect(policy.get('style-src')).toEqual(contents('style').map(hash));
    expect(policy.get('default-src')).toEqual([`'none'`]);
    expect(policy.get('base-uri')).toEqual([`'none'`]);
    expect(policy.get('form-action')).toEqual([`'none'`]);
    expect(page.body).not.toMatch(/ (on\w+|style|href|action)=/);
    expect([...page.body.matchAll(/src="([^"]*)"/g)].map(([, src]) => src)).toEqual([
      'https://api.bitrix24.com/api/v1/',
    ]);
  });

  test('may be framed by that portal, and is kept nowhere', () => {
    expect(policy.get('frame-ancestors')).toEqual(['https://shop.bitrix24.test']);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  });

  test('escapes what it was given', () => {
    const { body } = framePage(`a"><img src=x onerror='alert(1)'>&`, 'https://shop.bitrix24.test/');
    expect(body).not.toContain('<img');
    expect(body).toContain('a&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;');
  });
});
