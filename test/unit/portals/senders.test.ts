import { beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { pendingWebhookId, type Portal } from '../../../lib/portals/portal.ts';
import { SenderCheck, type SenderVerdict } from '../../../lib/portals/senders.ts';
import { isTokenOf } from '../../../lib/portals/verify-sender.ts';

const memberId = 'a223c6b3710f85df22e9377d6c4f7553';
const domain = 'demo.bitrix24.test';
const good = tokenDigest('good');
const bad = tokenDigest('bad');

let now: number;
let portals: Map<string, Pick<Portal, 'state' | 'tokenDigests' | 'robotKeyDigests'>>;
let reads: string[];
let isDown: boolean;
let senders: SenderCheck;

beforeEach(() => {
  now = 1_785_000_000_000;
  portals = new Map();
  reads = [];
  isDown = false;
  const get = (id: string) => {
    reads.push(id);
    return isDown ? Promise.reject(new Error('down')) : Promise.resolve(portals.get(id) as Portal | undefined);
  };
  senders = new SenderCheck({ get }, () => now);
});

const connect = (
  state: Portal['state'] = 'active',
  tokenDigests = [good],
  robotKeyDigests: Portal['robotKeyDigests'] = [],
) => portals.set(memberId, { state, tokenDigests, robotKeyDigests });
const check = (digest = good, of = memberId): Promise<SenderVerdict> => senders.check({ memberId: of, domain, digest });
const readsOf = (id = memberId) => reads.filter((read) => read === id).length;

describe('a portal that is connected', () => {
  test('is known by any of its tokens and robot keys, and by no other', async () => {
    connect('active', [tokenDigest('old'), good], [tokenDigest('key')]);
    expect([await check(good), await check(tokenDigest('old')), await check(tokenDigest('key'))]).toEqual([
      'known',
      'known',
      'known',
    ]);
    expect(await check(bad)).toBe('unknown');
  });

  test('is known by a robot key until its end, however recently it was read', async () => {
    connect('active', [good], [{ digest: tokenDigest('old key'), until: now + 1_000 }, tokenDigest('new key')]);
    expect(await check(tokenDigest('old key'))).toBe('known');
    now += 1_000;
    expect(await check(tokenDigest('old key'))).toBe('unknown');
    expect(await check(tokenDigest('new key'))).toBe('known');
  });

  test('is read once in a minute', async () => {
    connect();
    await check();
    now += 59_999;
    await check();
    expect(reads).toEqual([memberId]);
    now += 1;
    await check();
    expect(readsOf()).toBe(2);
  });

  test.each(['pending', 'disconnected'] as const)('is unknown while it is %s', async (state) => {
    connect(state);
    expect(await check()).toBe('unknown');
  });

  test('is unknown within a minute of being disconnected', async () => {
    connect();
    await check();
    connect('disconnected');
    now += 60_000;
    expect(await check()).toBe('unknown');
  });
});

describe('a token that is not known', () => {
  test('makes the table be read once more, because it may be new', async () => {
    connect();
    await check();
    now += 5_000;
    connect('active', [good, bad]);
    expect(await check(bad)).toBe('known');
    expect(readsOf()).toBe(2);
  });

  // A read that helped is no miss: only misses are rare.
  test('makes it be read once more even if the portal was read a moment ago for a token that was known', async () => {
    connect();
    await check(good);
    connect('active', [good, bad]);
    now += 1_000;
    expect(await check(bad)).toBe('known');
  });

  test('is looked up every 5 s and no more often, whoever sends how much', async () => {
    connect();
    for (let event = 0; event < 100; event += 1) {
      expect(await check(bad)).toBe('unknown');
      now += 100;
    }
    expect(readsOf()).toBe(2);
    expect(readsOf(pendingWebhookId(domain))).toBe(2);
  });

  test('of a portal that nobody knows is looked up every 5 s as well', async () => {
    for (let event = 0; event < 49; event += 1) await check();
    now += 4_999;
    await check();
    expect(readsOf()).toBe(1);
    now += 1;
    connect();
    expect(await check()).toBe('known');
  });

  test('does not keep a known one from being known', async () => {
    connect();
    await check();
    for (let event = 0; event < 5; event += 1) await check(bad);
    expect(await check(good)).toBe('known');
  });
});

describe('a webhook connection that waits for its first event', () => {
  test('is left to plan to check: it is not known yet whose it is', async () => {
    portals.set(pendingWebhookId(domain), { state: 'pending', tokenDigests: [good], robotKeyDigests: [] });
    expect(await check(good)).toBe('unverifiable');
    expect(await check(bad)).toBe('unknown');
    now += 10_000;
    expect(await senders.check({ memberId, domain: 'other.bitrix24.test', digest: good })).toBe('unknown');
  });

  test('does not let a stranger in for a portal that is connected', async () => {
    connect();
    expect(await check(bad)).toBe('unknown');
  });
});

describe('a table that does not answer', () => {
  test('makes an event unverifiable, never dropped', async () => {
    isDown = true;
    expect([await check(good), await check(bad)]).toEqual(['unverifiable', 'unverifiable']);
  });

  test('does not disturb what is remembered, until it is too old', async () => {
    connect();
    await check();
    isDown = true;
    now += 59_999;
    expect(await check()).toBe('known');
    now += 1;
    expect(await check()).toBe('unverifiable');
  });

  test('is not remembered: the next event asks again', async () => {
    isDown = true;
    await check();
    isDown = false;
    connect();
    expect(await check()).toBe('known');
  });
});

test('no more than 5,000 portals are remembered, whoever invents member ids', async () => {
  connect();
  await check();
  for (let stranger = 0; stranger < 6_000; stranger += 1) {
    await senders.check({ memberId: `stranger-${stranger}`, domain: `${stranger}.test`, digest: bad });
  }
  reads = [];
  expect(await check()).toBe('known');
  expect(readsOf()).toBe(1); // It had been forgotten, and is read again.
  await senders.check({ memberId: 'stranger-5999', domain: '5999.test', digest: bad });
  expect(reads).toEqual([memberId]); // The newest are remembered.
});

test('every digest is compared, found or not: the time tells nothing', () => {
  const seen: string[] = [];
  const watched = (digests: string[]) =>
    new Proxy(digests, {
      get: (target, key, receiver) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) seen.push(key);
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
  const portal = { tokenDigests: watched([good, bad, tokenDigest('c')]), robotKeyDigests: [] };
  for (const digest of [good, bad, tokenDigest('nobody')]) {
    seen.length = 0;
    isTokenOf(portal, digest, now);
    expect(seen).toEqual(['0', '1', '2']);
  }
});

test('a digest that is none matches nothing', () => {
  const portal = { tokenDigests: [good], robotKeyDigests: [] };
  for (const digest of ['', good.slice(1), `${good}0`, good.toUpperCase(), 'good']) {
    expect(isTokenOf(portal, digest, now)).toBe(false);
  }
});
