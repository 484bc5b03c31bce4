/**
 * The codes of a pause that a new installation of the app ends, because it brings what was missing: tokens that are
 * accepted, of a user who is active, for an app that is there. Others (a plan that has ended, a person's own decision)
 * are not about the credentials.
 */
const endedByInstallation: ReadonlySet<string> = new Set([
  'credentials-revoked',
  'credentials-missing',
  'expired-token',
  'invalid-token',
  'no-auth-found',
  'invalid-credentials',
  'user-inactive',
  'application-not-found',
  'error-oauth',
  'not-installed',
]);

/** Whether a portal waits for credentials. */
export function lacksCredentials({ pause }: { pause?: { code: string } | undefined }): boolean {
  return pause !== undefined && endedByInstallation.has(pause.code);
}

/** The code of a pause for a new address that nobody has confirmed: `tidy24 portals move`. */
export const portalMoved = 'portal-moved';

/** The code of a pause because the address that a portal has moved to redirects as well. */
export const redirectAgain = 'redirect-again';

/** Whether a portal waits for its address to be confirmed or to be right. */
export function isAboutTheAddress({ code }: { code: string }): boolean {
  return [portalMoved, redirectAgain, 'redirect-elsewhere'].includes(code);
}

/** The code of a pause that a person has made: `tidy24 portals pause`. */
export const pausedByHand = 'by-hand';

/** The code of a pause that ends when the app or the subscription is paid again. */
export const paymentRequired = 'payment-required';

/**
 * Whether a paused portal is looked at each day, and goes on by itself when it answers: a portal that was said to be
 * deleted may only have been closed for a while, one that nobody could reach may be reached again.
 */
export function isLookedAtAgain({ code }: { code: string }): boolean {
  return ['portal-deleted', 'unreachable', 'page-429-503', 'server-down'].includes(code);
}
