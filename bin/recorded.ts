import type { Command } from 'commander';
import * as z from 'zod';
import { redact } from '../lib/bitrix24/redact.ts';
import { type AuditEntry, deploymentAudit } from '../lib/portals/audit-log.ts';
import type { Portal } from '../lib/portals/portal.ts';
import { nameOf, type Recording } from './changing-commands.ts';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { explainError } from './explain-error.ts';
import { findPortal, portalOrOnly } from './find-portal.ts';
import { recordedArguments } from './recorded-arguments.ts';
import type { Report } from './report.ts';
import type { Secrets } from './secrets.ts';

/**
 * Does a command's work with an entry in the audit log: written before, so that a command that is killed leaves a trace,
 * and completed after it.
 *
 * @throws CommandError when the entry cannot be written; then nothing was done
 */
export async function recorded(
  deployment: Deployment,
  secrets: Secrets,
  { command, recording }: { command: Command; recording: Recording },
  work: () => Promise<Report>,
): Promise<Report> {
  const portal = await portalOf(deployment, command, recording).catch(() => undefined);
  const what = {
    memberId: portal?.memberId ?? deploymentAudit,
    by: deployment.operator,
    command: nameOf(command),
    args: recordedArguments(command, portal?.domain),
  };
  let entry: AuditEntry | undefined;
  const warnings: string[] = [];
  try {
    entry = await deployment.audit.begin(what);
  } catch (error) {
    const why = explainError(error, deployment.place);
    if (recording.evenUnrecorded !== true) {
      throw new CommandError(`${why} Nothing was done: what people do is recorded first.`, {
        cause: error,
      });
    }
    warnings.push(`this is not recorded in the audit log: ${why}`);
  }

  const ended = async (end: {
    result: 'done' | 'failed';
    text?: string;
    portal?: string | undefined;
  }): Promise<void> => {
    if (!entry) return;
    const text = end.text === undefined ? undefined : redact(secrets.scrub(end.text));
    await deployment.audit.end(entry, { ...end, text }).catch((error: unknown) => {
      warnings.push(`how this ended is not recorded in the audit log: ${explainError(error, deployment.place)}`);
    });
  };
  let report: Report;
  try {
    report = await work();
  } catch (error) {
    await ended({ result: 'failed', text: explainError(error, deployment.place) });
    throw error;
  }
  const { problem, data } = report;
  const about = portal ? undefined : portalIn(data);
  await ended(
    problem === undefined ? { result: 'done', portal: about } : { result: 'failed', text: problem, portal: about },
  );
  return warnings.length === 0 ? report : { ...report, warnings: [...(report.warnings ?? []), ...warnings] };
}

/** The portal that a command is about, so far as that is known before it has begun. */
async function portalOf(
  deployment: Deployment,
  command: Command,
  { portal: where }: Recording,
): Promise<Portal | undefined> {
  const { portals, tasks } = deployment;
  const first = z
    .union([z.string(), z.array(z.string()).transform(([id]) => id)])
    .safeParse(command.processedArgs[0]).data;
  const option = z.string().safeParse(command.getOptionValue('portal')).data;
  switch (where) {
    case 'argument':
      return first === undefined ? portalOrOnly(deployment, undefined) : findPortal(deployment, first);
    case 'option':
      return option === undefined ? undefined : findPortal(deployment, option);
    case 'tasks': {
      const task = first?.length === 64 ? await tasks.get(first.toLowerCase()) : undefined;
      return task ? portals.get(task.memberId) : portalOrOnly(deployment, option);
    }
    case 'none':
      break;
  }
  return undefined;
}

const dataSchema = z.union([
  z.object({ memberId: z.string() }),
  z.object({ portal: z.object({ memberId: z.string() }) }).transform(({ portal }) => portal),
]);

/** The portal that a report is about, where it says so. */
function portalIn(data: unknown): string | undefined {
  return dataSchema.safeParse(data).data?.memberId;
}
