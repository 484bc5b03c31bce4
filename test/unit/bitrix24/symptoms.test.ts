import { describe, expect, test } from '@jest/globals';
import type { Reaction } from '../../../lib/bitrix24/reactions.ts';
import { classifySymptom, type Symptom, symptomTable } from '../../../lib/bitrix24/symptoms.ts';

const bodies = ['html', 'empty', 'truncated', 'other'] as const;
const unusable = (...statuses: number[]): Symptom[] =>
  statuses.flatMap((status) => bodies.map((body) => ({ kind: 'unusable' as const, status, body })));
const isCutOff = (symptom: Symptom) => 'body' in symptom && symptom.body === 'truncated';
const whole = (...statuses: number[]) => unusable(...statuses).filter((symptom) => !isCutOff(symptom));
const cutOff = (...statuses: number[]) => unusable(...statuses).filter(isCutOff);
const redirects = (kind: 'redirect-elsewhere' | 'redirect-same-host'): Symptom[] =>
  [301, 302, 307, 308].map((status) => ({ kind, status }));

const cases: readonly [row: string, reaction: Reaction, symptoms: Symptom[]][] = [
  ['unreachable', 'retry-later', [{ kind: 'unreachable' }]],
  ['no-answer', 'retry-later', [{ kind: 'no-answer' }]],
  ['redirect-elsewhere', 'moved', redirects('redirect-elsewhere')],
  ['redirect-same-host', 'operator', redirects('redirect-same-host')],
  ['page-401', 'operator', whole(401)],
  ['page-403', 'retry-later', unusable(403)],
  ['page-404', 'operator', whole(404)],
  ['page-429-503', 'wait-for-limit', unusable(429, 503)],
  ['page-500-502-504', 'retry-later', unusable(500, 502, 504)],
  ['page-other', 'retry-later', [...unusable(200, 204, 400, 408, 413, 418, 501, 520), ...cutOff(401, 404)]],
];

test.each(cases)('%s is %s', (row, reaction, symptoms) => {
  for (const symptom of symptoms) {
    const found = classifySymptom(symptom);
    expect({ symptom, name: found.name, reaction: found.reaction }).toEqual({ symptom, name: row, reaction });
  }
});

describe('the table of symptoms', () => {
  test('has each of its rows in the cases above, and each name once', () => {
    expect(symptomTable.map(({ name }) => name)).toEqual(cases.map(([row]) => row));
  });

  test('reads back before it repeats wherever the work may have been done', () => {
    const verified = symptomTable.filter(({ verifyBeforeRepeat }) => verifyBeforeRepeat === true);
    expect(verified.map(({ name }) => name)).toEqual(['no-answer', 'page-500-502-504', 'page-other']);
  });

  test('calls a person when trying again does not help', () => {
    const escalating = symptomTable.filter(({ escalate }) => escalate !== undefined);
    expect(escalating.map(({ name, escalate }) => [name, escalate])).toEqual([
      ['unreachable', { to: 'operator', afterMs: 86_400_000 }],
      ['page-403', { to: 'operator', afterAttempts: 3 }],
      ['page-429-503', { to: 'operator', afterMs: 86_400_000 }],
      ['page-other', { to: 'permanent', afterAttempts: 5 }],
    ]);
  });

  test('stops the portal and says what to do wherever a person is called', () => {
    for (const { name, reaction, escalate, stopsPortal, mend } of symptomTable) {
      const person = reaction === 'operator' || reaction === 'moved' || escalate?.to === 'operator';
      expect([name, stopsPortal ?? false, mend !== undefined]).toEqual([name, person, person]);
    }
  });

  test('counts an attempt only where something is tried again', () => {
    for (const { name, reaction, countsAttempt } of symptomTable) {
      expect([name, countsAttempt]).toEqual([name, reaction === 'retry-later']);
    }
  });

  test('waits longer for a page from the edge than for the portal’s own limit', () => {
    expect(classifySymptom({ kind: 'unusable', status: 503, body: 'html' })).toMatchObject({
      limit: 'rate',
      waitMs: 30_000,
    });
  });
});
