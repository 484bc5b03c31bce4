import type { StatusProfile } from '../options.ts';
import { planEnded as planEndedError, RestError, systemError, type SystemErrorCode } from '../rest-error.ts';
import type { Fault } from './fault.ts';

/** An error of the system table with the status that the chosen source gives it. */
export function systemFault(code: SystemErrorCode, profile: StatusProfile = 'docs'): Fault {
  return asFault(systemError(code, profile));
}

/** The vendor's manual block: waiting does not end it. */
export function overloadLimit(profile: StatusProfile = 'docs'): Fault {
  return systemFault('OVERLOAD_LIMIT', profile);
}

/** The portal is gone: four sources, three statuses. */
export function portalDeleted(status: 403 | 410 | 500): Fault {
  return { type: 'error', status, error: 'PORTAL_DELETED', description: 'Portal was deleted' };
}

/** The plan does not include REST any more. */
export function planEnded(profile: StatusProfile = 'docs'): Fault {
  return asFault(planEndedError(profile));
}

/** For the token endpoint: an unknown client id, told in an answer of status 200. */
export function wrongClient(): Fault {
  return { type: 'error', status: 200, error: 'wrong_client', description: 'Wrong client' };
}

/** For the token endpoint: the app's trial or subscription is over. No source gives the status. */
export function paymentRequired(): Fault {
  return { type: 'error', status: 401, error: 'PAYMENT_REQUIRED', description: 'Payment required' };
}

/** How some builds say that a user may not delete the item; for crm.item.delete. */
export function deletionDenied(): Fault {
  return { type: 'error', status: 400, error: 'CRM_ITEM_DELETE_ACCESS_DENIED', description: 'Access denied' };
}

/** A crash after the work was done, or before. */
export function serverError(work: 'before' | 'after'): Fault {
  const { status, code, message } = systemError('INTERNAL_SERVER_ERROR', 'docs');
  return { type: 'error', status, error: code, description: message, work };
}

/** The portal has another name now; a client must not turn its POST into a GET. */
export function renamed(host: string, path: string): Fault {
  return { type: 'redirect', location: `https://${host}${path}` };
}

/** A self-hosted portal whose licence is over redirects to itself for ever. */
export function licenceExpired(domain: string): Fault {
  return { type: 'redirect', location: `http://${domain}/bitrix/coupon_activation.php` };
}

function asFault(error: RestError): Fault {
  return { type: 'error', status: error.status, error: error.code, description: error.message };
}
