import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BudgetStore } from '../../../lib/portals/budgets.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { nextVersion } from '../../../lib/rules/version.ts';
import { CliStage, type Ran } from './cli-stage.ts';
import { failedTask, furnish, loseDeal, pass } from './failed-tasks.ts';

const minute = 60_000;

/** Whoever listens at the address of events: not what runs on this machine by chance. */
function answering(status: number): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return url.endsWith('/bitrix24/events') ? new Response('', { status }) : fetch(input, init);
  };
}

const dealRulesFile = `version: 1
rules:
  - { id: deals, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }
`;
describe('doctor', () => {
  let stage: CliStage;
  beforeEach(async () => {
    stage = await CliStage.start();
  });
  afterEach(() => stage.close());

  /** One line of the output: status, check and text, without the blanks between them. */
  const line = ({ stdout }: Ran, check: string, part = '') =>
    stdout
      .split('\n')
      .map((text) => text.trim().replaceAll(/ {2,}/g, ' | '))
      .find((text) => text.split(' | ')[1] === check && text.includes(part)) ?? `no line about ${check}: ${stdout}`;
  const pushRules = async () => {
    const file = await stage.file('deals.yaml', dealRulesFile);
    await stage.run(`rules push ${file} --portal ${stage.portal.domain}`);
  };
  const connectApp = async (finished = true) => {
    const app = await stage.install();
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });
    if (!finished) stage.portal.installApp(app, { finished: false });
    return app;
  };

  test('a stage without portals is well, and says what to do next', async () => {
    const ran = await stage.run('doctor');
    expect(ran.code).toBe(0);
    for (const table of ['portals', 'credentials', 'tasks', 'snapshots']) {
      expect(line(ran, `table ${table}`)).toMatch(/^ok .* is there, with its keys and indexes$/);
    }
    for (const queue of ['events', 'deletions', 'reconcile']) {
      expect(line(ran, `queue ${queue}`)).toContain('0 waiting, 0 in work; its dead-letter queue is set');
      expect(line(ran, `dead letters ${queue}`)).toMatch(/^ok .* is empty$/);
    }
    expect(line(ran, 'clock')).toBe('ok | clock | nothing is due');
    expect(line(ran, 'portals')).toBe('warning | portals | none is connected yet');
    expect(ran.stdout).toContain('mend: npx tidy24 portals connect --local');
    expect(ran.stdout).toContain('1 warning, 0 failures.');
  });

  test('a portal by webhooks that is well', async () => {
    await furnish(stage);
    await stage.portals.endRound(stage.portal.memberId, stage.now);
    const ran = await stage.run('doctor');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(line(ran, 'state')).toMatch(/^ok \| state \| active, mode enforce, for losses since 20/);
    expect(line(ran, 'token')).toBe('ok | token | the incoming webhook works, for user 1');
    expect(line(ran, 'scope')).toBe('ok | scope | crm is allowed');
    expect(line(ran, 'administrator')).toBe('ok | administrator | user 1 is one');
    expect(line(ran, 'time')).toMatch(/^ok .* clock is \d s (ahead of|behind) this computer's$/);
    expect(line(ran, 'events')).toMatch(/^ok .* 1 application token known/);
    expect(line(ran, 'limits')).toContain('2 requests a second, 50 at once; 480 s of each method in 600 s');
    expect(line(ran, 'rules')).toMatch(
      /^ok .*version 1, pushed 20.* by ada@laptop: unlink \(losses since 20.*\), other/,
    );
    expect(line(ran, 'tasks')).toBe('ok | tasks | 0 open, 0 of them due now');
    expect(line(ran, 'reconcile')).toMatch(/^ok .* all lost before 20.* is found$/);
  });

  test('a portal by an app that is well: installed, bound, reachable', async () => {
    await connectApp();
    expect(line(await stage.run('doctor', { fetch: answering(400) }), 'rules')).toBe(
      'warning | rules | none yet, so nothing is done',
    );
    await pushRules();
    const ran = await stage.run('doctor', { fetch: answering(400) });
    expect(ran.code).toBe(0);
    expect(line(ran, 'token')).toBe('ok | token | the access token works, for user 1');
    expect(line(ran, 'app')).toBe('ok | app | its installation is finished');
    expect(line(ran, 'events')).toBe(
      'ok | events | the 3 events that the rules need: bound to http://127.0.0.1:4310/bitrix24/events',
    );
    expect(line(ran, 'address')).toBe('ok | address | http://127.0.0.1:4310/bitrix24/events answers');
  });

  test('--json is one document, with the exit code of the lines', async () => {
    await furnish(stage);
    expect(await stage.json(`doctor --portal ${stage.portal.domain}`)).toMatchObject({
      ok: true,
      stage: 'local',
      failures: 0,
      sections: [
        { title: 'stage local', memberId: null },
        {
          title: stage.portal.domain,
          memberId: stage.portal.memberId,
          findings: expect.arrayContaining([{ check: 'scope', status: 'ok', text: 'crm is allowed' }]),
        },
      ],
    });
    stage.portal.revokeWebhooks();
    const broken = await stage.run('doctor --json');
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ ok: false });
    expect(broken.stderr).toMatch(/^error: \d failures?\.\n$/);
  });

  test('an unknown portal is a failure', async () => {
    const ran = await stage.run('doctor --portal nobody.example');
    expect(ran.code).toBe(1);
    expect(line(ran, 'portals')).toContain('failure | portals | There is no portal nobody.example');
  });

  describe('of the deployment finds', () => {
    test('tables and queues that do not answer, without ending', async () => {
      const ran = await stage.run('doctor', { env: { TIDY24_DYNAMODB_PORT: '9', TIDY24_SQS_PORT: '9' } });
      expect(ran.code).toBe(1);
      expect(line(ran, 'table tasks')).toContain(
        'failure | table tasks | The local run does not answer at http://127.0.0.1:9',
      );
      expect(line(ran, 'queue events')).toMatch(/^failure .* The local run does not answer/);
      expect(line(ran, 'clock')).toMatch(/^failure/);
      expect(line(ran, 'portals')).toMatch(/^failure/);
    });

    test('a table that is gone', async () => {
      await stage.dynamoDb.send(new DeleteTableCommand({ TableName: 'tidy24-local-snapshots' }));
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(1);
      expect(line(ran, 'table snapshots')).toMatch(/^failure/);
      expect(line(ran, 'table tasks')).toMatch(/^ok/);
    });

    test('a queue whose dead-letter queue is not set', async () => {
      await stage.sqs.send(
        new SetQueueAttributesCommand({ QueueUrl: stage.queueUrl('events'), Attributes: { RedrivePolicy: '' } }),
      );
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(1);
      expect(line(ran, 'queue events')).toMatch(
        /^failure .* has no dead-letter queue; tidy24-local-events-dlq is expected$/,
      );
    });

    test('dead letters, and how to look into them', async () => {
      await stage.send('events-dlq', 'rubbish');
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(0);
      expect(line(ran, 'dead letters events')).toBe(
        'warning | dead letters events | 1 dead letter in tidy24-local-events-dlq',
      );
      expect(ran.stdout).toContain('mend: npx tidy24 dlq list --local, then dlq redrive or dlq drop');
    });

    test('a clock that stands still', async () => {
      await stage.tasks.wantChore('ab'.repeat(16), 'reconcile', stage.now);
      expect(line(await stage.run('doctor'), 'clock')).toBe('ok | clock | due now: 1 row');
      stage.now += 30 * minute;
      expect(line(await stage.run('doctor'), 'clock')).toMatch(/^warning .* more than 20 minutes: 1 row$/);
      stage.now += 40 * minute;
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(1);
      expect(line(ran, 'clock')).toMatch(/^failure .* more than an hour: 1 row$/);
    });

    test('installations that wait for their app', async () => {
      await stage.install();
      const ran = await stage.run('doctor');
      expect(line(ran, 'portals', 'an app was installed')).toMatch(/^warning/);
      expect(ran.stdout).toContain(`portals credentials ${stage.portal.memberId} --local`);
    });
  });

  describe('of a portal finds', () => {
    test('credentials that are refused, and says what to do', async () => {
      await furnish(stage);
      stage.portal.revokeWebhooks();
      const first = await stage.run('doctor');
      expect(first.code).toBe(1);
      expect(line(first, 'token')).toMatch(/^failure/);
      const second = await stage.run('doctor');
      expect(line(second, 'pause')).toMatch(/^failure \| pause \| paused since 20.*invalid-credentials/);
      expect(second.stdout).toContain(`When that is done: npx tidy24 portals resume ${stage.portal.domain} --local`);
    });

    test.each([
      ['HTML', answering(502), async () => new Response('<html>', { status: 502 })],
      ['nothing at all', answering(502), async () => Promise.reject(new TypeError('fetch failed'))],
    ])('a portal that answers %s', async (_, __, broken) => {
      await furnish(stage);
      const ran = await stage.run('doctor', { fetch: broken });
      expect(ran.code).toBe(1);
      expect(line(ran, 'token')).toMatch(/^failure/);
      expect(line(ran, 'rules')).toMatch(/^ok/);
    });

    test('a want of scope and of rights', async () => {
      const { portal } = stage;
      const user = portal.addUser({ admin: false });
      await stage.connect({ url: portal.createWebhook({ userId: user.id, scope: ['user'] }) });
      const observing = await stage.run('doctor');
      expect(observing.code).toBe(1);
      expect(line(observing, 'scope')).toBe('failure | scope | crm is not allowed');
      expect(observing.stdout).toContain("mend: Allow CRM (crm) in the incoming webhook's form.");
      expect(line(observing, 'administrator')).toMatch(/^warning .* is none: Bitrix24 hides records/);
      await stage.portals.change(portal.memberId, { mode: 'enforce', enforcedAt: stage.now });
      expect(line(await stage.run('doctor'), 'administrator')).toMatch(/^failure/);
    });

    test('an installation that is not finished, whose events never arrive', async () => {
      await connectApp(false);
      const rules = nextVersion(undefined, loadRules(dealRulesFile), dealRulesFile, 1, 'ada');
      await stage.portals.pushRules(stage.portal.memberId, rules);
      const ran = await stage.run('doctor', { fetch: answering(400) });
      expect(ran.code).toBe(1);
      expect(line(ran, 'app')).toMatch(/^failure .* is not finished: none of its events ever arrives$/);
      expect(line(ran, 'events')).toMatch(
        /^failure .* not bound to us: ONCRMDEALUPDATE, ONCRMDEALADD, ONCRMDEALMOVETOCATEGORY$/,
      );
    });

    test('events that are bound to another address, and an address where nobody is', async () => {
      await connectApp();
      await pushRules();
      const elsewhere = await stage.run('doctor', {
        fetch: answering(400),
        env: { TIDY24_PUBLIC_URL: 'https://new.example/' },
      });
      expect(elsewhere.code).toBe(1);
      expect(line(elsewhere, 'events')).toMatch(/^failure .* not bound to us/);
      expect(line(elsewhere, 'events', 'several addresses')).toMatch(/^warning/);
      const same = { fetch: answering(400), env: { TIDY24_PUBLIC_URL: 'http://127.0.0.1:4310' } };
      expect((await stage.run('doctor', same)).code).toBe(0);
      const gone = await stage.run('doctor', { fetch: answering(404) });
      expect(line(gone, 'address')).toMatch(/^failure .* answers HTTP 404, which tidy24 does not$/);
    });

    test('a clock that is off', async () => {
      await furnish(stage);
      stage.now += 2 * minute;
      expect(line(await stage.run('doctor'), 'time')).toMatch(/^warning .* clock is 1\d\d s behind this computer's$/);
    });

    test('a clock that is quite wrong', async () => {
      stage.now -= 20 * minute;
      await furnish(stage);
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(1);
      expect(line(ran, 'time')).toMatch(/^failure .* 1\d\d\d s ahead of this computer's$/);
    });

    test('tasks that failed, until somebody gives them up, and tasks that do not move', async () => {
      await furnish(stage);
      const { taskId } = await failedTask(stage, loseDeal(stage));
      await failedTask(stage, loseDeal(stage), { marked: false });
      pass(stage, 30 * minute);
      const ran = await stage.run('doctor');
      expect(line(ran, 'tasks')).toBe('ok | tasks | 1 open, 1 of them due now');
      expect(line(ran, 'tasks', 'overdue')).toMatch(/^warning .* overdue: 1$/);
      expect(line(ran, 'tasks', 'failed')).toMatch(/^warning .* failed in the last 14 days: 1$/);
      expect(line(ran, 'dead letters deletions')).toMatch(/^warning/);
      await stage.run(['dlq', 'drop', taskId, '--yes', '--reason', 'by hand']);
      expect((await stage.run('doctor')).stdout).not.toContain('failed in the last 14 days');
    });

    test('what waits for its proof, and what is disconnected', async () => {
      await stage.run('portals connect', { input: [stage.portal.createWebhook(), 'an-application-token'] });
      const pending = await stage.run('doctor');
      expect(line(pending, 'state')).toMatch(/^warning \| state \| pending/);
      expect(line(pending, 'token')).toMatch(/^ok/);
      const [portal] = await stage.portals.list();
      await stage.portals.change(portal?.memberId ?? '', { state: 'disconnected' });
      const gone = await stage.run('doctor');
      expect(gone.code).toBe(0);
      expect(line(gone, 'state')).toMatch(/^warning \| state \| disconnected/);
      expect(gone.stdout).not.toContain('token');
    });

    test('limits that are nearly used up, and a plan that allows more', async () => {
      await connectApp();
      const { memberId } = stage.portal;
      const budgets = new BudgetStore(stage.tables.portals, () => stage.now);
      const use = { operating: 470, resetAt: stage.now + minute, perCall: 1, at: stage.now };
      await budgets.setOperating(memberId, new Map([['crm.item.delete', use]]));
      const ran = await stage.run('doctor', { fetch: answering(400) });
      expect(line(ran, 'limits', 'crm.item.delete')).toBe('warning | limits | crm.item.delete has used 470 s');
      const enterprise = await stage.run('doctor', { fetch: withFamily('ent') });
      expect(line(enterprise, 'limits')).toMatch(/^warning .* its plan allows more$/);
    });

    test('that a portal is busy is no failure', async () => {
      await furnish(stage);
      const budgets = new BudgetStore(stage.tables.portals, () => stage.now);
      await budgets.blockRequests(stage.portal.memberId, stage.now + minute);
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(0);
      expect(line(ran, 'token')).toMatch(/^warning \| token \| not tried: .* takes no request now$/);
    });

    test('rows that nobody can read, and the other portals all the same', async () => {
      await furnish(stage);
      const other = await stage.simulator.addPortal();
      await stage.run(`portals connect --member-id ${other.memberId}`, { input: [other.createWebhook(), 'token'] });
      await stage.tables.credentials.put({ memberId: stage.portal.memberId, kind: 'webhook', url: 'canary' });
      await stage.tables.portals.put({ memberId: stage.portal.memberId, sk: 'rules#00000001', source: 1 });
      const ran = await stage.run('doctor');
      expect(ran.code).toBe(1);
      expect(line(ran, 'token', 'cannot be read')).toMatch(/^failure/);
      expect(line(ran, 'rules', 'cannot be read')).toMatch(/^failure/);
      expect(line(ran, 'token', 'works')).toMatch(/^ok/);
      expect(stage.output).not.toContain('canary');
    });
  });
});

/** The portal, saying that it has that plan. */
function withFamily(family: string): typeof fetch {
  return async (input, init) => {
    const response = await answering(400)(input, init);
    const text = (await response.text()).replaceAll(/"LICENSE_FAMILY":"\w+"/g, `"LICENSE_FAMILY":"${family}"`);
    return new Response(text, { status: response.status });
  };
}
