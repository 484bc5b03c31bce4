import type { Finding } from './finding.ts';
import type { RuleFile } from './file-schema.ts';
import { parseWait } from './wait.ts';

/** A rule of the file that is right by itself, and where it stands in it. */
export interface PlacedRule {
  readonly rule: RuleFile;
  readonly path: string;
}

/** What a comment in the timeline changes of its record, or may change. */
const changedByComments = new Set(['lastactivitytime', 'lastactivityby', 'updatedtime', 'updatedby']);

/**
 * What `comment: true` cannot go together with. A comment is an activity of its record: it would begin a wait from the
 * last activity anew, and a condition on the last activity would no longer hold, for its own rule and for others.
 */
export function badComments(placed: readonly PlacedRule[]): Finding[] {
  return placed
    .filter(({ rule }) => rule.comment)
    .flatMap(({ rule, path }) => {
      const at = `${path}.comment`;
      const own = activityIn(rule);
      if (own !== undefined) {
        const message = `a comment counts as activity, and the rule has ${own}`;
        return [{ path: at, message, hint: 'leave comment out, or let the wait begin at the loss' }];
      }
      if (
        parseWait(waitIn(rule).for) === 0 &&
        rule.delete.includes(typeof rule.when.type === 'number' ? 'item' : rule.when.type)
      ) {
        const message = 'nobody could read it: the lost record goes at once, and its timeline with it';
        return [{ path: at, message, hint: 'leave comment out, or give the rule a wait' }];
      }
      const other = placed.find((one) => one.rule.when.type === rule.when.type && isTouched(one.rule));
      if (other === undefined || !rule.enabled) return [];
      const message = `a comment counts as activity, and rule ${other.rule.id} has ${activityIn(other.rule) ?? ''}`;
      return [{ path: at, message, hint: 'leave comment out' }];
    });
}

function isTouched(rule: RuleFile): boolean {
  return rule.enabled && activityIn(rule) !== undefined;
}

/** What of the rule depends on when something was last done with the record, in its own words. */
function activityIn(rule: RuleFile): string | undefined {
  const { where = {} } = rule;
  if (waitIn(rule).from === 'last-activity') return 'from: last-activity';
  const field = Object.keys(where).find((name) => changedByComments.has(name.toLowerCase()));
  return field === undefined ? undefined : `a condition on ${field}`;
}

function waitIn({ wait }: RuleFile): { for: string; from?: string } {
  return typeof wait === 'object' ? wait : { for: wait };
}
