import { describe, expect, test } from '@jest/globals';
import type { ContactLink } from '../../../../lib/bitrix24/answers.ts';
import { mergeLinks } from '../../../../lib/tasks/undo/merge-links.ts';

const deal = 2;
const company = 4;
const link = (CONTACT_ID: number, SORT: number, IS_PRIMARY: 'Y' | 'N' = 'N'): ContactLink => ({
  CONTACT_ID,
  SORT,
  IS_PRIMARY,
});
const merge = (
  kept: ContactLink[],
  present: ContactLink[],
  isBack: (id: number) => boolean = () => true,
  owner = deal,
  wasEmptied = false,
) => mergeLinks(owner, kept, present, isBack, wasEmptied);

describe('the links of a deal are put back', () => {
  test('where they were in the order, whatever is linked now', () => {
    const kept = [link(1, 10, 'Y'), link(2, 20), link(3, 30)];
    expect(merge(kept, [link(2, 20)])).toEqual(kept);
    expect(merge(kept, [])).toEqual(kept);
  });

  test('only those that are to be', () => {
    const kept = [link(1, 10, 'Y'), link(2, 20)];
    expect(merge(kept, [], (id) => id === 2)).toEqual([link(2, 20, 'Y')]);
    expect(merge(kept, [], () => false)).toBeUndefined();
  });

  test('not when none is missing: nothing is written then', () => {
    const kept = [link(1, 10, 'Y')];
    expect(merge(kept, [link(1, 20, 'Y'), link(4, 30)])).toBeUndefined();
    expect(merge([], [link(4, 10)])).toBeUndefined();
  });

  test('beside what a person has linked since, which stays', () => {
    expect(merge([link(1, 10, 'Y'), link(2, 30)], [link(4, 20)])).toEqual([link(1, 10, 'Y'), link(4, 20), link(2, 30)]);
  });

  test('with the order that they had, also where a person has changed it since', () => {
    expect(merge([link(1, 10, 'Y'), link(2, 20)], [link(2, 5, 'Y')])).toEqual([link(1, 10, 'Y'), link(2, 20)]);
  });

  test('in their order where the portal tells of no places', () => {
    const bare = (CONTACT_ID: number) => ({ CONTACT_ID }) as ContactLink;
    expect(merge([bare(1), bare(2)], [])).toEqual([link(1, 10, 'Y'), link(2, 20)]);
    expect(merge([bare(2)], [bare(1)])).toEqual([link(1, 10, 'Y'), link(2, 20)]);
  });
});

describe('the primary contact of a deal', () => {
  test('is one alone: the one it was', () => {
    expect(merge([link(1, 10), link(2, 20, 'Y')], [link(1, 10, 'Y')])).toEqual([link(1, 10), link(2, 20, 'Y')]);
  });

  test('stays the one that a person has put there since', () => {
    expect(merge([link(1, 10, 'Y')], [link(4, 20, 'Y')])).toEqual([link(1, 10), link(4, 20, 'Y')]);
  });

  test('stays the one that a person has linked again after all were unlinked', () => {
    const kept = [link(1, 10, 'Y'), link(2, 20)];
    expect(merge(kept, [link(2, 10, 'Y')], () => true, deal, true)).toEqual([link(1, 10), link(2, 20, 'Y')]);
  });

  test('stays the one that a person has chosen among those that were left', () => {
    const kept = [link(1, 10, 'Y'), link(2, 20), link(3, 30)];
    expect(merge(kept, [link(2, 20), link(3, 30, 'Y')])).toEqual([link(1, 10), link(2, 20), link(3, 30, 'Y')]);
    expect(merge(kept, [link(1, 10), link(3, 30, 'Y')])).toEqual([link(1, 10), link(2, 20), link(3, 30, 'Y')]);
  });

  test('stays the one that a person has chosen although the old one is linked', () => {
    const kept = [link(1, 10), link(2, 20, 'Y'), link(3, 30)];
    expect(merge(kept, [link(1, 10, 'Y'), link(2, 20)])).toEqual([link(1, 10, 'Y'), link(2, 20), link(3, 30)]);
  });

  test('comes back where the portal had only taken the first that was left, in whatever order they are told', () => {
    const [first, second, third] = [link(1, 10, 'Y'), link(2, 20), link(3, 30)];
    const present = [link(2, 20, 'Y'), link(3, 30)];
    for (const kept of [
      [first, second, third],
      [third, second, first],
      [second, first, third],
      [third, first, second],
    ]) {
      expect(mergeLinks(deal, kept, present, () => true)).toEqual([first, second, third]);
    }
  });

  test('is no new contact that is none', () => {
    expect(merge([link(1, 20, 'Y')], [link(4, 10)])).toEqual([link(4, 10), link(1, 20, 'Y')]);
  });

  test('stays the present one where the old one does not come back', () => {
    const kept = [link(1, 10, 'Y'), link(2, 20), link(3, 30)];
    expect(merge(kept, [link(3, 30, 'Y')], (id) => id === 2)).toEqual([link(2, 20), link(3, 30, 'Y')]);
  });

  test('is the first where there is no other', () => {
    expect(merge([link(1, 20), link(2, 10)], [])).toEqual([link(2, 10, 'Y'), link(1, 20)]);
  });
});

test('the contacts of a company have each their own flag', () => {
  const kept = [link(1, 10, 'Y'), link(2, 20, 'Y'), { CONTACT_ID: 3, SORT: 30 } as ContactLink];
  expect(merge(kept, [link(4, 40, 'Y')], () => true, company)).toEqual([
    link(1, 10, 'Y'),
    link(2, 20, 'Y'),
    link(3, 30),
    link(4, 40, 'Y'),
  ]);
});
