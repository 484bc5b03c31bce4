import type { FactGroup } from '../fact.ts';

type Place = 'deleting' | 'deletion' | 'looking' | 'planning' | 'single';

const places: Readonly<Record<Place, string>> = {
  deleting: 'said to the batch that deletes',
  deletion: 'said to one deletion, inside `result_error`',
  looking: 'said to the batch that looks again before deleting',
  planning: 'said to the batch that reads what events tell of',
  single: 'said to a single call',
};
const everywhere = ['deleting', 'deletion', 'looking', 'planning', 'single'] as const;
const wholeOnly = ['deleting', 'looking', 'planning', 'single'] as const;
const batchOnly = ['deleting', 'deletion', 'looking', 'planning'] as const;
const commandOnly = ['deletion'] as const;

/** Which answer, what the documentation says it means, and where it can be said. */
const answers: readonly (readonly [answer: string, says: string, at: readonly Place[]])[] = [
  ['expired-token', '`expired_token`: the access token is an hour old', everywhere],
  ['invalid-token', '`invalid_token`: the access token is malformed or revoked', everywhere],
  ['no-auth-found', '`NO_AUTH_FOUND`: no or unknown authorization data', everywhere],
  ['invalid-credentials', '`INVALID_CREDENTIALS`: the webhook is wrong, has expired, or its owner may not', everywhere],
  ['user-inactive', '`authorization_error`: the user of the token was dismissed', everywhere],
  ['application-not-found', '`APPLICATION_NOT_FOUND`: the app was removed from the portal', everywhere],
  ['error-oauth', '`ERROR_OAUTH`: the app is not installed', everywhere],
  ['not-installed', '`NOT_INSTALLED`: the app is not installed', everywhere],
  ['payment-required', '`PAYMENT_REQUIRED`: the app or the subscription has ended', everywhere],
  ['insufficient-scope', '`insufficient_scope`: the scope crm is missing; in a batch without a text', everywhere],
  ['user-access-error', '`user_access_error`: the app is restricted to other users', everywhere],
  ['plan-without-rest', '`ACCESS_DENIED`: REST on commercial plans or by subscription only', everywhere],
  ['access-denied', '`ACCESS_DENIED`, in any language: no right to this record', everywhere],
  ['application-context-required', '`ACCESS_DENIED`: an app is required, this was a webhook', everywhere],
  ['extended-plan-required', '`ACCESS_DENIED`: available on extended plans only', everywhere],
  ['user-not-authorized-here', '`ACCESS_DENIED`: the user cannot be authorized in this context', everywhere],
  ['wrong-auth-type', '`WRONG_AUTH_TYPE`: the method wants another kind of authorization', everywhere],
  ['wrong-license', '`WRONG_LICENSE`: a feature is not in the plan', everywhere],
  ['method-confirm-waiting', '`METHOD_CONFIRM_WAITING`: an administrator has to approve the method', everywhere],
  ['method-confirm-denied', '`METHOD_CONFIRM_DENIED`: an administrator has refused the method', everywhere],
  ['intranet-users-only', '`allowed_only_intranet_user`: the user is no employee', everywhere],
  ['query-limit-exceeded', '`QUERY_LIMIT_EXCEEDED` (503): too many requests', everywhere],
  ['operation-time-limit', '`OPERATION_TIME_LIMIT` (429): the method has used up its operating time', everywhere],
  ['overload-limit', '`OVERLOAD_LIMIT` (503, 401): blocked by hand, waiting does not end it', everywhere],
  ['connection-error', '`CONNECTION_ERROR`: the portal cannot reach the authorization server; no refresh', everywhere],
  ['internal-server-error', '`INTERNAL_SERVER_ERROR` (500)', everywhere],
  ['unexpected-answer', '`ERROR_UNEXPECTED_ANSWER` (500)', everywhere],
  ['error-core-500', '`ERROR_CORE` with 500: the server failed', wholeOnly],
  ['error-core-sql', '`ERROR_CORE` "SQL query error!": the database failed', everywhere],
  ['error-core-refused', '`ERROR_CORE` with 400: a refusal of the business logic', everywhere],
  ['portal-deleted', '`PORTAL_DELETED` (403, 410, 500): gone, or closed for a while', everywhere],
  ['empty-not-found', 'an empty code, "Not found": the deal does not exist', commandOnly],
  ['empty-access-denied', 'an empty code, "Access denied.": no right', everywhere],
  ['empty-owner-id', 'an empty code, "The parameter ownerEntityID is invalid or not defined."', commandOnly],
  ['empty-id', 'an empty code, "ID is not defined or invalid."', commandOnly],
  ['empty-items', 'an empty code, "The parameter items must be array."', commandOnly],
  ['empty-other', 'an empty code and any other text', everywhere],
  ['100', '`100`: a parameter is missing or of the wrong type', everywhere],
  ['error-argument', '`ERROR_ARGUMENT`: names the argument', everywhere],
  ['invalid-arg-value', '`INVALID_ARG_VALUE`: an invalid filter', everywhere],
  ['method-not-found', '`ERROR_METHOD_NOT_FOUND` (404, 400): unknown, or its scope or module is absent', everywhere],
  ['https-required', '`INVALID_REQUEST`: plain http', everywhere],
  ['batch-too-long', '`ERROR_BATCH_LENGTH_EXCEEDED`: more than 50 commands', batchOnly],
  ['batch-method-not-allowed', '`ERROR_BATCH_METHOD_NOT_ALLOWED`: not in a batch', batchOnly],
  ['manifest-not-available', '`ERROR_MANIFEST_IS_NOT_AVAILABLE`: import and export only', everywhere],
  ['terminated-by-event', "`TERMINATED_BY_EVENT_COMPATIBLE`: a handler's veto", commandOnly],
  ['item-delete-denied', '`CRM_ITEM_DELETE_ACCESS_DENIED`: no right to delete', commandOnly],
  ['wrong-encoding', '`WRONG_ENCODING`: a result that is no UTF-8', everywhere],
  ['wrong-transport', '`INTERNAL_WRONG_TRANSPORT`: an unknown format of answer', everywhere],
  ['undocumented', 'a code that no documentation names', everywhere],
];

export const answerFacts: FactGroup = {
  title: 'Error answers',
  facts: [
    ...answers.flatMap(([answer, says, at]) =>
      at.map((place) => ({ id: `answer/${answer}/${place}`, says: `${says}; ${places[place]}` })),
    ),
    { id: 'answer/expired-token/again', says: '`expired_token` a second time in a row: a person must act' },
    { id: 'answer/invalid-token/again', says: '`invalid_token` a second time in a row: a person must act' },
    { id: 'answer/no-auth-found/again', says: '`NO_AUTH_FOUND` a second time in a row: a person must act' },
    { id: 'answer/no-auth-found/webhook', says: '`NO_AUTH_FOUND` to a webhook: nothing to refresh, a person must act' },
    {
      id: 'answer/invalid-credentials/webhook',
      says: '`INVALID_CREDENTIALS`: a revoked webhook, until a new one comes',
    },
    { id: 'answer/access-denied/every-record', says: '`ACCESS_DENIED` for every record: the right itself is missing' },
    { id: 'answer/empty-access-denied/every-record', says: 'an empty code, "Access denied." for every record' },
    { id: 'answer/internal-server-error/after-the-work', says: '`INTERNAL_SERVER_ERROR` although the work was done' },
    {
      id: 'answer/internal-server-error/always',
      says: '`INTERNAL_SERVER_ERROR` again and again: given up after a few tries',
    },
    { id: 'answer/undocumented/always', says: 'an undocumented code again and again: given up after a few tries' },
    {
      id: 'answer/not-found/deletion',
      says: '`NOT_FOUND` to `crm.item.delete`: already gone',
    },
    {
      id: 'answer/error-core-contact-gone/deletion',
      says: '`ERROR_CORE` to `crm.contact.delete` of a contact that is gone: done, as reading it shows',
    },
    {
      id: 'answer/error-core-contact-vetoed/deletion',
      says: '`ERROR_CORE` to `crm.contact.delete` of a contact that is still there: refused',
    },
    {
      id: 'answer/portal-deleted/next-day',
      says: '`PORTAL_DELETED`: looked at again each day by itself',
    },
  ],
};
