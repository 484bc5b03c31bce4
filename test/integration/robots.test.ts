import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { runCli } from '../../bin/run-cli.ts';
import { tokenDigest } from '../../lib/bitrix24/token-digest.ts';
import { Deployment } from './support/deployment.ts';
import { addDeal, connectWebhooks, enforce, furnish, lostStage, pushRules } from './support/scenario.ts';

const day = 24 * 3600_000;

let deployment: Deployment;
let printed: string;

beforeEach(async () => {
  deployment = await Deployment.start();
  printed = '';
  furnish(deployment);
  await connectWebhooks(deployment);
  await pushRules(deployment);
  await enforce(deployment);
});
afterEach(async () => {
  expect(deployment.crashes).toEqual([]);
  await deployment.close();
});

/** The command line on this deployment's tables. */
async function tidy24(command: string, env: Record<string, string> = {}) {
  const out = { stdout: '', stderr: '' };
  const stdin = Object.assign(new PassThrough(), { isTTY: false });
  stdin.end();
  const code = await runCli([...command.split(' '), '--local'], {
    env: {
      TIDY24_DYNAMODB_PORT: new URL(deployment.aws.dynamoDbUrl).port,
      TIDY24_HTTP_PORT: new URL(deployment.front.url).port,
      ...env,
    },
    stdin,
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text) => (out.stderr += text) },
    fetch: globalThis.fetch,
    clock: Date.now,
    sleep: () => Promise.resolve(),
    random: () => 0.5,
    newId: () => crypto.randomUUID(),
    user: 'ada@laptop',
  });
  printed += out.stdout + out.stderr;
  return { code, ...out };
}

async function keyOf(command: string): Promise<{ url: string; key: string }> {
  const { code, stdout, stderr } = await tidy24(`${command} --json`);
  if (code !== 0) throw new Error(stderr);
  const { url } = JSON.parse(stdout) as { url: string };
  return { url, key: new URL(url).searchParams.get('key') ?? '' };
}

/** A deal is lost and nothing tells of it but the robot with that URL. True when its contacts are gone. */
async function unlinksBy(url: string): Promise<boolean> {
  const { portal } = deployment;
  portal.dropEvents(2); // That it was added, that it was moved.
  const deal = addDeal(deployment);
  portal.moveDeal(deal, lostStage);
  portal.fireRobot(url, deal);
  await deployment.run();
  return portal.contactsOf(deal).length === 0;
}

const make = () => `portals robot-key ${deployment.portal.domain}`;
const stored = async () => (await deployment.portals.get(deployment.portal.memberId))?.robotKeyDigests;

describe('the key of a stage robot', () => {
  test('is made once, and lets the robot tell of lost deals [robot/webhook], but not with a wrong key [robot/webhook/wrong-key]', async () => {
    const { url, key } = await keyOf(make());

    expect(url).toBe(`${deployment.front.url}/bitrix24/robot?key=${key}`);
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(await stored()).toEqual([tokenDigest(key)]);
    expect(await unlinksBy(url)).toBe(true);
    expect(await unlinksBy(url.replace(key, `${key}x`))).toBe(false);
    expect(deployment.output.join('\n') + deployment.bodies.join('\n')).not.toContain(key);

    const again = await tidy24(make());
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--rotate') });
    expect(await stored()).toEqual([tokenDigest(key)]);
  });

  test('that is replaced works for a week more', async () => {
    const old = await keyOf(make());
    const fresh = await keyOf(`${make()} --rotate`);
    expect([await unlinksBy(old.url), await unlinksBy(fresh.url)]).toEqual([true, true]);

    jest.setSystemTime(Date.now() + 7 * day);
    expect([await unlinksBy(old.url), await unlinksBy(fresh.url)]).toEqual([false, true]);
  });

  test('that is replaced may have another time of grace, or none', async () => {
    const first = await keyOf(make());
    const second = await keyOf(`${make()} --rotate --grace 12h`);
    const third = await keyOf(`${make()} --rotate --grace 0m`);
    jest.setSystemTime(Date.now() + 61_000);
    expect(await stored()).toEqual([tokenDigest(third.key)]);
    expect([await unlinksBy(first.url), await unlinksBy(second.url)]).toEqual([false, false]);
    expect(await unlinksBy(third.url)).toBe(true);
  });

  test('that was stored before keys could end is replaced like any other', async () => {
    await deployment.portals.change(deployment.portal.memberId, { robotKeyDigests: [tokenDigest('handmade')] });
    const url = `${deployment.front.url}/bitrix24/robot?key=handmade`;
    expect(await unlinksBy(url)).toBe(true);
    expect((await tidy24(`${make()} --rotate --grace 2d`)).stdout).toMatch(/Older keys work until .*Z at the latest/);
    expect(await unlinksBy(url)).toBe(true);
    jest.setSystemTime(Date.now() + 2 * day);
    expect(await unlinksBy(url)).toBe(false);
  });

  test('is revoked with all that are in their time of grace, within a minute', async () => {
    const old = await keyOf(make());
    const fresh = await keyOf(`${make()} --rotate`);
    expect(await unlinksBy(fresh.url)).toBe(true);

    expect((await tidy24(`${make()} --revoke`)).stdout).toContain('No robot key');
    jest.setSystemTime(Date.now() + 61_000);
    expect([await unlinksBy(old.url), await unlinksBy(fresh.url)]).toEqual([false, false]);
    expect((await tidy24(`${make()} --revoke`)).stdout).toContain('has no robot key');
    expect((await tidy24(make())).code).toBe(0);
  });

  test('proves a robot, and nothing of what becomes of the app', async () => {
    const { key } = await keyOf(make());
    const { memberId, domain } = deployment.portal;
    await deployment.portals.change(memberId, { connection: 'oauth' });
    const body = new URLSearchParams({
      event: 'ONAPPUNINSTALL',
      'auth[member_id]': memberId,
      'auth[domain]': domain,
      'auth[application_token]': key,
    }).toString();
    const form = { body, isBase64Encoded: false, contentType: 'application/x-www-form-urlencoded' };
    expect(await deployment.front.call('/bitrix24/robot', form)).toMatchObject({ body: 'not for us\n' });
    await deployment.tick();
    expect(await deployment.portals.get(memberId)).toMatchObject({ state: 'active' });
  });
});

describe('the command', () => {
  test.each([
    ['--grace 2d', '--grace belongs to --rotate'],
    ['--rotate --grace 91d', 'from 0m to 90d'],
    ['--rotate --grace soon', 'from 0m to 90d'],
    ['--revoke --rotate', 'cannot be used with'],
    ['--address nowhere', '--address takes'],
  ])('refuses %s', async (options, reason) => {
    expect(await tidy24(`${make()} ${options}`)).toMatchObject({ code: 2, stderr: expect.stringContaining(reason) });
    expect(await stored()).toEqual([]);
  });

  test('prints the whole URL for the address that it is told', async () => {
    const { stdout } = await tidy24(`${make()} --address https://hooks.example.test/bitrix24/events`);
    expect(stdout).toMatch(/^https:\/\/hooks\.example\.test\/bitrix24\/robot\?key=[\w-]{43}\n/);
  });

  test('stores nothing when the portal was changed at the same time', async () => {
    const portal = await deployment.portals.get(deployment.portal.memberId);
    if (!portal) throw new Error('no portal');
    expect(await deployment.portals.setRobotKeys(portal, [tokenDigest('one')])).toBe(true);
    expect(await deployment.portals.setRobotKeys(portal, [tokenDigest('other')])).toBe(false);
    expect(await stored()).toEqual([tokenDigest('one')]);
  });

  test('says that robots of a portal that is not active are not heard', async () => {
    await deployment.portals.change(deployment.portal.memberId, { state: 'disconnected' });
    expect((await tidy24(make())).stderr).toContain('is disconnected');
    expect(printed).not.toMatch(/[0-9a-f]{64}/);
  });
});
