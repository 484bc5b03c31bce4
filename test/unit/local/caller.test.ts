import { expect, test } from '@jest/globals';
import { callerOf } from '../../../local/permissions/caller.ts';

test.each([
  ['aws-sdk-js/3.1 ua/2.1 app/receive', 'receive'],
  ['aws-sdk-js/3.1 app/release-PT-NO-OP-2.35.0-PTEnv-NA', 'release'],
  ['aws-sdk-js/3.1 app/release/PT/NO-OP/2.35.0/PTEnv/NA m/E', 'release'],
  ['aws-sdk-js/3.1 app/PT-NO-OP-2.35.0-PTEnv-NA', undefined],
  ['aws-sdk-js/3.1 app/PT/NO-OP/2.35.0/PTEnv/NA', undefined],
  ['aws-sdk-js/3.1', undefined],
])('%s is of %s', (userAgent, caller) => {
  expect(callerOf(userAgent)).toBe(caller);
});
