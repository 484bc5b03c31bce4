import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../../lib/bitrix24/token-digest.ts';
import { pendingWebhookId, type Portal } from '../../../lib/portals/portal.ts';
import { verifySender } from '../../../lib/portals/verify-sender.ts';
import type { StoredRules } from '../../../lib/rules/version.ts';
import { Database, dyingAt, newMemberId, type Parts, partsOf, portalOf, TestTime } from './parts.ts';
import { nothingProtected } from '../../../lib/rules/protect.ts';
import { ruleDefaults } from '../../unit/rules/rule-defaults.ts';

const digest = tokenDigest('of the outgoing webhook');
const stranger = tokenDigest('of nobody');
const url = 'https://demo.bitrix24.test/rest/1/canarycode/';

let database: Database;
let parts: Parts;
let memberId: string;
let domain: string;
let pendingId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  parts = partsOf(database.tables, { time: new TestTime() });
  memberId = newMemberId();
  domain = `${memberId}.bitrix24.test`;
  pendingId = pendingWebhookId(domain);
});

const rulesFor = (id: string): StoredRules => ({
  version: 1,
  pushedAt: 1,
  pushedBy: 'test',
  source: '',
  rules: [
    {
      id,
      when: { type: 'deal', stages: 'all-lost' },
      where: [],
      delete: [{ what: 'deal-contacts' }],
      enabled: true,
      waitMs: 0,
      waitFrom: 'loss',
      ...ruleDefaults,
      since: 1,
    },
  ],
  protect: nothingProtected,
});

/** `portals connect --webhook` without a member id. */
async function connectWithoutId({ rules = false } = {}): Promise<void> {
  const connection: Partial<Portal> = {
    domain,
    connection: 'webhook',
    state: 'pending',
    mode: 'observe',
    tokenDigests: [digest],
  };
  await parts.credentials.put({ memberId: pendingId, kind: 'webhook', url });
  const { enforcedAt: _, ...pending } = portalOf(pendingId, connection);
  await parts.portals.create(pending);
  if (rules) await parts.portals.pushRules(pendingId, rulesFor('of-this-connection'));
}

const event = (tokenDigestOf = digest) => ({ unverified: { tokenDigest: tokenDigestOf, domain } });
const verify = async (
  events: readonly { unverified?: ReturnType<typeof event>['unverified'] }[],
  from: Parts = parts,
) => verifySender(from, memberId, await from.portals.get(memberId), events);

async function adopted(): Promise<void> {
  expect(await parts.portals.get(memberId)).toMatchObject({ state: 'active', mode: 'observe', domain });
  expect(await parts.credentials.get(memberId)).toEqual({ memberId, kind: 'webhook', url });
}

describe('events whose sender receive could not check', () => {
  test('are the portal’s when their token is, and are dropped otherwise', async () => {
    await parts.portals.create(portalOf(memberId, { tokenDigests: [digest] }));
    const events = [event(), event(stranger), {}, event()];
    const { portal, trusted } = await verify(events);
    expect(trusted).toEqual([events[0], events[2], events[3]]);
    expect(portal?.memberId).toBe(memberId);
  });

  test('are the portal’s by the key of a stage robot', async () => {
    await parts.portals.create(portalOf(memberId, { robotKeyDigests: [digest] }));
    expect((await verify([event()])).trusted).toHaveLength(1);
  });

  test('are nobody’s when nothing is connected', async () => {
    expect(await verify([event()])).toEqual({ portal: undefined, trusted: [] });
  });
});

describe('a webhook connection without a member id', () => {
  test('becomes the portal’s with the first event that has its token and domain', async () => {
    await connectWithoutId({ rules: true });
    const { portal, trusted } = await verify([event(stranger), event(), event()]);
    expect(trusted).toHaveLength(2);
    expect(portal).toMatchObject({ memberId, state: 'active', mode: 'observe', rulesVersion: 1 });
    await adopted();
    expect((await parts.portals.rules(memberId, 1))?.rules[0]?.id).toBe('of-this-connection');
    expect(await parts.portals.get(pendingId)).toBeUndefined();
    expect(await parts.credentials.get(pendingId)).toBeUndefined();
  });

  test('stays where it is when the token is another', async () => {
    await connectWithoutId();
    expect((await verify([event(stranger)])).trusted).toEqual([]);
    expect(await parts.portals.get(memberId)).toBeUndefined();
    expect(await parts.portals.get(pendingId)).toBeDefined();
  });

  test('stays where it is when the domain is another', async () => {
    await connectWithoutId();
    const elsewhere = { unverified: { tokenDigest: digest, domain: 'other.bitrix24.test' } };
    expect((await verify([elsewhere])).trusted).toEqual([]);
    expect(await parts.portals.get(pendingId)).toBeDefined();
  });

  test('changes nothing for a portal that is active, whoever has its token', async () => {
    await parts.portals.create(portalOf(memberId, { tokenDigests: [tokenDigest('its own')] }));
    await connectWithoutId();
    expect((await verify([event()])).trusted).toEqual([]);
    expect(await parts.credentials.get(memberId)).toBeUndefined();
    expect(await parts.portals.get(pendingId)).toBeDefined();
  });

  test.each(['before', 'after'] as const)(
    'is adopted although the function dies %s any of its writes',
    async (when) => {
      for (let write = 1; ; write += 1) {
        memberId = newMemberId();
        domain = `${memberId}.bitrix24.test`;
        pendingId = pendingWebhookId(domain);
        await connectWithoutId({ rules: true });
        const dying = dyingAt(database.tables, write, when);
        await verify([event()], partsOf(dying.tables, { time: new TestTime() })).catch(() => {});
        const { trusted } = await verify([event()]);
        expect(trusted).toHaveLength(1);
        await adopted();
        const version = (await parts.portals.get(memberId))?.rulesVersion ?? 0;
        expect((await parts.portals.rules(memberId, version))?.rules[0]?.id).toBe('of-this-connection');
        if (!dying.died()) return;
        expect(write).toBeLessThan(20);
      }
    },
  );

  test('leaves no second copy of its secret, wherever the function dies', async () => {
    await connectWithoutId();
    const dying = dyingAt(database.tables, 2, 'after');
    await verify([event()], partsOf(dying.tables, { time: new TestTime() })).catch(() => {});
    expect(dying.died()).toBe(true);
    await verify([event()]);
    expect(await parts.credentials.get(pendingId)).toBeUndefined();
  });

  // Number 1 is taken then; what is put in force is the number that was given.
  test('brings its own rules into force, not those of an earlier connection of the portal', async () => {
    await parts.portals.pushRules(memberId, rulesFor('of-an-earlier-connection'));
    await connectWithoutId({ rules: true });
    const { portal } = await verify([event()]);
    const inForce = await parts.portals.rules(memberId, portal?.rulesVersion ?? 0);
    expect(inForce?.rules[0]?.id).toBe('of-this-connection');
  });

  test.each(['disconnected', 'pending'] as const)('is adopted by a portal that was %s before', async (state) => {
    await parts.portals.create(portalOf(memberId, { state }));
    await connectWithoutId();
    expect((await verify([event()])).trusted).toHaveLength(1);
    expect(await parts.portals.get(memberId)).toMatchObject({ state: 'active' });
  });

  test('is not used up by a portal that cannot adopt it', async () => {
    await parts.portals.create(portalOf(memberId, { state: 'disconnected' }));
    await connectWithoutId();
    await verify([event()]);
    const active = (await parts.portals.get(memberId))?.state === 'active';
    expect(active || (await parts.portals.get(pendingId)) !== undefined).toBe(true);
  });
});
