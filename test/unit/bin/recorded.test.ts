import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, test } from '@jest/globals';
import { TableUnavailable } from '../../../lib/aws/table.ts';
import type { Deployment } from '../../../bin/deployment.ts';
import { LineReader } from '../../../bin/line-reader.ts';
import { recorded } from '../../../bin/recorded.ts';
import type { Report } from '../../../bin/report.ts';
import { Secrets } from '../../../bin/secrets.ts';

const refused = (): Promise<never> =>
  Promise.reject(
    new TableUnavailable('Put on table tidy24-prod-portals failed: AccessDeniedException', {
      cause: Object.assign(new Error('no'), { name: 'AccessDeniedException' }),
    }),
  );

function deploymentWith(audit: { begin?: () => Promise<unknown>; end?: () => Promise<unknown> }): Deployment {
  const begin = audit.begin ?? (() => Promise.resolve({}));
  const end = audit.end ?? (() => Promise.resolve());
  const place = { local: false, stage: 'prod', region: undefined, endpoint: undefined };
  return { operator: 'ada@laptop', place, audit: { begin, end } } as unknown as Deployment;
}

describe('a command that is recorded', () => {
  const secrets = new Secrets({ env: {} }, new LineReader({ stdin: new PassThrough(), stderr: { write: () => true } }));
  const command = new Command('connect');
  const done: Report = { data: {}, text: ['done'], warnings: ['mind this'] };

  async function run(deployment: Deployment, recording: { portal: 'none'; evenUnrecorded?: true }) {
    let worked = 0;
    const work = (): Promise<Report> => {
      worked += 1;
      return Promise.resolve(done);
    };
    const report = await recorded(deployment, secrets, { command, recording }, work).catch((error: Error) => error);
    return { worked, report };
  }

  test('is not begun when that cannot be written', async () => {
    const { worked, report } = await run(deploymentWith({ begin: refused }), { portal: 'none' });
    expect(worked).toBe(0);
    expect(report).toMatchObject({
      message: expect.stringMatching(
        /lacks the right to use this table\. Nothing was done: what people do is recorded/,
      ),
    });
  });

  test('is begun all the same when it stops the work, and says that it is not recorded', async () => {
    const stops = { portal: 'none', evenUnrecorded: true } as const;
    const { worked, report } = await run(deploymentWith({ begin: refused }), stops);
    expect(worked).toBe(1);
    expect(report).toMatchObject({
      text: ['done'],
      warnings: ['mind this', expect.stringContaining('not recorded in the audit log')],
    });
  });

  test('has worked when only its end cannot be written, and says so', async () => {
    const { worked, report } = await run(deploymentWith({ end: refused }), { portal: 'none' });
    expect(worked).toBe(1);
    expect(report).toMatchObject({
      warnings: ['mind this', expect.stringContaining('how this ended is not recorded')],
    });
  });

  test('that fails and cannot say so fails with its own reason', async () => {
    const failing = recorded(
      deploymentWith({ end: refused }),
      secrets,
      { command, recording: { portal: 'none' } },
      () => Promise.reject(new Error('its own')),
    );
    await expect(failing).rejects.toThrow('its own');
  });
});
