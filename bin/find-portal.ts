import type { Portal } from '../lib/portals/portal.ts';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';
import { commandLine, type Place } from './place.ts';

/** A member id, a domain, `pending@domain`. No URL, which may be a secret: what does not look so is not repeated. */
const looksLikeId = /^[\p{L}\p{N}._:@-]{1,300}$/u;

/** Where portals are looked for. */
type Stage = Pick<Deployment, 'portals' | 'place'>;

/**
 * The portal with that member id or domain.
 *
 * @throws CommandError when there is none, or several have the domain
 */
export async function findPortal({ portals, place }: Stage, id: string): Promise<Portal> {
  if (!looksLikeId.test(id)) throw new CommandError('That is no portal. Name it by its member id or its domain.');
  const byId = await portals.get(id);
  if (byId) return byId;
  const all = await portals.list();
  return onlyOne(
    all.filter(({ domain }) => domain === id.toLowerCase()),
    { id, place },
  );
}

/** The named portal; without a name, the only one there is. */
export async function portalOrOnly(deployment: Stage, id: string | undefined): Promise<Portal> {
  const { portals, place } = deployment;
  if (id !== undefined) return findPortal(deployment, id);
  const all = await portals.list();
  const [only] = all;
  if (all.length === 1 && only) return only;
  throw new CommandError(
    all.length === 0
      ? `No portal is connected yet. Connect one with: ${commandLine(place, 'portals connect')}`
      : `There are ${all.length} portals. Say which one with --portal and its member id or domain.`,
  );
}

function onlyOne(found: readonly Portal[], { id, place }: { id: string; place: Place }): Portal {
  const [portal] = found;
  if (found.length === 1 && portal) return portal;
  throw new CommandError(
    found.length === 0
      ? `There is no portal ${id}. See which there are with: ${commandLine(place, 'portals list')}`
      : `Several portals have the domain ${id}. Name one by its member id: ${found.map((one) => one.memberId).join(', ')}`,
  );
}
