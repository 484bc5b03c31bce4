import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { toText } from '../rest/params.ts';
import { RestError } from '../rest-error.ts';
import { renderMoment } from '../zoned-time.ts';

/** Who calls, with what rights, on which portal. `methods` and `scope` need no scope. */
export function accountMethods(names: () => readonly string[]): MethodTable {
  return {
    profile: { run: profile },
    'user.admin': { run: (call) => ({ result: call.caller.user.admin }) },
    'app.info': { run: appInfo },
    scope: { run: (call) => ({ result: call.params.legacy('full') ? ALL_SCOPES : call.caller.scope }) },
    methods: { run: () => ({ result: names() }) },
    'feature.get': { run: feature },
    'server.time': {
      run: ({ portal }) => ({ result: renderMoment(portal.now(), portal.config.zoneMinutes) }),
    },
  };
}

const ALL_SCOPES = ['basic', 'bizproc', 'crm', 'placement', 'user', 'user_basic'];

function profile({ caller, portal }: Call): MethodAnswer {
  const { user } = caller;
  return {
    result: {
      ID: String(user.id),
      ADMIN: user.admin,
      NAME: user.name,
      LAST_NAME: user.lastName,
      PERSONAL_GENDER: '',
      TIME_ZONE: '',
      TIME_ZONE_OFFSET: portal.config.zoneMinutes * 60,
    },
  };
}

/** CODE of a local app is its client id. */
function appInfo({ caller, portal }: Call): MethodAnswer {
  const { app } = caller;
  if (!app) {
    // The pages give 400 to 403; this is the source's status for an access exception.
    throw new RestError(403, 'ACCESS_DENIED', 'Access denied! Application context required');
  }
  return {
    result: {
      ID: app.id,
      CODE: app.clientId,
      VERSION: app.version,
      STATUS: 'L',
      INSTALLED: app.installed,
      PAYMENT_EXPIRED: app.paymentExpired ? 'Y' : 'N',
      DAYS: null,
      LANGUAGE_ID: portal.config.language,
      LICENSE: 'en_pro100',
      LICENSE_TYPE: 'pro100',
      LICENSE_FAMILY: portal.config.limits.burst >= 250 ? 'ent' : 'pro',
    },
  };
}

/** The offline queue is not simulated, so its features are absent. */
function feature({ params }: Call): MethodAnswer {
  const code = toText(params.legacy('code'));
  if (code === '') throw new RestError(400, 'ERROR_ARGUMENT', "Argument 'CODE' is null or empty");
  return { result: { value: /^rest_(offline_extended|auth_connector)$/i.test(code) ? 'N' : 'Y' } };
}
