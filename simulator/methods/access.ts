import { mayAccess } from '../crm/record-store.ts';
import { isKnownType } from '../crm/record-types.ts';
import type { Call } from '../rest/method.ts';
import { RestError, systemError, unnamedError } from '../rest-error.ts';
import type { CrmRecord } from '../state.ts';
import { localized } from '../texts.ts';

/** The old methods refuse a user without any CRM access with an empty code. */
export function requireCrm(call: Call, text = 'Access denied.'): void {
  if (!hasCrm(call)) throw unnamedError(text);
}

export function hasCrm(call: Call): boolean {
  return call.caller.user.admin || call.caller.user.rights !== 'none';
}

/** Throws what crm.item.* answers for a type it does not know; extranet users are refused before. */
export function requireType(call: Call, entityTypeId: number): void {
  const { portal, caller } = call;
  if (caller.user.extranet) throw systemError('allowed_only_intranet_user', portal.config.statusProfile);
  if (isKnownType(portal.state, entityTypeId)) return;
  throw new RestError(400, 'NOT_FOUND', localized('typeNotFound', portal.config.language));
}

/** The record, or NOT_FOUND, or ACCESS_DENIED in the portal's language. */
export function requireItem(call: Call, entityTypeId: number, id: number): CrmRecord {
  const { portal, caller } = call;
  if (!hasCrm(call)) throw itemAccessDenied(call);
  const record = portal.crm.records.get(entityTypeId, id);
  if (!record) throw new RestError(400, 'NOT_FOUND', localized('itemNotFound', portal.config.language));
  if (!mayAccess(caller.user, record)) throw itemAccessDenied(call);
  return record;
}

export function itemAccessDenied(call: Call): RestError {
  return new RestError(400, 'ACCESS_DENIED', localized('accessDenied', call.portal.config.language));
}

/** Throws when a handler on the portal forbids the deletion. */
export function requireNoVeto(call: Call, record: CrmRecord, code: string): void {
  const text = call.portal.state.vetoes[`${record.entityTypeId}:${record.id}`];
  if (text !== undefined) throw new RestError(400, code, text);
}
