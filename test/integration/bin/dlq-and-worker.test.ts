import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from '../../../bin/run-cli.ts';
import { Deployment } from '../support/deployment.ts';
import { addDeal, connectWebhooks, enforce, furnish, lostStage, pushRules } from '../support/scenario.ts';

const minute = 60_000;

describe('dead letters and the functions', () => {
  let deployment: Deployment;
  beforeEach(async () => {
    deployment = await Deployment.start();
    furnish(deployment);
    await connectWebhooks(deployment);
    await pushRules(deployment);
    await enforce(deployment);
  });
  afterEach(() => deployment.close());

  async function tidy24(command: string): Promise<{ code: number; stdout: string }> {
    let stdout = '';
    const port = (name: string) => new URL(deployment.variable(name)).port;
    const code = await runCli([...command.split(' '), '--local'], {
      env: {
        TIDY24_SQS_PORT: port('AWS_ENDPOINT_URL_SQS'),
        TIDY24_DYNAMODB_PORT: port('AWS_ENDPOINT_URL_DYNAMODB'),
      },
      stdin: Readable.from([]),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stdout += text) },
      fetch: globalThis.fetch,
      clock: Date.now,
      sleep: async () => undefined,
      random: () => 0.5,
      newId: () => crypto.randomUUID(),
      user: 'ada@laptop',
    });
    return { code, stdout };
  }

  test('what the portal refused is done after it was mended and redriven', async () => {
    const { portal } = deployment;
    const refusal = { type: 'error', error: 'ACCESS_DENIED', description: 'Access denied.' } as const;
    const fault = { when: { method: 'crm.deal.contact.items.delete' }, times: Infinity, give: refusal } as const;
    const dealId = addDeal(deployment);
    portal.faults.add(fault);
    portal.moveDeal(dealId, lostStage);
    await deployment.run();
    expect(await deployment.taskOf(dealId)).toMatchObject({ status: 'failed' });

    const list = await tidy24('dlq list --code ACCESS_DENIED');
    expect(list.stdout).toContain(`deal ${dealId}`);
    // Not mended yet: it goes back, fails again, and there is one letter, and one only.
    expect((await tidy24('dlq redrive --all')).code).toBe(0);
    await deployment.tick();
    expect(await deployment.taskOf(dealId)).toMatchObject({ status: 'failed' });
    expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toHaveLength(1);

    portal.faults.clear();
    expect((await tidy24('dlq redrive --all --dry-run')).stdout).toContain('1 would go back');
    expect((await tidy24('dlq redrive --all')).stdout).toContain('1 went back');
    await deployment.tick();

    expect(await deployment.taskOf(dealId)).toMatchObject({ status: 'done' });
    expect(portal.contactsOf(dealId)).toEqual([]);
    expect(await deployment.deadLetters('DELETIONS_DLQ_URL')).toEqual([]);
  });

  test('a message that the functions cannot read is shown and dropped', async () => {
    await deployment.send('events', 'rubbish \u009b');
    await deployment.send('deletions', '{}');
    await deployment.run();
    expect((await tidy24('dlq list')).stdout).toContain('UNREADABLE_MESSAGE 2');
    expect((await tidy24('dlq redrive --all')).stdout).toContain('2 stay.');
    expect((await tidy24('dlq drop --all --yes --reason rubbish')).stdout).toBe('2 dead letters dropped.\n');
    expect((await tidy24('dlq list')).stdout).toBe('There are no dead letters.\n');
  });

  test('the doctor finds nothing wrong where everything runs', async () => {
    await deployment.pass(16 * minute);
    const { code, stdout } = await tidy24('doctor');
    expect(stdout).toContain(' 0 failures.');
    expect(code).toBe(0);
  });
});
