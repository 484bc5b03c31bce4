import type { FactGroup } from './fact.ts';
import { answerFacts } from './facts/answers.ts';
import { authServerFacts } from './facts/auth-server.ts';
import { eventFacts } from './facts/events.ts';
import { methodFacts } from './facts/methods.ts';
import { robotFacts } from './facts/robots.ts';
import { symptomFacts } from './facts/symptoms.ts';

/** Everything that is documented and that a test has to prove a reaction to. */
export const allFacts: readonly FactGroup[] = [
  answerFacts,
  symptomFacts,
  authServerFacts,
  ...methodFacts,
  eventFacts,
  robotFacts,
];
