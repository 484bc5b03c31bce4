import { readdir, readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CliStage } from './cli-stage.ts';
import { lostStage, pass } from './failed-tasks.ts';

const process = 1044;

const rules = (more = '') => `
version: 1
${more}
rules:
  - id: unlink
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts, { items: { type: ${process} } }]
  - id: contacts
    when: { type: deal, stages: all-lost }
    wait: 2d
    delete: [contacts, company, deal]
  - id: projects
    when: { type: ${process}, stages: all-lost }
    wait: 0m
    delete: [item]
`;

describe('rules plan', () => {
  let stage: CliStage;
  let folder: string;
  let file: string;
  beforeEach(async () => {
    stage = await CliStage.start();
    stage.portal.addType({ entityTypeId: process, title: 'Project' });
    await stage.connect();
    file = await stage.file('rules.yaml', rules());
    folder = file.replace(/rules\.yaml$/, '');
  });
  afterEach(() => stage.close());

  function lose(contactIds: readonly number[], companyId = 0): number {
    const { portal } = stage;
    const id = portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds: [...contactIds], companyId });
    portal.moveDeal(id, lostStage);
    return id;
  }

  const ruleOf = (report: unknown, id: string) =>
    (report as { rules: { rule: string }[] }).rules.find(({ rule }) => rule === id);

  test('counts for each rule what it is about, what is due and what it would delete, and changes nothing', async () => {
    const { portal } = stage;
    await stage.run(`rules push ${file} --portal ${portal.domain}`);
    await stage.run(`portals mode ${portal.domain} enforce --confirm ${portal.domain}`);
    pass(stage, 5_000);
    const company = portal.addCompany();
    const [shared, own] = [portal.addContact(), portal.addContact()];
    const first = lose([shared, own], company);
    const second = lose([shared], company);
    lose([]);
    portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds: [own] });
    for (const parent of [first, first, second]) portal.addItem(process, { parents: { 2: parent } });
    portal.clearRequests();
    stage.now += 5_000; // The portal's clock went on while it was lost.

    const report = await stage.json('rules plan');

    expect(report).toMatchObject({ version: 1, mode: 'enforce', read: { 2: 3, [process]: 0 }, more: false, unread: 0 });
    expect(ruleOf(report, 'unlink')).toMatchObject({
      matching: 3,
      dueNow: 3,
      later: 0,
      byItself: 3,
      deletes: { links: 3, items: 3, contacts: 0, recordsThemselves: 0 },
      calls: { 'crm.deal.contact.items.delete': 2, 'crm.item.delete': 3 },
    });
    expect(ruleOf(report, 'contacts')).toMatchObject({
      matching: 3,
      dueNow: 0,
      later: 3,
      kept: 1,
      keptBy: { 'open-deals': 1 }, // The own contact has a deal that is open.
      deletes: { links: 0, contacts: 1, companies: 1, recordsThemselves: 3 },
    });
    const quick = await stage.json('rules plan --no-guards');
    expect(ruleOf(quick, 'contacts')).toMatchObject({ kept: 0, deletes: { contacts: 2 } });
    expect(portal.calls('crm.item.delete')).toEqual([]);
    expect(portal.calls('crm.deal.contact.items.delete')).toEqual([]);
    expect((await stage.tasks.listByPortal(portal.memberId, { limit: 10 })).tasks).toEqual([]);
  });

  test('shows a table, the first five of each rule, and how long it would take', async () => {
    const deals = Array.from({ length: 7 }, () => lose([stage.portal.addContact()]));
    await stage.run(`rules push ${file} --portal ${stage.portal.domain}`);
    stage.now += 5_000;
    const { stdout, code } = await stage.run('rules plan');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RULE +MATCH +DUE NOW +LATER +BY ITSELF/m);
    // Lost before the rules were there, and the portal observes.
    expect(stdout).toMatch(/^unlink +7 +7 +0 +0 +0 +7 /m);
    expect(stdout.match(/^ {2}deal \d+, lost in C5:UC_7K2M since .*crm\.deal\.contact\.items\.delete/gm)).toHaveLength(
      5,
    );
    expect(stdout).toContain(`deal ${deals[0]}, lost`);
    expect(stdout).toMatch(/All of it at once would take about \d+ (s|min): \d+ requests/);
    expect(stdout).toContain('Nothing was changed.');
  });

  test('takes the rules of a file as they would be after a push, and stores nothing', async () => {
    lose([stage.portal.addContact()]);
    const report = await stage.json(`rules plan ${file}`);
    expect(report).toMatchObject({ version: null, file });
    expect(ruleOf(report, 'unlink')).toMatchObject({ matching: 1, byItself: 0 });
    expect((await stage.portals.get(stage.portal.memberId))?.rulesVersion).toBeUndefined();
    expect((await stage.run('rules plan')).stderr).toContain('has no rules yet');
    const wrong = await stage.file('wrong.yaml', rules().replace('all-lost', '[Nowhere]'));
    expect((await stage.run(`rules plan ${wrong}`)).stderr).toContain('wrong.yaml:');
  });

  test('finds the lost items of a smart process by its stages', async () => {
    const pipeline = stage.portal.addType({ entityTypeId: 1048, title: 'Order' });
    const id = stage.portal.addItem(1048, { stageId: `DT1048_${pipeline}:NEW` });
    const lost = stage.portal.addItem(1048, { stageId: `DT1048_${pipeline}:FAIL` });
    const orders = await stage.file('orders.yaml', rules().replaceAll(String(process), '1048'));
    const report = await stage.json(`rules plan ${orders}`);
    expect(ruleOf(report, 'projects')).toMatchObject({
      matching: 1,
      examples: [{ record: { entityTypeId: 1048, id: lost } }],
    });
    expect(lost).not.toBe(id);
  });

  test('--csv has every record, and --since fewer of them', async () => {
    for (let index = 0; index < 120; index += 1) lose([stage.portal.addContact()]);
    pass(stage, 3_600_000);
    lose([stage.portal.addContact()]);
    const csv = `${folder}plan.csv`;
    await stage.json(`rules plan ${file} --csv ${csv}`);
    const rows = (await readFile(csv, 'utf8')).trimEnd().split('\r\n');
    expect(rows[0]?.split(',').slice(0, 4)).toEqual(['rule', 'rule_version', 'type', 'id']);
    expect(rows).toHaveLength(1 + 121 * 2);
    expect(new Set(rows).size).toBe(rows.length);
    expect(ruleOf(await stage.json(`rules plan ${file} --since 30m`), 'unlink')).toMatchObject({ matching: 1 });
    expect((await stage.run(`rules plan ${file} --csv ${csv}`)).stderr).toContain('is there already');
  });

  test('what is protected by its id is counted as kept', async () => {
    const contact = stage.portal.addContact();
    const kept = lose([contact]);
    lose([contact]);
    const protecting = await stage.file(
      'protecting.yaml',
      rules(`protect: { ids: { deal: [${kept}], contact: [${contact}] } }`),
    );
    const report = await stage.json(`rules plan ${protecting}`);
    expect(ruleOf(report, 'contacts')).toMatchObject({
      matching: 2,
      kept: 2,
      deletes: { contacts: 0, recordsThemselves: 1 },
    });
  });

  test('guards and holds are said rule by rule, each thing that is kept once', async () => {
    const { portal } = stage;
    const [held, busy] = [portal.addContact(), portal.addContact()];
    const [free, second] = [lose([held, busy]), lose([held])];
    portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds: [busy] });
    await stage.run(`hold add contact:${held} deal:${second}`);

    const { stdout } = await stage.run(`rules plan ${file} --csv ${folder}guarded.csv`);

    expect(stdout).toMatch(/^contacts keeps: 2 held, 1 open-deals$/m);
    expect(stdout).toMatch(/^unlink keeps: 2 held$/m); // One of the links is the held contact's.
    expect(stdout).toMatch(new RegExp(`^  deal ${second}, lost .*: kept, .*hold`, 'm'));
    const lines = (await readFile(`${folder}guarded.csv`, 'utf8')).split('\n');
    const ofContacts = lines.find((line) => line.startsWith(`contacts,`) && line.includes(`,${free},`));
    expect(ofContacts).toContain(`crm.item.delete 2/${free}`);
    expect(ofContacts).not.toContain(`3/${held}`);
    expect(ofContacts).not.toContain(`3/${busy}`);
  });

  test('what guards cannot find out is kept', async () => {
    const { portal } = stage;
    lose([portal.addContact()]);
    portal.faults.add({
      when: { method: 'crm.type.list', inBatch: 'command' },
      times: 50,
      give: { type: 'error', error: 'ACCESS_DENIED' },
    });
    const report = await stage.json(`rules plan ${file}`);
    expect(ruleOf(report, 'contacts')).toMatchObject({ keptBy: { 'guard-unreadable': 1 }, deletes: { contacts: 0 } });
  });

  test('a portal that is paused or pending is not asked', async () => {
    const { domain } = stage.portal;
    await stage.run(`portals pause ${domain}`);
    expect((await stage.run(`rules plan ${file}`)).stderr).toContain('is paused');
  });

  test('what would pause the portal in its work is said, and does not pause it', async () => {
    lose([stage.portal.addContact()]);
    const { memberId } = stage.portal;
    stage.portal.faults.add({
      when: { method: 'batch' },
      times: 100,
      give: { type: 'error', status: 401, error: 'PAYMENT_REQUIRED', description: 'Payment required' },
    });
    const { code, stderr } = await stage.run(`rules plan ${file}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/paid|plan|subscription/i);
    expect((await stage.portals.get(memberId))?.pause).toBeUndefined();
  });

  test('a portal over its limits is waited for', async () => {
    lose([stage.portal.addContact()]);
    const { memberId, domain } = stage.portal;
    const [deals = ''] = rules().split('  - id: projects');
    await stage.run(['rules', 'push', await stage.file('deals.yaml', deals), '--portal', domain]);
    const blockedUntil = stage.now + 300_000;
    await stage.tables.portals.put({ memberId, sk: 'budget#rate', emptyAt: stage.now, blockedUntil });
    const { code, stderr } = await stage.run('rules plan');
    expect(code).toBe(0);
    expect(stderr).toContain('takes no request before');
    expect(stage.now).toBeGreaterThanOrEqual(blockedUntil);
  });

  /** The portal's answers, with something else in place of every list of deals. */
  const answering =
    (items: unknown): typeof fetch =>
    async (input, init) => {
      const response = await globalThis.fetch(input, init);
      const body = (await response.json()) as { result?: { result?: Record<string, unknown> } };
      const result = body.result?.result;
      if (result && 'p2' in result) result['p2'] = { items };
      return Response.json(body, { status: response.status });
    };

  test.each([
    ['is no list', 'odd', 'cannot be read'],
    ['has rows without ids', [{ stageId: 'LOSE' }], 'does not page'],
    ['begins from the start again', [{ id: 0 }], 'does not page'],
  ])('an answer that %s ends the plan, and no file is left', async (_, items, problem) => {
    const csv = `${folder}plan.csv`;
    const ran = await stage.run(`rules plan ${file} --csv ${csv}`, { fetch: answering(items) });
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(problem) });
    expect(await readdir(folder)).toEqual(['rules.yaml']);
  });

  test('a record that cannot be read is left out and said so', async () => {
    const ran = await stage.run(`rules plan ${file}`, { fetch: answering([{ id: 7, stageId: 7 }]) });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('1 lost records cannot be read');
  });
});
