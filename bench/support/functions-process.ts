// The process of a bench in which everything behind `receive` runs: embedded SQS and DynamoDB, and the functions plan,
// worker, release and reconcile, fed as serverless.yml says. argv[2]: {"plan": {"batchSize", "maximumBatchingWindow"},
// "pollers"}.
// Says {"environment"} when it is ready; answers {"take": id} with what was counted since the last time, {"tick": id}
// with a round of the clock, and ends when its parent does.
import type { SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { createSqsClient } from '../../lib/aws/clients.ts';
import { startEmbeddedAws } from '../../local/embedded-aws.ts';
import { startEventSourceMapping } from '../../local/event-source/event-source-mapping.ts';
import { inProcess } from '../../local/lambda/in-process.ts';
import { mappingDefinitions } from '../../local/template/mappings.ts';
import { tableDefinitions } from '../../local/template/tables.ts';
import { CallWatch } from './call-counts.ts';
import type { InvocationRecord } from './invocation-record.ts';

const planSchema = z.object({ batchSize: z.int(), maximumBatchingWindow: z.int() }).partial();
const settings = z
  .object({ plan: planSchema.default({}), pollers: z.int().min(1).default(1) })
  .parse(JSON.parse(process.argv[2] ?? '{}'));
const askedSchema = z.object({ take: z.int().optional(), tick: z.int().optional() });
const tickMs = 60_000;
const releaseSeconds = 60;

const aws = await startEmbeddedAws({ publicUrl: 'http://127.0.0.1:9' });
const watch = CallWatch.start(tableDefinitions(aws.file));
const invocations: InvocationRecord[] = [];

// The simulator's log is to say which function has asked.
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('user-agent', `${headers.get('user-agent') ?? ''} ${watch.functionKey ?? ''}`);
  return fetch(input, { ...init, headers });
};
Object.assign(process.env, aws.environment, {
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_METRICS_DISABLED: 'true',
});
// A handler reads its environment, and takes fetch, when it is loaded.
const [{ handler: plan }, { handler: worker }, { handler: release }, { handler: reconcile }] = await Promise.all([
  import('../../handlers/plan.ts'),
  import('../../handlers/worker.ts'),
  import('../../handlers/release.ts'),
  import('../../handlers/reconcile.ts'),
]);
const handlers: Readonly<Record<string, typeof plan>> = { plan, worker, reconcile };

async function invoke<T>(functionKey: string, messages: number, work: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  try {
    return await watch.runAs(functionKey, work);
  } finally {
    invocations.push({ functionKey, messages, startedAt, endedAt: Date.now() });
  }
}

const { batchSize, maximumBatchingWindow } = settings.plan;
const client = createSqsClient();
for (const { functionKey, timeoutSeconds, queue, settings: deployed } of mappingDefinitions(aws.file)) {
  const handler = handlers[functionKey];
  if (handler === undefined) throw new Error(`serverless.yml feeds ${functionKey}, which the benchmarks do not know`);
  const run = inProcess((event: SQSEvent, context) => handler(event, context), {
    functionName: functionKey,
    timeoutSeconds,
  });
  const isPlan = functionKey === 'plan';
  const pollers = isPlan ? settings.pollers : 1;
  for (let poller = 0; poller < pollers; poller += 1) {
    startEventSourceMapping({
      client,
      queueUrl: `${aws.sqsUrl}/000000000000/${queue.name}`,
      queueArn: queue.arn,
      settings: {
        ...deployed,
        // Together no more than serverless.yml allows.
        maximumConcurrency: Math.max(2, Math.floor(deployed.maximumConcurrency / pollers)),
        ...(isPlan && batchSize !== undefined && { batchSize }),
        ...(isPlan && maximumBatchingWindow !== undefined && { maximumBatchingWindow }),
      },
      invoke: (event) => invoke(functionKey, event.Records.length, () => run(event)),
      longPollSeconds: 1,
    });
  }
}

async function tick(): Promise<void> {
  const run = inProcess((event: never, context) => release(event, context), {
    functionName: 'release',
    timeoutSeconds: releaseSeconds,
  });
  await invoke('release', 0, () => run({} as never));
}
setInterval(() => void tick(), tickMs);

process.on('message', (message) => {
  const { take, tick: asked } = askedSchema.parse(message);
  if (take !== undefined)
    process.send?.({ id: take, taken: { counts: watch.take(), invocations: invocations.splice(0) } });
  if (asked !== undefined) void tick().then(() => process.send?.({ id: asked }));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ environment: aws.environment });
