import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { userAgent } from '../../lib/bitrix24/http.ts';

test('the portal is told the version that package.json names', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(userAgent).toBe(`tidy24/${version}`);
});
