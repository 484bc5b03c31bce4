import Sequencer from '@jest/test-sequencer';

/** Folders and files that take longest, first those that take the longest of all. */
const long = [
  'e2e/tour',
  'property/',
  'undo/interrupted',
  'tasks/killed-anywhere',
  'answers/',
  'tasks/fair-feed',
  'local/start',
  'integration/limits',
  'hostile/',
  'e2e/',
  'integration/',
  'template/',
];

function place({ path }) {
  const at = long.findIndex((part) => path.includes(part));
  return at === -1 ? long.length : at;
}

/**
 * Without a cache, as in CI, Jest starts with the largest files. A long one among the last keeps one core waiting for it.
 * Files that have failed before still come first.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- Jest's own, and no array's
    return super.sort(tests).toSorted((one, other) => place(one) - place(other));
  }
}
