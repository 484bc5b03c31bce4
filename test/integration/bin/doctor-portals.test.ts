import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import { openDoor } from '../support/portal-door.ts';
import { CliStage, type Ran } from './cli-stage.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** Nobody listens at the address of events here, which is not what these tests are about. */
const answering: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  return url.endsWith('/bitrix24/events') ? new Response('', { status: 400 }) : fetch(input, init);
};

describe('doctor says of a portal', () => {
  let stage: CliStage;
  let domain: string;
  let memberId: string;
  beforeEach(async () => {
    stage = await CliStage.start();
    ({ domain, memberId } = stage.portal);
  });
  afterEach(() => stage.close());

  const doctor = () => stage.run('doctor', { fetch: answering });
  const lines = ({ stdout }: Ran, check: string): string[] =>
    stdout
      .split('\n')
      .map((text) => text.trim().replaceAll(/ {2,}/g, ' | '))
      .filter((text) => text.split(' | ')[1] === check);
  const connectApp = async () => {
    const app = await stage.install();
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });
    return app;
  };
  const push = (...rules: string[]) => {
    const file = `version: 1\nrules:\n${rules.map((rule) => `  - { ${rule} }`).join('\n')}\n`;
    return stage.portals.pushRules(memberId, nextVersion(undefined, loadRules(file), file, 1_000, 'ada'));
  };
  const onDeals = 'id: deals, when: { type: deal, stages: all-lost }, delete: [deal-contacts]';
  const onLeads = 'id: leads, when: { type: lead, stages: all-lost }, delete: [lead]';

  test('by webhooks which events its outgoing webhook must have ticked, by the rules', async () => {
    await stage.connect();
    expect(lines(await doctor(), 'events')).toEqual([
      'ok | events | 1 application token known; a webhook cannot ask what is ticked in its form',
    ]);
    await push(onDeals, onLeads);
    const said = lines(await doctor(), 'events');
    expect(said[1]).toBe(
      'ok | events | the rules need these ticked in the outgoing webhook: ONCRMDEALUPDATE, ONCRMDEALADD, ONCRMLEADUPDATE, ONCRMLEADADD',
    );
    expect(said[2]).toContain('no webhook hears of a deal that is lost by a move to another pipeline');
  });

  test('which events its rules need and are not bound, and which are bound for nothing', async () => {
    await connectApp();
    const file = await stage.file('rules.yaml', `version: 1\nrules:\n  - { ${onDeals} }\n`);
    await stage.run(`rules push ${file} --portal ${domain}`);
    await push(onLeads);
    const ran = await doctor();
    expect(ran.code).toBe(1);
    expect(lines(ran, 'events')).toEqual([
      'failure | events | needed by the rules and not bound to us: ONCRMLEADUPDATE, ONCRMLEADADD',
      'warning | events | bound and needed by no rule: ONCRMDEALUPDATE, ONCRMDEALADD, ONCRMDEALMOVETOCATEGORY',
    ]);
    expect(ran.stdout).toContain(`npx tidy24 rules push rules.yaml --portal ${domain} --local`);
  });

  test('how long its refresh token has been lying there', async () => {
    await connectApp();
    const said = async () => lines(await doctor(), 'refresh token')[0];
    expect(await said()).toBe('ok | refresh token | last used less than a day ago; it lives 180 days');
    const used = async (ago: number | undefined) => {
      const held = (await stage.tables.credentials.get({ memberId })) ?? {};
      const { refreshedAt: _, ...older } = held;
      await stage.tables.credentials.put(ago === undefined ? older : { ...older, refreshedAt: stage.now - ago });
    };
    await used(100 * day);
    expect(await said()).toMatch(/^warning .* last used 100 days ago/);
    await used(181 * day);
    expect(await said()).toMatch(/^failure .* last used 181 days ago/);
    await used(undefined);
    expect(await said()).toBe('ok | refresh token | it is not known when it was last used');
  });

  test('when it was last looked at, and what was found then; portals show says it, too', async () => {
    await connectApp();
    expect(lines(await doctor(), 'daily check')).toEqual(['ok | daily check | none yet: the first comes within a day']);
    const health = { checkedAt: stage.now, installed: false, administrator: false, missingEvents: ['ONCRMLEADADD'] };
    await stage.portals.change(memberId, { health });
    const said = lines(await doctor(), 'daily check');
    expect(said[0]).toMatch(/^ok \| daily check \| the last was 20/);
    expect(said[1]).toBe('warning | daily check | the portal does not let us listen to ONCRMLEADADD');
    const shown = (await stage.run(`portals show ${domain}`)).stdout;
    expect(shown).toMatch(
      /last check .*: the installation .* not finished: no event arrives; its user is no administrator; events that cannot be bound: ONCRMLEADADD/,
    );
    expect(shown).toContain('http://127.0.0.1:4310/bitrix24/events');
    expect(await stage.json(`portals show ${domain}`)).toMatchObject({ health: { missingEvents: ['ONCRMLEADADD'] } });
    await stage.portals.change(memberId, { health: { ...health, checkedAt: stage.now - 27 * hour } });
    expect(lines(await doctor(), 'daily check')[0]).toMatch(/^warning .* and there should have been one$/);
  });

  test('where it has moved to, and how to confirm it', async () => {
    const before = await openDoor(stage.simulator.url);
    await stage.connect({ url: stage.portal.createWebhook().replace(domain, before.host) });
    before.redirect = (path) => `https://new.example${path}`;
    await doctor();
    const ran = await doctor();
    expect(lines(ran, 'pause')[0]).toMatch(/^failure .* \(portal-moved\): .* sends every request to new\.example\./);
    expect(ran.stdout).toContain(
      `mend: If new.example is its new address: npx tidy24 portals move ${before.host} new.example --local`,
    );
    await before.close();
  });

  test('which of the smart processes whose items the rules delete have no recycle bin', async () => {
    await stage.connect();
    stage.portal.addType({ entityTypeId: 1268, title: 'Estimates' });
    await push(
      onDeals,
      'id: items, when: { type: 1268, stages: all-lost }, delete: [item]',
      'id: linked, when: { type: deal, stages: all-lost }, delete: [{ items: { type: 1500 } }]',
      'id: off, enabled: false, when: { type: deal, stages: all-lost }, delete: [{ items: { type: 1600 } }]',
    );
    const withBin: typeof fetch = async (input, init) => {
      const response = await answering(input, init);
      const text = (await response.text()).replaceAll('"isRecyclebinEnabled":"N"', '"isRecyclebinEnabled":"Y"');
      return new Response(text, { status: response.status });
    };
    expect(lines(await doctor(), 'recycle bin')).toEqual([
      'warning | recycle bin | off for Estimates (1268): what the rules delete of it is gone for good',
      'ok | recycle bin | not known for 1500',
    ]);
    expect(lines(await stage.run('doctor', { fetch: withBin }), 'recycle bin')[0]).toBe(
      'ok | recycle bin | on for Estimates (1268): kept for 30 days',
    );
  });

  test('nothing of recycle bins where no rule deletes items, and asks for no types', async () => {
    await stage.connect();
    await push(onDeals);
    expect(lines(await doctor(), 'recycle bin')).toEqual([]);
    expect(stage.portal.calls('crm.type.list')).toEqual([]);
  });
});
