import { describe, expect, it } from '@jest/globals';
import { checkMapping, InvalidMapping } from '../../../local/event-source/settings.ts';

const settings = { batchSize: 10, maximumBatchingWindow: 0, maximumConcurrency: 2, reportBatchItemFailures: true };

describe('settings that AWS would refuse', () => {
  it.each([
    ['a FIFO batch of more than 10', { ...settings, batchSize: 11, maximumBatchingWindow: 1 }, 'q.fifo'],
    ['a FIFO queue with a window', { ...settings, maximumBatchingWindow: 1 }, 'q.fifo'],
    ['a batch of more than 10 without a window', { ...settings, batchSize: 11 }, 'q'],
    ['an empty batch', { ...settings, batchSize: 0 }, 'q'],
    ['a batch of more than 10000', { ...settings, batchSize: 10_001, maximumBatchingWindow: 1 }, 'q'],
    ['a window of more than 300 s', { ...settings, maximumBatchingWindow: 301 }, 'q'],
    ['a concurrency of 1', { ...settings, maximumConcurrency: 1 }, 'q'],
  ])('%s', (_what, refused, queue) => {
    expect(() => checkMapping(refused, queue)).toThrow(InvalidMapping);
  });

  it('do not include the usual ones', () => {
    expect(() => checkMapping(settings, 'q.fifo')).not.toThrow();
    expect(() => checkMapping({ ...settings, batchSize: 500, maximumBatchingWindow: 2 }, 'q')).not.toThrow();
  });
});
