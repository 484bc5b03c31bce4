import type { Sent } from './carry-out.ts';
import { deletionKey } from './deletion.ts';
import { isPortalTrouble, type Run } from './run.ts';
import { readTargets, targetCommands, type Targets } from './targets.ts';

/** Reads back what nobody knows the outcome of: what is gone is done, what is still there is tried again or refused. */
export async function verify({ session }: Run, unclear: readonly Sent[]): Promise<void> {
  const deletions = unclear.map(({ deletion }) => deletion);
  let targets: Targets = new Map();
  try {
    const answers = await session.batch(targetCommands(deletions, 'presence'), { write: false });
    targets = readTargets(deletions, answers);
  } catch (error) {
    // The next attempt reads before it deletes, so it finds out; only what is no trouble of the portal is passed on.
    if (!isPortalTrouble(error)) throw error;
  }
  for (const sent of unclear) {
    const target = targets.get(deletionKey(sent.deletion));
    // An answer that means "gone or refused" was given about a record that somebody else had deleted before.
    const isAmbiguous = sent.trouble?.row?.reaction === 'verify';
    const unlinked = target?.kind === 'links' && target.links.length === 0;
    if (target?.kind === 'gone') {
      const wasRecord = sent.deletion.contactIds === undefined;
      const result = wasRecord && !isAmbiguous ? 'deleted' : 'already-gone';
      Object.assign(sent, { outcome: { result, proof: 'read' }, trouble: undefined });
    } else if (unlinked) {
      Object.assign(sent, { outcome: { result: 'deleted', proof: 'read' }, trouble: undefined });
    } else if (isAmbiguous && (target?.kind === 'links' || target?.kind === 'record')) {
      sent.refused = true;
    }
  }
}
