import { asList, at, resourcesOf, targetOf, type Template } from '../template.ts';
import { functions } from './functions.ts';

/** One thing that a role may do: `action` on the resource with logical id `resource` (or as it is written). */
export interface Permission {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

/** All that the stack's roles are allowed, from their own policies and from those attached to them. */
export function permissions(template: Template): Permission[] {
  const own = resourcesOf(template, 'AWS::IAM::Role').flatMap(({ id, properties }) =>
    asList(properties['Policies'] ?? []).flatMap((policy) => allowed([id], at(policy, 'PolicyDocument'))),
  );
  const attached = resourcesOf(template, 'AWS::IAM::Policy').flatMap(({ properties }) =>
    allowed(
      asList(properties['Roles']).map((role) => targetOf(role) ?? ''),
      properties['PolicyDocument'],
    ),
  );
  return [...own, ...attached];
}

function allowed(roles: readonly string[], document: unknown): Permission[] {
  return roles.flatMap((role) =>
    asList(at(document, 'Statement'))
      .filter((statement) => at(statement, 'Effect') === 'Allow')
      .flatMap((statement) =>
        asList(at(statement, 'Action')).flatMap((action) =>
          asList(at(statement, 'Resource')).map((resource) => ({
            role,
            action: String(action),
            resource: targetOf(resource) ?? String(resource),
          })),
        ),
      ),
  );
}

/** Permissions with a wildcard in what may be done or on what, and roles with policies that are not written here. */
export function wildcards(template: Template): string[] {
  const roles = resourcesOf(template, 'AWS::IAM::Role');
  const managed = roles.filter(({ properties }) => properties['ManagedPolicyArns'] !== undefined).map(({ id }) => id);
  const texts = [...roles, ...resourcesOf(template, 'AWS::IAM::Policy')].filter(({ properties }) =>
    JSON.stringify([properties['Policies'], properties['PolicyDocument']]).includes('*'),
  );
  return [...managed, ...texts.map(({ id }) => id)];
}

/** The functions, by logical id, whose role may do anything with that resource. */
export function whoMayTouch(template: Template, resource: string): string[] {
  const roles = new Set(permissions(template).flatMap((one) => (one.resource === resource ? [one.role] : [])));
  return functions(template)
    .filter(({ properties }) => roles.has(targetOf(properties['Role']) ?? ''))
    .map(({ id }) => id)
    .toSorted();
}

/**
 * Functions that may send to the queue that triggers them, and do not say that they mean it: AWS stops such a loop after
 * 16 rounds, and drops the message.
 */
export function loops(template: Template): string[] {
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => {
      const deployed = template.Resources[targetOf(properties['FunctionName']) ?? ''];
      if (at(deployed, 'Properties', 'RecursiveLoop') === 'Allow') return false;
      const role = targetOf(at(deployed, 'Properties', 'Role'));
      const queue = targetOf(properties['EventSourceArn']);
      return permissions(template).some(
        (one) => one.role === role && one.resource === queue && one.action === 'sqs:SendMessage',
      );
    })
    .map(({ id }) => id);
}
