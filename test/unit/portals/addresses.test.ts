import { describe, expect, test } from '@jest/globals';
import { atHost, domainSchema, endpointAfter, mayMoveTo } from '../../../lib/portals/addresses.ts';

describe('a portal may move by itself', () => {
  const rules = { ownDomains: ['example.com', 'crm.example.org:8443'] };
  test.each([
    'https://new.bitrix24.com/rest/',
    'https://new.bitrix24.com.br/rest/',
    'https://b24-7k2m.bitrix24.de/rest/',
    'https://example.com/rest/',
    'https://crm.example.com/rest/',
    'https://crm.example.com:8443/rest/',
    'https://crm.example.org:8443/rest/',
  ])('to %s', (endpoint) => {
    expect(mayMoveTo(endpoint, rules)).toBe(true);
  });

  test.each([
    ['by plain http', 'http://new.bitrix24.com/rest/'],
    ['to the zone itself', 'https://bitrix24.com/rest/'],
    ['to a name that ends like a zone', 'https://evilbitrix24.com/rest/'],
    ['to a name that begins like a zone', 'https://new.bitrix24.com.evil.example/rest/'],
    ['to a site', 'https://mine.bitrix24.site/rest/'],
    ['to another port in the cloud', 'https://new.bitrix24.com:8443/rest/'],
    ['to a name that ends like an own domain', 'https://evilexample.com/rest/'],
    ['to another port than the one that is named', 'https://crm.example.org/rest/'],
    ['with a user in front', 'https://a:b@new.bitrix24.com/rest/'],
    ['to this machine, where that is not allowed', 'http://127.0.0.1:4380/rest/'],
    ['to no address', 'new.bitrix24.com'],
  ])('not %s', (_, endpoint) => {
    expect(mayMoveTo(endpoint, rules)).toBe(false);
  });

  test('to a loopback address in a local run only', () => {
    expect(mayMoveTo('http://127.0.0.1:4380/rest/', { allowLoopback: true })).toBe(true);
    expect(mayMoveTo('http://192.0.2.1/rest/', { allowLoopback: true })).toBe(false);
  });
});

describe('an endpoint', () => {
  const present = 'https://old.bitrix24.com/rest/';
  test('follows the authorization server on the same host and to where a portal may move', () => {
    expect(endpointAfter(present, 'https://old.bitrix24.com/rest2/', {})).toBe('https://old.bitrix24.com/rest2/');
    expect(endpointAfter(present, 'https://new.bitrix24.eu/rest/', {})).toBe('https://new.bitrix24.eu/rest/');
  });

  test.each([undefined, 'http://old.bitrix24.com/rest/', 'https://portal.elsewhere.example/rest/'])(
    'stays when the server names %s',
    (named) => {
      expect(endpointAfter(present, named, {})).toBe(present);
    },
  );

  test('at another host is called by https there, with the same path', () => {
    expect(atHost('http://old.example:8080/rest/1/code/', 'new.example')).toBe('https://new.example/rest/1/code/');
    expect(atHost('https://old.example/rest/', '127.0.0.1:4380')).toBe('http://127.0.0.1:4380/rest/');
  });
});

describe('a domain', () => {
  test.each([
    ['Crm.Example.com', 'crm.example.com'],
    [' example.com:8443 ', 'example.com:8443'],
  ])('%s is taken', (text, domain) => {
    expect(domainSchema.parse(text)).toBe(domain);
  });

  test.each(['com', 'https://example.com', 'example.com/rest', '.example.com', 'a@example.com', ''])(
    '%s is not',
    (text) => {
      expect(domainSchema.safeParse(text).success).toBe(false);
    },
  );
});
