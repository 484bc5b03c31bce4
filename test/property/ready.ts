/** What tidy24 can do so far. A draw that needs more is left out until its code is there. */
export const ready = {
  /** An event about an item of a smart process leads to a task: what its stage means is known when it is planned. */
  lostItems: true,
  /** A stage that becomes a lost one makes no tasks for records that did not move into it. */
  stagesThatBecomeLost: true,
  /** That the token has expired is understood of an answer that is cut off: see regressions.test.ts. */
  refusalCutOff: false,
  /** A stage that became a lost one before tidy24 first read what it means: see regressions.test.ts. */
  stagesOfTheFirstLook: false,
  /** Types of which reconciliation finds what no event told of. */
  reconciles: (_type: number): boolean => true,
};
