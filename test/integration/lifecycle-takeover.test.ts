import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import { Deployment } from './support/deployment.ts';
import { addDeal, enforce, furnish, installApp, lostStage, pushRules } from './support/scenario.ts';

const minute = 60_000;

describe('tokens of a user who is no administrator', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
  });
  afterEach(async () => {
    await deployment.close();
  });

  test('do not take the place of those of a portal that works, whatever comes with them', async () => {
    const { portal, front } = deployment;
    const app = await installApp(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    const before = await deployment.portals.get(portal.memberId);
    const visitor = portal.addUser({ admin: false });
    const tokens = portal.issueTokens(app, visitor.id);

    const event = new URLSearchParams({
      event: 'ONAPPINSTALL',
      'data[VERSION]': '1',
      ts: String(Math.floor(Date.now() / 1000)),
      'auth[domain]': portal.domain,
      'auth[member_id]': portal.memberId,
      'auth[access_token]': tokens.accessToken,
      'auth[refresh_token]': tokens.refreshToken,
      'auth[expires_in]': '3600',
      'auth[scope]': 'crm',
      'auth[server_endpoint]': portal.endpoint,
      'auth[client_endpoint]': portal.endpoint,
      'auth[application_token]': 'made-up-by-the-visitor',
    });
    await fetch(`${front.url}/bitrix24/install`, { method: 'POST', body: event });
    await deployment.pass(2 * minute);

    const after = await deployment.portals.get(portal.memberId);
    expect(after?.tokenDigests).toEqual(before?.tokenDigests);
    expect(after?.tokenDigests).not.toContain(tokenDigest('made-up-by-the-visitor'));
    expect((await deployment.credentials.pending(portal.memberId))?.installations).toEqual([]);
    const deal = addDeal(deployment);
    portal.moveDeal(deal, lostStage);
    await deployment.run();
    expect(portal.contactsOf(deal)).toEqual([]);
  });
});
