import type { Sent } from './carry-out.ts';
import { deletionKey } from './deletion.ts';
import { isPortalTrouble, type Run } from './run.ts';
import { readTargets, type Target, targetCommands } from './targets.ts';

/** To read one back takes two commands at most, and a batch holds 50. */
const atOnce = 25;

/** Reads back what nobody knows the outcome of: what is gone is done, what is still there is tried again or refused. */
export async function verify({ session }: Run, unclear: readonly Sent[]): Promise<void> {
  const targets = new Map<string, Target>();
  for (let start = 0; start < unclear.length; start += atOnce) {
    const deletions = unclear.slice(start, start + atOnce).map(({ deletion }) => deletion);
    try {
      // Stryker disable next-line StringLiteral: of whatever is not wanted whole, the ids are read
      const answers = await session.batch(targetCommands(deletions, 'presence'), { write: false });
      for (const [key, target] of readTargets(deletions, answers)) targets.set(key, target);
    } catch (error) {
      // The next attempt reads before it deletes, so it finds out; only what is no trouble of the portal is passed on.
      if (!isPortalTrouble(error)) throw error;
    }
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
