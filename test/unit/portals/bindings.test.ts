import { describe, expect, test } from '@jest/globals';
import { eventsFor, eventsOfRules, isTidy24 } from '../../../lib/portals/bindings.ts';

describe('the events that rules need', () => {
  test.each([
    ['nothing', [], []],
    ['deals', ['deal'], ['ONCRMDEALUPDATE', 'ONCRMDEALADD', 'ONCRMDEALMOVETOCATEGORY']],
    ['leads', ['lead'], ['ONCRMLEADUPDATE', 'ONCRMLEADADD']],
    ['two smart processes', [1268, 177], ['ONCRMDYNAMICITEMUPDATE', 'ONCRMDYNAMICITEMADD']],
    [
      'leads twice and a smart invoice',
      ['lead', 31, 'lead'],
      ['ONCRMLEADUPDATE', 'ONCRMLEADADD', 'ONCRMDYNAMICITEMUPDATE', 'ONCRMDYNAMICITEMADD'],
    ],
  ] as const)('of %s', (_, types, events) => {
    expect(eventsFor(types)).toEqual(events);
  });

  test('are not those of a rule that is switched off', () => {
    const lead = { enabled: true, when: { type: 'lead' } } as const;
    const deal = { enabled: false, when: { type: 'deal' } } as const;
    expect(eventsOfRules([deal, lead])).toEqual(['ONCRMLEADUPDATE', 'ONCRMLEADADD']);
  });
});

describe('a handler is ours', () => {
  test.each([
    [true, 'https://abc.execute-api.eu-central-1.amazonaws.com/bitrix24/events'],
    [true, 'https://old.example/bitrix24/install'],
    [false, 'https://abc.example/bitrix24/events/mine'],
    [false, 'https://abc.example/events'],
    [false, 'https://abc.example/?to=/bitrix24/events'],
    [false, 'no address'],
  ])('%s: %s', (ours, handler) => {
    expect(isTidy24(handler)).toBe(ours);
  });
});
