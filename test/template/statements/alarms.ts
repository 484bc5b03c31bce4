import { asList, at, resourcesOf, targetOf, type Resource, type Template } from '../template.ts';
import { functions } from './functions.ts';

function alarms(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm');
}

/** What an alarm watches, in one line: `AWS/SQS ApproximateNumberOfMessagesVisible EventsDlq > 0`. */
function watched({ properties }: Resource): string {
  const signs: Record<string, string> = { GreaterThanThreshold: '>', LessThanThreshold: '<' };
  const value = at(properties, 'Dimensions', 0, 'Value');
  return [
    properties['Namespace'],
    properties['MetricName'],
    targetOf(value) ?? value,
    signs[String(properties['ComparisonOperator'])],
    properties['Threshold'],
  ].join(' ');
}

/** Everything that has to raise an alarm, and does not. */
export function unwatched(template: Template): string[] {
  const queues = resourcesOf(template, 'AWS::SQS::Queue');
  const dlqs = queues.map(({ properties }) => targetOf(at(properties, 'RedrivePolicy', 'deadLetterTargetArn')));
  const release = functions(template).find(({ properties }) => String(properties['FunctionName']).endsWith('-release'));
  const service = at(release?.properties, 'Environment', 'Variables', 'POWERTOOLS_SERVICE_NAME');
  const wanted = [
    ...dlqs.filter((id) => id !== undefined).map((id) => `AWS/SQS ApproximateNumberOfMessagesVisible ${id} > 0`),
    ...functions(template).flatMap(({ id }) => [`AWS/Lambda Errors ${id} > 0`, `AWS/Lambda Throttles ${id} > 0`]),
    `tidy24 OverdueTasks ${String(service)} > 0`,
    `tidy24 PausedPortals ${String(service)} > 0`,
    `AWS/Lambda Invocations ${release?.id} < 1`,
  ];
  const present = new Set(alarms(template).map(watched));
  return wanted.filter((one) => !present.has(one));
}

/** Where alarms go: one topic, if all is well. */
export function alarmTargets(template: Template): string[] {
  const targets = alarms(template).flatMap(({ properties }) => asList(properties['AlarmActions']).map(targetOf));
  return [...new Set(targets.map(String))];
}

/** Alarms that stay quiet when the clock stands still, because no data then come at all. */
export function deafAlarms(template: Template): string[] {
  return alarms(template)
    .filter(
      ({ properties }) => properties['MetricName'] === 'Invocations' && properties['TreatMissingData'] !== 'breaching',
    )
    .map(({ id }) => id);
}
