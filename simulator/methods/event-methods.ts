import { SMART_INVOICE } from '../crm/record-types.ts';
import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { toInt, toText } from '../rest/params.ts';
import { RestError } from '../rest-error.ts';
import { type App, type Binding, nextId } from '../state.ts';

/** Binding handlers to events (events/*.md). An incoming webhook may not. */
export const eventMethods: MethodTable = {
  events: { run: (call) => ({ result: eventNames(call) }) },
  'event.bind': { appOnly: true, run: bind },
  'event.unbind': { appOnly: true, run: unbind },
  'event.get': { appOnly: true, run: list },
  'event.test': { appOnly: true, run: test },
};

const STATIC_EVENTS = ['LEAD', 'DEAL', 'CONTACT', 'COMPANY', 'QUOTE', 'DYNAMICITEM'].flatMap((kind) =>
  ['ADD', 'UPDATE', 'DELETE'].map((change) => `ONCRM${kind}${change}`),
);
const APP_EVENTS = ['ONAPPINSTALL', 'ONAPPUPDATE', 'ONAPPUNINSTALL', 'ONAPPPAYMENT', 'ONAPPTEST'];

function eventNames(call: Call): string[] {
  const types = [SMART_INVOICE, ...call.portal.state.types.map((type) => type.entityTypeId)];
  const dynamic = types.flatMap((type) =>
    ['ADD', 'UPDATE', 'DELETE'].map((change) => `ONCRMDYNAMICITEM${change}_${type}`),
  );
  const crm = call.caller.scope.includes('crm') ? [...STATIC_EVENTS, 'ONCRMDEALMOVETOCATEGORY', ...dynamic] : [];
  return [...APP_EVENTS, ...crm];
}

function bind(call: Call): MethodAnswer {
  const { params, portal, caller } = call;
  const event = toText(params.legacy('event')).toUpperCase();
  if (event === '') throw missingArgument('EVENT');
  if (!eventNames(call).includes(event)) throw new RestError(400, 'ERROR_EVENT_NOT_FOUND', 'Event not found');
  if (/^offline$/i.test(toText(params.legacy('event_type')))) return refuseOffline(call);
  const handler = requireHandler(toText(params.legacy('handler')));
  const authType = toInt(params.legacy('auth_type'));
  if (authType !== 0 && authType !== caller.user.id && !caller.user.admin) {
    const text = 'Access denied! Event binding with AUTH_TYPE requires administrator access rights';
    throw new RestError(403, 'ACCESS_DENIED', text);
  }
  const { clientId } = requireApp(call);
  const binding: Omit<Binding, 'id'> = {
    clientId,
    event,
    handler,
    // A user who is no administrator hears of their own actions only with their own token.
    authType: caller.user.admin ? authType : caller.user.id,
  };
  if (portal.state.bindings.some((known) => isSame(known, binding))) {
    throw new RestError(400, 'ERROR_CORE', 'Unable to set event handler: Handler already binded');
  }
  portal.state.bindings.push({ id: nextId(portal.state, 'handler'), ...binding });
  return { result: true };
}

function unbind(call: Call): MethodAnswer {
  const { params, portal } = call;
  const { clientId } = requireApp(call);
  const event = toText(params.legacy('event')).toUpperCase();
  const handler = toText(params.legacy('handler'));
  if (event === '') throw missingArgument('EVENT');
  if (handler === '') throw missingArgument('HANDLER');
  const authType = params.legacy('auth_type');
  const kept = portal.state.bindings.filter(
    (binding) =>
      binding.clientId !== clientId ||
      binding.event !== event ||
      binding.handler !== handler ||
      (authType !== undefined && binding.authType !== toInt(authType)),
  );
  const count = portal.state.bindings.length - kept.length;
  portal.state.bindings = kept;
  return { result: { count } };
}

function list(call: Call): MethodAnswer {
  const { clientId } = requireApp(call);
  const rows = call.portal.state.bindings
    .filter((binding) => binding.clientId === clientId)
    .map((binding) => ({ event: binding.event, handler: binding.handler, auth_type: binding.authType, offline: 0 }));
  return { result: rows };
}

function test(call: Call): MethodAnswer {
  requireApp(call);
  call.hit.add('ONAPPTEST', { QUERY: call.params.values, LANGUAGE_ID: call.portal.config.language });
  return { result: 1 };
}

function refuseOffline(call: Call): never {
  if (!call.caller.user.admin) {
    const text = 'Access denied! Offline events binding requires administrator access rights';
    throw new RestError(403, 'ACCESS_DENIED', text);
  }
  throw new RestError(403, 'WRONG_LICENSE', '');
}

function requireHandler(handler: string): string {
  if (handler === '') throw missingArgument('HANDLER');
  if (!URL.canParse(handler) || !/^https?:$/.test(new URL(handler).protocol)) {
    throw new RestError(400, 'ERROR_UNSUPPORTED_PROTOCOL', 'Unsupported event handler protocol');
  }
  return handler;
}

function requireApp(call: Call): App {
  if (!call.caller.app) throw new RestError(403, 'WRONG_AUTH_TYPE', 'Application context required');
  return call.caller.app;
}

function missingArgument(name: string): RestError {
  return new RestError(400, 'ERROR_ARGUMENT', `Argument '${name}' is null or empty`);
}

function isSame(known: Binding, wanted: Omit<Binding, 'id'>): boolean {
  return (
    known.clientId === wanted.clientId &&
    known.event === wanted.event &&
    known.handler === wanted.handler &&
    known.authType === wanted.authType
  );
}
