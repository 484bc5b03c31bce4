import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnswerTime } from '../../../lib/bitrix24/answers.ts';
import type { Command } from '../../../lib/bitrix24/batch.ts';
import { classify } from '../../../lib/bitrix24/errors.ts';
import { enterpriseLimits, ordinaryLimits } from '../../../lib/bitrix24/limits.ts';
import { OperatingMeter } from '../../../lib/portals/operating.ts';
import type { Portal } from '../../../lib/portals/portal.ts';
import type { JudgedAnswer } from '../../../lib/portals/judge.ts';
import { PortalBusy } from '../../../lib/portals/waiting.ts';
import { Database, failureOf, newMemberId, type Parts, partsOf, portalOf, TestTime } from './parts.ts';

let database: Database;
let time: TestTime;
let parts: Parts;
let memberId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  time = new TestTime();
  parts = partsOf(database.tables, { time });
  memberId = newMemberId();
});

/** Undefined when granted, else until when to wait. */
async function takeSome(count: number, limits = ordinaryLimits, of = memberId): Promise<number | undefined> {
  const taken = await parts.budgets.takeRequests(of, limits, count);
  return 'until' in taken ? taken.until : undefined;
}
const take = (limits = ordinaryLimits, of = memberId) => takeSome(1, limits, of);
const answered = (asked: ReadonlyMap<string, Command>, answer: (index: number) => JudgedAnswer) =>
  new Map([...asked.keys()].map((key, index) => [key, answer(index)] as const));
const took = (duration: number, operating?: number, resetInMs = 600_000): AnswerTime => ({
  duration,
  ...(operating !== undefined && { operating, operating_reset_at: Math.floor((time.now + resetInMs) / 1000) }),
});

/** How many are granted before the first refusal, and until when that says to wait. */
async function drain(limits = ordinaryLimits) {
  for (let granted = 0; ; granted += 1) {
    const until = await take(limits);
    if (until !== undefined) return { granted, until };
  }
}

describe('the rate of requests', () => {
  test('leaves a part of the bucket to those who may fill all of it', async () => {
    const limits = { ...ordinaryLimits, burst: 10 };
    const read = async () => {
      const taken = await parts.budgets.takeRequests(memberId, limits, 2, 0.7);
      return 'until' in taken ? taken.until : undefined;
    };
    expect([await read(), await read(), await read()]).toEqual([undefined, undefined, undefined]);
    // Six are in it; two more would be more than seven.
    expect(await read()).toBe(time.now + 500);
    expect(await takeSome(4, limits)).toBeUndefined();
    expect(await read()).toBe(time.now + 2_500);
    time.now += 2_500;
    expect(await read()).toBeUndefined();
  });

  test('whose part holds less than is needed at once gets that from an empty bucket', async () => {
    const limits = { ...ordinaryLimits, burst: 10 };
    const read = () => parts.budgets.takeRequests(memberId, limits, 8, 0.7);
    expect(await read()).toHaveProperty('turn.requests', 8);
    expect(await read()).toHaveProperty('until', time.now + 4_000);
    time.now += 4_001;
    expect(await read()).toHaveProperty('turn.requests', 8);
  });

  test('leaves no part of a small bucket', async () => {
    const read = () => parts.budgets.takeRequests(memberId, { ...ordinaryLimits, burst: 9 }, 1, 0.7);
    for (let nth = 1; nth <= 9; nth += 1) expect(await read()).toHaveProperty('turn');
    expect(await read()).toHaveProperty('until');
  });

  test.each([
    ['ordinary', ordinaryLimits, 500],
    ['enterprise', { ...enterpriseLimits, burst: 20 }, 200],
    ['slow', { ...ordinaryLimits, burst: 1, requestsPerSecond: 0.5 }, 2_000],
  ])('of an %s portal: the burst at once, then one for each that has drained', async (_name, limits, drainMs) => {
    expect(await drain(limits)).toEqual({ granted: limits.burst, until: time.now + drainMs });
    time.now += drainMs - 1;
    expect((await drain(limits)).granted).toBe(0);
    time.now += 1;
    expect((await drain(limits)).granted).toBe(1);
    time.now += 5 * drainMs;
    expect((await drain(limits)).granted).toBe(Math.min(5, limits.burst));
    time.now += 1_000_000;
    expect((await drain(limits)).granted).toBe(limits.burst);
  });

  test('a rate that does not divide a second evenly still gives the whole burst', async () => {
    const limits = { ...ordinaryLimits, requestsPerSecond: 3, burst: 50 };
    const { granted } = await drain(limits);
    expect(granted).toBeGreaterThanOrEqual(49); // One less is a rounding, one more would be a mistake.
    expect(granted).toBeLessThanOrEqual(50);
  });

  test('twenty callers at once are never granted more than burst and rate allow, and never starve', async () => {
    const limits = { ...ordinaryLimits, burst: 5, requestsPerSecond: 4 };
    const started = time.now;
    let granted = 0;
    for (let step = 0; step <= 8; step += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => take(limits)));
      granted += answers.filter((until) => until === undefined).length;
      const allowed = limits.burst + (limits.requestsPerSecond * (time.now - started)) / 1000;
      expect(granted).toBeLessThanOrEqual(allowed);
      expect(granted).toBeGreaterThanOrEqual(allowed - 1);
      for (const until of answers) if (until !== undefined) expect(until).toBeGreaterThan(time.now);
      time.now += 250;
    }
  });

  test('several are granted all together or not at all', async () => {
    const pair = () => takeSome(2);
    for (let pairs = 0; pairs < 24; pairs += 1) expect(await pair()).toBeUndefined();
    expect(await take()).toBeUndefined();
    expect(await pair()).toBe(time.now + 500); // One is left: a pair has to wait for another, and takes nothing.
    expect(await take()).toBeUndefined();
    expect(await pair()).toBe(time.now + 1_000);
    time.now += 999;
    expect(await pair()).toBeDefined();
    time.now += 1;
    expect(await pair()).toBeUndefined();
    expect(await take()).toBeDefined();
  });

  test('more than the bucket holds are granted when it is empty', async () => {
    const limits = { ...ordinaryLimits, burst: 1 };
    const pair = () => takeSome(2, limits);
    expect(await pair()).toBeUndefined();
    expect(await pair()).toBeGreaterThan(time.now);
    time.now += 500;
    expect(await pair()).toBeUndefined();
  });

  test('what was taken and not sent is given back', async () => {
    const taken = await parts.budgets.takeRequests(memberId, ordinaryLimits, 10);
    if (!('turn' in taken)) throw new Error('A full bucket at the start');
    expect((await drain()).granted).toBe(40);
    await parts.budgets.giveBackRequests(memberId, taken.turn, 4);
    expect((await drain()).granted).toBe(4);
  });

  test('what has drained meanwhile is not given back a second time', async () => {
    const taken = await parts.budgets.takeRequests(memberId, ordinaryLimits, 10);
    if (!('turn' in taken)) throw new Error('A full bucket at the start');
    time.now += 5_000;
    for (let request = 0; request < 50; request += 1) await take();
    await parts.budgets.giveBackRequests(memberId, taken.turn, 10);
    expect(await take()).toBeDefined();
  });

  test('is not lost for a year because a clock was a year ahead for a moment', async () => {
    const now = time.now;
    time.now += 365 * 24 * 3600 * 1000;
    await takeSome(30);
    await parts.budgets.blockRequests(memberId, time.now + 60_000);
    await parts.budgets.takeSends(memberId, '7', { perSecond: 1, burst: 1 }, 5);
    time.now = now;
    expect(await drain()).toEqual({ granted: 50, until: now + 500 });
    expect(await parts.budgets.takeSends(memberId, '7', { perSecond: 1, burst: 1 }, 2)).toEqual([now, now + 1_000]);
    await parts.budgets.blockRequests(memberId, now + 5_000);
    expect(await take()).toBe(now + 5_000);
  });

  test('that is full by a clock of a little ahead is still full', async () => {
    time.now += 30_000;
    await drain();
    time.now -= 30_000;
    expect(await take()).toBe(time.now + 30_500);
  });

  test('of one portal is no other’s', async () => {
    await drain();
    expect(await take(ordinaryLimits, newMemberId())).toBeUndefined();
  });

  test('is nothing while the portal refuses, and as before afterwards', async () => {
    const until = time.now + 10_000;
    await parts.budgets.blockRequests(memberId, until);
    expect(await take()).toBe(until);
    time.now = until - 1;
    expect(await take()).toBeGreaterThanOrEqual(until);
    time.now = until;
    expect((await drain()).granted).toBe(50);
  });

  test('a shorter refusal does not end a longer one', async () => {
    await parts.budgets.blockRequests(memberId, time.now + 10_000);
    await parts.budgets.blockRequests(memberId, time.now + 1_000);
    time.now += 5_000;
    expect(await take()).toBeDefined();
  });

  test('a refusal in the middle of a burst keeps what was used in mind', async () => {
    for (let request = 0; request < 50; request += 1) await take();
    await parts.budgets.blockRequests(memberId, time.now + 1_000);
    time.now += 1_000;
    expect((await drain()).granted).toBe(2);
  });
});

describe('the operating time', () => {
  const method = 'crm.deal.contact.items.delete';
  const other = 'crm.item.list';
  let meter: OperatingMeter;

  beforeEach(() => {
    const portal: Portal = { ...portalOf(memberId), sk: 'portal', createdAt: 1, updatedAt: 1 };
    meter = new OperatingMeter(parts.budgets, time.clock, portal);
  });

  const commands = (calls: number, of = method) =>
    new Map<string, Command>(
      Array.from({ length: calls }, (_, index) => [`${of[4]}${index}`, { method: of, params: {} }] as const),
    );
  const measure = (calls: number, each: number, operating?: number, envelope?: AnswerTime, write = true) => {
    const asked = commands(calls);
    const result = { kind: 'result', result: true, time: took(each, operating) } as const;
    return meter.measure(
      asked,
      answered(asked, () => result),
      envelope,
      write,
    );
  };
  const refusal: JudgedAnswer = {
    kind: 'error',
    error: 'OPERATION_TIME_LIMIT',
    description: '',
    row: classify({ error: 'OPERATION_TIME_LIMIT', description: '', method, status: 200 }),
  };

  /** How many of so many calls of one method a batch may carry. */
  const room = async (name: string, wanted: number): Promise<{ calls: number; waitUntil?: number }> => {
    const { fits, ...rest } = await meter.room(
      Array.from({ length: wanted }, () => ({ method: name, params: { id: 1 } })),
    );
    return { calls: fits.filter(Boolean).length, ...rest };
  };

  test('is room for a few deletions, and for any reading, before anything was measured', async () => {
    expect(await room(method, 50)).toEqual({ calls: 5 });
    expect(await room('crm.item.list', 50)).toEqual({ calls: 50 });
    await meter.require(commands(50));
  });

  test('is predicted from what the last answers took', async () => {
    await measure(10, 4, 440);
    expect(await room(method, 50)).toMatchObject({ calls: 7 });
  });

  test('of reads is not cut down to what is left, and is refused when nothing is', async () => {
    await measure(10, 4, 440);
    await meter.require(commands(50));
    await measure(10, 4, 480);
    const error = await failureOf(meter.require(commands(1)));
    expect(error).toBeInstanceOf(PortalBusy);
    expect((error as PortalBusy).until).toBe(Math.floor((time.now + 600_000) / 1000) * 1000);
  });

  test.each([
    [0.609, 50],
    [1, 45],
    [1.56, 28],
    [3.31, 13],
    [5.26, 8],
    [30, 1],
    [100.8, 1],
  ])('at %d s a call, %i calls fit into the 45 s of one batch', async (each, calls) => {
    await measure(1, each, each);
    expect(await room(method, 50)).toMatchObject({ calls });
  });

  test('of `batch` itself counts as well: some portals bill it and not the methods', async () => {
    await measure(10, 4, 0, took(40, 460));
    expect(await room(method, 50)).toMatchObject({ calls: 2 });
  });

  test('of another method does not count', async () => {
    await measure(10, 4, 470);
    await meter.require(commands(50, other));
  });

  test('a refusal of the method blocks it until the reset that was last named, and no other', async () => {
    await measure(10, 1, 400, undefined);
    const asked = commands(2);
    await meter.measure(
      asked,
      answered(asked, () => refusal),
      undefined,
      true,
    );
    const resetAt = Math.floor((time.now + 600_000) / 1000) * 1000;
    expect(await room(method, 5)).toEqual({ calls: 0, waitUntil: resetAt });
    expect(await room(other, 5)).toEqual({ calls: 5 });
    time.now = resetAt;
    expect((await room(method, 5)).calls).toBeGreaterThan(0);
  });

  test('a refusal of a method that was never measured blocks it for a minute', async () => {
    expect(await meter.block(method)).toBe(time.now + 60_000);
    expect(await failureOf(meter.require(commands(1)))).toMatchObject({ until: time.now + 60_000 });
    time.now += 60_000;
    await meter.require(commands(1));
  });

  test('a method that was closed before it was measured is taken for as slow as any that was not', async () => {
    const asked = [...commands(1).values()];
    const before = await meter.secondsOf(asked);
    await meter.block(method);
    expect(await meter.secondsOf(asked)).toEqual(before);
    const full = 'crm.contact.delete';
    await meter.noteFull([full], time.now + 60_000);
    expect(await meter.secondsOf([...commands(1, full).values()])).toEqual(before);
    expect(await room(full, 5)).toEqual({ calls: 0, waitUntil: time.now + 60_000 });
  });

  test('a refusal leaves the method less for as long as it is not refused again for hours, and no other', async () => {
    await measure(10, 1, 400);
    await meter.block(method);
    await measure(10, 1, 400); // What is measured does not undo it. 98 % of 408 s, not of 480 s:
    expect(await room(method, 50)).toMatchObject({ calls: 0 });
    await measure(10, 1, 390);
    expect(await room(method, 50)).toMatchObject({ calls: 9 });
    await parts.budgets.setOperating(
      memberId,
      new Map([[other, { operating: 390, resetAt: time.now + 600_000, perCall: 1, at: time.now }]]),
    );
    expect(await room(other, 40)).toEqual({ calls: 40 });
    time.now += 6 * 3_600_000;
    await measure(10, 1, 440);
    expect(await room(method, 50)).toMatchObject({ calls: 30 });
  });

  test('refusals of a method within its window are one, whoever meets them', async () => {
    await Promise.all([meter.block(method), meter.block(method)]);
    time.now += 599_999;
    await meter.block(method);
    expect((await parts.budgets.operating(memberId)).get(method)?.strictness).toMatchObject({ steps: 1 });
    time.now += 1;
    await meter.block(method);
    expect((await parts.budgets.operating(memberId)).get(method)?.strictness).toMatchObject({
      steps: 2,
      since: time.now - 600_000,
      at: time.now,
    });
  });

  test('a refusal that a clock far ahead has noted, or that nobody can read, counts as none', async () => {
    const now = time.now;
    time.now += 365 * 24 * 3_600_000;
    await parts.budgets.tightenOperating(memberId, method, undefined);
    time.now = now;
    await measure(10, 1, 440);
    expect(await room(method, 50)).toMatchObject({ calls: 30 });
    await database.tables.portals.update(
      { memberId, sk: 'budget#operating' },
      { set: 'SET #strict = :strict', aliases: { strict: `strict#${method}` }, values: { strict: 'very' } },
    );
    expect(await room(method, 50)).toMatchObject({ calls: 30 });
  });

  test('a refusal of `batch` holds up every batch', async () => {
    await meter.block('batch');
    expect(await failureOf(meter.require(commands(1, other)))).toBeInstanceOf(PortalBusy);
  });

  test('a refusal in the middle of a batch counts more than what was done before it', async () => {
    const asked = commands(3);
    const done = { kind: 'result', result: true, time: took(1, 470) } as const;
    await meter.measure(
      asked,
      answered(asked, (index) => (index < 2 ? done : refusal)),
      undefined,
      true,
    );
    expect((await room(method, 1)).calls).toBe(0);
  });

  test('that a clock far ahead has written down counts as never measured', async () => {
    const use = { operating: 479, resetAt: time.now + 1, perCall: 1, blockedUntil: time.now + 1 };
    await parts.budgets.setOperating(memberId, new Map([['crm.item.list', { ...use, at: time.now + 120_000 }]]));
    expect([...(await parts.budgets.operating(memberId)).keys()]).toEqual([]);
    await parts.budgets.setOperating(memberId, new Map([['crm.item.list', { ...use, at: time.now + 30_000 }]]));
    expect([...(await parts.budgets.operating(memberId)).keys()]).toEqual(['crm.item.list']);
  });

  test('without an answer, all of the time that was waited is charged', async () => {
    await meter.chargeUnanswered(commands(10), 65_000);
    const use = (await parts.budgets.operating(memberId)).get(method);
    expect(use).toMatchObject({ operating: 65, perCall: 6.5 });
    await meter.chargeUnanswered(commands(10), 65_000);
    expect((await parts.budgets.operating(memberId)).get(method)).toMatchObject({ operating: 130 });
  });

  test('without an answer, it is charged to `batch` too, once, where the portal bills that', async () => {
    await measure(10, 4, 0, took(40, 300));
    await meter.chargeUnanswered(new Map([...commands(10), ...commands(5, other)]), 65_000);
    const uses = await parts.budgets.operating(memberId);
    expect(uses.get('batch')).toMatchObject({ operating: 365, perCall: 65 });
    expect(uses.get(other)).toMatchObject({ operating: 65, perCall: 13 });
    await meter.chargeUnanswered(commands(10), 65_000);
    await meter.chargeUnanswered(commands(10, other), 65_000);
    // 470 s are kept to, whichever methods it was.
    expect(await failureOf(meter.require(commands(1, 'crm.item.get')))).toBeInstanceOf(PortalBusy);
  });

  test('without an answer, it is charged to a `batch` that was refused before it was ever measured', async () => {
    await meter.block('batch');
    time.now += 60_000;
    await meter.chargeUnanswered(commands(10), 65_000);
    expect((await parts.budgets.operating(memberId)).get('batch')).toMatchObject({ operating: 65 });
  });

  test('without an answer, what was refused meanwhile to somebody else stays closed', async () => {
    const until = [await meter.block(method), await meter.block('batch')];
    await meter.chargeUnanswered(commands(10), 65_000);
    const uses = await parts.budgets.operating(memberId);
    expect([method, 'batch'].map((key) => uses.get(key)?.blockedUntil)).toEqual(until);
    expect(await room(method, 1)).toEqual({ calls: 0, waitUntil: time.now + 60_000 });
  });

  test.each([
    ['says that it has used none', () => took(40, 0)],
    ['says nothing of it', () => took(40)],
  ])('without an answer, it is not charged to a `batch` of which the portal %s', async (_what, envelope) => {
    await measure(10, 4, 40, envelope());
    const before = (await parts.budgets.operating(memberId)).get('batch');
    await meter.chargeUnanswered(commands(10), 65_000);
    expect((await parts.budgets.operating(memberId)).get('batch')).toEqual(before);
  });

  test('of reads is only written down when it matters', async () => {
    await measure(10, 0.1, 100, undefined, false);
    expect((await parts.budgets.operating(memberId)).size).toBe(0);
    await measure(10, 0.1, 121, undefined, false);
    expect((await parts.budgets.operating(memberId)).get(method)).toMatchObject({ operating: 121 });
  });

  test('is that of the last answer, wherever commands failed in between', async () => {
    const asked = commands(3);
    const failed: JudgedAnswer = {
      kind: 'error',
      error: '',
      description: 'Not found',
      row: classify({ error: '', description: 'Not found', method, status: 200 }),
    };
    await meter.measure(
      asked,
      answered(asked, (index) => (index === 1 ? failed : { kind: 'result', result: true, time: took(2, 10 + index) })),
      undefined,
      true,
    );
    expect((await parts.budgets.operating(memberId)).get(method)).toMatchObject({ operating: 12, perCall: 2 });
  });

  test('a row of it that nobody can read counts as never measured', async () => {
    await database.tables.portals.put({ memberId, sk: 'budget#operating', [method]: { operating: 'much' }, batch: 7 });
    expect(await room(method, 50)).toEqual({ calls: 5 });
  });

  test('of `batch` used up holds up a batch of reads too', async () => {
    await measure(1, 1, 1, took(40, 479));
    expect(await failureOf(meter.require(commands(50, other)))).toBeInstanceOf(PortalBusy);
  });

  test('whose reset has passed lets a batch of reads through as its probe', async () => {
    const asked = commands(40, other);
    const result = { kind: 'result', result: [], time: took(2, 475, 60_000) } as const;
    await meter.measure(
      asked,
      answered(asked, () => result),
      undefined,
      false,
    );
    time.now += 61_000;
    await meter.require(asked);
  });
});
