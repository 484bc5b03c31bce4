import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  afterRefusal,
  clockSlackMs,
  type Course,
  factorAt,
  looseAt,
  operatingCourse,
  requestCourse,
  stepsAt,
  type Strictness,
} from '../../../lib/bitrix24/strictness.ts';

const now = 1_785_000_000_000;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const courses: [string, Course][] = [
  ['of requests', requestCourse],
  ['of operating time', operatingCourse],
];

/** Refused again and again, each time as soon as it counts. */
function refusedTimes(times: number, course: Course): Strictness {
  let strictness: Strictness | undefined;
  for (let index = 0; index < times; index += 1) {
    strictness = afterRefusal(strictness, course, now + (index + 1 - times) * course.eventMs);
  }
  if (strictness === undefined) throw new Error('never refused');
  return strictness;
}

test('one refusal for operating time is enough for the 420 s of a self-hosted portal, and two of requests for half', () => {
  expect(480 * operatingCourse.factor).toBeLessThan(420);
  expect(requestCourse.factor ** 2).toBeLessThan(0.5);
});

test('the numbers are those of the manual', () => {
  expect(requestCourse).toEqual({ factor: 0.7, mostSteps: 4, eventMs: 10 * second, quietMs: 10 * minute });
  expect(operatingCourse).toEqual({ factor: 0.85, mostSteps: 4, eventMs: 10 * minute, quietMs: 6 * hour });
});

describe.each(courses)('a limit %s', (_name, course) => {
  const { factor, mostSteps, eventMs, quietMs } = course;

  test('is as it is set while nothing was refused', () => {
    expect(stepsAt(undefined, course, now)).toBe(0);
    expect(factorAt(undefined, course, now)).toBe(1);
  });

  test('is one step tighter after a refusal', () => {
    const refused = afterRefusal(undefined, course, now);
    expect(refused).toEqual({ steps: 1, since: now, at: now });
    expect(factorAt(refused, course, now)).toBe(factor);
  });

  test('takes the refusals of one event for one', () => {
    const first = refusedTimes(1, course);
    expect(afterRefusal(first, course, now)).toBeUndefined();
    expect(afterRefusal(first, course, now + eventMs - 1)).toBeUndefined();
    expect(afterRefusal(first, course, now + eventMs)).toEqual({ steps: 2, since: now, at: now + eventMs });
  });

  test('takes a refusal that a clock of a little ago reports for the same event', () => {
    expect(afterRefusal(refusedTimes(1, course), course, now - clockSlackMs)).toBeUndefined();
  });

  test('is never tighter than its last step, and is as tight again from each refusal on', () => {
    const refused = refusedTimes(mostSteps + 3, course);
    expect(refused).toMatchObject({ steps: mostSteps, at: now });
    expect(factorAt(refused, course, now)).toBeCloseTo(factor ** mostSteps);
    expect(factorAt({ ...refused, steps: 1_000 }, course, now)).toBeCloseTo(factor ** mostSteps);
    expect(looseAt({ ...refused, steps: 1_000 }, course)).toBe(now + mostSteps * quietMs);
  });

  test('loosens by a step for each quiet time, and then is as it is set', () => {
    const refused = refusedTimes(3, course);
    expect(stepsAt(refused, course, now + quietMs - 1)).toBe(3);
    expect(stepsAt(refused, course, now + quietMs)).toBe(2);
    expect(stepsAt(refused, course, now + 2 * quietMs)).toBe(1);
    expect(looseAt(refused, course)).toBe(now + 3 * quietMs);
    expect(stepsAt(refused, course, looseAt(refused, course) - 1)).toBe(1);
    expect(factorAt(refused, course, looseAt(refused, course))).toBe(1);
    expect(factorAt(refused, course, now + 1_000 * quietMs)).toBe(1);
  });

  test('goes on from where it has loosened to, strict since the first refusal', () => {
    const refused = refusedTimes(2, course);
    const again = afterRefusal(refused, course, now + quietMs);
    expect(again).toEqual({ steps: 2, since: refused.since, at: now + quietMs });
  });

  test('begins anew once it had loosened altogether', () => {
    const later = now + 2 * quietMs;
    expect(afterRefusal(refusedTimes(2, course), course, later)).toEqual({ steps: 1, since: later, at: later });
  });

  test('is not tightened for years by a clock that was ahead', () => {
    const ahead = { steps: 3, since: now + 365 * 24 * hour, at: now + 365 * 24 * hour };
    expect(factorAt(ahead, course, now)).toBe(1);
    expect(afterRefusal(ahead, course, now)).toEqual({ steps: 1, since: now, at: now });
  });

  test('that a clock of a little ahead has tightened is tight', () => {
    const ahead = { steps: 1, since: now, at: now + clockSlackMs };
    expect(stepsAt(ahead, course, now)).toBe(1);
    expect(stepsAt({ ...ahead, at: ahead.at + 1 }, course, now)).toBe(0);
  });

  test('whatever is refused when, lies between its floor and what is set, and is tighter for each refusal that counts', () => {
    const waits = fc.array(fc.nat(3 * quietMs), { maxLength: 30 });
    fc.assert(
      fc.property(waits, (pauses) => {
        let [at, strictness]: [number, Strictness | undefined] = [now, undefined];
        for (const pause of pauses) {
          at += pause;
          const before = factorAt(strictness, course, at);
          const next = afterRefusal(strictness, course, at);
          strictness = next ?? strictness;
          const after = factorAt(strictness, course, at);
          expect(after).toBeGreaterThanOrEqual(factor ** mostSteps);
          if (next === undefined) expect(after).toBe(before);
          else expect(after < before || after === factor ** mostSteps).toBe(true);
        }
      }),
    );
  });
});
