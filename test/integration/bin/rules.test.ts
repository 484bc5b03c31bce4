import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';

const good = `version: 1
rules:
  - id: competitors
    when: { type: deal, pipelines: [5], stages: ["Chose a competitor", "C5:LOSE"] }
    wait: 30d
    delete: [deal-contacts]
  - id: others
    enabled: false
    when: { type: deal, stages: all-lost }
    delete: [deal-contacts]
`;

const leads = `    when: { type: lead, stages: [JUNK] }
    where: { sourceId: WEB, assignedById: { empty: false } }
    wait: { for: 1d, from: last-activity }
    delete: [lead, contacts, company]`;

describe('rules', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
    await stage.connect();
  });
  afterEach(() => stage.close());

  test('check names each problem with its line, column and field', async () => {
    const bad = await stage.file('bad.yaml', good.replace('30d', '30 days').replace('pipelines', 'pipeline'));

    const { code, stdout, stderr } = await stage.run(`rules check ${bad}`);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      `${bad}:4:25 rules[0].when.pipeline: "pipeline" is no known key (did you mean "pipelines"?)\n`,
    );
    expect(stderr).toContain(`${bad}:5:11 rules[0].wait: must be a time from 0m to 10y`);
  });

  test('check gives the problems as JSON, too', async () => {
    const bad = await stage.file('bad.yaml', good.replace('30d', '30 days'));
    const { code, stdout } = await stage.run(`rules check ${bad} --json`);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ line: 5, column: 11, path: 'rules[0].wait' }] });
  });

  test('check needs neither tables nor a portal', async () => {
    const file = await stage.file('rules.yaml', good);
    const { code, stdout } = await stage.run(`rules check ${file}`, { env: { TIDY24_DYNAMODB_PORT: '1' } });
    expect(code).toBe(0);
    expect(stdout).toContain('is in order: 2 rules.');
    expect(await stage.run(`rules check ${file}.gone`)).toMatchObject({
      code: 1,
      stderr: `error: ${file}.gone cannot be read: there is no such file.\n`,
    });
  });

  test('a file that is not UTF-8 is refused, and its letters are not replaced by others', async () => {
    const { memberId, domain } = stage.portal;
    const named = good.replace('Chose a competitor', 'Zu früh');
    const latin = await stage.file('latin.yaml', Buffer.from(named, 'latin1'));
    for (const command of [`check ${latin}`, `push ${latin} --portal ${domain}`, `plan ${latin}`]) {
      expect(await stage.run(`rules ${command}`)).toMatchObject({
        code: 1,
        stderr: `error: ${latin} cannot be read: the file is not UTF-8. Save it again with the encoding UTF-8.\n`,
      });
    }
    expect((await stage.portals.get(memberId))?.rulesVersion).toBeUndefined();
    const utf8 = await stage.file('utf8.yaml', named);
    expect(await stage.run(`rules check ${utf8}`)).toMatchObject({ code: 0, stderr: '' });
  });

  test('push replaces the names of stages by their codes and puts the rules in force', async () => {
    const { memberId, domain } = stage.portal;
    const file = await stage.file('rules.yaml', good);
    stage.now = Date.UTC(2027, 0, 1, 10, 0, 0, 400);

    const { code, stdout } = await stage.run(`rules push ${file} --portal ${domain}`);

    expect(code).toBe(0);
    expect(stdout).toBe(
      `Version 1 of the rules is in force on ${domain} (mode observe):\n` +
        '  competitors: deals of pipeline 5 in C5:UC_7K2M, C5:LOSE, after 30d: deal-contacts; for losses since 2027-01-01T10:00:00.000Z\n' +
        '  others (switched off): deals of every pipeline in every lost stage, after 1d: deal-contacts; for losses since 2027-01-01T10:00:00.000Z\n',
    );
    expect(await stage.portals.rules(memberId, 1)).toMatchObject({
      pushedBy: 'ada@laptop',
      pushedAt: Date.UTC(2027, 0, 1, 10),
      source: good,
      rules: [{ id: 'competitors', when: { stages: ['C5:UC_7K2M', 'C5:LOSE'] } }, { id: 'others' }],
    });
    expect((await stage.portals.get(memberId))?.rulesVersion).toBe(1);
  });

  test('push refuses what the portal does not know, or does not call lost, and stores nothing', async () => {
    const { memberId, domain } = stage.portal;
    const bad = await stage.file(
      'bad.yaml',
      good.replace('"Chose a competitor"', '"Chose a compettitor"').replace('C5:LOSE', 'Renewed'),
    );

    const { code, stderr } = await stage.run(`rules push ${bad} --portal ${domain}`);

    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.yaml:4:\d+ rules\[0\]\.when\.stages\[0\]: .*did you mean "Chose a competitor"\?/);
    expect(stderr).toMatch(
      /bad\.yaml:4:\d+ rules\[0\]\.when\.stages\[1\]: "Renewed" is not a lost stage in pipeline 5/,
    );
    expect((await stage.portals.get(memberId))?.rulesVersion).toBeUndefined();
  });

  test('push says what the version changes, and which rules delete records', async () => {
    const { domain } = stage.portal;
    await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${domain}`);
    const next = good
      .replace('wait: 30d', 'wait: 2w')
      .replace('id: others', 'id: leads')
      .replace('    enabled: false\n    when: { type: deal, stages: all-lost }\n    delete: [deal-contacts]', leads);

    const { code, stdout } = await stage.run(`rules push ${await stage.file('b.yaml', next)} --portal ${domain}`);

    expect(code).toBe(0);
    expect(stdout).toContain(
      '  leads: leads in JUNK, where sourceId is WEB and assignedById is not empty, after 1d without activity: contacts, company, lead; for losses since ',
    );
    expect(stdout).toMatch(
      /\nSince version 1: added leads; changed competitors \(wait\); removed others\.\nleads DELETES RECORDS, not only links: contacts, company, lead\.\n$/,
    );
  });

  test('check --portal names what the portal does not have, and stores nothing [method/crm.item.delete/unknown-type]', async () => {
    const { portal } = stage;
    portal.addType({ entityTypeId: 1044, title: 'Projects' });
    portal.addType({ entityTypeId: 1046, title: 'Sites', stages: false });
    portal.addField(2, {
      name: 'UF_CRM_LOST_REASON',
      type: 'enumeration',
      items: [
        { id: 79, value: 'Too expensive' },
        { id: 80, value: 'Spam' },
      ],
    });
    const bad = `version: 1
rules:
  - id: a
    when: { type: deal, pipelines: [6], stages: all-lost }
    where: { ufCrmLostReason: Spam, UF_CRM_LOST_REASON: Spamm, opportunity: { older-than: 1d } }
    delete: [{ items: { type: 1045 } }]
  - { id: b, when: { type: 1046, stages: all-lost }, delete: [item] }
  - { id: c, when: { type: 1044, stages: [Won] }, delete: [item] }
`;
    const file = await stage.file('bad.yaml', bad);

    const { code, stderr } = await stage.run(`rules check ${file} --portal ${portal.domain}`);
    const { stdout: json } = await stage.run(`rules check ${file} --portal ${portal.domain} --json`);

    expect(code).toBe(1);
    const lines = stderr.replaceAll(`${file}:`, '').trimEnd().split('\n');
    expect(lines).toEqual([
      '4:37 rules[0].when.pipelines[0]: the portal has no pipeline 6 (its user may see 0 Deals, 5 Renewals)',
      `5:14 rules[0].where.ufCrmLostReason: the portal's deals have no field "ufCrmLostReason" (did you mean "UF_CRM_LOST_REASON"?)`,
      '5:57 rules[0].where.UF_CRM_LOST_REASON.equals: UF_CRM_LOST_REASON has no value "Spamm" (did you mean "Spam"?)',
      expect.stringMatching(/^5:91 .*older-than does not suit the field opportunity/),
      expect.stringMatching(
        /^6:31 .*the portal has no smart process 1045 \(it has 31 Invoice, 1044 Projects, 1046 Sites\)/,
      ),
      expect.stringMatching(/^7:28 .*items of type 1046 \(Sites\) have no stages/),
      expect.stringMatching(/^8:43 .*no pipeline of the rule has a stage "Won"/),
    ]);
    expect(JSON.parse(json)).toMatchObject({ ok: false, problems: { length: 7 } });
    expect((await stage.portals.get(portal.memberId))?.rulesVersion).toBeUndefined();
  });

  test('check --portal reads a portal in two calls, and shows the rules as they would be in force', async () => {
    const { portal } = stage;
    const pipeline = portal.addType({ entityTypeId: 1044, title: 'Projects' });
    portal.addType({ entityTypeId: 1046, title: 'Sites', stages: false });
    portal.addField(1044, {
      name: 'UF_CRM_5_REASON',
      type: 'enumeration',
      items: [{ id: 79, value: 'Too expensive' }],
    });
    const file = await stage.file(
      'good.yaml',
      `version: 1
rules:
  - id: projects
    when: { type: 1044, stages: [Failure] }
    where: { UF_CRM_5_REASON: Too expensive, lastActivityTime: { older-than: 90d } }
    delete: [item, { items: { type: 1046 } }, company-contacts]
  - { id: invoices, when: { type: 31, stages: all-lost }, delete: [item] }
  - { id: leads, when: { type: lead, stages: [Junk lead] }, delete: [lead, { contacts: { via: crm.contact.delete } }] }
`,
    );
    portal.addInvoices();
    portal.clearRequests();

    const { code, stdout } = await stage.run(`rules check ${file} --portal ${portal.domain}`);

    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        `${file} is in order and fits ${portal.domain}: 3 rules.\n` +
        `  projects: items of type 1044 of every pipeline in DT1044_${pipeline}:FAIL, where UF_CRM_5_REASON is 79 and ` +
        'lastActivityTime is older than 90d, after 1d: company-contacts, items of type 1046, item\n' +
        '  invoices: items of type 31 of every pipeline in every lost stage, after 1d: item\n' +
        '  leads: leads in JUNK, after 1d: contacts (by crm.contact.delete), lead\n' +
        'projects DELETES RECORDS, not only links: items of type 1046, item.\n' +
        'invoices DELETES RECORDS, not only links: item.\n' +
        'leads DELETES RECORDS, not only links: contacts (by crm.contact.delete), lead.\n',
    });
    expect(portal.requests.map(({ method }) => method)).toEqual(['batch', 'batch']);
  });

  test('a portal that does not show its fields is named, and one that is no administrator of the CRM will do', async () => {
    const { portal } = stage;
    portal.addType({ entityTypeId: 1044, title: 'Projects' });
    const rules = `version: 1
rules:
  - { id: a, when: { type: 1044, stages: all-lost }, where: { opened: true }, delete: [item] }
`;
    const file = await stage.file('rules.yaml', rules);
    portal.faults.add({ when: { method: 'crm.type.list' }, give: { type: 'error', error: 'ACCESS_DENIED' } });
    expect(await stage.run(`rules check ${file} --portal ${portal.domain}`)).toMatchObject({ code: 0 });

    portal.faults.add({ when: { method: 'crm.item.fields' }, give: { type: 'error', error: 'ACCESS_DENIED' } });
    const { code, stderr } = await stage.run(`rules check ${file} --portal ${portal.domain}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: The fields of type 1044 could not be read from the portal: /);
  });

  test('history tells what each version changed, by whom it was pushed, and which one is in force', async () => {
    const { domain, memberId } = stage.portal;
    expect((await stage.run('rules history')).stdout).toBe(`${domain} has no rules yet.\n`);
    stage.now = Date.UTC(2027, 0, 1, 10);
    await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${domain}`);
    stage.now += 3_600_000;
    const second = good.replace('["Chose a competitor", "C5:LOSE"]', 'all-lost').replace('id: others', 'id: more');
    await stage.run(`rules push ${await stage.file('b.yaml', second)} --portal ${domain}`);
    // A push that died before its version came into force.
    const stored = await stage.portals.rules(memberId, 2);
    await stage.tables.portals.put({ ...stored, memberId, sk: 'rules#00000003', version: 3 });

    const { stdout } = await stage.run('rules history');
    const json = await stage.json(`rules history --portal ${domain} --limit 2`);

    expect(stdout).toBe(
      'VERSION       PUSHED                    BY          RULES  CHANGES\n' +
        '3             2027-01-01T11:00:00.000Z  ada@laptop  2      no change\n' +
        '2 (in force)  2027-01-01T11:00:00.000Z  ada@laptop  2      added more; changed competitors (stages; begins anew); removed others\n' +
        '1             2027-01-01T10:00:00.000Z  ada@laptop  2      added competitors, others\n',
    );
    expect(json).toMatchObject({
      versions: [
        { version: 3, inForce: false },
        { version: 2, inForce: true, rules: ['competitors', 'more'] },
      ],
    });
  });

  test('history passes over a version that it cannot read', async () => {
    const { domain, memberId } = stage.portal;
    await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${domain}`);
    await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${domain}`);
    await stage.tables.portals.put({ memberId, sk: 'rules#00000001', version: 1, rules: 'of old' });

    const { code, stdout } = await stage.run('rules history');

    expect(code).toBe(0);
    expect(stdout).toMatch(/\n2 \(in force\) .* not known\n1 +cannot be read: another version of tidy24 wrote it\n$/);
  });

  test('schema prints what an editor needs, and needs no tables for it', async () => {
    const { code, stdout } = await stage.run('rules schema', { env: { TIDY24_DYNAMODB_PORT: '1' } });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(await stage.json('rules schema'));
    expect(JSON.parse(stdout)).toMatchObject({ title: 'tidy24 rules', required: ['version', 'rules'] });
  });

  test('push keeps since when a rule has not changed, and counts versions on', async () => {
    const { domain } = stage.portal;
    const file = await stage.file('rules.yaml', good);
    await stage.run(`rules push ${file} --portal ${domain}`);
    stage.now += 3_600_000;

    const first = await stage.json(`rules show --portal ${domain} --version 1`);
    const second = await stage.json(`rules push ${file} --portal ${domain}`);

    expect(first).toMatchObject({ version: 1, inForce: true });
    const since = (first as { rules: { since: string }[] }).rules[0]?.since;
    expect(second).toMatchObject({ version: 2, rules: [{ id: 'competitors', since }, { id: 'others' }] });
  });

  test('push of a shorter wait brings open tasks forward, and of a longer one does not', async () => {
    const source = (wait: string) =>
      `version: 1\nrules:\n  - { id: one, when: { type: deal, stages: all-lost }, wait: ${wait}, delete: [deal-contacts] }\n`;
    const push = async (wait: string) =>
      stage.run(['rules', 'push', await stage.file('rules.yaml', source(wait)), '--portal', stage.portal.domain]);
    await push('24h');
    const { memberId } = stage.portal;
    const record = { entityTypeId: 2, id: 1 };
    const transition = { stageId: 'LOSE', movedTime: stage.now };
    const nextAt = stage.now + 24 * 3_600_000;
    const rule = { id: 'one', version: 1 };
    const { taskId } = await stage.tasks.create(
      { memberId, record, rule, transition, run: 0 },
      { nextAt, source: 'app', history: [] },
    );
    await push('48h');
    expect((await stage.tasks.get(taskId))?.nextAt).toBe(nextAt);
    await push('1h');
    expect((await stage.tasks.get(taskId))?.nextAt).toBeLessThanOrEqual(stage.now);
  });

  test('push waits for a portal that is over its rate', async () => {
    const { domain, memberId } = stage.portal;
    const until = stage.now + 20_000;
    await stage.tables.portals.put({ memberId, sk: 'budget#rate', blockedUntil: until });
    const file = await stage.file('rules.yaml', good);
    expect((await stage.run(`rules push ${file} --portal ${domain}`)).code).toBe(0);
    expect(stage.now).toBeGreaterThanOrEqual(until);
  });

  test('show gives the version in force, an earlier one, and the file as it was pushed', async () => {
    const { domain } = stage.portal;
    await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${domain}`);
    await stage.run(`rules push ${await stage.file('b.yaml', good.replace('30d', '2w'))} --portal ${domain}`);

    const inForce = await stage.run(`rules show`);
    const earlier = await stage.run(`rules show --portal ${domain} --version 1`);
    const source = await stage.run(`rules show --portal ${domain} --version 1 --source`);

    expect(inForce.stdout).toContain(`Version 2 of the rules of ${domain}, in force.`);
    expect(inForce.stdout).toContain('by ada@laptop.');
    expect(inForce.stdout).toContain('after 2w');
    expect(earlier.stdout).toContain('Version 1 of the rules');
    expect(earlier.stdout).toContain('after 30d');
    expect(source.stdout).toBe(good);
    expect((await stage.run('rules show --version 9')).stderr).toContain('has no version 9 of its rules');
  });

  test('a portal with an app whose secret only the deployment has is not paused for want of it', async () => {
    const { portal } = stage;
    const app = await stage.install(await stage.simulator.addPortal());
    const other = [...stage.simulator.portals.values()].find(({ memberId }) => memberId !== portal.memberId);
    const memberId = other?.memberId ?? '';
    await stage.run(`portals credentials ${memberId}`, { input: [app.clientId, app.clientSecret] });
    await stage.tables.credentials.update({ memberId }, { set: 'REMOVE #app' });
    other?.expireAccessTokens();

    const { code, stderr } = await stage.run(`rules push ${await stage.file('a.yaml', good)} --portal ${memberId}`);

    expect(code).toBe(1);
    expect(stderr).toContain('Set TIDY24_APP_PARAMETER');
    expect((await stage.portals.get(memberId))?.pause).toBeUndefined();
  });
});
