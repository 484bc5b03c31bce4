import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

const day = 86_400_000;

describe('hold add, list and remove', () => {
  let stage: CliStage;
  let domain: string;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
    ({ domain } = stage.portal);
  });
  afterEach(() => stage.close());

  const among = (...records: [number, number][]) =>
    stage.portals.holds.among(
      stage.portal.memberId,
      records.map(([entityTypeId, id]) => ({ entityTypeId, id })),
    );

  test('several records get a hold at once, with who, when and why', async () => {
    const ran = await stage.run([
      'hold',
      'add',
      'contact:7',
      'company:3',
      '1044:12',
      'contact:7',
      '--why',
      'Lawsuit\u001b[2J',
    ]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(
      `${domain}: no rule touches contact 7, company 3, type 1044 12 until somebody takes it away.`,
    );
    expect(await among([3, 7], [4, 3], [1044, 12], [2, 7])).toEqual(new Set(['3:7', '4:3', '1044:12']));
    const holds = await stage.portals.holds.list(stage.portal.memberId);
    expect(holds).toHaveLength(3);
    expect(holds[0]).toMatchObject({ by: 'ada@laptop', at: stage.now, why: expect.stringMatching(/^Lawsuit/) });
    expect(holds[0]?.why).not.toContain('\u001b');
  });

  test('a reason stands on one line, without what may be a secret', async () => {
    await stage.run(['hold', 'add', 'contact:7', '--why', ' Lawsuit,\r\nsee token=s3cr3t\u2028and more\n']);
    expect((await stage.portals.holds.list(stage.portal.memberId))[0]?.why).toBe('Lawsuit, see token=… and more');
    expect((await stage.run('hold list')).stdout).toMatch(
      /\ncontact 7 [^\n]* Lawsuit, see token=… and more\n1 hold on /,
    );
  });

  test('a hold ends by itself, at the end of its day wherever the portal is', async () => {
    const today = new Date(stage.now).toISOString().slice(0, 10);
    expect(await stage.run(`hold add deal:101 --until ${today}`)).toMatchObject({ code: 0 });
    expect(await among([2, 101])).toEqual(new Set(['2:101']));
    expect((await stage.run('hold list')).stdout).toMatch(/deal 101 +ada@laptop .*T11:59:59.000Z +-\n/);
    stage.now += 2 * day;
    expect(await among([2, 101])).toEqual(new Set());
    expect((await stage.run('hold list')).stdout).toMatch(/T11:59:59.000Z \(over\)/);
  });

  describe('on a record that has one', () => {
    const lawsuit = (...until: string[]) => stage.run(['hold', 'add', 'contact:7', '--why', 'Lawsuit', ...until]);
    const held = () => stage.portals.holds.list(stage.portal.memberId);

    test('names what it replaces and keeps its reason', async () => {
      await lawsuit('--until', '2999-01-01T00:00:00Z');
      const at = new Date(stage.now).toISOString();
      stage.now += 1_000;
      const { code, stdout } = await stage.run('hold add contact:7 contact:8');
      expect(code).toBe(0);
      expect(stdout).toContain(
        `\nReplaced: the hold on contact 7 by ada@laptop since ${at}, until 2999-01-01T00:00:00.000Z: Lawsuit. ` +
          'Its reason stays.\n',
      );
      expect(stdout).not.toContain('the hold on contact 8');
      expect(await held()).toEqual([
        { entityTypeId: 3, id: 7, by: 'ada@laptop', at: stage.now, why: 'Lawsuit' },
        { entityTypeId: 3, id: 8, by: 'ada@laptop', at: stage.now },
      ]);
      expect(await stage.json('hold add contact:7 contact:9 --why Settled')).toMatchObject({
        holds: [{ why: 'Settled', replaced: { why: 'Lawsuit', until: null } }, { replaced: null }],
      });
      expect((await stage.run('hold add contact:8')).stdout).toMatch(
        /Replaced: [^\n]* until somebody takes it away\.\n$/,
      );
    });

    test.each([
      ['an endless one', []],
      ['one that ends later', ['--until', '2999-01-02T00:00:00Z']],
    ])('does not end sooner than %s without a word of a person', async (_, until) => {
      await lawsuit(...until);
      const before = await held();
      const sooner = 'hold add contact:7 contact:8 --until 2999-01-01T00:00:00Z';

      const refused = await stage.run(sooner);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(
        'The new hold would end at 2999-01-01T00:00:00.000Z, sooner than the hold on contact 7 by ada@laptop',
      );
      expect(refused.stderr).toContain('leave --until away or name a later time. To confirm it: --yes');
      expect((await stage.run(sooner, { typed: ['no'] })).code).toBe(1);
      expect(await held()).toEqual(before);

      expect((await stage.run(`${sooner} --yes`)).stdout).toContain(': Lawsuit. Its reason stays.');
      expect(await held()).toMatchObject([{ why: 'Lawsuit', until: Date.UTC(2999, 0, 1) }, { id: 8 }]);
    });

    test('that is over, is as if there were none', async () => {
      await lawsuit('--until', new Date(stage.now + day).toISOString());
      stage.now += 2 * day;
      const { code, stdout } = await stage.run('hold add contact:7 --until 2999-01-01');
      expect(code).toBe(0);
      expect(stdout).not.toContain('Replaced');
      expect((await held())[0]).not.toHaveProperty('why');
    });
  });

  test('list says when there are none, and shows them all as JSON', async () => {
    expect((await stage.run('hold list')).stdout).toContain(`${domain} has no holds`);
    await stage.run(['hold', 'add', 'lead:5', '--portal', domain, '--why', 'x', '--until', '2999-01-01T00:00:00Z']);
    expect(await stage.json(`hold list --portal ${domain}`)).toMatchObject({
      domain,
      holds: [
        {
          record: 'lead 5',
          entityTypeId: 1,
          id: 5,
          by: 'ada@laptop',
          why: 'x',
          until: '2999-01-01T00:00:00.000Z',
          isOver: false,
        },
      ],
    });
  });

  test('remove takes away what there is, and tells of what there is not', async () => {
    await stage.run('hold add contact:7 contact:8');
    const { stdout, code } = await stage.run('hold remove contact:7 contact:9');
    expect(code).toBe(0);
    expect(stdout).toContain(`${domain}: the hold on contact 7 is gone.`);
    expect(stdout).toContain(`${domain}: there was no hold on contact 9.`);
    expect(await among([3, 7], [3, 8])).toEqual(new Set(['3:8']));
    expect(await stage.json('hold remove contact:8')).toMatchObject({
      holds: [{ record: 'contact 8', removed: true }],
    });
  });

  test.each([1, 2, 3, 4, 7, 31, 128, 190, 1030, 1044])('a record of type %i can be held', async (type) => {
    expect((await stage.run(`hold add ${type}:7`)).code).toBe(0);
    expect(await among([type, 7])).toEqual(new Set([`${type}:7`]));
  });

  test('a hold on a type that is none is said to be so, and can be taken away where there is one', async () => {
    expect((await stage.run('hold add 999999:7')).stderr).toContain(
      'Bitrix24 has no type 999999. Smart processes have',
    );
    const record = { entityTypeId: 999_999, id: 7, by: 'ada@laptop', at: stage.now };
    await stage.portals.holds.put(stage.portal.memberId, record);
    expect((await stage.run('hold remove 999999:7')).stdout).toContain('is gone');
  });

  test.each([
    'hold add',
    'hold add contact',
    'hold add contacts:7',
    'hold add contact:0',
    'hold add 999999:7',
    'hold add 5:7',
    'hold add 129:7',
    'hold add 192:7',
    'hold add contact:7 1028:7',
    'hold add contact:7 --until tomorrow',
    'hold add contact:7 --until 2020-01-01',
    'hold add contact:7 --until 2027-01-31T10:00:00',
    `hold add contact:7 --why ${'x'.repeat(301)}`,
  ])('%s is a wrong command line', async (command) => {
    expect((await stage.run(command)).code).toBe(2);
    expect(await stage.portals.holds.list(stage.portal.memberId)).toEqual([]);
  });
});
