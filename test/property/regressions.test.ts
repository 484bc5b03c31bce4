import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nextDirectory } from '../../lib/portals/stage-directory.ts';
import { movedIntoLoss } from '../../lib/tasks/own-transition.ts';
import { type HttpFront, startHttpFront } from '../integration/support/http-front.ts';
import { examine } from './examine.ts';
import { deal, type Scenario } from './scenario.ts';

let front: HttpFront;
beforeAll(async () => {
  front = await startHttpFront();
});
afterAll(async () => {
  await front.close();
});

const hour = 3_600_000;

/** A deal that is lost from the start, and a rule that unlinks its contact at once. */
const simple: Scenario = {
  stages: [{ code: 'LOSE', sort: 60 }],
  mode: 'enforce',
  rules: [
    {
      id: 'rule-1',
      enabled: true,
      type: deal,
      stages: 'all-lost',
      wait: '0m',
      from: 'loss',
      mode: 'enforce',
      delete: ['deal-contacts'],
    },
  ],
  companies: 0,
  contacts: [[]],
  records: [
    { type: deal, stage: { lost: true, nth: 0 }, contacts: [0], company: -1, parent: -1, reason: '', amount: 50 },
  ],
  phases: [],
};

describe('what random scenarios have found', () => {
  test('the simplest scenario holds', () => examine(simple, front));

  // Not what a proxy says that asks for a password (symptoms.ts, page-401): that pauses the portal until a person acts.
  test('an answer "expired token" that is cut off pauses no portal', () =>
    examine(
      {
        ...simple,
        phases: [
          { deeds: [], passes: 3 * hour, troubles: [] },
          {
            deeds: [{ do: 'expire-token' }],
            passes: hour,
            troubles: [{ at: 'portal', call: 'profile', nth: 1, gives: 'truncated' }],
          },
        ],
      },
      front,
    ));

  // What a stage means when it is first read does not tell what it meant minutes before. The deal's history does.
  test('a stage that became a lost one before it was first read does not make its deals lost', () => {
    const stages = [{ code: 'C5:HOLD', name: 'On hold', semantics: 'F' as const }];
    const readAt = 1_785_000_000_000;
    const directory = nextDirectory(deal, undefined, new Map([[5, stages]]), readAt);
    const record = { entityTypeId: deal, categoryId: 5, stageId: 'C5:HOLD', semantics: 'F' as const, fields: {} };
    expect(movedIntoLoss({ found: true, ...record, movedTime: readAt - 60_000 }, directory)).toBe('ask');
  });

  // The look that a shorter wait calls for went only as far as a long one's would: to what was over already.
  test('a wait that is long no more is kept for records whose time has not come', () =>
    examine(
      {
        ...simple,
        rules: simple.rules.map((rule) => ({ ...rule, wait: '20d' as const })),
        phases: [
          { deeds: [], passes: hour, troubles: [] },
          { deeds: [{ do: 'rules', nth: 0, change: { wait: '3d' } }], passes: hour, troubles: [] },
        ],
      },
      front,
    ));

  // What was read before the stages of another type could not be was planned without a look at how it had become lost.
  test('a deal whose stage became lost under it stays when something else cannot be read', () =>
    examine(
      {
        ...simple,
        stages: [{ code: 'B', sort: 22 }],
        rules: [
          ...simple.rules,
          { ...(simple.rules[0] as Scenario['rules'][number]), id: 'rule-2', type: 1044, delete: ['company-contacts'] },
        ],
        records: [
          {
            type: deal,
            stage: { lost: false, nth: 3 },
            contacts: [0],
            company: -1,
            parent: -1,
            reason: '',
            amount: 50,
          },
          { type: 1044, stage: { lost: false, nth: 0 }, contacts: [], company: -1, parent: -1, reason: '', amount: 50 },
        ],
        phases: [
          {
            deeds: [{ do: 'sort', nth: 0, touch: false }],
            passes: hour,
            troubles: [{ at: 'portal', call: 'batch', nth: 2, gives: 'html-502' }],
          },
        ],
      },
      front,
    ));

  // The nightly look named the deal for the rule that had waited, and the other acted on what was history for it.
  test('a deal that is found when a long wait ends is not found for another rule', () =>
    examine(
      {
        ...simple,
        rules: [
          ...simple.rules.map((rule) => ({ ...rule, where: { UF_CRM_AMOUNT: { 'at-least': 100 } } })),
          {
            ...(simple.rules[0] as Scenario['rules'][number]),
            id: 'rule-2',
            wait: '20d',
            delete: ['company-contacts'],
          },
        ],
        phases: [
          { deeds: [], passes: 9 * 24 * hour, troubles: [] },
          {
            deeds: [{ do: 'edit', on: 0, reason: '', amount: 200, told: 'once' }],
            passes: hour,
            troubles: [],
          },
        ],
      },
      front,
    ));

  // The task had failed for the one contact before the other had its second try.
  test('what is refused beside it does not keep a contact from another try', () =>
    examine(
      {
        ...simple,
        rules: simple.rules.map((rule) => ({
          ...rule,
          delete: ['deal-contacts', { contacts: { via: 'crm.item.delete' } }],
        })),
        contacts: [[], []],
        records: simple.records.map((record) => ({ ...record, contacts: [7, 0] })),
        phases: [
          {
            deeds: [
              { do: 'veto', on: 0, what: 'contact' },
              { do: 'lose-again', on: 0, told: 'once' },
            ],
            passes: hour,
            troubles: [{ at: 'portal', call: 'deletion', nth: 2, gives: 'expired-token' }],
          },
        ],
      },
      front,
    ));
});
