import { describe, expect, test } from '@jest/globals';
import { byGroup, type CpuProfile, functionTimes, groupOf } from '../../../bench/profile/self-time.ts';

const project = 'file:///srv/tidy24/';

function node(id: number, functionName: string, url: string, children: number[] = []) {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

/** The root calls `work`, which calls `send` of a package, which calls `work` once more. 1 ms a sample. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 5]),
    node(2, 'work', `${project}lib/tasks/work.ts`, [3]),
    node(3, 'send', `${project}node_modules/@smithy/core/index.js`, [4]),
    node(4, 'work', `${project}lib/tasks/work.ts`),
    node(5, '(idle)', ''),
  ],
  samples: [2, 3, 3, 4, 5, 5],
  timeDeltas: [1000, 1000, 1000, 1000, 1000, 1000],
};

describe('the times of functions in a profile', () => {
  test('are those on top of the stack, and those of whatever they called, each counted once', () => {
    expect(functionTimes(profile, project)).toEqual([
      { name: 'work', place: 'lib/tasks/work.ts:10', group: 'tidy24', self: 2, total: 4 },
      { name: 'send', place: '@smithy/core/index.js:10', group: 'AWS SDK', self: 2, total: 3 },
    ]);
  });

  test('are summed by package, the most first', () => {
    const times = functionTimes({ ...profile, samples: [2, 3, 3], timeDeltas: [500, 1000, 1000] }, project);
    expect(byGroup(times)).toEqual([
      { group: 'AWS SDK', self: 2 },
      { group: 'tidy24', self: 0.5 },
    ]);
  });
});

test.each([
  ['node:internal/streams/readable', 'node'],
  ['node:inspector', 'harness'],
  [`${project}handlers/worker.ts`, 'tidy24'],
  [`${project}bench/support/deployed/functions.ts`, 'harness'],
  [`${project}local/lambda/in-process.ts`, 'harness'],
  ['file:///elsewhere/node_modules/@aws-sdk/client-sqs/dist/index.js', 'AWS SDK'],
  ['file:///elsewhere/node_modules/@middy/core/index.js', '@middy/core'],
  [`${project}node_modules/a/node_modules/zod/v4/core/parse.js`, 'zod'],
  ['', 'V8'],
])('%s belongs to %s', (url, group) => {
  expect(groupOf(url, project)).toBe(group);
});
