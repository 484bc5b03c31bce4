import * as z from 'zod/mini';
import { hour, minute, second } from './reactions.ts';

const instant = z.int().check(z.positive());

/** How much stricter than its settings a portal has shown itself, by what it has refused. Times are ms since the epoch. */
export const strictnessSchema = z.object({
  /** How many steps tighter, counted at `at`. */
  steps: z.int().check(z.positive()),
  /** Since when it has been stricter without a break. */
  since: instant,
  /** When it was last refused. */
  at: instant,
});
export type Strictness = z.infer<typeof strictnessSchema>;

/** How one limit tightens by refusals and loosens by quiet time. */
export interface Course {
  /** What one step leaves of the limit. */
  readonly factor: number;
  /** No tighter than so many steps: a portal that refuses without end is not slowed down without end. */
  readonly mostSteps: number;
  /** Refusals within so many ms of a step are the same event. */
  readonly eventMs: number;
  /** So many ms without a refusal take one step back. */
  readonly quietMs: number;
}

/**
 * The rate of requests. The bucket is shared by all apps of the portal, so refusals come and go with what others do, and
 * one costs a wait of seconds: tight quickly, to a quarter, and loose soon. All callers pause after a refusal, so what
 * comes 10 s later is another event.
 */
export const requestCourse: Course = { factor: 0.7, mostSteps: 4, eventMs: 10 * second, quietMs: 10 * minute };

/**
 * The operating time of one method. A refusal costs 5 to 10 minutes, and is repeated all that time: that is one event.
 * One step has to do for the limit of self-hosted portals, 420 s where we take it for 480: 0.85 × 480 = 408. Where the
 * limit really is lower, one refusal in 6 hours costs less than 3 % of the time; where the cause has gone, so do 15 % of
 * the pace for as long. Shorter or longer, one of the two would cost more.
 */
export const operatingCourse: Course = { factor: 0.85, mostSteps: 4, eventMs: 10 * minute, quietMs: 6 * hour };

/** Clocks differ by so much. What is further ahead was written by a clock that was ahead, and says nothing. */
export const clockSlackMs = minute;

/** How many steps of it are left at `now`. */
export function stepsAt(strictness: Strictness | undefined, course: Course, now: number): number {
  if (strictness === undefined || strictness.at > now + clockSlackMs) return 0;
  const back = Math.floor(Math.max(0, now - strictness.at) / course.quietMs);
  return Math.max(0, Math.min(strictness.steps, course.mostSteps) - back);
}

/** What is left of the limit at `now`: 1 is all of it. */
export function factorAt(strictness: Strictness | undefined, course: Course, now: number): number {
  return course.factor ** stepsAt(strictness, course, now);
}

/** When the limit is as it is set again, if nothing is refused until then. In ms since the epoch. */
export function looseAt({ steps, at }: Strictness, course: Course): number {
  return at + Math.min(steps, course.mostSteps) * course.quietMs;
}

/** After a refusal at `now`. Undefined when that belongs to the event of the last step: nothing changes. */
export function afterRefusal(seen: Strictness | undefined, course: Course, now: number): Strictness | undefined {
  const isSameEvent = seen !== undefined && seen.at > now - course.eventMs && seen.at <= now + clockSlackMs;
  if (isSameEvent) return undefined;
  const steps = stepsAt(seen, course, now);
  const since = seen === undefined || steps === 0 ? now : seen.since;
  return { steps: Math.min(course.mostSteps, steps + 1), since, at: now };
}
