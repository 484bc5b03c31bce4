import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { deployedFeed } from '../../../bench/support/system.ts';

test('what the benchmarks take for deployed is what serverless.yml deploys', () => {
  const file = readFileSync('serverless.yml', 'utf8');
  const [, onAws = '', locally = ''] = /^ {2}default:\n([\s\S]*?)^ {2}local:\n([\s\S]*?)^\S/m.exec(file) ?? [];
  expect(onAws).toContain(`eventsWindow: ${deployedFeed.maximumBatchingWindow}\n`);
  expect(locally).toContain('eventsWindow: 1\n');
  expect(file).toContain(`batchSize: ${deployedFeed.batchSize}\n`);
});
