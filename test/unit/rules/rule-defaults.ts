import { allGuards } from '../../../lib/rules/guards.ts';

/** What a rule has that says nothing of it. */
export const ruleDefaults = {
  mode: 'enforce',
  comment: false,
  snapshot: 'full',
  guards: allGuards,
} as const;
