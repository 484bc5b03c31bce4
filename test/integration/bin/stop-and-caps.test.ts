import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CapStore } from '../../../lib/portals/caps.ts';
import { KillSwitch } from '../../../lib/portals/kill-switch.ts';
import { CliStage } from './cli-stage.ts';

let stage: CliStage;
beforeEach(async () => {
  stage = await CliStage.start();
  await stage.connect();
});
afterEach(() => stage.close());

const stopped = () => new KillSwitch(stage.tables.portals, () => stage.now).stopped();
const caps = () => new CapStore(stage.tables.portals, () => stage.now);

describe('stop and start', () => {
  test('stop says how to go on and keeps who stopped it first; start says what was', async () => {
    const first = await stage.run(['stop', '--reason', 'too much']);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('tidy24 start') });
    expect(await stopped()).toMatchObject({ reason: 'too much' });
    const second = await stage.run('stop');
    expect(second.stdout).toContain('stopped already');
    expect(await stopped()).toMatchObject({ reason: 'too much' });

    const started = await stage.run('start');
    expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('too much') });
    expect(await stopped()).toBeUndefined();
    expect((await stage.run('start')).stdout).toContain('It was not stopped');
  });

  test('stop refuses a reason that is too long', async () => {
    expect((await stage.run(['stop', '--reason', 'x'.repeat(301)])).code).toBe(2);
    expect(await stopped()).toBeUndefined();
  });
});

describe('portals caps', () => {
  test('shows what is used of the defaults', async () => {
    await caps().reserve(stage.portal.memberId, { hour: 200, day: 1_000, spike: 3 }, 12);
    const { stdout } = await stage.run(`portals caps ${stage.portal.domain}`);
    expect(stdout).toContain('12 of 200 deletions in this hour, 12 of 1000 today');
    expect(stdout).toContain('3 times a usual day (not known yet)');
  });

  test('sets others, and resumes a portal that a cap has paused, and no other pause', async () => {
    const { memberId, domain } = stage.portal;
    await stage.portals.pause(memberId, { code: 'cap-hour', reason: 'The cap is reached' });
    const raised = await stage.json(`portals caps ${domain} --hour 500 --day 5000 --spike off`);
    expect(raised).toMatchObject({ resumed: true, caps: { hour: 500, day: 5_000, spike: null } });
    expect((await stage.portals.get(memberId))?.pause).toBeUndefined();

    await stage.portals.pause(memberId, { code: 'by-hand', reason: 'Paused by Ada' });
    const again = await stage.json(`portals caps ${domain} --hour 600`);
    expect(again).toMatchObject({ resumed: false, caps: { hour: 600, day: 5_000, spike: null } });
    expect((await stage.portals.get(memberId))?.pause).toMatchObject({ code: 'by-hand' });
  });

  test.each([
    ['cap-hour', '--hour 50', false],
    ['cap-hour', '--day 2000', false],
    ['cap-hour', '--hour 201', true],
    ['cap-day', '--hour 500', false],
    ['cap-day', '--day 900', false],
    ['cap-day', '--day 1001', true],
    ['cap-spike', '--spike 2', false],
    ['cap-spike', '--day 2000', false],
    ['cap-spike', '--spike 4', true],
    ['cap-spike', '--spike off', true],
  ])('the pause of %s ends by %s: %s, because only to raise that very cap ends it', async (code, option, ends) => {
    const { memberId, domain } = stage.portal;
    await stage.portals.pause(memberId, { code, reason: 'The cap is reached' });
    expect(await stage.json(`portals caps ${domain} ${option}`)).toMatchObject({ resumed: ends });
    expect((await stage.portals.get(memberId))?.pause === undefined).toBe(ends);
  });

  test('releases this hour and this day', async () => {
    const { memberId, domain } = stage.portal;
    await caps().reserve(memberId, { hour: 200, day: 1_000, spike: null }, 200);
    await stage.portals.pause(memberId, { code: 'cap-hour', reason: 'The cap is reached' });
    expect(await stage.json(`portals caps ${domain} --release`)).toMatchObject({
      resumed: true,
      use: { hour: 0, day: 0 },
    });
  });

  test('only to be looked at resumes nothing', async () => {
    const { memberId, domain } = stage.portal;
    await stage.portals.pause(memberId, { code: 'cap-day', reason: 'The cap is reached' });
    expect((await stage.run(`portals caps ${domain}`)).stdout).toContain('It is paused: The cap is reached');
    expect((await stage.portals.get(memberId))?.pause).toMatchObject({ code: 'cap-day' });
  });

  test.each(['--hour 0', '--hour x', '--spike 0', '--hour 2000'])('refuses %s', async (option) => {
    const { code } = await stage.run(`portals caps ${stage.portal.domain} ${option}`);
    expect(code).not.toBe(0);
  });
});
