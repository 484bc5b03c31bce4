import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

type Fields = Record<string, string | number | boolean | undefined>;

/** What the library needs of a logger. Fields are ids, codes, counts and texts of ours: never a token or a body. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** Counts something in the CloudWatch namespace `tidy24`. */
export type Count = (metric: MetricName, value?: number) => void;

export type MetricName =
  | 'EventsAccepted'
  | 'EventsUnverified'
  | 'EventsDropped'
  | 'TasksPlanned'
  | 'TasksEnded'
  | 'TasksFailed'
  | 'RecordsUnread'
  | 'RecordsReconciled'
  | 'OverdueTasks'
  | 'PausedPortals'
  | 'PortalsPausedNow'
  | 'LimitsTightened';

export interface Telemetry {
  log: Log;
  count: Count;
  /** Writes out the metrics counted so far. Called at the end of each invocation. */
  flush: () => void;
}

export function createTelemetry(functionName: string): Telemetry {
  // The service's name comes from the environment: the alarms of serverless.yml look for the same one.
  const logger = new Logger({ persistentKeys: { function: functionName } });
  const metrics = new Metrics({ namespace: 'tidy24' });
  let counted = false;
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: Fields) => {
    if (fields === undefined) logger[level](message);
    else logger[level](message, fields);
  };
  return {
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    count: (metric, value = 1) => {
      metrics.addMetric(metric, MetricUnit.Count, value);
      counted = true;
    },
    flush: () => {
      if (counted) metrics.publishStoredMetrics();
      counted = false;
    },
  };
}
