import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { choreId } from '../../../lib/tasks/due-ids.ts';
import { finishUninstall } from '../../../lib/tasks/uninstall.ts';
import { dyingAt, failureOf, partsOf, TestTime } from '../portals/parts.ts';
import { CliStage } from './cli-stage.ts';

const hour = 3_600_000;

describe('portals disconnect', () => {
  let stage: CliStage;
  let domain: string;
  let memberId: string;
  beforeEach(async () => {
    stage = await CliStage.start();
    ({ domain, memberId } = stage.portal);
  });
  afterEach(() => stage.close());

  const stored = () => stage.portals.get(memberId);
  const chore = () => stage.tables.tasks.get({ taskId: choreId(memberId, 'uninstall'), sk: 'chore' });
  /** Bindings as the portal keeps them; `event.get` needs a token that the command has erased. */
  const unbound = () => stage.portal.calls('event.unbind').map(({ params }) => params['event']);
  const waitingTask = async (id: number) =>
    (
      await stage.tasks.create(
        {
          memberId,
          record: { entityTypeId: 2, id },
          rule: { id: 'spam', version: 1 },
          transition: { stageId: 'LOSE', movedTime: stage.now },
          run: 0,
        },
        { nextAt: stage.now + hour, source: 'app', history: [] },
      )
    ).taskId;
  const connectApp = async () => {
    const app = await stage.install();
    await stage.run('portals credentials', { input: [app.clientId, app.clientSecret] });
    return app;
  };
  const disconnect = () => stage.run(`portals disconnect ${domain} --confirm ${domain}`);

  test('unbinds the events of an app, erases its tokens and secret, and cancels what waits', async () => {
    const app = await connectApp();
    const file = await stage.file(
      'rules.yaml',
      'version: 1\nrules:\n  - { id: spam, when: { type: deal, stages: all-lost }, delete: [deal-contacts] }',
    );
    await stage.run(`rules push ${file} --portal ${domain}`);
    await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    const taskIds = [await waitingTask(1), await waitingTask(2)];
    await stage.tasks.wantRead(memberId, {
      record: { entityTypeId: 2, id: 3 },
      receivedAt: 1,
      source: 'app',
      nextAt: stage.now + hour,
    });
    const held = await stage.credentials.get(memberId);

    const ran = await disconnect();

    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('its credentials are erased, 2 open tasks cancelled.');
    expect(ran.stdout).toContain('6 events unbound.');
    expect(unbound()).toHaveLength(6);
    expect(await stored()).toMatchObject({ state: 'disconnected', mode: 'observe', tokenDigests: [], rulesVersion: 1 });
    expect(await stage.credentials.get(memberId)).toBeUndefined();
    expect(await stage.credentials.pending(memberId)).toBeUndefined();
    for (const taskId of taskIds) {
      expect(await stage.tasks.get(taskId)).toMatchObject({ status: 'cancelled', reason: 'portal-disconnected' });
    }
    const { items } = await stage.tables.tasks.query({
      index: 'byPortal',
      where: '#memberId = :memberId',
      values: { memberId },
    });
    expect(items.filter(({ sk }) => sk !== 'task')).toEqual([]);
    for (const secret of [app.clientSecret, held?.kind === 'oauth' ? held.refreshToken : '']) {
      expect(
        JSON.stringify(await stage.tables.credentials.scan({ where: 'attribute_exists(#memberId)' })),
      ).not.toContain(secret);
    }
  });

  test('goes on when the app cannot be reached any more, and says so', async () => {
    const app = await connectApp();
    stage.portal.uninstallApp(app);
    const ran = await disconnect();
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('could not be unbound') });
    expect(await stored()).toMatchObject({ state: 'disconnected' });
  });

  test('does the same for a portal by webhooks, which can be connected again and then observes', async () => {
    const url = stage.portal.createWebhook();
    await stage.connect({ url });
    await stage.run(`portals mode ${domain} enforce --confirm ${domain}`);
    await stage.run(`portals pause ${domain}`);
    expect((await disconnect()).stdout).toContain('Delete its incoming and its outgoing webhook on the portal.');
    expect(await stored()).toMatchObject({ state: 'disconnected', tokenDigests: [] });
    expect((await stored())?.pause).toBeUndefined();
    expect(await stage.credentials.get(memberId)).toBeUndefined();

    await stage.connect({ url });
    expect(await stored()).toMatchObject({ state: 'active', mode: 'observe' });
  });

  test('forgets a connection that never had its first event', async () => {
    await stage.run('portals connect', { input: [stage.portal.createWebhook(), 'an-application-token'] });
    expect((await disconnect()).stdout).toContain('is forgotten: it was pending.');
    expect(await stage.portals.list()).toEqual([]);
    expect(await stage.credentials.get(`pending@${domain}`)).toBeUndefined();
  });

  test('asks for the domain and changes nothing without it', async () => {
    await stage.connect();
    expect((await stage.run(`portals disconnect ${domain}`)).stderr).toContain(`--confirm ${domain}`);
    expect((await stage.run(`portals disconnect ${domain}`, { typed: ['elsewhere.example'] })).code).toBe(1);
    expect(await stored()).toMatchObject({ state: 'active' });
    expect(await stage.run(`portals disconnect ${domain}`, { typed: [domain] })).toMatchObject({ code: 0 });
    expect(await disconnect()).toMatchObject({ code: 0 });
    expect(await stored()).toMatchObject({ state: 'disconnected' });
  });

  test('is not undone by a new connection while it is not finished: what is left of it comes first', async () => {
    const url = stage.portal.createWebhook();
    await stage.connect({ url });
    await stage.tasks.appChores.wantDisconnect(memberId, stage.now);
    await stage.connect({ url });
    expect(await chore()).toBeUndefined();
    expect(await stored()).toMatchObject({ state: 'active', tokenDigests: [expect.any(String)] });
    expect(await stage.credentials.get(memberId)).toMatchObject({ kind: 'webhook' });
  });

  test('leaves an installation alone that came after it', async () => {
    await connectApp();
    const at = stage.now - 1_000;
    await stage.tasks.appChores.wantDisconnect(memberId, at);
    const parts = { ...partsOf({ ...stage.tables, snapshots: stage.tables.tasks }), clock: () => stage.now };
    expect(await finishUninstall(parts, memberId, stage.now + hour)).toBe(true);
    expect(await stored()).toMatchObject({ state: 'active' });
    expect(await stage.credentials.get(memberId)).toMatchObject({ kind: 'oauth' });
  });

  test.each(['app', 'webhook'] as const)('is finished by the next try wherever it dies (%s)', async (connection) => {
    for (let nth = 1; ; nth += 1) {
      await (connection === 'app' ? connectApp() : stage.connect());
      const taskId = await waitingTask(nth);
      stage.now += 1_000;
      await stage.tasks.appChores.wantDisconnect(memberId, stage.now);
      const time = new TestTime(stage.now);
      const { tables, died } = dyingAt({ ...stage.tables, snapshots: stage.tables.tasks }, nth, 'after');
      const finish = (over: typeof tables) => finishUninstall(partsOf(over, { time }), memberId, time.now + hour);
      await failureOf(finish(tables));
      const hasDied = died();
      expect(await finish({ ...stage.tables, snapshots: stage.tables.tasks })).toBe(true);

      expect(await stage.tasks.get(taskId)).toMatchObject({ status: 'cancelled', reason: 'portal-disconnected' });
      expect(await stored()).toMatchObject({ state: 'disconnected', tokenDigests: [] });
      expect(await stage.credentials.get(memberId)).toBeUndefined();
      expect(await chore()).toBeUndefined();
      stage.now += 100_000;
      stage.simulator.clockOffset(101_000);
      if (!hasDied) {
        expect(nth).toBeGreaterThan(4);
        return;
      }
    }
  });
});
