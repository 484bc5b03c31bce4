import type { Sleep } from '../../lib/bitrix24/clock.ts';
import { html, json, type Reply, truncated, withoutTime } from '../rest/reply.ts';
import type { Fault, FaultContext } from './fault.ts';

/** Answers a request with a fault. `work` does what was asked and gives the answer that would have been right. */
export async function playFault(
  fault: Fault,
  context: FaultContext,
  sleep: Sleep,
  work: () => Promise<Reply>,
): Promise<Reply> {
  switch (fault.type) {
    case 'error':
      if (fault.work === 'after') await work();
      return json(fault.status ?? 400, { error: fault.error, error_description: fault.description ?? '' });
    case 'html':
      if (fault.work === 'after') await work();
      return html(fault.status, fault.body);
    case 'truncated':
      return truncated(await work());
    case 'no-time':
      return withoutTime(await work());
    case 'reset':
    case 'no-answer':
      if (fault.work === 'after') await work();
      return { kind: fault.type };
    case 'slow':
      await sleep(fault.ms);
      return fault.then ? playFault(fault.then, context, sleep, work) : work();
    case 'redirect':
      return { kind: 'redirect', status: fault.status ?? 302, location: fault.location };
    case 'hook':
      break;
  }
  const done = fault.work === 'after' ? await work() : undefined;
  const next = await fault.run(context);
  const rest = done ? (): Promise<Reply> => Promise.resolve(done) : work;
  return next ? playFault(next, context, sleep, rest) : rest();
}
