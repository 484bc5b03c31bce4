import { describe, expect, it } from '@jest/globals';
import { failedMessageIds, MalformedBatchResponse } from '../../../local/event-source/batch-response.ts';

const batch = new Set(['a', 'b']);

describe('the answer to a batch', () => {
  it.each([null, undefined, {}, { batchItemFailures: null }, { batchItemFailures: [] }])(
    '%j means all is done',
    (answer) => {
      expect(failedMessageIds(answer, batch).size).toBe(0);
    },
  );

  it('names the messages that stay', () => {
    expect(failedMessageIds({ batchItemFailures: [{ itemIdentifier: 'b' }] }, batch)).toEqual(new Set(['b']));
  });

  it.each([
    ['an id that is not of the batch', { batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'c' }] }],
    ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['no id', { batchItemFailures: [{ itemIdentifier: null }] }],
    ['another name for the id', { batchItemFailures: [{ messageId: 'a' }] }],
    ['ids that are not in objects', { batchItemFailures: ['a'] }],
    ['an object for a list', { batchItemFailures: { itemIdentifier: 'a' } }],
    ['a text', 'all fine'],
    ['a list', []],
  ])('%s fails the whole batch', (_what, answer) => {
    expect(() => failedMessageIds(answer, batch)).toThrow(MalformedBatchResponse);
  });
});
