import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CapStore, capReason, defaultCaps } from '../../../lib/portals/caps.ts';
import type { Caps } from '../../../lib/portals/caps-schema.ts';
import { Database, newMemberId, TestTime } from './parts.ts';

const hour = 3_600_000;
const day = 24 * hour;
let database: Database;
let time: TestTime;
let caps: CapStore;
let memberId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime(Date.UTC(2026, 5, 1, 10, 59, 59));
  caps = new CapStore(database.tables.portals, time.clock);
  memberId = newMemberId();
});

const small: Caps = { hour: 10, day: 25, spike: null };

describe('a cap', () => {
  test('is passed by nobody, and what is left of it can be used', async () => {
    expect(await caps.reserve(memberId, small, 7)).toEqual({ granted: 7 });
    expect(await caps.reserve(memberId, small, 7)).toEqual({ granted: 3, exceeded: { cap: 'hour', limit: 10 } });
    expect(await caps.reserve(memberId, small, 1)).toEqual({ granted: 0, exceeded: { cap: 'hour', limit: 10 } });
    expect(await caps.use(memberId, small)).toEqual({ hour: 10, day: 10 });
  });

  test('is passed by no number of workers at once', async () => {
    const others = Array.from({ length: 12 }, () => new CapStore(database.tables.portals, time.clock));
    const granted = await Promise.all(others.map((store) => store.reserve(memberId, small, 3)));
    expect(granted.reduce((sum, one) => sum + one.granted, 0)).toBeLessThanOrEqual(10);
    const rest = await caps.reserve(memberId, small, 10);
    const sum = granted.reduce((all, one) => all + one.granted, rest.granted);
    expect(sum).toBe(10);
  });

  test('of an hour begins anew with the next, and that of the day does not', async () => {
    await caps.reserve(memberId, small, 10);
    time.now += 1_000;
    expect(await caps.reserve(memberId, small, 10)).toEqual({ granted: 10 });
    time.now += hour;
    expect(await caps.reserve(memberId, small, 10)).toEqual({ granted: 5, exceeded: { cap: 'day', limit: 25 } });
    // What the day did not grant is not taken from the hour.
    expect(await caps.use(memberId, small)).toEqual({ hour: 5, day: 25 });
    time.now += day;
    expect(await caps.reserve(memberId, small, 10)).toEqual({ granted: 10 });
  });

  test('that is released counts anew, and the day before keeps all that was deleted', async () => {
    await caps.reserve(memberId, small, 10);
    await caps.release(memberId);
    expect(await caps.reserve(memberId, small, 10)).toEqual({ granted: 10 });
    expect(await caps.use(memberId, small)).toMatchObject({ hour: 10, day: 10 });
  });

  test('gets back what surely was not sent', async () => {
    await caps.reserve(memberId, small, 8);
    await caps.giveBack(memberId, 5);
    expect(await caps.use(memberId, small)).toMatchObject({ hour: 3, day: 3 });
  });

  test('of another portal does not count', async () => {
    await caps.reserve(memberId, small, 10);
    expect(await caps.reserve(newMemberId(), small, 10)).toEqual({ granted: 10 });
  });

  test('says in plain words what to do', () => {
    for (const cap of ['hour', 'day', 'spike'] as const) {
      expect(capReason({ cap, limit: 7 })).toMatch(/7.*--release/);
    }
  });
});

describe('a spike', () => {
  const wide: Caps = { hour: 100_000, day: 100_000, spike: 3 };
  async function days(count: number, each: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      await caps.reserve(memberId, wide, each);
      time.now += day;
    }
  }

  test('is not known before seven days with deletions', async () => {
    await days(6, 10);
    expect(await caps.reserve(memberId, wide, 5_000)).toEqual({ granted: 5_000 });
  });

  test('is more than three times a usual day', async () => {
    await days(8, 40);
    expect(await caps.reserve(memberId, wide, 500)).toEqual({ granted: 120, exceeded: { cap: 'spike', limit: 120 } });
  });

  test('is never less than fifty', async () => {
    await days(8, 2);
    expect(await caps.use(memberId, wide)).toMatchObject({ spikeLimit: 50 });
    expect(await caps.reserve(memberId, wide, 500)).toMatchObject({ granted: 50 });
  });

  test('leaves out days without any deletion, and what was released counts as usual', async () => {
    await days(4, 40);
    time.now += 10 * day;
    await days(4, 40);
    await caps.reserve(memberId, wide, 40);
    await caps.release(memberId);
    time.now += day;
    expect(await caps.use(memberId, wide)).toMatchObject({ spikeLimit: 120 });
  });

  test('can be switched off', async () => {
    await days(8, 40);
    expect(await caps.reserve(memberId, { ...wide, spike: null }, 5_000)).toEqual({ granted: 5_000 });
  });
});

test('the defaults are 200 an hour, 1,000 a day, and three times a usual day', () => {
  expect(defaultCaps).toEqual({ hour: 200, day: 1_000, spike: 3 });
});
