import { at, resourcesOf, targetOf, type Resource, type Template } from '../template.ts';

export function functions(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::Lambda::Function');
}

/** Functions on another runtime or architecture than the one that everything was tested with. */
export function functionsOnAnotherPlatform(template: Template): string[] {
  return functions(template)
    .filter(
      ({ properties }) =>
        properties['Runtime'] !== 'nodejs24.x' || JSON.stringify(properties['Architectures']) !== '["arm64"]',
    )
    .map(({ id }) => id);
}

/** Roles that more than one function has, and functions that have none of this stack. */
export function sharedRoles(template: Template): string[] {
  const roles = functions(template).map(({ properties }) => targetOf(properties['Role']));
  const ids = new Set(resourcesOf(template, 'AWS::IAM::Role').map(({ id }) => id));
  return roles
    .filter((role, index) => role === undefined || !ids.has(role) || roles.indexOf(role) !== index)
    .map(String);
}

/** Log groups that keep everything for ever, and functions that log to a group nobody made. */
export function endlessLogs(template: Template): string[] {
  const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
  const endless = groups.filter(({ properties }) => typeof properties['RetentionInDays'] !== 'number');
  const names = groups.map(({ properties }) => properties['LogGroupName']);
  const homeless = functions(template).filter(
    ({ properties }) => !names.includes(`/aws/lambda/${String(properties['FunctionName'])}`),
  );
  return [...endless, ...homeless].map(({ id }) => id);
}

/** Routes by their key, `POST /…`. */
export function routes(template: Template): string[] {
  return resourcesOf(template, 'AWS::ApiGatewayV2::Route').map(({ properties }) => String(properties['RouteKey']));
}

/** Stages that would answer 429 in a storm of events (under 1000 a second), or that log more than the route's name. */
export function unfitStages(template: Template): string[] {
  return resourcesOf(template, 'AWS::ApiGatewayV2::Stage')
    .filter(({ properties }) => {
      const settings = properties['DefaultRouteSettings'];
      const roomy =
        Number(at(settings, 'ThrottlingRateLimit')) >= 1_000 && Number(at(settings, 'ThrottlingBurstLimit')) >= 2_000;
      const format = String(at(properties, 'AccessLogSettings', 'Format'));
      const discreet = format.includes('$context.') && !/path|query|body|header/i.test(format);
      return !roomy || !discreet;
    })
    .map(({ id }) => id);
}

/** The variables of a function by the name it has in serverless.yml. */
export function variablesOf(template: Template, functionKey: string): Record<string, unknown> {
  const found = functions(template).find(({ properties }) =>
    String(properties['FunctionName']).endsWith(`-${functionKey}`),
  );
  return Object.fromEntries(Object.entries(at(found?.properties, 'Environment', 'Variables') ?? {}));
}
