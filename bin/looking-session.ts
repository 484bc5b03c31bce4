import type { Portal } from '../lib/portals/portal.ts';
import { PortalSession, type SessionOptions } from '../lib/portals/session.ts';
import { PortalStopped } from '../lib/portals/waiting.ts';

/** The session of a command that only looks: it says what the work would pause the portal for, and does not pause it. */
export class LookingSession extends PortalSession {
  readonly #domain: string;

  constructor(options: SessionOptions, portal: Portal, deadline: number) {
    super(options, portal, deadline);
    this.#domain = portal.domain;
  }

  override stop(_code: string, reason: string): Promise<PortalStopped> {
    return Promise.resolve(new PortalStopped(`${this.#domain}: ${reason}`));
  }
}
