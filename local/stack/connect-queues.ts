import type { EmbeddedAws } from '../embedded-aws.ts';
import { startEventSourceMapping, type BatchOutcome } from '../event-source/event-source-mapping.ts';
import type { RunningFunctions } from '../functions/serverless-offline.ts';
import { localQueueUrl } from '../resources/create-queues.ts';
import { localSqsClient } from '../servers/local-clients.ts';
import { mappingDefinitions, type MappingDefinition } from '../template/mappings.ts';

/** Every queue of serverless.yml that feeds a function, feeding it. */
export interface ConnectedQueues {
  settled(): Promise<void>;
  close(graceMs: number): Promise<void>;
}

/** Starts one event source mapping for each `sqs` event in serverless.yml. */
export function connectQueues(options: {
  aws: Pick<EmbeddedAws, 'file' | 'sqsUrl'>;
  functions: Pick<RunningFunctions, 'invoke'>;
  output: (line: string) => void;
  longPollSeconds: number | undefined;
}): ConnectedQueues {
  const { aws, functions, output, longPollSeconds } = options;
  const client = localSqsClient(aws.sqsUrl, aws.file.region);
  let batches = 0;

  const mappings = mappingDefinitions(aws.file).map((definition) =>
    startEventSourceMapping({
      client,
      queueUrl: localQueueUrl(aws.sqsUrl, definition.queue.name),
      queueArn: definition.queue.arn,
      settings: definition.settings,
      invoke: (event) => functions.invoke(definition.functionKey, event),
      onOutcome: (outcome) => {
        batches += 1;
        report(definition, outcome, output);
      },
      ...(longPollSeconds === undefined ? {} : { longPollSeconds }),
    }),
  );

  return {
    settled: async () => {
      // One function's work is the next one's message, so a whole round has to go by without any.
      for (let before = -1; before !== batches;) {
        before = batches;
        for (const mapping of mappings) await mapping.idle();
      }
    },
    close: async (graceMs) => {
      await Promise.all(mappings.map((mapping) => mapping.close(graceMs)));
      client.destroy();
    },
  };
}

function report(
  { functionKey, queue }: MappingDefinition,
  outcome: BatchOutcome,
  output: (line: string) => void,
): void {
  if (outcome.failed === 0 && outcome.error === undefined) return;
  const reason = outcome.error instanceof Error ? `: ${outcome.error.message}` : '';
  output(`${functionKey}: ${outcome.failed} of ${outcome.messages} messages stay on ${queue.name}${reason}`);
}
